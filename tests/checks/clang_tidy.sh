#!/usr/bin/env bash
# clang-tidy has nothing to say about the code that reads what the network sends.
source "$(dirname "$0")/lib.sh"

command -v clang-tidy >/dev/null || skip "clang-tidy is not installed"
cd "$project_dir"
clang-tidy -p build/native --quiet src/wire/*.c
