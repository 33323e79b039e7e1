/*
 * The responder's TUN device and sockets.
 */
#include "network.h"

#include "packet.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

const char *const way_names[WAYS] = {"tun", "server", "lan"};

static enum ip_family family;
static int descriptors[WAYS] = {-1, -1, -1};
static struct sockaddr_ll client_link;

void network_open_tun(enum ip_family packets, const char *interface)
{
    family = packets;
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    descriptors[BY_TUN] = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptors[BY_TUN] < 0 || ioctl(descriptors[BY_TUN], TUNSETIFF, &request) != 0) {
        err(1, "TUN device %s", interface);
    }
}

/* Makes a socket in another namespace. */
static int socket_in(const char *netns, int domain, int type, int protocol)
{
    int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    int other = open(netns, O_RDONLY | O_CLOEXEC);

    if (own < 0 || other < 0 || setns(other, CLONE_NEWNET) != 0) {
        err(1, "network namespace %s", netns);
    }
    int opened = socket(domain, type | SOCK_CLOEXEC, protocol);
    if (opened < 0) {
        err(1, "socket in %s", netns);
    }
    if (setns(own, CLONE_NEWNET) != 0) {
        err(1, "own network namespace");
    }
    close(own);
    close(other);
    return opened;
}

void network_open_server(const char *netns)
{
    descriptors[BY_SERVER] =
        socket_in(netns, family == IP_FAMILY_V4 ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_RAW);
}

void network_open_lan(const char *netns, const char *interface, const char *client)
{
    unsigned int address[ETHER_ADDR_LEN];
    struct ifreq request = {0};

    descriptors[BY_LAN] = socket_in(netns, AF_PACKET, SOCK_DGRAM, 0);
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    if (ioctl(descriptors[BY_LAN], SIOCGIFINDEX, &request) != 0) {
        err(1, "interface %s in %s", interface, netns);
    }
    client_link.sll_family = AF_PACKET;
    client_link.sll_protocol = htons(family == IP_FAMILY_V4 ? ETHERTYPE_IP : ETHERTYPE_IPV6);
    client_link.sll_ifindex = request.ifr_ifindex;
    client_link.sll_halen = ETHER_ADDR_LEN;
    if (sscanf(client, "%x:%x:%x:%x:%x:%x", &address[0], &address[1], &address[2], &address[3], &address[4],
               &address[5]) != ETHER_ADDR_LEN) {
        errx(1, "%s is no link-layer address", client);
    }
    for (size_t i = 0; i < ETHER_ADDR_LEN; i++) {
        client_link.sll_addr[i] = (unsigned char)address[i];
    }
}

int network_descriptor(void)
{
    return descriptors[BY_TUN];
}

size_t network_receive(uint8_t *packet, size_t capacity_bytes)
{
    ssize_t length = read(descriptors[BY_TUN], packet, capacity_bytes);

    return length > 0 ? (size_t)length : 0;
}

/* The raw sockets want to be told where to; the packet says it. */
static ssize_t send_ipv4_by_server(const uint8_t *packet, size_t packet_bytes)
{
    struct sockaddr_in destination = {.sin_family = AF_INET};
    struct ipv4_packet header;

    if (!ipv4_parse_quoted(packet, packet_bytes, &header)) {
        return -1;
    }
    destination.sin_addr.s_addr = header.destination_be;
    return sendto(descriptors[BY_SERVER], packet, packet_bytes, 0, (struct sockaddr *)&destination,
                  sizeof(destination));
}

static ssize_t send_ipv6_by_server(const uint8_t *packet, size_t packet_bytes)
{
    struct sockaddr_in6 destination = {.sin6_family = AF_INET6};
    struct ipv6_packet header;

    if (!ipv6_parse_quoted(packet, packet_bytes, &header)) {
        return -1;
    }
    memcpy(&destination.sin6_addr, header.destination, sizeof(destination.sin6_addr));
    return sendto(descriptors[BY_SERVER], packet, packet_bytes, 0, (struct sockaddr *)&destination,
                  sizeof(destination));
}

bool network_send(enum way way, const uint8_t *packet, size_t packet_bytes)
{
    switch (way) {
    case BY_SERVER:
        return (family == IP_FAMILY_V4 ? send_ipv4_by_server(packet, packet_bytes)
                                       : send_ipv6_by_server(packet, packet_bytes)) >= 0;
    case BY_LAN:
        return sendto(descriptors[BY_LAN], packet, packet_bytes, 0, (struct sockaddr *)&client_link,
                      sizeof(client_link)) >= 0;
    default:
        return write(descriptors[BY_TUN], packet, packet_bytes) >= 0;
    }
}
