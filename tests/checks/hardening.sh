#!/usr/bin/env bash
# Everything in dist/ can be loaded at any address (ASLR), has no executable data (DEP), is the same file from each
# build (no time stamp), and carries the version that CMakeLists.txt has.
source "$(dirname "$0")/lib.sh"

version=$(project_version)
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
    # The resource's texts are of 16 bits a character.
    versions=$("$triple-strings" --encoding=l "$file" | awk '/^(File|Product)Version$/ { getline; print }' | sort -u)
    [[ $versions == "$version" ]] || fail "$file has the version ${versions:-(none)}, not $version"
done
