/*
 * The outcome of a request, in the terms of the program: what stands in its reply buffer, and its error.
 */
#ifndef OPENICMP_ECHO_OUTCOME_H
#define OPENICMP_ECHO_OUTCOME_H

#include "echo/call.h"

/* How many bytes of its reply buffer the outcome takes. */
size_t outcome_bytes(const struct request *request);

/* Writes the outcome of a request that is over into its reply buffer, which is at `reply`. Returns the number of replies,
 * which ICMP errors are, too, and sets `*error` to 0; or 0, and `*error` to the IP_STATUS that says why there is none. The
 * number stands in the first reply's Reserved member if `counted`. */
uint32_t outcome_write(const struct request *request, void *reply, bool counted, uint32_t *error);

/* A line of trace for a request that is over, for each answer. */
void outcome_trace(const struct request *request, uint32_t error);

/* A line of trace for a call that came to nothing before or while its request was sent. */
void outcome_trace_refusal(const struct echo_call *call, uint32_t error);

#endif
