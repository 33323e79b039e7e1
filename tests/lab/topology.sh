# The network of the lab: who is in it, with which addresses, and how it is made. Sourced by lab.sh, inside
# namespaces of the lab's own. Knows nothing of scenarios.
#
#     client  host1  host2  host3
#        │      │      │      │
#     ───┴──────┴──────┴──────┴──┬── LAN (a bridge, in a namespace of its own)
#                             router1
#                                │
#                             router2 ──── the responder's networks (a TUN device)
#                                │
#                              server
#
# Each is a network namespace of that name, whose interfaces are named after what they lead to.

nodes=(switch client host1 host2 host3 router1 router2 server)

client_link=02:00:00:00:00:10 # the client's address on the link

# Scenarios know addresses by these names only, so that one may be true of the other family, too.
addresses_of_ipv4() {
    unspecified=0.0.0.0
    loopback=127.0.0.1
    client=10.1.0.10
    client_second=10.1.0.11  # another address of the same interface
    client_loopback=10.9.9.9 # one that only the loopback interface has; router1 knows where it is
    host1=10.1.0.21
    host2=10.1.0.22
    host3=10.1.0.23
    lan_broadcast=10.1.0.255
    all_nodes=224.0.0.1
    lan_nobody=10.1.0.99 # an address on the LAN that nobody has
    router1=10.1.0.1     # as the client sees it, and from the other side
    router1_core=10.12.0.1
    router2=10.12.0.2 # as router1 sees it
    router2_server=10.2.0.1
    router2_world=10.3.255.254
    server=10.2.0.10
    server_nobody=10.2.0.99
    far=10.3.0.1 # hosts in the networks of the responder
    far_second=10.3.0.2
    far_router=10.3.255.1
    nowhere=10.99.0.1 # router1 thinks that router2 knows the way there

    lan_network=10.1.0.0/24
    server_network=10.2.0.0/24
    responder_network=10.3.0.0/16
    core_bits=30
}

# The link-local address fe80::N is at the interface that has ...::N.
addresses_of_ipv6() {
    unspecified=::
    loopback=::1
    client=fd00:1::10
    client_second=fd00:1::11
    client_loopback=fd00:9::9
    host1=fd00:1::21
    host2=fd00:1::22
    host3=fd00:1::23
    all_nodes=ff02::1
    lan_nobody=fd00:1::99
    router1=fd00:1::1
    router1_core=fd00:12::1
    router2=fd00:12::2
    router2_server=fd00:2::1
    router2_world=fd00:3::ffff
    server=fd00:2::10
    server_nobody=fd00:2::99
    far=fd00:3::1:1
    far_second=fd00:3::1:2
    far_router=fd00:3::ff:1
    nowhere=fd00:99::1

    lan_network=fd00:1::/64
    server_network=fd00:2::/64
    responder_network=fd00:3::/64
    core_bits=64
}

# at NODE COMMAND...: runs it there.
at() {
    nsenter --net="/run/netns/$1" -- "${@:2}"
}

# set_kernel NODE NAME=VALUE...: kernel parameters below net, as ipv4/ip_default_ttl=99.
set_kernel() {
    at "$1" sh -c 'for setting; do
            echo "${setting#*=}" >"/proc/sys/net/${setting%%=*}" || exit
        done' sh "${@:2}"
}

# cable NODE INTERFACE OTHER_NODE OTHER_INTERFACE
cable() {
    ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
    ip -n "$1" link set "$2" up
    ip -n "$3" link set "$4" up
}

plug_into_lan() {
    local node
    ip -n switch link add lan type bridge
    ip -n switch link set lan up
    for node in client host1 host2 host3 router1; do
        cable "$node" lan switch "$node"
        ip -n switch link set "$node" master lan
    done
    ip -n client link set lan address "$client_link"
}

# Addresses of IPv6 are those that are given, at once and for ever.
make_node() {
    ip netns add "$1"
    [[ ! -e /proc/sys/net/ipv6 ]] || set_kernel "$1" ipv6/conf/default/{addr_gen_mode=1,accept_dad=0,accept_ra=0} \
        ipv6/conf/default/keep_addr_on_down=1
    ip -n "$1" link set lo up
}

make_links() {
    local node
    mkdir -p /run/netns
    for node in "${nodes[@]}"; do
        make_node "$node"
    done
    plug_into_lan
    cable router1 core router2 core
    cable router2 server server lan
    ip -n router2 -batch - <<-END
	tuntap add mode tun name world
	link set world up txqueuelen 20000
END
}

# The addresses and routes of one family: those that addresses_of_... has named.
make_routes() {
    local node bits=${lan_network#*/} host_bits=32
    [[ $client != *:* ]] || host_bits=128
    ip -n client -batch - <<-END
	address add $client/$bits dev lan
	address add $client_second/$bits dev lan
	address add $client_loopback/$host_bits dev lo
	route add default via $router1
END
    for node in host1 host2 host3; do
        ip -n "$node" -batch - <<-END
	address add ${!node}/$bits dev lan
	route add default via $router1
END
    done
    ip -n router1 -batch - <<-END
	address add $router1/$bits dev lan
	address add $router1_core/$core_bits dev core
	route add $client_loopback via $client
	route add $server_network via $router2
	route add $responder_network via $router2
	route add $nowhere via $router2
END
    ip -n router2 -batch - <<-END
	address add $router2/$core_bits dev core
	address add $router2_server/${server_network#*/} dev server
	address add $router2_world/${responder_network#*/} dev world
	route add $lan_network via $router1_core
	route add $client_loopback via $router1_core
END
    ip -n server -batch - <<-END
	address add $server/${server_network#*/} dev lan
	route add default via $router2_server
END
}

# What is of IPv4 only: broadcast and multicast, source routes. Nobody waits long for neighbours that are not there, nor
# says less often than asked that something is wrong.
tune_ipv4() {
    local node
    for node in client host1 host2 host3 router1; do
        ip -n "$node" address change "${!node}/${lan_network#*/}" brd + dev lan
    done
    ip -n client route add multicast 224.0.0.0/4 dev lan
    for node in host1 host2 host3; do
        set_kernel "$node" ipv4/icmp_echo_ignore_broadcasts=0
    done
    for node in "${nodes[@]}"; do
        set_kernel "$node" ipv4/{icmp_ratelimit=0,icmp_msgs_per_sec=1000000,icmp_msgs_burst=100000} \
            ipv4/conf/{all/rp_filter=0,default/accept_source_route=1,all/accept_source_route=1}
    done
    for node in router1 router2 host1; do
        set_kernel "$node" ipv4/ip_forward=1
    done
}

# link_local NODE INTERFACE ADDRESS: gives it the link-local address that belongs to this one.
link_local() {
    ip -n "$1" address add "fe80::${3##*:}/64" dev "$2"
}

# Link-local addresses, with which routers ask for neighbours. Of two addresses that would do, Linux takes the one that is
# not deprecated.
tune_ipv6() {
    local node
    ip -n client address change "$client_second/64" dev lan preferred_lft 0
    for node in client host1 host2 host3 router1 server; do
        link_local "$node" lan "${!node}"
    done
    link_local router1 core "$router1_core"
    link_local router2 core "$router2"
    link_local router2 server "$router2_server"
    for node in "${nodes[@]}"; do
        set_kernel "$node" ipv6/icmp/ratelimit=0 ipv4/{icmp_msgs_per_sec=1000000,icmp_msgs_burst=100000}
    done
    for node in router1 router2; do
        set_kernel "$node" ipv6/conf/all/forwarding=1
    done
}

# make_topology [FAMILY]: the network, with addresses of this family: ipv4 or ipv6. addresses_of_FAMILY was called before.
make_topology() {
    make_links
    make_routes
    "tune_${1:-ipv4}"
}
