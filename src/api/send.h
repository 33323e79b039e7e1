/*
 * What the exported functions that send have in common: find the session and whose it is, the engine's or the
 * system's; check the arguments, call the engine, set the last error.
 */
#ifndef OPENICMP_API_SEND_H
#define OPENICMP_API_SEND_H

#include <winsock2.h>
#include <windows.h>

#include "echo/asynchronous.h"

/* Finds who carries out the requests of a handle: an engine, which send_echo leaves again, or the system, and then `*engine`
 * is NULL. False if the handle is none of that family; sets the last error then. */
bool find_engine(HANDLE handle, enum ip_family family, struct engine **engine);

/* Does what `call` says, and tells of the outcome by `event` or else by `routine`, or waits for it if both are
 * NULL. Returns the number of replies, and sets the last error as its very last action: what the exported
 * functions return and set. Leaves the engine. */
DWORD send_echo(struct engine *engine, HANDLE event, echo_routine routine, void *context,
                const struct echo_call *call);

/* The handle of a new session, or INVALID_HANDLE_VALUE; sets the last error. */
HANDLE open_handle(enum ip_family family);

#endif
