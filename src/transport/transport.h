/*
 * The way to the network: what an echo engine asks of it, as a small struct of functions.
 *
 * A transport sends ICMP messages and hands over what comes in, unread. It knows nothing of requests, deadlines
 * or reply buffers. There is one file per way of reaching the network; choose.c picks one.
 *
 * Thread safety: every function may be called from any number of threads at once, except that one receiver is
 * used by one thread at a time (wake excepted). Threads may be terminated inside any of them without blocking
 * others.
 */
#ifndef OPENICMP_TRANSPORT_TRANSPORT_H
#define OPENICMP_TRANSPORT_TRANSPORT_H

#include "wire/ip_address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport;
struct transport_receiver;

/* An ICMP or ICMPv6 message to send, and the IP header that it shall travel under. Everything stays the caller's. */
struct transport_message {
    struct ip_address destination;
    struct ip_address source; /* unspecified: the system chooses. Otherwise of the destination's family */
    /* Echo header and payload. The checksum of ICMP is filled in; that of ICMPv6, which covers the addresses of the
     * IPv6 header (RFC 4443 section 2.3), is 0, and the transport or the system below sees to it. */
    const uint8_t *bytes;
    size_t length_bytes;
    const uint8_t *options; /* IPv4 options as in RFC 791, 0 to 40 bytes; none for IPv6 */
    size_t options_bytes;
    uint8_t ttl; /* or hop limit; 0: the system's default */
    uint8_t tos; /* or traffic class */
    bool dont_fragment;
    bool broadcast; /* the destination may be a broadcast address */
    /* Called with `context` when everything is ready, just before the message goes out: the time to start a clock. Not
     * called when it never gets so far; called again if send is called again. */
    void (*sending)(void *context);
    void *context;
};

/* What a transport can tell of something that came in. */
enum transport_form {
    TRANSPORT_IPV4_PACKET, /* `bytes` are a whole IPv4 packet with its header */
    /* `bytes` are an ICMP or ICMPv6 message, as `peer.family` says: what IPv6 sockets and ping sockets give. The header
     * that it came under is known from the members below. */
    TRANSPORT_MESSAGE,
    /* The system has received, or itself made, an ICMP error about a message of ours, and tells of it in its own way, as
     * Linux's error queue does. `bytes` are our message from its ICMP header on, perhaps cut. */
    TRANSPORT_ERROR,
};

/* Something that came in. Valid until the receiver's next use. */
struct transport_packet {
    enum transport_form form;
    const uint8_t *bytes;
    size_t length_bytes;
    uint64_t received_ns; /* os_now_ns when it was seen, or a little earlier where the kernel tells */

    /* All that follows is 0 for TRANSPORT_IPV4_PACKET. */
    struct ip_address peer; /* who sent the message, or the ICMP error */
    uint8_t ttl;            /* or hop limit, as it arrived; 0 if not known */
    uint8_t tos;            /* or traffic class */
    const uint8_t *options; /* IPv4 options */
    size_t options_bytes;

    /* TRANSPORT_ERROR only. */
    struct ip_address destination; /* where our message was going */
    uint8_t icmp_type, icmp_code;  /* of the error, in the numbers of ICMP or ICMPv6 as `peer.family` says */
};

/* What transport_send returns when the destination is a broadcast address and message.broadcast was not set.
 * Nothing was sent. Not a Windows error number, and never seen by a program. */
#define TRANSPORT_NEEDS_BROADCAST UINT32_MAX

struct transport_operations {
    /* 0, TRANSPORT_NEEDS_BROADCAST, or the error that the program shall see: below 11000 a Win32 error
     * (nothing was sent because the request is impossible), from 11000 an IP_STATUS (sending it failed). */
    uint32_t (*send)(struct transport *transport, const struct transport_message *message);

    /* A place to receive in, for both families. From here on it takes in what comes, whether or not anybody waits in it.
     * Lives until the transport is closed. NULL without memory or handles.
     *
     * With an `identifier`, which is otherwise 0, the receiver gets that for its own: the engine is going to send echo
     * requests with it, and what answers them, and nothing else, goes to this receiver, and to no other. NULL also when it
     * may not be used, as for identifier_claim. */
    struct transport_receiver *(*receiver_open)(struct transport *transport, uint16_t identifier);

    /* Waits, not alertably, until packets came, someone called wake, or `deadline_ns` passed, and returns how
     * many of `packets[capacity]` it filled. Packets that are there go before a wake-up and before the
     * deadline, so 0 means that none was left. A wake that comes while nobody waits ends the next wait. A
     * packet may go to several receivers, or to one of them only. */
    size_t (*receive)(struct transport_receiver *receiver, uint64_t deadline_ns,
                      struct transport_packet *packets, size_t capacity);

    /* send, and if that gives `*error` 0, receive: for a way to the network on which one call is cheaper than two. NULL
     * where there is nothing to gain; then the engine calls the two. `sending` is called as by send. Any packet may end
     * the wait, not only one that answers the message: call receive for the next. */
    size_t (*exchange)(struct transport_receiver *receiver, const struct transport_message *message,
                       uint64_t deadline_ns, struct transport_packet *packets, size_t capacity,
                       uint32_t *error);

    /* The calling thread will not receive for a while. Packets that it took until then, and that would be
     * lost for other receivers, are delivered as by receive: call until 0. */
    size_t (*rest)(struct transport_receiver *receiver, struct transport_packet *packets, size_t capacity);

    /* Nobody is interested any more in what a receiver at rest has taken in: the next packet that it gives is
     * a newer one, unless older ones would be lost for other receivers. */
    void (*discard)(struct transport_receiver *receiver);

    /* Ends the wait of the thread in `receive` or `exchange`, from any thread. */
    void (*wake)(struct transport_receiver *receiver);

    /* The engine is going to send echo requests with this identifier, and wants to hear of what answers them, in every
     * receiver that has none of its own, from now on until the transport is closed. False when it may not be used,
     * because another program on this machine has it or because the system has no means for one more: ask for another
     * one. NULL where any will do. */
    bool (*identifier_claim)(struct transport *transport, uint16_t identifier);

    /* Frees the transport and its receivers. Nobody is inside any of these functions. */
    void (*close)(struct transport *transport);
};

/* How a family is reached. */
enum transport_sockets {
    TRANSPORT_SOCKETS_NONE,
    TRANSPORT_SOCKETS_RAW,
    TRANSPORT_SOCKETS_PING, /* Linux ping sockets */
};

/* The head of every transport's own structure. */
struct transport {
    const struct transport_operations *operations;
    const char *name;
    const char *choice; /* what OPENICMP_TRANSPORT calls it; transport_open sets it */
    /* For programs that ask. */
    enum transport_sockets ipv4_sockets, ipv6_sockets;
    bool kernel_times;       /* received_ns is when the kernel received it */
    bool all_errors;         /* ICMP errors from routers arrive, too */
    bool has_ipv4, has_ipv6; /* which families it can carry; at least one */
    bool keeps_time;         /* a receive comes back at its deadline, not up to a millisecond later */
    bool own_identifiers;    /* receivers may have identifiers of their own */
    /* The system below replaces the identifier of what we send, and of what answers it: match by sequence
     * alone. */
    bool rewrites_identifier;
};

/* Opens the transport that OPENICMP_TRANSPORT names, or the best one that works here ("auto", and when it is
 * not set). 0, or a Win32 error: ERROR_ACCESS_DENIED when none may open a socket, ERROR_NOT_SUPPORTED when
 * the one named does not exist here, ERROR_NOT_ENOUGH_MEMORY. */
uint32_t transport_open(struct transport **transport);

/* Whether OPENICMP_TRANSPORT lets the system's own functions do what no transport can: it does unless it names one. */
bool transport_may_be_system(void);

/* The module that holds this code is being unloaded; every transport is closed. Lets go of what is kept for longer than
 * one of them lives. */
void transport_unload(void);

#endif
