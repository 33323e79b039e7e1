/*
 * Reads the IPv6 header of a quoted packet, and passes over its extension headers (RFC 8200).
 *
 * Every byte comes from the network and may lie. This file must not know what the packet carries nor what
 * its options say.
 */
#include "wire/ipv6.h"

#include "wire/bytes.h"

/* Where the fields of the header are. */
enum {
    VERSION = 0,
    NEXT_HEADER = 6,
    SOURCE = 8,
    DESTINATION = 24,
};

/* Where the fields of extension headers are; the last is the fragment header's only. */
enum {
    EXTENSION_NEXT_HEADER = 0,
    EXTENSION_LENGTH = 1,
    EXTENSION_FRAGMENT_WORD = 2,
};

/* The next-header values of extension headers (RFC 8200 section 4, RFC 4302 section 2). */
enum {
    HOP_BY_HOP_OPTIONS = 0,
    ROUTING = 43,
    FRAGMENT = 44,
    AUTHENTICATION = 51,
    DESTINATION_OPTIONS = 60,
};

#define EXTENSION_MIN_BYTES   8
#define EXTENSIONS_MAX        8
#define FRAGMENT_OFFSET_SHIFT 3

/* How long the extension header at `header` is, which has EXTENSION_MIN_BYTES at least; 0 if that protocol
 * is none. */
static size_t extension_length(uint8_t protocol, const uint8_t *header)
{
    switch (protocol) {
    case HOP_BY_HOP_OPTIONS:
    case ROUTING:
    case DESTINATION_OPTIONS:
        return ((size_t)header[EXTENSION_LENGTH] + 1) * 8;
    case FRAGMENT:
        return EXTENSION_MIN_BYTES;
    case AUTHENTICATION:
        return ((size_t)header[EXTENSION_LENGTH] + 2) * 4;
    default:
        return 0;
    }
}

static bool is_extension(uint8_t protocol)
{
    static const uint8_t any_header[EXTENSION_MIN_BYTES];

    return extension_length(protocol, any_header) > 0;
}

/* Passes over the extension header that the payload begins with. False if it is cut off. */
static bool pass_extension(struct ipv6_packet *packet)
{
    const uint8_t *header = packet->payload;
    size_t header_bytes;

    if (packet->payload_bytes < EXTENSION_MIN_BYTES)
        return false;
    header_bytes = extension_length(packet->protocol, header);
    if (header_bytes > packet->payload_bytes)
        return false;
    if (packet->protocol == FRAGMENT)
        packet->fragment_offset =
            (uint16_t)(bytes_load_be16(header + EXTENSION_FRAGMENT_WORD) >> FRAGMENT_OFFSET_SHIFT);
    packet->protocol = header[EXTENSION_NEXT_HEADER];
    packet->payload += header_bytes;
    packet->payload_bytes -= header_bytes;
    return true;
}

bool ipv6_parse_quoted(const uint8_t *data, size_t length_bytes, struct ipv6_packet *packet)
{
    struct ipv6_packet parsed;
    int extensions;

    if (length_bytes < IPV6_HEADER_BYTES || data[VERSION] >> 4 != 6)
        return false;
    parsed.source = data + SOURCE;
    parsed.destination = data + DESTINATION;
    parsed.protocol = data[NEXT_HEADER];
    parsed.fragment_offset = 0;
    parsed.payload = data + IPV6_HEADER_BYTES;
    parsed.payload_bytes = length_bytes - IPV6_HEADER_BYTES;
    for (extensions = 0; is_extension(parsed.protocol) && parsed.fragment_offset == 0; extensions++) {
        if (extensions == EXTENSIONS_MAX || !pass_extension(&parsed))
            return false;
    }
    *packet = parsed;
    return true;
}
