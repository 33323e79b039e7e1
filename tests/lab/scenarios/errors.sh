# Every ICMP error that counts, with its status, from the responder: most of them no Linux router sends.
# behaviour.md 4.1 and 4.2.

# errors_have_statuses TYPE CODE=STATUS...
errors_have_statuses() {
    local code_and_status
    start_probe it $far count=$#
    for code_and_status in "${@:2}"; do
        respond on $far error type=$1 code="${code_and_status%=*}" from=$far_router
        step it
        expect_icmp_error from=$far_router $(ttl_came 62) status="${code_and_status#*=}"
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

scenario_every_code_of_icmpv6_has_its_status() { # IPv6 only, x86 too
    errors_have_statuses 1 0=IP_DEST_NO_ROUTE 1=IP_DEST_PROHIBITED 2=IP_DEST_SCOPE_MISMATCH \
        3=IP_DEST_ADDR_UNREACHABLE 4=IP_DEST_PORT_UNREACHABLE 5=IP_ICMP_ERROR 6=IP_DEST_UNREACHABLE \
        7=IP_BAD_HEADER 8=IP_DEST_ADDR_UNREACHABLE 255=IP_DEST_ADDR_UNREACHABLE
    errors_have_statuses 2 0=IP_PACKET_TOO_BIG 1=IP_PACKET_TOO_BIG
    errors_have_statuses 3 0=IP_HOP_LIMIT_EXCEEDED 1=IP_REASSEMBLY_TIME_EXCEEDED 2=IP_TIME_EXCEEDED
    errors_have_statuses 4 0=IP_PARAMETER_PROBLEM 1=IP_PARAMETER_PROBLEM 2=IP_PARAMETER_PROBLEM
}

# A redirect, unknown errors, and what is no error at all.
scenario_other_messages_about_a_request_do_not_end_it() { # IPv6 too
    local type types='1 2 5 9 10 13 30 40 42'
    [[ $family == ipv4 ]] || types='0 5 100 127 128 130 137 139 160 200 255'
    for type in $types; do
        respond on $far error type=$type code=1
        probe $far timeout=200
        expect_time_out 200
    done
}

# What an error has to be, to say that the port or the host is unreachable.
unreachable_port() {
    [[ $family == ipv4 ]] && printf 'type=3 code=3\n' || printf 'type=1 code=4\n'
}

unreachable_host() {
    [[ $family == ipv4 ]] && printf 'type=3 code=1\n' || printf 'type=1 code=3\n'
}

# RFC 792 wants 8 bytes of what follows the header; routers give more, up to all of it.
scenario_an_error_may_quote_any_part_of_the_request_from_8_bytes_on() { # IPv6 too
    local quote header=20
    [[ $family == ipv4 ]] || header=40
    for quote in 8 9 16 40 556 1008; do
        respond on $far error $(unreachable_host) quote=$((header + quote))
        probe $far bytes=1000
        expect_icmp_error "$host_unreachable" from=$far
    done
}

scenario_errors_count_as_replies_in_every_way_of_telling() { # x86 too, IPv6 too
    local by
    respond on $far error $(unreachable_port)
    for by in call event routine; do
        probe $far by=$by
        expect_icmp_error status=IP_DEST_PORT_UNREACHABLE from=$far
    done
}
