#!/usr/bin/env bash
# Runs tracert.exe as a user would, and compares what it prints and its exit status with what docs/tools.md says.
# How to call it: program.sh. Needs no network: everything goes to 127.0.0.1 and ::1, which are one hop away. What
# routers have to do with it is shown in tests/lab/scenarios/tools.sh.
source "$(dirname "$0")/program.sh"
program_to_check tracert "$@"

heading() { # heading TARGET [MAX_HOPS]: leaves in heading[] the lines that a trace begins with
    heading=('' "Tracing the route to $1" "over at most ${2:-30} hops:" '')
}

hop='  1( +(<1|[0-9]+) ms){3}'
end=('' 'Trace complete\.')

heading '127\.0\.0\.1'
run -d 127.0.0.1
check 'one hop' 0 "${heading[@]}" "$hop  127\.0\.0\.1" "${end[@]}"
run /D --sequential /W 2000 -4 -S 127.0.0.1 127.0.0.1
check 'sequential, slashes and capitals' 0 "${heading[@]}" "$hop  127\.0\.0\.1" "${end[@]}"
run -d --precise 127.0.0.1
check 'microseconds' 0 "${heading[@]}" '  1( +[0-9.]{5} ms){3}  127\.0\.0\.1' "${end[@]}"
heading '[^ ]+ \[127\.0\.0\.1\]' 3
run -h 3 -4 localhost
check 'host name' 0 "${heading[@]}" "$hop  ([^ ]+ \[127\.0\.0\.1\]|127\.0\.0\.1)" "${end[@]}"
heading '0\.0\.0\.0'
run -d 0.0.0.0
check 'nowhere to send to' 1 "${heading[@]}" '  1  Transmit failed: Error 1214\.' "${end[@]}"

run nonexistent.invalid
check 'unknown host' 1 'There is no host nonexistent\.invalid\.'
run -S nonexistent.invalid 127.0.0.1
check 'unknown source' 1 'There is no host nonexistent\.invalid\.'
run -6 127.0.0.1
check 'IPv4 address with -6' 1 'There is no host 127\.0\.0\.1\.'
run
check_with_usage 'no arguments' 1 ''
run '/?'
check_with_usage 'help' 1 ''
run -q 127.0.0.1
check_with_usage 'unknown option' 1 'Bad option -q\.'
run -h 256 127.0.0.1
check 'hops out of range' 1 'Bad value for option -h, valid range is from 1 to 255\.'
run -R ::1
check 'the way back' 1 'Option -R needs a routing header that RFC 5095 has abolished\.'
run -d
check 'no target' 1 'A target name or address is missing\.'

# In a pipe: a line a probe, and the table once.
table='Hop  Loss   Sent   Last    Avg   Best  Worst  Chart                 Host'
bar='(▁|▂|▃|▄|▅|▆|▇|█)'
watching=('' 'Watching the route to 127\.0\.0\.1, round, hop, time and host:' '')
run -d --watch --count 2 --interval 100 127.0.0.1
check 'watching in a pipe' 0 "${watching[@]}" '     1   1 +[0-9]+\.[0-9]{3} ms  127\.0\.0\.1' \
    '     2   1 +[0-9]+\.[0-9]{3} ms  127\.0\.0\.1' '' "$table" \
    "  1    0%      2(  [0-9.]{5}){4}  $bar{2} {20}127\.0\.0\.1"
run -d --watch --count 1 0.0.0.0
check 'watching what cannot be sent' 1 '' 'Watching the route to 0\.0\.0\.0, round, hop, time and host:' '' \
    '     1   1         \*     no answer: Error 1214\.' '' "$table" \
    '  1  100%      1      -      -      -      -  x {21}no answer: Error 1214\.'

run -d -6 ::1
if [[ ${lines[0]} == 'ICMP cannot be used here: error 50.' ]]; then
    echo 'skipped IPv6: no transport can carry it'
else
    heading ::1
    check 'IPv6' 0 "${heading[@]}" "$hop  ::1" "${end[@]}"
fi

# On a terminal the table is renewed in its place, and Ctrl-C ends it.
name='watching on a terminal until Ctrl-C'
if run_in_terminal 5 '\003' -d --watch --interval 300 127.0.0.1; then
    case $output in
    *'until Ctrl-C:'*'Hop  Loss'*"127.0.0.1"*'Hop  Loss'*"127.0.0.1"*)
        if [ "$status" -ne 0 ]; then
            fail "$name" "exit status $status"
        elif [[ $output == *'round, hop'* || $output != *'█'* ]]; then
            fail "$name" "printed: $output"
        else
            pass "$name"
        fi
        ;;
    *) fail "$name" "printed: $output" ;;
    esac
else
    echo "skipped $name: no script command"
fi

finish
