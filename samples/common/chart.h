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
    uint64_t times_ns[CHART_MAX_COLUMNS]; /* a ring; or one of the two below */
    uint64_t added;
};

#define CHART_LOST    UINT64_MAX       /* shown as x */
#define CHART_PENDING (UINT64_MAX - 1) /* shown as a space */

/* Adds the time of a request, or one of those two. The oldest makes room. Returns its number, for chart_set. */
uint64_t chart_add(struct chart *chart, uint64_t time_ns);

/* Changes what was added, if it is still there. */
void chart_set(struct chart *chart, uint64_t number, uint64_t time_ns);

/* What was added under this number; CHART_PENDING if it is not there, or not any more. */
uint64_t chart_get(const struct chart *chart, uint64_t number);

/* The longest of the newest times, of which there are as many as columns; 0 if there are none. */
uint64_t chart_longest_ns(const struct chart *chart, size_t columns);

/* Adds the newest, at most as many as columns: bars as high as the time is of longest_ns. */
void chart_write(const struct chart *chart, struct text *to, size_t columns, uint64_t longest_ns);

/* One bar: ▁ for less than an eighth of highest, █ for seven eighths and more. */
const char *chart_bar(uint64_t value, uint64_t highest);

#endif
