/*
 * Internet addresses of either family: made, compared and classified.
 *
 * It must not know sockets, packets or how addresses are written.
 */
#include "wire/ip_address.h"

#include <string.h>

#define V4_BYTES 4
#define V6_BYTES 16

/* The scope field of a multicast address (RFC 4291 section 2.7) and those of its values that need a link to
 * be named. */
#define MULTICAST_SCOPE_MASK  0x0f
#define SCOPE_INTERFACE_LOCAL 1
#define SCOPE_LINK_LOCAL      2

static size_t length_of(const struct ip_address *address)
{
    return address->family == IP_FAMILY_V4 ? V4_BYTES : V6_BYTES;
}

struct ip_address ip_address_v4(uint32_t address_be)
{
    struct ip_address address = {.family = IP_FAMILY_V4};

    memcpy(address.bytes, &address_be, V4_BYTES);
    return address;
}

uint32_t ip_address_to_v4(const struct ip_address *address)
{
    uint32_t address_be;

    memcpy(&address_be, address->bytes, V4_BYTES);
    return address_be;
}

/* Whether the same 16 bytes may be another node's address on another link (RFC 4007 section 4). */
static bool needs_scope(const uint8_t *bytes)
{
    uint8_t multicast_scope = bytes[1] & MULTICAST_SCOPE_MASK;

    if (bytes[0] == 0xff)
        return multicast_scope == SCOPE_INTERFACE_LOCAL || multicast_scope == SCOPE_LINK_LOCAL;
    return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

struct ip_address ip_address_v6(const void *bytes, uint32_t scope_id)
{
    struct ip_address address = {.family = IP_FAMILY_V6};

    memcpy(address.bytes, bytes, V6_BYTES);
    if (needs_scope(address.bytes))
        address.scope_id = scope_id;
    return address;
}

void ip_address_share_scope(struct ip_address *one, struct ip_address *other)
{
    if (one->scope_id == 0)
        *one = ip_address_v6(one->bytes, other->scope_id);
    if (other->scope_id == 0)
        *other = ip_address_v6(other->bytes, one->scope_id);
}

bool ip_address_equal(const struct ip_address *one, const struct ip_address *other)
{
    if (one->family != other->family || memcmp(one->bytes, other->bytes, V6_BYTES) != 0)
        return false;
    return one->scope_id == other->scope_id || one->scope_id == 0 || other->scope_id == 0;
}

bool ip_address_is_unspecified(const struct ip_address *address)
{
    static const uint8_t zeros[V6_BYTES];

    return memcmp(address->bytes, zeros, length_of(address)) == 0;
}

bool ip_address_is_for_many(const struct ip_address *address)
{
    if (address->family == IP_FAMILY_V4)
        return (address->bytes[0] & 0xf0) == 0xe0 || ip_address_to_v4(address) == UINT32_MAX;
    return address->family == IP_FAMILY_V6 && address->bytes[0] == 0xff;
}
