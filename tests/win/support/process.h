/*
 * Processes that a test starts to see them end, and what they use.
 *
 * Nothing here asserts but where it says so.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_PROCESS_H
#define OPENICMP_TESTS_WIN_SUPPORT_PROCESS_H

#include "win/support/usage.h"

/* What a child process must not return: it was ended because it did not end by itself. */
#define CHILD_HUNG 0xdeadu

/* Starts this program again as: PROGRAM --child NAME ARGUMENT. Asserts. */
HANDLE child_start(const char *name, unsigned int argument);
/* Waits for its end and returns its exit status; ends it after `timeout_ms`, and returns CHILD_HUNG. */
DWORD child_join(HANDLE child, DWORD timeout_ms);

#endif
