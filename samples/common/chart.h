/*
 * A strip chart of round-trip times: a bar a request, ▁ to █, the newest at the right.
 * Portable C without Win32.
 */
#ifndef SAMPLES_CHART_H
#define SAMPLES_CHART_H

#include "text.h"

#include <stdbool.h>
#include <stdint.h>

#define CHART_MAX_COLUMNS 256

/* All zero is an empty one. */
struct chart {
    uint64_t times_ns[CHART_MAX_COLUMNS]; /* a ring, or CHART_LOST */
    uint64_t added;
};

#define CHART_LOST UINT64_MAX

/* Adds the time of a request, or CHART_LOST for one that was not answered. The oldest makes room. */
void chart_add(struct chart *chart, uint64_t time_ns);

/* The longest of the newest times, of which there are as many as columns; 0 if all were lost. */
uint64_t chart_longest_ns(const struct chart *chart, size_t columns);

/* Adds the newest, at most as many as columns: bars as high as the time is of longest_ns, x for lost ones. */
void chart_write(const struct chart *chart, struct text *to, size_t columns, uint64_t longest_ns);

/* One bar: ▁ for less than an eighth of highest, █ for seven eighths and more. */
const char *chart_bar(uint64_t value, uint64_t highest);

#endif
