#!/usr/bin/env bash
# Runs one scenario of the lab, or a shell in it, inside namespaces of its own:
#
#     lab.sh list                                     names of all scenarios
#     lab.sh run x64|x86 TRANSPORT FAMILY SCENARIO    exit status 77: it cannot be run here
#     lab.sh shell x64|x86 TRANSPORT FAMILY
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

case ${1:-} in
list)
    sed -n 's/^scenario_\([a-z0-9_]*\)() {.*/\1/p' "$lab_dir"/scenarios/*.sh
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
