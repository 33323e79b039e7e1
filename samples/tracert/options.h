/*
 * The command line of tracert: what may be asked for, and what is wrong with what was asked.
 * Portable C without Win32 or sockets: host names are kept as text, the caller resolves them.
 */
#ifndef TRACERT_OPTIONS_H
#define TRACERT_OPTIONS_H

#include "../common/arguments.h"
#include "../common/source_route.h"

struct tracert_options {
    enum family family; /* -4, -6, and options that mean something for one of them only */
    const char *target;
    const char *source;        /* -S; NULL: the stack chooses */
    struct source_route route; /* -j */
    uint32_t max_hops;
    uint32_t timeout_ms;
    bool numeric;    /* -d: no names */
    bool sequential; /* one probe at a time */
    bool precise;
    bool watch;
    uint32_t count; /* --watch: rounds; 0 for no end */
    uint32_t interval_ms;
};

/* Reads argv[1..argc-1] into *options, the defaults where nothing is said. The strings stay argv's.
 * Anything but ARGUMENTS_OK leaves one line without its line feed in message, and *options half read. */
enum arguments_result tracert_options_parse(struct tracert_options *options, int argc, char *const argv[],
                                            char *message, size_t message_bytes);

#endif
