# No transport may open a socket: neither the program itself, as the host transport would have it do, nor wineserver, who
# opens Winsock's. Wine's own ICMP functions have theirs opened by a third, winedevice, who may.

without_transports() {
    transport=auto # whatever the lab is run over
    local without=(setpriv --inh-caps=-net_raw --bounding-set=-net_raw)
    enable_wines_driver
    privileges=("${without[@]}")
    windows wineserver -p
    privileges=()
    start_wine
    privileges=("${without[@]}")
}

# traced TEXT: the last probe's trace has a line with that.
traced() {
    grep -qF -- "$1" "$work_dir/errors" || fail "$probed" "expected: a line with $1" "came:" "$(<"$work_dir/errors")"
}

scenario_without_transports_the_system_does_the_work_and_the_trace_says_so() { # x86 too, over winsock
    local by
    without_transports
    OPENICMP_TRACE=1 probe $server
    expect_answer from=$server
    traced 'transport: not winsock, error 5'
    traced "transport: the system's own functions for IPv4, because no other can carry it, error 5"
    traced "echo $server by the system's IcmpSendEcho"
    for by in call event routine; do
        probe $server by=$by count=3
        expect_each ret=1 error=0 status=IP_SUCCESS data=same from=$server
        respond on $far echo delay=300
        probe $far by=$by
        expect_answer from=$far
        respond on $far silent
        probe $far by=$by timeout=400
        expect ret=0 error=IP_REQ_TIMED_OUT "took>=300"
    done
}

scenario_without_any_rights_the_system_refuses_as_it_does_without_us() { # over winsock
    transport=auto
    enable_wines_driver
    privileges=(setpriv --inh-caps=-net_raw --bounding-set=-net_raw)
    probe $server
    expect_refusal ERROR_ACCESS_DENIED
}
