/*
 * Keeps a rate by counting: the request of number n is due n intervals after the start, so that nothing adds up.
 */
#include "pacer.h"

#define SECOND_NS    UINT64_C(1000000000)
#define MAX_LATE_NS  UINT64_C(10000000)
#define RESTART_SENT (UINT64_C(1) << 32) /* below it, sent * SECOND_NS fits 64 bits */

void pacer_start(struct pacer *pacer, uint32_t per_second, uint64_t now_ns)
{
    *pacer = (struct pacer){.per_second = per_second, .started_ns = now_ns};
}

uint64_t pacer_next_ns(const struct pacer *pacer)
{
    if (pacer->per_second == 0)
        return pacer->started_ns;
    return pacer->started_ns + (pacer->sent * SECOND_NS + pacer->per_second - 1) / pacer->per_second;
}

size_t pacer_allowance(struct pacer *pacer, uint64_t now_ns, size_t max)
{
    if (pacer->per_second == 0)
        return max;
    uint64_t next_ns = pacer_next_ns(pacer);
    if (next_ns > now_ns)
        return 0;
    /* The time that is lost, and a number that has become large, are forgotten. */
    if (now_ns - next_ns > MAX_LATE_NS)
        pacer_start(pacer, (uint32_t)pacer->per_second, now_ns - MAX_LATE_NS);
    else if (pacer->sent >= RESTART_SENT)
        pacer_start(pacer, (uint32_t)pacer->per_second, next_ns);
    uint64_t due = (now_ns - pacer->started_ns) * pacer->per_second / SECOND_NS + 1 - pacer->sent;
    return due < max ? (size_t)due : max;
}

void pacer_sent(struct pacer *pacer, size_t count)
{
    pacer->sent += count;
}
