/*
 * Builds and shows IP options: record route, timestamp, loose and strict source route.
 */
#include "ip_options.h"

#include <string.h>

enum {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_RECORD_ROUTE = 7,
    OPTION_TIMESTAMP = 0x44,
    TIMESTAMP_WITH_ADDRESS = 1 /* its flag: every entry is an address and a time */
};

/* Type, length, and the pointer: the octet, counted from 1, where the next router writes. */
static uint8_t *put_head(uint8_t *to, uint8_t type, size_t length, uint8_t pointer)
{
    to[0] = type;
    to[1] = (uint8_t)length;
    to[2] = pointer;
    return to + 3;
}

size_t ip_options_build(uint8_t bytes[IP_OPTIONS_BYTES], const struct ping_options *options,
                        const uint32_t *route_be)
{
    uint8_t *to = bytes;
    memset(bytes, OPTION_END, IP_OPTIONS_BYTES);

    to = source_route_write(to, &options->route, route_be);
    if (options->record_routes > 0) {
        size_t length = 3 + 4 * (size_t)options->record_routes;
        to = put_head(to, OPTION_RECORD_ROUTE, length, 4) - 3 + length;
    }
    if (options->timestamps > 0) {
        size_t length = 4 + 8 * (size_t)options->timestamps;
        to = put_head(to, OPTION_TIMESTAMP, length, 5);
        *to = TIMESTAMP_WITH_ADDRESS;
        to += length - 3;
    }
    return ((size_t)(to - bytes) + 3) / 4 * 4;
}

/* Writes option[from..filled), the entries that routers have filled in: an address each, and in entries of
 * eight bytes a time, in milliseconds since midnight UTC. */
static void add_entries(struct text *out, const char *title, const uint8_t *option, size_t from,
                        size_t filled, size_t entry_bytes)
{
    size_t at = from;
    for (; at + entry_bytes <= filled; at += entry_bytes) {
        const uint8_t *entry = option + at;
        if (at == from)
            text_add(out, "    %s: ", title);
        else
            text_add(out, " ->\n    %*s  ", (int)strlen(title), "");
        text_add(out, "%u.%u.%u.%u", entry[0], entry[1], entry[2], entry[3]);
        if (entry_bytes == 8)
            text_add(out, " : %lu",
                     (unsigned long)entry[4] << 24 | (unsigned long)entry[5] << 16 |
                         (unsigned long)entry[6] << 8 | (unsigned long)entry[7]);
    }
    if (at > from)
        text_add(out, "\n");
}

void ip_options_add(struct text *out, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (at < size && bytes[at] != OPTION_END) {
        const uint8_t *option = bytes + at;
        if (option[0] == OPTION_NOP) {
            at++;
            continue;
        }
        if (size - at < 3 || option[1] < 3 || option[1] > size - at)
            return; /* cut short, or not options at all */
        size_t filled = option[2] > option[1] ? option[1] : (option[2] == 0 ? 0 : option[2] - 1u);

        if (option[0] == OPTION_TIMESTAMP && option[1] > 3 && (option[3] & 0xf) == TIMESTAMP_WITH_ADDRESS)
            add_entries(out, "Timestamp", option, 4, filled, 8);
        else if (option[0] == OPTION_RECORD_ROUTE || option[0] == IP_OPTION_LOOSE_ROUTE ||
                 option[0] == IP_OPTION_STRICT_ROUTE)
            add_entries(out, "Route", option, 3, filled, 4);
        at += option[1];
    }
}
