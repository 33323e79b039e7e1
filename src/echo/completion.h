/*
 * How a program hears of the outcome of an asynchronous request: the reply buffer is written, and then its
 * event is set or its routine queued, once.
 */
#ifndef OPENICMP_ECHO_COMPLETION_H
#define OPENICMP_ECHO_COMPLETION_H

#include "echo/request.h"

/* Gets ready to tell the program in the way of `wanted`: makes its event unsignalled and uses it from now on,
 * or counts the calling thread as one that expects a routine. 0 or a Win32 error. The lock is not held. */
uint32_t notification_open(struct engine *engine, struct notification *notification,
                           const struct notification *wanted);
/* Takes that back, for a request that was refused after all. */
void notification_close(struct engine *engine, struct notification *notification);

/* Tells the program of the asynchronous requests in the list, in this order, and recycles them. Requests that
 * share their event may share one setting of it, and wait for that until completion_due_ns. The lock is not
 * held. For the worker only. */
void completion_tell(struct engine *engine, struct request_list *completed);
/* When completion_tell is to be called again, with or without more requests; OS_NEVER: nothing waits. For the worker
 * only. */
uint64_t completion_due_ns(const struct engine *engine);

#endif
