/*
 * Builds ICMPv6 echo requests and reads what comes back (RFC 4443).
 *
 * Every byte that is read comes from the network and may lie, and so may every byte that an error quotes.
 * This file must not know requests that wait, sockets, or what a message means to a caller.
 */
#include "wire/icmpv6.h"

#include "wire/echo_header.h"
#include "wire/ipv6.h"

void icmpv6_build_echo_request(uint8_t *message, size_t message_bytes, uint16_t identifier, uint16_t sequence)
{
    if (message_bytes < ICMPV6_HEADER_BYTES)
        return;
    echo_header_write(message, ICMPV6_TYPE_ECHO_REQUEST, identifier, sequence);
}

bool icmpv6_parse_echo_request(const uint8_t *message, size_t length_bytes, uint16_t *identifier,
                               uint16_t *sequence)
{
    if (length_bytes < ICMPV6_HEADER_BYTES || !echo_header_is(message, ICMPV6_TYPE_ECHO_REQUEST))
        return false;
    echo_header_read_key(message, identifier, sequence);
    return true;
}

static enum icmpv6_kind kind_of_type(uint8_t type)
{
    switch (type) {
    case ICMPV6_TYPE_ECHO_REPLY:
        return ICMPV6_KIND_ECHO_REPLY;
    case ICMPV6_TYPE_DESTINATION_UNREACHABLE:
    case ICMPV6_TYPE_PACKET_TOO_BIG:
    case ICMPV6_TYPE_TIME_EXCEEDED:
    case ICMPV6_TYPE_PARAMETER_PROBLEM:
        return ICMPV6_KIND_ERROR;
    default:
        return ICMPV6_KIND_OTHER;
    }
}

/* Reads what an error quotes. False if that is no echo request. */
static bool read_quote(const uint8_t *quote, size_t quote_bytes, struct icmpv6_message *out)
{
    struct ipv6_packet packet;

    if (!ipv6_parse_quoted(quote, quote_bytes, &packet))
        return false;
    if (packet.protocol != IPV6_NEXT_HEADER_ICMPV6 || packet.fragment_offset != 0)
        return false;
    if (!icmpv6_parse_echo_request(packet.payload, packet.payload_bytes, &out->identifier, &out->sequence))
        return false;
    out->quoted_destination = packet.destination;
    return true;
}

bool icmpv6_parse(const uint8_t *message, size_t length_bytes, struct icmpv6_message *out)
{
    struct icmpv6_message parsed = {0};

    if (length_bytes < ICMPV6_HEADER_BYTES)
        return false;
    parsed.type = message[ECHO_HEADER_TYPE];
    parsed.code = message[ECHO_HEADER_CODE];
    parsed.kind = kind_of_type(parsed.type);
    switch (parsed.kind) {
    case ICMPV6_KIND_ECHO_REPLY:
        echo_header_read_key(message, &parsed.identifier, &parsed.sequence);
        parsed.data = message + ICMPV6_HEADER_BYTES;
        parsed.data_bytes = length_bytes - ICMPV6_HEADER_BYTES;
        break;
    case ICMPV6_KIND_ERROR:
        if (!read_quote(message + ICMPV6_HEADER_BYTES, length_bytes - ICMPV6_HEADER_BYTES, &parsed))
            return false;
        break;
    case ICMPV6_KIND_OTHER:
        break;
    }
    *out = parsed;
    return true;
}
