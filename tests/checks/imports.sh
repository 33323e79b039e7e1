#!/usr/bin/env bash
# The DLLs need nothing but what every Windows and Wine has; icmp.dll and iphlpapi.dll have not even a run-time library.
source "$(dirname "$0")/lib.sh"

# check_imports DLL ALLOWED: that it imports from no DLLs but those that the pattern allows.
check_imports() {
    local foreign
    foreign=$(imported_dlls "$dist/$1.dll" | grep -vixE "($2)\.dll" || true)
    [[ -z $foreign ]] || fail "$1.dll imports from $foreign"
}

check_imports openicmp 'kernel32|ws2_32|ntdll|msvcrt'
check_imports icmp kernel32
check_imports iphlpapi 'kernel32|ntdll'
