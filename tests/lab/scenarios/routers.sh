# What routers on the way tell, and what they keep to themselves.

# A traceroute: TTL 1 and 2 end at the routers, 3 reaches the server.
scenario_each_router_tells_that_the_ttl_ended_with_it() { # x86 too, IPv6 too
    local by
    for by in call event routine; do
        probe "$server" ttl=1 by=$by
        expect_icmp_error "$ttl_ended" from=$router1
        probe "$server" ttl=2 by=$by
        expect_icmp_error "$ttl_ended" from=$router2
        probe "$server" ttl=3 by=$by
        expect_answer from=$server
    done
}

scenario_the_round_trip_time_of_an_error_is_that_of_the_router() { # IPv6 too
    local type=11
    [[ $family == ipv4 ]] || type=3
    respond on $far error type=$type code=0 from=$far_router delay=300
    probe $far
    expect_icmp_error "$ttl_ended" from=$far_router "rtt>=300" "took>=300"
}

# What is left of the TTL that the server gives its replies, after two routers.
scenario_the_servers_own_ttl_comes_back() {
    set_kernel server ipv4/ip_default_ttl=99
    probe $server ttl=200
    expect_answer from=$server ttl=97
}

scenario_a_router_without_a_route_says_that_the_net_is_unreachable() { # x86 too, IPv6 too
    local by
    for by in call event routine; do
        probe $nowhere by=$by
        expect_icmp_error "$net_unreachable" from=$router2
    done
}

scenario_a_router_that_finds_no_neighbour_says_that_the_host_is_unreachable() { # IPv6 too
    resolve_quickly router2 server
    probe $server_nobody timeout=10000
    expect_icmp_error "$host_unreachable" from=$router2 "rtt>=400"
}

# Routes may say unreachable (host, code 1; with IPv6 no route, code 0) and prohibit (code 13; 1).
scenario_a_router_says_what_its_route_says() { # IPv6 too
    ip -n router1 route del $nowhere via $router2
    ip -n router1 route add unreachable $nowhere
    ip -n router1 route add prohibit $server
    probe $nowhere
    expect_icmp_error 'status=IP_DEST_HOST_UNREACHABLE|IP_DEST_NO_ROUTE' from=$router1
    probe $server by=event
    expect_icmp_error 'status=IP_DEST_HOST_UNREACHABLE|IP_DEST_PROHIBITED' from=$router1
}

scenario_a_route_into_a_black_hole_ends_in_a_time_out() { # x86 too, IPv6 too
    local by
    ip -n router2 route add blackhole $server
    for by in call event routine; do
        probe $server timeout=400 by=$by
        expect_time_out 400
    done
}

# rejects_with icmp|icmpv6 TYPE=STATUS...: what the packet filter of a router can reject with.
rejects_with() {
    local rejection
    for rejection in "${@:2}"; do
        filter router2 forward "meta l4proto $1 reject with $1 type ${rejection%=*}"
        probe $server
        expect_icmp_error status="${rejection#*=}" from=$router2
    done
}

scenario_a_routers_firewall_rejects_with_every_code_it_has() { # IPv6 too
    if [[ $family == ipv6 ]]; then
        rejects_with icmpv6 no-route=IP_DEST_NO_ROUTE admin-prohibited=IP_DEST_PROHIBITED \
            addr-unreachable=IP_DEST_ADDR_UNREACHABLE port-unreachable=IP_DEST_PORT_UNREACHABLE \
            policy-fail=IP_ICMP_ERROR reject-route=IP_DEST_UNREACHABLE
        return
    fi
    rejects_with icmp net-unreachable=IP_DEST_NET_UNREACHABLE host-unreachable=IP_DEST_HOST_UNREACHABLE \
        prot-unreachable=IP_DEST_PROT_UNREACHABLE port-unreachable=IP_DEST_PORT_UNREACHABLE \
        net-prohibited=IP_DEST_NET_UNREACHABLE host-prohibited=IP_DEST_HOST_UNREACHABLE \
        admin-prohibited=IP_DEST_HOST_UNREACHABLE
}

# A router that keeps all fragments but the first: the server waits for the others, and tells when it has
# waited enough.
scenario_the_server_tells_when_fragments_did_not_come() { # IPv6 too
    if [[ $family == ipv4 ]]; then
        set_kernel server ipv4/ipfrag_time=1
        filter router2 prerouting 'ip frag-off & 0x1fff != 0 drop'
    else
        set_kernel server ipv6/ip6frag_time=1
        filter router2 prerouting 'frag frag-off != 0 drop'
    fi
    probe $server bytes=3000 timeout=20000
    expect_icmp_error "$reassembly_ended" from=$server "rtt>=900"
}

# The second gateway finds that too many before it had no room for their timestamps. (Linux lets no user send
# such an option in the first place.)
scenario_a_router_tells_that_an_option_makes_no_sense() {
    probe $server options=440809e000000000
    expect_icmp_error status=IP_PARAM_PROBLEM from=$router2
}

# A strict route by way of router1 to the server, which is no neighbour of router1's.
scenario_a_router_tells_that_a_strict_route_cannot_be_gone() { # x86 too
    probe $server options=890b04$(hexadecimal $router1 $server)
    expect_icmp_error status=IP_BAD_ROUTE from=$router1
}
