/*
 * Opens sockets. Knows nothing of messages.
 */
#include "host/unix/sockets.h"

#include <netinet/in.h>
#include <netinet/icmp6.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/icmp.h>

/* Room for the answers to a burst of requests that nobody has read yet. */
#define RECEIVE_BUFFER_BYTES (8 * 1024 * 1024)

/* Time stamps with 64 bits on every machine: asm-generic/socket.h of Linux 5.1 and later. */
#ifndef SO_TIMESTAMPNS_NEW
    #define SO_TIMESTAMPNS_NEW 64
#endif

static bool set(int handle, int level, int option, int value)
{
    return setsockopt(handle, level, option, &value, sizeof(value)) == 0;
}

static int protocol_of(enum ip_family family)
{
    return family == IP_FAMILY_V4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static int open_socket(enum ip_family family, int type)
{
    return socket(family == IP_FAMILY_V4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, protocol_of(family));
}

/* What every socket wants that receives. */
static void set_for_receiving(int handle, enum ip_family family)
{
    /* The first wants CAP_NET_ADMIN; the second is cut to net.core.rmem_max. */
    if (!set(handle, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)) {
        set(handle, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    }
    set(handle, SOL_SOCKET, SO_TIMESTAMPNS_NEW, 1);
    if (family == IP_FAMILY_V6) {
        set(handle, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
        set(handle, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    }
}

/* Lets only these types of messages through: cheaper than a filter, because it is asked before a packet is copied for
 * the socket. A bit for each type; ICMPv6 errors and informational messages are apart by 128. */
static void set_types(int handle, enum ip_family family, bool answers)
{
    if (family == IP_FAMILY_V4) {
        struct icmp_filter blocked = {UINT32_MAX};
        if (answers) {
            blocked.data &= ~(1U << ICMP_ECHOREPLY | 1U << ICMP_DEST_UNREACH | 1U << ICMP_SOURCE_QUENCH |
                              1U << ICMP_TIME_EXCEEDED | 1U << ICMP_PARAMETERPROB);
        }
        setsockopt(handle, SOL_RAW, ICMP_FILTER, &blocked, sizeof(blocked));
        return;
    }
    struct icmp6_filter blocked;
    ICMP6_FILTER_SETBLOCKALL(&blocked);
    if (answers) {
        ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &blocked);
        ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &blocked);
        ICMP6_FILTER_SETPASS(ICMP6_PACKET_TOO_BIG, &blocked);
        ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &blocked);
        ICMP6_FILTER_SETPASS(ICMP6_PARAM_PROB, &blocked);
    }
    setsockopt(handle, IPPROTO_ICMPV6, ICMP6_FILTER, &blocked, sizeof(blocked));
}

int sockets_open_raw_sender(enum ip_family family, bool dont_fragment, bool broadcast)
{
    int handle = open_socket(family, SOCK_RAW);
    if (handle < 0) {
        return -1;
    }
    set_types(handle, family, false);
    set(handle, SOL_SOCKET, SO_RCVBUF, 0);
    if (family == IP_FAMILY_V4) {
        set(handle, IPPROTO_IP, IP_MTU_DISCOVER, dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT);
        set(handle, SOL_SOCKET, SO_BROADCAST, broadcast);
    }
    return handle;
}

void sockets_set_filter(int handle, const struct filter *filter)
{
    struct sock_fprog program = {filter->count, (struct sock_filter *)filter->steps};
    if (setsockopt(handle, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) {
        /* An old one would keep from us what the new one lets through. */
        set(handle, SOL_SOCKET, SO_DETACH_FILTER, 0);
    }
}

int sockets_open_raw_receiver(enum ip_family family, const struct filter *filter)
{
    int handle = open_socket(family, SOCK_RAW);
    if (handle < 0) {
        return -1;
    }
    set_types(handle, family, true);
    sockets_set_filter(handle, filter);
    set_for_receiving(handle, family);
    return handle;
}

int sockets_try_ping(enum ip_family family)
{
    return open_socket(family, SOCK_DGRAM);
}

/* Linux looks for others with the same identifier among the sockets of both families, and minds only those pairs of which
 * one has SO_REUSEADDR off. It is on at first. So it is off but for the moment in which the second of a pair is bound. */
static bool bind_identifier(int handle, enum ip_family family, uint16_t identifier, int beside)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address = {0};
    socklen_t length;
    if (family == IP_FAMILY_V4) {
        address.ipv4.sin_family = AF_INET;
        address.ipv4.sin_port = htons(identifier);
        length = sizeof(address.ipv4);
    } else {
        address.ipv6.sin6_family = AF_INET6;
        address.ipv6.sin6_port = htons(identifier);
        length = sizeof(address.ipv6);
    }
    set(handle, SOL_SOCKET, SO_REUSEADDR, beside >= 0);
    if (beside >= 0) {
        set(beside, SOL_SOCKET, SO_REUSEADDR, 1);
    }
    bool bound = bind(handle, &address.any, length) == 0;
    if (beside >= 0) {
        set(beside, SOL_SOCKET, SO_REUSEADDR, 0);
        set(handle, SOL_SOCKET, SO_REUSEADDR, 0);
    }
    return bound;
}

int sockets_open_ping(enum ip_family family, uint16_t identifier, int beside)
{
    int handle = open_socket(family, SOCK_DGRAM);
    if (handle < 0) {
        return -1;
    }
    /* Before it is bound: from then on answers may come. */
    set_for_receiving(handle, family);
    if (family == IP_FAMILY_V4) {
        set(handle, IPPROTO_IP, IP_RECVERR, 1);
        set(handle, IPPROTO_IP, IP_RECVTTL, 1);
        set(handle, IPPROTO_IP, IP_RECVTOS, 1);
        set(handle, IPPROTO_IP, IP_RECVOPTS, 1);
    } else {
        set(handle, IPPROTO_IPV6, IPV6_RECVERR, 1);
    }
    if (!bind_identifier(handle, family, identifier, beside)) {
        close(handle);
        return -1;
    }
    return handle;
}
