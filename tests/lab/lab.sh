#!/usr/bin/env bash
# Runs one scenario of the lab, or a shell in it, inside namespaces of its own:
#
#     lab.sh list                                     all scenarios, a line for each: its name, then its marks
#     lab.sh list x64|x86 TRANSPORT FAMILY            those that are for these
#     lab.sh run x64|x86 TRANSPORT FAMILY SCENARIO    exit status 77: it cannot be run here
#     lab.sh shell x64|x86 TRANSPORT FAMILY
#
# TRANSPORT: host, winsock, or auto, as OPENICMP_TRANSPORT is set. FAMILY: ipv4 or ipv6.
#
# The marks are the comment behind the name in scenarios/*.sh. A scenario is for x64, every transport and
# IPv4 unless they say more or less: "x86 too", "over host", "over winsock", "IPv6 too", "IPv6 only"; and
# "alone", or "winsock alone", where another test at the same time could make replies late.
#
# Everything that it starts and makes lies in these namespaces: processes, network, mounts. They go with the
# first process in them, however that ends, and that ends with this one. The programs must have been built
# (./tools/lab does it).
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib/common.sh"
lab_dir=$project_dir/tests/lab
PATH=$PATH:/usr/sbin:/sbin

# namespaces: the command that enters new ones. Who is not root becomes it in a user namespace.
namespaces=(unshare --net --mount --pid --fork --mount-proc --kill-child=KILL)
((EUID == 0)) || namespaces+=(--user --map-root-user)

require_namespaces() {
    local command why
    for command in ip nft unshare nsenter setpriv; do
        command -v "$command" >/dev/null || skip "there is no command $command"
    done
    why=$("${namespaces[@]}" true 2>&1) || skip "namespaces cannot be had: $why"
    [[ -w /dev/net/tun ]] || skip "/dev/net/tun cannot be written to"
}

require_programs() {
    [[ -x $build_dir/native/bin/lab_responder && -e $build_dir/$1/bin/lab_probe.exe ]] ||
        die "the programs of the lab have not been built (./tools/lab and ./tools/test do it)"
}

# is_for MARKS ARCH TRANSPORT FAMILY
is_for() {
    [[ $2 == x64 || $1 == *"x86 too"* ]] || return 1
    case $4 in
    ipv4) [[ $1 != *"IPv6 only"* ]] || return 1 ;;
    ipv6) [[ $1 == *IPv6* ]] || return 1 ;;
    *) return 1 ;;
    esac
    [[ $1 != *" over "* || $1 == *" over $3"* ]]
}

list() {
    local name marks
    while read -r name marks; do
        (($# == 0)) || is_for " $marks" "$@" || continue
        printf '%s %s\n' "$name" "$marks"
    done < <(sed -n 's/^scenario_\([a-z0-9_]*\)() {[ #]*/\1 /p' "$lab_dir"/scenarios/*.sh)
}

case ${1:-} in
list)
    list "${@:2}"
    ;;
run)
    require_namespaces
    require_programs "$2"
    # Who is killed takes all of it along; who is asked to end has to do it by hand.
    setpriv --pdeathsig KILL "${namespaces[@]}" "$lab_dir/inside.sh" "$@" <&0 &
    inside=$!
    trap 'kill -KILL "$inside"; wait "$inside" 2>/dev/null || true; exit 130' INT TERM HUP
    wait "$inside"
    ;;
shell)
    require_namespaces
    require_programs "$2"
    exec "${namespaces[@]}" "$lab_dir/inside.sh" "$@"
    ;;
*)
    usage_of "$0"
    exit 2
    ;;
esac
