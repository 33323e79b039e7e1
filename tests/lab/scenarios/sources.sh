# IcmpSendEcho2Ex with a source address.

scenario_each_local_address_is_the_source_that_was_asked_for() { # x86 too, IPv6 too
    local source by offset=12
    [[ $family == ipv4 ]] || offset=8
    respond on $far mirror
    for source in $client $client_second $client_loopback; do
        for by in call event routine; do
            probe $far source=$source by=$by
            expect_mirrored $offset "$(hexadecimal "$source")"
        done
    done
    probe $far
    expect_mirrored $offset "$(hexadecimal $client)"
}

scenario_another_hosts_address_is_no_source() { # x86 too, IPv6 too
    local source by
    for source in $host1 $server $lan_nobody $nowhere; do
        for by in call event routine; do
            probe $server source="$source" by=$by
            expect_refusal ERROR_INVALID_NETNAME
        done
    done
}

# 127.0.0.1 is local, but nothing may leave with it.
scenario_a_source_that_does_not_fit_the_way_is_a_general_failure() {
    probe $server source=127.0.0.1
    expect ret=0 error=IP_GENERAL_FAILURE status=IP_GENERAL_FAILURE
    probe 127.0.0.1 source=127.0.0.1
    expect_answer from=127.0.0.1
}

scenario_an_address_that_is_gone_is_no_source_any_more() { # IPv6 too
    start_probe it $far source=$client_second count=3
    respond on $far echo
    step it
    expect_answer from=$far
    ip -n client address del $client_second/${lan_network#*/} dev lan
    step it
    holds status!=IP_SUCCESS "${results[0]}" || fail "$probed" "expected: no answer" "came: ${results[0]}"
    ip -n client address add $client_second/${lan_network#*/} dev lan
    await_addresses client
    step it
    expect_answer from=$far
}

scenario_the_clients_own_addresses_answer() { # IPv6 too
    local address
    for address in $client $client_second $client_loopback $loopback; do
        probe $address ttl=1
        expect_answer from=$address
        probe $address source=$client_second
        expect_answer from=$address
    done
}
