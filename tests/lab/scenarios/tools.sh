# Our ping and tracert as their users run them: as ordinary users, who may open ping sockets and no others.

# run_tool PROGRAM ARGUMENT...: leaves the lines that it prints in lines[], and its exit status in status.
run_tool() {
    start_wine
    probed=$*
    status=0
    windows "$build_dir/$arch/bin/$1.exe" "${@:2}" </dev/null >"$work_dir/lines" 2>"$work_dir/errors" || status=$?
    mapfile -t lines < <(tr -d '\r' <"$work_dir/lines")
}

# expect_lines STATUS REGEX...: the last tool printed exactly these lines, and ended like that.
expect_lines() {
    local wanted i=0
    for wanted in "${@:2}"; do
        [[ ${lines[i]:-} =~ ^$wanted$ ]] ||
            fail "$probed" "line $((i + 1)), expected: $wanted" "came:" "${lines[@]}"
        i=$((i + 1))
    done
    ((${#lines[@]} == $# - 1)) || fail "$probed" "expected: $(($# - 1)) lines" "came:" "${lines[@]}"
    [[ $status == "$1" ]] || fail "$probed" "expected: exit status $1" "came: $status"
}

# expect_trace STATUS MAX_HOPS TARGET REGEX...: a trace with these lines for its hops.
expect_trace() {
    expect_lines "$1" '' "Tracing the route to $3" "over at most $2 hops:" '' "${@:4}" '' 'Trace complete\.'
}

# hop NUMBER HOST: the line of one that has answered thrice.
hop() {
    printf '%3d( +(<1|[0-9]+) ms){3}  %s' "$1" "$2"
}

# silent_hop NUMBER
silent_hop() {
    printf '%3d     \*        \*        \*     Request timed out\.' "$1"
}

# drop_time_exceeded NODE: it keeps silent about what ends with it.
drop_time_exceeded() {
    local protocol=icmp
    [[ $family == ipv4 ]] || protocol=icmpv6
    filter "$1" output "$protocol type time-exceeded drop"
}

scenario_tracert_shows_both_routers_and_the_server_to_an_ordinary_user() { # over host, x86 too, IPv6 too
    as_an_ordinary_user
    run_tool tracert -d "$server"
    expect_trace 0 30 "$server" "$(hop 1 "$router1")" "$(hop 2 "$router2")" "$(hop 3 "$server")"
    run_tool tracert -d --sequential -h 9 -S "$client_second" "$server"
    expect_trace 0 9 "$server" "$(hop 1 "$router1")" "$(hop 2 "$router2")" "$(hop 3 "$server")"
}

scenario_tracert_ends_with_the_last_hop_it_may_look_at() { # IPv6 too
    run_tool tracert -d -h 2 "$server"
    expect_trace 1 2 "$server" "$(hop 1 "$router1")" "$(hop 2 "$router2")"
}

scenario_tracert_says_what_a_router_reports_and_ends_there() { # IPv6 too
    run_tool tracert -d --sequential "$nowhere"
    expect_trace 1 30 "$nowhere" "$(hop 1 "$router1")" "  2  $router2  reports: Destination net unreachable\."
    run_tool tracert -d "$nowhere"
    expect_trace 1 30 "$nowhere" "$(hop 1 "$router1")" "  2  $router2  reports: Destination net unreachable\."
}

scenario_tracert_goes_on_behind_a_router_that_keeps_silent() { # IPv6 too
    drop_time_exceeded router1
    run_tool tracert -d -w 500 "$server"
    expect_trace 0 30 "$server" "$(silent_hop 1)" "$(hop 2 "$router2")" "$(hop 3 "$server")"
}

# All probes of a hop, and those of all hops, wait at the same time.
scenario_tracert_waits_for_nobody_thirty_times() {
    local started=$SECONDS
    run_tool tracert -d -w 3000 "$far"
    ((${#lines[@]} == 36)) || fail "$probed" "expected: 36 lines" "came:" "${lines[@]}"
    [[ $status == 1 && ${lines[33]} =~ ^$(silent_hop 30)$ ]] || fail "$probed" "came:" "${lines[@]}"
    ((SECONDS - started < 60)) || fail "$probed: it took $((SECONDS - started)) seconds; hop after hop it were 252"
}

# Names that are there, and a name server that does not answer for those that are not. The heading and each of
# the routers would wait for it 10 seconds and more.
scenario_tracert_shows_names_and_does_not_wait_for_others() { # over host
    local started
    start_wine # which looks for the machine's own name, and waits for it
    started=$SECONDS
    printf '%s\n' '127.0.0.1 localhost' "$router2 second.example" "$server server.example" >"$work_dir/hosts"
    printf '%s\n' "nameserver $far" 'options timeout:20' >"$work_dir/resolv.conf"
    mount --bind "$work_dir/hosts" /etc/hosts
    mount --bind "$work_dir/resolv.conf" /etc/resolv.conf
    run_tool tracert server.example
    expect_trace 0 30 "server\.example \[$server\]" "$(hop 1 "$router1")" \
        "$(hop 2 "second\.example \[$router2\]")" "$(hop 3 "server\.example \[$server\]")"
    ((SECONDS - started < 18)) || fail "$probed: it took $((SECONDS - started)) seconds"
}

# By a host of the LAN that forwards what it is sent, and so is the first hop.
scenario_tracert_goes_by_way_of_a_loose_source_route() {
    set_kernel host1 ipv4/conf/{all,lan}/send_redirects=0
    run_tool tracert -d -j $host1 $server
    expect_trace 0 30 $server "$(hop 1 $host1)" "$(hop 2 $router1)" "$(hop 3 $router2)" "$(hop 4 $server)"
}

scenario_tracert_watches_losses_and_times_of_each_hop() { # over host, IPv6 too
    local time='  [0-9.]{5}' round
    local expected=('' "Watching the route to $server, round, hop, time and host:" '')
    as_an_ordinary_user
    drop_time_exceeded router2
    run_tool tracert -d -w 500 --watch --count 3 --interval 50 "$server"
    for round in 1 2 3; do
        expected+=("     $round   1 +[0-9.]+ ms  $router1" "     $round   2         \*     no answer"
            "     $round   3 +[0-9.]+ ms  $server")
    done
    expect_lines 0 "${expected[@]}" '' \
        'Hop  Loss   Sent   Last    Avg   Best  Worst  Chart                 Host' \
        "  1    0%      3($time){4}  (▁|▂|▃|▄|▅|▆|▇|█){3} {19}$router1" \
        "  2  100%      3(      -){4}  xxx {19}no answer" \
        "  3    0%      3($time){4}  (▁|▂|▃|▄|▅|▆|▇|█){3} {19}$server"
}

# Three times of whole milliseconds are hardly by chance.
scenario_precise_ping_shows_microseconds() { # over host, IPv6 too
    local bytes='bytes=32 ' ttl=' TTL=62' reply
    [[ $family == ipv4 ]] || bytes='' ttl=''
    reply="Reply from $server: ${bytes}time=[0-9]+\.[0-9]{3}ms$ttl"
    as_an_ordinary_user
    run_tool ping --precise -n 3 "$server"
    expect_lines 0 '' "Pinging $server with 32 bytes of data:" "$reply" "$reply" "$reply" '' \
        "Ping statistics for $server:" '    Packets: Sent = 3, Received = 3, Lost = 0 \(0% loss\),' \
        'Approximate round trip times in milli-seconds:' \
        '    Minimum = [0-9]+\.[0-9]{3}ms, Maximum = [0-9]+\.[0-9]{3}ms, Average = [0-9]+\.[0-9]{3}ms'
    (($(grep -c '^Reply.*\.000ms' "$work_dir/lines") < 3)) || fail "$probed" "${lines[@]}"
}

# innermost_of PID: the process that it has started, or that this one has, and so on.
innermost_of() {
    local pid=$1 child
    while child=$(<"/proc/$pid/task/$pid/children") && [[ -n $child ]]; do
        pid=${child%% *}
    done
    printf '%s\n' "$pid"
}

# run_tool_until REGEX PROGRAM ARGUMENT...: as run_tool, but with Ctrl-C, which comes to Wine as SIGINT, as soon as it
# has printed such a line.
run_tool_until() {
    local tenths tool
    start_wine
    probed="${*:2}, interrupted" status=0
    : >"$work_dir/lines"
    windows "$build_dir/$arch/bin/$2.exe" "${@:3}" </dev/null >"$work_dir/lines" 2>"$work_dir/errors" &
    tool=$!
    for ((tenths = 0; tenths < 300; tenths++)); do
        ! grep -Eq "$1" "$work_dir/lines" || break
        sleep 0.1
    done
    kill -INT "$(innermost_of $tool)"
    wait $tool || status=$?
    mapfile -t lines < <(tr -d '\r' <"$work_dir/lines")
}

# The third hop and those behind it would take a minute.
scenario_ctrl_c_ends_a_trace_at_once() { # over host
    run_tool_until "$router2" tracert -d -w 60000 "$far"
    expect_lines 1 '' "Tracing the route to $far" 'over at most 30 hops:' '' "$(hop 1 "$router1")" "$(hop 2 "$router2")" \
        '' Control-C
}

scenario_ctrl_c_ends_a_watch_with_its_table() { # over host
    run_tool_until '^     2   3' tracert -d --watch --interval 100 "$server"
    [[ $status == 0 && ${lines[-4]} == 'Hop  Loss '* && ${lines[-1]} == '  3 '*"  $server" ]] ||
        fail "$probed" "exit status $status" "came:" "${lines[@]}"
}
