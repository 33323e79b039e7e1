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
#include <windows.h>

struct winsock_socket {
    struct winsock_socket *next;
    SOCKET handle;
    uint32_t source_be; /* bound to this address; 0: to none */
    bool busy;          /* taken by a sender; guarded by the pool's lock */

    /* What is set on the socket; read and written by the sender that has taken it. -1: not known. */
    int ttl;
    int tos;
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

    /* Wine without CAP_NET_RAW: these are Linux ping sockets. The kernel replaces the identifiers, and each
     * socket receives only the answers to what it sent itself. */
    bool ping_sockets;
};

/* Opens the first socket of the pool. 0 or a Win32 error (winsock_open's). */
uint32_t winsock_pool_open(struct winsock_pool *pool);
void winsock_pool_close(struct winsock_pool *pool);

/* A raw socket for one receiver alone: it gets a copy of every ICMP packet that comes. NULL without memory or
 * handles. */
struct winsock_socket *winsock_receiving_socket_open(void);
void winsock_socket_close(struct winsock_socket *socket);

/* Takes a socket that no other sender has and that is bound to `source_be`; opens one when there is none. 0
 * or the error for the program (transport.h: ERROR_INVALID_NETNAME when no interface has that address). */
uint32_t winsock_pool_take(struct winsock_pool *pool, uint32_t source_be, struct winsock_socket **taken);
void winsock_pool_give_back(struct winsock_pool *pool, struct winsock_socket *socket);

/* The error that the program shall see for a Winsock error of sending, binding or setting an option. */
uint32_t winsock_error(int wsa_error);

#endif
