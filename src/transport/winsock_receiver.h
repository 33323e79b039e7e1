/*
 * A place to receive in, of the winsock transport: overlapped receives on the sockets that answers come to,
 * and an event that ends the wait for them.
 *
 * Each receiver has a raw socket of its own for each family, to which the system brings a copy of every
 * ICMP packet. Under Wine (8.0, tried), a socket on which a thread was terminated in the middle of a
 * receive gives nothing to anybody any more: this way it is the dead thread's alone. Ping sockets bring
 * each answer to the socket that has asked, so receivers have to share those of the pool.
 *
 * The buffers belong to the receiver, never to the thread that waits: nothing is written to memory that is
 * gone.
 */
#ifndef OPENICMP_TRANSPORT_WINSOCK_RECEIVER_H
#define OPENICMP_TRANSPORT_WINSOCK_RECEIVER_H

#include "transport/winsock_sockets.h"

/* A datagram cannot be longer. */
#define WINSOCK_PACKET_BYTES_MAX 65536

/* One overlapped receive. */
struct winsock_slot;

struct transport_receiver {
    struct transport_receiver *next; /* in the pool's list */
    struct winsock_pool *pool;
    HANDLE wake; /* auto-reset event */
    struct winsock_slot *slots[WINSOCK_RECEIVING_MAX];
    size_t slot_count; /* one for each of the receiver's own sockets, or for each ping socket */
    /* The packets that were handed over last. Many small ones, or a large one. */
    uint8_t store[2 * WINSOCK_PACKET_BYTES_MAX];
};

/* A new one in the pool's list. NULL without memory or handles. */
struct transport_receiver *winsock_receiver_open(struct winsock_pool *pool);
/* Frees one that was taken out of the list. Its thread has left it, or is gone. */
void winsock_receiver_close(struct transport_receiver *receiver);

/* The functions of transport_operations. */
size_t winsock_receive(struct transport_receiver *receiver, uint64_t deadline_ns,
                       struct transport_packet *packets, size_t capacity);
void winsock_discard(struct transport_receiver *receiver);
size_t winsock_rest(struct transport_receiver *receiver, struct transport_packet *packets, size_t capacity);
void winsock_wake(struct transport_receiver *receiver);

#endif
