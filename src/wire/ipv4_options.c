/*
 * Walks and checks the option bytes of an IPv4 header (RFC 791 section 3.1, "Options").
 *
 * The bytes come from a caller or from the network, and both may lie. This file must not know the rest of
 * the header nor how options get into a packet.
 */
#include "wire/ipv4_options.h"

#include "wire/ipv4.h"

/* Option types, all three parts of the octet (copied flag, class, number) taken together. */
enum {
    TYPE_END_OF_LIST = 0x00,
    TYPE_NO_OPERATION = 0x01,
    TYPE_RECORD_ROUTE = 0x07,
    TYPE_TIMESTAMP = 0x44,
    TYPE_LOOSE_SOURCE_ROUTE = 0x83,
    TYPE_STRICT_SOURCE_ROUTE = 0x89,
};

/* Where the fields of an option are; the last is the timestamp's only. */
enum {
    OPTION_TYPE = 0,
    OPTION_LENGTH = 1,
    OPTION_POINTER = 2,
    OPTION_OVERFLOW_AND_FLAG = 3,
};

#define LENGTH_MIN_BYTES       2
#define ROUTE_HEADER_BYTES     3
#define TIMESTAMP_HEADER_BYTES 4
#define ADDRESS_BYTES          4
#define TIMESTAMP_FLAG_MASK    0x0f
#define TIMESTAMP_ONLY         0
#define TIMESTAMP_WITH_ADDRESS 1
#define TIMESTAMP_PRESPECIFIED 3
#define TIMESTAMP_BYTES        4
#define ADDRESS_AND_TIME_BYTES 8

/* What may appear at most once, as bits of a set. The two source routes exclude each other: one bit. */
enum {
    SEEN_RECORD_ROUTE = 1,
    SEEN_TIMESTAMP = 2,
    SEEN_SOURCE_ROUTE = 4,
};

/* What stands at a place among the options. */
enum step { STEP_OPTION, STEP_END, STEP_LIE };

/*
 * Looks at the `left_bytes` bytes at `option`, of which there is at least one. STEP_OPTION: there is an
 * option, `*option_bytes` long, entirely inside. STEP_END: End of Option List. STEP_LIE: an option whose
 * length octet is missing, does not cover itself or leads outside.
 */
static enum step look(const uint8_t *option, size_t left_bytes, size_t *option_bytes)
{
    if (option[OPTION_TYPE] == TYPE_END_OF_LIST)
        return STEP_END;
    if (option[OPTION_TYPE] == TYPE_NO_OPERATION) {
        *option_bytes = 1;
        return STEP_OPTION;
    }
    if (left_bytes < LENGTH_MIN_BYTES)
        return STEP_LIE;
    *option_bytes = option[OPTION_LENGTH];
    if (*option_bytes < LENGTH_MIN_BYTES || *option_bytes > left_bytes)
        return STEP_LIE;
    return STEP_OPTION;
}

/*
 * Whether an option of `option_bytes` octets with a header of `header_bytes` has a pointer (it counts from
 * 1) into its data area, to room for `entry_bytes` at least, or just past its end.
 */
static bool pointer_is_sane(const uint8_t *option, size_t option_bytes, size_t header_bytes,
                            size_t entry_bytes)
{
    size_t next;

    if (option_bytes < header_bytes)
        return false;
    next = option[OPTION_POINTER];
    if (next < header_bytes + 1 || next > option_bytes + 1)
        return false;
    next -= 1; /* counted from 0 from here on */
    return next == option_bytes || option_bytes - next >= entry_bytes;
}

static bool route_is_sane(const uint8_t *option, size_t option_bytes)
{
    return pointer_is_sane(option, option_bytes, ROUTE_HEADER_BYTES, ADDRESS_BYTES);
}

static bool source_route_is_sane(const uint8_t *option, size_t option_bytes)
{
    return route_is_sane(option, option_bytes) && (option_bytes - ROUTE_HEADER_BYTES) % ADDRESS_BYTES == 0;
}

static bool timestamp_is_sane(const uint8_t *option, size_t option_bytes)
{
    size_t entry_bytes;

    if (option_bytes < TIMESTAMP_HEADER_BYTES)
        return false;
    switch (option[OPTION_OVERFLOW_AND_FLAG] & TIMESTAMP_FLAG_MASK) {
    case TIMESTAMP_ONLY:
        entry_bytes = TIMESTAMP_BYTES;
        break;
    case TIMESTAMP_WITH_ADDRESS:
    case TIMESTAMP_PRESPECIFIED:
        entry_bytes = ADDRESS_AND_TIME_BYTES;
        break;
    default:
        return false;
    }
    return pointer_is_sane(option, option_bytes, TIMESTAMP_HEADER_BYTES, entry_bytes);
}

/* The options whose inside is checked, and what they count as in the set of those seen. */
static const struct {
    uint8_t type;
    uint8_t seen_bit;
    bool (*is_sane)(const uint8_t *option, size_t option_bytes);
} checked_options[] = {
    {TYPE_RECORD_ROUTE, SEEN_RECORD_ROUTE, route_is_sane},
    {TYPE_TIMESTAMP, SEEN_TIMESTAMP, timestamp_is_sane},
    {TYPE_LOOSE_SOURCE_ROUTE, SEEN_SOURCE_ROUTE, source_route_is_sane},
    {TYPE_STRICT_SOURCE_ROUTE, SEEN_SOURCE_ROUTE, source_route_is_sane},
};

/* Whether one option, whose length is known to be right, may be sent after those in the set `*seen`. */
static bool option_is_sane(const uint8_t *option, size_t option_bytes, unsigned int *seen)
{
    size_t i;

    for (i = 0; i < sizeof(checked_options) / sizeof(checked_options[0]); i++) {
        if (checked_options[i].type != option[OPTION_TYPE])
            continue;
        if ((*seen & checked_options[i].seen_bit) != 0)
            return false;
        *seen |= checked_options[i].seen_bit;
        return checked_options[i].is_sane(option, option_bytes);
    }
    return true;
}

enum ipv4_options_fault ipv4_options_check(const uint8_t *options, size_t length_bytes)
{
    unsigned int seen = 0;
    size_t offset = 0;

    if (length_bytes > IPV4_OPTIONS_MAX_BYTES)
        return IPV4_OPTIONS_TOO_BIG;
    while (offset < length_bytes) {
        size_t option_bytes = 0;

        switch (look(options + offset, length_bytes - offset, &option_bytes)) {
        case STEP_OPTION:
            break;
        case STEP_END:
            return IPV4_OPTIONS_OK;
        case STEP_LIE:
            return IPV4_OPTIONS_MALFORMED;
        }
        if (!option_is_sane(options + offset, option_bytes, &seen))
            return IPV4_OPTIONS_MALFORMED;
        offset += option_bytes;
    }
    return IPV4_OPTIONS_OK;
}

bool ipv4_options_have_source_route(const uint8_t *options, size_t length_bytes)
{
    size_t offset = 0;
    size_t option_bytes = 0;

    while (offset < length_bytes &&
           look(options + offset, length_bytes - offset, &option_bytes) == STEP_OPTION) {
        uint8_t type = options[offset + OPTION_TYPE];

        if ((type == TYPE_LOOSE_SOURCE_ROUTE || type == TYPE_STRICT_SOURCE_ROUTE) &&
            option_bytes >= ROUTE_HEADER_BYTES)
            return true;
        offset += option_bytes;
    }
    return false;
}
