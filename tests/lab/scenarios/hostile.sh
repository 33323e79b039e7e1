# Packets made to deceive. Whatever comes, a request ends with the echo reply that is its own, which comes
# last.

# withstand BEHAVIOUR WAY...: the forgeries of this behaviour, by each of these ways (responder/network.h),
# and how many of them got to the client's sockets in $arrived.
withstand() {
    local way by times
    # Neighbours talk ICMPv6, too.
    if [[ $family == ipv6 ]]; then
        filter client input "ip6 nexthdr icmpv6 ip6 saddr != { fe80::/10, $lan_network } counter"
    else
        filter client input 'ip protocol icmp counter'
    fi
    for by in call event routine; do
        start_probe it $far by=$by count=9
        for way in "${@:2}"; do
            respond on $far "$1" by="$way"
            for times in 1 2 3; do
                step it
                expect_answer from=$far $(ttl_came 62)
            done
        done
    done
    probe $server
    expect_answer from=$server
    arrived=$(counted client input)
}

# all_arrived: every packet that the responder has sent, or it would prove nothing. (One more came from the
# server.)
all_arrived() {
    respond report
    holds refused=0 "$answer" && holds "sent=$((arrived - 1))" "$answer" ||
        fail "expected: all that was sent arrived at the client" \
            "came: $arrived, one of them the server's, of: $answer"
}

scenario_wrong_checksums_deceive_nobody() { # x86 too, IPv6 too
    withstand wrong_checksums tun server lan
    all_arrived
}

scenario_replies_cut_off_at_every_length_deceive_nobody() { # x86 too, IPv6 too
    withstand truncated tun server lan
    all_arrived
}

scenario_replies_of_other_hosts_deceive_nobody() { # x86 too, IPv6 too
    local bits=32
    [[ $family == ipv4 ]] || bits=128
    withstand wrong_hosts tun server lan
    # Hosts that cannot be, as 127.0.0.1, do not get through.
    ((arrived >= 27 * (bits - 1))) || fail "only $arrived packets arrived"
}

scenario_replies_with_other_keys_deceive_nobody() { # x86 too, IPv6 too
    withstand wrong_keys tun server lan
    all_arrived
}

scenario_messages_of_other_types_deceive_nobody() { # IPv6 too
    withstand other_types tun server lan
    ((arrived >= 27 * 255)) || fail "only $arrived packets arrived"
}

scenario_replies_to_requests_long_done_deceive_nobody() { # IPv6 too
    withstand old_replies tun server lan
    all_arrived
}

scenario_errors_that_quote_other_packets_deceive_nobody() { # x86 too, IPv6 too
    withstand foreign_quotes tun server lan
    all_arrived
}

scenario_errors_that_quote_too_little_deceive_nobody() { # IPv6 too
    withstand quote_lengths tun server lan
    all_arrived
}

# The kernel keeps headers that lie from sockets; quoted ones it does not.
scenario_header_lengths_that_lie_deceive_nobody() { # x86 too
    withstand header_lengths tun server lan
    ((arrived >= 27 * 255)) || fail "only $arrived packets arrived"
}

# The server's raw socket would make them right.
scenario_total_lengths_that_lie_deceive_nobody() { # IPv6 too
    withstand total_lengths tun lan
}

# each_byte_of_a_quote LENGTH OFFSET,MASK...: of a quote that long, these bytes may not be changed so, all others may.
each_byte_of_a_quote() {
    local offset mask change own status='status=IP_DEST_HOST_UNREACHABLE|IP_DEST_PROHIBITED'
    start_probe it $far count=$((2 * $1))
    for ((offset = 0; offset < $1; offset++)); do
        for mask in 1 0x40; do
            respond on $far changed_quote offset=$offset mask=$mask
            step it
            own=yes
            for change in "${@:2}"; do
                [[ $offset,$mask != $change ]] || own=no
            done
            if [[ $own == yes ]]; then
                expect_icmp_error $status from=$far
            else
                expect_answer from=$far
            fi
        done
    done
}

# An error counts if the quoted packet has destination, identifier and sequence of a request of ours, and is
# an echo request and no later fragment. The rest of a header may change on the way.
scenario_each_byte_of_a_quote_counts_or_does_not() { # IPv6 too
    if [[ $family == ipv4 ]]; then
        each_byte_of_a_quote 28 '0,*' 6,1 '7,*' '9,*' '1[6-9],*' '2[01],*' '2[4-7],*'
    else
        each_byte_of_a_quote 48 0,0x40 '6,*' '2[4-9],*' '3?,*' '4[01],*' '4[4-7],*'
    fi
}

# ---- Floods: what nobody has asked for, while 100 requests are outstanding ----

# Winsock brings a raw socket every ICMP packet, and under Wine reads some 10,000 in a second: what comes
# faster fills the socket's buffer, and the kernel drops the rest, our replies among it.
scenario_a_flood_that_can_be_read_loses_nothing() { # over winsock, alone
    respond on $far echo delay=100..9000
    respond flood to=$client requests=50 count=20000 pace=2000
    probe $far many=100 timeout=15000
    expect accepted=100 answered=100 mixed=0 untold=0 twice=0 early=0 rewritten=0
}

scenario_a_flood_too_fast_to_be_read_harms_nothing() { # over winsock, alone
    respond on $far echo delay=100..3000
    respond flood count=300000 to=$client requests=50
    probe $far many=100 timeout=5000
    expect accepted=100 other=0 mixed=0 untold=0 twice=0 early=0 rewritten=0
    respond wait
    respond on $far echo
    probe $far many=100
    expect accepted=100 answered=100 mixed=0 untold=0 twice=0 early=0 rewritten=0
}

# messages_arrived: how many ICMP messages the client's kernel has taken.
messages_arrived() {
    if [[ $family == ipv4 ]]; then
        at client awk '/^Icmp: [0-9]/ { print $2 }' /proc/net/snmp
    else
        at client awk '/^Icmp6InMsgs/ { print $2 }' /proc/net/snmp6
    fi
}

# The host transport leaves to the kernel what is not its own. (Some of a million have sources that no host may have.)
scenario_a_flood_at_full_speed_loses_nothing() { # over host, x86 too, IPv6 too, alone
    respond on $far echo delay=100..6000
    start_probe it $far many=100 timeout=20000
    start_step it
    await_responder requests=100
    respond flood to=$client count=1000000 errors=50
    finish_step it
    expect accepted=100 answered=100 mixed=0 untold=0 twice=0 early=0 rewritten=0
    respond wait
    (($(messages_arrived) >= 999900)) || fail "only $(messages_arrived) messages arrived"
}
