/*
 * Reads NAME=VALUE words, by table.
 */
#include "settings.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_number(const char *value, void *number)
{
    char *end;

    *(unsigned int *)number = (unsigned int)strtoul(value, &end, 0);
    return end != value && *end == '\0';
}

static bool read_percentage(const char *value, void *number)
{
    return read_number(value, number) && *(unsigned int *)number <= 100;
}

/* One number, or MIN..MAX. */
static bool read_range(const char *value, void *member)
{
    struct range *range = member;
    char behind;

    if (sscanf(value, "%u..%u%c", &range->min, &range->max, &behind) == 2) {
        return range->min <= range->max;
    }
    if (!read_number(value, &range->min)) {
        return false;
    }
    range->max = range->min;
    return true;
}

static bool read_address(const char *value, void *address)
{
    return address_read(value, address);
}

static bool read_way(const char *value, void *by)
{
    for (enum way way = 0; way < WAYS; way++) {
        if (strcmp(value, way_names[way]) == 0) {
            *(enum way *)by = way;
            return true;
        }
    }
    return false;
}

static const struct {
    const char *name;
    size_t offset;
    bool (*read)(const char *value, void *member);
} members[] = {
    {"loss", offsetof(struct settings, loss), read_percentage},
    {"duplicate", offsetof(struct settings, duplicate), read_percentage},
    {"reorder", offsetof(struct settings, reorder), read_percentage},
    {"corrupt", offsetof(struct settings, corrupt), read_percentage},
    {"delay", offsetof(struct settings, delay_ms), read_range},
    {"type", offsetof(struct settings, type), read_number},
    {"code", offsetof(struct settings, code), read_number},
    {"from", offsetof(struct settings, from), read_address},
    {"quote", offsetof(struct settings, quote), read_number},
    {"by", offsetof(struct settings, by), read_way},
    {"offset", offsetof(struct settings, offset), read_number},
    {"mask", offsetof(struct settings, mask), read_number},
    {"count", offsetof(struct settings, count), read_number},
    {"pace", offsetof(struct settings, pace), read_number},
    {"to", offsetof(struct settings, to), read_address},
    {"requests", offsetof(struct settings, requests), read_percentage},
    {"errors", offsetof(struct settings, errors), read_percentage},
};

static bool read_word(struct settings *settings, const char *word)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        size_t name_length = strlen(members[i].name);

        if (strncmp(word, members[i].name, name_length) == 0 && word[name_length] == '=') {
            return members[i].read(word + name_length + 1, (char *)settings + members[i].offset);
        }
    }
    return false;
}

bool address_read(const char *text, struct ip_address *address)
{
    *address = (struct ip_address){.family = strchr(text, ':') != NULL ? IP_FAMILY_V6 : IP_FAMILY_V4};
    return inet_pton(address->family == IP_FAMILY_V6 ? AF_INET6 : AF_INET, text, address->bytes) == 1;
}

const char *settings_read(struct settings *settings, char **rest)
{
    const char *word;

    *settings = (struct settings){.mask = 0xff};
    while ((word = strtok_r(NULL, " \t", rest)) != NULL) {
        if (!read_word(settings, word)) {
            return word;
        }
    }
    return NULL;
}
