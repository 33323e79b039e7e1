/*
 * What a sweep sums up. Portable C.
 */
#ifndef SWEEP_SUMMARY_H
#define SWEEP_SUMMARY_H

#include "schedule.h"
#include "statistics.h"

/* All zero is nothing yet. */
struct summary {
    uint64_t targets; /* of which at least one request has ended */
    uint64_t alive;   /* of these: have answered */
    uint64_t requests;
    uint64_t replies;
    uint64_t retries;
    uint64_t unknown_names;
    uint64_t elapsed_ns;
    bool interrupted;
    struct statistics times; /* of all replies */
};

/* Adds what is known of a target in the end. The times are added reply by reply, with statistics_add. */
void summary_add(struct summary *summary, const struct target_state *target);

/* Requests that were not answered, in thousandths of all. */
unsigned summary_loss_permille(const struct summary *summary);

/* Requests and repetitions a second. */
uint64_t summary_rate(const struct summary *summary);

#endif
