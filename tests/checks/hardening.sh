#!/usr/bin/env bash
# Everything in dist/ can be loaded at any address (ASLR), has no executable data (DEP), and is the same file from each
# build (no time stamp). The DLLs carry a version.
source "$(dirname "$0")/lib.sh"

flags=(DYNAMIC_BASE NX_COMPAT)
[[ $arch == x86 ]] || flags+=(HIGH_ENTROPY_VA)
for file in "$dist"/*.dll "$dist"/*.exe; do
    headers=$("$triple-objdump" -p "$file")
    for flag in "${flags[@]}"; do
        grep -q "^[[:space:]]*$flag$" <<<"$headers" || fail "$file lacks the flag $flag"
    done
    characteristics=$(sed -n 's/^Characteristics //p' <<<"$headers")
    ((!(characteristics & 1))) || fail "$file has its relocations stripped"
    relocations=$(awk '/Base Relocation Directory/ { print $4 }' <<<"$headers")
    # What has no address in it, as icmp.dll on x64, has nothing to relocate.
    [[ $file == */icmp.dll ]] || ((0x$relocations > 0)) || fail "$file has no relocations"
    grep -Eq '^Time/Date[[:space:]]+(Thu Jan  ?1 00:00:00 1970|0+)' <<<"$headers" || fail "$file has a time stamp"
    # Resource type 16 is VERSIONINFO.
    [[ $file == *.exe ]] || grep -q 'Entry: ID: 0x000010' <<<"$headers" || fail "$file has no version resource"
done
