/*
 * Engine, callers and clean-up for the tests of src/echo.
 */
#include "unit/support/echo_fixture.h"

#include "echo/apc.h"
#include "echo/batch.h"
#include "echo/round_trip.h"
#include "echo/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANARY 0xee

uint32_t address_be(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    const uint8_t bytes[4] = {a, b, c, d};
    uint32_t address;
    memcpy(&address, bytes, sizeof(address));
    return address;
}

struct ip_address address_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return ip_address_v4(address_be(a, b, c, d));
}

struct ip_address address_v6(uint8_t number)
{
    const uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = number};
    return ip_address_v6(bytes, 0);
}

/* What tests that failed have left behind is not this test's fault. */
static size_t allocations_before;

static size_t calls; /* that are under way on threads of their own; guarded by echo_lock */

/* Ends the calls that a test which failed has left, by letting their time pass. */
static void end_calls(void)
{
    size_t left = 1;
    for (int ms = 0; ms < 2000 && left > 0; ms++) {
        os_lock_acquire(&echo_lock);
        left = calls;
        os_lock_release(&echo_lock);
        if (left > 0) {
            os_posix_advance_clock(1000 * OS_NS_PER_MS);
            os_posix_pause();
        }
    }
    if (left > 0) {
        fprintf(stderr, "%zu calls do not end\n", left);
        abort(); /* no test would be safe from them */
    }
}

int fixture_set_up(void **state)
{
    (void)state;
    os_posix_reset();
    os_posix_on_thread_end(apc_thread_ends);
    fake_network_reset();
    allocations_before = os_posix_allocations();
    return 0;
}

int fixture_tear_down(void **state)
{
    (void)state;
    os_posix_on_lock(NULL);
    os_posix_fail_allocation(0);
    os_posix_fail_call(0);
    os_posix_fail_threads(false);
    os_posix_hold_threads(false);
    os_posix_thread_ends(); /* as far as routines are concerned */
    session_abandon();      /* the table of sessions stays when it is empty, */
    batch_abandon();        /* and so does that of batches */
    round_trip_abandon();
    if (!os_posix_join_threads()) {
        fprintf(stderr, "%zu threads did not end\n", os_posix_threads());
        abort(); /* no test would be safe from them */
    }
    bool clean = true;
    if (fake_network_opened() != fake_network_closed()) {
        fprintf(stderr, "%zu transports opened, %zu closed\n", fake_network_opened(), fake_network_closed());
        engine_abandon();
        clean = false;
    }
    if (os_posix_allocations() > allocations_before) {
        fprintf(stderr, "%zu allocations were not freed\n", os_posix_allocations() - allocations_before);
        clean = false;
    }
    if (os_posix_module_references() > 0) {
        fprintf(stderr, "%zu references keep the module\n", os_posix_module_references());
        clean = false;
    }
    if (os_posix_handles() > 0) {
        fprintf(stderr, "%zu handles were not closed\n", os_posix_handles());
        clean = false;
    }
    fake_network_reset();
    return clean ? 0 : -1;
}

int fixture_engine_set_up(void **state)
{
    fixture_set_up(state);
    struct engine *engine;
    if (engine_acquire(&engine) != 0) {
        return -1;
    }
    *state = engine;
    return 0;
}

int fixture_engine_tear_down(void **state)
{
    struct engine *engine = *state;
    end_calls();
    bool clean = true;
    if (engine_outstanding(engine) > 0) {
        fprintf(stderr, "%zu requests are left\n", engine_outstanding(engine));
        clean = false;
    }
    enum worker_state worker = engine_worker(engine);
    if ((worker == WORKER_NONE || worker == WORKER_PARKED) && !fake_network_idle()) {
        fprintf(stderr, "a receiver was not put to rest\n");
        clean = false;
    }
    engine_release(engine);
    return fixture_tear_down(state) == 0 && clean ? 0 : -1;
}

size_t engine_outstanding(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    size_t count = engine->pending.count;
    os_lock_release(&echo_lock);
    return count;
}

size_t engine_relying(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    size_t count = engine->relying;
    os_lock_release(&echo_lock);
    return count;
}

enum worker_state engine_worker(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    enum worker_state worker = engine->worker;
    os_lock_release(&echo_lock);
    return worker;
}

/* ---- Callers ---- */

void caller_set(struct caller *caller, struct engine *engine, struct ip_address destination, const char *text,
                uint32_t timeout_ms)
{
    memset(caller, 0, sizeof(*caller));
    memset(caller->reply.bytes, CANARY, sizeof(caller->reply.bytes));
    caller->engine = engine;
    caller->call.destination = destination;
    caller->call.data = text;
    caller->call.data_bytes = (uint16_t)strlen(text);
    caller->call.timeout_ms = timeout_ms;
}

static _Thread_local bool calling;

bool caller_is_this_thread(void)
{
    return calling;
}

void caller_run(struct caller *caller)
{
    calling = true;
    if (caller->call.reply == NULL) {
        caller->call.reply = caller->reply.bytes;
        caller->call.reply_bytes = sizeof(caller->reply.bytes);
    }
    uint64_t before_ns = os_now_ns();
    caller->replies = echo_synchronous(caller->engine, &caller->call, &caller->error);
    caller->took_ns = os_now_ns() - before_ns;
    calling = false;
    os_lock_acquire(&echo_lock); /* any lock would do for `done` */
    caller->done = true;
    os_lock_release(&echo_lock);
}

static void count_call(size_t change)
{
    os_lock_acquire(&echo_lock);
    calls += change;
    os_lock_release(&echo_lock);
}

static void caller_main(void *argument)
{
    caller_run(argument);
    count_call((size_t)-1);
}

void caller_start(struct caller *caller)
{
    count_call(1);
    caller->thread = os_posix_thread_start(caller_main, caller);
}

bool caller_is_done(struct caller *caller)
{
    os_lock_acquire(&echo_lock);
    bool done = caller->done;
    os_lock_release(&echo_lock);
    return done;
}

void caller_join(struct caller *caller)
{
    os_posix_thread_join(caller->thread);
    caller->thread = NULL;
}

bool caller_has_own_reply(const struct caller *caller)
{
    const ICMP_ECHO_REPLY *reply = &caller->reply.header;
    return caller->replies == 1 && caller->error == 0 && reply->Status == IP_SUCCESS &&
           reply->Address == ip_address_to_v4(&caller->call.destination) &&
           reply->DataSize == caller->call.data_bytes &&
           (reply->DataSize == 0 || memcmp(reply->Data, caller->call.data, reply->DataSize) == 0);
}

bool caller_reply_untouched(const struct caller *caller, size_t offset)
{
    for (size_t i = offset; i < sizeof(caller->reply.bytes); i++) {
        if (caller->reply.bytes[i] != CANARY) {
            return false;
        }
    }
    return true;
}

bool worker_is_idle(size_t receiver)
{
    /* In this order: a thread that has taken the last packet waits again only when it has dealt with it. */
    return fake_network_unread() == 0 && fake_network_waits_until(receiver) > os_now_ns();
}

/* ---- Asynchronous calls ---- */

void submission_set(struct submission *submission, struct engine *engine, struct ip_address destination,
                    const char *text, uint32_t timeout_ms)
{
    memset(submission, 0, sizeof(*submission));
    memset(submission->reply.bytes, CANARY, sizeof(submission->reply.bytes));
    submission->engine = engine;
    submission->call = (struct echo_call){
        .destination = destination,
        .data = text,
        .data_bytes = (uint16_t)strlen(text),
        .timeout_ms = timeout_ms,
    };
}

void submission_set_event(struct submission *submission)
{
    submission->wanted.event = os_posix_open_event(false);
}

uint32_t submission_submit(struct submission *submission)
{
    if (submission->call.reply == NULL) {
        submission->call.reply = submission->reply.bytes;
        submission->call.reply_bytes = sizeof(submission->reply.bytes);
    }
    return echo_asynchronous(submission->engine, &submission->call, &submission->wanted);
}

size_t submission_start(struct submission *submission)
{
    uint32_t error = submission_submit(submission);
    if (error != ERROR_IO_PENDING) {
        fprintf(stderr, "a call is refused with error %u\n", error);
        abort();
    }
    return fake_network_sent_count();
}

size_t submission_told(const struct submission *submission)
{
    return os_posix_event_sets(submission->wanted.event);
}

bool submission_has_own_reply(const struct submission *submission)
{
    const ICMP_ECHO_REPLY *reply = &submission->reply.header;
    return reply->Status == IP_SUCCESS && reply->Reserved == 1 &&
           reply->Address == ip_address_to_v4(&submission->call.destination) &&
           reply->DataSize == submission->call.data_bytes &&
           (reply->DataSize == 0 || memcmp(reply->Data, submission->call.data, reply->DataSize) == 0);
}

static bool submission_untouched_from(const struct submission *submission, size_t offset)
{
    for (size_t i = offset; i < sizeof(submission->reply.bytes); i++) {
        if (submission->reply.bytes[i] != CANARY) {
            return false;
        }
    }
    return true;
}

bool submission_has_failed(const struct submission *submission, uint32_t status)
{
    const ICMP_ECHO_REPLY expected = {.Status = status};
    return memcmp(submission->reply.bytes, &expected, sizeof(expected)) == 0 &&
           submission_untouched_from(submission, sizeof(expected));
}

bool submission_untouched(const struct submission *submission)
{
    return submission_untouched_from(submission, 0);
}
