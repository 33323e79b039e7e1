/*
 * Lists of targets in files: a target a line, blanks around it and empty lines allowed, a comment from # to the
 * end of the line. UTF-8, with or without a byte order mark; lines may end as on Windows or as elsewhere.
 * Portable C; it knows lines, and not what targets look like.
 */
#ifndef SWEEP_TARGET_FILE_H
#define SWEEP_TARGET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* More than any target needs. */
#define TARGET_LINE_BYTES 512

/* Told each target, without blanks and never empty. False ends the reading; message, if there is one, says why. */
typedef bool target_line_function(void *context, const char *text, char *message, size_t message_bytes);

/* Reads to the end of the file. False, with a message without its line feed, if a line is too long or holds what no
 * text does, the file cannot be read, or the function said so; the message tells the file's name and the line. */
bool target_file_read(FILE *file, const char *file_name, target_line_function *line, void *context,
                      char *message, size_t message_bytes);

#endif
