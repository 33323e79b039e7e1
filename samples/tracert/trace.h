/*
 * A trace as Windows users know it, three probes a hop: which probe is to be sent next, what has come of them,
 * and how far the route is known.
 *
 * Either one probe at a time, or those of all hops at the same time: then a first probe for each hop, and as
 * soon as they have shown where the route ends, or a moment later, the second and the third ones, for hops
 * that are not known to lie beyond the end.
 *
 * Portable C; knows neither how probes are sent nor how hops are shown. Times in milliseconds of any clock.
 */
#ifndef TRACERT_TRACE_H
#define TRACERT_TRACE_H

#include "probe.h"

#include <stdbool.h>

#define HOP_PROBES 3

struct trace {
    unsigned int max_hops;
    bool sequential;
    unsigned int next_hop;    /* of the probe to be sent next */
    unsigned int next_round;  /* 0 to HOP_PROBES - 1, and HOP_PROBES when all have been sent */
    uint64_t round_starts_ms; /* not before this, unless the round before is over up to the end */
    unsigned int end;         /* the hop with which the route ends, as far as is known; 0: not known */
    struct probe_result probes[MAX_HOPS + 1][HOP_PROBES]; /* by hop, from 1 */
};

void trace_start(struct trace *trace, unsigned int max_hops, bool sequential);

/* Whether a probe is to be sent now: which, then. It counts as sent with that. */
bool trace_next(struct trace *trace, uint64_t now_ms, unsigned int *hop, unsigned int *round);

/* When trace_next shall be asked again, if no probe ends before; UINT64_MAX if there is no such time. */
uint64_t trace_wakes_ms(const struct trace *trace);

/* Tells what has come of a probe. */
void trace_take(struct trace *trace, unsigned int hop, unsigned int round, const struct probe_result *result);

/* How many probes of a hop are over, from the first on, and are worth showing: none after one that was refused
 * or failed, which is the last then. */
unsigned int trace_probes_over(const struct trace *trace, unsigned int hop);

/* Whether nothing will change about this hop any more. */
bool trace_hop_is_over(const struct trace *trace, unsigned int hop);

/* Who told about the latest of a hop's probes that somebody told about; NULL if nobody did. */
const union address *trace_responder(const struct trace *trace, unsigned int hop);

/* Whether the route ends with this hop, which is over. */
bool trace_ends_with(const struct trace *trace, unsigned int hop);

/* Whether the target has answered. */
bool trace_has_reached(const struct trace *trace);

#endif
