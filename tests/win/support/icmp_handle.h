/*
 * One ICMP handle for all tests of a program: open_icmp and close_icmp are its group set-up and tear-down.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_ICMP_HANDLE_H
#define OPENICMP_TESTS_WIN_SUPPORT_ICMP_HANDLE_H

#include "win/support/requests.h"

static HANDLE icmp;

static inline int open_icmp(void **state)
{
    (void)state;
    icmp = IcmpCreateFile();
    return icmp != INVALID_HANDLE_VALUE ? 0 : -1;
}

static inline int close_icmp(void **state)
{
    (void)state;
    return IcmpCloseHandle(icmp) ? 0 : -1;
}

#endif
