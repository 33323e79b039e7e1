/*
 * What the exported functions that send have in common: find the session, check the arguments, call the
 * engine, set the last error.
 */
#ifndef OPENICMP_API_SEND_H
#define OPENICMP_API_SEND_H

#include <winsock2.h>
#include <windows.h>

#include "echo/asynchronous.h"

/* Does what `call` says with the handle of its family, and tells of the outcome by `event` or else by
 * `routine`, or waits for it if both are NULL. Returns the number of replies, and sets the last error as
 * its very last action: what the exported functions return and set. */
DWORD send_echo(HANDLE handle, HANDLE event, echo_routine routine, void *context,
                const struct echo_call *call);

/* The handle of a new session, or INVALID_HANDLE_VALUE; sets the last error. */
HANDLE open_handle(enum ip_family family);

#endif
