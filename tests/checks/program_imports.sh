#!/usr/bin/env bash
# A program that imports from icmp.dll alone, or from iphlpapi.dll alone, also if it does so only when it calls the first
# function (delay-loading), reaches our engine through our DLLs.
source "$(dirname "$0")/lib.sh"

folder=$(fresh_folder)
cp "$dist"/*.dll "$folder"

# build PROGRAM LIBRARY...
build() {
    "$triple-gcc" "${warnings[@]}" "${include[@]}" -o "$folder/$1.exe" "$project_dir/tests/checks/program_imports.c" \
        "${@:2}" -lws2_32
}

# run PROGRAM: it pings, and by our engine.
run() {
    OPENICMP_TRACE=1 WINEDLLOVERRIDES=icmp,iphlpapi=n,b "$project_dir/tools/lib/wine" "$arch" "$folder/$1.exe" \
        >"$folder/stdout" 2>"$folder/stderr" || fail "$1: no reply: $(cat "$folder/stdout" "$folder/stderr")"
    grep -qi openicmp "$folder/stderr" || fail "$1: the trace does not show our engine: $(cat "$folder/stderr")"
}

# ours_imported PROGRAM: the DLLs of ours that it imports from.
ours_imported() {
    imported_dlls "$folder/$1.exe" | grep -ixE '(openicmp|icmp|iphlpapi)\.dll'
}

for dll in icmp iphlpapi; do
    build "$dll" "$dist/lib/lib$dll.dll.a"
    [[ $(ours_imported "$dll") == "$dll.dll" ]] || fail "it imports from $(ours_imported "$dll")"
    run "$dll"
done

for dll in icmp iphlpapi; do
    def=$project_dir/build/$arch/facade/$dll.import.def
    [[ -e $def ]] || def=$project_dir/build/$arch/def/$dll.def
    [[ -e $def ]] || def=$project_dir/def/$dll.def
    "$triple-dlltool" --kill-at --temp-prefix "$folder/$dll" --dllname "$dll.dll" --input-def "$def" \
        --output-delaylib "$folder/lib$dll.delay.a"
    build "$dll-delayed" "$folder/lib$dll.delay.a" -ldelayimp
    [[ -z $(ours_imported "$dll-delayed") ]] || fail "it does not delay anything"
    run "$dll-delayed"
done
