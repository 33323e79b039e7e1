/*
 * The worker: the one thread of the engine. It receives when more than one call is under way, completes
 * asynchronous requests, and gives up those that are overdue.
 *
 * A lone synchronous caller receives for itself, because a hand-off between threads would cost more than the
 * echo.
 */
#ifndef OPENICMP_ECHO_WORKER_H
#define OPENICMP_ECHO_WORKER_H

#include "echo/engine.h"

/* Gets the worker to receive, and makes it if there is none. True when it receives, or is about to; false
 * while its thread has yet to run, or when there can be none: a synchronous caller had better receive for
 * itself then. The lock is held, but released while a thread is made. */
bool worker_engage(struct engine *engine);

/* The same for somebody who cannot do without. False when there is no thread. */
bool worker_require(struct engine *engine);

/* There is something for the worker to look at before it sleeps on. Returns the receiver to wake, with
 * engine_wake, once the lock is released. There is a worker. The lock is held. */
struct transport_receiver *worker_call(struct engine *engine);

/* The same, if it would sleep on beyond `due_ns`; otherwise it is left alone, and NULL returned. */
struct transport_receiver *worker_expect(struct engine *engine, uint64_t due_ns);

#endif
