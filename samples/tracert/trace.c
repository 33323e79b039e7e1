/*
 * The course of a trace.
 */
#include "trace.h"

#include <string.h>

/* So long the probes of one round keep ahead of those of the next: a router that answers to so many errors a
 * second only shall be able to answer to each round. */
#define ROUND_MS 250

void trace_start(struct trace *trace, unsigned int max_hops, bool sequential)
{
    memset(trace, 0, sizeof(*trace));
    trace->max_hops = max_hops;
    trace->sequential = sequential;
    trace->next_hop = 1;
}

static bool is_over(const struct probe_result *probe)
{
    return probe->outcome > PROBE_OUT;
}

static bool is_end(const struct probe_result *probe)
{
    return probe->outcome == PROBE_ANSWERED || probe->outcome == PROBE_REFUSED ||
           probe->outcome == PROBE_FAILED;
}

static bool stops_hop(const struct probe_result *probe)
{
    return probe->outcome == PROBE_REFUSED || probe->outcome == PROBE_FAILED;
}

/* The last hop that there is a reason to probe. */
static unsigned int last_hop(const struct trace *trace)
{
    return trace->end > 0 ? trace->end : trace->max_hops;
}

static bool round_is_over(const struct trace *trace, unsigned int round)
{
    for (unsigned int hop = 1; hop <= last_hop(trace); hop++) {
        if (!is_over(&trace->probes[hop][round]))
            return false;
    }
    return true;
}

static bool may_send(const struct trace *trace, uint64_t now_ms)
{
    if (trace->next_hop > 1 || trace->next_round == 0)
        return true;
    return now_ms >= trace->round_starts_ms ||
           (trace->end > 0 && round_is_over(trace, trace->next_round - 1));
}

/* Hop by hop, each when the one before is over. */
static bool next_in_sequence(struct trace *trace, unsigned int *hop, unsigned int *round)
{
    for (; trace->next_hop <= last_hop(trace); trace->next_hop++) {
        unsigned int over = trace_probes_over(trace, trace->next_hop);
        if (over > 0 && stops_hop(&trace->probes[trace->next_hop][over - 1]))
            continue;
        if (over < HOP_PROBES) {
            *hop = trace->next_hop;
            *round = over;
            return trace->probes[*hop][over].outcome == PROBE_UNSENT;
        }
    }
    trace->next_round = HOP_PROBES;
    return false;
}

static bool next_in_round(struct trace *trace, uint64_t now_ms, unsigned int *hop, unsigned int *round)
{
    if (trace->next_hop > last_hop(trace)) { /* the end has come nearer */
        trace->next_hop = 1;
        trace->next_round++;
    }
    if (trace->next_round == HOP_PROBES || !may_send(trace, now_ms))
        return false;
    if (trace->next_hop == 1)
        trace->round_starts_ms = now_ms + ROUND_MS;
    *hop = trace->next_hop++;
    *round = trace->next_round;
    if (trace->next_hop > last_hop(trace)) {
        trace->next_hop = 1;
        trace->next_round++;
    }
    return true;
}

bool trace_next(struct trace *trace, uint64_t now_ms, unsigned int *hop, unsigned int *round)
{
    if (trace->next_round >= HOP_PROBES)
        return false;
    bool found =
        trace->sequential ? next_in_sequence(trace, hop, round) : next_in_round(trace, now_ms, hop, round);
    if (found)
        trace->probes[*hop][*round].outcome = PROBE_OUT;
    return found;
}

uint64_t trace_wakes_ms(const struct trace *trace)
{
    bool waits = !trace->sequential && trace->next_round > 0 && trace->next_round < HOP_PROBES;
    return waits ? trace->round_starts_ms : UINT64_MAX;
}

void trace_take(struct trace *trace, unsigned int hop, unsigned int round, const struct probe_result *result)
{
    trace->probes[hop][round] = *result;
    if (is_end(result) && (trace->end == 0 || hop < trace->end))
        trace->end = hop;
}

unsigned int trace_probes_over(const struct trace *trace, unsigned int hop)
{
    const struct probe_result *probes = trace->probes[hop];
    unsigned int over = 0;
    while (over < HOP_PROBES && is_over(&probes[over])) {
        over++;
        if (stops_hop(&probes[over - 1]))
            break;
    }
    return over;
}

bool trace_hop_is_over(const struct trace *trace, unsigned int hop)
{
    unsigned int over = trace_probes_over(trace, hop);
    return over == HOP_PROBES || (over > 0 && stops_hop(&trace->probes[hop][over - 1]));
}

const union address *trace_responder(const struct trace *trace, unsigned int hop)
{
    for (unsigned int i = trace_probes_over(trace, hop); i-- > 0;) {
        if (trace->probes[hop][i].from.any.sa_family != 0)
            return &trace->probes[hop][i].from;
    }
    return NULL;
}

bool trace_ends_with(const struct trace *trace, unsigned int hop)
{
    return hop == last_hop(trace);
}

bool trace_has_reached(const struct trace *trace)
{
    if (trace->end == 0)
        return false;
    for (unsigned int round = 0; round < HOP_PROBES; round++) {
        if (trace->probes[trace->end][round].outcome == PROBE_ANSWERED)
            return true;
    }
    return false;
}
