/*
 * Writes the reply buffers of asynchronous requests, sets events and hands routines to their threads. What belongs to a
 * batch goes there.
 */
#include "echo/completion.h"

#include "echo/apc.h"
#include "echo/batch.h"
#include "echo/outcome.h"
#include "trace/trace.h"

/* NTSTATUS values of IO_STATUS_BLOCK. What stands in the reply buffer is what programs look at. */
#define IO_SUCCESS           0
#define IO_UNSUCCESSFUL      ((int32_t)0xC0000001)
#define IO_ACCESS_VIOLATION  ((int32_t)0xC0000005)
#define IO_INVALID_PARAMETER ((int32_t)0xC000000D)

/* How many requests are completed before the program is told: one setting of an event is enough for all of
 * these that share it, but the first of very many shall not wait for the last. */
#define TOLD_TOGETHER 64

/* Where system calls are slow: how long after events were set the next ones are, if all of these are used by other
 * requests, too, that are still outstanding. Setting one and clearing it for the next request takes the time of many
 * replies. Who looks at the reply buffers before it waits does not notice; others are told of more at a time. */
#define INTERVAL_NS (OS_NS_PER_MS / 5)

uint32_t notification_open(struct engine *engine, struct notification *notification,
                           const struct notification *wanted)
{
    *notification = *wanted;
    if (wanted->event != 0) {
        return event_open(engine, wanted->event, &notification->use);
    }
    notification->thread = apc_thread_expect();
    return notification->thread != NULL ? 0 : ERROR_NOT_ENOUGH_MEMORY;
}

void notification_close(struct engine *engine, struct notification *notification)
{
    if (notification->event != 0) {
        event_close(engine, &notification->use);
    } else {
        apc_thread_unexpect(notification->thread);
    }
}

static int32_t io_status_of(const struct request *request)
{
    if (request->state != REQUEST_FAILED) {
        return IO_SUCCESS;
    }
    return request->hop_limit_0 ? IO_INVALID_PARAMETER : IO_UNSUCCESSFUL;
}

/* Writes the reply buffer. Programs free theirs too early; that shall not end the process from a thread of
 * ours. */
static void write_reply(struct request *request)
{
    size_t bytes = outcome_bytes(request);
    if (!os_is_writable(request->reply, bytes)) {
        trace("reply buffer %p of %lu bytes cannot be written to", request->reply, (unsigned long)bytes);
        request->io_status.result.status = IO_ACCESS_VIOLATION;
        request->io_status.information = 0;
        return;
    }
    uint32_t error; /* the program finds it in the buffer */
    outcome_write(request, request->reply, true, &error);
    request->io_status.result.status = io_status_of(request);
    request->io_status.information = bytes;
}

/* Writes the reply buffer of a request with a routine, unless its thread has ended: then the buffer, which may have lain
 * on the thread's stack, is none any more. `*known_alive` is the last thread that was found alive for this list. */
static void write_for_thread(struct request *request, const struct apc_thread **known_alive)
{
    struct apc_thread *thread = request->notification.thread;
    if (thread == *known_alive || apc_thread_lives(thread)) {
        *known_alive = thread;
        write_reply(request);
    }
}

/* Sets the events that are to be set. The requests are over then. */
static void announce(struct engine *engine)
{
    struct announcement *next = &engine->announcement;
    struct event_batch events = next->events;
    struct request_list requests = next->requests;
    *next = (struct announcement){.last_ns = os_now_ns()};
    event_batch_set(engine, &events);
    struct request *request;
    while ((request = request_list_take_first(&requests)) != NULL) {
        request_finish(request);
    }
}

/* Writes the reply buffer, and leaves the event to the next announcement. */
static void tell_by_event(struct engine *engine, struct request *request)
{
    struct announcement *next = &engine->announcement;
    write_reply(request);
    event_batch_add(&next->events, &request->notification.use);
    request_list_append(&next->requests, request);
    if (++next->count >= TOLD_TOGETHER) {
        announce(engine);
    }
}

/* Whether the program would be told too soon after it was told last. */
static bool can_wait(struct engine *engine)
{
    if (!os_calls_are_slow() || !engine->transport->keeps_time ||
        os_now_ns() - engine->announcement.last_ns >= INTERVAL_NS) {
        return false;
    }
    os_lock_acquire(&echo_lock);
    bool shared = event_batch_is_shared(&engine->announcement.events);
    os_lock_release(&echo_lock);
    return shared;
}

void completion_tell(struct engine *engine, struct request_list *completed)
{
    struct request_list routines = {0};
    const struct apc_thread *known_alive = NULL;
    struct request *request;
    batch_tell(completed);
    while ((request = request_list_take_first(completed)) != NULL) {
        if (request->notification.event != 0) {
            tell_by_event(engine, request);
        } else {
            write_for_thread(request, &known_alive);
            request_list_append(&routines, request);
        }
    }
    if (engine->announcement.count > 0 && !can_wait(engine)) {
        announce(engine);
    }
    apc_deliver(&routines);
}

uint64_t completion_due_ns(const struct engine *engine)
{
    return engine->announcement.count > 0 ? engine->announcement.last_ns + INTERVAL_NS : OS_NEVER;
}
