/*
 * The IPv4 packets that the responder sends and reads: ICMPv4 messages and the header around them.
 *
 * It must not know why a packet is sent, nor which way. Lengths are in bytes and include all headers.
 */
#ifndef OPENICMP_LAB_RESPONDER_PACKET_H
#define OPENICMP_LAB_RESPONDER_PACKET_H

#include "wire/icmpv4.h"
#include "wire/ipv4.h"

#define PACKET_BYTES_MAX 65535

/* An echo request as it came in. */
struct echo_request {
    const uint8_t *packet;
    size_t packet_bytes;
    struct ipv4_packet header; /* leads into `packet`, */
    const uint8_t *message;    /* and so does this: the ICMP message */
    size_t message_bytes;
    struct icmpv4_message parsed;
};

/* Reads a packet. False when it is no whole echo request. */
bool echo_request_read(const uint8_t *packet, size_t packet_bytes, struct echo_request *request);

/* A packet to be sent. The message lies behind the header, which has no options. */
struct packet {
    size_t length_bytes;
    uint8_t bytes[PACKET_BYTES_MAX];
};

/* The ICMP message of a packet. */
static inline uint8_t *packet_message(struct packet *packet)
{
    return packet->bytes + IPV4_HEADER_MIN_BYTES;
}

/* Puts a header with right checksum before a message of `message_bytes`, which is there already. */
void packet_address(struct packet *packet, uint32_t source_be, uint32_t destination_be, uint8_t ttl,
                    size_t message_bytes);

/* Makes the checksum of a header of `header_bytes` right. */
void packet_seal_header(struct packet *packet, size_t header_bytes);
/* Makes the checksum of a message right, if it is long enough to have one. */
void message_seal(uint8_t *message, size_t message_bytes);

/* The echo reply to a request, as the host that was asked would send it. */
void packet_make_reply(struct packet *packet, const struct echo_request *request);

/* The same with `data` in it. */
void packet_make_reply_with(struct packet *packet, const struct echo_request *request, const uint8_t *data,
                            size_t data_bytes);

/* An ICMP error from `sender_be` to the host that sent the request, which quotes `quote_bytes` of `quote`. */
void packet_make_error(struct packet *packet, const struct echo_request *request, uint32_t sender_be,
                       uint8_t type, uint8_t code, const uint8_t *quote, size_t quote_bytes);

#endif
