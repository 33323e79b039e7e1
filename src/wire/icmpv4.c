/*
 * Builds ICMPv4 echo requests and reads what comes back (RFC 792).
 *
 * Every byte that is read comes from the network and may lie, and so may every byte that an error quotes.
 * This file must not know requests that wait, sockets, or what a message means to a caller.
 */
#include "wire/icmpv4.h"

#include "wire/checksum.h"
#include "wire/echo_header.h"
#include "wire/ipv4.h"
#include "wire/ipv4_options.h"

void icmpv4_build_echo_request(uint8_t *message, size_t message_bytes, uint16_t identifier, uint16_t sequence)
{
    if (message_bytes < ICMPV4_HEADER_BYTES)
        return;
    echo_header_write(message, ICMPV4_TYPE_ECHO_REQUEST, identifier, sequence);
    bytes_store_be16(message + ECHO_HEADER_CHECKSUM, checksum_compute(message, message_bytes));
}

static enum icmpv4_kind kind_of_type(uint8_t type)
{
    switch (type) {
    case ICMPV4_TYPE_ECHO_REPLY:
        return ICMPV4_ECHO_REPLY;
    case ICMPV4_TYPE_ECHO_REQUEST:
        return ICMPV4_ECHO_REQUEST;
    case ICMPV4_TYPE_DESTINATION_UNREACHABLE:
    case ICMPV4_TYPE_SOURCE_QUENCH:
    case ICMPV4_TYPE_TIME_EXCEEDED:
    case ICMPV4_TYPE_PARAMETER_PROBLEM:
        return ICMPV4_ERROR;
    default:
        return ICMPV4_OTHER;
    }
}

bool icmpv4_parse_echo_request(const uint8_t *message, size_t length_bytes, uint16_t *identifier,
                               uint16_t *sequence)
{
    if (length_bytes < ICMPV4_HEADER_BYTES || !echo_header_is(message, ICMPV4_TYPE_ECHO_REQUEST))
        return false;
    echo_header_read_key(message, identifier, sequence);
    return true;
}

/* Reads what an error quotes. False if that is no echo request. */
static bool read_quote(const uint8_t *quote, size_t quote_bytes, struct icmpv4_message *out)
{
    struct ipv4_packet packet;

    if (!ipv4_parse_quoted(quote, quote_bytes, &packet))
        return false;
    if (packet.protocol != IPV4_PROTOCOL_ICMP || packet.fragment_offset != 0)
        return false;
    if (!icmpv4_parse_echo_request(packet.payload, packet.payload_bytes, &out->identifier, &out->sequence))
        return false;
    out->quoted_source_be = packet.source_be;
    out->quoted_destination_be = packet.destination_be;
    out->quoted_source_route = ipv4_options_have_source_route(packet.options, packet.options_bytes);
    return true;
}

bool icmpv4_parse(const uint8_t *message, size_t length_bytes, struct icmpv4_message *out)
{
    struct icmpv4_message parsed = {0};

    if (length_bytes < ICMPV4_HEADER_BYTES || checksum_compute(message, length_bytes) != 0)
        return false;
    parsed.type = message[ECHO_HEADER_TYPE];
    parsed.code = message[ECHO_HEADER_CODE];
    parsed.kind = kind_of_type(parsed.type);
    switch (parsed.kind) {
    case ICMPV4_ECHO_REQUEST:
    case ICMPV4_ECHO_REPLY:
        echo_header_read_key(message, &parsed.identifier, &parsed.sequence);
        parsed.data = message + ICMPV4_HEADER_BYTES;
        parsed.data_bytes = length_bytes - ICMPV4_HEADER_BYTES;
        break;
    case ICMPV4_ERROR:
        if (!read_quote(message + ICMPV4_HEADER_BYTES, length_bytes - ICMPV4_HEADER_BYTES, &parsed))
            return false;
        break;
    case ICMPV4_OTHER:
        break;
    }
    *out = parsed;
    return true;
}
