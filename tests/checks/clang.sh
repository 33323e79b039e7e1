#!/usr/bin/env bash
# A second compiler, clang, takes the sources without a warning: those for Windows, and those that are Linux's.
source "$(dirname "$0")/lib.sh"

command -v clang >/dev/null || skip "clang is not installed"
find "$project_dir/src" "$project_dir/samples" -path '*/host/unix' -prune -o -name '*.c' -print0 |
    xargs -0 -n 1 -P "$(nproc)" clang "--target=$triple" -fsyntax-only "${warnings[@]}" "${include[@]}" \
        "${macros[@]}"
[[ $arch == x64 ]] && word_size=-m64 || word_size=-m32
find "$project_dir/src/host/unix" -name '*.c' -print0 |
    xargs -0 -n 1 -P "$(nproc)" clang $word_size -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -fsyntax-only \
        "${warnings[@]}" "${include[@]}"
