# What scenarios are made of: requests of a Windows program, what the responder shall do, and what is
# expected. Sourced by inside.sh and shell.sh. Addresses and nodes are topology.sh's; probe/probe.c and
# responder/responder.c say what can be asked of them.

source "$lab_dir/topology.sh"
declare -F "addresses_of_$family" >/dev/null || die "the lab has no addresses of $family"
"addresses_of_$family"

# How a probe is told not to have its request fragmented. A request of IPv6 with options has the hop limit that these say.
dont_fragment=df
[[ $family == ipv4 ]] || dont_fragment='df ttl=64'

# The scope that IPv6 addresses on the client's LAN are of, as %2. IPv4 has none.
lan_scope() {
    [[ $family == ipv4 ]] || printf '%%%s\n' "$(ip -n client -oneline link show lan | sed 's/:.*//')"
}

# ---- Failing ----

# fail LINE...: ends the scenario.
fail() {
    local frame=0
    while [[ ${BASH_SOURCE[frame]} != */scenarios/* && $frame -lt ${#FUNCNAME[@]} ]]; do
        frame=$((frame + 1))
    done
    printf 'FAILED  %s, %s:%s\n' "$scenario" "${BASH_SOURCE[frame]#"$project_dir/"}" \
        "${BASH_LINENO[frame - 1]}"
    printf '        %s\n' "$@"
    exit 1
}

# ---- Programs to talk to ----

declare -A lines_to lines_from

# converse NAME COMMAND...: starts it in the background, to be talked to under that name. Standard error goes
# to $work_dir/NAME.errors. A program of the same name comes to the end of its standard input.
converse() {
    local name=$1 pipes=$work_dir/$1 to from
    forget "$name"
    rm -f "$pipes".{to,from}
    mkfifo "$pipes".{to,from}
    exec {to}<>"$pipes.to" {from}<>"$pipes.from"
    "${@:2}" <"$pipes.to" >"$pipes.from" 2>"$pipes.errors" {to}>&- {from}>&- &
    lines_to[$name]=$to lines_from[$name]=$from
}

forget() {
    local to=${lines_to[$1]:-} from=${lines_from[$1]:-}
    [[ -z $to ]] || exec {to}>&- {from}>&-
}

# tell NAME LINE
tell() {
    printf '%s\n' "$2" >&"${lines_to[$1]}"
}

# hear NAME: prints the next line that it prints. False when it takes minutes.
hear() {
    local line
    read -r -t 200 line <&"${lines_from[$1]}" && printf '%s\n' "$line"
}

# ---- The Windows program ----

# What is put before every Windows program, to take rights from it.
privileges=()

# Whose DLLs it gets. The two programs that Wine would start as well are for people with a screen.
overrides="explorer.exe,winemenubuilder.exe=d"

# windows COMMAND...: runs a Windows program at the client. The first one brings up Wine there, which stays because it
# stays.
windows() {
    at client env OPENICMP_WINEPREFIX="$work_dir/prefix" OPENICMP_TRANSPORT="$transport" \
        WINEDLLOVERRIDES="$overrides" \
        "${privileges[@]}" "$project_dir/tools/lib/wine" "$arch" "$@"
}

wine_started=
start_wine() {
    [[ -z $wine_started ]] || return 0
    wine_started=yes
    converse wine windows "$build_dir/$arch/bin/lab_probe.exe" idle
    hear wine >/dev/null || fail "Wine does not run programs" "$(<"$work_dir/wine.errors")"
}

# enable_wines_driver: to be called before Wine starts. Wine's own ICMP functions go through a driver, which is a service, and
# the lab has none of those start.
enable_wines_driver() {
    sed -i '/Services\\\\nsiproxy\]/,/^$/ s/^"Start"=.*/"Start"=dword:00000002/' "$work_dir/prefix/system.reg"
}

# probe ADDRESS [NAME=VALUE...]: runs probe.c, leaves the lines that it prints in results[] and its standard
# error in $work_dir/errors.
probe() {
    start_wine
    probed="probe $*"
    windows "$build_dir/$arch/bin/lab_probe.exe" "$@" </dev/null >"$work_dir/results" 2>"$work_dir/errors" ||
        fail "$probed: exit status $?" "$(<"$work_dir/errors")" "$(<"$work_dir/results")"
    read_results "$work_dir/results"
}

read_results() {
    mapfile -t results < <(tr -d '\r' <"$1")
}

# start_probe NAME ADDRESS [NAME=VALUE...]: the same in the background, under a name. It makes a request at
# each step, or, if there are many, all of those.
start_probe() {
    start_wine
    probed_by[$1]="probe ${*:2} step"
    converse "$1" windows "$build_dir/$arch/bin/lab_probe.exe" "${@:2}" step
}

declare -A probed_by

# step NAME: has that probe make its next request, and leaves what it prints in results[].
step() {
    start_step "$1"
    finish_step "$1"
}

# The same in two parts, to do something while the request is on its way.
start_step() {
    tell "$1" ''
}

# A request has as many lines as replies, and one without any.
finish_step() {
    local line
    probed=${probed_by[$1]} results=()
    while line=$(hear "$1") && line=${line%$'\r'} && results+=("$line"); do
        [[ $line =~ ^reply=([0-9]+)/([0-9]+) && ${BASH_REMATCH[1]} != "${BASH_REMATCH[2]}" ]] || return 0
    done
    fail "$probed: it does not answer" "$(<"$work_dir/$1.errors")"
}

# field NAME LINE: the value of NAME=VALUE in a line. False when there is none.
field() {
    [[ " $2 " =~ \ $1=([^ ]*)\  ]] && printf '%s\n' "${BASH_REMATCH[1]}"
}

# holds CONDITION LINE: whether it holds. Conditions: NAME=VALUE, NAME=FIRST|SECOND, NAME!=VALUE,
# NAME>=NUMBER, NAME<=NUMBER.
holds() {
    local name operator wanted value
    [[ $1 =~ ^([a-z_]+)(=|!=|\>=|\<=)(.*)$ ]] || fail "$1 is no condition"
    name=${BASH_REMATCH[1]} operator=${BASH_REMATCH[2]} wanted=${BASH_REMATCH[3]}
    value=$(field "$name" "$2") || return 1
    case $operator in
    =) [[ "|$wanted|" == *"|$value|"* ]] ;;
    !=) [[ $value != "$wanted" ]] ;;
    '>=') ((value >= wanted)) ;;
    '<=') ((value <= wanted)) ;;
    esac
}

# expect_line NUMBER CONDITION...: they hold of this line of the results, counted from 1.
expect_line() {
    local line=${results[$1 - 1]:-} condition
    for condition in "${@:2}"; do
        holds "$condition" "$line" ||
            fail "$probed" "line $1 of ${#results[@]}" "expected: $condition" \
                "came:     ${line:-no such line}" ${told:+"responder: $told"}
    done
}

# expect CONDITION...: the last probe printed one line, and this holds of it.
expect() {
    ((${#results[@]} == 1)) || fail "$probed" "expected: one line" "came:" "${results[@]}"
    expect_line 1 "$@" $(in_any_case)
}

# expect_each CONDITION...: this holds of every line.
expect_each() {
    local i
    ((${#results[@]} > 0)) || fail "$probed" "expected: lines" "came: none"
    for ((i = 1; i <= ${#results[@]}; i++)); do
        expect_line "$i" "$@" $(in_any_case)
    done
}

# What holds of each line of single requests: its outcome was told once, nothing was written where nothing may be, and
# IPv6 addresses have neither port nor flow.
in_any_case() {
    [[ ${results[0]} != reply=* ]] || printf 'told=1 stray=no'
    [[ ${results[0]} != *" port="* ]] || printf ' port=0 flow=0'
}

# ttl_came TTL: the condition that the reply came with this one, of which IPv6 replies say nothing.
ttl_came() {
    [[ $family == ipv6 ]] || printf 'ttl=%s\n' "$1"
}

# What IPv4 and IPv6 have the same number for.
ttl_ended='status=IP_TTL_EXPIRED_TRANSIT|IP_HOP_LIMIT_EXCEEDED'
net_unreachable='status=IP_DEST_NET_UNREACHABLE|IP_DEST_NO_ROUTE'
host_unreachable='status=IP_DEST_HOST_UNREACHABLE|IP_DEST_ADDR_UNREACHABLE'
reassembly_ended='status=IP_TTL_EXPIRED_REASSEM|IP_REASSEMBLY_TIME_EXCEEDED'

# Outcomes that many scenarios expect, with what else they know of it.
expect_answer() {
    expect ret=1 error=0 status=IP_SUCCESS data=same "$@"
}

# Icmp6ParseReplies, which is for asynchronous requests, takes no other error for a reply than an ended hop limit.
expect_icmp_error() {
    local status
    if [[ $family == ipv6 && $probed == *" by="[er]* ]] && status=$(field status "${results[0]:-}") &&
        [[ $status != IP_HOP_LIMIT_EXCEEDED ]]; then
        expect ret=0 error="$status" bytes=0 data=none "$@"
    else
        expect ret=1 error=0 bytes=0 data=none "$@"
    fi
}

# expect_time_out MS CONDITION...: after so long, and not earlier.
expect_time_out() {
    expect ret=0 error=IP_REQ_TIMED_OUT status=IP_REQ_TIMED_OUT from=$unspecified bytes=0 "took>=$1" \
        "${@:2}"
}

# expect_refusal ERROR: at once, with nothing written.
expect_refusal() {
    expect ret=0 error="$1" status=unwritten
}

# ---- The responder ----

responder_started= told=
start_responder() {
    [[ -z $responder_started ]] || return 0
    responder_started=yes
    converse responder at router2 "$build_dir/native/bin/lab_responder" "$family" world \
        /run/netns/server /run/netns/host3 lan "$client_link"
}

# respond COMMAND...: tells the responder, and leaves its answer in $answer.
respond() {
    start_responder
    told=$*
    tell responder "$told"
    answer=$(hear responder) ||
        fail "respond $*" "the responder does not answer" "$(<"$work_dir/responder.errors")"
    [[ $answer == ok* ]] || fail "respond $*" "$answer"
}

# await_responder CONDITION: waits until it holds of the responder's report.
await_responder() {
    local tenths
    for ((tenths = 0; tenths < 200; tenths++)); do
        respond report
        ! holds "$1" "$answer" || return 0
        sleep 0.1
    done
    fail "waited for the responder's $1" "$answer"
}

# ---- The network ----

# filter NODE HOOK RULE: the only rule of nftables there, for both families.
filter() {
    at "$1" nft -f - <<-END
	flush ruleset
	table inet lab {
	    chain $2 {
	        type filter hook $2 priority raw
	        $3
	    }
	}
	END
}

# counted NODE HOOK: how many packets the counter in its rule has seen.
counted() {
    at "$1" nft list chain inet lab "$2" | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'
}

# await_addresses NODE: until all that it was given can be used, which Linux sees to a little later.
await_addresses() {
    while [[ -n $(ip -n "$1" address show tentative) ]]; do
        sleep 0.01
    done
}

# resolve_quickly NODE INTERFACE: it asks for neighbours every 200 ms, not every second.
resolve_quickly() {
    local cache=arp_cache
    [[ $family == ipv4 ]] || cache=ndisc_cache
    ip -n "$1" ntable change name $cache dev "$2" retrans 200
}

# hexadecimal ADDRESS...: their bytes, as in options=.
hexadecimal() {
    local address groups i
    for address; do
        if [[ $address != *:* ]]; then
            printf '%02x' ${address//./ }
            continue
        fi
        IFS=: read -ra groups <<<"${address/::/:@:}"
        for i in "${groups[@]}"; do
            if [[ $i == @ ]]; then
                printf '0000%.0s' $(seq ${#groups[@]} 8)
            elif [[ -n $i ]]; then
                printf '%04x' "0x$i"
            fi
        done
    done
}
