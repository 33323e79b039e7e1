#!/usr/bin/env bash
# The DLLs need nothing but what every Windows and Wine has; icmp.dll, with its forwarders only, needs nothing at all.
source "$(dirname "$0")/lib.sh"

allowed='kernel32|ws2_32|ntdll|msvcrt'
for dll in openicmp icmp; do
    imports=$("$triple-objdump" -p "$dist/$dll.dll" | sed -n "s/^[[:space:]]*DLL Name: //p" |
        tr "[:upper:]" "[:lower:]")
    foreign=$(grep -vxE "($allowed)\.dll" <<<"$imports" | grep . || true)
    [[ -z $foreign ]] || fail "$dll.dll imports from $foreign"
done
[[ -z $imports ]] || fail "icmp.dll imports from $imports"
