/*
 * The IPv4 header of a packet that was received or is quoted in an ICMP error (RFC 791 section 3.1).
 *
 * For the engine, which reports the header's fields to the caller, and for icmpv4, which reads quoted
 * packets. It must not know what the packet carries nor what its options say.
 */
#ifndef OPENICMP_WIRE_IPV4_H
#define OPENICMP_WIRE_IPV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The header without options, and the most that its 4-bit length field leaves for options. */
#define IPV4_HEADER_MIN_BYTES  20
#define IPV4_OPTIONS_MAX_BYTES 40

/* The values of the protocol field that matter here (RFC 790, "assigned internet protocol numbers"). */
#define IPV4_PROTOCOL_ICMP 1

/* Bits of struct ipv4_packet.flags (RFC 791 section 3.1, "Flags"); bit 2 is reserved there. */
#define IPV4_FLAG_MORE_FRAGMENTS 0x1
#define IPV4_FLAG_DONT_FRAGMENT  0x2

/*
 * A parsed packet. It owns nothing: the pointers lead into the buffer that was parsed and are good for as
 * long as that is. They are never NULL; where a length is 0 there is nothing to read behind them.
 */
struct ipv4_packet {
    uint32_t source_be;      /* network order, as in struct in_addr */
    uint32_t destination_be; /* network order, as in struct in_addr */
    uint8_t tos;             /* type of service, now DSCP and ECN (RFC 2474, RFC 3168) */
    uint8_t ttl;             /* time to live that is left, in hops */
    uint8_t protocol;        /* what the payload is: IPV4_PROTOCOL_ICMP or another */
    uint8_t flags;           /* IPV4_FLAG_*: the fragment word in host order >> 13, as Windows reports them */
    uint16_t fragment_offset; /* in units of 8 bytes; 0 for a whole packet and for a first fragment */
    const uint8_t *options;   /* the header's option bytes as they are, with all padding */
    size_t options_bytes;     /* 0 to IPV4_OPTIONS_MAX_BYTES, always a multiple of 4 */
    const uint8_t *payload;   /* what follows the header */
    size_t payload_bytes;
};

/*
 * Parses a whole packet as a raw socket delivers it, `length_bytes` bytes at `data`, which may have any
 * alignment and are only read.
 *
 * Returns true and fills `*packet` if it is well formed: version 4, a header length of at least 20 bytes,
 * and a total length that holds the header and fits in `length_bytes`. What comes after the total length (a
 * link layer's padding) belongs to no packet and is left out of the payload. Fragments are parsed like any
 * other packet: the caller looks at `flags` and `fragment_offset` if it matters.
 *
 * Returns false and leaves `*packet` alone otherwise. The header checksum is not looked at: the kernel has
 * done so before a packet gets here, and where Wine's Winsock falls back to a ping socket it makes a header
 * up.
 *
 * No state: safe on any thread.
 */
bool ipv4_parse(const uint8_t *data, size_t length_bytes, struct ipv4_packet *packet);

/*
 * Parses the start of a packet that an ICMP error quotes (RFC 792: the header and at least 64 bits of what
 * followed it; RFC 1812 section 4.3.2.3: as much as fits in 576 bytes), `length_bytes` bytes at `data`.
 *
 * As ipv4_parse, but the total length is not looked at. It is the original's, which was longer than the
 * quote, and some routers return it changed. So the payload is everything that came after the header, which
 * for an error with RFC 4884 extensions includes those.
 */
bool ipv4_parse_quoted(const uint8_t *data, size_t length_bytes, struct ipv4_packet *packet);

#endif
