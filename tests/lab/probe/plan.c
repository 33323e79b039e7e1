/*
 * Reads NAME=VALUE words, by table.
 */
#include "lab/probe/plan.h"

#include <stdlib.h>

static bool read_number(const char *value, DWORD limit, DWORD *number)
{
    char *end;

    *number = strtoul(value, &end, 0);
    return end != value && *end == '\0' && *number <= limit;
}

/* ADDRESS, or ADDRESS%SCOPE of IPv6. */
static bool read_address(const char *value, struct address *address)
{
    char ipv6[INET6_ADDRSTRLEN];
    size_t length = strcspn(value, "%");
    DWORD scope = 0;

    *address = (struct address){.is_ipv6 = strchr(value, ':') != NULL};
    if (!address->is_ipv6) {
        return inet_pton(AF_INET, value, &address->ipv4) == 1;
    }
    if (length >= sizeof(ipv6) ||
        (value[length] != '\0' && !read_number(value + length + 1, UINT32_MAX, &scope))) {
        return false;
    }
    memcpy(ipv6, value, length);
    ipv6[length] = '\0';
    address->ipv6.sin6_family = AF_INET6;
    address->ipv6.sin6_scope_id = scope;
    return inet_pton(AF_INET6, ipv6, &address->ipv6.sin6_addr) == 1;
}

bool address_equal(const struct address *one, const struct address *other)
{
    return one->is_ipv6 == other->is_ipv6 && one->ipv4 == other->ipv4 &&
           memcmp(&one->ipv6.sin6_addr, &other->ipv6.sin6_addr, sizeof(one->ipv6.sin6_addr)) == 0;
}

static bool read_bytes(const char *hexadecimal, struct plan *plan)
{
    for (plan->options_bytes = 0; hexadecimal[0] != '\0'; hexadecimal += 2) {
        char digits[] = {hexadecimal[0], hexadecimal[1], '\0'};
        char *end;

        if (plan->options_bytes == sizeof(plan->options)) {
            return false;
        }
        plan->options[plan->options_bytes++] = (BYTE)strtoul(digits, &end, 16);
        if (end != digits + 2) {
            return false;
        }
    }
    return true;
}

static bool read_telling(const char *value, struct plan *plan)
{
    static const char *const names[TELLINGS] = {"call", "event", "routine", "batch"};

    for (enum telling by = 0; by < TELLINGS; by++) {
        if (strcmp(value, names[by]) == 0) {
            plan->by = by;
            return true;
        }
    }
    return false;
}

/* What follows the = of a word. */
static bool read_value(const char *name, const char *value, struct plan *plan)
{
    DWORD number = 0;
    bool is_number = read_number(value, UINT32_MAX, &number);

    if (strcmp(name, "source") == 0) {
        return read_address(value, &plan->source);
    } else if (strcmp(name, "options") == 0) {
        plan->with_options = true;
        return read_bytes(value, plan);
    } else if (strcmp(name, "by") == 0) {
        return read_telling(value, plan);
    } else if (strcmp(name, "timeout") == 0) {
        plan->timeout_ms = number;
    } else if (strcmp(name, "bytes") == 0) {
        plan->data_bytes = (WORD)number;
    } else if (strcmp(name, "ttl") == 0) {
        plan->ttl = (BYTE)number;
        plan->with_options = true;
    } else if (strcmp(name, "tos") == 0) {
        plan->tos = (BYTE)number;
        plan->with_options = true;
    } else if (strcmp(name, "room") == 0) {
        plan->room = number;
    } else if (strcmp(name, "count") == 0) {
        plan->count = number;
    } else if (strcmp(name, "many") == 0) {
        plan->many = number;
    } else {
        return false;
    }
    return is_number;
}

static bool read_word(const char *word, struct plan *plan)
{
    char name[16];
    size_t length = strcspn(word, "=");

    if (strcmp(word, "df") == 0) {
        plan->dont_fragment = plan->with_options = true;
        return true;
    } else if (strcmp(word, "step") == 0) {
        plan->step = true;
        return true;
    } else if (strcmp(word, "list") == 0) {
        plan->list = true;
        return true;
    } else if (strcmp(word, "garbage") == 0) {
        plan->garbage = true;
        return true;
    } else if (word[length] != '=' || length >= sizeof(name)) {
        return false;
    }
    memcpy(name, word, length);
    name[length] = '\0';
    return read_value(name, word + length + 1, plan);
}

/* Until the command line says how many: 1, or none beside many. */
#define DEFAULT_COUNT UINT32_MAX

bool plan_read(struct plan *plan, int argc, char **argv)
{
    *plan = (struct plan){.timeout_ms = 10000, .data_bytes = 32, .count = DEFAULT_COUNT};
    if (argc < 2 || !read_address(argv[1], &plan->destination)) {
        fprintf(stderr, "usage: probe ADDRESS [NAME=VALUE...]\n");
        return false;
    }
    for (int i = 2; i < argc; i++) {
        if (!read_word(argv[i], plan)) {
            fprintf(stderr, "probe: what is %s?\n", argv[i]);
            return false;
        }
    }
    if (plan->source.is_ipv6 && !plan->destination.is_ipv6) {
        fprintf(stderr, "probe: source and destination are of different families\n");
        return false;
    }
    if (plan->many > 0 && plan->data_bytes < sizeof(DWORD)) {
        fprintf(stderr, "probe: with many=, the data hold a number of 4 bytes\n");
        return false;
    }
    if (plan->count == DEFAULT_COUNT) {
        plan->count = plan->many > 0 ? 0 : 1;
    }
    return true;
}

bool plan_may_go_on(const struct plan *plan)
{
    char line[16];

    return !plan->step || fgets(line, sizeof(line), stdin) != NULL;
}
