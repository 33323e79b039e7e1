/*
 * Windows' text in UTF-16, ours in UTF-8.
 */
#ifndef SAMPLES_WIDE_H
#define SAMPLES_WIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/* Both write a 0 at the end, and fail if there is no room for all of it; then the text is empty. Bytes that
 * are no UTF-8 become U+FFFD. */
bool wide_from_utf8(wchar_t *wide, size_t size, const char *utf8);
bool utf8_from_wide(char *utf8, size_t size, const wchar_t *wide);

/* The command line of the process in UTF-8, with as many arguments as main got. Never freed. NULL without
 * memory. */
char **utf8_arguments(int *argc);

#endif
