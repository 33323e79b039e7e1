/*
 * The functions and reply structures of IPv4 and of IPv6, as if they were one.
 */
#ifndef OPENICMP_LAB_PROBE_CALL_H
#define OPENICMP_LAB_PROBE_CALL_H

#include "lab/probe/plan.h"

/* The arguments of a call, beside the plan's. */
struct call {
    const struct plan *plan;
    HANDLE handle;
    HANDLE event;
    PIO_APC_ROUTINE routine;
    void *context;
    BYTE *data; /* plan->data_bytes */
    IP_OPTION_INFORMATION *options;
    BYTE *reply;
    DWORD reply_bytes;
};

/* A handle to the addresses of this plan. INVALID_HANDLE_VALUE and the last error. */
HANDLE call_open_handle(const struct plan *plan);

/* Each makes its call; the last error is POISON_ERROR before it. */
DWORD call_send(const struct call *call);
DWORD call_parse_replies(const struct call *call);

/* How long a reply structure is. */
DWORD call_structure_bytes(const struct plan *plan);

/* What both kinds of structure say. */
struct reply {
    DWORD status;
    struct address from;
    DWORD round_trip_ms;
};

/* The structure at `index` of a reply buffer, of which IPv6 has one only. */
struct reply call_reply(const struct plan *plan, const BYTE *buffer, DWORD index);

#endif
