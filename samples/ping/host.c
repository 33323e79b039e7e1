/*
 * Finds hosts. Knows the resolver, and nothing of what ping does with its answers.
 */
#include "host.h"

#include <stdio.h>
#include <string.h>

static socklen_t length_of(const union host_address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

void address_to_text(const union host_address *address, char text[ADDRESS_TEXT_BYTES])
{
    if (getnameinfo(&address->any, length_of(address), text, ADDRESS_TEXT_BYTES, NULL, 0, NI_NUMERICHOST) !=
        0)
        memcpy(text, "?", sizeof("?"));
}

static int winsock_family(enum ping_family family)
{
    switch (family) {
    case PING_IPV4:
        return AF_INET;
    case PING_IPV6:
        return AF_INET6;
    default:
        return AF_UNSPEC;
    }
}

/* The first of the addresses that is one of IPv4 or IPv6; NULL without one. */
static const struct addrinfo *first_usable(const struct addrinfo *found)
{
    while (found != NULL && found->ai_family != AF_INET && found->ai_family != AF_INET6)
        found = found->ai_next;
    return found;
}

bool host_find(struct host *host, const char *name, enum ping_family family)
{
    struct addrinfo hints = {.ai_family = winsock_family(family), .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    bool numeric = getaddrinfo(name, NULL, &hints, &found) == 0;

    hints.ai_flags = AI_CANONNAME;
    if (!numeric && getaddrinfo(name, NULL, &hints, &found) != 0)
        found = NULL;
    const struct addrinfo *usable = first_usable(found);
    if (usable == NULL) {
        printf("Ping request could not find host %s. Please check the name and try again.\n", name);
        return false;
    }
    memset(host, 0, sizeof(*host));
    memcpy(&host->address, usable->ai_addr,
           usable->ai_family == AF_INET6 ? sizeof(host->address.v6) : sizeof(host->address.v4));
    address_to_text(&host->address, host->text);
    if (!numeric)
        snprintf(host->name, sizeof(host->name), "%s", found->ai_canonname ? found->ai_canonname : name);
    freeaddrinfo(found);
    return true;
}

void host_find_name(struct host *host)
{
    if (getnameinfo(&host->address.any, length_of(&host->address), host->name, sizeof(host->name), NULL, 0,
                    NI_NAMEREQD) != 0)
        host->name[0] = '\0';
}

bool host_is_ipv6(const struct host *host)
{
    return host->address.any.sa_family == AF_INET6;
}
