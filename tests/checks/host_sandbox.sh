#!/usr/bin/env bash
# Programs in a sandbox (seccomp) that refuses them sockets or a system call: the host transport makes do with what it
# gets, or leaves the field to Winsock, whose sockets are those of wineserver, outside. It says why, and nothing crashes.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/host_lib.sh"

folder=$(fresh_folder)
((EUID == 0)) || skip "only root can make a network"
gcc -D_GNU_SOURCE "${warnings[@]}" -O2 -o "$folder/sandbox" "$project_dir/tests/checks/sandbox.c"
"$folder/sandbox" raw EPERM true || skip "no such sandbox can be made here"
keep_wine_running

# sandboxed WHAT ERROR: lets trace_of run programs so, in a network of their own where everybody may have ping sockets.
sandboxed() {
    runner=(unshare --net -- bash -c 'ip link set lo up && echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range &&
        exec "$@"' - "$folder/sandbox" "$@")
}

export OPENICMP_WINEDLLPATH=$wine_dist
for error in EPERM:"Operation not permitted" ENOSYS:"Function not implemented"; do
    words=${error#*:} error=${error%%:*}

    sandboxed raw "$error"
    trace_of "$dist/ping.exe" -n 1 -w 10000 127.0.0.1
    expect_trace "host: IPv4: ping sockets; raw sockets: $words"
    expect_trace "transport: host (IPv4: ping sockets, IPv6: ping sockets)"
    expect_reply "raw sockets refused, $error"

    for what in icmp recvmmsg; do
        sandboxed "$what" "$error"
        trace_of "$dist/ping.exe" -n 1 -w 10000 127.0.0.1
        expect_trace "host: IPv4: none; raw sockets: $words, ping sockets: $words"
        expect_trace "host: IPv6: none; raw sockets: $words, ping sockets: $words"
        expect_trace "transport: not host, error 5"
        expect_trace "transport: winsock ("
        expect_reply "$what refused, $error"
    done

    sandboxed icmp "$error"
    OPENICMP_TRANSPORT=host trace_of "$dist/ping.exe" -n 1 -w 10000 127.0.0.1
    expect_trace "transport: none; OPENICMP_TRANSPORT is host, error 5"
    expect_no_crash "host alone, $error"
    ((status != 0)) || fail "ping went through without a transport"
done
