/*
 * What programs print: UTF-8, to a console as its own characters, to a file or pipe as bytes, with Windows'
 * line ends. Nothing appears before output_flush. One thread at a time.
 */
#ifndef SAMPLES_OUTPUT_H
#define SAMPLES_OUTPUT_H

#include <stdbool.h>

struct output;

extern struct output *const standard_output;
extern struct output *const standard_error;

/* Adds to what the next flush shows, as printf would; one text may have 4,095 bytes, more is cut off. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void output_add(struct output *out, const char *format, ...);

/* False if nobody takes it any more. */
bool output_flush(struct output *out);

/* output_add to standard_output, and flush. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void output_print(const char *format, ...);

/* Whether it is a console, in which lines can be overwritten. */
bool output_is_console(struct output *out);

/* The width and height of a console's window; 80 and 25 of all else. */
unsigned int output_columns(struct output *out);
unsigned int output_rows(struct output *out);

/* On a console: flushes, and goes to the beginning of the line that is so many above (0: of this one). What
 * stands there stays until it is overwritten. */
void output_go_up(struct output *out, unsigned int lines);

/* On a console: flushes, and blanks the rest of this line. */
void output_clear_line(struct output *out);

#endif
