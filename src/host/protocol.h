/*
 * What the two halves of the host transport say to each other: openicmp.dll, which is a Windows program's, and
 * openicmp-host.so, which is a Linux library in the same process.
 *
 * A call is a number of enum host_function and a pointer to its parameters. The parameters have the same layout for
 * every compiler on either side: members of fixed width, each at a multiple of its size (i386 Linux would put 64-bit
 * members at multiples of 4), and pointers as 64-bit numbers. So one .so serves 64-bit programs, and 32-bit programs
 * in a Wine that runs those in 64-bit processes.
 *
 * It must not know Win32, Wine or Linux.
 */
#ifndef OPENICMP_HOST_PROTOCOL_H
#define OPENICMP_HOST_PROTOCOL_H

#include "wire/ip_address.h"

#include <stddef.h>
#include <stdint.h>

/* Raised with every change of what follows. Halves that disagree do not work together. */
#define HOST_PROTOCOL 2

/* The functions' numbers, and their parameters. All may be called from any number of threads at once, except that one
 * receiver is used by one thread at a time (wake excepted), and that nobody is in any function during close. A thread
 * may be terminated in any of them. */
enum host_function {
    HOST_HANDSHAKE,     /* struct host_handshake_call. It keeps number and layout for ever. */
    HOST_OPEN,          /* struct host_open_call */
    HOST_CLAIM,         /* struct host_claim_call */
    HOST_RECEIVER_OPEN, /* struct host_receiver_open_call */
    HOST_DISCARD,       /* struct host_receiver_call */
    HOST_WAKE,          /* struct host_receiver_call */
    HOST_SEND,          /* struct host_send_call */
    HOST_RECEIVE,       /* struct host_receive_call */
    HOST_EXCHANGE,      /* struct host_exchange_call */
    HOST_CLOSE,         /* struct host_close_call */
    HOST_FUNCTION_COUNT
};

struct host_handshake_call {
    uint32_t protocol;     /* in: the caller's HOST_PROTOCOL */
    uint32_t own_protocol; /* out: that of the other half */
};

/* How a family is reached. */
enum host_mode {
    HOST_MODE_NONE,
    HOST_MODE_RAW,
    HOST_MODE_PING, /* Linux ping sockets, which need no privilege but net.ipv4.ping_group_range */
};

#define HOST_REASON_BYTES 96

struct host_family_state {
    uint32_t mode; /* enum host_mode */
    uint32_t unused;
    char reason[HOST_REASON_BYTES]; /* why it is not a better one, in words; empty when it is the best */
};

struct host_open_call {
    uint64_t
        network; /* out: to pass to the others. 0 when neither family can be reached, or without memory. */
    struct host_family_state ipv4, ipv6; /* out */
};

struct host_claim_call {
    uint64_t network;
    uint32_t identifier;
    uint32_t claimed; /* out: 1 or 0 */
};

struct host_receiver_open_call {
    uint64_t network;
    uint64_t receiver;   /* out; 0 without memory or handles, or when somebody has the identifier */
    uint32_t identifier; /* of its own; 0: none */
    uint32_t unused;
};

struct host_receiver_call {
    uint64_t receiver;
};

/* struct transport_message. */
struct host_message {
    uint64_t bytes;   /* pointer */
    uint64_t options; /* pointer */
    uint32_t length_bytes;
    uint32_t options_bytes; /* at most 40 */
    struct ip_address destination;
    struct ip_address source;
    uint8_t ttl, tos, dont_fragment, broadcast;
    uint32_t unused;
};

/* struct transport_packet. Its bytes lie at `offset` in the receive buffer. */
struct host_packet {
    uint64_t age_ns; /* how long before the end of the call it came in */
    uint32_t offset;
    uint32_t length_bytes;
    struct ip_address peer;
    struct ip_address destination;
    uint8_t form; /* enum transport_form */
    uint8_t ttl, tos, icmp_type, icmp_code, options_bytes;
    uint8_t options[40];
    uint8_t unused[2];
};

/* Room for a packet in the receive buffer. No datagram is longer. */
#define HOST_SLOT_BYTES 65536
/* Room for how many there may be. */
#define HOST_BATCH_MAX 32

struct host_reception {
    uint64_t packets;    /* pointer to struct host_packet[capacity] */
    uint64_t buffer;     /* pointer to capacity * HOST_SLOT_BYTES; what is not needed of it is not touched */
    uint64_t timeout_ns; /* UINT64_MAX: for ever */
    uint32_t capacity;   /* 1 to HOST_BATCH_MAX */
    uint32_t count;      /* out: how many packets there were */
    uint32_t
        woken; /* out: 1 when there were none because of HOST_WAKE. 0 may also come somewhat too early. */
    uint32_t unused;
};

struct host_send_call {
    uint64_t network;
    uint32_t failure; /* out: enum send_failure */
    uint32_t unused;
    struct host_message message;
};

struct host_receive_call {
    uint64_t receiver;
    struct host_reception reception;
};

/* A send with the receiver's network, and, if it does not fail, a receive. */
struct host_exchange_call {
    uint64_t receiver;
    uint32_t failure; /* out: enum send_failure */
    uint32_t unused;
    struct host_message message;
    struct host_reception reception;
};

struct host_close_call {
    uint64_t network;
};

_Static_assert(sizeof(struct ip_address) == 24, "the same on both sides");
_Static_assert(sizeof(struct host_handshake_call) == 8, "for ever");
_Static_assert(sizeof(struct host_open_call) == 8 + 2 * (8 + HOST_REASON_BYTES), "no padding");
_Static_assert(sizeof(struct host_claim_call) == 16, "no padding");
_Static_assert(sizeof(struct host_receiver_open_call) == 24, "no padding");
_Static_assert(sizeof(struct host_message) == 80, "no padding");
_Static_assert(offsetof(struct host_message, ttl) == 72, "no padding");
_Static_assert(sizeof(struct host_packet) == 112, "no padding");
_Static_assert(offsetof(struct host_packet, form) == 64, "no padding");
_Static_assert(sizeof(struct host_reception) == 40, "no padding");
_Static_assert(sizeof(struct host_send_call) == 16 + sizeof(struct host_message), "no padding");
_Static_assert(sizeof(struct host_receive_call) == 8 + sizeof(struct host_reception), "no padding");
_Static_assert(sizeof(struct host_exchange_call) ==
                   16 + sizeof(struct host_message) + sizeof(struct host_reception),
               "no padding");

#endif
