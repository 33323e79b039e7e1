# The network that the benchmark measures in: namespaces of its own, which vanish with the last process in
# them. Sourced inside new network and mount namespaces, as root.
#
#     here (10.0.1.2) -- router1 -- router2 -- server, which is all of 10.128.0.0/18
#
# Router2 drops what goes to 10.64.0.0/10, and says nothing.
first_live=10.128.0.1
live_addresses=16382
first_silent=10.64.0.1

network_up() {
    local name
    ip link set lo up
    mount -t tmpfs none /run # where ip keeps its names of namespaces
    for name in router1 router2 server; do
        ip netns add "$name"
        ip -n "$name" link set lo up
        ip netns exec "$name" sysctl -q net.ipv4.ip_forward=1
    done
    wire "" to-router1 10.0.1.2 router1 to-here 10.0.1.1
    wire router1 to-router2 10.0.2.1 router2 to-router1 10.0.2.2
    wire router2 to-server 10.0.3.1 server to-router2 10.0.3.2
    ip route add default via 10.0.1.1
    ip -n router1 route add default via 10.0.2.2
    ip -n router2 route add 10.0.1.0/24 via 10.0.2.1
    ip -n router2 route add 10.128.0.0/18 via 10.0.3.2
    ip -n router2 route add blackhole 10.64.0.0/10
    ip -n server route add default via 10.0.3.1
    ip -n server route add local 10.128.0.0/18 dev lo
}

# wire NAMESPACE DEVICE ADDRESS NAMESPACE DEVICE ADDRESS: from the one to the other. The empty name is that of
# this one.
wire() {
    ip ${1:+-n "$1"} link add "$2" type veth peer name "$5" netns "$4"
    ip ${1:+-n "$1"} address add "$3/24" dev "$2"
    ip ${1:+-n "$1"} link set "$2" up
    ip -n "$4" address add "$6/24" dev "$5"
    ip -n "$4" link set "$5" up
}

# address_after ADDRESS NUMBER: the address so many behind it.
address_after() {
    local a b c d number
    IFS=. read -r a b c d <<<"$1"
    number=$(((a << 24 | b << 16 | c << 8 | d) + $2))
    printf '%d.%d.%d.%d\n' $((number >> 24)) $((number >> 16 & 255)) $((number >> 8 & 255)) $((number & 255))
}
