/*
 * Sums up a sweep.
 */
#include "summary.h"

void summary_add(struct summary *summary, const struct target_state *target)
{
    summary->targets++;
    summary->alive += target->replies > 0;
    summary->requests += target->requests;
    summary->replies += target->replies;
    summary->retries += target->retries;
}

unsigned summary_loss_permille(const struct summary *summary)
{
    uint64_t lost = summary->requests - summary->replies;
    return summary->requests > 0 ? (unsigned)(lost * 1000 / summary->requests) : 0;
}

uint64_t summary_rate(const struct summary *summary)
{
    uint64_t elapsed_us = summary->elapsed_ns / 1000;
    return elapsed_us > 0 ? (summary->requests + summary->retries) * 1000000 / elapsed_us : 0;
}
