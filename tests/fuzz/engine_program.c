/*
 * The requests of a program: makes each on the thread that it is for, and hears of its outcome.
 */
#include "fuzz/engine_program.h"

#include "echo/apc.h"
#include "echo/asynchronous.h"
#include "echo/batch.h"
#include "echo/pending.h"
#include "echo/round_trip.h"
#include "echo/synchronous.h"
#include "fuzz/fuzz.h"
#include "fuzz/os_fibers.h"

/* Longer than any time-out. */
#define AGES_NS (UINT64_C(0x200000000) * OS_NS_PER_MS)
/* After that a worker that nobody needs has parked, or ended if it had parked before. */
#define WORKER_ENDS_NS (5000 * OS_NS_PER_MS)

/* Less than there are requests, so that there may be too many. */
#define BATCH_PROBES 16

static struct engine *session;
static struct program_request requests[REQUESTS_MAX];
static size_t request_count;
static size_t collector_count;
static uint32_t next_send_result;
static bool refuse_claim; /* the next one */
static size_t routines_run;
static os_handle batch_handle; /* of the only batch; 0: none */
static size_t batch_probes;    /* that it has accepted and we have not collected */

/* ---- Outcomes ---- */

/* The exact times of as many replies are known, and the first is that of the first. */
static void require_exact_times(const struct program_request *request, uint32_t replies)
{
    uint64_t first_ns = 0;
    size_t count = round_trip_recall(request->reply, request->call.reply_bytes, 0, &first_ns, 1);
    fuzz_require(count == replies || (os_fibers_failed_calls() > 0 && replies > 1));
    if (count > 0) {
        bool six = request->call.destination.family == IP_FAMILY_V6;
        uint32_t ms;
        memcpy(&ms,
               request->reply + (six ? offsetof(ICMPV6_ECHO_REPLY, RoundTripTime)
                                     : offsetof(ICMP_ECHO_REPLY, RoundTripTime)),
               sizeof(ms));
        uint64_t first_ms = first_ns / OS_NS_PER_MS;
        fuzz_require(ms == (first_ms < UINT32_MAX ? first_ms : UINT32_MAX)); /* 49 days, when time leaps */
    }
}

/* The program is told: by the engine, this once. */
static void told(struct program_request *request, uint32_t replies)
{
    fuzz_require(request->accepted && !request->over && !request->deaf);
    request->over = true;
    fuzz_require(outcome_is_owed(request, replies));
    require_exact_times(request, replies);
    free(request->reply);
    request->reply = NULL;
}

static void told_by_event(void *context)
{
    told(context, outcome_replies(context));
}

static void told_by_routine(void *context, struct echo_io_status *io_status, uint32_t reserved)
{
    fuzz_require(reserved == 0 &&
                 io_status->information <= ((struct program_request *)context)->call.reply_bytes);
    told(context, outcome_replies(context));
    routines_run++;
    os_fibers_alertable_wait(0); /* others that are ready run inside this one */
}

/* How long the engine waits for a worker that is on its way, before it says that memory is short (COMING_NS in
 * echo/worker.c). Here time may leap while another thread makes one. */
#define WORKER_COMES_NS (10000 * OS_NS_PER_MS)

static bool resources_may_be_short(const struct program_request *request)
{
    return os_fibers_failed_calls() > 0 || os_now_ns() - request->begun_ns >= WORKER_COMES_NS;
}

static void refused(struct program_request *request, uint32_t error)
{
    fuzz_require((error == ERROR_NOT_ENOUGH_MEMORY && resources_may_be_short(request)) ||
                 (error != 0 && error == request->send_result));
    fuzz_require(!request->over && outcome_is_untouched(request));
    request->accepted = false;
}

/* ---- Making requests, each on its thread ---- */

static void call_asynchronous(struct program_request *request, struct engine *engine)
{
    struct notification wanted = {.event = request->event, .routine = told_by_routine, .context = request};
    uint32_t fault = outcome_fault(&request->call);
    uint32_t error = echo_asynchronous(engine, &request->call, &wanted);
    if (fault != IP_SUCCESS) {
        fuzz_require(error == fault && outcome_is_untouched(request));
        request->accepted = false;
    } else if (error != ERROR_IO_PENDING) {
        refused(request, error);
    }
}

static void call_synchronous(struct program_request *request, struct engine *engine)
{
    uint32_t fault = outcome_fault(&request->call);
    uint32_t error;
    uint32_t replies = echo_synchronous(engine, &request->call, &error);
    fuzz_require((replies > 0) == (error == 0));
    if (fault != IP_SUCCESS) {
        fuzz_require(error == fault && outcome_is_failure(request, fault));
        request->accepted = false;
    } else if (error == 0) {
        told(request, replies);
    } else if (error < IP_STATUS_BASE) {
        refused(request, error);
    } else {
        fuzz_require(outcome_is_failure(request, error));
        told(request, 0);
    }
}

/* Makes the call. The program's data may go as soon as that has returned. */
static void make(struct program_request *request)
{
    struct engine *engine;
    if (engine_acquire(&engine) != 0) {
        refused(request, ERROR_NOT_ENOUGH_MEMORY);
        goto cleanup_data;
    }
    *os_fibers_own() = request;
    if (request->manner == SYNCHRONOUS) {
        call_synchronous(request, engine);
    } else {
        call_asynchronous(request, engine);
    }
    *os_fibers_own() = NULL;
    engine_release(engine);

cleanup_data:
    free(request->data);
    free(request->options);
    request->data = NULL;
    request->options = NULL;
}

/* A wait that ends with an APC has run a routine: no APC comes for nothing. */
static void wait_alertably(uint64_t until_ns)
{
    size_t routines_before = routines_run;
    bool any_apc = os_fibers_alertable_wait(until_ns);
    fuzz_require(!any_apc || routines_run > routines_before);
}

/* The thread of a request is gone, and its stack with it, in which the reply buffer may have lain. */
static void thread_has_gone(struct program_request *request)
{
    if (!request->over) {
        request->deaf = true;
        free(request->reply);
        request->reply = NULL;
    }
}

static void on_thread_end(void)
{
    apc_thread_ends();
    if (*os_fibers_own() != NULL) {
        thread_has_gone(*os_fibers_own());
    }
}

static void thread_main(void *argument)
{
    struct program_request *request = argument;
    make(request);
    switch (request->manner) {
    case BY_ROUTINE_OF_OTHER:
        while (request->accepted && !request->over) {
            wait_alertably(OS_NEVER);
        }
        break;
    case BY_ROUTINE_OF_QUITTER:
        *os_fibers_own() = request;
        break;
    case BY_ROUTINE_OF_DYING:
        os_fibers_end_silently();
        request->deaf = true;
        /* The engine may have found the thread alive a moment ago: only if nobody was kept from going on
         * since then is it certain that it does not write any more. */
        if (!os_fibers_gave_way()) {
            thread_has_gone(request);
        }
        break;
    default:
        break;
    }
}

static uint32_t on_send(const struct fake_sent *sent)
{
    struct program_request *request = *os_fibers_own();
    fuzz_require(request != NULL && "a message is sent for nobody");
    fuzz_require(!request->call.hop_limit_0);
    request->sent = sent;
    request->sent_ns = os_now_ns();
    request->packets_before = outcome_packets();
    uint32_t result = next_send_result;
    next_send_result = 0;
    if (result == TRANSPORT_NEEDS_BROADCAST) {
        result = sent->message.broadcast ? 0 : result;
        request->to_many = true;
    } else {
        request->send_result = result;
    }
    return result;
}

void program_fail_send(uint32_t result)
{
    next_send_result = result;
}

void program_request(enum manner manner, const struct echo_call *call, bool aliased)
{
    if (request_count == REQUESTS_MAX) {
        return;
    }
    struct program_request *request = &requests[request_count++];
    *request = (struct program_request){.manner = manner, .call = *call, .begun_ns = os_now_ns()};
    request->accepted = true;
    request->to_many = ip_address_is_for_many(&call->destination);
    request->reply = fuzz_allocate(call->reply_bytes);
    memset(request->reply, 0xee, call->reply_bytes);
    request->call.reply = request->reply;
    request->options = fuzz_copy(call->options, call->options_bytes);
    request->call.options = request->options;
    if (aliased && call->data_bytes <= call->reply_bytes) {
        memcpy(request->reply, call->data, call->data_bytes);
        request->call.data = request->reply;
    } else {
        request->data = fuzz_copy(call->data, call->data_bytes);
        request->call.data = request->data;
    }
    request->before = fuzz_copy(request->reply, call->reply_bytes);
    if (manner == BY_EVENT) {
        request->event = os_fibers_event_open(told_by_event, request);
    }
    if (manner == BY_EVENT || manner == BY_ROUTINE) {
        make(request);
    } else {
        os_fibers_start(thread_main, request);
    }
}

/* ---- The batch ---- */

static void told_in_batch(void *context, size_t number, const struct batch_result *result)
{
    struct program_request *request = &requests[result->context];
    size_t *expected_number = context;
    fuzz_require(number == (*expected_number)++ && request->manner == IN_BATCH);
    fuzz_require(request->accepted && !request->over && !request->deaf);
    request->result = result;
    fuzz_require(outcome_result_is_owed(request));
    request->result = NULL;
    request->over = true;
    batch_probes--;
}

/* The batch, of which the caller becomes a user. NULL without one. */
static struct batch *own_batch(void)
{
    struct batch *batch = NULL;
    if (batch_handle != 0) {
        fuzz_require(batch_acquire(batch_handle, &batch) == 0);
    }
    return batch;
}

static void submit(struct program_request *request, struct batch *batch)
{
    *os_fibers_own() = request;
    uint32_t error = batch_submit(batch, &request->call, (uint64_t)(request - requests));
    *os_fibers_own() = NULL;
    fuzz_require(error == ERROR_NOT_ENOUGH_QUOTA ? batch_probes == BATCH_PROBES || os_fibers_gave_way()
                                                 : batch_probes < BATCH_PROBES);
    fuzz_require(error == 0 || error == ERROR_NOT_ENOUGH_QUOTA ||
                 (error == ERROR_NOT_ENOUGH_MEMORY && resources_may_be_short(request)));
    if (error == 0) {
        batch_probes++;
    } else {
        request->accepted = false;
    }
}

void program_probe(const struct echo_call *call)
{
    if (batch_handle == 0 && batch_open(BATCH_PROBES, &batch_handle) != 0) {
        fuzz_require(os_fibers_failed_calls() > 0);
        batch_handle = 0;
    }
    struct batch *batch = own_batch();
    if (batch == NULL || request_count == REQUESTS_MAX) {
        goto cleanup_batch;
    }
    struct program_request *request = &requests[request_count++];
    *request = (struct program_request){.manner = IN_BATCH, .call = *call, .begun_ns = os_now_ns()};
    request->accepted = true;
    request->to_many = ip_address_is_for_many(&call->destination);
    request->reply = fuzz_copy(call->data, call->data_bytes);
    request->before = fuzz_copy(call->data, call->data_bytes);
    request->call.reply_bytes = call->data_bytes;
    request->call.hop_limit_0 = false;
    request->options = fuzz_copy(call->options, call->options_bytes);
    uint8_t *passing_data =
        fuzz_copy(call->data, call->data_bytes); /* which may go when the call has returned */
    uint8_t *passing_options = fuzz_copy(call->options, call->options_bytes);
    request->call.data = passing_data;
    request->call.options = passing_options;
    submit(request, batch);
    free(passing_data);
    free(passing_options);
    request->call.data = request->reply;
    request->call.options = request->options;

cleanup_batch:
    if (batch != NULL) {
        batch_release(batch);
    }
}

void program_collect(void)
{
    struct batch *batch = own_batch();
    if (batch == NULL) {
        return;
    }
    size_t expected_number = 0;
    size_t count;
    uint32_t error = batch_collect(batch, 0, BATCH_PROBES, told_in_batch, &expected_number, &count);
    fuzz_require(count == expected_number && (error == 0) == (count > 0));
    fuzz_require(error == 0 || error == WAIT_TIMEOUT || (error == ERROR_NO_MORE_ITEMS && batch_probes == 0));
    batch_release(batch);
}

static void collector_main(void *argument)
{
    struct batch *batch = argument;
    uint32_t error;
    do {
        size_t expected_number = 0;
        size_t count;
        error = batch_collect(batch, OS_NEVER, 3, told_in_batch, &expected_number, &count);
        fuzz_require(count == expected_number && count <= 3 && (error == 0) == (count > 0));
    } while (error == 0);
    fuzz_require(error == ERROR_NO_MORE_ITEMS || error == ERROR_OPERATION_ABORTED);
    batch_release(batch);
}

void program_start_collector(void)
{
    if (collector_count == COLLECTORS_MAX) {
        return;
    }
    collector_count++;
    struct batch *batch = own_batch();
    if (batch != NULL) {
        os_fibers_start(collector_main, batch);
    }
}

void program_cancel(size_t number)
{
    struct batch *batch = own_batch();
    if (batch == NULL) {
        return;
    }
    uint64_t context = number;
    size_t out = 0;
    for (size_t i = 0; i < request_count; i++) {
        struct program_request *request = &requests[i];
        if (request->manner == IN_BATCH && request->accepted && !request->over && !request->deaf &&
            (number == 0 || i == number)) {
            request->cancelled = true;
            out++;
        }
    }
    fuzz_require(batch_cancel(batch, number == 0 ? NULL : &context) <= out);
    batch_release(batch);
}

void program_close_batch(void)
{
    if (batch_handle == 0) {
        return;
    }
    fuzz_require(batch_close(batch_handle) == 0);
    fuzz_require(batch_close(batch_handle) == ERROR_INVALID_HANDLE);
    /* Until here a thread may have collected. */
    for (size_t i = 0; i < request_count; i++) {
        struct program_request *request = &requests[i];
        if (request->manner == IN_BATCH && request->accepted && !request->over) {
            request->deaf = true;
        }
    }
    batch_handle = 0;
    batch_probes = 0;
}

const struct fake_sent *program_sent(size_t number)
{
    return request_count > 0 ? requests[number % request_count].sent : NULL;
}

void program_packet(const struct transport_packet *packet)
{
    const struct transport_packet *kept = outcome_packet(packet);
    if (kept != NULL) {
        fake_network_deliver_packet(kept);
    }
}

/* ---- What must hold whenever everybody waits ---- */

static void check_engine(struct engine *engine)
{
    const struct deadline_heap *heap = &engine->deadlines;
    os_lock_acquire(&echo_lock);
    fuzz_require(engine->pending.count == heap->count && engine->relying <= heap->count);
    for (size_t i = 0; i < heap->count; i++) {
        const struct request *request = request_of_deadline(heap->items[i]);
        fuzz_require(heap->items[i]->position == i + 1);
        fuzz_require(i == 0 || heap->items[(i - 1) / 2]->due_ns <= heap->items[i]->due_ns);
        fuzz_require(pending_find(engine, pending_key(request)) == request);
        fuzz_require(request->state == REQUEST_OUTSTANDING);
    }
    os_lock_release(&echo_lock);
}

static void check_requests(bool main_has_waited_alertably)
{
    for (size_t i = 0; i < request_count; i++) {
        const struct program_request *request = &requests[i];
        if (request->accepted && !request->over && !request->deaf &&
            ((request->manner != BY_ROUTINE && request->manner != IN_BATCH) || main_has_waited_alertably)) {
            fuzz_require(outcome_may_wait(request));
        }
    }
    if (session != NULL) {
        check_engine(session);
    }
}

void program_settle(void)
{
    os_fibers_settle();
    outcome_settled();
    check_requests(false);
}

void program_wait_alertably(void)
{
    os_fibers_settle();
    outcome_settled();
    wait_alertably(0);
    program_collect();
    check_requests(true);
}

/* ---- Beginning and end ---- */

void program_open(void)
{
    if (session == NULL && engine_acquire(&session) != 0) {
        fuzz_require(os_fibers_failed_calls() > 0);
        session = NULL;
    }
}

void program_close(void)
{
    if (session != NULL) {
        engine_release(session);
        session = NULL;
    }
}

/* Every second identifier is another program's. */
static bool on_claim(uint16_t identifier)
{
    (void)identifier;
    refuse_claim = !refuse_claim;
    return refuse_claim;
}

void program_begin(const struct program_settings *settings)
{
    outcome_begin(settings->rewrite_identifiers);
    refuse_claim = false;
    next_send_result = 0;
    os_fibers_begin();
    os_fibers_on_thread_end(on_thread_end);
    fake_network_reset();
    fake_network_hook((struct fake_network_hooks){.send = on_send, .identifier_claim = on_claim});
    fake_network_rewrite_identifiers(settings->rewrite_identifiers);
    fake_network_single_packets(settings->single_packets);
    fake_network_provide_exchange(settings->provide_exchange);
    fake_network_want_claims(settings->want_claims);
    fake_network_allow_own_identifiers(settings->own_identifiers);
    program_open();
}

/* Lets so much time pass that every request is over, and looks at each. */
static void finish_requests(void)
{
    program_wait_alertably();
    os_fibers_advance_clock(AGES_NS);
    program_wait_alertably();
    for (size_t i = 0; i < request_count; i++) {
        struct program_request *request = &requests[i];
        fuzz_require(request->over || request->deaf || !request->accepted);
        if (request->event != 0) {
            os_handle_close(request->event);
        }
        free(request->reply);
        free(request->before);
        free(request->options);
    }
    request_count = 0;
    collector_count = 0;
}

void program_end(void)
{
    os_fibers_interleave(0);
    os_fibers_fail_call(0);
    finish_requests();
    program_close_batch();
    program_close();
    outcome_end();
    for (int parked = 0; parked <= 1; parked++) {
        os_fibers_advance_clock(WORKER_ENDS_NS);
        os_fibers_settle();
    }
    os_fibers_end();
    apc_abandon();
    batch_abandon();
    round_trip_abandon();
    fuzz_require(fake_network_opened() == fake_network_closed());
    fuzz_require(os_fibers_allocations() == 0);
    fuzz_require(os_fibers_handles() == 0);
    /* Without memory for the thread that would release it, the DLL stays loaded. */
    fuzz_require(os_fibers_module_references() <= os_fibers_failed_calls());
    fake_network_reset();
}
