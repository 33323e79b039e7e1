/*
 * What an IP_STATUS is called, word for word as by ping on Windows, except for errors that only IPv6 knows.
 * Portable C without Win32.
 */
#ifndef SAMPLES_STATUS_H
#define SAMPLES_STATUS_H

#include <stdbool.h>
#include <stdint.h>

/* A sentence, or NULL if it is none of these. */
const char *status_sentence(uint32_t status, bool ipv6);

#endif
