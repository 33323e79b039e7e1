/*
 * The way to the network: what an echo engine asks of it, as a small struct of functions.
 *
 * A transport sends ICMP messages and hands over the IPv4 packets that come in, unread. It knows nothing of
 * requests, deadlines or reply buffers. There is one file per way of reaching the network; choose.c picks
 * one.
 *
 * Thread safety: every function may be called from any number of threads at once, except that one receiver is
 * used by one thread at a time (transport_wake excepted). Threads may be terminated inside any of them
 * without blocking others.
 */
#ifndef OPENICMP_TRANSPORT_TRANSPORT_H
#define OPENICMP_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport;
struct transport_receiver;

/* An ICMP message to send, and the IPv4 header that it shall travel under. Everything stays the caller's. */
struct transport_message {
    uint32_t destination_be; /* network byte order, as all addresses here */
    uint32_t source_be;      /* 0: the system chooses */
    const uint8_t *bytes;    /* ICMP header and payload, checksum filled in */
    size_t length_bytes;
    const uint8_t *options; /* IPv4 options as in RFC 791, 0 to 40 bytes */
    size_t options_bytes;
    uint8_t ttl; /* 0: the system's default */
    uint8_t tos;
    bool dont_fragment;
    bool broadcast; /* the destination may be a broadcast address */
    /* Called with `context` when everything is ready, just before the message goes out: the time to start a clock. Not
     * called when it never gets so far; called again if send is called again. */
    void (*sending)(void *context);
    void *context;
};

/* A packet that came in: a whole IPv4 packet with its header. Valid until the receiver's next use. */
struct transport_packet {
    const uint8_t *bytes;
    size_t length_bytes;
    uint64_t received_ns; /* os_now_ns when it was seen */
};

/* What transport_send returns when the destination is a broadcast address and message.broadcast was not set.
 * Nothing was sent. Not a Windows error number, and never seen by a program. */
#define TRANSPORT_NEEDS_BROADCAST UINT32_MAX

struct transport_operations {
    /* 0, TRANSPORT_NEEDS_BROADCAST, or the error that the program shall see: below 11000 a Win32 error
     * (nothing was sent because the request is impossible), from 11000 an IP_STATUS (sending it failed). */
    uint32_t (*send)(struct transport *transport, const struct transport_message *message);

    /* A place to receive in. NULL without memory or handles. From here on it takes in what comes, whether or
     * not anybody waits in it. Lives until the transport is closed. */
    struct transport_receiver *(*receiver_open)(struct transport *transport);

    /* Waits, not alertably, until packets came, someone called wake, or `deadline_ns` passed, and returns how
     * many of `packets[capacity]` it filled. Packets that are there go before a wake-up and before the
     * deadline, so 0 means that none was left. A wake that comes while nobody waits ends the next wait. A
     * packet may go to several receivers, or to one of them only. */
    size_t (*receive)(struct transport_receiver *receiver, uint64_t deadline_ns,
                      struct transport_packet *packets, size_t capacity);

    /* The calling thread will not receive for a while. Packets that it took until then, and that would be
     * lost for other receivers, are delivered as by receive: call until 0. */
    size_t (*rest)(struct transport_receiver *receiver, struct transport_packet *packets, size_t capacity);

    /* Nobody is interested any more in what a receiver at rest has taken in: the next packet that it gives is
     * a newer one, unless older ones would be lost for other receivers. */
    void (*discard)(struct transport_receiver *receiver);

    /* Ends the wait of the thread in `receive`, from any thread. */
    void (*wake)(struct transport_receiver *receiver);

    /* Frees the transport and its receivers. Nobody is inside any of these functions. */
    void (*close)(struct transport *transport);
};

/* The head of every transport's own structure. */
struct transport {
    const struct transport_operations *operations;
    const char *name;
    /* The system below replaces the identifier of what we send, and of what answers it: match by sequence
     * alone. */
    bool rewrites_identifier;
};

/* Opens the transport that OPENICMP_TRANSPORT names, or the best one that works here ("auto", and when it is
 * not set). 0, or a Win32 error: ERROR_ACCESS_DENIED when none may open a socket, ERROR_NOT_SUPPORTED when
 * the one named does not exist here, ERROR_NOT_ENOUGH_MEMORY. */
uint32_t transport_open(struct transport **transport);

#endif
