#!/usr/bin/env bash
# Where the host transport cannot work, the trace says why, and Winsock takes its place.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/host_lib.sh"

folder=$(fresh_folder)
ping=("$folder/ping.exe" -n 1 -w 10000 127.0.0.1)
cp "$dist/ping.exe" "$dist/openicmp.dll" "$dist/openicmp-host.dll" "$folder"

# compile_library SOURCE...: makes openicmp-host.so of them, in a folder for Wine beside our DLL.
compile_library() {
    mkdir -p "$folder/wine/$machine-windows" "$folder/wine/$library_machine-unix"
    cp "$folder/openicmp-host.dll" "$folder/wine/$machine-windows"
    gcc "${machine_flags[@]}" -D_GNU_SOURCE "${warnings[@]}" -O2 -shared -fPIC \
        -o "$folder/wine/$library_machine-unix/openicmp-host.so" "$@"
}

# falls_back WHY: it does, and says why.
falls_back() {
    trace_of "${ping[@]}"
    expect_trace "$1"
    expect_trace "transport: not host, error 50"
    expect_trace "transport: winsock ("
    expect_reply "$1"
}

export OPENICMP_WINEDLLPATH=$wine_dist
trace_of "${ping[@]}"
expect_trace "transport: host ("
expect_reply "everything there"

OPENICMP_WINEDLLPATH='' falls_back "host: Wine finds no openicmp-host.so"

OPENICMP_TRANSPORT=host OPENICMP_WINEDLLPATH='' trace_of "${ping[@]}"
expect_trace "transport: none; OPENICMP_TRANSPORT is host, error 50"
expect_no_crash "host alone"
((status != 0)) || fail "ping went through without a transport"

OPENICMP_TRANSPORT=winsock trace_of "${ping[@]}"
expect_trace "transport: winsock ("
! grep -qF 'host:' <<<"$trace" || fail "the host transport was tried, though another was asked for: $trace"

export OPENICMP_WINEDLLPATH=$folder/wine
cat >"$folder/other.c" <<'EOF'
#include <stdint.h>
typedef int32_t function(void *p);
extern function *const __wine_unix_call_funcs[], *const __wine_unix_call_wow64_funcs[];
static int32_t handshake(void *p) { ((uint32_t *)p)[1] = 4711; return 0; }
function *const __wine_unix_call_funcs[] = {handshake};
function *const __wine_unix_call_wow64_funcs[] = {handshake};
EOF
compile_library "$folder/other.c"
falls_back "host: openicmp-host.dll and openicmp-host.so are of different versions"

echo "int nothing_of_this_is_known; " >"$folder/unknown.c"
compile_library "$folder/unknown.c"
falls_back "host: Wine finds no openicmp-host.so"

echo "this is no library" >"$folder/wine/$library_machine-unix/openicmp-host.so"
falls_back "host: Wine finds no openicmp-host.so"

# Our DLL, but of another protocol; then one that is something else altogether.
mkdir -p "$folder/src/host" "$folder/src/wire"
cp "$project_dir"/src/host/dll.* "$folder/src/host"
cp "$project_dir/src/wire/ip_address.h" "$folder/src/wire"
sed 's/^#define HOST_PROTOCOL .*/#define HOST_PROTOCOL 4711/' "$project_dir/src/host/protocol.h" >"$folder/src/host/protocol.h"
"$triple-gcc" "${warnings[@]}" -I "$folder/src" -shared -o "$folder/openicmp-host.dll" "$folder/src/host/dll.c" \
    "$project_dir/def/openicmp-host.def"
OPENICMP_WINEDLLPATH='' falls_back "host: openicmp.dll and openicmp-host.dll are of different versions"
echo 'int nothing_of_this_is_known;' | "$triple-gcc" -xc -shared -o "$folder/openicmp-host.dll" -
OPENICMP_WINEDLLPATH='' falls_back "host: openicmp-host.dll is something else"
echo "this is no DLL" >"$folder/openicmp-host.dll"
OPENICMP_WINEDLLPATH='' falls_back "host: no openicmp-host.dll can be loaded from beside openicmp.dll"
rm "$folder/openicmp-host.dll"
OPENICMP_WINEDLLPATH='' falls_back "host: no openicmp-host.dll can be loaded from beside openicmp.dll"
