#!/usr/bin/env bash
# All that is written in C for Windows compiles for ARM64 without a warning, and the API's structures have there the layout that
# they have for x64. Nothing is linked: Debian has no ARM64 libraries of mingw-w64. (docs/platforms.md)
source "$(dirname "$0")/lib.sh"

command -v clang >/dev/null || skip "clang is not installed"
# They are the same for all architectures.
headers=$(realpath /usr/x86_64-w64-mingw32/include)
compile=(clang --target=aarch64-w64-windows-gnu -isystem "$headers" "${warnings[@]}" "${include[@]}" "${macros[@]}" -O2 \
    -c -o /dev/null)

find "$project_dir/src" "$project_dir/samples" -path '*/host/unix' -prune -o -name '*.c' -print0 |
    xargs -0 -n 1 -P "$(nproc)" "${compile[@]}"

"${compile[@]}" -I "$project_dir/tests" -x c - <<'PROGRAM'
#include <winsock2.h>
#include <ws2tcpip.h>
#include <winternl.h>
#include <icmpapi.h>
#include <openicmp.h>
#include "support/abi_asserts.h"
#include "support/extension_asserts.h"
PROGRAM
