/*
 * Has what came in parsed, and puts it in the terms of requests and answers.
 *
 * It must not know which requests there are.
 */
#include "echo/candidate.h"

#include "wire/icmpv4.h"
#include "wire/icmpv6.h"
#include "wire/ipv4.h"
#include "wire/status.h"

/* Reads an ICMP message. The header that it came under is in candidate->answer already. */
static bool read_icmpv4(const uint8_t *bytes, size_t length_bytes, struct candidate *candidate)
{
    struct icmpv4_message message;
    if (!icmpv4_parse(bytes, length_bytes, &message) ||
        (message.kind != ICMPV4_ECHO_REPLY && message.kind != ICMPV4_ERROR)) {
        return false;
    }
    candidate->identifier = message.identifier;
    candidate->sequence = message.sequence;
    candidate->is_error = message.kind == ICMPV4_ERROR;
    candidate->destination = ip_address_v4(message.quoted_destination_be);
    candidate->source_route = message.quoted_source_route;
    candidate->answer.status = status_from_icmpv4(message.type, message.code);
    candidate->answer.icmp_type = message.type;
    candidate->answer.icmp_code = message.code;
    candidate->answer.data = message.data;
    candidate->answer.data_bytes = message.data_bytes;
    return true;
}

static bool read_ipv4_packet(const struct transport_packet *packet, struct candidate *candidate)
{
    struct ipv4_packet header;
    if (!ipv4_parse(packet->bytes, packet->length_bytes, &header) || header.protocol != IPV4_PROTOCOL_ICMP ||
        header.fragment_offset != 0 || (header.flags & IPV4_FLAG_MORE_FRAGMENTS) != 0) {
        return false;
    }
    candidate->answer = (struct echo_answer){
        .responder = ip_address_v4(header.source_be),
        .ttl = header.ttl,
        .tos = header.tos,
        .flags = header.flags,
        .options = header.options,
        .options_bytes = (uint8_t)header.options_bytes,
    };
    return read_icmpv4(header.payload, header.payload_bytes, candidate);
}

/* What the transport itself tells of the header that something came under. */
static struct echo_answer header_of(const struct transport_packet *packet)
{
    return (struct echo_answer){
        .responder = packet->peer,
        .ttl = packet->ttl,
        .tos = packet->tos,
        .options = packet->options,
        .options_bytes = (uint8_t)packet->options_bytes,
    };
}

/* As read_icmpv4. */
static bool read_icmpv6(const uint8_t *bytes, size_t length_bytes, struct candidate *candidate)
{
    struct icmpv6_message message;
    if (!icmpv6_parse(bytes, length_bytes, &message) || message.kind == ICMPV6_KIND_OTHER) {
        return false;
    }
    candidate->identifier = message.identifier;
    candidate->sequence = message.sequence;
    candidate->is_error = message.kind == ICMPV6_KIND_ERROR;
    if (candidate->is_error) {
        candidate->destination = ip_address_v6(message.quoted_destination, 0);
    }
    candidate->source_route = false;
    candidate->answer.status = status_from_icmpv6(message.type, message.code);
    candidate->answer.icmp_type = message.type;
    candidate->answer.icmp_code = message.code;
    candidate->answer.data = message.data;
    candidate->answer.data_bytes = message.data_bytes;
    return true;
}

/* What is different in the two families. */
struct family {
    bool (*read_message)(const uint8_t *bytes, size_t length_bytes, struct candidate *candidate);
    bool (*parse_echo_request)(const uint8_t *message, size_t length_bytes, uint16_t *identifier,
                               uint16_t *sequence);
    uint32_t (*status)(uint8_t type, uint8_t code);
};

/* NULL for none. */
static const struct family *family_of(const struct ip_address *address)
{
    static const struct family v4 = {read_icmpv4, icmpv4_parse_echo_request, status_from_icmpv4};
    static const struct family v6 = {read_icmpv6, icmpv6_parse_echo_request, status_from_icmpv6};
    switch (address->family) {
    case IP_FAMILY_V4:
        return &v4;
    case IP_FAMILY_V6:
        return &v6;
    default:
        return NULL;
    }
}

static bool read_message(const struct transport_packet *packet, struct candidate *candidate)
{
    const struct family *family = family_of(&packet->peer);
    candidate->answer = header_of(packet);
    return family != NULL && family->read_message(packet->bytes, packet->length_bytes, candidate);
}

static bool read_error(const struct transport_packet *packet, struct candidate *candidate)
{
    const struct family *family = family_of(&packet->peer);
    if (family == NULL || !family->parse_echo_request(packet->bytes, packet->length_bytes,
                                                      &candidate->identifier, &candidate->sequence)) {
        return false;
    }
    candidate->answer = header_of(packet);
    candidate->answer.status = family->status(packet->icmp_type, packet->icmp_code);
    candidate->answer.icmp_type = packet->icmp_type;
    candidate->answer.icmp_code = packet->icmp_code;
    candidate->is_error = true;
    candidate->destination = packet->destination;
    candidate->source_route = true; /* the system only tells of what we have sent */
    return true;
}

bool candidate_read(const struct transport_packet *packet, struct candidate *candidate)
{
    bool read = false;
    switch (packet->form) {
    case TRANSPORT_IPV4_PACKET:
        read = read_ipv4_packet(packet, candidate);
        break;
    case TRANSPORT_MESSAGE:
        read = read_message(packet, candidate);
        break;
    case TRANSPORT_ERROR:
        read = read_error(packet, candidate);
        break;
    }
    return read && candidate->answer.status != STATUS_NONE &&
           !(candidate->is_error && candidate->answer.status == IP_SUCCESS);
}
