/*
 * Counts times by class. A class is told by the position of a time's highest bit and the 8 bits below it.
 */
#include "statistics.h"

#include <stddef.h>

#define HALF (STATISTICS_EXACT / 2)

static size_t class_of(uint64_t time_ns)
{
    unsigned doublings = 0;
    while (time_ns >> doublings >= STATISTICS_EXACT)
        doublings++;
    if (doublings > STATISTICS_DOUBLINGS)
        return STATISTICS_CLASSES - 1;
    return (size_t)doublings * HALF + (size_t)(time_ns >> doublings);
}

/* The middle of a class. */
static uint64_t time_of(size_t class)
{
    if (class < STATISTICS_EXACT)
        return class;
    unsigned doublings = (unsigned)(class / HALF) - 1;
    uint64_t first_ns = (uint64_t)(class - (size_t)doublings * HALF) << doublings;
    return first_ns + (UINT64_C(1) << (doublings - 1));
}

void statistics_add(struct statistics *statistics, uint64_t time_ns)
{
    if (statistics->count == 0 || time_ns < statistics->min_ns)
        statistics->min_ns = time_ns;
    if (time_ns > statistics->max_ns)
        statistics->max_ns = time_ns;
    statistics->count++;
    statistics->in_class[class_of(time_ns)]++;
}

uint64_t statistics_percentile(const struct statistics *statistics, unsigned percent)
{
    if (statistics->count == 0)
        return 0;
    /* The rank, rounded up; count * percent could be too large. */
    uint64_t rank = statistics->count / 100 * percent + (statistics->count % 100 * percent + 99) / 100;
    uint64_t counted = 0;
    size_t class = 0;
    while (class < STATISTICS_CLASSES - 1 && (counted += statistics->in_class[class]) < rank)
        class ++;
    uint64_t time_ns = time_of(class);
    if (time_ns < statistics->min_ns)
        return statistics->min_ns;
    return time_ns > statistics->max_ns ? statistics->max_ns : time_ns;
}
