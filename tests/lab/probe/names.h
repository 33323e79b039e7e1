/*
 * What numbers are called, so that scenarios can be read.
 */
#ifndef OPENICMP_LAB_PROBE_NAMES_H
#define OPENICMP_LAB_PROBE_NAMES_H

#include <winsock2.h>
#include <windows.h>

struct text {
    char text[96];
};

/* Of an IP_STATUS or a Win32 error: "IP_SUCCESS", "ERROR_ACCESS_DENIED"; the number if it is none of those in
 * behaviour.md. As a last error, 0 is "0". */
struct text name_of_status(DWORD status);
struct text name_of_error(DWORD error);

/* 10.1.0.1. */
struct text name_of_address(DWORD address_be);

#endif
