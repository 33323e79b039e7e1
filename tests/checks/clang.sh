#!/usr/bin/env bash
# A second compiler, clang, takes the sources for Windows without a warning.
source "$(dirname "$0")/lib.sh"

command -v clang >/dev/null || skip "clang is not installed"
find "$project_dir/src" "$project_dir/samples" -name '*.c' -print0 |
    xargs -0 -n 1 -P "$(nproc)" clang "--target=$triple" -fsyntax-only "${warnings[@]}" "${include[@]}"
