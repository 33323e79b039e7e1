/*
 * What a program that pings begins with: its target's address, and a handle of the ICMP API for its family.
 */
#ifndef SAMPLES_TARGET_H
#define SAMPLES_TARGET_H

#include "host.h"

#include <windows.h>

enum target_result {
    TARGET_OPENED,
    TARGET_NOT_FOUND, /* there is no such host, or none of that family */
    TARGET_NO_ICMP    /* there is no handle; GetLastError() tells why */
};

/* Finds the target and opens a handle for its family, which the caller closes. A name whose first address is of
 * IPv6 may have one of IPv4, too, which will do where there is no IPv6. */
enum target_result target_open(struct host *target, HANDLE *icmp, const char *name, enum family family);

#endif
