#!/usr/bin/env bash
# What lab.sh runs inside its namespaces, as their first process:
#     inside.sh run ARCH TRANSPORT FAMILY SCENARIO
#     inside.sh shell ARCH TRANSPORT FAMILY
# Makes the network and a place for Wine, and runs the scenario.
set -euo pipefail

lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
what=$1 arch=$2 transport=$3 family=$4 scenario=${5:-}
source "$lab_dir/../../tools/lib/common.sh"
source "$lab_dir/steps.sh"
for file in "$lab_dir"/scenarios/*.sh; do
    source "$file"
done

# see_through_a_layer FOLDER PLACE: at PLACE, what is in the folder; what is written there is in memory, and
# not the folder's.
see_through_a_layer() {
    local layer=/run/layers$2 why
    mkdir -p "$layer"/{written,work} "$2"
    why=$(mount -t overlay lab "$2" -o "lowerdir=$1,upperdir=$layer/written,workdir=$layer/work" 2>&1) ||
        skip "no overlay file system can be laid over $1: $why"
}

# Namespaces get their names in /run, and Wine keeps its sockets in /tmp: both are this lab's own, as is
# Wine's prefix, which is that of the other tests underneath. (A file in it says where in /tmp Debian's Wine
# has its sockets; others use .wine-UID.)
make_places() {
    mount -t tmpfs lab /run
    see_through_a_layer /tmp /tmp
    mkdir -p /tmp/.wine-$EUID
    mount -t tmpfs -o mode=700 lab /tmp/.wine-$EUID
    mkdir -p "$work_dir"
    mount -t tmpfs lab "$work_dir"
    see_through_a_layer "$(wine_prefix "$arch")" "$work_dir/prefix"
    rm -f "$work_dir/prefix/wineserver"
    # Programs that ping need none of Wine's services; to start those would take longer than many scenarios.
    sed -i 's/^"Start"=dword:0000000[02]$/"Start"=dword:00000004/' "$work_dir/prefix/system.reg"
}

[[ $family == ipv4 || -e /proc/sys/net/ipv6 ]] || skip "Linux has no IPv6 here"
work_dir=$build_dir/lab
make_places
make_topology "$family"
case $what in
run)
    declare -F "scenario_$scenario" >/dev/null || die "there is no scenario $scenario"
    "scenario_$scenario"
    ;;
shell)
    export lab_dir work_dir arch transport family scenario
    exec nsenter --net=/run/netns/client bash --rcfile "$lab_dir/shell.sh" -i
    ;;
esac
