/*
 * The requests of a program: makes each on the thread that it is for, and hears of its outcome.
 */
#include "fuzz/engine_program.h"

#include "echo/apc.h"
#include "echo/asynchronous.h"
#include "echo/pending.h"
#include "echo/synchronous.h"
#include "fuzz/fuzz.h"
#include "fuzz/os_fibers.h"

/* Longer than any time-out. */
#define AGES_NS (UINT64_C(0x200000000) * OS_NS_PER_MS)
/* After that a worker that nobody needs has parked, or ended if it had parked before. */
#define WORKER_ENDS_NS (5000 * OS_NS_PER_MS)

static struct engine *session;
static struct program_request requests[REQUESTS_MAX];
static size_t request_count;
static uint32_t next_send_result;
static bool refuse_claim; /* the next one */
static size_t routines_run;

/* ---- Outcomes ---- */

/* The program is told: by the engine, this once. */
static void told(struct program_request *request, uint32_t replies)
{
    fuzz_require(request->accepted && !request->over && !request->deaf);
    request->over = true;
    fuzz_require(outcome_is_owed(request, replies));
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

static void refused(struct program_request *request, uint32_t error)
{
    fuzz_require((error == ERROR_NOT_ENOUGH_MEMORY && os_fibers_failed_calls() > 0) ||
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
        /* The engine may have found the thread alive a moment ago: only if nobody was kept from going on since then is it
         * certain that it does not write any more. */
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
            (request->manner != BY_ROUTINE || main_has_waited_alertably)) {
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
    check_requests(false);
}

void program_wait_alertably(void)
{
    os_fibers_settle();
    wait_alertably(0);
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
    }
    request_count = 0;
}

void program_end(void)
{
    os_fibers_interleave(0);
    os_fibers_fail_call(0);
    finish_requests();
    program_close();
    outcome_end();
    for (int parked = 0; parked <= 1; parked++) {
        os_fibers_advance_clock(WORKER_ENDS_NS);
        os_fibers_settle();
    }
    os_fibers_end();
    apc_abandon();
    fuzz_require(fake_network_opened() == fake_network_closed());
    fuzz_require(os_fibers_allocations() == 0);
    fuzz_require(os_fibers_handles() == 0);
    /* Without memory for the thread that would release it, the DLL stays loaded. */
    fuzz_require(os_fibers_module_references() <= os_fibers_failed_calls());
    fake_network_reset();
}
