/*
 * Where targets come from: arguments, files and standard input; names among them are looked up. Knows files and the
 * resolver, and not what is done with targets.
 */
#ifndef SWEEP_SOURCES_H
#define SWEEP_SOURCES_H

#include "options.h"

/* Reads all of them and sorts the targets. A name that is not found is told on standard error, and counted. False, with
 * a message, for everything else that is wrong: then nothing should be sent. Needs WSAStartup. */
bool sources_read(const struct sweep_options *options, struct targets *targets, uint64_t *unknown_names,
                  char *message, size_t message_bytes);

#endif
