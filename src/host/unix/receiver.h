/*
 * A place to receive in: waits for packets on all sockets that may bring some to it, and takes them in batches. With an
 * identifier of its own, these are sockets of its own in both modes.
 *
 * Nothing is kept here between two calls. Packets go straight to the caller's buffer.
 */
#ifndef OPENICMP_HOST_UNIX_RECEIVER_H
#define OPENICMP_HOST_UNIX_RECEIVER_H

#include "host/unix/network.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* What the kernel tells with a packet: time stamp, TTL, TOS, IPv4 options, an error with its sender. */
#define RECEIVER_CONTROL_BYTES 256

struct receiver {
    struct receiver *next; /* in the network's list; guarded by its lock */
    struct network *network;
    uint16_t identifier; /* its own; 0: none */
    int wake;            /* an eventfd */
    int raw[FAMILIES];   /* its own raw sockets; -1 where the family has none */
    /* With an identifier, it sends from these as well. What is set on that of IPv4 for it; -1: not known. */
    int dont_fragment;
    int broadcast;

    /* The batch that is being received. */
    struct mmsghdr headers[HOST_BATCH_MAX];
    struct iovec parts[HOST_BATCH_MAX];
    struct sockaddr_in6 names[HOST_BATCH_MAX]; /* or the shorter one of IPv4 */
    _Alignas(struct cmsghdr) uint8_t control[HOST_BATCH_MAX][RECEIVER_CONTROL_BYTES];
};

/* A new one in the network's list, with an identifier of its own or with 0. NULL without memory or handles, or when
 * somebody has the identifier. */
struct receiver *receiver_open(struct network *network, uint16_t identifier);
/* Frees one that was taken out of the list. */
void receiver_close(struct receiver *receiver);

/* Gives its raw sockets the filters for the identifiers that there are. The network's lock is held. */
void receiver_set_filters(struct receiver *receiver);

/* transport_operations.receive: fills in what is marked "out". */
void receiver_receive(struct receiver *receiver, struct host_reception *reception);

/* The same after a message was sent to this family with this identifier: looks first where its answer would come. */
void receiver_receive_answer(struct receiver *receiver, int family, uint16_t identifier,
                             struct host_reception *reception);

/* transport_operations.discard and wake. */
void receiver_discard(struct receiver *receiver);
void receiver_wake(struct receiver *receiver);

#endif
