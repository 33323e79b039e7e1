#!/usr/bin/env bash
# The import libraries define each function as compilers ask for it: _IcmpSendEcho@32 on x86, IcmpSendEcho on x64; those
# for GNU linkers and those for Microsoft's alike.
source "$(dirname "$0")/lib.sh"

# symbols NM LIBRARY: the functions that it defines. (llvm-dlltool makes weak aliases of the filter functions, W.)
symbols() {
    "$1" "$2" 2>/dev/null | sed -n 's/^[0-9a-f]* [TW] //p' | grep -v -e '^__imp_' -e '^__Pf' | LC_ALL=C sort
}

# check_symbols DLL: that its import libraries define the names on standard input, which have the @N of x86.
check_symbols() {
    local expected
    case $arch in
    x86) expected=$(sed 's/^_*/_/' | LC_ALL=C sort) ;; # the one underscore that there may be belongs to the symbol
    x64) expected=$(sed 's/@.*//' | grep -v '^_' | LC_ALL=C sort) ;;
    esac
    diff <(printf '%s\n' "$expected") <(symbols "$triple-nm" "$dist/lib/lib$1.dll.a") ||
        fail "lib$1.dll.a does not define what programs ask for (<), but what it does (>)"
    if [[ -e $dist/lib/$1.lib ]]; then
        diff <(printf '%s\n' "$expected") <(symbols llvm-nm "$dist/lib/$1.lib") ||
            fail "$1.lib does not define what programs ask for (<), but what it does (>)"
    fi
}

for dll in openicmp icmp; do
    def_names "$project_dir/def/$dll.def" | check_symbols "$dll"
done
# Without the functions of unknown size, which no x86 compiler can ask for.
iphlpapi_list | awk -v arch="$arch" '
    arch == "x86" && $2 == "?" { next }
    $1 ~ /@/ { print $1; next }
    { print $1 "@" $2 }' | check_symbols iphlpapi
