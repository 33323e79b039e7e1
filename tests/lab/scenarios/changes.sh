# A network that changes while a request is on its way.

# The reply finds no way back. What is asked after that, on the same handle, is answered.
scenario_an_interface_may_go_down_during_a_request_and_up_again() { # x86 too
    local by requests=0
    for by in call event routine; do
        respond on $far echo delay=1000
        start_probe it $far timeout=1500 count=3 by=$by
        start_step it
        await_responder requests=$((requests += 1))
        ip -n client link set lan down
        finish_step it
        expect_time_out 1500

        step it
        expect_refusal ERROR_NETWORK_UNREACHABLE

        ip -n client link set lan up
        ip -n client route replace default via $router1
        await_addresses client
        step it
        expect_answer from=$far
        requests=$((requests + 1))
    done
}

scenario_an_interface_that_is_up_again_in_time_loses_nothing() { # IPv6 too
    respond on $far echo delay=3000
    start_probe it $far timeout=20000
    start_step it
    await_responder requests=1
    ip -n client link set lan down
    ip -n client link set lan up
    ip -n client route replace default via $router1
    finish_step it
    expect_answer from=$far
}
