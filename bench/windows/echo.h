/*
 * One echo of the benchmark, to be used again and again: its data, its reply buffer, and whether what came is
 * right.
 */
#ifndef OPENICMP_BENCH_WINDOWS_ECHO_H
#define OPENICMP_BENCH_WINDOWS_ECHO_H

#include "windows/icmp.h"

#include "measuring.h"

struct echo {
    BYTE *data;
    BYTE *reply;
    WORD data_bytes;
    DWORD reply_bytes;
    IPAddr destination;
};

/* Gives it `data_bytes` bytes of data and a reply buffer for them. Gives up without memory. */
void echo_open(struct echo *echo, WORD data_bytes);

/* Makes it the request of this number, to an address in host byte order, with no outcome yet. */
void echo_prepare(struct echo *echo, uint32_t number, uint32_t address);

/* Starts it, with an event or a routine; false when it is refused. */
bool echo_start(struct echo *echo, HANDLE handle, HANDLE event, PIO_APC_ROUTINE routine, void *context,
                DWORD timeout_ms);

/* Whether the reply buffer has an outcome by now: an error, or all of the right answer. */
bool echo_is_over(const struct echo *echo);

/* Whether anything at all has been written to the reply buffer. */
bool echo_has_status(const struct echo *echo);

/* Counts the outcome of a request that has completed. */
void echo_count(const struct echo *echo, struct tally *tally);

#endif
