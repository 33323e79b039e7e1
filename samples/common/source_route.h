/*
 * Source routes: hosts that an IPv4 packet shall pass on its way, as options ask for them and as they stand
 * in the IP header (RFC 791, 3.1).
 * Portable C without Win32 or sockets: host names are kept as text, the caller resolves them.
 */
#ifndef SAMPLES_SOURCE_ROUTE_H
#define SAMPLES_SOURCE_ROUTE_H

#include "arguments.h"

/* An IPv4 header has room for 40 bytes of options: a source route of nine addresses, of which the target is
 * the last. */
#define IP_OPTIONS_BYTES 40
#define ROUTE_HOPS       8

/* The types of the options. */
enum { IP_OPTION_LOOSE_ROUTE = 0x83, IP_OPTION_STRICT_ROUTE = 0x89 };

struct source_route {
    const char *hops[ROUTE_HOPS + 1]; /* hop_count names, the target not among them */
    size_t hop_count;                 /* 0: no source route */
    bool strict;                      /* by no other hosts than these */
};

/* Reads the value of an option: hosts up to the next option or the end. A list that reaches the end ends with
 * the target, if *target is NULL. */
enum arguments_result source_route_read(struct source_route *route, struct arguments *in, bool strict,
                                        const char **target);

/* What it takes in the IP header, not yet rounded up to a multiple of four; 0 without one. */
size_t source_route_bytes(const struct source_route *route);

/* Writes it, if there is one, and returns where it ends. route_be: hops and target in network byte order. */
uint8_t *source_route_write(uint8_t *to, const struct source_route *route, const uint32_t *route_be);

#endif
