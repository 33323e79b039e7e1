/*
 * The names, by table.
 */
#include "lab/probe/names.h"

#include <stdio.h>

#include <icmpapi.h>

#define NAMED(number)                                                                                        \
    {                                                                                                        \
        number, #number                                                                                      \
    }

static const struct {
    DWORD number;
    const char *name;
} names[] = {
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

struct text name_of_status(DWORD status)
{
    struct text text;

    snprintf(text.text, sizeof(text.text), "%lu", status);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].number == status) {
            snprintf(text.text, sizeof(text.text), "%s", names[i].name);
        }
    }
    return text;
}

struct text name_of_error(DWORD error)
{
    return error != 0 ? name_of_status(error) : (struct text){"0"};
}

struct text name_of_address(DWORD address_be)
{
    struct text text;

    snprintf(text.text, sizeof(text.text), "%lu.%lu.%lu.%lu", address_be & 0xff, address_be >> 8 & 0xff,
             address_be >> 16 & 0xff, address_be >> 24);
    return text;
}
