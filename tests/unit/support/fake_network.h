/*
 * A network in memory, behind transport/transport.h: for the native tests, which see every message that the
 * engine sends and decide what comes back, when, and into whose hands.
 *
 * It holds the engine to the rules of transport.h: it ends the program when a receiver is used by two
 * threads at once or the engine's lock is held in any call, all of which may be system calls, or an
 * identifier is used that was not granted, and it frees the packets that it gave out as soon as they may no
 * longer be used, so that the address sanitizer finds whoever does. And it does what Winsock does: each
 * receiver gets every packet, also while it rests; where identifiers are rewritten, the receivers share the
 * packets, and one that was woken goes on listening until it is put to rest, and takes packets that nobody
 * then sees.
 *
 * A test program may be run over several kinds of transport: the environment variable FAKE_NETWORK, if set,
 * says which. "exchange": it can send and receive in one call. "own": that, too, and its receivers may have identifiers of
 * their own.
 *
 * Thread-safe. Hooks run on the calling thread, without a lock.
 */
#ifndef OPENICMP_TESTS_FAKE_NETWORK_H
#define OPENICMP_TESTS_FAKE_NETWORK_H

#include "transport/transport.h"

/* A message that was sent, as it was then. Lives until the next reset. */
struct fake_sent {
    struct fake_sent *next;
    struct transport_message message; /* its pointers lead into `bytes` and `options` */
    uint16_t identifier;
    uint16_t sequence;
    uint8_t options[40];
    uint8_t bytes[];
};

/* What the network does; members that are NULL are left out. */
struct fake_network_hooks {
    /* A message is about to be sent, but for what the transport has to do first. */
    void (*prepare)(void);
    /* In place of an answer (NULL: fake_network_echo). Returns what transport_send shall return. */
    uint32_t (*send)(const struct fake_sent *sent);
    /* A thread is about to receive with the receiver of that number, counted from 0 since the transport was
     * opened. */
    void (*receive)(size_t receiver, uint64_t deadline_ns);
    /* A thread has received so many packets, and is about to return. */
    void (*received)(size_t receiver, size_t count);
    /* A thread is about to put a receiver to rest. */
    void (*rest)(size_t receiver);
    /* A thread is about to wake the one that receives with that receiver. */
    void (*wake)(size_t receiver);
    /* A receiver of that number is about to be opened. */
    void (*receiver_open)(size_t receiver);
    /* A transport is about to be opened. Returns what transport_open shall return. */
    uint32_t (*open)(void);
    /* The engine claims an identifier, or wants it for a receiver's own. Whether it is granted (NULL: every one is). */
    bool (*identifier_claim)(uint16_t identifier);
};

/* Back to a network that answers every echo at once. No transport may be open. */
void fake_network_reset(void);
void fake_network_hook(struct fake_network_hooks hooks);
/* Transports opened from now on rewrite the identifier of what is sent. */
void fake_network_rewrite_identifiers(bool rewrite);
/* Transports opened from now on carry these families; both after a reset. */
void fake_network_carry(bool ipv4, bool ipv6);
/* Transports opened from now on want identifiers to be claimed, as they do after a reset. */
void fake_network_want_claims(bool want);
/* Transports opened from now on have `exchange`, or not. */
void fake_network_provide_exchange(bool provide);
/* Receivers of transports opened from now on may have identifiers of their own, unless these are rewritten; or not. */
void fake_network_allow_own_identifiers(bool allow);
/* Transports opened from now on tell when the kernel received a packet. */
void fake_network_tell_kernel_times(bool tell);
/* receiver_open fails from now on. */
void fake_network_fail_receivers(bool fail);
/* Gives packets out one by one, as Winsock does, and not in batches. */
void fake_network_single_packets(bool single);

/* ---- What was sent ---- */

/* Waits until `count` messages have been sent since the reset, and gives the last of them. */
const struct fake_sent *fake_network_sent(size_t count);
size_t fake_network_sent_count(void);

/* ---- Answers ---- */

/* An ICMP or ICMPv6 message, as the family of its source says, and what it comes under. fake_reply and
 * fake_error fill it; change what you like, and deliver it. */
struct fake_answer {
    /* How the transport gives it out: at first, as a packet if it is IPv4, and as a message if it is IPv6.
     * TRANSPORT_ERROR: only if it is an error. */
    enum transport_form form;
    struct ip_address source;
    struct ip_address destination;
    uint8_t ttl;
    uint8_t tos;
    uint8_t protocol;
    uint16_t fragment_word; /* flags << 13 | offset */
    const uint8_t *options;
    size_t options_bytes; /* a multiple of 4 */

    uint8_t type;
    uint8_t code;
    uint16_t identifier; /* of an echo reply, or of the quoted request */
    uint16_t sequence;
    const uint8_t *data; /* of an echo reply */
    size_t data_bytes;
    bool bad_checksum;

    bool is_error;
    struct ip_address quoted_destination;
    const uint8_t *quoted_options;
    size_t quoted_options_bytes;
};

/* The echo reply to a request. */
struct fake_answer fake_reply(const struct fake_sent *sent);
/* An ICMP error from `router` that quotes the request, with a type and code of the request's family. */
struct fake_answer fake_error(const struct fake_sent *sent, struct ip_address router, uint8_t type,
                              uint8_t code);

/* Brings a packet to every receiver of every open transport that wants it: if the identifier is a receiver's own, to that
 * one only, and else to those without; where receivers share, to one of them. */
void fake_network_deliver(const struct fake_answer *answer);
/* The same, to the receiver of that number only. */
void fake_network_deliver_to(size_t receiver, const struct fake_answer *answer);
/* Brings anything, to all of them. */
void fake_network_deliver_packet(const struct transport_packet *packet);
/* Brings any bytes, as an IPv4 packet. */
void fake_network_deliver_bytes(const uint8_t *bytes, size_t length_bytes);
void fake_network_deliver_bytes_to(size_t receiver, const uint8_t *bytes, size_t length_bytes);

/* Send hooks: answers with the echo reply; does not answer. */
uint32_t fake_network_echo(const struct fake_sent *sent);
uint32_t fake_network_silence(const struct fake_sent *sent);

/* ---- Counts ---- */

size_t fake_network_opened(void); /* transports, since the reset */
size_t fake_network_closed(void);
size_t fake_network_claims(void);    /* calls of identifier_claim since the reset */
size_t fake_network_granted(void);   /* and how many of them were granted */
size_t fake_network_receivers(void); /* opened since the reset */
size_t fake_network_receives(void);  /* calls of receive since the reset */
size_t fake_network_exchanges(void); /* calls of exchange since the reset */
size_t fake_network_discards(void);  /* calls of discard since the reset */
size_t fake_network_listening(void); /* threads that wait in receive now */
/* Until when a thread waits in the receiver of that number; 0 when none does, or has been woken. */
uint64_t fake_network_waits_until(size_t receiver);
size_t fake_network_unread(void); /* packets that nobody has been given yet; copies count */
bool fake_network_idle(void);     /* all receivers rest, and none holds a packet that others lack */

#endif
