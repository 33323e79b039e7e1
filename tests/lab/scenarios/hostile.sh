# Packets made to deceive. Whatever comes, a request ends with the echo reply that is its own, which comes
# last.

# withstand BEHAVIOUR WAY...: the forgeries of this behaviour, by each of these ways (responder/network.h),
# and how many of them got to the client's sockets in $arrived.
withstand() {
    local way by times
    filter client input 'ip protocol icmp counter'
    for by in call event routine; do
        start_probe it $far by=$by count=9
        for way in "${@:2}"; do
            respond on $far "$1" by="$way"
            for times in 1 2 3; do
                step it
                expect_answer from=$far ttl=62
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

scenario_wrong_checksums_deceive_nobody() { # x86 too
    withstand wrong_checksums tun server lan
    all_arrived
}

scenario_replies_cut_off_at_every_length_deceive_nobody() { # x86 too
    withstand truncated tun server lan
    all_arrived
}

scenario_replies_of_other_hosts_deceive_nobody() { # x86 too
    withstand wrong_hosts tun server lan
    # Hosts that cannot be, as 127.0.0.1, do not get through.
    ((arrived >= 27 * 31)) || fail "only $arrived packets arrived"
}

scenario_replies_with_other_keys_deceive_nobody() { # x86 too
    withstand wrong_keys tun server lan
    all_arrived
}

scenario_messages_of_other_types_deceive_nobody() {
    withstand other_types tun server lan
    ((arrived >= 27 * 255)) || fail "only $arrived packets arrived"
}

scenario_replies_to_requests_long_done_deceive_nobody() {
    withstand old_replies tun server lan
    all_arrived
}

scenario_errors_that_quote_other_packets_deceive_nobody() { # x86 too
    withstand foreign_quotes tun server lan
    all_arrived
}

scenario_errors_that_quote_too_little_deceive_nobody() {
    withstand quote_lengths tun server lan
    all_arrived
}

# The kernel keeps headers that lie from sockets; quoted ones it does not.
scenario_header_lengths_that_lie_deceive_nobody() { # x86 too
    withstand header_lengths tun server lan
    ((arrived >= 27 * 255)) || fail "only $arrived packets arrived"
}

# The server's raw socket would make them right.
scenario_total_lengths_that_lie_deceive_nobody() {
    withstand total_lengths tun lan
}

# An error counts if the quoted packet has destination, identifier and sequence of a request of ours, and is
# an echo request and no later fragment. The rest of a header may change on the way.
scenario_each_byte_of_a_quote_counts_or_does_not() {
    local offset mask
    start_probe it $far count=56
    for ((offset = 0; offset < 28; offset++)); do
        for mask in 1 0x40; do
            respond on $far changed_quote offset=$offset mask=$mask
            step it
            case $offset,$mask in
            0,* | 6,1 | 7,* | 9,* | 1[6-9],* | 2[01],* | 2[4-7],*) expect_answer from=$far ;;
            *) expect_icmp_error status=IP_DEST_HOST_UNREACHABLE from=$far ;;
            esac
        done
    done
}

# ---- Floods: replies and requests that nobody has asked for, while 100 requests are outstanding ----

# Winsock brings a raw socket every ICMP packet, and under Wine reads some 10,000 in a second: what comes
# faster fills the socket's buffer, and the kernel drops the rest, our replies among it. Others leave to the
# kernel what is not theirs.
scenario_a_flood_that_can_be_read_loses_nothing() { # x86 too, alone
    local flood="count=1000000"
    [[ $transport != winsock ]] || flood="count=20000 pace=2000"
    respond on $far echo delay=100..9000
    respond flood to=$client requests=50 $flood
    probe $far many=100 timeout=15000
    expect accepted=100 answered=100 mixed=0 untold=0 twice=0 early=0 rewritten=0
}

scenario_a_flood_too_fast_to_be_read_harms_nothing() { # over winsock, alone
    respond on $far echo delay=100..9000
    respond flood count=1000000 to=$client requests=50
    probe $far many=100 timeout=10000
    expect accepted=100 other=0 mixed=0 untold=0 twice=0 early=0 rewritten=0
    respond wait
    respond on $far echo
    probe $far many=100
    expect accepted=100 answered=100 mixed=0 untold=0 twice=0 early=0 rewritten=0
}
