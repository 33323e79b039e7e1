#!/usr/bin/env bash
# cppcheck has nothing to say but what cppcheck.txt explains.
source "$(dirname "$0")/lib.sh"

command -v cppcheck >/dev/null || skip "cppcheck is not installed"
cd "$project_dir"

# check PLATFORM ARGUMENT...
check() {
    cppcheck --enable=warning,performance,portability --std=c11 "--platform=$1" -j "$(nproc)" --quiet --error-exitcode=1 \
        --suppressions-list=tests/checks/cppcheck.txt --template='{file}:{line}: {id}: {message}' \
        -I include -I src "${@:2}"
}

check win64 -D_WIN32 -D_WIN64 -i src/host/unix src samples
check win32W -D_WIN32 -i src/host/unix src samples
check unix64 -D__linux__ src/host/unix
