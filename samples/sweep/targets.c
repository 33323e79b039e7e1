/*
 * Reads targets and keeps them as ranges of addresses.
 */
#include "targets.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer than any range that can be written: two IPv6 addresses with links. */
#define TEXT_BYTES ((size_t)2 * IP_NUMBER_TEXT_BYTES)

/* A host's name and, behind a dot, the root (RFC 1035, 2.3.4). */
#define NAME_MAX_LENGTH 254

/* The elements with room for one more; NULL without memory, and then they are where they were. */
static void *grown(void *elements, size_t count, size_t *capacity, size_t element_bytes)
{
    if (count < *capacity && elements != NULL)
        return elements;
    size_t wanted = *capacity > 0 ? *capacity * 2 : 16;
    if (wanted > SIZE_MAX / element_bytes)
        return NULL;
    void *larger = realloc(elements, wanted * element_bytes);
    if (larger != NULL)
        *capacity = wanted;
    return larger;
}

static struct ip_number last_of(const struct target_range *range)
{
    struct ip_number last = range->first;
    last.high = range->last_high;
    last.low = range->last_low;
    return last;
}

/* Whether the second range continues the first one or lies in it, given that it begins no earlier. */
static bool joins(const struct target_range *range, const struct target_range *next)
{
    struct ip_number behind = last_of(range);
    if (++behind.low == 0 && ++behind.high == 0)
        return next->first.family == range->first.family && next->first.scope_id == range->first.scope_id;
    return next->first.family == behind.family && next->first.scope_id == behind.scope_id &&
           ip_number_compare(&next->first, &behind) <= 0;
}

static void join(struct target_range *range, const struct target_range *next)
{
    struct ip_number last = last_of(range);
    struct ip_number next_last = last_of(next);
    if (ip_number_compare(&next_last, &last) > 0) {
        range->last_high = next_last.high;
        range->last_low = next_last.low;
    }
}

static enum targets_result add_range(struct targets *targets, const struct ip_number *first,
                                     const struct ip_number *last)
{
    struct target_range range = {*first, last->high, last->low};
    struct target_range *previous =
        targets->range_count > 0 ? &targets->ranges[targets->range_count - 1] : NULL;

    /* A list of addresses one after the other becomes one range at once. */
    if (previous != NULL && ip_number_compare(&previous->first, first) <= 0 && joins(previous, &range)) {
        join(previous, &range);
        return TARGETS_OK;
    }
    struct target_range *ranges =
        grown(targets->ranges, targets->range_count, &targets->range_capacity, sizeof(*ranges));
    if (ranges == NULL)
        return TARGETS_NO_MEMORY;
    targets->ranges = ranges;
    ranges[targets->range_count++] = range;
    return TARGETS_OK;
}

static enum targets_result refuse(char *message, size_t message_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, message_bytes, format, arguments);
    va_end(arguments);
    return TARGETS_INVALID;
}

/* A decimal number of up to three digits. */
static bool parse_small(const char *text, unsigned max, unsigned *number)
{
    size_t length = strlen(text);
    if (length == 0 || length > 3 || strspn(text, "0123456789") != length)
        return false;
    *number = (unsigned)strtoul(text, NULL, 10);
    return *number <= max;
}

static uint64_t low_bits(unsigned count)
{
    return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

/* The network of a prefix: its first and last address. */
static void network_of(struct ip_number *first, struct ip_number *last, unsigned host_bits)
{
    uint64_t low = low_bits(host_bits);
    uint64_t high = host_bits > 64 ? low_bits(host_bits - 64) : 0;
    first->low &= ~low;
    first->high &= ~high;
    last->low |= low;
    last->high |= high;
}

static enum targets_result add_network(struct targets *targets, const char *address, const char *prefix,
                                       char *message, size_t message_bytes)
{
    struct ip_number first;
    unsigned length;
    if (!ip_number_parse(&first, address))
        return refuse(message, message_bytes, "\"%s\" before the / is not an address", address);
    unsigned bits = first.family == IP_FAMILY_V4 ? 32 : 128;
    if (!parse_small(prefix, bits, &length))
        return refuse(message, message_bytes, "the prefix length \"%s\" is not a number from 0 to %u", prefix,
                      bits);
    struct ip_number last = first;
    network_of(&first, &last, bits - length);
    if (first.family == IP_FAMILY_V4 && length < 31) {
        first.low++;
        last.low--;
    }
    return add_range(targets, &first, &last);
}

static enum targets_result add_from_to(struct targets *targets, const char *from, const char *to,
                                       char *message, size_t message_bytes)
{
    struct ip_number first;
    struct ip_number last;
    unsigned number;
    if (!ip_number_parse(&first, from))
        return refuse(message, message_bytes, "\"%s\" before the - is not an address", from);
    if (first.family == IP_FAMILY_V4 && parse_small(to, 255, &number)) {
        last = first;
        last.low = (first.low & ~UINT64_C(255)) | number;
    } else if (!ip_number_parse(&last, to)) {
        return refuse(message, message_bytes, "\"%s\" behind the - is not an address", to);
    }
    if (first.family != last.family)
        return refuse(message, message_bytes, "%s and %s are of different families", from, to);
    if (last.scope_id == 0)
        last.scope_id = first.scope_id;
    if (first.scope_id != last.scope_id)
        return refuse(message, message_bytes, "%s and %s are on different links", from, to);
    if (ip_number_compare(&first, &last) > 0)
        return refuse(message, message_bytes, "%s comes behind %s", from, to);
    return add_range(targets, &first, &last);
}

/* Whether it could be a host's name. What ends in a number would be an address (RFC 1123, 2.1), and the resolver
 * would take forms of it that others understand otherwise. Bytes beyond ASCII are the resolver's business. */
static bool is_name(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || length > NAME_MAX_LENGTH || text[0] == '-' || text[0] == '.')
        return false;
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr("/:@%,;\"'\\()[]{}<>|&!?*=$^`~+#", *at))
            return false;
    }
    const char *dot = strrchr(text, '.');
    const char *last_label = dot != NULL ? dot + 1 : text;
    return last_label[0] == '\0' || strspn(last_label, "0123456789") != strlen(last_label);
}

/* Splits a text at the separator; false if it has none, or is too long for a range. */
static bool split(const char *text, char separator, char copy[TEXT_BYTES], char **rest)
{
    size_t length = strlen(text);
    if (length >= TEXT_BYTES)
        return false;
    memcpy(copy, text, length + 1);
    *rest = strchr(copy, separator);
    if (*rest == NULL)
        return false;
    *(*rest)++ = '\0';
    return true;
}

/* Names may have hyphens: only what stands before one of a range begins as an address does. */
static bool begins_as_address(const char *text)
{
    return strchr(text, ':') != NULL || strspn(text, "0123456789.") == strlen(text);
}

enum targets_result targets_add(struct targets *targets, const char *text, char *message,
                                size_t message_bytes)
{
    char copy[TEXT_BYTES];
    char *rest;
    struct ip_number address;
    if (ip_number_parse(&address, text))
        return add_range(targets, &address, &address);
    if (split(text, '/', copy, &rest))
        return add_network(targets, copy, rest, message, message_bytes);
    if (split(text, '-', copy, &rest) && begins_as_address(copy) && begins_as_address(rest))
        return add_from_to(targets, copy, rest, message, message_bytes);
    if (is_name(text))
        return TARGETS_NAME;
    return refuse(message, message_bytes, "\"%.80s\" is not an address, a network, a range or a name", text);
}

bool targets_add_named(struct targets *targets, const struct ip_number *address, const char *name)
{
    size_t name_bytes = strlen(name) + 1;
    struct target_name *names =
        grown(targets->names, targets->name_count, &targets->name_capacity, sizeof(*names));
    if (names == NULL)
        return false;
    targets->names = names;
    char *copy = malloc(name_bytes);
    if (copy == NULL)
        return false;
    memcpy(copy, name, name_bytes);
    struct target_name *added = &targets->names[targets->name_count++];
    added->address = *address;
    added->name = copy;
    return add_range(targets, address, address) == TARGETS_OK;
}

static int compare_ranges(const void *one, const void *other)
{
    return ip_number_compare(&((const struct target_range *)one)->first,
                             &((const struct target_range *)other)->first);
}

static int compare_names(const void *one, const void *other)
{
    const struct target_name *name = one;
    const struct target_name *other_name = other;
    int order = ip_number_compare(&name->address, &other_name->address);
    return order != 0 ? order : strcmp(name->name, other_name->name);
}

void targets_sort(struct targets *targets)
{
    size_t kept = 0;
    if (targets->range_count == 0)
        return;
    qsort(targets->ranges, targets->range_count, sizeof(*targets->ranges), compare_ranges);
    for (size_t i = 1; i < targets->range_count; i++) {
        if (joins(&targets->ranges[kept], &targets->ranges[i]))
            join(&targets->ranges[kept], &targets->ranges[i]);
        else
            targets->ranges[++kept] = targets->ranges[i];
    }
    targets->range_count = kept + 1;
    if (targets->name_count > 0)
        qsort(targets->names, targets->name_count, sizeof(*targets->names), compare_names);
}

/* How far the last address of a range is from the first one. */
static void length_of(const struct target_range *range, uint64_t *high, uint64_t *low)
{
    *low = range->last_low - range->first.low;
    *high = range->last_high - range->first.high - (range->last_low < range->first.low);
}

uint64_t targets_count(const struct targets *targets)
{
    uint64_t count = 0;
    for (size_t i = 0; i < targets->range_count; i++) {
        uint64_t high;
        uint64_t low;
        length_of(&targets->ranges[i], &high, &low);
        if (high > 0 || low >= UINT64_MAX - count)
            return UINT64_MAX;
        count += low + 1;
    }
    return count;
}

const char *targets_name(const struct targets *targets, const struct ip_number *address)
{
    size_t from = 0;
    size_t to = targets->name_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (ip_number_compare(&targets->names[middle].address, address) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == targets->name_count || ip_number_compare(&targets->names[from].address, address) != 0)
        return NULL;
    return targets->names[from].name;
}

void targets_free(struct targets *targets)
{
    for (size_t i = 0; i < targets->name_count; i++)
        free(targets->names[i].name);
    free(targets->names);
    free(targets->ranges);
    *targets = (struct targets){0};
}

bool targets_next(const struct targets *targets, struct target_cursor *cursor, struct ip_number *address)
{
    if (cursor->range == targets->range_count)
        return false;
    const struct target_range *range = &targets->ranges[cursor->range];
    uint64_t high;
    uint64_t low;
    length_of(range, &high, &low);

    *address = range->first;
    address->low += cursor->offset_low;
    address->high += cursor->offset_high + (address->low < cursor->offset_low);
    if (cursor->offset_high == high && cursor->offset_low == low) {
        *cursor = (struct target_cursor){.range = cursor->range + 1};
    } else if (++cursor->offset_low == 0) {
        cursor->offset_high++;
    }
    return true;
}
