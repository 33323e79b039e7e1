# Wine without the right to open raw sockets. Those of Winsock are opened by wineserver, so it lacks it as well.

without_raw_sockets() {
    privileges=(setpriv --inh-caps=-net_raw --bounding-set=-net_raw)
}

# By whoever is in this group; of both families.
allow_ping_sockets() {
    set_kernel client "ipv4/ping_group_range=${1:-$(id -g)} ${1:-$(id -g)}"
}

# Nobody, who has no right but this one. Where there is no such user to become, which is so when the lab is not root's, and
# where to run Wine takes root's rights, it is somebody who has given up the right to send what he likes.
as_an_ordinary_user() {
    local nobody=65534
    if [[ $arch == x64 ]] && setpriv --reuid=$nobody --regid=$nobody --clear-groups true 2>/dev/null; then
        privileges=(setpriv --reuid=$nobody --regid=$nobody --clear-groups --inh-caps=-all --bounding-set=-all)
        allow_ping_sockets $nobody
        # Wine takes no prefix of others, and makes its sockets in /tmp.
        chown $nobody "$work_dir/prefix"
        chmod 1777 /tmp
    else
        without_raw_sockets
        allow_ping_sockets
    fi
}

# The kernel of Linux replaces the identifiers of what Winsock sends through ping sockets.
scenario_ping_sockets_echo_with_1000_outstanding() { # x86 too, IPv6 too
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

scenario_ping_sockets_time_out_when_nobody_answers() { # IPv6 too
    local by
    without_raw_sockets
    allow_ping_sockets
    for by in call event routine; do
        probe $far by=$by timeout=400
        expect_time_out 400
    done
}

# The kernel keeps what routers say in the error queue of a ping socket.
scenario_an_ordinary_user_traces_the_route_through_both_routers() { # over host, x86 too, IPv6 too
    as_an_ordinary_user
    OPENICMP_TRACE=1 probe $server
    expect_answer from=$server
    grep -q 'host (IPv4: ping sockets, IPv6: ping sockets)' "$work_dir/errors" ||
        fail "$probed" "expected: ping sockets" "came:" "$(<"$work_dir/errors")"
    scenario_each_router_tells_that_the_ttl_ended_with_it
}

scenario_ping_sockets_bring_what_routers_say() { # over host, IPv6 too
    without_raw_sockets
    allow_ping_sockets
    scenario_a_routers_firewall_rejects_with_every_code_it_has
    filter router2 forward accept
    scenario_with_df_what_is_known_to_be_too_big_is_not_sent
}

# The kernel looks at the identifier of what comes, and at not much more.
scenario_forgeries_deceive_nobody_with_ping_sockets() { # over host, IPv6 too
    local behaviour
    without_raw_sockets
    allow_ping_sockets
    for behaviour in wrong_checksums wrong_hosts wrong_keys old_replies quote_lengths; do
        withstand $behaviour tun
    done
}

# Of the packet that an error quotes, the kernel shows destination and message. Of the header before that it has checked no
# more than it needs.
scenario_each_byte_of_a_quote_counts_or_does_not_with_ping_sockets() { # over host, IPv6 too
    without_raw_sockets
    allow_ping_sockets
    if [[ $family == ipv4 ]]; then
        each_byte_of_a_quote 28 0,1 '9,*' '1[6-9],*' '2[01],*' '2[4-7],*'
    else
        each_byte_of_a_quote 48 '6,*' '2[4-9],*' '3?,*' '4[01],*' '4[4-7],*'
    fi
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
