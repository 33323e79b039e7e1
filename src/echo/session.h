/*
 * Sessions: what an ICMP handle stands for. Looks up whatever value a program passes as a handle, and
 * refers to what it finds, in one step; values that are stale, closed or made up give errors.
 *
 * Thread-safe. A session keeps the engine in being, and is for one family of addresses; it has no other
 * state. One without an engine stands for nothing but its family: whoever opened it knows what to do with it.
 */
#ifndef OPENICMP_ECHO_SESSION_H
#define OPENICMP_ECHO_SESSION_H

#include "echo/engine.h"

/* Opens a session and gives its handle. 0, engine_acquire's error, ERROR_NOT_SUPPORTED when the transport
 * cannot carry that family, or ERROR_NOT_ENOUGH_MEMORY. */
uint32_t session_open(enum ip_family family, os_handle *handle);

/* Opens one without an engine, and gives its handle. 0 or ERROR_NOT_ENOUGH_MEMORY. */
uint32_t session_open_without_engine(enum ip_family family, os_handle *handle);

/* Closes it. Calls that are under way go on. 0, or ERROR_INVALID_HANDLE when the value is no ICMP handle, any
 * more or at all; nothing is closed then. */
uint32_t session_close(os_handle handle);

/* Becomes a user of the engine behind a handle; leave it with engine_release. If the session has none, `*engine`
 * becomes NULL. 0; ERROR_INVALID_HANDLE when the value is no handle of anything; ERROR_INVALID_PARAMETER when
 * it is one of something else or of the other family (behaviour.md Q15); the errors of session_open for a
 * duplicate of a handle that is closed by now. */
uint32_t session_acquire(os_handle handle, enum ip_family family, struct engine **engine);

/* The DLL is being unloaded: frees the memory of sessions left open. Their handles stay the program's. */
void session_abandon(void);

#endif
