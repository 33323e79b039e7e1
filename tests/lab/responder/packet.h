/*
 * The packets that the responder sends and reads: ICMP messages of either family and the IP header before them.
 *
 * It must not know why a packet is sent, nor which way. Lengths are in bytes and include all headers.
 */
#ifndef OPENICMP_LAB_RESPONDER_PACKET_H
#define OPENICMP_LAB_RESPONDER_PACKET_H

#include "wire/icmpv4.h"
#include "wire/icmpv6.h"
#include "wire/ip_address.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

#define PACKET_BYTES_MAX 65535

/* The header before every message, the same for both families. */
#define MESSAGE_HEADER_BYTES ICMPV4_HEADER_BYTES

/* An echo request as it came in. */
struct echo_request {
    const uint8_t *packet;
    size_t packet_bytes;
    struct ip_address source;
    struct ip_address destination;
    const uint8_t *message; /* this leads into `packet`, and so does `data` */
    size_t message_bytes;
    uint16_t identifier;
    uint16_t sequence;
    const uint8_t *data;
    size_t data_bytes;
};

/* Reads a packet. False when it is no whole echo request. */
bool echo_request_read(const uint8_t *packet, size_t packet_bytes, struct echo_request *request);

/* How long the header of a packet of this family is: there are no options nor extension headers. */
static inline size_t ip_header_bytes(enum ip_family family)
{
    return family == IP_FAMILY_V4 ? IPV4_HEADER_MIN_BYTES : IPV6_HEADER_BYTES;
}

/* A packet to be sent. */
struct packet {
    enum ip_family family;
    size_t length_bytes;
    uint8_t bytes[PACKET_BYTES_MAX];
};

/* The ICMP message of a packet whose family is set. */
static inline uint8_t *packet_message(struct packet *packet)
{
    return packet->bytes + ip_header_bytes(packet->family);
}

static inline size_t packet_message_bytes(const struct packet *packet)
{
    return packet->length_bytes - ip_header_bytes(packet->family);
}

/* Puts a header before a message of `message_bytes`, which is there already, and seals it. The addresses are of the
 * packet's family. */
void packet_address(struct packet *packet, const struct ip_address *source,
                    const struct ip_address *destination, uint8_t ttl, size_t message_bytes);

/* Makes the checksum of an IPv4 header of `header_bytes` right. That of IPv6 has none. */
void packet_seal_header(struct packet *packet, size_t header_bytes);
/* Makes the checksum of the message right, if it is long enough to have one. */
void packet_seal_message(struct packet *packet);
/* Whether it is. */
bool packet_message_is_sealed(const struct packet *packet);

/* The echo reply to a request, as the host that was asked would send it. */
void packet_make_reply(struct packet *packet, const struct echo_request *request);

/* The same with `data` in it. */
void packet_make_reply_with(struct packet *packet, const struct echo_request *request, const uint8_t *data,
                            size_t data_bytes);

/* An ICMP error from `sender` to the host that sent the request, which quotes `quote_bytes` of `quote`. */
void packet_make_error(struct packet *packet, const struct echo_request *request,
                       const struct ip_address *sender, uint8_t type, uint8_t code, const uint8_t *quote,
                       size_t quote_bytes);

#endif
