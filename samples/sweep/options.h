/*
 * The command line of sweep: what may be asked for, and what is wrong with what was asked.
 * Portable C without Win32 or sockets: targets are kept as text.
 */
#ifndef SWEEP_OPTIONS_H
#define SWEEP_OPTIONS_H

#include "format.h"

#include "../common/arguments.h"

#define SWEEP_MAX_OUTSTANDING 65536
#define SWEEP_MAX_SIZE_BYTES  65500
#define SWEEP_MAX_TIMEOUT_MS  3600000

/* More targets than this are swept only with --limit: a typing error shall not keep a network busy for days. */
#define SWEEP_MAX_TARGETS 16777216

enum sweep_show { SHOW_ALIVE, SHOW_DEAD, SHOW_ALL };

/* A target, or where targets are. */
struct target_source {
    const char *text;
    bool is_file; /* the name of a file; "-" is standard input */
};

struct sweep_options {
    struct target_source *sources; /* allocated; the texts are argv's */
    size_t source_count;
    enum family family; /* of names */
    uint32_t count;
    uint32_t retries;
    uint32_t interval_ms;
    uint32_t timeout_ms;
    uint32_t per_second; /* 0: no limit */
    uint32_t max_outstanding;
    uint32_t limit; /* of targets; 0: none was given */
    uint32_t size_bytes;
    uint32_t ttl; /* 0: the system's */
    enum sweep_show show;
    const struct format *format;
    bool quiet;
};

/* Reads argv[1..argc-1] into *options, the defaults where nothing is said. Anything but ARGUMENTS_OK leaves one line
 * without its line feed in message, for help an empty one, and *options half read. */
enum arguments_result sweep_options_parse(struct sweep_options *options, int argc, char *const argv[],
                                          char *message, size_t message_bytes);

void sweep_options_free(struct sweep_options *options);

#endif
