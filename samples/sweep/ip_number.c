/*
 * Reads, writes and compares IP addresses. What is read may come from anywhere.
 */
#include "ip_number.h"

#include <stdio.h>
#include <string.h>

#define V6_GROUPS 8

/* Decimal digits without leading zeros, to which other programs give another meaning; moves *text behind them. */
static bool parse_decimal(const char **text, uint64_t max, uint64_t *number)
{
    const char *at = *text;
    uint64_t value = 0;
    if (at[0] == '0' && at[1] >= '0' && at[1] <= '9')
        return false;
    for (; *at >= '0' && *at <= '9' && value <= max; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    if (at == *text || value > max)
        return false;
    *text = at;
    *number = value;
    return true;
}

/* Four numbers and nothing behind them but, if there is one, `end`. */
static bool parse_v4(const char *text, char end, uint32_t *number)
{
    *number = 0;
    for (int i = 0; i < 4; i++) {
        uint64_t byte;
        if ((i > 0 && *text++ != '.') || !parse_decimal(&text, 255, &byte))
            return false;
        *number = *number << 8 | (uint32_t)byte;
    }
    return *text == '\0' || *text == end;
}

/* Up to four hexadecimal digits; moves *text behind them. */
static bool parse_group(const char **text, uint16_t *group)
{
    const char *at = *text;
    unsigned value = 0;
    for (; at - *text < 4; at++) {
        const char *digits = "0123456789abcdefABCDEF";
        const char *digit = *at != '\0' ? strchr(digits, *at) : NULL;
        if (digit == NULL)
            break;
        unsigned index = (unsigned)(digit - digits);
        value = value << 4 | (index < 16 ? index : index - 6);
    }
    if (at == *text)
        return false;
    *text = at;
    *group = (uint16_t)value;
    return true;
}

/* The groups of an IPv6 address on their way; gap is where "::" was, or -1. */
struct groups {
    uint16_t group[V6_GROUPS];
    int count;
    int gap;
};

/* Adds the two groups of an IPv4 address. */
static bool add_v4(struct groups *groups, const char *text)
{
    uint32_t number;
    if (groups->count > V6_GROUPS - 2 || !parse_v4(text, '%', &number))
        return false;
    groups->group[groups->count++] = (uint16_t)(number >> 16);
    groups->group[groups->count++] = (uint16_t)number;
    return true;
}

/* Moves *text to the end or the %. */
static bool parse_groups(struct groups *groups, const char **text)
{
    const char *at = *text;
    *groups = (struct groups){.gap = -1};
    if (at[0] == ':' && at[1] != ':')
        return false;
    while (*at != '\0' && *at != '%') {
        if (at[0] == ':' && at[1] == ':') {
            if (groups->gap >= 0)
                return false;
            groups->gap = groups->count;
            at += 2;
            continue;
        }
        if (*at == ':')
            at++;
        const char *start = at;
        if (groups->count == V6_GROUPS || !parse_group(&at, &groups->group[groups->count]))
            return false;
        if (*at == '.') {
            *text = start + strcspn(start, "%");
            return add_v4(groups, start);
        }
        groups->count++;
        if (*at != '\0' && *at != '%' && *at != ':')
            return false;
    }
    *text = at;
    return true;
}

static uint64_t join(const uint16_t *group)
{
    return (uint64_t)group[0] << 48 | (uint64_t)group[1] << 32 | (uint64_t)group[2] << 16 | group[3];
}

static bool parse_v6(struct ip_number *address, const char *text)
{
    struct groups groups;
    uint16_t all[V6_GROUPS] = {0};
    uint64_t scope_id = 0;
    if (!parse_groups(&groups, &text))
        return false;
    /* "::" stands for at least one group. */
    if (groups.gap >= 0 ? groups.count >= V6_GROUPS : groups.count != V6_GROUPS)
        return false;
    int head = groups.gap >= 0 ? groups.gap : groups.count;
    int tail = groups.count - head;
    for (int i = 0; i < head; i++)
        all[i] = groups.group[i];
    for (int i = 0; i < tail; i++)
        all[V6_GROUPS - tail + i] = groups.group[head + i];
    if (*text == '%') {
        text++;
        if (!parse_decimal(&text, UINT32_MAX, &scope_id) || *text != '\0')
            return false;
    }
    *address = (struct ip_number){.family = IP_FAMILY_V6,
                                  .scope_id = (uint32_t)scope_id,
                                  .high = join(all),
                                  .low = join(all + V6_GROUPS / 2)};
    return true;
}

bool ip_number_parse(struct ip_number *address, const char *text)
{
    uint32_t number;
    if (strchr(text, ':') != NULL)
        return parse_v6(address, text);
    if (!parse_v4(text, '\0', &number))
        return false;
    *address = (struct ip_number){.family = IP_FAMILY_V4, .low = number};
    return true;
}

static int format_v4(char *text, size_t text_bytes, uint64_t number)
{
    return snprintf(text, text_bytes, "%u.%u.%u.%u", (unsigned)(number >> 24 & 255),
                    (unsigned)(number >> 16 & 255), (unsigned)(number >> 8 & 255), (unsigned)(number & 255));
}

static unsigned group_of(const struct ip_number *address, int i)
{
    uint64_t half = i < V6_GROUPS / 2 ? address->high : address->low;
    unsigned in_half = (unsigned)i % (V6_GROUPS / 2);
    return (unsigned)(half >> (48 - 16 * in_half) & 0xffff);
}

/* The longest run of two or more groups of zero, the first of equals; its length, or 0. */
static int longest_gap(const struct ip_number *address, int *start)
{
    int best = 1;
    for (int i = 0; i < V6_GROUPS;) {
        int end = i;
        while (end < V6_GROUPS && group_of(address, end) == 0)
            end++;
        if (end - i > best) {
            best = end - i;
            *start = i;
        }
        i = end + 1;
    }
    return best > 1 ? best : 0;
}

static void format_v6(const struct ip_number *address, char text[IP_NUMBER_TEXT_BYTES])
{
    char *at = text;
    char *end = text + IP_NUMBER_TEXT_BYTES;
    int gap = V6_GROUPS;
    int gap_length = longest_gap(address, &gap);
    bool mapped = address->high == 0 && address->low >> 32 == 0xffff; /* ::ffff:192.0.2.1 */
    int groups = mapped ? V6_GROUPS - 2 : V6_GROUPS;

    for (int i = 0; i < groups;) {
        if (i == gap && gap_length > 0) {
            at += snprintf(at, (size_t)(end - at), "::");
            i += gap_length;
            continue;
        }
        at +=
            snprintf(at, (size_t)(end - at), "%s%x", i > 0 && at[-1] != ':' ? ":" : "", group_of(address, i));
        i++;
    }
    if (mapped) {
        *at++ = ':';
        at += format_v4(at, (size_t)(end - at), address->low);
    }
    if (address->scope_id != 0)
        snprintf(at, (size_t)(end - at), "%%%lu", (unsigned long)address->scope_id);
}

void ip_number_format(const struct ip_number *address, char text[IP_NUMBER_TEXT_BYTES])
{
    if (address->family == IP_FAMILY_V4)
        format_v4(text, IP_NUMBER_TEXT_BYTES, address->low);
    else
        format_v6(address, text);
}

static int compare(uint64_t one, uint64_t other)
{
    return (one > other) - (one < other);
}

int ip_number_compare(const struct ip_number *one, const struct ip_number *other)
{
    int order = compare(one->family, other->family);
    order = order != 0 ? order : compare(one->scope_id, other->scope_id);
    order = order != 0 ? order : compare(one->high, other->high);
    return order != 0 ? order : compare(one->low, other->low);
}

static void put(uint8_t *bytes, uint64_t number, int count)
{
    for (int i = count - 1; i >= 0; i--, number >>= 8)
        bytes[i] = (uint8_t)number;
}

void ip_number_to_bytes(const struct ip_number *address, uint8_t bytes[16])
{
    if (address->family == IP_FAMILY_V4) {
        put(bytes, address->low, 4);
        return;
    }
    put(bytes, address->high, 8);
    put(bytes + 8, address->low, 8);
}

static uint64_t get(const uint8_t *bytes, int count)
{
    uint64_t number = 0;
    for (int i = 0; i < count; i++)
        number = number << 8 | bytes[i];
    return number;
}

struct ip_number ip_number_from_bytes(enum ip_family family, const uint8_t *bytes, uint32_t scope_id)
{
    if (family == IP_FAMILY_V4)
        return (struct ip_number){.family = IP_FAMILY_V4, .low = get(bytes, 4)};
    return (struct ip_number){
        .family = IP_FAMILY_V6, .scope_id = scope_id, .high = get(bytes, 8), .low = get(bytes + 8, 8)};
}
