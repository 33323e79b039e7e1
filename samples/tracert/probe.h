/*
 * What can come of a probe: an echo request with a small TTL.
 * Portable C.
 */
#ifndef TRACERT_PROBE_H
#define TRACERT_PROBE_H

#include "../common/address.h"

#include <stdint.h>

#define MAX_HOPS 255

enum probe_outcome {
    PROBE_UNSENT,
    PROBE_OUT,      /* nothing has come of it yet */
    PROBE_PASSED,   /* a router on the way told that the TTL ended with it */
    PROBE_ANSWERED, /* the target sent an echo reply */
    PROBE_REFUSED,  /* somebody told that it goes no further; status says why */
    PROBE_LOST,     /* nobody told anything in time */
    PROBE_FAILED    /* it could not be sent; status says why */
};

struct probe_result {
    enum probe_outcome outcome;
    uint32_t status;    /* an IP_STATUS, or a Win32 error of one that failed */
    uint64_t time_ns;   /* of those that somebody told about */
    union address from; /* who; zero if nobody */
};

#endif
