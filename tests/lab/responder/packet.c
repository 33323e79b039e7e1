/*
 * Builds and reads the responder's packets (RFC 791, RFC 792; RFC 8200, RFC 4443).
 */
#include "packet.h"

#include "wire/bytes.h"
#include "wire/checksum.h"

#include <string.h>

/* Where the fields of the headers are. */
enum {
    IPV4_VERSION_AND_LENGTH = 0,
    IPV4_TOTAL_LENGTH = 2,
    IPV4_TTL = 8,
    IPV4_PROTOCOL = 9,
    IPV4_CHECKSUM = 10,
    IPV4_SOURCE = 12,
    IPV4_DESTINATION = 16,
};
enum {
    IPV6_VERSION = 0,
    IPV6_PAYLOAD_LENGTH = 4,
    IPV6_NEXT_HEADER = 6,
    IPV6_HOP_LIMIT = 7,
    IPV6_SOURCE = 8,
    IPV6_DESTINATION = 24,
};
enum {
    ICMP_TYPE = 0,
    ICMP_CODE = 1,
    ICMP_CHECKSUM = 2,
    ICMP_UNUSED = 4,
};

#define REPLY_TTL 64

/* ---- Checksums ---- */

/* The checksum of a message over what is in it now, its own included: that of ICMPv6 begins with addresses, length and
 * protocol (RFC 4443 section 2.3, RFC 8200 section 8.1). */
static uint16_t message_checksum(enum ip_family family, const uint8_t *header, const uint8_t *message,
                                 size_t message_bytes)
{
    static uint8_t summed[IPV6_HEADER_BYTES + PACKET_BYTES_MAX];

    if (family == IP_FAMILY_V4) {
        return checksum_compute(message, message_bytes);
    }
    memcpy(summed, header + IPV6_SOURCE, 2 * IPV6_ADDRESS_BYTES);
    bytes_store_be32(summed + 32, (uint32_t)message_bytes);
    bytes_store_be32(summed + 36, IPV6_NEXT_HEADER_ICMPV6);
    memcpy(summed + 40, message, message_bytes);
    return checksum_compute(summed, 40 + message_bytes);
}

static uint16_t packet_checksum(const struct packet *packet)
{
    return message_checksum(packet->family, packet->bytes, packet->bytes + ip_header_bytes(packet->family),
                            packet_message_bytes(packet));
}

void packet_seal_header(struct packet *packet, size_t header_bytes)
{
    if (packet->family == IP_FAMILY_V4) {
        bytes_store_be16(packet->bytes + IPV4_CHECKSUM, 0);
        bytes_store_be16(packet->bytes + IPV4_CHECKSUM, checksum_compute(packet->bytes, header_bytes));
    }
}

void packet_seal_message(struct packet *packet)
{
    uint8_t *checksum = packet_message(packet) + ICMP_CHECKSUM;

    if (packet_message_bytes(packet) >= ICMP_CHECKSUM + sizeof(uint16_t)) {
        bytes_store_be16(checksum, 0);
        bytes_store_be16(checksum, packet_checksum(packet));
    }
}

bool packet_message_is_sealed(const struct packet *packet)
{
    return packet_checksum(packet) == 0;
}

/* ---- Reading ---- */

static bool read_ipv4(struct echo_request *request)
{
    struct ipv4_packet header;

    if (!ipv4_parse(request->packet, request->packet_bytes, &header) ||
        header.protocol != IPV4_PROTOCOL_ICMP || header.fragment_offset != 0 ||
        (header.flags & IPV4_FLAG_MORE_FRAGMENTS) != 0) {
        return false;
    }
    request->source = ip_address_v4(header.source_be);
    request->destination = ip_address_v4(header.destination_be);
    request->message = header.payload;
    request->message_bytes = header.payload_bytes;
    return icmpv4_parse_echo_request(request->message, request->message_bytes, &request->identifier,
                                     &request->sequence);
}

static bool read_ipv6(struct echo_request *request)
{
    const uint8_t *packet = request->packet;

    if (request->packet_bytes < IPV6_HEADER_BYTES || packet[IPV6_NEXT_HEADER] != IPV6_NEXT_HEADER_ICMPV6) {
        return false;
    }
    request->source = ip_address_v6(packet + IPV6_SOURCE, 0);
    request->destination = ip_address_v6(packet + IPV6_DESTINATION, 0);
    request->message = packet + IPV6_HEADER_BYTES;
    request->message_bytes = request->packet_bytes - IPV6_HEADER_BYTES;
    return icmpv6_parse_echo_request(request->message, request->message_bytes, &request->identifier,
                                     &request->sequence);
}

bool echo_request_read(const uint8_t *packet, size_t packet_bytes, struct echo_request *request)
{
    *request = (struct echo_request){.packet = packet, .packet_bytes = packet_bytes};
    if (packet_bytes == 0 || !(packet[0] >> 4 == IP_FAMILY_V4 ? read_ipv4(request) : read_ipv6(request))) {
        return false;
    }
    request->data = request->message + MESSAGE_HEADER_BYTES;
    request->data_bytes = request->message_bytes - MESSAGE_HEADER_BYTES;
    return message_checksum(request->source.family, packet, request->message, request->message_bytes) == 0;
}

/* ---- Building ---- */

static void write_ipv4_header(struct packet *packet, const struct ip_address *source,
                              const struct ip_address *destination, uint8_t ttl)
{
    uint8_t *header = packet->bytes;

    memset(header, 0, IPV4_HEADER_MIN_BYTES);
    header[IPV4_VERSION_AND_LENGTH] = 4 << 4 | IPV4_HEADER_MIN_BYTES / 4;
    bytes_store_be16(header + IPV4_TOTAL_LENGTH, (uint16_t)packet->length_bytes);
    header[IPV4_TTL] = ttl;
    header[IPV4_PROTOCOL] = IPV4_PROTOCOL_ICMP;
    memcpy(header + IPV4_SOURCE, source->bytes, 4);
    memcpy(header + IPV4_DESTINATION, destination->bytes, 4);
}

static void write_ipv6_header(struct packet *packet, const struct ip_address *source,
                              const struct ip_address *destination, uint8_t ttl)
{
    uint8_t *header = packet->bytes;

    memset(header, 0, IPV6_HEADER_BYTES);
    header[IPV6_VERSION] = 6 << 4;
    bytes_store_be16(header + IPV6_PAYLOAD_LENGTH, (uint16_t)packet_message_bytes(packet));
    header[IPV6_NEXT_HEADER] = IPV6_NEXT_HEADER_ICMPV6;
    header[IPV6_HOP_LIMIT] = ttl;
    memcpy(header + IPV6_SOURCE, source->bytes, IPV6_ADDRESS_BYTES);
    memcpy(header + IPV6_DESTINATION, destination->bytes, IPV6_ADDRESS_BYTES);
}

void packet_address(struct packet *packet, const struct ip_address *source,
                    const struct ip_address *destination, uint8_t ttl, size_t message_bytes)
{
    packet->length_bytes = ip_header_bytes(packet->family) + message_bytes;
    if (packet->family == IP_FAMILY_V4) {
        write_ipv4_header(packet, source, destination, ttl);
    } else {
        write_ipv6_header(packet, source, destination, ttl);
    }
    packet_seal_header(packet, IPV4_HEADER_MIN_BYTES);
    packet_seal_message(packet);
}

void packet_make_reply_with(struct packet *packet, const struct echo_request *request, const uint8_t *data,
                            size_t data_bytes)
{
    packet->family = request->destination.family;
    uint8_t *message = packet_message(packet);

    memcpy(message, request->message, MESSAGE_HEADER_BYTES);
    memcpy(message + MESSAGE_HEADER_BYTES, data, data_bytes);
    message[ICMP_TYPE] = packet->family == IP_FAMILY_V4 ? ICMPV4_TYPE_ECHO_REPLY : ICMPV6_TYPE_ECHO_REPLY;
    packet_address(packet, &request->destination, &request->source, REPLY_TTL,
                   MESSAGE_HEADER_BYTES + data_bytes);
}

void packet_make_reply(struct packet *packet, const struct echo_request *request)
{
    packet_make_reply_with(packet, request, request->data, request->data_bytes);
}

void packet_make_error(struct packet *packet, const struct echo_request *request,
                       const struct ip_address *sender, uint8_t type, uint8_t code, const uint8_t *quote,
                       size_t quote_bytes)
{
    packet->family = request->destination.family;
    uint8_t *message = packet_message(packet);

    message[ICMP_TYPE] = type;
    message[ICMP_CODE] = code;
    memset(message + ICMP_UNUSED, 0, MESSAGE_HEADER_BYTES - ICMP_UNUSED);
    memcpy(message + MESSAGE_HEADER_BYTES, quote, quote_bytes);
    packet_address(packet, sender, &request->source, REPLY_TTL, MESSAGE_HEADER_BYTES + quote_bytes);
}
