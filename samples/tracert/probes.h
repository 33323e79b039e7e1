/*
 * Sends probes by the ordinary ICMP API, many at a time, and tells what has come of each.
 *
 * They are asynchronous requests with routines, so all of it happens on the thread that sends them, while it
 * waits alertably. Knows no hops but as TTLs.
 */
#ifndef TRACERT_PROBES_H
#define TRACERT_PROBES_H

#include "probe.h"

#include "../common/source_route.h"

#include <winsock2.h>
#include <windows.h>

#include <stdbool.h>

struct prober {
    HANDLE icmp;          /* of the target's family */
    union address source; /* zero: the stack chooses */
    union address target;
    uint8_t ip_options[IP_OPTIONS_BYTES];
    uint8_t ip_options_bytes;
    DWORD timeout_ms;
    /* Called once for each probe, not before probe_send has returned. */
    void (*ended)(void *context, unsigned int ttl, uint64_t number, const struct probe_result *result);
    void *context;
};

/* Sends a probe. number is the caller's. If it cannot be sent, that is a result like any other, and told in the
 * same way. False without memory. */
bool probe_send(struct prober *prober, unsigned int ttl, uint64_t number);

#endif
