/*
 * What the measuring programs share, native and Windows alike: their arguments, the clock, the data of the
 * echo requests, what is counted, and how they talk to ./tools/bench. Knows nothing of how an echo is made.
 *
 * A program is started as: PROGRAM [...] NAME=VALUE... It warms up, says "mark begin", does its work, says
 * "mark end", and reports what it measured in one line, "result NAME=VALUE...". At each mark it waits for a
 * line on standard input: ./tools/bench looks meanwhile at what the processes have used.
 */
#ifndef OPENICMP_BENCH_MEASURING_H
#define OPENICMP_BENCH_MEASURING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_MS UINT64_C(1000000)

/* How long to wait for the answer of a host that answers. */
#define PATIENCE_MS 2000

/* The number that the argument NAME=VALUE gives; `otherwise` without it. `arguments` ends with NULL. */
uint32_t argument_number(char **arguments, const char *name, uint32_t otherwise);
/* The address of NAME=VALUE, in host byte order; that of 127.0.0.1 without it. */
uint32_t argument_address(char **arguments, const char *name);

/* A clock that only goes forward: CLOCK_MONOTONIC, on Windows QueryPerformanceCounter. */
uint64_t clock_ns(void);

/* Makes the data of a request: the letters that Windows' ping sends. */
void payload_fill(uint8_t *data, size_t bytes);
/* Puts the number of the request in front, so that the data of one do not pass for those of another. */
void payload_number(uint8_t *data, uint32_t number);
#define PAYLOAD_BYTES_MIN 4

/* How much work to do: until so many echoes or so much time, whichever comes first. */
struct work {
    uint32_t requests;
    uint64_t duration_ns;
};
/* From the arguments requests= and ms=. */
struct work work_of(char **arguments);

/* What became of the requests of a stretch of time. */
struct tally {
    uint64_t begun_ns, ended_ns;
    uint32_t answered; /* by the host asked, with the request's own data */
    uint32_t lost;     /* no answer in time */
    uint32_t wrong;    /* answered otherwise, or by another error than the time-out */
    uint32_t refused;  /* not accepted */
};
/* Counts from here, and from now on. */
void tally_begin(struct tally *tally);
/* Adds what another thread has counted in the same stretch of time. `sum` may be all 0. */
void tally_add(struct tally *sum, const struct tally *addend);

/* Says that this point has been reached, and goes on when told to. */
void mark(const char *name);

/* The report: a tally, then whatever else there is to say, then the end. */
void report_begin(const struct tally *tally);
void report_number(const char *name, uint64_t value);
void report_end(void);

/* Why nothing can be measured, in a line that ./tools/bench prints; ends the program. */
_Noreturn void give_up(const char *why, unsigned long error);

#endif
