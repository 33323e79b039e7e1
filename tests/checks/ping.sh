#!/usr/bin/env bash
# Runs ping.exe as a user would, and compares what it prints and its exit status with what Windows' ping does.
# How to call it: program.sh. Needs no network: everything goes to 127.0.0.1 and ::1.
source "$(dirname "$0")/program.sh"
program_to_check ping "$@"

reply() { # reply BYTES
    echo "Reply from 127\.0\.0\.1: bytes=$1 time(<1|=[0-9]+)ms TTL=[0-9]+"
}

received() { # received COUNT: leaves in statistics[] the lines that end a ping without loss
    statistics=(
        ''
        'Ping statistics for 127\.0\.0\.1:'
        "    Packets: Sent = $1, Received = $1, Lost = 0 \(0% loss\),"
        'Approximate round trip times in milli-seconds:'
        '    Minimum = [0-9]+ms, Maximum = [0-9]+ms, Average = [0-9]+ms'
    )
}

header() { # header TARGET BYTES
    echo "Pinging $1 with $2 bytes of data:"
}

local_host='127\.0\.0\.1'

started=$SECONDS
run 127.0.0.1
received 4
check 'four replies from loopback' 0 \
    '' "$(header "$local_host" 32)" "$(reply 32)" "$(reply 32)" "$(reply 32)" "$(reply 32)" "${statistics[@]}"
elapsed=$((SECONDS - started))
if [ "$elapsed" -ge 3 ] && [ "$elapsed" -le 8 ]; then
    pass 'four requests take three intervals of a second'
else
    fail 'four requests take three intervals of a second' "they took $elapsed s"
fi

received 1
run -n 1 -l 0 127.0.0.1
check 'no data' 0 '' "$(header "$local_host" 0)" "$(reply 0)" "${statistics[@]}"

run -n 1 -l 65500 127.0.0.1
check 'the most data' 0 '' "$(header "$local_host" 65500)" "$(reply 65500)" "${statistics[@]}"

run -n 1 -i 1 127.0.0.1
check 'TTL 1 reaches loopback' 0 '' "$(header "$local_host" 32)" "$(reply 32)" "${statistics[@]}"

run /N 1 /f -v 16 -4 -w 2000 127.0.0.1
check 'slashes, capitals, DF and TOS' 0 '' "$(header "$local_host" 32)" "$(reply 32)" "${statistics[@]}"

run -n 1 -S 127.0.0.1 127.0.0.1
check 'source address' 0 '' "$(header "$local_host from $local_host" 32)" "$(reply 32)" "${statistics[@]}"

run -n 1 -4 localhost
check 'host name' 0 '' "$(header "[^ ]+ \[$local_host\]" 32)" "$(reply 32)" "${statistics[@]}"

run -n 1 0.0.0.0
check 'nowhere to send to' 1 '' "$(header '0\.0\.0\.0' 32)" 'PING: transmit failed\. General failure\.' '' \
    'Ping statistics for 0\.0\.0\.0:' '    Packets: Sent = 1, Received = 0, Lost = 1 \(100% loss\),'

run nonexistent.invalid
check 'unknown host' 1 \
    'Ping request could not find host nonexistent\.invalid\. Please check the name and try again\.'

run
check_with_usage 'no arguments' 1 ''
run -q 127.0.0.1
check_with_usage 'unknown option' 1 'Bad option -q\.'
run -n 0 127.0.0.1
check 'count out of range' 1 'Bad value for option -n, valid range is from 1 to 4294967295\.'
run -l 65501 127.0.0.1
check 'size out of range' 1 'Bad value for option -l, valid range is from 0 to 65500\.'
run 127.0.0.1 -i
check 'value missing' 1 'Value must be supplied for option -i\.'
run 127.0.0.1 127.0.0.2
check 'two targets' 1 'Bad parameter 127\.0\.0\.2\.'
run -n 1
check 'no target' 1 'IP address must be specified\.'
run -6 -f ::1
check 'IPv4 option with -6' 1 'The option -f is only supported for IPv4\.'
run -6 127.0.0.1
check 'IPv4 address with -6' 1 \
    'Ping request could not find host 127\.0\.0\.1\. Please check the name and try again\.'

# Whatever the resolver gives first for it, and whether or not there is IPv6: it answers.
run -n 1 localhost
if [ "$status" -eq 0 ] && [[ ${lines[2]} =~ ^Reply\ from\ (127\.0\.0\.1|::1):\ .*time ]]; then
    pass 'host name of either family'
else
    fail 'host name of either family' "printed: ${lines[*]}"
fi

# IPv6 lines have neither the length nor the TTL.
run -6 -n 1 ::1
if [ "${lines[0]}" = 'Unable to contact IP driver. Error code 50.' ]; then
    echo 'skipped IPv6: no transport can carry it'
else
    statistics=('' 'Ping statistics for ::1:' "${statistics[@]:2}")
    reply6='Reply from ::1: time(<1|=[0-9]+)ms'
    check 'IPv6 reply' 0 '' "$(header ::1 32)" "$reply6" "${statistics[@]}"
    run -n 1 -l 65500 ::1
    check 'an address tells its family' 0 '' "$(header ::1 65500)" "$reply6" "${statistics[@]}"
    run -n 1 -i 1 -S ::1 ::1
    check 'IPv6 source address and hop limit' 0 '' "$(header '::1 from ::1' 32)" "$reply6" "${statistics[@]}"
    if grep -qE '^::1[[:space:]].*\<localhost\>' /etc/hosts; then
        run -6 -n 1 localhost
        check 'IPv6 host name' 0 '' "$(header '[^ ]+ \[::1\]' 32)" "$reply6" "${statistics[@]}"
    else
        echo "skipped IPv6 host name: this machine's /etc/hosts has none"
    fi
    run -n 1 ::
    check 'nowhere to send IPv6 to' 1 '' "$(header :: 32)" 'PING: transmit failed\. General failure\.' '' \
        'Ping statistics for :::' '    Packets: Sent = 1, Received = 0, Lost = 1 \(100% loss\),'
fi

# Each line must come when it is written, also into a pipe: the first is there long before the last request.
name='lines come one by one through a pipe'
got=$(timeout 60 "${program[@]}" -n 4 0.0.0.0 2>/dev/null </dev/null | {
    while IFS= read -r -t 30 line; do
        case $line in
        'PING: transmit failed'*) first=${first:-$EPOCHREALTIME} ;;
        'Ping statistics'*) last=$EPOCHREALTIME ;;
        esac
    done
    echo $(((${last/./} - ${first/./}) / 1000))
})
if [ "${got:-0}" -ge 2000 ]; then
    pass "$name"
else
    fail "$name" "the first and the last line are only ${got:-?} ms apart"
fi

# What is not Windows'.
precise='[0-9]+\.[0-9]{3}ms'
run -n 2 --precise --graph 127.0.0.1
precise_reply="Reply from 127\.0\.0\.1: bytes=32 time=$precise TTL=[0-9]+"
check 'microseconds and a chart through a pipe' 0 '' "$(header "$local_host" 32)" "$precise_reply" "$precise_reply" \
    '(▁|▂|▃|▄|▅|▆|▇|█){2}  █ = [0-9.]+ ms' '' 'Ping statistics for 127\.0\.0\.1:' \
    '    Packets: Sent = 2, Received = 2, Lost = 0 \(0% loss\),' \
    'Approximate round trip times in milli-seconds:' \
    "    Minimum = $precise, Maximum = $precise, Average = $precise"
run -n 2 --graph 0.0.0.0
check 'a chart of losses' 1 '' "$(header '0\.0\.0\.0' 32)" 'PING: transmit failed\. General failure\.' \
    'PING: transmit failed\. General failure\.' 'xx  █ = 0\.000 ms' '' 'Ping statistics for 0\.0\.0\.0:' \
    '    Packets: Sent = 2, Received = 0, Lost = 2 \(100% loss\),'

# Ctrl-C needs a terminal.
name='Ctrl-C ends with the summary'
if run_in_terminal 4 '\003' -t 127.0.0.1; then
    case $output in
    *'Reply from'*'Ping statistics for 127.0.0.1:'*'(0% loss)'*Control-C*)
        if [ "$status" -eq 0 ]; then pass "$name"; else fail "$name" "exit status $status"; fi
        ;;
    *) fail "$name" "printed: $output" ;;
    esac
else
    echo "skipped $name: no script command"
fi

# The chart stands below the latest line: it goes away for the next one, and comes again.
name='a chart on a terminal'
if run_in_terminal 4 '' -n 2 --graph 127.0.0.1; then
    case $output in
    *'Reply from'*'█  █ = '*'Reply from'*'█'*'█ = '*'Ping statistics'*) pass "$name" ;;
    *) fail "$name" "printed: $output" ;;
    esac
else
    echo "skipped $name: no script command"
fi

finish
