/*
 * OPENICMP_TRACE=1: tells on standard error which transport was chosen and why, and the life of each request
 * in a line.
 */
#ifndef OPENICMP_TRACE_TRACE_H
#define OPENICMP_TRACE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether tracing is on; the environment is asked once. Ask before computing what only a trace needs. */
bool trace_enabled(void);

/* Writes one line, with time and thread, when tracing is on. printf's format without line break; longer lines
 * are cut. Thread-safe; keeps the last error. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void trace(const char *format, ...);

/* "192.0.2.1" for an address in network byte order. */
struct trace_address {
    char text[16];
};
struct trace_address trace_address(uint32_t address_be);

#endif
