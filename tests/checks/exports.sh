#!/usr/bin/env bash
# Each DLL exports exactly the names of its .def file, plain on both architectures, in the order that loaders need.
source "$(dirname "$0")/lib.sh"

for dll in openicmp icmp; do
    expected=$(def_names "$project_dir/def/$dll.def" | sed 's/@.*//' | LC_ALL=C sort)
    [[ -n $expected ]] || fail "def/$dll.def lists no names"
    diff <(printf '%s\n' "$expected") <(exported_names "$dist/$dll.dll") ||
        fail "$dll.dll does not export what def/$dll.def says (<), but what it does (>)"
done
forwarders=$("$triple-objdump" -p "$dist/icmp.dll" | grep -c 'Forwarder RVA -- openicmp\.')
[[ $forwarders == $(exported_names "$dist/icmp.dll" | wc -l) ]] || fail "icmp.dll has more than forwarders to openicmp"
