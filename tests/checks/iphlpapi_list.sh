#!/usr/bin/env bash
# The sizes in def/iphlpapi.list are those that mingw-w64's import library gives, which others have tried; and the Wine
# that is installed exports nothing that the list lacks.
source "$(dirname "$0")/lib.sh"

if [[ $arch == x86 ]]; then
    library=$(i686-w64-mingw32-gcc -print-file-name=libiphlpapi.a)
    # Name and size, the filter functions by the names that they are exported with.
    theirs=$(i686-w64-mingw32-nm "$library" | sed -nE 's/^[0-9a-f]* T _+(.*)@([0-9]+)$/\1 \2/p' |
        sed -E 's/^(Pf[A-Za-z]+) ([0-9]+)$/_\1@\2 \2/' | LC_ALL=C sort)
    ours=$(iphlpapi_list | awk '{ print $1, $2 }' | LC_ALL=C sort)
    differing=$(LC_ALL=C join <(printf '%s\n' "$theirs") <(printf '%s\n' "$ours") | awk '$2 != $3')
    [[ -z $differing ]] || fail "mingw-w64's size, our size: $differing"
    compared=$(LC_ALL=C join <(printf '%s\n' "$theirs") <(printf '%s\n' "$ours") | wc -l)
    ((compared > 250)) || fail "only $compared names were compared"
fi

case $arch in
x64) builtin=(/usr/lib/*/wine/x86_64-windows/iphlpapi.dll) ;;
x86) builtin=({"$project_dir"/build/wine/i386-root,}/usr/lib/*/wine/i386-windows/iphlpapi.dll) ;;
esac
compared=0
for dll in "${builtin[@]}"; do
    [[ -e $dll ]] || continue
    missing=$(comm -13 <(iphlpapi_list | awk '{ print $1 }' | LC_ALL=C sort) <(exported_names "$dll" | LC_ALL=C sort))
    [[ -z $missing ]] || fail "$dll exports what the list lacks: $missing"
    compared=$((compared + 1))
done
((compared > 0)) || skip "Wine's own iphlpapi.dll was not found"
