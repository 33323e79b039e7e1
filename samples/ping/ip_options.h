/*
 * The IP options that ping sends and shows, in the wire format of RFC 791, 3.1.
 * Portable C without Win32 or sockets; it reads what the network sent and trusts none of it.
 */
#ifndef PING_IP_OPTIONS_H
#define PING_IP_OPTIONS_H

#include "options.h"

#include "../common/text.h"

/* Writes the options that -r, -s, -j and -k ask for. route_be: hops and target in network byte order, read
 * only if there are hops (then hop_count + 1 of them). Returns the bytes used, a multiple of four. */
size_t ip_options_build(uint8_t bytes[IP_OPTIONS_BYTES], const struct ping_options *options,
                        const uint32_t *route_be);

/* Writes the routes and timestamps in the options of a reply, one address a line. */
void ip_options_add(struct text *out, const uint8_t *bytes, size_t size);

#endif
