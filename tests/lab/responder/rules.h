/*
 * Which requests get which behaviour.
 */
#ifndef OPENICMP_LAB_RESPONDER_RULES_H
#define OPENICMP_LAB_RESPONDER_RULES_H

#include "packet.h"

/* Adds the rule in the rest of a line that strtok_r is going through, "ADDRESS[/BITS] BEHAVIOUR
 * [NAME=VALUE...]". It goes before those there are. Returns NULL, or the word that it does not understand. */
const char *rule_add(char **rest);

/* Does with a request what the first rule says that fits it. False when none does. */
bool rule_apply(const struct echo_request *request);

#endif
