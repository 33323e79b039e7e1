/*
 * The hosts that ping has to do with: found by name or address, in either family.
 */
#ifndef PING_HOST_H
#define PING_HOST_H

#include "options.h"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <stdbool.h>

/* "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295" and its end. */
#define ADDRESS_TEXT_BYTES 51

/* An address of either family; any.sa_family says which. */
union host_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct host {
    union host_address address;
    char text[ADDRESS_TEXT_BYTES];
    char name[NI_MAXHOST]; /* empty if only the address is known */
};

void address_to_text(const union host_address *address, char text[ADDRESS_TEXT_BYTES]);

/* Finds a host by name or address; of several addresses, the one that the resolver gives first. If there is
 * none in that family, says so. */
bool host_find(struct host *host, const char *name, enum ping_family family);

/* Gives a host that is known by its address its name, if it has one. */
void host_find_name(struct host *host);

bool host_is_ipv6(const struct host *host);

#endif
