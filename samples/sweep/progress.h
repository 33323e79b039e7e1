/*
 * How far a sweep is, how fast, and how long it will take: as a bar, or as a line. Portable C; it is told the time
 * (nanoseconds of any one clock).
 */
#ifndef SWEEP_PROGRESS_H
#define SWEEP_PROGRESS_H

#include "../common/text.h"

#include <stdint.h>

struct progress {
    uint64_t total; /* requests */
    uint64_t ended;
    uint64_t alive; /* targets */
    uint64_t updated_ns;
    uint64_t per_second; /* of the last few seconds */
};

void progress_start(struct progress *progress, uint64_t total, uint64_t now_ns);

void progress_update(struct progress *progress, uint64_t ended, uint64_t alive, uint64_t now_ns);

/* Adds a line without its end for a window of so many columns, the last of which stays free: there the cursor
 * would move to the next line. */
void progress_add_bar(const struct progress *progress, struct text *to, size_t columns);

void progress_add_line(const struct progress *progress, struct text *to);

#endif
