/*
 * What numbers are called, so that scenarios can be read.
 */
#ifndef OPENICMP_LAB_PROBE_NAMES_H
#define OPENICMP_LAB_PROBE_NAMES_H

#include "lab/probe/plan.h"

struct text {
    char text[96];
};

/* Of an IP_STATUS or a Win32 error, in the names of the plan's family: "IP_SUCCESS", "ERROR_ACCESS_DENIED"; the
 * number if it is none of those in behaviour.md. As a last error, 0 is "0". */
struct text name_of_status(const struct plan *plan, DWORD status);
struct text name_of_error(const struct plan *plan, DWORD error);

/* 10.1.0.1, fd00:1::1, fe80::1%2. */
struct text name_of_address(const struct address *address);

#endif
