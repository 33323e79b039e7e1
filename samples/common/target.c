/*
 * Opens targets.
 */
#include "target.h"

#include <icmpapi.h>

static HANDLE open_icmp(const struct host *target)
{
    return address_is_ipv6(&target->address) ? Icmp6CreateFile() : IcmpCreateFile();
}

enum target_result target_open(struct host *target, HANDLE *icmp, const char *name, enum family family)
{
    if (!host_find(target, name, family))
        return TARGET_NOT_FOUND;
    *icmp = open_icmp(target);
    if (*icmp == INVALID_HANDLE_VALUE && GetLastError() == ERROR_NOT_SUPPORTED &&
        address_is_ipv6(&target->address) && family == ANY_FAMILY && target->name[0] != '\0') {
        if (!host_find(target, name, IPV4))
            return TARGET_NOT_FOUND;
        *icmp = open_icmp(target);
    }
    return *icmp == INVALID_HANDLE_VALUE ? TARGET_NO_ICMP : TARGET_OPENED;
}
