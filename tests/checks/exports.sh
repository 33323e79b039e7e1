#!/usr/bin/env bash
# Each DLL exports exactly the names of its .def file or table, plain on both architectures, in the order that loaders
# need.
source "$(dirname "$0")/lib.sh"

# check_exports DLL: that it exports the names on standard input.
check_exports() {
    local expected
    expected=$(LC_ALL=C sort)
    [[ -n $expected ]] || fail "no names are listed for $1.dll"
    diff <(printf '%s\n' "$expected") <(exported_names "$dist/$1.dll") ||
        fail "$1.dll does not export what it should (<), but what it does (>)"
}

for dll in openicmp icmp; do
    def_names "$project_dir/def/$dll.def" | sed 's/@.*//' | check_exports "$dll"
done
iphlpapi_list | awk '{ print $1 }' | check_exports iphlpapi

# forwards_of DLL: how many of its exports are forwards to openicmp.dll.
forwards_of() {
    "$triple-objdump" -p "$dist/$1.dll" | grep -c 'Forwarder RVA -- openicmp\.'
}

[[ $(forwards_of icmp) == $(exported_names "$dist/icmp.dll" | wc -l) ]] ||
    fail "icmp.dll has more than forwarders to openicmp"
