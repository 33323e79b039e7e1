/*
 * The events by which programs hear of their requests.
 *
 * A program names its event by a handle that it may close as soon as the call has returned, and the value of
 * a closed handle is given to the next object. So a request uses an event by a handle of our own. Making one,
 * clearing and setting the event and closing the handle again would be four system calls for each request,
 * and under Wine these would take longer than all the rest of it. Therefore the engine keeps its handles, by
 * the value of the program's: one comparison tells whether the value still means the same event, and requests
 * that come with the same value while others are outstanding share even that ("Events" in docs/async.md).
 *
 * Knows nothing of requests. echo_lock guards all of it, and is not held during system calls.
 */
#ifndef OPENICMP_ECHO_EVENT_H
#define OPENICMP_ECHO_EVENT_H

#include "echo/table.h"
#include "os/os.h"

struct engine;
struct event;

/* Events in the order in which they came. Empty when all-zero. */
struct event_list {
    struct event *first;
    struct event *last;
    size_t count;
};

/* The events that an engine knows. Empty when all-zero. */
struct events {
    struct table table;         /* by the program's handle value */
    struct event_list idle;     /* those that nobody uses */
    struct event_list doubtful; /* those that were used on trust since their handle was looked at last */
    bool distrusted; /* the program closes handles of events that are in use: nothing is done on trust */
};

/* How a request uses its event. */
struct event_use {
    struct event *event;
    uint64_t
        trust; /* it is the so many-th use of this event on trust; 0: its handle was looked at for this one */
};

/* Makes the event behind a program's handle unsignalled, and uses it from now on. 0, ERROR_NOT_ENOUGH_MEMORY,
 * or why the handle will not do: ERROR_INVALID_HANDLE when it is none, or none of an event. The lock is not
 * held. */
uint32_t event_open(struct engine *engine, os_handle handle, struct event_use *use);
/* Ends the use of a request that was refused after all. The lock is not held. */
void event_close(struct engine *engine, const struct event_use *use);

/* Events that are to be set. Empty when all-zero. */
struct event_batch {
    struct event *first;
    struct event *last;
};

/* Adds the event of a request that is over, whose use this ends. For the worker only, one batch at a time. */
void event_batch_add(struct event_batch *batch, const struct event_use *use);
/* Whether each event of the batch is used by others as well, that are not in the batch. The lock is held. */
bool event_batch_is_shared(const struct event_batch *batch);
/* Sets the events of the batch, each of them once, in the order in which they were added. Keeps those that
 * nobody uses any more, for a while. For the worker only. The lock is not held. */
void event_batch_set(struct engine *engine, const struct event_batch *batch);

/* When event_tend has something to do; OS_NEVER: at no time. The lock is held. */
uint64_t event_due_ns(const struct engine *engine);
/* Closes events that nobody has used for some time, and looks at handles that were used on trust. For the
 * worker only. The lock is held, but released meanwhile. */
void event_tend(struct engine *engine);
/* Closes all of them. No thread is in the engine any more. */
void event_close_all(struct engine *engine);

#endif
