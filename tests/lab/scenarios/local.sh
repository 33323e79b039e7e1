# What goes wrong before a request has left the client. behaviour.md 4.3.

# The kernel asks three times for the neighbour, then sends the client an error from its own address.
scenario_a_neighbour_that_does_not_answer_is_an_unreachable_host_from_the_own_address() { # x86 too, IPv6 too
    local by
    resolve_quickly client lan
    for by in call event routine; do
        probe $lan_nobody timeout=10000 by=$by
        expect_icmp_error "$host_unreachable" from=$client "rtt>=400" "took<=8000"
    done
}

scenario_a_neighbour_that_does_not_answer_in_time_is_a_time_out() {
    probe $lan_nobody timeout=500
    expect_time_out 500
}

# refused_in_every_way ADDRESS ERROR
refused_in_every_way() {
    local by
    for by in call event routine; do
        probe "$1" by=$by
        expect_refusal "$2"
    done
}

scenario_without_a_route_there_is_no_request() { # x86 too, IPv6 too
    ip -n client route del default via $router1
    refused_in_every_way $server ERROR_NETWORK_UNREACHABLE
}

scenario_an_unreachable_route_of_the_clients_own_is_an_unreachable_host() { # IPv6 too
    ip -n client route add unreachable $server
    refused_in_every_way $server ERROR_HOST_UNREACHABLE
}

# fails_in_every_way ADDRESS: as "general failure" after the request was accepted.
fails_in_every_way() {
    local by
    for by in call event routine; do
        probe "$1" by=$by
        expect ret=0 error=IP_GENERAL_FAILURE status=IP_GENERAL_FAILURE from=$unspecified bytes=0 data=none
    done
}

scenario_a_prohibited_route_of_the_clients_own_is_a_general_failure() { # IPv6 too
    ip -n client route add prohibit $server
    fails_in_every_way $server
}

scenario_a_black_hole_of_the_clients_own_is_a_general_failure() { # IPv6 too
    ip -n client route add blackhole $server
    fails_in_every_way $server
}

scenario_a_local_firewall_that_drops_is_a_general_failure() { # x86 too, IPv6 too
    filter client output 'meta l4proto { icmp, icmpv6 } drop'
    fails_in_every_way $server
}

# A firewall that rejects refuses the sender and sends him an ICMP error. That comes from the own address, and
# it depends on who receives whether it is read before the refusal is noticed.
scenario_a_local_firewall_that_rejects_is_a_general_failure_or_its_error() { # IPv6 too
    local by icmp=icmp
    [[ $family == ipv4 ]] || icmp=icmpv6
    filter client output "meta l4proto $icmp reject with $icmp type admin-prohibited"
    for by in call event routine; do
        probe $server by=$by
        if holds from=$client "${results[0]}"; then
            expect_icmp_error 'status=IP_DEST_HOST_UNREACHABLE|IP_DEST_PROHIBITED'
        else
            expect ret=0 error=IP_GENERAL_FAILURE status=IP_GENERAL_FAILURE from=$unspecified bytes=0
        fi
    done
}
