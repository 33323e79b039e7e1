/*
 * The list of rules, and the names of the behaviours.
 */
#include "rules.h"

#include "forgeries.h"
#include "replies.h"

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
    struct ip_address network;
    unsigned int bits; /* of it count */
    behaviour behave;
    struct settings settings;
};

static struct rule *rules;

static unsigned int address_bits(const struct ip_address *address)
{
    return address->family == IP_FAMILY_V4 ? 32 : 128;
}

/* "ADDRESS" or "ADDRESS/BITS". Writes to the word. */
static bool read_network(char *word, struct rule *rule)
{
    char *slash = strchr(word, '/');

    if (slash != NULL) {
        *slash = '\0';
    }
    if (!address_read(word, &rule->network)) {
        return false;
    }
    rule->bits = slash != NULL ? (unsigned int)strtoul(slash + 1, NULL, 10) : address_bits(&rule->network);
    return rule->bits <= address_bits(&rule->network);
}

/* Whether an address is in the network that the rule is for. */
static bool is_for(const struct rule *rule, const struct ip_address *address)
{
    unsigned int bytes = rule->bits / 8;
    unsigned int mask = 0xff00u >> rule->bits % 8 & 0xff;

    return address->family == rule->network.family &&
           memcmp(address->bytes, rule->network.bytes, bytes) == 0 &&
           (mask == 0 || ((address->bytes[bytes] ^ rule->network.bytes[bytes]) & mask) == 0);
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
    const struct rule *rule = rules;

    while (rule != NULL && !is_for(rule, &request->destination)) {
        rule = rule->next;
    }
    if (rule != NULL) {
        rule->behave(request, &rule->settings);
    }
    return rule != NULL;
}
