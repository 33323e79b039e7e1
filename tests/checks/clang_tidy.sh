#!/usr/bin/env bash
# clang-tidy has nothing to say: about the code for Windows, with mingw-w64's headers, nor about that for Linux.
source "$(dirname "$0")/lib.sh"

command -v clang-tidy >/dev/null || skip "clang-tidy is not installed"
cd "$project_dir"

# tidy COMPILER-ARGUMENT...: about the files that standard input names. (To stderr it tells what it does not tell about.)
tidy() {
    xargs -0 -I '{}' -P "$(nproc)" clang-tidy --quiet '{}' -- -std=c11 -I include -I src "${macros[@]}" "$@" 2>/dev/null
}

find src samples -path src/host/unix -prune -o -name '*.c' -print0 | tidy --target=x86_64-w64-mingw32
find src/host/unix -name '*.c' -print0 | tidy -D_GNU_SOURCE
