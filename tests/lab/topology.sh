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

# Scenarios know addresses by these names only, so that one may be true of another family, too.
addresses_of_ipv4() {
    client=10.1.0.10
    client_second=10.1.0.11  # another address of the same interface
    client_loopback=10.9.9.9 # one that only the loopback interface has; router1 knows where it is
    host1=10.1.0.21
    host2=10.1.0.22
    host3=10.1.0.23
    lan_broadcast=10.1.0.255
    lan_nobody=10.1.0.99 # an address on the LAN that nobody has
    router1=10.1.0.1     # as the client sees it, and from the other side
    router1_core=10.12.0.1
    router2=10.12.0.2 # as router1 sees it
    router2_server=10.2.0.1
    router2_world=10.3.255.254
    server=10.2.0.10
    server_nobody=10.2.0.99
    far=10.3.0.1 # hosts in the networks of the responder, which are 10.3.0.0/16
    far_second=10.3.0.2
    far_router=10.3.255.1
    nowhere=10.99.0.1 # router1 thinks that router2 knows the way there
}

# at NODE COMMAND...: runs it there.
at() {
    nsenter --net="/run/netns/$1" -- "${@:2}"
}

# set_kernel NODE NAME=VALUE...: kernel parameters below net.ipv4.
set_kernel() {
    at "$1" sh -c 'for setting; do echo "${setting#*=}" >"/proc/sys/net/ipv4/${setting%%=*}" || exit; done' sh "${@:2}"
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

make_topology() {
    local node
    mkdir -p /run/netns
    for node in "${nodes[@]}"; do
        ip netns add "$node"
        ip -n "$node" link set lo up
    done
    plug_into_lan
    cable router1 core router2 core
    cable router2 server server lan
    ip -n router2 tuntap add mode tun name world

    ip -n client -batch - <<-END
	address add $client/24 brd + dev lan
	address add $client_second/24 brd + dev lan
	address add $client_loopback/32 dev lo
	route add default via $router1
	route add multicast 224.0.0.0/4 dev lan
END
    for node in host1 host2 host3; do
        ip -n "$node" -batch - <<-END
	address add ${!node}/24 brd + dev lan
	route add default via $router1
END
        set_kernel "$node" icmp_echo_ignore_broadcasts=0
    done
    ip -n router1 -batch - <<-END
	address add $router1/24 brd + dev lan
	address add $router1_core/30 dev core
	route add $client_loopback via $client
	route add 10.2.0.0/24 via $router2
	route add 10.3.0.0/16 via $router2
	route add $nowhere via $router2
END
    ip -n router2 -batch - <<-END
	address add $router2/30 dev core
	address add $router2_server/24 dev server
	address add $router2_world/16 dev world
	link set world up
	route add 10.1.0.0/24 via $router1_core
	route add $client_loopback via $router1_core
END
    ip -n server -batch - <<-END
	address add $server/24 dev lan
	route add default via $router2_server
END
    # Nobody waits long for neighbours that are not there, nor says less often than asked that something is
    # wrong.
    for node in "${nodes[@]}"; do
        set_kernel "$node" icmp_ratelimit=0 icmp_msgs_per_sec=1000000 icmp_msgs_burst=100000 conf/all/rp_filter=0 \
            conf/default/accept_source_route=1 conf/all/accept_source_route=1
    done
    for node in router1 router2 host1; do
        set_kernel "$node" ip_forward=1
    done
}
