/*
 * Packets that answer a request, or nearly, for fuzzing what reads them.
 *
 * They are built with their IP header, IPv4 or IPv6, and in the end put into the form in which a transport gives them out.
 */
#ifndef OPENICMP_TESTS_PACKETS_H
#define OPENICMP_TESTS_PACKETS_H

#include "unit/support/fake_network.h"

#define PACKET_BYTES_MAX 512

/* The packet that a host answers a request with, or a router. `packet` has PACKET_BYTES_MAX. Gives how long it is. */
size_t packet_build_reply(uint8_t *packet, const struct fake_sent *sent);
size_t packet_build_error(uint8_t *packet, const struct fake_sent *sent, uint8_t type, uint8_t code);

/* What packet_mend puts right. */
enum {
    MEND_KEY = 1, /* identifier and sequence are those of the request */
    MEND_ADDRESS =
        2, /* it comes from where the request went; an error, if it quotes a packet that went there */
    MEND_LENGTH = 4,
    MEND_CHECKSUM = 8,
};

/* Makes any bytes fit to a request, as far as they have the places for that. `identifier` is what the system has made of that
 * of the request. Without a request (NULL), only what does not depend on one. */
void packet_mend(uint8_t *packet, size_t size, unsigned int mended, const struct fake_sent *sent,
                 uint16_t identifier);

/* The same in a form: without headers that it does not have, but with what they said, and `scope_id` for an IPv6 address.
 * When they are too short for it, they stay an IPv4 packet. `packet` must stay where it is. */
struct transport_packet packet_in_form(enum transport_form form, const uint8_t *packet, size_t size,
                                       uint32_t scope_id);

#endif
