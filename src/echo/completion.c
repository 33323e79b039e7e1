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

/* Writes the buffers of the first requests in the list and sets their events, but only collects those with
 * routines. */
static void tell_first(struct engine *engine, struct request_list *completed, struct request_list *routines,
                       const struct apc_thread **known_alive)
{
    struct event_batch events = {0};
    struct request_list told = {0};
    struct request *request;
    for (size_t i = 0; i < TOLD_TOGETHER && (request = request_list_take_first(completed)) != NULL; i++) {
        if (request->notification.event == 0) {
            write_for_thread(request, known_alive);
            request_list_append(routines, request);
        } else {
            write_reply(request);
            event_batch_add(&events, &request->notification.use);
            request_list_append(&told, request);
        }
    }
    event_batch_set(engine, &events);
    while ((request = request_list_take_first(&told)) != NULL) {
        request_finish(request);
    }
}

void completion_tell(struct engine *engine, struct request_list *completed)
{
    struct request_list routines = {0};
    const struct apc_thread *known_alive = NULL;
    batch_tell(completed);
    while (completed->first != NULL) {
        tell_first(engine, completed, &routines, &known_alive);
    }
    apc_deliver(&routines);
}
