/*
 * OPENICMP_TRACE=1: tells on standard error which transport was chosen and why, and the life of each request
 * in a line.
 */
#ifndef OPENICMP_TRACE_TRACE_H
#define OPENICMP_TRACE_TRACE_H

#include "wire/ip_address.h"

#include <stdbool.h>

/* Whether tracing is on; the environment is asked once. Ask before computing what only a trace needs. */
bool trace_enabled(void);

/* Writes one line, with time and thread, when tracing is on. printf's format without line break; longer lines
 * are cut. Thread-safe; keeps the last error. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void trace(const char *format, ...);

/* "192.0.2.1", "2001:db8::1" (RFC 5952), "fe80::1%2" with its scope (RFC 4007 section 11), or "none". */
struct trace_address {
    char text[sizeof("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295")];
};
struct trace_address trace_address(const struct ip_address *address);

#endif
