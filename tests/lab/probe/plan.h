/*
 * What the probe was asked to do: its command line.
 */
#ifndef OPENICMP_LAB_PROBE_PLAN_H
#define OPENICMP_LAB_PROBE_PLAN_H

#include "win/support/requests.h"

/* How the outcome of a request is told. */
enum telling { BY_CALL, BY_EVENT, BY_ROUTINE, BY_BATCH, TELLINGS };

/* Of one family or the other. */
struct address {
    bool is_ipv6;
    IPAddr ipv4;
    struct sockaddr_in6 ipv6; /* its family is set only if the address was named */
};

bool address_equal(const struct address *one, const struct address *other);

struct plan {
    struct address destination;
    struct address source;
    DWORD timeout_ms;
    WORD data_bytes;
    BYTE ttl;
    BYTE tos;
    bool dont_fragment;
    BYTE options[64];
    BYTE options_bytes;
    bool with_options; /* any of these five was asked for: the call is given options */
    enum telling by;
    DWORD room; /* how many replies with as much data as the request fit the buffer; 0: plenty */
    DWORD count;
    bool step;
    DWORD many;
    bool list;
    bool garbage;
};

/* Reads the command line. False, with a line on standard error, when there is something wrong with it. */
bool plan_read(struct plan *plan, int argc, char **argv);

/* Waits for a line of standard input if the plan says so. False when there is none. */
bool plan_may_go_on(const struct plan *plan);

#endif
