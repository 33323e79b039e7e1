/*
 * The probes of a batch: where they are kept, from when they are accepted until their results are collected.
 *
 * It must not know when they are sent, answered or collected. Not thread-safe: see each function.
 */
#ifndef OPENICMP_ECHO_PROBE_H
#define OPENICMP_ECHO_PROBE_H

#include "echo/batch.h"
#include "echo/request.h"

/* Payload up to this length, that of ping and a little more, needs no memory of its own. */
#define PROBE_SHORT_DATA_BYTES 64

struct probe {
    struct request request; /* first: a request that says so is a probe */
    uint64_t context;
    bool data_equal; /* once it is answered and settled: the reply's payload is that of the probe */
    uint8_t *data;   /* the payload that is sent: `short_data`, or memory of the probe's */
    uint8_t short_data[PROBE_SHORT_DATA_BYTES];
    uint8_t options[40]; /* of the answer */
};

/* Room for a number of probes, in one piece, of which nothing is touched before it is needed. */
struct probe_pool {
    struct probe *probes;
    size_t capacity;
    size_t touched; /* so many, from the first on, have been taken some time */
    struct request_list free;
};

/* False without memory. */
bool probe_pool_open(struct probe_pool *pool, size_t capacity);
/* Frees it with all that probes hold. */
void probe_pool_close(struct probe_pool *pool);

/* A blank one; NULL when all are taken. The lock is held. */
struct probe *probe_take(struct probe_pool *pool);
/* Gives it back; it holds nothing. The lock is held. */
void probe_give_back(struct probe_pool *pool, struct probe *probe);

struct probe *probe_of(struct request *request);

/* Keeps a copy of the call's payload. False without memory. */
bool probe_keep_data(struct probe *probe, const struct echo_call *call);

/* The probe is over: takes what its result is to tell from where the answer lies, and frees what the probe holds. The
 * lock is not held, and nobody else has the probe. */
void probe_settle(struct probe *probe);

/* The result of a probe that is settled. It points into the probe. */
struct batch_result probe_result(const struct probe *probe);

#endif
