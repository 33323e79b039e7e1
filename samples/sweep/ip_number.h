/*
 * IP addresses of either family as numbers, so that a range of them can be counted through.
 * Portable C without sockets.
 */
#ifndef SWEEP_IP_NUMBER_H
#define SWEEP_IP_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%4294967295" and its end. */
#define IP_NUMBER_TEXT_BYTES 57

/* The values are the version fields of the two headers. */
enum ip_family { IP_FAMILY_NONE = 0, IP_FAMILY_V4 = 4, IP_FAMILY_V6 = 6 };

/* All zero is no address. */
struct ip_number {
    uint8_t family;    /* enum ip_family */
    uint32_t scope_id; /* which link a link-local IPv6 address is on, as the system numbers them, or 0 */
    uint64_t high;     /* the address as one number of 128 bits; IPv4: in the lower half */
    uint64_t low;
};

/* Reads an address as RFC 1123, 2.1, and RFC 4291, 2.2, have it, IPv6 also with the number of a link behind %
 * (RFC 4007, 11). Not the old forms of IPv4 with fewer than four numbers, or octal or hexadecimal ones. False, and
 * *address undefined, for anything else. */
bool ip_number_parse(struct ip_number *address, const char *text);

/* Writes it as RFC 5952 recommends. */
void ip_number_format(const struct ip_number *address, char text[IP_NUMBER_TEXT_BYTES]);

/* Less than, equal to or more than 0, as one comes before the other: IPv4 first, then by link, then by number. */
int ip_number_compare(const struct ip_number *one, const struct ip_number *other);

/* The address in network byte order: 4 bytes of IPv4 or 16 of IPv6. */
void ip_number_to_bytes(const struct ip_number *address, uint8_t bytes[16]);
struct ip_number ip_number_from_bytes(enum ip_family family, const uint8_t *bytes, uint32_t scope_id);

#endif
