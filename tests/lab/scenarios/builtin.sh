# What Wine's own iphlpapi.dll can do, by the requests that show it of ours: the column "Wine's own" of docs/comparison.md
# is what comes of them, in Wine 8 and in Wine 10.

# The driver is there a little later than Wine.
start_wine_with_its_driver() {
    enable_wines_driver
    start_wine
    local tenths
    for ((tenths = 0; tenths < 100; tenths++)); do
        builtin_probe $loopback
        shows ret=1 && return
        sleep 0.1
    done
    fail "$probed" "Wine's own functions do not work at all:" "${results[@]}"
}

# builtin_probe ADDRESS [NAME=VALUE...]: probe.c through Wine's own DLL. If that crashes, there is no line.
builtin_probe() {
    local overrides="$overrides;icmp,iphlpapi=b" privileges=(timeout 60 "${privileges[@]}")
    probed="builtin_probe $*"
    windows "$build_dir/$arch/bin/lab_probe_builtin.exe" "$@" </dev/null >"$work_dir/results" 2>"$work_dir/errors" || true
    read_results "$work_dir/results"
}

# shows CONDITION...: whether the last probe printed a line of which these hold.
shows() {
    local condition
    for condition in "$@"; do
        holds "$condition" "${results[0]:-}" || return 1
    done
}

# shows_mirrored OFFSET BYTES: whether these stand there in the packet that arrived at the mirror.
shows_mirrored() {
    local came
    came=$(field data "${results[0]:-}") && [[ ${came:$1*2:${#2}} == "$2" ]]
}

# compared FEATURE COMMAND...: whether the command succeeds, the comparison says of this feature, too.
compared() {
    local said found=no
    said=$(sed -n "s/^| $1 | \([a-z]*\).*/\1/p" "$project_dir/docs/comparison.md")
    ! "${@:2}" || found=yes
    [[ $said == "$found" ]] ||
        fail "$probed" "docs/comparison.md says of \"$1\" in Wine: ${said:-nothing}" "found: $found" "${results[@]}"
}

scenario_wines_own_functions_can_do_what_the_comparison_says() { # over winsock
    start_wine_with_its_driver
    builtin_probe $server bytes=65500 by=routine
    compared "echo of up to 65,500 bytes by call, event or routine" shows status=IP_SUCCESS data=same told=1
    builtin_probe $server ttl=2
    compared "ICMP errors, with the router's address" shows status=IP_TTL_EXPIRED_TRANSIT from=$router2
    respond on $far mirror
    builtin_probe $far tos=40
    compared "the type of service that was asked for" shows_mirrored 0 4528
    builtin_probe $far
    compared "DF when it was asked for, and only then" shows_mirrored 6 0000
    builtin_probe $far source=$client_second
    compared "the source address that was asked for" shows_mirrored 12 "$(hexadecimal $client_second)"
    builtin_probe $server options=071f04$(zeros 28)
    compared "IPv4 options, there and back" shows options!=
    respond on $far echo delay=6000 # all of them are on their way by then, also on a busy machine
    builtin_probe $far many=1000 timeout=30000
    compared "1,000 requests outstanding" shows answered=1000
    builtin_probe $lan_broadcast timeout=600
    compared "all replies to a broadcast" shows ret=3
    builtin_probe ::1
    compared "IPv6" shows ret=1
    builtin_probe $server garbage
    compared "a handle that is none is refused" shows ret=0
}

scenario_wines_own_functions_can_do_for_an_ordinary_user_what_the_comparison_says() { # over winsock
    as_an_ordinary_user
    start_wine_with_its_driver
    builtin_probe $server
    compared "an ordinary user's echo" shows status=IP_SUCCESS from=$server
    builtin_probe $server ttl=2 timeout=500
    compared "an ordinary user's ICMP errors: traceroute" shows status=IP_TTL_EXPIRED_TRANSIT from=$router2
}
