# Short and long requests, and the MTU.

# The link between the routers takes IPv4 packets of 1,200 bytes: 1,172 of data.
narrow_path() {
    ip -n router1 link set core mtu 1200
    ip -n router2 link set core mtu 1200
}

# The client's kernel remembers what it was told of the MTU; here it has forgotten.
scenario_with_df_every_size_over_the_path_mtu_is_too_big() { # x86 too
    local size
    narrow_path
    for ((size = 1160; size <= 1184; size++)); do
        ip -n client route flush cache
        probe $server df bytes=$size
        if ((size <= 1172)); then
            expect_answer from=$server bytes=$size
        else
            expect_icmp_error status=IP_PACKET_TOO_BIG from=$router1
        fi
    done
}

# Once told, the client's kernel refuses to send more: the same status, without an answer.
scenario_with_df_what_is_known_to_be_too_big_is_not_sent() {
    local by
    narrow_path
    probe $server df bytes=1173
    expect_icmp_error status=IP_PACKET_TOO_BIG from=$router1
    for by in call event routine; do
        probe $server df bytes=1173 by=$by
        expect ret=0 error=IP_PACKET_TOO_BIG status=IP_PACKET_TOO_BIG from=$unspecified bytes=0
        probe $server df bytes=1172 by=$by
        expect_answer from=$server
    done
}

scenario_with_df_every_size_over_the_mtu_of_the_own_link_is_too_big() {
    local size
    for size in 1471 1472; do
        probe $server df bytes=$size
        expect_answer from=$server bytes=$size
    done
    for size in 1473 1474 9000 65500; do
        probe $server df bytes=$size
        expect ret=0 error=IP_PACKET_TOO_BIG status=IP_PACKET_TOO_BIG from=$unspecified bytes=0
    done
}

# Also after a router has told of its MTU.
scenario_without_df_every_size_gets_through() { # x86 too
    local size
    narrow_path
    probe $server df bytes=1173
    expect_icmp_error status=IP_PACKET_TOO_BIG from=$router1
    for size in 0 1 1171 1172 1173 1471 1472 1473 2400 9000 65499 65500; do
        probe $server bytes=$size
        if ((size == 0)); then
            expect ret=1 error=0 status=IP_SUCCESS data=none from=$server bytes=0
        else
            expect_answer from=$server bytes=$size
        fi
    done
}

scenario_65500_bytes_come_back_in_every_way_of_telling() { # x86 too
    local by
    for by in call event routine; do
        probe $server bytes=65500 by=$by count=5
        expect_each ret=1 error=0 status=IP_SUCCESS data=same from=$server bytes=65500
    done
}

# The mirror's reply is 28 bytes longer than what was sent: what is not asked for has no room.
scenario_a_reply_longer_than_its_buffer_is_a_general_failure() { # x86 too
    local by
    respond on $far mirror
    for by in call event routine; do
        probe $far room=1 by=$by
        expect ret=0 error=IP_GENERAL_FAILURE status=IP_GENERAL_FAILURE from=$unspecified bytes=0
        probe $far by=$by
        expect ret=1 error=0 status=IP_SUCCESS bytes=60
    done
}
