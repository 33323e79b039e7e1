/*
 * An Internet address of either family, as the engine and the transports pass it around.
 *
 * It must not know sockets: their address structures differ between systems.
 */
#ifndef OPENICMP_WIRE_IP_ADDRESS_H
#define OPENICMP_WIRE_IP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

/* The values are the version fields of the two headers (RFC 791, RFC 8200). */
enum ip_family {
    IP_FAMILY_V4 = 4,
    IP_FAMILY_V6 = 6,
};

/* All zero is "no address": an IPv4 or IPv6 address has its family set. Any thread may read it; it owns
 * nothing. */
struct ip_address {
    uint8_t family; /* enum ip_family, or 0 for none */
    /* The address in network byte order: the first 4 for IPv4, the others 0 then. */
    uint8_t bytes[16];
    uint32_t scope_id; /* of a link-local IPv6 address: which link, as the system numbers them; 0 otherwise */
};

/* An IPv4 address from the form that struct in_addr and IPAddr have it in, and back. */
struct ip_address ip_address_v4(uint32_t address_be);
uint32_t ip_address_to_v4(const struct ip_address *address);

/* An IPv6 address from 16 bytes in network order. The scope is kept only where it means something: for
 * link-local addresses, unicast and multicast, and interface-local ones (RFC 4007). */
struct ip_address ip_address_v6(const void *bytes, uint32_t scope_id);

/* Two link-local IPv6 addresses of one packet are on the same link, so it is enough to name that once: an address
 * without a scope that needs one gets that of the other. */
void ip_address_share_scope(struct ip_address *one, struct ip_address *other);

/* Whether they are the same address. Scopes count only if both have one: some ways to the network do not
 * tell. */
bool ip_address_equal(const struct ip_address *one, const struct ip_address *other);

/* 0.0.0.0, ::, or none. */
bool ip_address_is_unspecified(const struct ip_address *address);
/* IPv4 224.0.0.0/4 or 255.255.255.255; IPv6 ff00::/8. */
bool ip_address_is_for_many(const struct ip_address *address);

#endif
