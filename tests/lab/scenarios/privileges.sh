# Wine without the right to open raw sockets. They are opened by wineserver, so that is who lacks it.

without_raw_sockets() {
    privileges=(setpriv --inh-caps=-net_raw --bounding-set=-net_raw)
}

# By whoever is in a group of this range.
allow_ping_sockets() {
    set_kernel client "ipv4/ping_group_range=$(id -g) $(id -g)"
}

# The kernel of Linux replaces the identifiers of what goes through ping sockets.
scenario_ping_sockets_echo_with_1000_outstanding() { # x86 too
    local by
    without_raw_sockets
    allow_ping_sockets
    respond on $far echo delay=500
    probe $far many=1000 timeout=10000
    expect accepted=1000 refused=0 answered=1000 mixed=0 untold=0 twice=0 early=0 rewritten=0
    for by in call event routine; do
        probe $server by=$by count=3 bytes=1000
        expect_each ret=1 error=0 status=IP_SUCCESS data=same from=$server
    done
}

scenario_ping_sockets_time_out_when_nobody_answers() {
    local by
    without_raw_sockets
    allow_ping_sockets
    for by in call event routine; do
        probe $far by=$by timeout=400
        expect_time_out 400
    done
}

# Ping sockets say nothing of routers on the way: Winsock under Wine has no error queue.
scenario_ping_sockets_show_errors_as_time_outs() { # over winsock
    without_raw_sockets
    allow_ping_sockets
    probe $server ttl=1 timeout=300
    expect_time_out 300
}

# And whoever has it traced is told what to do.
scenario_without_any_icmp_sockets_there_is_no_handle_and_the_trace_says_what_to_do() { # x86 too
    without_raw_sockets
    OPENICMP_TRACE=1 probe $server
    expect created=no error=ERROR_ACCESS_DENIED
    grep -q 'CAP_NET_RAW' "$work_dir/errors" && grep -q 'ping_group_range' "$work_dir/errors" ||
        fail "$probed" "expected: a line that names CAP_NET_RAW and ping_group_range" \
            "came:" "$(<"$work_dir/errors")"
}
