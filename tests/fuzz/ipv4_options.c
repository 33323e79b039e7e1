/*
 * Any bytes as the options of an IPv4 header, to be sent or received.
 */
#include "fuzz/fuzz.h"

#include "wire/ipv4.h"
#include "wire/ipv4_options.h"

enum {
    END_OF_LIST = 0,
    NO_OPERATION = 1,
    RECORD_ROUTE = 7,
    TIMESTAMP = 0x44,
    LOOSE_SOURCE_ROUTE = 0x83,
    STRICT_SOURCE_ROUTE = 0x89,
};

static bool is_source_route(uint8_t type)
{
    return type == LOOSE_SOURCE_ROUTE || type == STRICT_SOURCE_ROUTE;
}

/* A router that fills in what an option asks for writes inside that option. `entry_bytes` is what it writes. */
static void check_room(const uint8_t *option, size_t option_bytes, size_t header_bytes, size_t entry_bytes)
{
    fuzz_require(option_bytes >= header_bytes);
    size_t pointer = option[2];
    fuzz_require(pointer > header_bytes);
    fuzz_require(pointer > option_bytes ? pointer == option_bytes + 1
                                        : pointer - 1 + entry_bytes <= option_bytes);
}

/* Walks through options that are fit to be sent, as the routers on the way do. Returns where they end; there is the End of
 * Option List, if there is one. `seen` counts each type. */
static size_t walk_as_router(const uint8_t *options, size_t size, unsigned int seen[256])
{
    size_t at = 0;
    while (at < size && options[at] != END_OF_LIST) {
        uint8_t type = options[at];
        seen[type]++;
        if (type == NO_OPERATION) {
            at++;
            continue;
        }
        fuzz_require(size - at >= 2);
        size_t option_bytes = options[at + 1];
        fuzz_require(option_bytes >= 2 && option_bytes <= size - at);
        if (type == RECORD_ROUTE || is_source_route(type)) {
            check_room(options + at, option_bytes, 3, 4);
        } else if (type == TIMESTAMP) {
            fuzz_require(option_bytes >= 4);
            check_room(options + at, option_bytes, 4, (options[at + 3] & 0x0f) == 0 ? 4 : 8);
        }
        at += option_bytes;
    }
    return at;
}

static enum ipv4_options_fault check_options(const uint8_t *options, size_t size)
{
    enum ipv4_options_fault fault = ipv4_options_check(options, size);
    fuzz_require((fault == IPV4_OPTIONS_TOO_BIG) == (size > IPV4_OPTIONS_MAX_BYTES));
    fuzz_require(fault == IPV4_OPTIONS_OK || fault == IPV4_OPTIONS_TOO_BIG ||
                 fault == IPV4_OPTIONS_MALFORMED);
    return fault;
}

/* What stands around options does not change what they are. */
static void check_padding(const uint8_t *options, size_t size, enum ipv4_options_fault fault)
{
    uint8_t *padded = fuzz_allocate(size + 2);
    if (size > 0) {
        memcpy(padded + 1, options, size);
    }
    padded[0] = NO_OPERATION;
    fuzz_require(check_options(padded, size + 1) == fault);
    bool source_route = ipv4_options_have_source_route(options, size);
    fuzz_require(ipv4_options_have_source_route(padded, size + 1) == source_route);
    if (fault == IPV4_OPTIONS_OK) {
        padded[size + 1] = END_OF_LIST;
        fuzz_require(check_options(padded + 1, size + 1) == IPV4_OPTIONS_OK);
    }
    free(padded);
}

/* What is behind an End of Option List at `end` is nothing. */
static void check_end(const uint8_t *options, size_t size, size_t end)
{
    uint8_t *changed = fuzz_copy(options, size);
    for (size_t i = end + 1; i < size; i++) {
        changed[i] ^= 0x83;
    }
    fuzz_require(check_options(changed, size) == IPV4_OPTIONS_OK);
    fuzz_require(ipv4_options_have_source_route(changed, size) ==
                 ipv4_options_have_source_route(options, size));
    free(changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum ipv4_options_fault fault = check_options(data, size);
    if (size + 1 <= IPV4_OPTIONS_MAX_BYTES) {
        check_padding(data, size, fault);
    }
    if (fault == IPV4_OPTIONS_OK) {
        unsigned int seen[256] = {0};
        size_t end = walk_as_router(data, size, seen);
        unsigned int source_routes = seen[LOOSE_SOURCE_ROUTE] + seen[STRICT_SOURCE_ROUTE];
        fuzz_require(seen[RECORD_ROUTE] <= 1 && seen[TIMESTAMP] <= 1 && source_routes <= 1);
        fuzz_require(ipv4_options_have_source_route(data, size) == (source_routes > 0));
        check_end(data, size, end);
    }
    /* What was received is walked through as well, however long it says it is. */
    ipv4_options_have_source_route(data, size);
    return 0;
}
