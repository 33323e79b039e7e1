/*
 * The worker: the one thread of the engine, which receives when more than one call is under way.
 *
 * A lone caller receives for itself, because a hand-off between threads would cost more than the echo.
 */
#ifndef OPENICMP_ECHO_WORKER_H
#define OPENICMP_ECHO_WORKER_H

#include "echo/engine.h"

/* Gets the worker to receive. True when it does, or is about to; false when its thread has yet to be made,
 * which this sets about, or cannot be made: then the caller had better receive for itself as well. The lock
 * is held, but released while a thread is made. */
bool worker_engage(struct engine *engine);

#endif
