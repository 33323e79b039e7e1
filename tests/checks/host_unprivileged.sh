#!/usr/bin/env bash
# Programs of users without any privilege, in a network of their own: with ping sockets, everything that needs no raw
# socket works; without them, the reason is told, and Winsock, whose sockets are those of wineserver, has its turn.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/host_lib.sh"

folder=$(fresh_folder)
((EUID == 0)) || skip "only root can make a network and then give up its rights"

# unprivileged GROUPS COMMAND...: without CAP_NET_RAW, and with the ping sockets that GROUPS, a range, says. The network is
# a new one, with a loopback interface only. The other rights are for tools/lib/wine to enter its i386 Debian with.
unprivileged() {
    unshare --net -- bash -c 'ip link set lo up && echo "$1" >/proc/sys/net/ipv4/ping_group_range && shift &&
        exec setpriv --bounding-set=-net_raw,-net_admin --inh-caps=-net_raw,-net_admin -- "$@"' - "$@"
}

all_may=(unprivileged "0 2147483647")
nobody_may=(unprivileged "1 0")
export OPENICMP_WINEDLLPATH=$wine_dist

runner=("${all_may[@]}")
trace_of "$dist/ping.exe" -n 1 -w 10000 127.0.0.1
expect_trace "host: IPv4: ping sockets; raw sockets: Operation not permitted"
expect_trace "transport: host (IPv4: ping sockets, IPv6: ping sockets)"
expect_reply "IPv4 with ping sockets"
trace_of "$dist/ping.exe" -6 -n 1 -w 10000 ::1
grep -q '^Reply from ::1: ' <<<"$output" || fail "no reply from ::1: $output $trace"

# Every test of these files; no other program of theirs has to answer.
for file in apcs async_many icmp6_arguments icmp6_replies; do
    OPENICMP_TRANSPORT=host WINEDLLOVERRIDES=icmp=n "${all_may[@]}" timeout 280 "$project_dir/tools/lib/wine" "$arch" \
        "$project_dir/build/$arch/bin/test_$file.exe" >"$folder/$file.log" 2>&1 </dev/null ||
        fail "test_$file fails without privilege: $(tail -n 30 "$folder/$file.log")"
    ! grep -q SKIPPED "$folder/$file.log" || fail "test_$file skips without privilege: $(cat "$folder/$file.log")"
done

runner=("${nobody_may[@]}")
trace_of "$dist/ping.exe" -n 1 -w 10000 127.0.0.1
expect_trace "host: IPv4: none; raw sockets: Operation not permitted, ping sockets: Permission denied"
expect_trace "host: IPv6: none; raw sockets: Operation not permitted, ping sockets: Permission denied"
expect_trace "transport: not host, error 5"
# What follows is wineserver's, which may have more rights than the program.
expect_no_crash "nothing allowed"
