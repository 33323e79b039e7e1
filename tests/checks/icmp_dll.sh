#!/usr/bin/env bash
# A program that imports from icmp.dll alone reaches our engine through our icmp.dll.
source "$(dirname "$0")/lib.sh"

folder=$(fresh_folder)
"$triple-gcc" "${warnings[@]}" "${include[@]}" -o "$folder/icmp_dll.exe" "$project_dir/tests/checks/icmp_dll.c" \
    "$dist/lib/libicmp.dll.a" -lws2_32
imports=$("$triple-objdump" -p "$folder/icmp_dll.exe" | sed -n 's/^[[:space:]]*DLL Name: //p')
grep -qx icmp.dll <<<"$imports" || fail "the program does not import from icmp.dll"
! grep -qixE '(openicmp|iphlpapi)\.dll' <<<"$imports" || fail "the program imports from other DLLs: $imports"

cp "$dist/icmp.dll" "$dist/openicmp.dll" "$folder"
OPENICMP_TRACE=1 WINEDLLOVERRIDES=icmp=n "$project_dir/tools/lib/wine" "$arch" "$folder/icmp_dll.exe" \
    >"$folder/stdout" 2>"$folder/stderr" || fail "no reply: $(cat "$folder/stdout" "$folder/stderr")"
grep -qi openicmp "$folder/stderr" || fail "the trace does not show our engine: $(cat "$folder/stderr")"
