# sweep.exe over networks with living and silent addresses.

# live_network NETWORK: the server has all of its addresses.
live_network() {
    ip -n router1 route add "$1" via $router2
    ip -n router2 route add "$1" via $server
    ip -n server route add local "$1" dev lo
}

# sweep ARGUMENT...: runs sweep.exe, leaves the lines of standard output in results[] and its exit status in
# $status.
sweep() {
    start_wine
    probed="sweep $*"
    status=0
    windows "$build_dir/$arch/bin/sweep.exe" "$@" </dev/null >"$work_dir/results" 2>"$work_dir/errors" || status=$?
    read_results "$work_dir/results"
}

# expect_status NUMBER
expect_status() {
    ((status == $1)) || fail "$probed" "exit status $status, not $1" "$(<"$work_dir/errors")" "${results[@]: -10}"
}

# addresses_of NETWORK_START NUMBER: so many addresses behind it, a line each.
addresses_behind() {
    local a b c d
    IFS=. read -r a b c d <<<"$1"
    seq 1 "$2" | awk -v start=$((a << 24 | b << 16 | c << 8 | d)) '{
        n = start + $1
        printf "%d.%d.%d.%d\n", n / 16777216, n / 65536 % 256, n / 256 % 256, n % 256
    }'
}

# All 16,382 of a network two routers away, as fast as it can.
scenario_a_sweep_finds_each_of_16382_hosts_once() { # alone
    live_network 10.128.0.0/18
    sweep 10.128.0.0/18 --format csv --timeout 5000
    expect_status 0
    ((${#results[@]} == 16383)) || fail "$probed" "${#results[@]} lines, not 16,383" "$(<"$work_dir/errors")"
    diff <(addresses_behind 10.128.0.0 16382 | sort) \
        <(printf '%s\n' "${results[@]:1}" | cut -d, -f1 | sort) >"$work_dir/difference" ||
        fail "$probed" "$(head -n 5 "$work_dir/difference")"
}
