/*
 * The outcome of a request, in the terms of the program: what stands in its reply buffer, and its error.
 */
#ifndef OPENICMP_ECHO_OUTCOME_H
#define OPENICMP_ECHO_OUTCOME_H

#include "echo/call.h"

/* How many bytes of a reply buffer of `reply_bytes` the outcome takes. */
size_t outcome_bytes(const struct request *request, size_t reply_bytes);

/* Writes the outcome of a request that is over into a reply buffer, with `reserved` in the Reserved member of
 * a reply. Returns 0 when that is a reply, which an ICMP error is, too, or the IP_STATUS that says why there
 * is none. */
uint32_t outcome_write(const struct request *request, void *reply, size_t reply_bytes, uint16_t reserved);

/* A line of trace for a call that came to nothing before or while its request was sent. */
void outcome_trace_refusal(const struct echo_call *call, uint32_t error);

#endif
