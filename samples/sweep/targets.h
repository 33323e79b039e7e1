/*
 * The targets of a sweep: read as text, kept as ranges, taken one by one. However many addresses there are, only
 * the ranges take memory, and every address comes once, in ascending order, IPv4 first.
 * Portable C without sockets: names are handed back to the caller, who looks them up.
 */
#ifndef SWEEP_TARGETS_H
#define SWEEP_TARGETS_H

#include "ip_number.h"

#include <stddef.h>

struct target_range {
    struct ip_number first;
    uint64_t last_high;
    uint64_t last_low;
};

struct target_name {
    struct ip_number address;
    char *name;
};

/* All zero is an empty list. */
struct targets {
    struct target_range *ranges;
    size_t range_count;
    size_t range_capacity;
    struct target_name *names;
    size_t name_count;
    size_t name_capacity;
};

enum targets_result {
    TARGETS_OK,
    TARGETS_NAME,    /* it is the name of a host: look it up, then targets_add_named */
    TARGETS_INVALID, /* message says why */
    TARGETS_NO_MEMORY
};

/* Adds what a text stands for:
 *
 *     192.0.2.1  2001:db8::1  fe80::1%2    an address
 *     192.0.2.0/24                         a network, without its first and last address, which are no hosts',
 *                                          unless it has only one or two
 *     2001:db8::/120                       an IPv6 network, with all of its addresses
 *     192.0.2.1-192.0.2.9  192.0.2.1-9     from the one to the other, both included; the second may be
 *     2001:db8::1-2001:db8::ff             the last number of an IPv4 address alone
 *
 * Anything else that could be a host's name is one. */
enum targets_result targets_add(struct targets *targets, const char *text, char *message,
                                size_t message_bytes);

/* Adds the address of a name, which is copied. False without memory. */
bool targets_add_named(struct targets *targets, const struct ip_number *address, const char *name);

/* Brings the ranges in order, and has each address in one of them. To be called after the last one was added, and
 * before the functions below. */
void targets_sort(struct targets *targets);

/* UINT64_MAX also stands for more than that. */
uint64_t targets_count(const struct targets *targets);

/* The name that was given for an address, of several the first in the order of their bytes, or NULL. */
const char *targets_name(const struct targets *targets, const struct ip_number *address);

void targets_free(struct targets *targets);

/* All zero begins with the first target. */
struct target_cursor {
    size_t range;
    uint64_t offset_high;
    uint64_t offset_low;
};

/* The next target; false after the last one. */
bool targets_next(const struct targets *targets, struct target_cursor *cursor, struct ip_number *address);

#endif
