# sweep.exe over networks with living and silent addresses. run_tool and expect_lines are those of tools.sh.

# live_network NETWORK: the server has all of its addresses, two routers away.
live_network() {
    ip -n router1 route add "$1" via "$router2"
    ip -n router2 route add "$1" via "$server"
    ip -n server route add local "$1" dev lo
    [[ $family == ipv4 ]] || set_kernel server ipv6/ip_nonlocal_bind=1
}

# silent_network NETWORK: router2 drops what goes there.
silent_network() {
    ip -n router1 route add "$1" via "$router2"
    ip -n router2 route add blackhole "$1"
}

# hosts_of_10_128 NUMBER: the first so many hosts of 10.128.0.0/9, sorted as text.
hosts_of_10_128() {
    seq 1 "$1" | awk '{ printf "10.%d.%d.%d\n", 128 + $1 / 65536, $1 / 256 % 256, $1 % 256 }' | sort
}

# expect_csv FIELD VALUE: a field, counted from 1, of all lines but the heading.
expect_csv() {
    local line fields
    for line in "${lines[@]:1}"; do
        IFS=, read -ra fields <<<"$line"
        [[ ${fields[$1 - 1]:-} == "$2" ]] || fail "$probed" "expected: field $1 is $2" "came: $line"
    done
}

expect_status() {
    ((status == $1)) || fail "$probed" "exit status $status, not $1" "$(<"$work_dir/errors")" "${lines[@]: -5}"
}

# As fast as it can, and with more lines than a pipe holds.
scenario_a_sweep_finds_each_of_16382_hosts_once() { # alone, x86 too
    live_network 10.128.0.0/18
    run_tool sweep 10.128.0.0/18 --format csv --timeout 5000
    expect_status 0
    diff <(hosts_of_10_128 16382) <(printf '%s\n' "${lines[@]:1}" | cut -d, -f1 | sort) >"$work_dir/difference" ||
        fail "$probed" "$(grep -c '^[<>]' "$work_dir/difference") lines too few or too many" \
            "$(head -n 5 "$work_dir/difference")"
    expect_csv 3 true
}

scenario_a_sweep_finds_each_of_4096_hosts_of_ipv6_once() { # alone, IPv6 only
    live_network fd00:128::/116
    run_tool sweep fd00:128::/116 --format csv --timeout 5000
    expect_status 0
    ((${#lines[@]} == 4097)) || fail "$probed" "${#lines[@]} lines, not 4,097"
    ((4096 == $(printf '%s\n' "${lines[@]:1}" | cut -d, -f1 | sort -u | wc -l))) || fail "$probed" "some twice"
    expect_csv 3 true
}

# Both networks of a /15 in one go; half of them is alive.
scenario_a_sweep_of_131070_hosts_tells_the_living_from_the_silent() { # alone
    live_network 10.128.0.0/16
    silent_network 10.129.0.0/16
    run_tool sweep 10.128.0.0/15 --format csv --timeout 3000 --outstanding 65536 --retries 0
    expect_status 1
    diff <(hosts_of_10_128 65535) <(printf '%s\n' "${lines[@]:1}" | cut -d, -f1 | sort) >"$work_dir/difference" ||
        fail "$probed" "$(head -n 5 "$work_dir/difference")"
}

scenario_a_sweep_says_what_routers_say() { # IPv6 too
    run_tool sweep "$server" "$nowhere" --show all --format csv
    expect_status 1
    local line
    printf '%s\n' "${lines[@]}" | grep -q "^$server,,true,1,1,0,.*,answered,$server\$" ||
        fail "$probed" "${lines[@]}"
    printf '%s\n' "${lines[@]}" | grep -q "^$nowhere,,false,1,0,0,,,,[0-9]*,net unreachable,$router2\$" ||
        fail "$probed" "${lines[@]}"
}

scenario_a_sweep_repeats_what_was_not_answered_as_often_as_told() { # IPv6 too
    run_tool sweep "$far" --show all --format csv --retries 3 --timeout 200
    expect_status 1
    expect_lines 1 'address,.*' "$far,,false,1,0,3,,,,,no answer,"
    run_tool sweep "$far" --show all --format csv -n 4 --interval 1 --timeout 200
    expect_lines 1 'address,.*' "$far,,false,4,0,0,,,,,no answer,"
}

scenario_a_sweep_finds_hosts_through_losses() {
    live_network 10.128.0.0/24
    filter router1 forward 'ip daddr 10.128.0.0/24 numgen random mod 2 0 drop'
    run_tool sweep 10.128.0.0/24 --timeout 300 --retries 40 --format csv
    expect_status 0
    ((${#lines[@]} == 255)) || fail "$probed" "${#lines[@]} lines, not 255"
}

# Never quicker; 200 requests at 100 a second take 1.99 seconds, of which 10 ms may be made up for.
scenario_a_sweep_keeps_the_rate() {
    live_network 10.128.0.0/18
    run_tool sweep 10.128.0.0/18 --limit 200 --rate 100
    expect_status 0
    [[ ${lines[-1]} =~ ^time:\ ([0-9]+)\.([0-9]{3})\ s ]] || fail "$probed" "${lines[@]: -3}"
    ((10#${BASH_REMATCH[1]}${BASH_REMATCH[2]} >= 1975)) || fail "$probed" "${lines[-1]}"
}
