#!/usr/bin/env bash
# All C code has the format that .clang-format says.
source "$(dirname "$0")/lib.sh"

# Others have another mind about some macros.
[[ $(clang-format --version 2>/dev/null) == *" version 14."* ]] || skip "clang-format 14 is not installed"
cd "$project_dir"
find . \( -path ./build -o -path ./dist -o -name .git \) -prune -o -name '*.[ch]' -print0 |
    xargs -0 clang-format --dry-run --Werror
