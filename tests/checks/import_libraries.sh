#!/usr/bin/env bash
# The import libraries define each function as compilers ask for it: _IcmpSendEcho@32 on x86, IcmpSendEcho on x64.
source "$(dirname "$0")/lib.sh"

# check_symbols DLL: that its import library defines the names on standard input, which have the @N of x86.
check_symbols() {
    local expected defined
    case $arch in
    x86) expected=$(sed 's/^_*/_/') ;; # the one underscore that there may be already belongs to the symbol
    x64) expected=$(sed 's/@.*//' | grep -v '^_') ;;
    esac
    defined=$("$triple-nm" "$dist/lib/lib$1.dll.a" | sed -n 's/^[0-9a-f]* T //p')
    diff <(LC_ALL=C sort <<<"$expected") <(LC_ALL=C sort <<<"$defined") ||
        fail "lib$1.dll.a does not define what programs ask for (<), but what it does (>)"
}

for dll in openicmp icmp; do
    def_names "$project_dir/def/$dll.def" | check_symbols "$dll"
done
# Without the functions of unknown size, which no x86 compiler can ask for.
iphlpapi_list | awk -v arch="$arch" '
    arch == "x86" && $2 == "?" { next }
    $1 ~ /@/ { print $1; next }
    { print $1 "@" $2 }' | check_symbols iphlpapi
