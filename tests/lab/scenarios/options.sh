# IPv4 options and the type of service, over real routers. The responder's mirror shows what arrived.

zeros() { # zeros COUNT: bytes, as in options=
    printf '00%.0s' $(seq "$1")
}

# expect_mirrored OFFSET BYTES: these stand there in the packet that arrived at the mirror, in hexadecimal, as in
# options=.
expect_mirrored() {
    local came
    expect ret=1 error=0 status=IP_SUCCESS from=$far
    came=$(field data "${results[0]}")
    [[ ${came:$1*2:${#2}} == "$2" ]] ||
        fail "$probed" "expected at byte $1 of what arrived: $2" "came: ${came:$1*2:${#2}}" "of $came"
}

# The client and both routers write down the addresses by which they send, the server its own twice, and the
# routers do it again on the way back. Then the seven places are taken.
scenario_record_route_comes_back_with_the_way() { # x86 too
    local by way
    way=$(hexadecimal $client $router1_core $router2_server $server $server $router2 $router1)
    for by in call event routine; do
        probe $server options=071f04$(zeros 28) by=$by
        expect_answer from=$server options="071f20${way}00"
    done
}

scenario_record_route_arrives_with_the_way_so_far() {
    respond on $far mirror
    probe $far options=070f04$(zeros 12)
    expect_mirrored 20 070f10$(hexadecimal $client $router1_core $router2_world)00
}

scenario_a_record_route_without_enough_room_comes_back_full() {
    probe $server options=070704$(zeros 4)
    expect_answer from=$server options=070708$(hexadecimal $client)00
}

# expect_stamps STAMP...: these are times of the day in ms, in order, and not far from now. (RFC 791: since
# midnight UT.)
expect_stamps() {
    local stamp before=0 now=$((EPOCHSECONDS % 86400 * 1000))
    for stamp; do
        stamp=$((16#$stamp))
        ((stamp >= before && stamp >= now - 60000 && stamp <= now + 60000)) ||
            fail "$probed" "expected: timestamps in order, about $now" "came: $*, ${results[0]}"
        before=$stamp
    done
}

# Of everyone on the way, there and back: the eighth takes the last place.
scenario_timestamps_come_back_of_everyone_on_the_way() { # x86 too
    local options
    probe $server options=442405$(zeros 33)
    expect_answer from=$server
    options=$(field options "${results[0]}")
    [[ ${options:0:8} == 44242500 && ${#options} == 72 ]] ||
        fail "$probed" "expected 8 timestamps" "came: $options"
    expect_stamps $(fold -w 8 <<<"${options:8}")
}

# With addresses there is room for four; the three that come after are counted.
scenario_timestamps_with_addresses_come_back_and_count_those_without_room() {
    local options wanted=44242531 node
    for node in $client $router1 $router2 $server; do
        wanted+="$(hexadecimal "$node")(.{8})"
    done
    probe $server options=44240501$(zeros 32)
    expect_answer from=$server
    options=$(field options "${results[0]}")
    [[ $options =~ ^$wanted$ ]] ||
        fail "$probed" "expected 4 addresses, and 3 without room" "came: $options"
    expect_stamps "${BASH_REMATCH[@]:1}"
}

# By way of host1, which is a hop more: the reply goes back the same way.
scenario_a_loose_route_is_gone_there_and_back() { # x86 too
    probe $server options=830b04$(hexadecimal $host1 $server)
    expect_answer from=$server ttl=61 options=830708$(hexadecimal $host1)00
    respond on $far mirror
    probe $far options=830b04$(hexadecimal $host1 $far) ttl=50
    expect_mirrored 8 2f
    expect_mirrored 20 830b08$(hexadecimal $host1 $far)00
}

scenario_a_strict_route_is_gone_there_and_back() {
    probe $server options=890f04$(hexadecimal $router1 $router2 $server)
    expect_answer from=$server ttl=62 options=890b0c$(hexadecimal $router2 $router1)00
    respond on $far mirror
    probe $far options=890f04$(hexadecimal $router1 $router2 $far)
    expect_mirrored 20 890f0c$(hexadecimal $router1_core $router2_world $far)00
}

# The destination that a router quotes is a hop, not the one asked for.
scenario_an_error_about_a_request_on_a_loose_route_is_taken() {
    probe $server options=830b04$(hexadecimal $host1 $server) ttl=2
    expect_icmp_error status=IP_TTL_EXPIRED_TRANSIT from=$router1
    probe $server options=830b04$(hexadecimal $router1 $server) ttl=1
    expect_icmp_error status=IP_TTL_EXPIRED_TRANSIT from=$router1
}

scenario_the_type_of_service_arrives_and_comes_back() {
    local tos
    respond on $far mirror
    for tos in 0 1 16 46 184 252 255; do
        probe $far tos=$tos
        expect_mirrored 0 45$(printf %02x $tos)
        probe $server tos=$tos
        expect_answer from=$server tos=$tos
    done
}

scenario_df_arrives_only_when_it_was_asked_for() {
    respond on $far mirror
    probe $far df
    expect_mirrored 6 4000
    probe $far
    expect_mirrored 6 0000
}
