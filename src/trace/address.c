/*
 * Addresses as text: with dots, or as RFC 5952 has IPv6 addresses written.
 */
#include "trace/trace.h"

#include <stdio.h>
#include <string.h>

#define GROUPS 8 /* of 16 bits each, in an IPv6 address */

/* What "::" stands for: the first of the longest runs of zero groups, if it is longer than one (RFC 5952
 * section 4.2). */
struct run {
    size_t first;
    size_t length;
};

static struct run longest_run_of_zeros(const unsigned int groups[GROUPS])
{
    struct run longest = {0};
    struct run run = {0};
    for (size_t i = 0; i < GROUPS; i++) {
        run = groups[i] != 0 ? (struct run){i + 1, 0} : (struct run){run.first, run.length + 1};
        if (run.length > longest.length) {
            longest = run;
        }
    }
    return longest.length > 1 ? longest : (struct run){GROUPS, 0};
}

static void print_v4(char *text, size_t capacity, const uint8_t *bytes)
{
    snprintf(text, capacity, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

static void print_v6(char *text, size_t capacity, const uint8_t *bytes)
{
    unsigned int groups[GROUPS];
    for (size_t i = 0; i < GROUPS; i++) {
        groups[i] = (unsigned int)bytes[2 * i] << 8 | bytes[2 * i + 1];
    }
    struct run zeros = longest_run_of_zeros(groups);
    size_t used = 0;
    for (size_t i = 0; i < GROUPS; i++) {
        if (i == zeros.first) {
            used += (size_t)snprintf(text + used, capacity - used, "::");
            i += zeros.length - 1;
        } else {
            const char *colon = i > 0 && i != zeros.first + zeros.length ? ":" : "";
            used += (size_t)snprintf(text + used, capacity - used, "%s%x", colon, groups[i]);
        }
    }
}

struct trace_address trace_address(const struct ip_address *address)
{
    struct trace_address written = {.text = "none"};
    size_t capacity = sizeof(written.text);
    if (address->family == IP_FAMILY_V4) {
        print_v4(written.text, capacity, address->bytes);
    } else if (address->family == IP_FAMILY_V6) {
        print_v6(written.text, capacity, address->bytes);
        size_t used = strlen(written.text);
        if (address->scope_id != 0) {
            snprintf(written.text + used, capacity - used, "%%%lu", (unsigned long)address->scope_id);
        }
    }
    return written;
}
