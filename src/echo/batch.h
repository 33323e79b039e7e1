/*
 * Batches: probes that are sent many at a time, and whose results are collected many at a time (openicmp.h).
 *
 * A batch is known to the program by a number, which is no kernel handle, so that it costs no system call and nobody else
 * can close it. Thread-safe.
 */
#ifndef OPENICMP_ECHO_BATCH_H
#define OPENICMP_ECHO_BATCH_H

#include "echo/call.h"

struct batch;

/* Makes a batch for so many probes that are accepted and not collected. 0, the error of engine_acquire, or
 * ERROR_NOT_ENOUGH_MEMORY. */
uint32_t batch_open(size_t max_outstanding, os_handle *handle);

/* Closes it for good: gives up what is outstanding, and ends what other threads do with it. 0 or ERROR_INVALID_HANDLE. */
uint32_t batch_close(os_handle handle);

/* Becomes a user of a batch; leave it with batch_release. 0 or ERROR_INVALID_HANDLE. */
uint32_t batch_acquire(os_handle handle, struct batch **batch);
void batch_release(struct batch *batch);

/* Sends a probe; of the call, reply and reply_bytes do not count. 0 when it was accepted, and then it has one result, even
 * if it could not be sent. ERROR_NOT_ENOUGH_QUOTA when the batch is full, ERROR_NOT_ENOUGH_MEMORY, or
 * ERROR_INVALID_HANDLE when the batch has been closed. */
uint32_t batch_submit(struct batch *batch, const struct echo_call *call, uint64_t context);

/* What came of a probe. */
struct batch_result {
    uint64_t context;
    uint64_t sent_ns;                 /* 0 if it was not */
    uint32_t status;                  /* IP_STATUS */
    uint32_t error;                   /* a Win32 error, with IP_GENERAL_FAILURE, or 0 */
    const struct echo_answer *answer; /* without its data. NULL without one */
    bool data_equal;                  /* its payload is what was sent */
};

/* Waits until `deadline_ns` for there to be results, and gives up to `capacity` of them, at least 1, to `give`, with their
 * numbers from 0. `*count` becomes how many. 0 if there was one; otherwise WAIT_TIMEOUT, ERROR_NO_MORE_ITEMS when nothing is
 * outstanding, or ERROR_OPERATION_ABORTED when the batch has been closed. */
uint32_t batch_collect(struct batch *batch, uint64_t deadline_ns, size_t capacity,
                       void (*give)(void *context, size_t number, const struct batch_result *result),
                       void *context, size_t *count);

/* Gives up the probes with this context, or all if it is NULL. Returns how many there were. */
size_t batch_cancel(struct batch *batch, const uint64_t *context);

/* Moves those requests in the list that are probes, and over, to the results of their batches. For the worker. The lock is
 * not held. */
void batch_tell(struct request_list *completed);

/* The DLL is being unloaded: frees the batches left open. */
void batch_abandon(void);

#endif
