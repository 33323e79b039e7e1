# Short and long requests, and the MTU.

# The link between the routers takes packets of 1,200 bytes; 1,300 of IPv6, which is never content with less than 1,280.
# (The server knows: its replies are not fragmented on the way either.) Leaves in $fitting how much data is in the largest, and in $fitting_link how much is in the largest of the own link.
narrow_path() {
    local mtu=1200 headers=28
    [[ $family == ipv4 ]] || mtu=1300 headers=48
    ip -n router1 link set core mtu $mtu
    ip -n router2 link set core mtu $mtu
    ip -n server route change default via $router2_server mtu $mtu
    fitting=$((mtu - headers)) fitting_link=$((1500 - headers))
}

forget_path_mtu() {
    ip -n client -${family#ipv} route flush cache
}

# The client's kernel remembers what it was told of the MTU; here it has forgotten.
scenario_with_df_every_size_over_the_path_mtu_is_too_big() { # x86 too, IPv6 too
    local size
    narrow_path
    for ((size = fitting - 8; size <= fitting + 8; size++)); do
        forget_path_mtu
        probe $server $dont_fragment bytes=$size
        if ((size <= fitting)); then
            expect_answer from=$server bytes=$size
        else
            expect_icmp_error status=IP_PACKET_TOO_BIG from=$router1
        fi
    done
}

# Once told, the client's kernel refuses to send more: the same status, without an answer.
scenario_with_df_what_is_known_to_be_too_big_is_not_sent() { # IPv6 too
    local by
    narrow_path
    probe $server $dont_fragment bytes=$((fitting + 1))
    expect_icmp_error status=IP_PACKET_TOO_BIG from=$router1
    for by in call event routine; do
        probe $server $dont_fragment bytes=$((fitting + 1)) by=$by
        expect ret=0 error=IP_PACKET_TOO_BIG status=IP_PACKET_TOO_BIG from=$unspecified bytes=0
        probe $server $dont_fragment bytes=$fitting by=$by
        expect_answer from=$server
    done
}

scenario_with_df_every_size_over_the_mtu_of_the_own_link_is_too_big() { # IPv6 too
    local size fitting=1472
    [[ $family == ipv4 ]] || fitting=1452
    for size in $((fitting - 1)) $fitting; do
        probe $server $dont_fragment bytes=$size
        expect_answer from=$server bytes=$size
    done
    for size in $((fitting + 1)) $((fitting + 2)) 9000 65500; do
        probe $server $dont_fragment bytes=$size
        expect ret=0 error=IP_PACKET_TOO_BIG status=IP_PACKET_TOO_BIG from=$unspecified bytes=0
    done
}

# Also after a router has told of its MTU.
scenario_without_df_every_size_gets_through() { # x86 too, IPv6 too
    local size
    narrow_path
    probe $server $dont_fragment bytes=$((fitting + 1))
    expect_icmp_error status=IP_PACKET_TOO_BIG from=$router1
    for size in 0 1 $fitting $((fitting + 1)) $fitting_link $((fitting_link + 1)) 2400 9000 65499 65500; do
        probe $server bytes=$size
        if ((size == 0)); then
            expect ret=1 error=0 status=IP_SUCCESS data=none from=$server bytes=0
        else
            expect_answer from=$server bytes=$size
        fi
    done
}

scenario_65500_bytes_come_back_in_every_way_of_telling() { # x86 too, IPv6 too
    local by
    for by in call event routine; do
        probe $server bytes=65500 by=$by count=5
        expect_each ret=1 error=0 status=IP_SUCCESS data=same from=$server bytes=65500
    done
}

# Routers do not fragment packets of IPv6: what the client's kernel knows nothing of is too big once.
scenario_a_router_tells_of_its_mtu_and_what_comes_then_is_fragmented() { # IPv6 only
    local by
    narrow_path
    for by in call event routine; do
        forget_path_mtu
        probe $server bytes=$((fitting + 1)) by=$by
        expect_icmp_error status=IP_PACKET_TOO_BIG from=$router1
        probe $server bytes=$((fitting + 1)) by=$by
        expect_answer from=$server
    done
}

# The mirror's reply is 28 bytes (of IPv6 48) longer than what was sent: what is not asked for has no room.
scenario_a_reply_longer_than_its_buffer_is_a_general_failure() { # x86 too, IPv6 too
    local by
    respond on $far mirror
    for by in call event routine; do
        probe $far room=1 by=$by
        expect ret=0 error=IP_GENERAL_FAILURE status=IP_GENERAL_FAILURE from=$unspecified bytes=0
        probe $far by=$by
        expect ret=1 error=0 status=IP_SUCCESS 'bytes=60|80'
    done
}
