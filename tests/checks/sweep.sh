#!/usr/bin/env bash
# Runs sweep.exe as a user and a script would: where targets come from, what it writes in each form, its exit status, and
# what it says to input that is wrong or too much. How to call it: program.sh. Needs no network: everything goes to
# 127.0.0.0/8 and ::1. What others on the network have to do with it is shown in tests/lab/scenarios/sweep.sh.
source "$(dirname "$0")/program.sh"
program_to_check sweep "$@"

folder=$(mktemp -d "$project_dir/build/sweep.XXXXXX")
trap 'rm -rf "$folder"' EXIT

# run_both ARGUMENT...: as run, with the standard input of the caller; leaves standard output in $output, too, and
# standard error in $errors.
run_both() {
    output=$(timeout 120 "${program[@]}" "$@" 2>"$folder/errors")
    status=$?
    output=${output//$'\r'/}
    errors=$(tr -d '\r' <"$folder/errors")
    mapfile -t lines <<<"$output"
}

# sort_targets: brings the lines of targets, up to an empty line, in the order of addresses. They come in the order in which
# requests end.
sort_targets() {
    local i=0 sorted
    while ((i < ${#lines[@]})) && [[ -n ${lines[i]} ]]; do
        i=$((i + 1))
    done
    mapfile -t sorted < <(printf '%s\n' "${lines[@]:0:i}" | sort -V)
    lines=("${sorted[@]}" "${lines[@]:i}")
}

# check_refused NAME REGEX: the last run swept nothing, said why, and ended with 2.
check_refused() {
    if [ "$status" -ne 2 ]; then
        fail "$1" "exit status $status, not 2: $errors"
    elif [ -n "$output" ]; then
        fail "$1" "printed: $output"
    elif ! [[ $errors =~ ^sweep:\ $2 ]]; then
        fail "$1" "standard error is '$errors', which does not match '$2'"
    else
        pass "$1"
    fi
}

ms='[0-9]+\.[0-9]{3}'
alive() { # alive ADDRESS
    echo "$1 +$ms ms, TTL [0-9]+"
}
summary() { # summary TARGETS ALIVE
    echo "$1 targets?: $2 alive, $(($1 - $2)) not"
}
times=("round trip: min $ms, median $ms, 95 % $ms, max $ms ms" "time: $ms s, [0-9,]+ requests a second")
answered3='3 requests: 3 answered, 0 lost \(0\.0 %\), 0 repeated'

# ---- Where targets come from ----

run 127.0.0.9 127.0.0.1-2
sort_targets
check 'addresses and ranges' 0 "$(alive 127.0.0.1)" "$(alive 127.0.0.2)" "$(alive 127.0.0.9)" '' \
    "$(summary 3 3)" "$answered3" "${times[@]}"

run 127.0.0.0/30 127.0.0.1 127.0.0.2-127.0.0.3
sort_targets
check 'a network and what overlaps it, each address once' 0 \
    "$(alive 127.0.0.1)" "$(alive 127.0.0.2)" "$(alive 127.0.0.3)" '' \
    "$(summary 3 3)" "$answered3" "${times[@]}"

printf '\xef\xbb\xbf# hosts\r\n127.0.0.3\r\n\r\n  127.0.0.1  # the first\r\n127.0.0.2' >"$folder/list"
cd "$folder" || exit
for arguments in @list '--file list' --file=list; do
    run $arguments
    sort_targets
    check "a file, by $arguments" 0 "$(alive 127.0.0.1)" "$(alive 127.0.0.2)" "$(alive 127.0.0.3)" '' \
        "$(summary 3 3)" "$answered3" "${times[@]}"
done
run_both - <list
sort_targets
check 'standard input' 0 "$(alive 127.0.0.1)" "$(alive 127.0.0.2)" "$(alive 127.0.0.3)" '' \
    "$(summary 3 3)" "$answered3" "${times[@]}"

run -4 localhost
check 'a name' 0 "$(alive 127.0.0.1)  \(localhost\)" '' "$(summary 1 1)" '1 request: .*' "${times[@]}"

# ---- What is written, and the exit status ----

# Nothing is sent to it, here or anywhere.
dead=0.0.0.0
run 127.0.0.1 $dead --timeout 200 --retries 0
check 'only those that are alive, and status 1' 1 "$(alive 127.0.0.1)" '' "$(summary 2 1)" \
    '2 requests: 1 answered, 1 lost \(50\.0 %\), 0 repeated' "${times[@]}"
run 127.0.0.1 $dead --timeout 200 --show dead -q
check 'only those that are not' 1 "0\.0\.0\.0 +not a host's address" '' "$(summary 2 1)" '2 requests: 1 answered.*' "${times[@]}"

run 127.0.0.1 -n 3 --interval 10
check 'many requests to a target' 0 \
    "127\.0\.0\.1 +3 of 3 answered, min $ms, average $ms, max $ms ms, TTL [0-9]+" '' "$(summary 1 1)" \
    "$answered3" "${times[@]}"

run_both 127.0.0.1-2 $dead --show all --format csv --timeout 200 -q </dev/null
sort_targets # the heading comes last then
check 'CSV' 1 \
    "0\.0\.0\.0,,false,1,0,0,,,,,not a host's address," \
    "127\.0\.0\.1,,true,1,1,0,$ms,$ms,$ms,[0-9]+,answered,127\.0\.0\.1" \
    "127\.0\.0\.2,,true,1,1,0,$ms,$ms,$ms,[0-9]+,answered,127\.0\.0\.2" \
    'address,name,alive,requests,replies,retries,min_ms,average_ms,max_ms,ttl,status,responder'
[ -z "$errors" ] || fail 'CSV' "standard error is not empty: $errors"
run_both 127.0.0.1 --format csv </dev/null
if [[ $errors == '1 target: 1 alive, 0 not'* ]]; then
    pass 'the summary beside CSV is on standard error'
else
    fail 'the summary beside CSV is on standard error' "there is: $errors"
fi

run_both 127.0.0.1-2 $dead --show all --format json --timeout 200 </dev/null
if command -v jq >/dev/null; then
    got=$(jq -r '[(.targets | length), (.targets | map(select(.alive)) | length), .targets[0].address,
        (.targets[0].min_ms | type), (.targets[] | select(.alive | not) | .min_ms | type), .summary.targets,
        .summary.alive, .summary.lost, .summary.interrupted] | join(" ")' <<<"$output" 2>&1)
    if [ "$status" -eq 1 ] && [[ $got =~ ^3\ 2\ [0-9.]+\ (number|null)\ null\ 3\ 2\ 1\ false$ ]]; then
        pass 'JSON'
    else
        fail 'JSON' "status $status; jq says: $got"
    fi
else
    echo 'skipped JSON: there is no jq'
fi

# ---- What is wrong, or too much ----

run_both nonexistent.invalid 127.0.0.1 </dev/null
check 'an unknown name does not keep the others from being swept' 1 "$(alive 127.0.0.1)" '' \
    '1 target: 1 alive, 0 not; 1 name unknown' '1 request: .*' "${times[@]}"
[[ $errors == 'sweep: the name nonexistent.invalid is unknown'* ]] ||
    fail 'an unknown name is named' "standard error is: $errors"

run_both 10.0.0.0/0 </dev/null
check_refused 'all of IPv4' 'these are more than 16777216 targets; with --limit N the first N of them are swept'
run_both ::/0 </dev/null
check_refused 'all of IPv6' 'these are more than 16777216 targets; .*'
run_both 2001:db8::/64 </dev/null
check_refused 'a link of IPv6' 'these are more than 16777216 targets; .*'
run 127.0.0.0/8 --limit 3
sort_targets
check 'the first of very many' 0 "$(alive 127.0.0.1)" "$(alive 127.0.0.2)" "$(alive 127.0.0.3)" '' \
    "$(summary 3 3)" "$answered3" "${times[@]}"

printf '127.0.0.1\nnot a target\n' >bad
run_both @bad </dev/null
check_refused 'a bad line' 'bad, line 2: "not a target" is not an address, a network, a range or a name'
head -c 1000000 /dev/zero | tr '\0' x >long
run_both @long </dev/null
check_refused 'a line of a megabyte' 'long, line 1: the line is too long for a target'
printf '1\x00' >binary
run_both @binary </dev/null
check_refused 'a binary file' 'binary, line 1: this is not a text file in UTF-8'
run_both @missing </dev/null
check_refused 'a missing file' 'missing cannot be opened: No such file or directory'
: >empty
run @empty
check 'an empty file: nobody to ask, so nobody who did not answer' 0 '0 targets: 0 alive, 0 not' '0 requests: .*' 'time: .*'

run_both </dev/null
if [ "$status" -eq 2 ] && [[ $output == *'Usage: sweep '* ]]; then
    pass 'no arguments'
else
    fail 'no arguments' "status $status: $output"
fi
run_both --fast 127.0.0.1 </dev/null
check_refused 'an unknown option' 'Bad option --fast\.'
run_both 127.0.0.1/33 </dev/null
check_refused 'a bad prefix' 'the prefix length "33" is not a number from 0 to 32'

# IPv6, where a transport can carry it.
run ::1 --show all
if [[ ${lines[0]} == *'family not supported' ]]; then
    echo 'skipped IPv6: no transport can carry it'
else
    check 'IPv6' 0 "$(alive ::1)" '' "$(summary 1 1)" '1 request: .*' "${times[@]}"
fi

# ---- A terminal ----

name='a bar on a terminal, and Ctrl-C ends with the summary so far'
if run_in_terminal 5 '\003' 127.0.0.0/16 --rate 50; then
    case $output in
    *'] '*'% '*' of 65,534, '*' alive, '*'/s, '*' left'*' lost ('*'interrupted before the end'*)
        if [ "$status" -eq 130 ]; then pass "$name"; else fail "$name" "exit status $status"; fi
        ;;
    *) fail "$name" "printed: ${output: -600}" ;;
    esac
else
    echo "skipped $name: no script command"
fi

finish
