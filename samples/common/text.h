/*
 * Text in UTF-8 that grows at its end, in memory of the caller: what does not fit is left out.
 * Portable C without Win32.
 */
#ifndef SAMPLES_TEXT_H
#define SAMPLES_TEXT_H

#include <stddef.h>

struct text {
    char *bytes; /* always ends with a 0 */
    size_t size; /* of the memory */
    size_t used; /* without the 0 */
};

/* An empty text in size bytes, at least one. */
struct text text_in(char *bytes, size_t size);

/* Adds to it, as printf would. Characters are cut off whole. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void text_add(struct text *text, const char *format, ...);

/* How many characters it has. Each takes one column: these programs show no wide ones of their own. */
size_t text_columns(const char *utf8);

/* Cuts off what is behind so many columns. */
void text_cut(struct text *text, size_t columns);

/* Adds spaces until it is as wide as that. */
void text_pad(struct text *text, size_t columns);

#endif
