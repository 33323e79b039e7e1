# IcmpSendEcho2Ex with a source address.

scenario_each_local_address_is_the_source_that_was_asked_for() { # x86 too
    local source by
    respond on $far mirror
    for source in $client $client_second $client_loopback; do
        for by in call event routine; do
            probe $far source=$source by=$by
            expect_mirrored 12 "$(hexadecimal "$source")"
        done
    done
    probe $far
    expect_mirrored 12 "$(hexadecimal $client)"
}

scenario_another_hosts_address_is_no_source() { # x86 too
    local source by
    for source in $host1 $server 10.1.0.12 255.255.255.254; do
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

scenario_an_address_that_is_gone_is_no_source_any_more() {
    start_probe it $far source=$client_second count=3
    respond on $far echo
    step it
    expect_answer from=$far
    ip -n client address del $client_second/24 dev lan
    step it
    holds status!=IP_SUCCESS "${results[0]}" || fail "$probed" "expected: no answer" "came: ${results[0]}"
    ip -n client address add $client_second/24 dev lan
    step it
    expect_answer from=$far
}

scenario_the_clients_own_addresses_answer() {
    local address
    for address in $client $client_second $client_loopback 127.0.0.1; do
        probe $address ttl=1
        expect_answer from=$address
        probe $address source=$client_second
        expect_answer from=$address
    done
}
