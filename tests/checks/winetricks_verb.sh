#!/usr/bin/env bash
# tools/openicmp.verb, as winetricks would use it. That is not at hand in Debian's main archive, so a few lines play it: it
# reads the file with its path in "verb", then calls the verb's function with its own helpers.
source "$(dirname "$0")/lib.sh"

[[ $arch == x64 ]] || skip "it has no architecture; tried with x64"
folder=$(fresh_folder)
mkdir -p "$folder/elsewhere"

cat >"$folder/winetricks" <<'EOF'
set -e
w_metadata() {
    printf '%s\n' "$@" >metadata
}
w_die() {
    echo "died: $*"
    exit 1
}
w_try() {
    "$@" || w_die "$1 failed"
}
W_SYSTEM32_DLLS_WIN='C:\windows\system32'
verb=$1
case $verb in
*/*) . "$verb" ;;
*) . "./$verb" ;;
esac
verb=openicmp
load_openicmp
EOF

# Stand-ins that tell what they were asked to do.
printf '#!/bin/sh\necho "wineserver $*"\n' >"$folder/wineserver"
mkdir -p "$folder/project/tools"
printf '#!/bin/sh\necho "wine-install $*"\n' >"$folder/project/tools/wine-install"
chmod +x "$folder/wineserver" "$folder/project/tools/wine-install"
cp "$project_dir/tools/openicmp.verb" "$folder/project/tools"
cp "$project_dir/tools/openicmp.verb" "$folder/elsewhere"

# winetricks FOLDER VERB: called in that folder.
winetricks() {
    (cd "$folder/$1" && WINESERVER=$folder/wineserver WINEPREFIX=$folder/prefix sh "$folder/winetricks" "$2")
}

expected="wineserver -w
wine-install install --prefix $folder/prefix"
for place in "project tools/openicmp.verb" "elsewhere ../project/tools/openicmp.verb" "elsewhere $folder/project/tools/openicmp.verb" \
    "project/tools openicmp.verb"; do
    said=$(winetricks ${place% *} "${place#* }") || fail "$place: $said"
    [[ $said == "$expected" ]] || fail "$place: $said"
done
said=$(OPENICMP_DIR=$folder/project winetricks elsewhere openicmp.verb) || fail "OPENICMP_DIR: $said"
[[ $said == "$expected" ]] || fail "OPENICMP_DIR: $said"
! said=$(winetricks elsewhere openicmp.verb) || fail "it should not find the project: $said"
grep -q 'Name it in OPENICMP_DIR' <<<"$said" || fail "it does not say what is wrong: $said"
grep -q '^installed_file1=C:.windows.system32/openicmp.dll$' "$folder/elsewhere/metadata" || fail "$(cat "$folder/elsewhere/metadata")"
