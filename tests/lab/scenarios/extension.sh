# What only we have (openicmp.h): batches, which do what the ordinary functions are shown to do elsewhere, and the exact
# times of replies.

scenario_every_reply_has_its_exact_time() { # x86 too, IPv6 too
    local by
    for by in call event routine; do
        probe "$server" by=$by count=3
        expect_each status=IP_SUCCESS exact=right
        probe "$server" by=$by ttl=1
        expect "$ttl_ended" exact=right
        respond on $far silent
        probe $far by=$by timeout=200
        expect status=IP_REQ_TIMED_OUT exact=none
    done
}

scenario_each_of_many_replies_has_its_exact_time() {
    local by
    for by in call event routine; do
        probe $lan_broadcast timeout=600 by=$by
        ((${#results[@]} == 3)) || fail "$probed" "expected: 3 replies" "came:" "${results[@]}"
        expect_each status=IP_SUCCESS exact=right
    done
}

# expect_result CONDITION...: of the one that the last probe printed.
expect_result() {
    expect error=0 times=right "$@"
}

scenario_a_batch_tells_of_answers_errors_and_silence() { # x86 too, IPv6 too
    probe "$server" by=batch ttl=1
    expect_result "$ttl_ended" from=$router1 type=$(type_of 11 3) code=0 equal=no
    probe "$server" by=batch ttl=2
    expect_result "$ttl_ended" from=$router2 type=$(type_of 11 3) code=0 equal=no
    probe "$server" by=batch ttl=3 bytes=1000
    expect_result status=IP_SUCCESS from=$server type=$(type_of 0 129) code=0 bytes=1000 equal=yes ttl=62
    respond on $far silent
    probe $far by=batch timeout=300
    expect_result status=IP_REQ_TIMED_OUT from=none bytes=0 equal=no "took>=300"
}

# type_of IPV4 IPV6: the number of an ICMP type.
type_of() {
    [[ $family == ipv4 ]] && echo "$1" || echo "$2"
}

scenario_a_batch_tells_the_code_of_every_error() { # x86 too
    local code
    for code in 0 1 3 9 13 255; do
        respond on $far error type=3 code=$code from=$far_router
        probe $far by=batch
        expect_result status!=IP_SUCCESS from=$far_router type=3 code=$code bytes=0
    done
}

# What the kernel notes, if it does: how long the packet was under way, however long the program was busy.
scenario_a_batch_has_the_round_trip_time_of_the_network() {
    respond on $far echo delay=300
    probe $far by=batch
    expect_result status=IP_SUCCESS from=$far "rtt>=300" "took>=300"
}

scenario_another_hosts_address_is_no_source_of_a_probe() {
    probe "$server" by=batch source=$host1
    expect status=IP_GENERAL_FAILURE error=ERROR_INVALID_NETNAME from=none times=right
}

scenario_a_batch_records_the_route() {
    probe "$server" by=batch options=0723040000000000000000000000000000000000000000000000000000000000000000
    expect_result status=IP_SUCCESS from=$server
    [[ $(field options "${results[0]}") == 07*$(hexadecimal "$server")* ]] ||
        fail "$probed" "the server is not on the route: ${results[0]}"
}
