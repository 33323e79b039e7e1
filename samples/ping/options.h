/*
 * The command line of ping: what may be asked for, and what is wrong with what was asked.
 * Portable C without Win32 or sockets: host names are kept as text, the caller resolves them.
 */
#ifndef PING_OPTIONS_H
#define PING_OPTIONS_H

#include "../common/arguments.h"
#include "../common/source_route.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So much fits into an IPv4 packet whichever options are used; Windows has the same limit. */
#define PING_MAX_SIZE_BYTES 65500

struct ping_options {
    enum family family; /* -4, -6, and options that mean something for one of them only */
    const char *target;
    const char *source;        /* -S; NULL: the stack chooses */
    struct source_route route; /* -j, -k */
    bool forever;              /* -t; count does not matter then */
    bool dont_fragment;        /* -f */
    bool resolve_address;      /* -a */
    bool precise;
    bool graph;
    uint32_t count;
    uint32_t size_bytes;
    uint32_t ttl;
    uint32_t tos;
    uint32_t record_routes; /* -r: addresses to record, 0 for none */
    uint32_t timestamps;    /* -s: timestamps to record, 0 for none */
    uint32_t timeout_ms;
};

/* Reads argv[1..argc-1] into *options, the defaults where nothing is said. The strings stay argv's.
 * Anything but ARGUMENTS_OK leaves one line without its line feed in message, and *options half read. */
enum arguments_result ping_options_parse(struct ping_options *options, int argc, char *const argv[],
                                         char *message, size_t message_bytes);

/* What -r, -s, -j and -k take in the IP header, not yet rounded up to a multiple of four. */
size_t ping_options_ip_bytes(const struct ping_options *options);

#endif
