/*
 * Asks the resolver.
 */
#include "host.h"

#include "wide.h"

#include <stdio.h>
#include <string.h>

/* The first of the addresses that is one of IPv4 or IPv6; NULL without one. */
static const ADDRINFOW *first_usable(const ADDRINFOW *found)
{
    while (found != NULL && found->ai_family != AF_INET && found->ai_family != AF_INET6)
        found = found->ai_next;
    return found;
}

static bool find_by_name(struct host *host, const char *name, enum family family)
{
    ADDRINFOW hints = {.ai_family = address_family_number(family), .ai_flags = AI_CANONNAME};
    ADDRINFOW *found = NULL;
    wchar_t wide[NI_MAXHOST];

    if (!wide_from_utf8(wide, NI_MAXHOST, name) || GetAddrInfoW(wide, NULL, &hints, &found) != 0)
        return false;
    const ADDRINFOW *usable = first_usable(found);
    if (usable != NULL) {
        memcpy(&host->address, usable->ai_addr,
               usable->ai_family == AF_INET6 ? sizeof(host->address.v6) : sizeof(host->address.v4));
        if (found->ai_canonname == NULL || !utf8_from_wide(host->name, HOST_NAME_BYTES, found->ai_canonname))
            snprintf(host->name, sizeof(host->name), "%s", name);
    }
    FreeAddrInfoW(found);
    return usable != NULL;
}

bool host_find(struct host *host, const char *name, enum family family)
{
    memset(host, 0, sizeof(*host));
    if (!address_parse(&host->address, name, family) && !find_by_name(host, name, family))
        return false;
    address_to_text(&host->address, host->text);
    return true;
}

bool host_name_of(const union address *address, char name[HOST_NAME_BYTES])
{
    wchar_t wide[NI_MAXHOST];
    name[0] = '\0';
    return GetNameInfoW(&address->any, address_bytes(address), wide, NI_MAXHOST, NULL, 0, NI_NAMEREQD) == 0 &&
           utf8_from_wide(name, HOST_NAME_BYTES, wide);
}
