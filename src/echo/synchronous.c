/*
 * The life of a synchronous request on the thread that makes it.
 *
 * A caller receives for itself if it can have a listener with an identifier of its own, or if it is alone. Whoever else
 * finds other requests outstanding relies on the worker: it sleeps until it is given its answer, or told that there is
 * none. While the worker has yet to come, callers receive for themselves, too.
 */
#include "echo/synchronous.h"

#include "echo/outcome.h"
#include "echo/pending.h"
#include "echo/receive.h"
#include "echo/worker.h"

/* How long to wait for a packet at most after the deadline, while others have to be read first. */
#define OVERDUE_NS (10 * OS_NS_PER_MS)

/* The worker gives requests up in time. If it does not, it has been ended, because the process is ending. */
#define NO_WORKER_NS (1000 * OS_NS_PER_MS)

/* Makes the request outstanding, relying on the worker, if others are outstanding and the worker is there. */
static bool begin_with_worker(struct engine *engine, struct request *request, const struct echo_call *call)
{
    struct transport_receiver *sleeper = NULL;
    os_lock_acquire(&echo_lock);
    request->relies = engine->pending.count > 0 && worker_engage(engine);
    if (request->relies && !call_begin(engine, request, call, &sleeper)) {
        request->relies = false;
    }
    os_lock_release(&echo_lock);
    engine_wake(engine, sleeper);
    return request->relies;
}

/* Makes the request outstanding, and decides who receives its answer: the worker, or the calling thread in
 * request->listener. False without memory. */
static bool begin(struct engine *engine, struct request *request, const struct echo_call *call)
{
    request->listener = listener_take_own(engine);
    if (request->listener == NULL) {
        if (begin_with_worker(engine, request, call)) {
            return true;
        }
        request->listener = listener_take(engine);
    }
    if (request->listener == NULL) {
        return false;
    }
    struct transport_receiver *nobody;
    os_lock_acquire(&echo_lock);
    bool begun = call_begin(engine, request, call, &nobody);
    os_lock_release(&echo_lock);
    return begun;
}

/* Sleeps until the worker has dealt with the request. The lock is held, but released meanwhile. True when it
 * does not. */
static bool wait_for_worker(struct request *request, uint64_t deadline_ns)
{
    os_condition_wait(&request->answered, &echo_lock, deadline_ns + NO_WORKER_NS);
    return os_now_ns() >= deadline_ns + NO_WORKER_NS;
}

/* Receives for itself. The lock is held, but released meanwhile. True when the deadline has passed and
 * nothing that had come until then is left unread. */
static bool wait_for_network(struct engine *engine, struct request *request, uint64_t deadline_ns)
{
    struct receive_role role = {.own = request};
    os_lock_release(&echo_lock);
    size_t count = receive_batch(engine, request->listener, deadline_ns, &role);
    uint64_t now_ns = os_now_ns();
    os_lock_acquire(&echo_lock);
    return now_ns >= (count == 0 ? deadline_ns : deadline_ns + OVERDUE_NS);
}

static void wait_for_outcome(struct engine *engine, struct request *request, uint64_t deadline_ns)
{
    os_lock_acquire(&echo_lock);
    bool over = false;
    while (request->state == REQUEST_OUTSTANDING && !over) {
        over = request->relies ? wait_for_worker(request, deadline_ns)
                               : wait_for_network(engine, request, deadline_ns);
    }
    if (request->state == REQUEST_OUTSTANDING) {
        pending_remove(engine, request);
        request->state = REQUEST_EXPIRED;
    }
    os_lock_release(&echo_lock);
}

/* Gets the request under way and waits for its outcome. 0, or why it never got under way: below 11000. */
static uint32_t exchange(struct engine *engine, struct request *request, const struct echo_call *call,
                         struct echo_message *message)
{
    if (!begin(engine, request, call)) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    uint32_t error = call_send(engine, call, message, pending_key(request), request->relies ? NULL : request);
    if (error == 0) {
        wait_for_outcome(engine, request, request->sent_ns + call_timeout_ns(call));
        return 0;
    }
    os_lock_acquire(&echo_lock);
    if (request->state == REQUEST_OUTSTANDING) {
        pending_remove(engine, request);
    }
    request->state = REQUEST_FAILED;
    request->answer.status = error;
    os_lock_release(&echo_lock);
    return error < IP_STATUS_BASE ? error : 0;
}

/* The calling thread stops receiving, and the request is over. */
static void finish(struct engine *engine, struct request *request)
{
    if (request->listener != NULL) {
        receive_rest(engine, request->listener);
    }
    request_recycle(engine, request);
}

/* Returns the number of replies; without one, `*error` says why. */
static uint32_t perform(struct engine *engine, const struct echo_call *call, struct echo_message *message,
                        uint32_t *error)
{
    struct request *request = request_new(engine);
    if (request == NULL) {
        *error = ERROR_NOT_ENOUGH_MEMORY;
        return 0;
    }
    uint32_t replies = 0;
    *error = exchange(engine, request, call, message);
    if (*error == 0) {
        replies = outcome_write(request, call->reply, false, error);
    } else {
        outcome_trace_refusal(call, *error);
    }
    finish(engine, request);
    return replies;
}

uint32_t echo_synchronous(struct engine *engine, const struct echo_call *call, uint32_t *error)
{
    *error = call_check(call);
    if (*error != IP_SUCCESS) {
        reply_write_failure(call->reply, call->destination.family, *error);
        outcome_trace_refusal(call, *error);
        return 0;
    }
    struct echo_message message;
    if (!message_open(&message, call)) {
        *error = ERROR_NOT_ENOUGH_MEMORY;
        return 0;
    }
    uint32_t replies = perform(engine, call, &message, error);
    message_close(&message);
    return replies;
}
