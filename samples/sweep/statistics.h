/*
 * The least, the greatest and any percentile of round-trip times, however many there are, in memory of fixed size:
 * times are counted in classes, each less than 0.4 % wide. Portable C.
 */
#ifndef SWEEP_STATISTICS_H
#define SWEEP_STATISTICS_H

#include <stdint.h>

/* Times below this many nanoseconds have a class each; from there on each doubling has half as many classes. */
#define STATISTICS_EXACT     512
#define STATISTICS_DOUBLINGS 40 /* 512 ns by 2 to the 40th is more than six days */
#define STATISTICS_CLASSES   (STATISTICS_EXACT + STATISTICS_DOUBLINGS * STATISTICS_EXACT / 2)

/* All zero is without times. */
struct statistics {
    uint64_t count;
    uint64_t min_ns; /* exact, as is max_ns; 0 without times */
    uint64_t max_ns;
    uint64_t in_class[STATISTICS_CLASSES];
};

void statistics_add(struct statistics *statistics, uint64_t time_ns);

/* The time that this part of them, in percent, does not exceed (the nearest-rank method), to the width of a class.
 * 50 gives the median, of an even number the lower of the two in the middle. 0 without times. */
uint64_t statistics_percentile(const struct statistics *statistics, unsigned percent);

#endif
