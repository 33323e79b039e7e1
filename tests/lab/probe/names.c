/*
 * The names, by table.
 */
#include "lab/probe/names.h"

#define NAMED(number)                                                                                        \
    {                                                                                                        \
        number, #number                                                                                      \
    }

struct name {
    DWORD number;
    const char *name;
};

static const struct name names[] = {
    NAMED(IP_SUCCESS),
    NAMED(IP_BUF_TOO_SMALL),
    NAMED(IP_DEST_NET_UNREACHABLE),
    NAMED(IP_DEST_HOST_UNREACHABLE),
    NAMED(IP_DEST_PROT_UNREACHABLE),
    NAMED(IP_DEST_PORT_UNREACHABLE),
    NAMED(IP_NO_RESOURCES),
    NAMED(IP_BAD_OPTION),
    NAMED(IP_PACKET_TOO_BIG),
    NAMED(IP_REQ_TIMED_OUT),
    NAMED(IP_BAD_ROUTE),
    NAMED(IP_TTL_EXPIRED_TRANSIT),
    NAMED(IP_TTL_EXPIRED_REASSEM),
    NAMED(IP_PARAM_PROBLEM),
    NAMED(IP_SOURCE_QUENCH),
    NAMED(IP_OPTION_TOO_BIG),
    NAMED(IP_BAD_HEADER),
    NAMED(IP_DEST_SCOPE_MISMATCH),
    NAMED(IP_DEST_UNREACHABLE),
    NAMED(IP_ICMP_ERROR),
    NAMED(IP_TIME_EXCEEDED),
    NAMED(IP_UNRECOGNIZED_NEXT_HEADER),
    NAMED(IP_GENERAL_FAILURE),
    NAMED(ERROR_ACCESS_DENIED),
    NAMED(ERROR_INVALID_HANDLE),
    NAMED(ERROR_NOT_ENOUGH_MEMORY),
    NAMED(ERROR_NOT_SUPPORTED),
    NAMED(ERROR_INVALID_PARAMETER),
    NAMED(ERROR_IO_PENDING),
    NAMED(ERROR_INVALID_NETNAME),
    NAMED(ERROR_NETWORK_UNREACHABLE),
    NAMED(ERROR_HOST_UNREACHABLE),
};

/* The same numbers as IPv6 calls them. */
static const struct name names_in_ipv6[] = {
    NAMED(IP_DEST_NO_ROUTE),      NAMED(IP_DEST_ADDR_UNREACHABLE), NAMED(IP_DEST_PROHIBITED),
    NAMED(IP_HOP_LIMIT_EXCEEDED), NAMED(IP_PARAMETER_PROBLEM),     NAMED(IP_REASSEMBLY_TIME_EXCEEDED),
};

/* NULL for none. */
static const char *find(const struct name *table, size_t count, DWORD number)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].number == number) {
            return table[i].name;
        }
    }
    return NULL;
}

struct text name_of_status(const struct plan *plan, DWORD status)
{
    struct text text;
    const char *name = NULL;

    if (plan->destination.is_ipv6) {
        name = find(names_in_ipv6, sizeof(names_in_ipv6) / sizeof(names_in_ipv6[0]), status);
    }
    if (name == NULL) {
        name = find(names, sizeof(names) / sizeof(names[0]), status);
    }
    if (name != NULL) {
        snprintf(text.text, sizeof(text.text), "%s", name);
    } else {
        snprintf(text.text, sizeof(text.text), "%lu", status);
    }
    return text;
}

struct text name_of_error(const struct plan *plan, DWORD error)
{
    return error != 0 ? name_of_status(plan, error) : (struct text){"0"};
}

struct text name_of_address(const struct address *address)
{
    struct text text;

    if (!address->is_ipv6) {
        snprintf(text.text, sizeof(text.text), "%lu.%lu.%lu.%lu", address->ipv4 & 0xff,
                 address->ipv4 >> 8 & 0xff, address->ipv4 >> 16 & 0xff, address->ipv4 >> 24);
        return text;
    }
    inet_ntop(AF_INET6, &address->ipv6.sin6_addr, text.text, sizeof(text.text));
    if (address->ipv6.sin6_scope_id != 0) {
        size_t length = strlen(text.text);
        snprintf(text.text + length, sizeof(text.text) - length, "%%%lu", address->ipv6.sin6_scope_id);
    }
    return text;
}
