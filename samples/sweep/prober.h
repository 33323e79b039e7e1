/*
 * Sends echo requests and takes what comes of them, in batches of openicmp.h. Knows nothing of whom to ask when.
 */
#ifndef SWEEP_PROBER_H
#define SWEEP_PROBER_H

#include "options.h"

#include <winsock2.h>
#include <windows.h>

#include <openicmp.h>

#define PROBER_BATCH 256

struct prober {
    OPENICMP_BATCH batch;
    OPENICMP_PROBE probe; /* what all have in common */
    unsigned char data[SWEEP_MAX_SIZE_BYTES];
    OPENICMP_PROBE unsent[PROBER_BATCH]; /* added and not yet accepted */
    size_t unsent_count;
    OPENICMP_RESULT results[PROBER_BATCH];
};

/* What came of the request of a number. */
typedef void prober_function(void *context, uint32_t number, const struct request_result *result);

/* 0, or the Windows error why nothing can be sent. */
DWORD prober_open(struct prober *prober, const struct sweep_options *options);
void prober_close(struct prober *prober);

/* How many may be added before the next prober_send. */
size_t prober_room(const struct prober *prober);
void prober_add(struct prober *prober, uint32_t number, const struct ip_number *address);

/* Sends what was added, as far as it is accepted now; the rest stays. */
void prober_send(struct prober *prober);

/* Waits that long at most, and then tells what has come, each to end a request. */
void prober_collect(struct prober *prober, DWORD timeout_ms, prober_function *tell, void *context);

#endif
