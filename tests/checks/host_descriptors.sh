#!/usr/bin/env bash
# Programs that open and close handles for ICMP again and again, over raw sockets and over ping sockets, have as many Linux
# descriptors in the end as after the first time; and no program that they start inherits one of ours.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/host_lib.sh"

folder=$(fresh_folder)
((EUID == 0)) || skip "only root can make a network and then give up its rights"
"$triple-gcc" "${warnings[@]}" "${include[@]}" -I "$project_dir/include" -o "$folder/program.exe" \
    "$project_dir/tests/checks/host_descriptors.c" "$dist/lib/libopenicmp.dll.a" -lws2_32
cp "$dist/openicmp.dll" "$dist/openicmp-host.dll" "$folder"
keep_wine_running
export OPENICMP_WINEDLLPATH=$wine_dist OPENICMP_TRANSPORT=host

# next_point NAME: lets the program go on, to that point.
next_point() {
    local line
    [[ -z ${begun:-} ]] || echo >&"${program[1]}"
    begun=yes
    read -r -t 60 line <&"${program[0]}" || fail "the program ends before \"$1\""
    [[ ${line%$'\r'} == "$1" ]] || fail "not \"$1\", but: $line"
}

# find_process: the program's; Wine 10 runs 32-bit programs in another one than that which was asked for them.
find_process() {
    process=$(grep -lazE "checks.$arch.host_descriptors[\\\\/]program\.exe" /proc/[0-9]*/cmdline 2>/dev/null | cut -d / -f 3 || true)
    [[ $process =~ ^[0-9]+$ ]] || fail "which process is it: $process?"
}

# descriptors: a line for each of the program's, with what it is.
descriptors() {
    find "/proc/$process/fd" -type l -printf '%f %l\n' | sort -n
}

# settled: waits until there are as many as at first; threads of the engine may close theirs a little later.
settled() {
    local tenths
    for ((tenths = 0; tenths < 100; tenths++)); do
        (($(descriptors | wc -l) > $(wc -l <<<"$at_first"))) || return 0
        sleep 0.1
    done
    fail "$1: descriptors are left: $(diff <(printf '%s\n' "$at_first") <(descriptors))"
}

# leaves_nothing WHAT COMMAND...: the program, put behind this command, leaves none.
leaves_nothing() {
    local what=$1 begun= new number flags kind count=0
    shift
    coproc program { exec "$@" "$project_dir/tools/lib/wine" "$arch" "$folder/program.exe"; }
    next_point closed
    find_process
    sleep 0.5 # the engine goes a little later
    at_first=$(descriptors)

    next_point open
    new=$(comm -13 <(sort <<<"$at_first") <(descriptors | sort) | grep -E 'socket|anon_inode' || true)
    [[ -n $new ]] || fail "$what: nothing was opened"
    while read -r number kind; do
        flags=$(sed -n 's/^flags:[[:space:]]*//p' "/proc/$process/fdinfo/$number")
        ((0$flags & 02000000)) || fail "$what: a program that it starts would inherit $number, $kind"
        count=$((count + 1))
    done <<<"$new"
    ((count >= 4)) || fail "$what: only $count of the descriptors are ours: $new"

    next_point closed
    settled "$what"
    echo >&"${program[1]}"
    wait "$program_PID" || fail "$what: exit status $?"
}

own_network='ip link set lo up && echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range && exec "$@"'
leaves_nothing "raw sockets" unshare --net -- bash -c "$own_network" -
leaves_nothing "ping sockets" unshare --net -- bash -c "$own_network" - \
    setpriv --bounding-set=-net_raw,-net_admin --inh-caps=-net_raw,-net_admin --
