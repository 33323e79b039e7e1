/*
 * The list of rules, and the names of the behaviours.
 */
#include "rules.h"

#include "forgeries.h"
#include "replies.h"
#include "wire/bytes.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

typedef void (*behaviour)(const struct echo_request *request, const struct settings *settings);

static const struct {
    const char *name;
    behaviour behave;
} behaviours[] = {
    {"silent", reply_silent},
    {"echo", reply_echo},
    {"mirror", reply_mirror},
    {"error", reply_error},
    /* These send forgeries, then an echo reply. */
    {"wrong_checksums", forge_wrong_checksums},
    {"truncated", forge_truncated},
    {"header_lengths", forge_header_lengths},
    {"total_lengths", forge_total_lengths},
    {"wrong_hosts", forge_wrong_hosts},
    {"wrong_keys", forge_wrong_keys},
    {"other_types", forge_other_types},
    {"old_replies", forge_old_replies},
    {"foreign_quotes", forge_foreign_quotes},
    {"quote_lengths", forge_quote_lengths},
    {"changed_quote", forge_changed_quote},
};

struct rule {
    struct rule *next;
    uint32_t network; /* host order */
    uint32_t mask;
    behaviour behave;
    struct settings settings;
};

static struct rule *rules;

/* "ADDRESS" or "ADDRESS/BITS". Writes to the word. */
static bool read_network(char *word, struct rule *rule)
{
    char *slash = strchr(word, '/');
    unsigned long bits = 32;
    uint32_t address_be;

    if (slash != NULL) {
        *slash = '\0';
        bits = strtoul(slash + 1, NULL, 10);
    }
    if (bits > 32 || inet_pton(AF_INET, word, &address_be) != 1) {
        return false;
    }
    rule->mask = bits == 0 ? 0 : UINT32_MAX << (32 - bits);
    rule->network = bytes_load_be32(&address_be) & rule->mask;
    return true;
}

static bool read_behaviour(const char *word, struct rule *rule)
{
    for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++) {
        if (strcmp(word, behaviours[i].name) == 0) {
            rule->behave = behaviours[i].behave;
            return true;
        }
    }
    return false;
}

const char *rule_add(char **rest)
{
    char *network = strtok_r(NULL, " \t", rest);
    char *behaviour_name = strtok_r(NULL, " \t", rest);
    struct rule *rule = calloc(1, sizeof(*rule));

    if (rule == NULL) {
        errx(1, "no memory");
    }
    const char *wrong = NULL;
    if (network == NULL || !read_network(network, rule)) {
        wrong = network != NULL ? network : "no address";
    } else if (behaviour_name == NULL || !read_behaviour(behaviour_name, rule)) {
        wrong = behaviour_name != NULL ? behaviour_name : "no behaviour";
    } else {
        wrong = settings_read(&rule->settings, rest);
    }
    if (wrong != NULL) {
        free(rule);
        return wrong;
    }
    rule->next = rules;
    rules = rule;
    return NULL;
}

bool rule_apply(const struct echo_request *request)
{
    uint32_t destination = bytes_load_be32(&request->header.destination_be);
    const struct rule *rule = rules;

    while (rule != NULL && (destination & rule->mask) != rule->network) {
        rule = rule->next;
    }
    if (rule != NULL) {
        rule->behave(request, &rule->settings);
    }
    return rule != NULL;
}
