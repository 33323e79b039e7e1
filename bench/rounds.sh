#!/usr/bin/env bash
# What ./tools/bench runs at the client of the lab's network, as the first process of its namespaces:
#     rounds.sh x64|x86 full|quick|calls ROUNDS REGEX
# Starts Wine, does the works whose name matches, round by round, and leaves a line of NAME=VALUE for each
# measurement in build/bench/ARCH/measurements. With "calls", calls of wineserver are counted: then times say
# nothing.
set -euo pipefail

bench_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source "$bench_dir/../tools/lib/common.sh"
source "$bench_dir/works.sh"
PATH=$PATH:/usr/sbin:/sbin
arch=$1 extent=$2 rounds=$3 only=$4
work_dir=$build_dir/bench/$arch
native_dir=$build_dir/native/bin
wine=("$project_dir/tools/lib/wine" "$arch")
export OPENICMP_WINEPREFIX=$build_dir/wine/bench-$arch
export WINEDEBUG=fixme-all # errors go to errors.log

# No measurement begins after this time, or takes longer than that; no program takes longer to end.
end_s=540
longest_s=60
ending_s=10

# How long a program rests that is to do nothing.
rest_s=2
[[ $extent == full ]] || rest_s=0.2

# windows_program CONTENDER: sets `command` to what runs bench.exe with this contender's DLL.
windows_program() {
    local dll="Z:${dist_dir//\//\\}\\$arch\\openicmp.dll"
    [[ $1 != wine ]] || dll='C:\windows\system32\iphlpapi.dll'
    command=(env WINEDLLOVERRIDES=iphlpapi=b "OPENICMP_TRANSPORT=$1" "OPENICMP_WINEDLLPATH=$dist_dir/wine"
        "${wine[@]}" "$build_dir/$arch/bin/bench.exe" "$dll")
}

# sample NAME: adds what the processes have used until now.
sample() {
    record+=" $("$native_dir/bench_usage" "$1" "$program")"
    [[ $extent != calls ]] || printf 'mark %s\n' "$1" >>"$work_dir/calls"
}

# talk: listens to the program, and lets it go on; false, with `reason`, when it ends without a result.
talk() {
    local word rest heard
    while read -r -t "$longest_s" -u "$from" word rest || { heard=$? && false; }; do
        case $word in
        mark)
            [[ $rest != rest ]] || sleep "$rest_s" # the program has yet to begin to wait
            sample "$rest"
            if [[ $rest == rest ]]; then
                sleep "$rest_s"
                sample rested
            fi
            echo >&"$to"
            ;;
        result)
            record+=" $rest"
            [[ $extent != calls ]] ||
                record+=" $(awk -v program="$program" -f "$bench_dir/calls.awk" "$work_dir/calls")"
            return
            ;;
        impossible)
            reason=$rest
            return 1
            ;;
        esac
    done
    reason="it ended"
    ((heard <= 128)) || reason="it said nothing for $longest_s s"
    return 1
}

# run COMMAND...: runs a measuring program; adds to `record`. False, with `reason`, when it could not measure.
run() {
    local to from program outcome=0
    # New ones: a helper of the last program, as Wine's conhost.exe, may still have its pipes open.
    rm -f "$work_dir/to" "$work_dir/from"
    mkfifo "$work_dir/to" "$work_dir/from"
    [[ $extent != calls ]] || : >"$work_dir/calls"
    "$@" <"$work_dir/to" >"$work_dir/from" 2>>"$work_dir/errors.log" &
    program=$!
    exec {to}>"$work_dir/to" {from}<"$work_dir/from"
    talk || outcome=1
    exec {to}>&-
    read -r -t "$ending_s" -u "$from" || (($? <= 128)) || kill -KILL "$program" || true
    wait "$program" 2>/dev/null || true
    exec {from}<&-
    return "$outcome"
}

# address_after ADDRESS NUMBER: the address so many behind it.
address_after() {
    local a b c d number
    IFS=. read -r a b c d <<<"$1"
    number=$(((a << 24 | b << 16 | c << 8 | d) + $2))
    printf '%d.%d.%d.%d\n' $((number >> 24)) $((number >> 16 & 255)) $((number >> 8 & 255)) $((number & 255))
}

# run_sweep fping|sweep NAME=VALUE...: the sweep by a program that was made for it, as fast as it can, and with the same
# data. Its time is that of the whole program, for sweep.exe with the start of a program in Wine. Both print a summary only.
run_sweep() {
    local argument addresses last begun alive elapsed_ns
    for argument in "${@:2}"; do
        [[ $argument != addresses=* ]] || addresses=${argument#*=}
    done
    last=$(address_after "$first_live" $((addresses - 1)))
    begun=${EPOCHREALTIME/./}
    if [[ $1 == fping ]]; then
        fping -q -s -i 0 -b 32 -g "$first_live" "$last" 2>"$work_dir/$1.log" || true
    else
        OPENICMP_TRANSPORT=host OPENICMP_WINEDLLPATH=$dist_dir/wine \
            "${wine[@]}" "$dist_dir/$arch/sweep.exe" --size 32 --show dead "$first_live-$last" >"$work_dir/$1.log" \
            2>>"$work_dir/errors.log" || true
    fi
    elapsed_ns=$(((${EPOCHREALTIME/./} - begun) * 1000))
    alive=$(sed -n 's/^.* \([0-9,]*\) alive.*$/\1/p' "$work_dir/$1.log" | tr -d ,)
    record+=" answered=${alive:=0} lost=$((addresses - alive)) wrong=0 refused=0 elapsed_ns=$elapsed_ns"
}

# measure WORK CONTENDER DO [NAME=VALUE]...
measure() {
    local work=$1 contender=$2 reason
    shift 2
    record="work=$work contender=$contender round=$round"
    case $contender in
    fping | sweep) run_sweep "$contender" "$@" ;;
    native) run "$native_dir/bench_native" "$@" ;;
    *)
        local command
        windows_program "$contender"
        run "${command[@]}" "$@"
        ;;
    esac || {
        say "$contender could not do $work: $reason (see $work_dir/errors.log)"
        return
    }
    printf '%s\n' "$record" >>"$work_dir/measurements"
}

# find_contenders: sets `available` to who can be measured; says why others cannot.
find_contenders() {
    local contender command record reason
    available=,native,fping,
    for contender in wine winsock host; do
        windows_program "$contender"
        if run "${command[@]}" synchronous requests=1; then
            available+=$contender,
            [[ $contender != host ]] || available+=sweep,
        else
            say "without $contender: $reason"
        fi
    done
}

# measure_round: each work by everyone who is to do it, beginning with another one each round.
measure_round() {
    local work name when contenders what i
    for work in "${works[@]}"; do
        read -r name when contenders what <<<"$work"
        [[ $name =~ $only ]] && [[ $when == all || $((round % 3)) == 1 ]] || continue
        IFS=, read -ra contenders <<<"$contenders"
        for ((i = 0; i < ${#contenders[@]}; i++)); do
            contender=${contenders[(i + round) % ${#contenders[@]}]}
            [[ $available == *",$contender,"* ]] && ((SECONDS < end_s)) || continue
            measure "$name" "$contender" $what
        done
    done
}

# The first process of a namespace is deaf to signals that it has no trap for; all others end with it.
trap 'exit 130' INT
trap 'exit 143' TERM

rm -rf "$work_dir"
mkdir -p "$work_dir"
mkfifo "$work_dir/waiting"
define_works "$extent"

# Told so, wineserver notes every call of the programs.
if [[ $extent == calls ]]; then
    : >"$work_dir/calls"
    "${wine[@]}" wineserver --persistent --debug=1 2>>"$work_dir/calls"
fi

# Wine's services start with the first program, and end with the last one, which is this.
"${wine[@]}" cmd <>"$work_dir/waiting" >"$work_dir/wine.log" 2>&1 &
"${wine[@]}" cmd /c exit </dev/null >>"$work_dir/wine.log" 2>&1 || die "Wine does not run programs for $arch"

find_contenders
for ((round = 1; round <= rounds; round++)); do
    say "round $round of $rounds"
    measure_round
done
((SECONDS < end_s)) || say "time is up: the last rounds are not complete"
"${wine[@]}" wineserver -k || true
