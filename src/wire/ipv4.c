/*
 * Reads the IPv4 header of a received or quoted packet (RFC 791 section 3.1).
 *
 * Every byte comes from the network and may lie. This file must not know what the packet carries nor what
 * its options say.
 */
#include "wire/ipv4.h"

#include <string.h>

#include "wire/bytes.h"

/* Where the fields are. */
enum {
    VERSION_AND_HEADER_LENGTH = 0,
    TOS = 1,
    TOTAL_LENGTH = 2,
    FLAGS_AND_FRAGMENT_OFFSET = 6,
    TTL = 8,
    PROTOCOL = 9,
    SOURCE = 12,
    DESTINATION = 16,
};

#define FRAGMENT_FLAGS_SHIFT 13
#define FRAGMENT_OFFSET_MASK 0x1fff

/* The length in bytes of the header at `data`, or 0 if the `length_bytes` there hold no whole IPv4 header. */
static size_t header_length(const uint8_t *data, size_t length_bytes)
{
    size_t header_bytes;

    if (length_bytes < IPV4_HEADER_MIN_BYTES)
        return 0;
    if (data[VERSION_AND_HEADER_LENGTH] >> 4 != 4)
        return 0;
    header_bytes = (size_t)(data[VERSION_AND_HEADER_LENGTH] & 0x0f) * 4;
    if (header_bytes < IPV4_HEADER_MIN_BYTES || header_bytes > length_bytes)
        return 0;
    return header_bytes;
}

/* Fills `*packet` from a header of `header_bytes` in a packet of `packet_bytes`, both found to be right. */
static void read_header(const uint8_t *data, size_t header_bytes, size_t packet_bytes,
                        struct ipv4_packet *packet)
{
    uint16_t fragment_word = bytes_load_be16(data + FLAGS_AND_FRAGMENT_OFFSET);

    memcpy(&packet->source_be, data + SOURCE, sizeof(packet->source_be));
    memcpy(&packet->destination_be, data + DESTINATION, sizeof(packet->destination_be));
    packet->tos = data[TOS];
    packet->ttl = data[TTL];
    packet->protocol = data[PROTOCOL];
    packet->flags = (uint8_t)(fragment_word >> FRAGMENT_FLAGS_SHIFT);
    packet->fragment_offset = fragment_word & FRAGMENT_OFFSET_MASK;
    packet->options = data + IPV4_HEADER_MIN_BYTES;
    packet->options_bytes = header_bytes - IPV4_HEADER_MIN_BYTES;
    packet->payload = data + header_bytes;
    packet->payload_bytes = packet_bytes - header_bytes;
}

bool ipv4_parse(const uint8_t *data, size_t length_bytes, struct ipv4_packet *packet)
{
    size_t header_bytes = header_length(data, length_bytes);
    size_t total_bytes;

    if (header_bytes == 0)
        return false;
    total_bytes = bytes_load_be16(data + TOTAL_LENGTH);
    if (total_bytes < header_bytes || total_bytes > length_bytes)
        return false;
    read_header(data, header_bytes, total_bytes, packet);
    return true;
}

bool ipv4_parse_quoted(const uint8_t *data, size_t length_bytes, struct ipv4_packet *packet)
{
    size_t header_bytes = header_length(data, length_bytes);

    if (header_bytes == 0)
        return false;
    read_header(data, header_bytes, length_bytes, packet);
    return true;
}
