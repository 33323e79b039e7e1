/*
 * The part of an asynchronous request that runs on the thread that makes it. The rest is the worker's.
 */
#include "echo/asynchronous.h"

#include "echo/completion.h"
#include "echo/outcome.h"
#include "echo/pending.h"
#include "echo/worker.h"

/* Makes the request outstanding, with a worker there to complete it. False without memory or worker. */
static bool begin(struct engine *engine, struct request *request, const struct echo_call *call, uint32_t *key)
{
    struct transport_receiver *sleeper = NULL;
    os_lock_acquire(&echo_lock);
    bool begun = worker_require(engine) && call_begin(engine, request, call, &sleeper);
    if (begun) {
        engine_add_user(engine);
        *key = pending_key(request);
    }
    os_lock_release(&echo_lock);
    engine_wake(engine, sleeper);
    return begun;
}

/* The request of this key could not be sent. True when it is taken back; false when it is the worker's to
 * complete, or is over already, because sending took so long. The lock is held. */
static bool take_back(struct engine *engine, uint32_t key, uint32_t error,
                      struct transport_receiver **sleeper)
{
    struct request *request = pending_find(engine, key);
    if (request == NULL) {
        return false;
    }
    pending_remove(engine, request);
    if (error < IP_STATUS_BASE) {
        return true;
    }
    request->state = REQUEST_FAILED;
    request->answer.status = error;
    request_list_append(&engine->answered, request);
    *sleeper = worker_call(engine);
    return false;
}

/* From here on the worker may complete and recycle the request at any moment, so only its key is used. */
static uint32_t send_begun(struct engine *engine, const struct echo_call *call, struct echo_message *message,
                           uint32_t key, bool *taken_back)
{
    uint32_t error = call_send(engine, call, message, key, NULL);
    if (error == 0) {
        return ERROR_IO_PENDING;
    }
    struct transport_receiver *sleeper = NULL;
    os_lock_acquire(&echo_lock);
    *taken_back = take_back(engine, key, error, &sleeper);
    os_lock_release(&echo_lock);
    engine_wake(engine, sleeper);
    return *taken_back ? error : ERROR_IO_PENDING;
}

static uint32_t submit(struct engine *engine, const struct echo_call *call, const struct notification *wanted,
                       struct echo_message *message)
{
    struct request *request = request_new(engine);
    if (request == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    request->asynchronous = true;
    request->relies = true;
    request->reply = call->reply;
    struct notification notification;
    uint32_t error = notification_open(&notification, wanted);
    if (error != 0) {
        goto cleanup_request;
    }
    request->notification = notification;

    uint32_t key;
    if (!begin(engine, request, call, &key)) {
        error = ERROR_NOT_ENOUGH_MEMORY;
        goto cleanup_notification;
    }
    bool taken_back = false;
    error = send_begun(engine, call, message, key, &taken_back);
    if (!taken_back) {
        return error;
    }
    engine_release(engine); /* the request was a user; the caller is still one */

cleanup_notification:
    notification_close(&notification);
cleanup_request:
    request_recycle(engine, request);
    return error;
}

uint32_t echo_asynchronous(struct engine *engine, const struct echo_call *call,
                           const struct notification *wanted)
{
    uint32_t error = call_check(call);
    if (error == IP_SUCCESS) {
        struct echo_message message;
        if (!message_open(&message, call)) {
            return ERROR_NOT_ENOUGH_MEMORY;
        }
        error = submit(engine, call, wanted, &message);
        message_close(&message);
    }
    if (error != ERROR_IO_PENDING) {
        outcome_trace_refusal(call, error);
    }
    return error;
}
