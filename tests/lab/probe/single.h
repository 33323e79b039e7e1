/*
 * Requests one after the other.
 */
#ifndef OPENICMP_LAB_PROBE_SINGLE_H
#define OPENICMP_LAB_PROBE_SINGLE_H

#include "lab/probe/plan.h"

/* Makes the requests of plan->count and prints a line for each reply, and for each request without one:
 *
 *     reply=1/1      the first of one; 0/0: none
 *     ret, error     what the call returned, and the last error; of an asynchronous request, what IcmpParseReplies
 *                    returned. accepted=no: the asynchronous call was refused, with that error
 *     status, from, rtt, bytes   of the reply structure; status=unwritten: there is none. Of IPv6, which does not say
 *                    how many bytes were echoed, how many were written
 *     exact          right if OpenIcmpRoundTripTimes has a time for it that fits rtt, wrong, or none
 *     ttl, tos, flags, options   what else is in that of IPv4
 *     port, flow     what else is in that of IPv6
 *     data           same (as sent), none, or in hexadecimal
 *     told           how often it was told, which is once
 *     took           ms from the call to its outcome, cut off
 *     stray          whether anything was written that ought not to have been
 *
 * False when standard input has ended, or there is no memory.
 */
bool single_run(HANDLE icmp, const struct plan *plan);

#endif
