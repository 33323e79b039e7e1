/*
 * The sockets of the winsock transport: a pool from which each sender takes one for the time of one send, and
 * those that receivers have for themselves.
 *
 * TTL, TOS, DF, IP options and source address belong to the socket in Winsock, not to the datagram, so a
 * socket must not be shared while it sends. No lock is held meanwhile: a thread that is terminated in the
 * middle takes one socket out of circulation and blocks nobody. Each socket remembers what is set on it, and
 * only what differs is set anew.
 */
#ifndef OPENICMP_TRANSPORT_WINSOCK_SOCKETS_H
#define OPENICMP_TRANSPORT_WINSOCK_SOCKETS_H

#include "transport/transport.h"

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

struct winsock_socket {
    struct winsock_socket *next;
    SOCKET handle;
    struct ip_address
        source; /* bound to this address, of whose family it is; if that is unspecified, to none */
    bool busy;  /* taken by a sender; guarded by the pool's lock */

    /* What is set on the socket; read and written by the sender that has taken it. -1: not known. */
    int ttl;            /* or hop limit */
    int multicast_hops; /* of multicast, instead of it */
    int tos;            /* or traffic class */
    int dont_fragment;
    int broadcast;
    uint8_t options[40];
    size_t options_bytes;
};

/* A thread can wait for 64 objects: one to be woken by, and the sockets that receive. */
#define WINSOCK_RECEIVING_MAX (MAXIMUM_WAIT_OBJECTS - 1)

struct winsock_pool {
    SRWLOCK lock; /* guards the lists and each socket's `busy`; never held during a Winsock call */
    CONDITION_VARIABLE given_back; /* wakes who found every socket taken */
    struct winsock_socket *newest; /* every socket, newest first; they are closed with the pool only */
    size_t count;                  /* of them */
    struct transport_receiver *newest_receiver; /* all there are; they go with the pool only */
    int default_ttl;
    int default_hop_limit;
    bool has_ipv6;

    /* Wine without CAP_NET_RAW: these are Linux ping sockets. The kernel replaces the identifiers, and each
     * socket receives only the answers to what it sent itself. */
    bool ping_sockets;
};

/* Opens the first socket of the pool. 0 or a Win32 error (winsock_open's). */
uint32_t winsock_pool_open(struct winsock_pool *pool);
void winsock_pool_close(struct winsock_pool *pool);

/* A raw socket for one receiver alone: it gets a copy of every ICMP packet, or ICMPv6 message, that comes. NULL without
 * memory or handles. */
struct winsock_socket *winsock_receiving_socket_open(enum ip_family family);
void winsock_socket_close(struct winsock_socket *socket);

/* Takes a socket that no other sender has and that is bound to `source`, which has its family; opens one when there is none. 0
 * or the error for the program (transport.h: ERROR_INVALID_NETNAME when no interface has that address). */
uint32_t winsock_pool_take(struct winsock_pool *pool, const struct ip_address *source,
                           struct winsock_socket **taken);
void winsock_pool_give_back(struct winsock_pool *pool, struct winsock_socket *socket);

/* Makes Winsock's form of an address, or the other way round. */
union winsock_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};
int winsock_address_from(union winsock_address *result,
                         const struct ip_address *address); /* how long it is */
struct ip_address winsock_address_to_ip(const union winsock_address *address);

/* The unspecified address of a family. */
struct ip_address winsock_any_address(enum ip_family family);

/* The error that the program shall see for a Winsock error of sending, binding or setting an option. */
uint32_t winsock_error(int wsa_error);

#endif
