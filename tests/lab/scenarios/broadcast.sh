# Many replies to one request. behaviour.md Q5, choice B.

# expect_replies_of HOST...: one line for each of them, in any order, each with the data that were sent.
expect_replies_of() {
    local line responders=()
    for line in "${results[@]}"; do
        responders+=("$(field from "$line")")
    done
    diff <(printf '%s\n' "$@" | sort) <(printf '%s\n' "${responders[@]}" | sort) >/dev/null ||
        fail "$probed" "expected: replies of $*" "came:" "${results[@]}"
    expect_each ret=$# error=0 status=IP_SUCCESS data=same bytes=32
}

# Each of the three hosts answers, and the request ends with its time.
scenario_all_who_answer_a_broadcast_are_in_the_buffer() { # x86 too
    local by destination
    for by in call event routine; do
        for destination in $lan_broadcast 255.255.255.255 $all_nodes; do
            [[ $by == call || $destination == "$lan_broadcast" ]] || continue
            probe "$destination" timeout=600 by=$by
            expect_replies_of $host1 $host2 $host3
            expect_each "took>=600"
        done
    done
}

# When the buffer is full, there is nothing left to wait for.
scenario_a_broadcast_ends_when_its_buffer_is_full() { # x86 too
    local by room
    for by in call event routine; do
        for room in 1 2 3; do
            probe $lan_broadcast timeout=20000 room=$room by=$by
            ((${#results[@]} == room)) || fail "$probed" "expected: $room replies" "came:" "${results[@]}"
            expect_each ret=$room error=0 status=IP_SUCCESS "from=$host1|$host2|$host3" data=same \
                "took<=10000"
        done
    done
}

# The layout is that of every single reply then.
scenario_a_broadcast_that_one_host_answers_has_one_reply() {
    local by
    set_kernel host1 ipv4/icmp_echo_ignore_broadcasts=1
    set_kernel host3 ipv4/icmp_echo_ignore_broadcasts=1
    for by in call event routine; do
        probe $lan_broadcast timeout=600 by=$by
        expect_answer from=$host2 "took>=600"
    done
}

scenario_a_broadcast_that_nobody_answers_is_a_time_out() {
    local host by
    for host in host1 host2 host3; do
        set_kernel $host ipv4/icmp_echo_ignore_broadcasts=1
    done
    for by in call event routine; do
        probe $lan_broadcast timeout=300 by=$by
        expect_time_out 300
    done
}

# Others' replies are not among them, whatever else goes on at the same time.
scenario_requests_to_one_host_end_with_its_first_reply_beside_a_broadcast() {
    start_probe it $lan_broadcast timeout=3000 by=event
    start_step it
    probe $host1 timeout=20000
    expect_answer from=$host1 "took<=10000"
    finish_step it
    expect_replies_of $host1 $host2 $host3
}

# expect_multicast TTL WORD...: a request to all nodes of the LAN with these words arrives at host1 with this TTL.
expect_multicast() {
    local rule="ip daddr $all_nodes ip ttl $1 counter"
    [[ $family == ipv4 ]] || rule="ip6 daddr $all_nodes icmpv6 type echo-request ip6 hoplimit $1 counter"
    filter host1 prerouting "$rule"
    probe "$all_nodes$(lan_scope)" timeout=200 "${@:2}"
    [[ $(counted host1 prerouting) == 1 ]] || fail "$probed" "expected: TTL $1" "came: another"
}

# The TTL asked for, and within the own network without one. (Sockets keep a TTL of its own for multicast.)
scenario_a_request_to_a_multicast_group_has_the_ttl_that_was_asked_for() { # IPv6 too
    local ttl
    expect_multicast 1
    for ttl in 1 5 200; do
        expect_multicast $ttl ttl=$ttl
    done
    expect_multicast 1
}

scenario_a_request_to_a_multicast_group_has_the_ttl_that_was_asked_for_with_ping_sockets_too() { # over host, IPv6 too
    without_raw_sockets
    allow_ping_sockets
    scenario_a_request_to_a_multicast_group_has_the_ttl_that_was_asked_for
}
