/*
 * The header of an echo message, which ICMP and ICMPv6 have in common but for the numbers in it (RFC 792,
 * "Echo or Echo Reply Message"; RFC 4443 sections 4.1 and 4.2).
 *
 * For icmpv4 and icmpv6, and for the engine, which leaves room for it. It must not know which types there
 * are, nor how the checksum comes about.
 *
 * All functions are safe on any thread; the header's 8 bytes may have any alignment.
 */
#ifndef OPENICMP_WIRE_ECHO_HEADER_H
#define OPENICMP_WIRE_ECHO_HEADER_H

#include "wire/bytes.h"

#include <stdbool.h>

#define ECHO_HEADER_BYTES 8

/* Where the fields are. Every ICMP and ICMPv6 message has the first three there. */
enum {
    ECHO_HEADER_TYPE = 0,
    ECHO_HEADER_CODE = 1,
    ECHO_HEADER_CHECKSUM = 2,
    ECHO_HEADER_IDENTIFIER = 4,
    ECHO_HEADER_SEQUENCE = 6,
};

/* Writes a header with code 0 and checksum 0. `identifier` and `sequence` are in host order. */
static inline void echo_header_write(uint8_t *header, uint8_t type, uint16_t identifier, uint16_t sequence)
{
    header[ECHO_HEADER_TYPE] = type;
    header[ECHO_HEADER_CODE] = 0;
    bytes_store_be16(header + ECHO_HEADER_CHECKSUM, 0);
    bytes_store_be16(header + ECHO_HEADER_IDENTIFIER, identifier);
    bytes_store_be16(header + ECHO_HEADER_SEQUENCE, sequence);
}

/* Reads identifier and sequence, into host order. */
static inline void echo_header_read_key(const uint8_t *header, uint16_t *identifier, uint16_t *sequence)
{
    *identifier = bytes_load_be16(header + ECHO_HEADER_IDENTIFIER);
    *sequence = bytes_load_be16(header + ECHO_HEADER_SEQUENCE);
}

/* Whether the header has that type, and code 0. */
static inline bool echo_header_is(const uint8_t *header, uint8_t type)
{
    return header[ECHO_HEADER_TYPE] == type && header[ECHO_HEADER_CODE] == 0;
}

#endif
