# What only IPv6 has. behaviour.md 2.6.

# host3 has the link-local address of host1, on a second link of the client's. $by_lan and $by_other name them.
make_second_link() {
    local scope
    cable client other host3 other
    ip -n client address add fe80::a0/64 dev other
    ip -n host3 address add "fe80::${host1##*:}/64" dev other
    scope=$(lan_scope)
    by_lan=fe80::${host1##*:}$scope
    by_other=fe80::${host1##*:}%$(($(ip -n client -oneline link show other | sed 's/:.*//')))
}

scenario_the_scope_of_a_link_local_address_says_which_link() { # IPv6 only, x86 too
    local by
    make_second_link
    filter host3 input 'icmpv6 type echo-request counter'
    for by in call event routine; do
        probe $by_lan by=$by
        expect_answer from=$by_lan
    done
    [[ $(counted host3 input) == 0 ]] || fail "requests to $by_lan went to the other link"
    for by in call event routine; do
        probe $by_other by=$by
        expect_answer from=$by_other
    done
    [[ $(counted host3 input) == 3 ]] || fail "not all requests to $by_other went to its link"
}

# The two are of one packet, so that it is enough to name the link once.
scenario_the_scope_of_a_source_says_which_link() { # IPv6 only
    make_second_link
    probe ${by_other%\%*} source=fe80::a0%${by_other#*%}
    expect_answer from=$by_other
    probe $by_other source=fe80::a0
    expect_answer from=$by_other
    probe $by_lan source=fe80::${client##*:}%${by_lan#*%}
    expect_answer from=$by_lan
}

scenario_a_scope_that_no_link_has_is_no_route() { # IPv6 only
    local by
    for by in call event routine; do
        probe fe80::${host1##*:}%4711 by=$by
        expect_refusal ERROR_NETWORK_UNREACHABLE
    done
}

# Java leaves in there what lay in memory.
scenario_a_scope_where_there_is_none_is_not_looked_at() { # IPv6 only
    probe $server%4711
    expect_answer from=$server
    probe $server source=::%4711
    expect_answer from=$server
    probe $server source=$client%4711
    expect_answer from=$server
}

scenario_a_link_local_neighbour_that_does_not_answer_is_unreachable() { # IPv6 only
    resolve_quickly client lan
    probe fe80::99$(lan_scope)
    expect_icmp_error status=IP_DEST_ADDR_UNREACHABLE from=fe80::${client##*:}$(lan_scope)
}

# Many answer; the reply buffer of IPv6 has no place for more than one.
scenario_a_multicast_request_ends_with_the_first_who_answers() { # IPv6 only, x86 too
    local by node conditions=from=none scope
    scope=$(lan_scope)
    set_kernel client ipv6/icmp/echo_ignore_multicast=1
    for node in $host1 $host2 $host3 $router1; do
        conditions+="|fe80::${node##*:}$scope"
    done
    for by in call event routine; do
        probe $all_nodes$scope by=$by
        expect_answer "$conditions" "took<=9000"
    done
}

scenario_a_hop_limit_of_0_is_a_general_failure() { # IPv6 only
    local by
    for by in call event routine; do
        probe $server ttl=0 by=$by
        expect ret=0 error=IP_GENERAL_FAILURE status=IP_GENERAL_FAILURE from=$unspecified bytes=0
    done
}

scenario_the_unspecified_address_is_no_destination() { # IPv6 only
    local by
    for by in call event routine; do
        probe :: by=$by
        expect_refusal ERROR_INVALID_NETNAME
    done
}

scenario_the_hop_limit_and_the_traffic_class_arrive() { # IPv6 only
    local number
    respond on $far mirror
    for number in 3 64 255; do
        probe $far ttl=$number
        expect_mirrored 7 "$(printf %02x $((number - 2)))"
    done
    for number in 0 1 46 252 255; do
        probe $far tos=$number ttl=64
        expect_mirrored 0 "6$(printf %02x $number)"
    done
}
