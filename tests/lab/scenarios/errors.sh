# Every ICMP error that counts, with its status, from the responder: most of them no Linux router sends.
# behaviour.md 4.1.

# errors_have_statuses TYPE CODE=STATUS...
errors_have_statuses() {
    local code_and_status
    for code_and_status in "${@:2}"; do
        respond on $far error type=$1 code="${code_and_status%=*}" from=$far_router
        probe $far
        expect_icmp_error from=$far_router ttl=62 status="${code_and_status#*=}"
    done
}

scenario_every_code_of_destination_unreachable_has_its_status() { # x86 too
    errors_have_statuses 3 0=IP_DEST_NET_UNREACHABLE 1=IP_DEST_HOST_UNREACHABLE 2=IP_DEST_PROT_UNREACHABLE \
        3=IP_DEST_PORT_UNREACHABLE 4=IP_PACKET_TOO_BIG 5=IP_BAD_ROUTE 6=IP_DEST_NET_UNREACHABLE \
        7=IP_DEST_HOST_UNREACHABLE 8=IP_DEST_HOST_UNREACHABLE 9=IP_DEST_NET_UNREACHABLE \
        10=IP_DEST_HOST_UNREACHABLE 11=IP_DEST_NET_UNREACHABLE 12=IP_DEST_HOST_UNREACHABLE \
        13=IP_DEST_HOST_UNREACHABLE 14=IP_DEST_HOST_UNREACHABLE 15=IP_DEST_HOST_UNREACHABLE \
        16=IP_DEST_HOST_UNREACHABLE 255=IP_DEST_HOST_UNREACHABLE
}

scenario_every_code_of_time_exceeded_has_its_status() {
    errors_have_statuses 11 0=IP_TTL_EXPIRED_TRANSIT 1=IP_TTL_EXPIRED_REASSEM 2=IP_TTL_EXPIRED_TRANSIT \
        255=IP_TTL_EXPIRED_TRANSIT
}

scenario_source_quench_and_parameter_problem_have_their_statuses() {
    errors_have_statuses 4 0=IP_SOURCE_QUENCH 1=IP_SOURCE_QUENCH
    errors_have_statuses 12 0=IP_PARAM_PROBLEM 1=IP_PARAM_PROBLEM 2=IP_PARAM_PROBLEM
}

# A redirect, and what is no error at all.
scenario_other_messages_about_a_request_do_not_end_it() {
    local type
    for type in 1 2 5 9 10 13 30 40 42; do
        respond on $far error type=$type code=1
        probe $far timeout=200
        expect_time_out 200
    done
}

# RFC 792 wants 8 bytes of what follows the header; routers give more, up to all of it.
scenario_an_error_may_quote_any_part_of_the_request_from_8_bytes_on() {
    local quote
    for quote in 28 29 36 60 576 1028; do
        respond on $far error type=3 code=1 quote=$quote
        probe $far bytes=1000
        expect_icmp_error status=IP_DEST_HOST_UNREACHABLE from=$far
    done
}

scenario_errors_count_as_replies_in_every_way_of_telling() { # x86 too
    local by
    respond on $far error type=3 code=3
    for by in call event routine; do
        probe $far by=$by
        expect_icmp_error status=IP_DEST_PORT_UNREACHABLE from=$far
    done
}
