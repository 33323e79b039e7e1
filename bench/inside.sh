#!/usr/bin/env bash
# What ./tools/bench runs inside namespaces of its own, as their first process, with the arguments of
# rounds.sh: makes the network of the lab (tests/lab/topology.sh) with two networks more, and goes on as
# rounds.sh at its client.
set -euo pipefail

bench_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source "$bench_dir/../tests/lab/topology.sh"
source "$bench_dir/works.sh"
PATH=$PATH:/usr/sbin:/sbin

mount -t tmpfs bench /run # where namespaces get their names
addresses_of_ipv4
make_topology
ip -n router1 -batch - <<-END
	route add $live_network via $router2
	route add $silent_network via $router2
END
ip -n router2 -batch - <<-END
	route add $live_network via $server
	route add blackhole $silent_network
END
ip -n server route add local "$live_network" dev lo
exec nsenter --net=/run/netns/client -- "$bench_dir/rounds.sh" "$@"
