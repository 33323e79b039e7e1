/*
 * ICMPv6 messages: the echo request that is built, and what may come back (RFC 4443).
 *
 * For the engine. It must not know requests that wait, sockets, or what a message means to a caller: the
 * last is status.h's.
 *
 * The checksum of ICMPv6 covers addresses of the IPv6 header (RFC 4443 section 2.3), which the transport or
 * the system below knows and this module does not: they fill it in and verify it (for raw sockets: RFC 3542
 * section 3.1).
 */
#ifndef OPENICMP_WIRE_ICMPV6_H
#define OPENICMP_WIRE_ICMPV6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The header of an echo message, and the fixed part of every other message that is read here. */
#define ICMPV6_HEADER_BYTES 8

/* The types that mean something to an echo (RFC 4443). */
enum {
    ICMPV6_TYPE_DESTINATION_UNREACHABLE = 1,
    ICMPV6_TYPE_PACKET_TOO_BIG = 2,
    ICMPV6_TYPE_TIME_EXCEEDED = 3,
    ICMPV6_TYPE_PARAMETER_PROBLEM = 4,
    ICMPV6_TYPE_ECHO_REQUEST = 128,
    ICMPV6_TYPE_ECHO_REPLY = 129,
};

/* What a message is to someone who waits for echo replies. */
enum icmpv6_kind {
    ICMPV6_KIND_OTHER, /* of no interest: an echo request, neighbour discovery, and so on */
    ICMPV6_KIND_ECHO_REPLY,
    ICMPV6_KIND_ERROR /* about an echo request that it quotes */
};

/*
 * A parsed message. It owns nothing: the pointers lead into the buffer that was parsed and are good for as
 * long as that is. Members that a kind does not have are 0 or NULL.
 */
struct icmpv6_message {
    enum icmpv6_kind kind;
    uint8_t type, code;                /* as in the message; status_from_icmpv6 tells what they mean */
    uint16_t identifier;               /* host order. Echo reply: its own; error: the quoted request's */
    uint16_t sequence;                 /* host order, likewise */
    const uint8_t *data;               /* echo reply only: the payload, never NULL */
    size_t data_bytes;                 /* echo reply only */
    const uint8_t *quoted_destination; /* error only: where the quoted request was on its way to, 16 bytes */
};

/*
 * Makes an echo request of the `message_bytes` bytes at `message`, of which the caller has filled all but
 * the first ICMPV6_HEADER_BYTES with the payload: writes the header (RFC 4443 section 4.1; code 0) with a
 * checksum of 0. `identifier` and `sequence` are in host order. Any alignment will do.
 *
 * `message_bytes` counts the header; if it is too small for one, nothing is written. No state: safe on any
 * thread.
 */
void icmpv6_build_echo_request(uint8_t *message, size_t message_bytes, uint16_t identifier,
                               uint16_t sequence);

/*
 * Parses a message, the `length_bytes` bytes at `message` that an IPv6 packet carried and of which the
 * system has verified the checksum. They are only read and may have any alignment.
 *
 * Returns true and fills `*out`:
 * - ICMPV6_KIND_ECHO_REPLY whatever the code is;
 * - ICMPV6_KIND_ERROR for types 1 to 4 whatever the code is, if they quote an echo request that this
 *   library may have sent: an IPv6 header, extension headers or none (ipv6_parse_quoted), then at least the
 *   8 bytes of an echo request's header, of a first or only fragment, with code 0 (RFC 4443 section 2.4
 *   (c));
 * - ICMPV6_KIND_OTHER for every other type.
 *
 * Returns false and leaves `*out` alone if the message is shorter than ICMPV6_HEADER_BYTES or if it is an
 * error that quotes something else. No state: safe on any thread.
 */
bool icmpv6_parse(const uint8_t *message, size_t length_bytes, struct icmpv6_message *out);

/*
 * Reads the echo request of which `length_bytes` bytes are at `message`, perhaps not all of it, as it comes
 * back with an error. As icmpv4_parse_echo_request.
 */
bool icmpv6_parse_echo_request(const uint8_t *message, size_t length_bytes, uint16_t *identifier,
                               uint16_t *sequence);

#endif
