/*
 * Addresses of either family.
 */
#include "address.h"

#include <string.h>

socklen_t address_bytes(const union address *address)
{
    return address_is_ipv6(address) ? sizeof(address->v6) : sizeof(address->v4);
}

int address_family_number(enum family family)
{
    switch (family) {
    case IPV4:
        return AF_INET;
    case IPV6:
        return AF_INET6;
    default:
        return AF_UNSPEC;
    }
}

bool address_parse(union address *address, const char *text, enum family family)
{
    struct addrinfo hints = {.ai_family = address_family_number(family), .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;

    memset(address, 0, sizeof(*address));
    if (getaddrinfo(text, NULL, &hints, &found) != 0)
        return false;
    bool usable = found->ai_family == AF_INET || found->ai_family == AF_INET6;
    if (usable)
        memcpy(address, found->ai_addr,
               found->ai_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4));
    freeaddrinfo(found);
    return usable;
}

void address_to_text(const union address *address, char text[ADDRESS_TEXT_BYTES])
{
    if (getnameinfo(&address->any, address_bytes(address), text, ADDRESS_TEXT_BYTES, NULL, 0,
                    NI_NUMERICHOST) != 0)
        strcpy(text, "?");
}

union address address_of_v4(uint32_t address_be)
{
    return (union address){.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = address_be}};
}

union address address_of_v6(const void *bytes, uint32_t scope_id)
{
    union address address = {.v6 = {.sin6_family = AF_INET6, .sin6_scope_id = scope_id}};
    memcpy(&address.v6.sin6_addr, bytes, sizeof(address.v6.sin6_addr));
    return address;
}

bool address_is_ipv6(const union address *address)
{
    return address->any.sa_family == AF_INET6;
}

bool address_equal(const union address *one, const union address *other)
{
    if (one->any.sa_family != other->any.sa_family)
        return false;
    if (!address_is_ipv6(one))
        return one->v4.sin_addr.s_addr == other->v4.sin_addr.s_addr;
    return memcmp(&one->v6.sin6_addr, &other->v6.sin6_addr, sizeof(one->v6.sin6_addr)) == 0 &&
           (one->v6.sin6_scope_id == other->v6.sin6_scope_id || one->v6.sin6_scope_id == 0 ||
            other->v6.sin6_scope_id == 0);
}
