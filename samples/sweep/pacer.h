/*
 * Keeps a rate: says how many requests may be sent now, and when the next one may. A function of the times that it is
 * told; it reads no clock and does not wait. Times are nanoseconds of any one clock.
 */
#ifndef SWEEP_PACER_H
#define SWEEP_PACER_H

#include <stddef.h>
#include <stdint.h>

/* 10 per microsecond: beyond what any link of today takes. */
#define PACER_MAX_PER_SECOND 10000000

struct pacer {
    uint64_t per_second; /* 0: no limit */
    uint64_t started_ns; /* since then, `sent` have been sent */
    uint64_t sent;
};

/* The first one may be sent at once. */
void pacer_start(struct pacer *pacer, uint32_t per_second, uint64_t now_ns);

/* How many may be sent now, up to max. Who comes late makes up for 10 ms at most: then as many may be sent at once as
 * fit into that time, and no more. */
size_t pacer_allowance(struct pacer *pacer, uint64_t now_ns, size_t max);

void pacer_sent(struct pacer *pacer, size_t count);

/* When the next one may be sent; may have passed. */
uint64_t pacer_next_ns(const struct pacer *pacer);

#endif
