#!/usr/bin/env bash
# The host transport's two halves are what Wine wants: a DLL marked as one of its own, with one export, and a library of
# the same name with the two tables; the library needs nothing but the C library. Nothing names the machine that built it.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/host_lib.sh"

[[ $(exported_names "$dist/openicmp-host.dll") == openicmp_host_connect ]] ||
    fail "openicmp-host.dll exports $(exported_names "$dist/openicmp-host.dll")"
imports=$("$triple-objdump" -p "$dist/openicmp-host.dll" | sed -n 's/^[[:space:]]*DLL Name: //p' | tr '[:upper:]' '[:lower:]')
! grep -vxE '(kernel32|ntdll|msvcrt)\.dll' <<<"$imports" || fail "openicmp-host.dll imports from $imports"
for dll in "$dist/openicmp-host.dll" "$wine_dist/$machine-windows/openicmp-host.dll"; do
    [[ $(dd if="$dll" bs=1 skip=64 count=16 status=none) == "Wine builtin DLL" ]] || fail "$dll is not marked"
done

library=$wine_dist/$library_machine-unix/openicmp-host.so
names=$(nm --dynamic --defined-only "$library" | awk '{ print $3 }' | sort | tr '\n' ' ')
[[ $names == "__wine_unix_call_funcs __wine_unix_call_wow64_funcs " ]] || fail "openicmp-host.so exports $names"
needed=$(readelf --dynamic "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
[[ $needed == "libc.so.6 " ]] || fail "openicmp-host.so needs $needed"
dynamic=$(readelf --dynamic "$library")
! grep -qE 'TEXTREL|RPATH|RUNPATH' <<<"$dynamic" || fail "openicmp-host.so has text relocations or a path: $dynamic"
grep -q NODELETE <<<"$dynamic" || fail "openicmp-host.so may be unmapped under a terminated thread"
grep -q BIND_NOW <<<"$dynamic" || fail "openicmp-host.so looks functions up late"
readelf --program-headers --wide "$library" | grep GNU_STACK | grep -q 'RW ' || fail "openicmp-host.so has an executable stack"
! strings -a "$library" "$dist/openicmp-host.dll" | grep -F "$project_dir" || fail "a path of this machine is in there"
