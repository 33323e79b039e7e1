/*
 * ICMPv4 messages: the echo request that is built, and what may come back (RFC 792).
 *
 * For the engine. It must not know requests that wait, sockets, or what a message means to a caller: the
 * last is status.h's.
 */
#ifndef OPENICMP_WIRE_ICMPV4_H
#define OPENICMP_WIRE_ICMPV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The header of an echo message, and the fixed part of every other message that is read here. */
#define ICMPV4_HEADER_BYTES 8

/* The types that mean something to an echo (RFC 792; source quench is deprecated by RFC 6633). */
enum {
    ICMPV4_TYPE_ECHO_REPLY = 0,
    ICMPV4_TYPE_DESTINATION_UNREACHABLE = 3,
    ICMPV4_TYPE_SOURCE_QUENCH = 4,
    ICMPV4_TYPE_ECHO_REQUEST = 8,
    ICMPV4_TYPE_TIME_EXCEEDED = 11,
    ICMPV4_TYPE_PARAMETER_PROBLEM = 12,
};

/* What a message is to someone who waits for echo replies. */
enum icmpv4_kind {
    ICMPV4_OTHER,        /* well formed and of no interest: redirect, timestamp, and so on */
    ICMPV4_ECHO_REQUEST, /* somebody's, perhaps our own on the loopback interface */
    ICMPV4_ECHO_REPLY,
    ICMPV4_ERROR /* about an echo request that it quotes */
};

/*
 * A parsed message. It owns nothing: `data` leads into the buffer that was parsed and is good for as long as
 * that is. Members that a kind does not have are 0, false or NULL.
 */
struct icmpv4_message {
    enum icmpv4_kind kind;
    uint8_t type, code;             /* as in the message; status_from_icmpv4 tells what they mean */
    uint16_t identifier;            /* host order. Echo: the message's own; error: the quoted request's */
    uint16_t sequence;              /* host order, likewise */
    const uint8_t *data;            /* echo only: the payload, never NULL */
    size_t data_bytes;              /* echo only */
    uint32_t quoted_source_be;      /* error only: whence the quoted request came, network order */
    uint32_t quoted_destination_be; /* error only: where it was on its way to, network order */
    bool quoted_source_route;       /* error only: it has a source route, so its destination may be a hop.
                                       If none was sent, this is a forgery */
};

/*
 * Makes an echo request of the `message_bytes` bytes at `message`, of which the caller has filled all but
 * the first ICMPV4_HEADER_BYTES with the payload: writes the header, checksum included (RFC 792, "Echo or
 * Echo Reply Message"; code 0). `identifier` and `sequence` are in host order. Any alignment will do.
 *
 * `message_bytes` counts the header; if it is too small for one, nothing is written. No state: safe on any
 * thread.
 */
void icmpv4_build_echo_request(uint8_t *message, size_t message_bytes, uint16_t identifier,
                               uint16_t sequence);

/*
 * Parses a message, the `length_bytes` bytes at `message` that an IPv4 packet of protocol 1 carried. They
 * are only read and may have any alignment.
 *
 * Returns true and fills `*out`:
 * - ICMPV4_ECHO_REQUEST, ICMPV4_ECHO_REPLY whatever the code is;
 * - ICMPV4_ERROR for types 3, 4, 11 and 12 whatever the code is, if they quote an echo request that this
 *   library may have sent: an IPv4 header with all its options, protocol ICMP, first or only fragment, then
 *   at least the 8 bytes of an echo request's header (RFC 792, RFC 1122 section 3.2.2) with code 0. The
 *   quoted checksum and total length are not looked at: routers do return them changed. What follows, more
 *   of the payload or an RFC 4884 extension structure, is not read;
 * - ICMPV4_OTHER for every other type.
 *
 * Returns false and leaves `*out` alone if the message is shorter than ICMPV4_HEADER_BYTES, if its checksum
 * is wrong, or if it is an error that quotes something else. No state: safe on any thread.
 */
bool icmpv4_parse(const uint8_t *message, size_t length_bytes, struct icmpv4_message *out);

/*
 * Reads the echo request of which `length_bytes` bytes are at `message`, perhaps not all of it, as it comes
 * back with an error. Returns true and sets `*identifier` and `*sequence`, in host order, if they begin
 * with a whole header of type echo request and code 0; its checksum is not looked at. Returns false and
 * sets neither otherwise. No state: safe on any thread.
 */
bool icmpv4_parse_echo_request(const uint8_t *message, size_t length_bytes, uint16_t *identifier,
                               uint16_t *sequence);

#endif
