#!/usr/bin/env bash
# The import libraries define each function as compilers ask for it: _IcmpSendEcho@32 on x86, IcmpSendEcho on x64.
source "$(dirname "$0")/lib.sh"

for dll in openicmp icmp; do
    case $arch in
    x86) expected=$(def_names "$project_dir/def/$dll.def" | sed 's/^/_/') ;;
    x64) expected=$(def_names "$project_dir/def/$dll.def" | sed 's/@.*//') ;;
    esac
    defined=$("$triple-nm" "$dist/lib/lib$dll.dll.a" | sed -n 's/^[0-9a-f]* T //p')
    diff <(LC_ALL=C sort <<<"$expected") <(LC_ALL=C sort <<<"$defined") ||
        fail "lib$dll.dll.a does not define what programs ask for (<), but what it does (>)"
done
