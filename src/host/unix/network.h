/*
 * What the host transport has open, and what its identifiers are: the Unix half's side of a struct transport.
 *
 * Raw: a few sockets to send from, shared by everybody, because Linux takes TTL, TOS, options and source with each
 * message; and for each receiver sockets of its own, which get a copy of every answer.
 *
 * Ping: each identifier is a socket, to send from and to receive from. Receivers share them.
 *
 * A receiver may have an identifier of its own. What answers that goes to this receiver only, and nothing else does; and
 * its thread sends from its sockets, which it shares with nobody: Linux lets one thread at a time send from a socket.
 *
 * One family may be the one and the other the other.
 */
#ifndef OPENICMP_HOST_UNIX_NETWORK_H
#define OPENICMP_HOST_UNIX_NETWORK_H

#include "host/protocol.h"
#include "host/unix/filter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct receiver;

/* Families as indices. */
enum { V4, V6, FAMILIES };

static inline enum ip_family network_family(int index)
{
    return index == V4 ? IP_FAMILY_V4 : IP_FAMILY_V6;
}

struct ping_socket {
    int handle;
    /* Guards what is set on the socket, for the time of one send. -1: not known. */
    pthread_mutex_t lock;
    int dont_fragment;
    int broadcast;
    int hop_limit; /* these two of IPv6 only, whose ping sockets take them with a message since Linux 5.18 only */
    int traffic_class;
};

/* The ping sockets of one family, by identifier. Set once; read without the lock. */
struct ping_table {
    _Atomic(struct ping_socket *) by_identifier[UINT16_MAX + 1];
};

/* How many raw sockets a family sends from, so that none has to be set anew for a message: IPv4 has one for each
 * combination of dont_fragment and broadcast, IPv6 sends both with the message. */
#define RAW_SENDERS 4

struct network {
    /* Set once. */
    enum host_mode mode[FAMILIES];
    struct ping_table *pings[FAMILIES]; /* in memory that is there once it is touched */
    int pings_ready; /* an epoll instance with all ping sockets that are shared, network_ping_event of each */

    /* By dont_fragment + 2 * broadcast; -1 before it is needed. Read without the lock. */
    atomic_int raw_senders[FAMILIES][RAW_SENDERS];

    /* Guards what follows, the opening of senders, and the filters of receivers. Taken with critical_enter only. */
    pthread_mutex_t lock;
    struct receiver *newest_receiver;
    size_t identifier_count;
    uint16_t identifiers[UINT16_MAX + 1]; /* those claimed, but no receiver's own */
};

/* Opens it, and tells in which modes, and why not in better ones. NULL when neither family can be reached, or without
 * memory. */
struct network *network_open(struct host_family_state *ipv4, struct host_family_state *ipv6);

/* Closes it with its receivers. */
void network_close(struct network *network);

/* transport_operations.identifier_claim. */
bool network_claim(struct network *network, uint16_t identifier);

/* The raw socket to send such messages from. -1 and errno when it cannot be opened. */
int network_raw_sender(struct network *network, int family, bool dont_fragment, bool broadcast);

/* The ping socket with this identifier, or NULL. */
struct ping_socket *network_ping_socket(const struct network *network, int family, uint16_t identifier);

/* Whether a receiver may have this identifier for its own: nobody in the network has it. The lock is held. */
bool network_is_free(const struct network *network, uint16_t identifier);

/* Opens the ping sockets of an identifier, if there is a family that wants them, and closes those that it has. They are
 * in the table then, and not in the epoll instance. False when somebody has the identifier, or without memory or handles.
 * The lock is held. */
bool network_pings_open(struct network *network, uint16_t identifier);
void network_pings_close(struct network *network, uint16_t identifier);

/* What the epoll instance says of a ping socket: its handle and its family. */
static inline uint64_t network_ping_event(int handle, int family)
{
    return (uint64_t)(uint32_t)handle << 1 | (uint64_t)family;
}

static inline int network_event_handle(uint64_t event)
{
    return (int)(event >> 1);
}

static inline int network_event_family(uint64_t event)
{
    return (int)(event & 1);
}

#endif
