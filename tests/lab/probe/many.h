/*
 * Many requests at the same time.
 */
#ifndef OPENICMP_LAB_PROBE_MANY_H
#define OPENICMP_LAB_PROBE_MANY_H

#include "lab/probe/plan.h"

/* Makes plan->many requests, each as soon as the one before was accepted, and waits for all of them. The data
 * of each begin with its number, in 4 bytes. Every other one is told by an event of its own, unless the plan says how
 * all are. With plan->list there is a line for each, "NUMBER answered", "timed_out" or the status, the number
 * in hexadecimal. The last line counts:
 *
 *     accepted, refused                 calls
 *     answered, timed_out, other        outcomes of those accepted
 *     untold, twice                     requests whose outcome was not told, or more than once
 *     mixed                             answers with other data than were sent, or of another host
 *     early                             time-outs that came before their time
 *     rewritten                         reply buffers that were written to after the outcome was told
 */
void many_run(HANDLE icmp, const struct plan *plan);

#endif
