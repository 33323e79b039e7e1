/*
 * Sends echo requests and takes what comes of them, in batches of openicmp.h. Knows nothing of whom to ask when.
 */
#ifndef SWEEP_PROBER_H
#define SWEEP_PROBER_H

#include "options.h"

#include <winsock2.h>
#include <windows.h>

#include <openicmp.h>

/* For any number of threads. */
struct prober {
    OPENICMP_BATCH batch;
    OPENICMP_PROBE probe; /* what all have in common */
    unsigned char data[SWEEP_MAX_SIZE_BYTES];
};

/* So many requests are sent, or results taken, together: few, so that other threads have some, too. */
#define PROBER_TOGETHER 64

/* What one thread is about to send, and has collected. All zero at first. */
struct prober_lane {
    OPENICMP_PROBE unsent[PROBER_TOGETHER]; /* added and not yet accepted */
    size_t unsent_count;
    OPENICMP_RESULT results[PROBER_TOGETHER];
    size_t result_count;
};

/* 0, or the Windows error why nothing can be sent. Stays open until the process ends: so no thread of OpenICMP's is just
 * ending then, which Wine 8.0 does not always survive. */
DWORD prober_open(struct prober *prober, const struct sweep_options *options);

/* How many requests may be added before the next prober_send. */
size_t prober_room(const struct prober_lane *lane);
/* Adds a request; its number comes back with what came of it. */
void prober_add(const struct prober *prober, struct prober_lane *lane, uint32_t number,
                const struct ip_number *address);

/* Sends what was added, as far as it is accepted now; the rest stays. */
void prober_send(const struct prober *prober, struct prober_lane *lane);

/* Waits that long at most until something has come, unless nothing is outstanding. */
void prober_collect(const struct prober *prober, struct prober_lane *lane, DWORD timeout_ms);
/* What has come of a request, of those in lane->results. Returns its number. */
uint32_t prober_result(const struct prober_lane *lane, size_t i, struct request_result *result);

#endif
