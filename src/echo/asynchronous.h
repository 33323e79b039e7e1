/*
 * Asynchronous echo requests: send, and have the worker tell the program of the outcome.
 */
#ifndef OPENICMP_ECHO_ASYNCHRONOUS_H
#define OPENICMP_ECHO_ASYNCHRONOUS_H

#include "echo/call.h"

/* Sends an echo request and returns at once: 997 (ERROR_IO_PENDING) when it was accepted, and then the
 * program is told of its outcome exactly once, as `wanted` says (the event is the program's own handle, which
 * it may close; the thread is the calling one), after the reply buffer has been written. Anything else is a
 * refusal: no event is set, no routine runs and the reply buffer is untouched. */
uint32_t echo_asynchronous(struct engine *engine, const struct echo_call *call,
                           const struct notification *wanted);

#endif
