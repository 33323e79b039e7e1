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

static bool read_address(const char *value, IPAddr *address)
{
    return inet_pton(AF_INET, value, address) == 1;
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
    static const char *const names[TELLINGS] = {"call", "event", "routine"};

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
        return read_bytes(value, plan);
    } else if (strcmp(name, "by") == 0) {
        return read_telling(value, plan);
    } else if (strcmp(name, "timeout") == 0) {
        plan->timeout_ms = number;
    } else if (strcmp(name, "bytes") == 0) {
        plan->data_bytes = (WORD)number;
    } else if (strcmp(name, "ttl") == 0) {
        plan->ttl = (BYTE)number;
    } else if (strcmp(name, "tos") == 0) {
        plan->tos = (BYTE)number;
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
        plan->dont_fragment = true;
        return true;
    } else if (strcmp(word, "step") == 0) {
        plan->step = true;
        return true;
    } else if (strcmp(word, "list") == 0) {
        plan->list = true;
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
