/*
 * Hosts, found by name or address, and the names of addresses. Knows the resolver; prints nothing.
 */
#ifndef SAMPLES_HOST_H
#define SAMPLES_HOST_H

#include "address.h"

#include <stdbool.h>

/* So much has a name in UTF-8; NI_MAXHOST is what Windows has for it. */
#define HOST_NAME_BYTES ((size_t)3 * NI_MAXHOST)

struct host {
    union address address;
    char text[ADDRESS_TEXT_BYTES];
    char name[HOST_NAME_BYTES]; /* empty if only the address is known */
};

/* Finds a host by name or address; of several addresses of the family, the one that the resolver gives first.
 * May wait for the resolver. */
bool host_find(struct host *host, const char *name, enum family family);

/* The name of an address, if it has one, else an empty one. May wait for the resolver. Any thread. */
bool host_name_of(const union address *address, char name[HOST_NAME_BYTES]);

#endif
