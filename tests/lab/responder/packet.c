/*
 * Builds and reads the responder's packets (RFC 791, RFC 792).
 */
#include "packet.h"

#include "wire/bytes.h"
#include "wire/checksum.h"

#include <string.h>

/* Where the fields of the two headers are. */
enum {
    IP_VERSION_AND_LENGTH = 0,
    IP_TOTAL_LENGTH = 2,
    IP_TTL = 8,
    IP_PROTOCOL = 9,
    IP_CHECKSUM = 10,
    IP_SOURCE = 12,
    IP_DESTINATION = 16,
};
enum {
    ICMP_TYPE = 0,
    ICMP_CODE = 1,
    ICMP_CHECKSUM = 2,
    ICMP_UNUSED = 4,
};

#define REPLY_TTL 64

bool echo_request_read(const uint8_t *packet, size_t packet_bytes, struct echo_request *request)
{
    struct ipv4_packet *header = &request->header;

    if (!ipv4_parse(packet, packet_bytes, header) || header->protocol != IPV4_PROTOCOL_ICMP ||
        header->fragment_offset != 0 || (header->flags & IPV4_FLAG_MORE_FRAGMENTS) != 0) {
        return false;
    }
    request->packet = packet;
    request->packet_bytes = packet_bytes;
    request->message = header->payload;
    request->message_bytes = header->payload_bytes;
    return icmpv4_parse(request->message, request->message_bytes, &request->parsed) &&
           request->parsed.kind == ICMPV4_ECHO_REQUEST;
}

void packet_seal_header(struct packet *packet, size_t header_bytes)
{
    bytes_store_be16(packet->bytes + IP_CHECKSUM, 0);
    bytes_store_be16(packet->bytes + IP_CHECKSUM, checksum_compute(packet->bytes, header_bytes));
}

void message_seal(uint8_t *message, size_t message_bytes)
{
    if (message_bytes >= ICMP_CHECKSUM + sizeof(uint16_t)) {
        bytes_store_be16(message + ICMP_CHECKSUM, 0);
        bytes_store_be16(message + ICMP_CHECKSUM, checksum_compute(message, message_bytes));
    }
}

void packet_address(struct packet *packet, uint32_t source_be, uint32_t destination_be, uint8_t ttl,
                    size_t message_bytes)
{
    uint8_t *header = packet->bytes;

    packet->length_bytes = IPV4_HEADER_MIN_BYTES + message_bytes;
    memset(header, 0, IPV4_HEADER_MIN_BYTES);
    header[IP_VERSION_AND_LENGTH] = 4 << 4 | IPV4_HEADER_MIN_BYTES / 4;
    bytes_store_be16(header + IP_TOTAL_LENGTH, (uint16_t)packet->length_bytes);
    header[IP_TTL] = ttl;
    header[IP_PROTOCOL] = IPV4_PROTOCOL_ICMP;
    memcpy(header + IP_SOURCE, &source_be, sizeof(source_be));
    memcpy(header + IP_DESTINATION, &destination_be, sizeof(destination_be));
    packet_seal_header(packet, IPV4_HEADER_MIN_BYTES);
}

void packet_make_reply_with(struct packet *packet, const struct echo_request *request, const uint8_t *data,
                            size_t data_bytes)
{
    uint8_t *message = packet_message(packet);
    size_t message_bytes = ICMPV4_HEADER_BYTES + data_bytes;

    memcpy(message, request->message, ICMPV4_HEADER_BYTES);
    memcpy(message + ICMPV4_HEADER_BYTES, data, data_bytes);
    message[ICMP_TYPE] = ICMPV4_TYPE_ECHO_REPLY;
    message_seal(message, message_bytes);
    packet_address(packet, request->header.destination_be, request->header.source_be, REPLY_TTL,
                   message_bytes);
}

void packet_make_reply(struct packet *packet, const struct echo_request *request)
{
    packet_make_reply_with(packet, request, request->parsed.data, request->parsed.data_bytes);
}

void packet_make_error(struct packet *packet, const struct echo_request *request, uint32_t sender_be,
                       uint8_t type, uint8_t code, const uint8_t *quote, size_t quote_bytes)
{
    uint8_t *message = packet_message(packet);
    size_t message_bytes = ICMPV4_HEADER_BYTES + quote_bytes;

    message[ICMP_TYPE] = type;
    message[ICMP_CODE] = code;
    memset(message + ICMP_UNUSED, 0, ICMPV4_HEADER_BYTES - ICMP_UNUSED);
    memcpy(message + ICMPV4_HEADER_BYTES, quote, quote_bytes);
    message_seal(message, message_bytes);
    packet_address(packet, sender_be, request->header.source_be, REPLY_TTL, message_bytes);
}
