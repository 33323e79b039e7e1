/*
 * The command line of ping: what may be asked for, and what is wrong with what was asked.
 * Portable C without Win32 or sockets: host names are kept as text, the caller resolves them.
 */
#ifndef PING_OPTIONS_H
#define PING_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An IPv4 header has room for 40 bytes of options (RFC 791, 3.1): a source route of nine addresses, of which
 * the target is the last. */
#define PING_IP_OPTIONS_BYTES 40
#define PING_ROUTE_HOPS       8

/* So much fits into an IPv4 packet whichever options are used; Windows has the same limit. */
#define PING_MAX_SIZE_BYTES 65500

enum ping_family { PING_ANY_FAMILY, PING_IPV4, PING_IPV6 };

struct ping_options {
    enum ping_family family; /* -4, -6, and options that mean something for one of them only */
    const char *target;
    const char *source;                    /* -S; NULL: the stack chooses */
    const char *hops[PING_ROUTE_HOPS + 1]; /* -j, -k: hop_count names, the target not among them */
    size_t hop_count;
    bool strict_route;    /* -k */
    bool forever;         /* -t; count does not matter then */
    bool dont_fragment;   /* -f */
    bool resolve_address; /* -a */
    uint32_t count;
    uint32_t size_bytes;
    uint32_t ttl;
    uint32_t tos;
    uint32_t record_routes; /* -r: addresses to record, 0 for none */
    uint32_t timestamps;    /* -s: timestamps to record, 0 for none */
    uint32_t timeout_ms;
};

enum options_result {
    OPTIONS_OK,
    OPTIONS_INVALID, /* message says what is wrong */
    OPTIONS_UNKNOWN, /* the same, and the usage text would help */
    OPTIONS_HELP     /* nothing was asked for, or help (message empty) */
};

/* Reads argv[1..argc-1] into *options, the defaults where nothing is said. The strings stay argv's.
 * Anything but OPTIONS_OK leaves one line without its line feed in message, and *options half read. */
enum options_result options_parse(struct ping_options *options, int argc, char *const argv[], char *message,
                                  size_t message_bytes);

/* What -r, -s, -j and -k take in the IP header, not yet rounded up to a multiple of four. */
size_t options_ip_bytes(const struct ping_options *options);

#endif
