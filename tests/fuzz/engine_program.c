/*
 * The requests of a program, and what the engine owes it.
 *
 * What a packet says is taken from candidate.h, which has a target of its own; whether it may end a request, and what the
 * reply buffer must look like then, is worked out here once more.
 */
#include "fuzz/engine_program.h"

#include "echo/apc.h"
#include "echo/asynchronous.h"
#include "echo/candidate.h"
#include "echo/pending.h"
#include "echo/synchronous.h"
#include "fuzz/engine_reply.h"
#include "fuzz/fuzz.h"
#include "fuzz/os_fibers.h"
#include "wire/ipv4_options.h"

/* A reply that came in time counts, even if it is read so much later. */
#define OVERDUE_NS (10 * OS_NS_PER_MS)
/* Longer than any time-out. */
#define AGES_NS (UINT64_C(0x200000000) * OS_NS_PER_MS)
/* After that a worker that nobody needs has parked, or ended if it had parked before. */
#define WORKER_ENDS_NS (5000 * OS_NS_PER_MS)

struct program_request {
    enum manner manner;
    struct echo_call call;
    uint8_t *reply;  /* exactly as long as the call says; freed as soon as the program is told */
    uint8_t *before; /* what was in it before */
    uint8_t *data;   /* until the call has returned, unless they are in the reply buffer; likewise: */
    uint8_t *options;
    os_handle event;

    bool accepted; /* the engine owes an outcome */
    bool over;     /* and the program has been told */
    bool deaf;     /* nobody is there to be told */
    bool to_many;  /* anybody may answer */
    const struct fake_sent *sent;
    size_t packets_before; /* how many had come when it was sent */
    uint64_t begun_ns;     /* before it was sent */
    uint64_t sent_ns;
    uint32_t send_result;
};

static struct engine *session;
static struct program_request requests[REQUESTS_MAX];
static size_t request_count;
static struct transport_packet packets[PACKETS_MAX]; /* all that came; received_ns: when they did */
static size_t packet_count;
static uint32_t next_send_result;
static bool refuse_claim; /* the next one */
static size_t routines_run;
static struct program_settings settings;

/* ---- Which packet answers which request ---- */

/* A scope counts only if both have one. */
static bool is_same(const struct ip_address *one, const struct ip_address *other)
{
    return one->family == other->family && memcmp(one->bytes, other->bytes, sizeof(one->bytes)) == 0 &&
           (one->scope_id == 0 || other->scope_id == 0 || one->scope_id == other->scope_id);
}

static bool answers(const struct candidate *candidate, const struct program_request *request)
{
    const struct ip_address *destination = &request->call.destination;
    if (request->sent == NULL || candidate->sequence != request->sent->sequence ||
        (candidate->identifier != request->sent->identifier && !settings.rewrite_identifiers) ||
        candidate->answer.responder.family != destination->family) {
        return false;
    }
    if (!candidate->is_error) {
        return is_same(&candidate->answer.responder, destination) || request->to_many;
    }
    bool source_route =
        ipv4_options_have_source_route(request->sent->message.options, request->sent->message.options_bytes);
    return is_same(&candidate->destination, destination) || (candidate->source_route && source_route);
}

/* ---- Outcomes ---- */

static struct reply_buffer buffer_of(const struct program_request *request)
{
    return (struct reply_buffer){request->call.destination.family, request->reply, request->before,
                                 request->call.reply_bytes};
}

static bool any(const struct echo_answer *answer, const struct program_request *request)
{
    (void)answer;
    (void)request;
    return true;
}

static bool shown(const struct echo_answer *answer, const struct program_request *request)
{
    struct reply_buffer buffer = buffer_of(request);
    uint64_t age_ms = (os_now_ns() - request->begun_ns) / OS_NS_PER_MS;
    return reply_has_room(&buffer, answer) &&
           reply_shows(&buffer, answer, age_ms, request->manner == SYNCHRONOUS ? 0 : 1);
}

static bool too_much(const struct echo_answer *answer, const struct program_request *request)
{
    struct reply_buffer buffer = buffer_of(request);
    return !reply_has_room(&buffer, answer);
}

static bool is_untouched(const struct program_request *request)
{
    struct reply_buffer buffer = buffer_of(request);
    return reply_is_untouched(&buffer);
}

static bool is_failure(const struct program_request *request, uint32_t status)
{
    struct reply_buffer buffer = buffer_of(request);
    return reply_is_failure(&buffer, status);
}

/* When its time is up, at the latest. */
static uint64_t deadline_ns(const struct program_request *request)
{
    return request->sent_ns + call_timeout_ns(&request->call);
}

/* Whether, from the packet of that number on, one came before `until_ns` that answers the request, and whose answer is
 * `such`. */
static bool came(const struct program_request *request, size_t from, uint64_t until_ns,
                 bool (*such)(const struct echo_answer *answer, const struct program_request *request))
{
    struct candidate candidate;
    for (size_t i = from; i < packet_count && packets[i].received_ns < until_ns; i++) {
        if (candidate_read(&packets[i], &candidate) && answers(&candidate, request) &&
            such(&candidate.answer, request)) {
            return true;
        }
    }
    return false;
}

/* Whether there was a reason to give the program this IP_STATUS instead of an answer. */
static bool is_owed_failure(const struct program_request *request, uint32_t status)
{
    switch (status) {
    case IP_REQ_TIMED_OUT:
        return os_now_ns() - request->begun_ns >= call_timeout_ns(&request->call) &&
               (os_now_ns() >= deadline_ns(request) + OVERDUE_NS ||
                !came(request, request->packets_before, deadline_ns(request), any));
    case IP_NO_RESOURCES:
        return os_fibers_failed_calls() > 0;
    case IP_GENERAL_FAILURE:
        return status == request->send_result || request->call.hop_limit_0 ||
               came(request, 0, OS_NEVER, too_much);
    default:
        return status == request->send_result;
    }
}

/* The program is told: by the engine, this once. */
static void told(struct program_request *request)
{
    fuzz_require(request->accepted && !request->over && !request->deaf);
    request->over = true;
    struct reply_buffer buffer = buffer_of(request);
    uint32_t status = reply_status(&buffer);
    /* What was not sent yet can be answered by chance: it has a key already, which nobody knows here. */
    fuzz_require((request->sent == NULL && !request->call.hop_limit_0) || came(request, 0, OS_NEVER, shown) ||
                 (is_owed_failure(request, status) && reply_is_failure(&buffer, status)));
    free(request->reply);
    request->reply = NULL;
}

static void told_by_event(void *context)
{
    told(context);
}

static void told_by_routine(void *context, struct echo_io_status *io_status, uint32_t reserved)
{
    fuzz_require(reserved == 0 &&
                 io_status->information <= ((struct program_request *)context)->call.reply_bytes);
    told(context);
    routines_run++;
    os_fibers_alertable_wait(0); /* others that are ready run inside this one */
}

/* What is wrong with the call itself, as an IP_STATUS. */
static uint32_t fault_of(const struct echo_call *call)
{
    switch (ipv4_options_check(call->options, call->options_bytes)) {
    case IPV4_OPTIONS_TOO_BIG:
        return IP_OPTION_TOO_BIG;
    case IPV4_OPTIONS_MALFORMED:
        return IP_BAD_OPTION;
    default:
        return IP_SUCCESS;
    }
}

static void refused(struct program_request *request, uint32_t error)
{
    fuzz_require((error == ERROR_NOT_ENOUGH_MEMORY && os_fibers_failed_calls() > 0) ||
                 (error != 0 && error == request->send_result));
    fuzz_require(!request->over && is_untouched(request));
    request->accepted = false;
}

/* ---- Making requests, each on its thread ---- */

static void call_asynchronous(struct program_request *request, struct engine *engine)
{
    struct notification wanted = {.event = request->event, .routine = told_by_routine, .context = request};
    uint32_t fault = fault_of(&request->call);
    uint32_t error = echo_asynchronous(engine, &request->call, &wanted);
    if (fault != IP_SUCCESS) {
        fuzz_require(error == fault && is_untouched(request));
        request->accepted = false;
    } else if (error != ERROR_IO_PENDING) {
        refused(request, error);
    }
}

static void call_synchronous(struct program_request *request, struct engine *engine)
{
    uint32_t fault = fault_of(&request->call);
    uint32_t error;
    uint32_t replies = echo_synchronous(engine, &request->call, &error);
    fuzz_require(replies == (error == 0 ? 1 : 0));
    if (fault != IP_SUCCESS) {
        fuzz_require(error == fault && is_failure(request, fault));
        request->accepted = false;
    } else if (error == 0) {
        fuzz_require(came(request, 0, OS_NEVER, shown));
        told(request);
    } else if (error < IP_STATUS_BASE) {
        refused(request, error);
    } else {
        fuzz_require(is_failure(request, error));
        told(request);
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
    request->packets_before = packet_count;
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
    if (packet_count < PACKETS_MAX) {
        struct transport_packet *kept = &packets[packet_count++];
        *kept = *packet;
        kept->received_ns = os_now_ns();
        kept->bytes = fuzz_copy(packet->bytes, packet->length_bytes);
        kept->options = fuzz_copy(packet->options, packet->options_bytes);
        fake_network_deliver_packet(kept);
    }
}

static void forget_packets(void)
{
    while (packet_count > 0) {
        packet_count--;
        free((void *)(uintptr_t)packets[packet_count].bytes);
        free((void *)(uintptr_t)packets[packet_count].options);
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

/* Whoever has not been told has no answer, and time left. */
static void check_patience(const struct program_request *request)
{
    fuzz_require(request->sent != NULL);
    fuzz_require(os_now_ns() < deadline_ns(request));
    fuzz_require(!came(request, request->packets_before, OS_NEVER, any));
    fuzz_require(is_untouched(request));
}

static void check_requests(bool main_has_waited_alertably)
{
    for (size_t i = 0; i < request_count; i++) {
        const struct program_request *request = &requests[i];
        if (request->accepted && !request->over && !request->deaf &&
            (request->manner != BY_ROUTINE || main_has_waited_alertably)) {
            check_patience(request);
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

void program_begin(const struct program_settings *wanted)
{
    settings = *wanted;
    refuse_claim = false;
    next_send_result = 0;
    os_fibers_begin();
    os_fibers_on_thread_end(on_thread_end);
    fake_network_reset();
    fake_network_hook((struct fake_network_hooks){.send = on_send, .identifier_claim = on_claim});
    fake_network_rewrite_identifiers(settings.rewrite_identifiers);
    fake_network_single_packets(settings.single_packets);
    fake_network_provide_exchange(settings.provide_exchange);
    fake_network_want_claims(settings.want_claims);
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
    forget_packets();
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
