/*
 * Times as people read them.
 * Portable C without Win32.
 */
#ifndef SAMPLES_DURATION_H
#define SAMPLES_DURATION_H

#include "text.h"

#include <stdint.h>

/* Milliseconds with microseconds behind the point: 0.123. What is less than a microsecond is dropped. */
void duration_add_ms(struct text *to, uint64_t ns);

/* The same with four digits in all, so that columns stay narrow: 0.123, 12.34, 123.4, 1234. */
void duration_add_short_ms(struct text *to, uint64_t ns);

/* Hours, minutes and seconds as clocks show them: 0:07, 12:34, 1:02:03. */
void duration_add_clock(struct text *to, uint64_t seconds);

#endif
