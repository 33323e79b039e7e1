/*
 * Synchronous echo requests: send, wait for the outcome, write the reply buffer.
 */
#ifndef OPENICMP_ECHO_SYNCHRONOUS_H
#define OPENICMP_ECHO_SYNCHRONOUS_H

#include "echo/call.h"

/* Sends an echo request and waits for its outcome on the calling thread, which runs no user APCs meanwhile.
 * Returns the number of replies written, 1 or 0, and in `*error` 0 or why there is none: a Win32 error, and
 * the reply buffer is untouched, or an IP_STATUS (from 11000), which also stands in the reply buffer. */
uint32_t echo_synchronous(struct engine *engine, const struct echo_call *call, uint32_t *error);

#endif
