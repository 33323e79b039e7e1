/*
 * The batches by handle value, and what becomes of their probes.
 *
 * A probe is taken from its batch's pool when it is accepted, is a request like any other while it is outstanding, which
 * the worker completes or gives up, and then waits among the results until it is collected and goes back to the pool.
 */
#include "echo/batch.h"

#include "echo/outcome.h"
#include "echo/pending.h"
#include "echo/probe.h"
#include "echo/worker.h"

/* Handle values are multiples of 4 in 31 bits like those of the kernel, which never get so high. They take turns. */
#define HANDLE_FIRST 0x40000000U
#define HANDLE_LAST  0x7ffffffcU
#define HANDLE_STEP  4U

/* How many probes are dealt with at the most while the lock is held. */
#define TOGETHER 64

struct batch {
    struct table_entry entry; /* first: an entry is a batch; the key is the handle */
    struct batch *next_unused;
    struct engine *engine; /* whose user it is */
    struct probe_pool pool;
    size_t users;     /* calls that are under way, and the program as long as it is open */
    bool closed;      /* by the program */
    size_t unsettled; /* probes that have no result yet, also those that are about to be accepted */
    struct request_list results; /* of probes to be collected */
    struct os_condition changed; /* there are results, or there will be none, or it is closed */
};

/* Guarded by echo_lock. */
static struct table batches;
static uint32_t last_handle; /* 0: none yet */

static uint32_t next_handle(void)
{
    do {
        if (last_handle == 0) {
            last_handle = HANDLE_FIRST + (os_random() % (HANDLE_LAST - HANDLE_FIRST) & ~(HANDLE_STEP - 1));
        } else {
            last_handle = last_handle < HANDLE_LAST ? last_handle + HANDLE_STEP : HANDLE_FIRST;
        }
    } while (table_find(&batches, last_handle) != NULL);
    return last_handle;
}

/* ---- Opening and closing ---- */

static void batch_free(struct batch *batch)
{
    engine_release(batch->engine);
    probe_pool_close(&batch->pool);
    os_free(batch);
}

/* Whether nobody has it any more. The lock is held. */
static bool is_unused(const struct batch *batch)
{
    return batch->users == 0 && batch->unsettled == 0;
}

uint32_t batch_open(size_t max_outstanding, os_handle *handle)
{
    struct batch *batch = os_alloc(sizeof(*batch));
    if (batch == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    uint32_t error = engine_acquire(&batch->engine);
    if (error != 0) {
        goto cleanup_batch;
    }
    error = ERROR_NOT_ENOUGH_MEMORY;
    if (!probe_pool_open(&batch->pool, max_outstanding)) {
        goto cleanup_engine;
    }
    batch->users = 1;
    os_lock_acquire(&echo_lock);
    batch->entry.key = next_handle();
    bool inserted = table_insert(&batches, &batch->entry);
    *handle = (os_handle)batch->entry.key; /* from now on another thread may close it */
    os_lock_release(&echo_lock);
    if (inserted) {
        return 0;
    }
    probe_pool_close(&batch->pool);

cleanup_engine:
    engine_release(batch->engine);
cleanup_batch:
    os_free(batch);
    return error;
}

uint32_t batch_acquire(os_handle handle, struct batch **batch)
{
    os_lock_acquire(&echo_lock);
    *batch = (struct batch *)table_find(&batches, handle);
    if (*batch != NULL) {
        (*batch)->users++;
    }
    os_lock_release(&echo_lock);
    return *batch != NULL ? 0 : ERROR_INVALID_HANDLE;
}

void batch_release(struct batch *batch)
{
    os_lock_acquire(&echo_lock);
    batch->users--;
    bool unused = is_unused(batch);
    os_lock_release(&echo_lock);
    if (unused) {
        batch_free(batch);
    }
}

uint32_t batch_close(os_handle handle)
{
    os_lock_acquire(&echo_lock);
    struct batch *batch = (struct batch *)table_find(&batches, handle);
    if (batch != NULL) {
        table_remove(&batches, &batch->entry);
        batch->closed = true;
        os_condition_wake(&batch->changed);
    }
    os_lock_release(&echo_lock);
    if (batch == NULL) {
        return ERROR_INVALID_HANDLE;
    }
    batch_cancel(batch, NULL);
    batch_release(batch); /* as the program */
    return 0;
}

static void forget(struct table_entry *entry)
{
    struct batch *batch = (struct batch *)entry;
    for (size_t i = 0; i < batch->pool.touched; i++) {
        if (pending_has(&batch->pool.probes[i].request)) {
            pending_remove(batch->engine, &batch->pool.probes[i].request);
        }
    }
    probe_pool_close(&batch->pool);
    os_free(batch);
}

void batch_abandon(void)
{
    table_clear(&batches, forget);
}

/* ---- Results ---- */

/* Adds a probe that is settled to the results; if the batch is closed, they go with it. The lock is held. */
static void add_result(struct batch *batch, struct request *request)
{
    batch->unsettled--;
    if (batch->results.first == NULL) {
        os_condition_wake(&batch->changed);
    }
    request_list_append(&batch->results, request);
}

/* The same for a list of them. Returns the batches that nobody uses any more, for they have been closed. */
static struct batch *add_results(struct request_list *settled)
{
    struct batch *unused = NULL;
    os_lock_acquire(&echo_lock);
    struct request *request;
    while ((request = request_list_take_first(settled)) != NULL) {
        struct batch *batch = request->batch;
        add_result(batch, request);
        if (is_unused(batch)) {
            batch->next_unused = unused;
            unused = batch;
        }
    }
    os_lock_release(&echo_lock);
    return unused;
}

static void settle(struct request_list *over)
{
    for (struct request *request = over->first; request != NULL; request = request->next) {
        outcome_trace(request, request->state == REQUEST_FAILED ? request->answer.status : 0);
        probe_settle(probe_of(request));
    }
    struct batch *unused = add_results(over);
    while (unused != NULL) {
        struct batch *next = unused->next_unused;
        batch_free(unused);
        unused = next;
    }
}

void batch_tell(struct request_list *completed)
{
    struct request_list others = {0};
    while (completed->first != NULL) {
        struct request_list probes = {0};
        struct request *request;
        for (size_t i = 0; i < TOGETHER && (request = request_list_take_first(completed)) != NULL; i++) {
            request_list_append(request->is_probe ? &probes : &others, request);
        }
        if (probes.first != NULL) {
            settle(&probes);
        }
    }
    *completed = others;
}

/* ---- Submitting ---- */

/* Takes a place in the batch. 0 or the error. */
static uint32_t reserve(struct batch *batch, struct probe **probe)
{
    os_lock_acquire(&echo_lock);
    *probe = probe_take(&batch->pool);
    if (*probe != NULL) {
        (*probe)->request.batch = batch;
        (*probe)->request.engine = batch->engine;
        batch->unsettled++;
    }
    os_lock_release(&echo_lock);
    return *probe != NULL ? 0 : ERROR_NOT_ENOUGH_QUOTA;
}

/* Gives it up, because the probe is not accepted. */
static void unreserve(struct batch *batch, struct probe *probe)
{
    probe_settle(probe);
    os_lock_acquire(&echo_lock);
    probe_give_back(&batch->pool, probe);
    batch->unsettled--;
    if (batch->unsettled == 0) {
        os_condition_wake(&batch->changed);
    }
    os_lock_release(&echo_lock);
}

/* The probe is over without having been sent. Nobody else has it. */
static void fail(struct probe *probe, uint32_t error)
{
    struct request_list one = {0};
    probe->request.state = REQUEST_FAILED;
    probe->request.answer.status = error;
    probe->request.sent_ns = 0;
    request_list_append(&one, &probe->request);
    settle(&one);
}

/* Why a call cannot be sent, whatever the system says to it. 0 if it can. */
static uint32_t why_not(const struct engine *engine, const struct echo_call *call)
{
    bool v6 = call->destination.family == IP_FAMILY_V6;
    if (v6 ? !engine->transport->has_ipv6 : !engine->transport->has_ipv4) {
        return ERROR_NOT_SUPPORTED;
    }
    return ip_address_is_unspecified(&call->destination) ? ERROR_INVALID_NETNAME : call_check(call);
}

/* Makes the probe outstanding, with a worker there to complete it. 0 or the error. */
static uint32_t begin(struct batch *batch, struct probe *probe, const struct echo_call *call, uint32_t *key)
{
    struct transport_receiver *sleeper = NULL;
    uint32_t error = ERROR_NOT_ENOUGH_MEMORY;
    os_lock_acquire(&echo_lock);
    bool worker = worker_require(batch->engine); /* releases the lock meanwhile */
    if (batch->closed) {
        error = ERROR_INVALID_HANDLE;
    } else if (worker && call_begin(batch->engine, &probe->request, call, &sleeper)) {
        *key = pending_key(&probe->request);
        error = 0;
    }
    os_lock_release(&echo_lock);
    engine_wake(batch->engine, sleeper);
    return error;
}

/* From here on the worker may complete the probe at any moment, so only its key is used. */
static void send_begun(struct batch *batch, const struct echo_call *call, struct echo_message *message,
                       uint32_t key)
{
    uint32_t error = call_send(batch->engine, call, message, key, NULL);
    if (error == 0) {
        return;
    }
    os_lock_acquire(&echo_lock);
    struct request *request = pending_find(batch->engine, key);
    bool ours = request != NULL && request->is_probe && request->batch == batch;
    if (ours) {
        pending_remove(batch->engine, request);
    }
    os_lock_release(&echo_lock);
    if (ours) {
        fail(probe_of(request), error);
    }
}

/* Sends a probe that can be sent. 0 if it is accepted. */
static uint32_t submit(struct batch *batch, struct probe *probe, const struct echo_call *call)
{
    struct echo_message message;
    if (!probe_keep_data(probe, call) || !message_open(&message, call)) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    uint32_t key;
    uint32_t error = begin(batch, probe, call, &key);
    if (error == 0) {
        send_begun(batch, call, &message, key);
    }
    message_close(&message);
    return error;
}

uint32_t batch_submit(struct batch *batch, const struct echo_call *call, uint64_t context)
{
    struct probe *probe;
    uint32_t error = reserve(batch, &probe);
    if (error != 0) {
        return error;
    }
    probe->context = context;
    error = why_not(batch->engine, call);
    if (error != 0) {
        outcome_trace_refusal(call, error);
        fail(probe, error);
        return 0;
    }
    error = submit(batch, probe, call);
    if (error != 0) {
        unreserve(batch, probe);
    }
    return error;
}

/* ---- Collecting ---- */

/* Waits until there are results. The lock is held, but released meanwhile. 0 or the error. */
static uint32_t wait_for_results(struct batch *batch, uint64_t deadline_ns)
{
    while (!batch->closed && batch->results.first == NULL) {
        if (batch->unsettled == 0) {
            return ERROR_NO_MORE_ITEMS;
        }
        if (os_now_ns() >= deadline_ns) {
            return WAIT_TIMEOUT;
        }
        batch->engine->collecting++;
        os_condition_wake(&batch->engine->worker_changed);
        os_condition_wait(&batch->changed, &echo_lock, deadline_ns);
        batch->engine->collecting--;
    }
    return batch->closed ? ERROR_OPERATION_ABORTED : 0;
}

/* Takes up to `capacity` of the results. The lock is held. */
static struct request_list take_some(struct batch *batch, size_t capacity)
{
    struct request_list taken = {0};
    for (size_t i = 0; i < capacity && i < TOGETHER && batch->results.first != NULL; i++) {
        request_list_append(&taken, request_list_take_first(&batch->results));
    }
    return taken;
}

uint32_t batch_collect(struct batch *batch, uint64_t deadline_ns, size_t capacity,
                       void (*give)(void *context, size_t number, const struct batch_result *result),
                       void *context, size_t *count)
{
    *count = 0;
    os_lock_acquire(&echo_lock);
    uint32_t error = wait_for_results(batch, deadline_ns);
    while (error == 0 && !batch->closed && *count < capacity && batch->results.first != NULL) {
        struct request_list taken = take_some(batch, capacity - *count);
        os_lock_release(&echo_lock);
        for (struct request *request = taken.first; request != NULL; request = request->next) {
            struct batch_result result = probe_result(probe_of(request));
            give(context, (*count)++, &result);
        }
        os_lock_acquire(&echo_lock);
        struct request *request;
        while ((request = request_list_take_first(&taken)) != NULL) {
            probe_give_back(&batch->pool, probe_of(request));
        }
    }
    os_lock_release(&echo_lock);
    return error;
}

/* ---- Cancelling ---- */

/* Takes the probes out that are outstanding and have that context, among those from number `first` on that are looked at
 * together. The lock is held. */
static struct request_list take_out(struct batch *batch, size_t first, const uint64_t *context)
{
    struct request_list taken = {0};
    for (size_t i = first; i < batch->pool.touched && i < first + TOGETHER; i++) {
        struct probe *probe = &batch->pool.probes[i];
        if (pending_has(&probe->request) && (context == NULL || probe->context == *context)) {
            pending_remove(batch->engine, &probe->request);
            probe->request.state = REQUEST_FAILED;
            probe->request.answer.status = ERROR_OPERATION_ABORTED;
            request_list_append(&taken, &probe->request);
        }
    }
    return taken;
}

size_t batch_cancel(struct batch *batch, const uint64_t *context)
{
    size_t cancelled = 0;
    for (size_t first = 0; first < batch->pool.capacity; first += TOGETHER) {
        os_lock_acquire(&echo_lock);
        bool at_end = first >= batch->pool.touched;
        struct request_list taken = take_out(batch, first, context);
        os_lock_release(&echo_lock);
        if (at_end) {
            break;
        }
        for (const struct request *request = taken.first; request != NULL; request = request->next) {
            cancelled++;
        }
        settle(&taken);
    }
    return cancelled;
}
