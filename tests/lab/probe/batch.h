/*
 * Requests as the probes of a batch (openicmp.h).
 */
#ifndef OPENICMP_LAB_PROBE_BATCH_H
#define OPENICMP_LAB_PROBE_BATCH_H

#include "lab/probe/plan.h"

/* Makes the requests of plan->count, one after the other, and prints a line for each:
 *
 *     probe=1                      its number
 *     status, error, from          as of a reply; error is 0 if it was sent
 *     type, code                   of the ICMP message that came
 *     bytes, equal                 of payload that came, and whether it is that of the request
 *     ttl, tos, flags, options     it came with
 *     rtt, took                    ms until it came, and until its result was collected, cut off
 *     times                        right, if the result's own times fit each other
 *
 * and then those of plan->many at the same time, of which it prints what many_run does, as far as a batch has it.
 * False when standard input has ended, or there is no memory. */
bool batch_run(const struct plan *plan);

#endif
