/*
 * The IPv6 header of a packet that is quoted in an ICMPv6 error (RFC 8200 section 3), with what may stand
 * between it and the ICMPv6 message.
 *
 * For icmpv6, which reads quoted packets. Received packets come without their header: IPv6 sockets keep it.
 * It must not know what the packet carries.
 */
#ifndef OPENICMP_WIRE_IPV6_H
#define OPENICMP_WIRE_IPV6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPV6_HEADER_BYTES  40
#define IPV6_ADDRESS_BYTES 16

/* The next-header value that matters here (RFC 4443 section 1). */
#define IPV6_NEXT_HEADER_ICMPV6 58

/*
 * A parsed packet. It owns nothing: the pointers lead into the buffer that was parsed and are good for as
 * long as that is. They are never NULL; where a length is 0 there is nothing to read behind them.
 */
struct ipv6_packet {
    const uint8_t *source;      /* IPV6_ADDRESS_BYTES */
    const uint8_t *destination; /* likewise */
    uint8_t protocol;           /* what the payload is: IPV6_NEXT_HEADER_ICMPV6 or another */
    uint16_t fragment_offset;   /* in units of 8 bytes; 0 for a whole packet and for a first fragment */
    const uint8_t *payload;     /* what follows the header and the extension headers */
    size_t payload_bytes;
};

/*
 * Parses the start of a packet that an ICMPv6 error quotes (RFC 4443 section 2.4 (c): as much as fits in
 * 1,280 bytes), `length_bytes` bytes at `data`, which may have any alignment and are only read.
 *
 * Extension headers are passed over: hop-by-hop options, routing, fragment and destination options (RFC
 * 8200 section 4) and the authentication header (RFC 4302), eight at most, which is more than anybody
 * sends. Anything else is the payload, and so is what follows a fragment header with an offset, because the
 * start of it is elsewhere. The payload length is not looked at: it is the original's, which was longer
 * than the quote.
 *
 * Returns true and fills `*packet` if there is a whole header of version 6 and every extension header ends
 * inside; returns false and leaves `*packet` alone otherwise. No state: safe on any thread.
 */
bool ipv6_parse_quoted(const uint8_t *data, size_t length_bytes, struct ipv6_packet *packet);

#endif
