/*
 * What echo/apc.h promises to programs that ask for routines: each runs once, on the thread that asked, in the order of
 * completion; and what becomes of them when that thread ends.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "echo/apc.h"
#include "echo/session.h"
#include "unit/support/echo_fixture.h"

#define TIMEOUT_MS              60000
#define TEXT                    "the payload of this very request"

#define STATUS_UNSUCCESSFUL     ((int32_t)0xC0000001)
#define STATUS_ACCESS_VIOLATION ((int32_t)0xC0000005)

/* The worker's receiver. */
#define WORKER    0

#define ASKED_MAX 10

/* A request, and what was seen when its routine ran. */
struct asked {
    struct submission submission;
    size_t number; /* of its message */

    size_t runs;
    size_t order; /* as the nth routine that began, from 1 */
    size_t depth; /* of routines that were running already */
    bool complete;
    int32_t status;
    uintptr_t information;
    uint32_t thread_id;
    void (*then)(struct asked *asked); /* more for the routine to do */
};

static struct asked asked[ASKED_MAX];
static size_t begun;
static size_t running;

static const struct fake_network_hooks silent_hooks = {.send = fake_network_silence};

static void routine(void *context, struct echo_io_status *io_status, uint32_t reserved)
{
    struct asked *own = context;
    own->runs++;
    own->order = ++begun;
    own->depth = running++;
    own->complete = reserved == 0 && submission_has_own_reply(&own->submission);
    own->status = io_status->result.status;
    own->information = io_status->information;
    own->thread_id = os_thread_id();
    if (own->then != NULL) {
        own->then(own);
    }
    running--;
}

static void ask(struct engine *engine, size_t index, uint32_t timeout_ms)
{
    struct asked *own = &asked[index];
    void (*then)(struct asked *) = own->then;
    *own = (struct asked){.then = then};
    submission_set(&own->submission, engine, address_v4(192, 0, 2, (uint8_t)(index + 1)), TEXT, timeout_ms);
    own->submission.wanted.routine = routine;
    own->submission.wanted.context = own;
    own->number = submission_start(&own->submission);
}

static void answer(size_t index)
{
    fake_network_echo(fake_network_sent(asked[index].number));
}

/* What is to be told has been told to the threads. */
static bool is_quiet(struct engine *engine)
{
    return worker_is_idle(WORKER) || engine_worker(engine) == WORKER_PARKED;
}

static int plain_set_up(void **state)
{
    memset(asked, 0, sizeof(asked));
    begun = 0;
    running = 0;
    return fixture_set_up(state);
}

static int set_up(void **state)
{
    memset(asked, 0, sizeof(asked));
    begun = 0;
    running = 0;
    int result = fixture_engine_set_up(state);
    fake_network_hook(silent_hooks);
    os_posix_stop_clock();
    return result;
}

static struct gate on_its_way; /* an APC that is held up before the queue */

static int tear_down(void **state)
{
    gate_open(&on_its_way);
    while (os_posix_alertable_wait(0) > 0) {
    }
    return fixture_engine_tear_down(state);
}

static void assert_ran(size_t index, size_t order)
{
    assert_int_equal(asked[index].runs, 1);
    assert_int_equal(asked[index].order, order);
    assert_true(asked[index].complete);
    assert_int_equal(asked[index].status, 0);
    assert_int_equal(asked[index].information, sizeof(ICMP_ECHO_REPLY) + strlen(TEXT));
}

/* ---- Routines on a thread that waits alertably ---- */

static void test_a_routine_runs_once_on_its_thread_when_that_waits_alertably(void **state)
{
    ask(*state, 0, TIMEOUT_MS);
    assert_int_equal(os_posix_alertable_wait(0), 0);
    assert_int_equal(os_posix_module_references(), 1);
    answer(0);
    answer(0);
    assert_soon(os_posix_apcs_queued() == 1);
    assert_soon(is_quiet(*state));
    assert_int_equal(asked[0].runs, 0);
    assert_int_equal(os_posix_alertable_wait(0), 2); /* with the one that releases the module */
    assert_ran(0, 1);
    assert_int_equal(asked[0].thread_id, os_thread_id());
    assert_int_equal(os_posix_module_references(), 0);
    assert_int_equal(os_posix_alertable_wait(0), 0);
    assert_int_equal(os_posix_apcs_queued(), 1);
}

static void test_a_time_out_is_told_with_success_and_a_failure_to_send_without(void **state)
{
    ask(*state, 0, 10);
    os_posix_advance_clock(10 * OS_NS_PER_MS);
    assert_soon(os_posix_apcs_queued() == 1);
    os_posix_alertable_wait(0);
    assert_int_equal(asked[0].runs, 1);
    assert_int_equal(asked[0].status, 0);
    assert_int_equal(asked[0].information, sizeof(ICMP_ECHO_REPLY));
    assert_true(submission_has_failed(&asked[0].submission, IP_REQ_TIMED_OUT));
}

static uint32_t fail_to_send(const struct fake_sent *sent)
{
    (void)sent;
    return IP_DEST_HOST_UNREACHABLE;
}

static void test_a_send_that_fails_is_told_by_a_routine(void **state)
{
    fake_network_hook((struct fake_network_hooks){.send = fail_to_send});
    ask(*state, 0, TIMEOUT_MS);
    assert_soon(os_posix_apcs_queued() == 1);
    os_posix_alertable_wait(0);
    assert_int_equal(asked[0].runs, 1);
    assert_int_equal(asked[0].status, STATUS_UNSUCCESSFUL);
    assert_int_equal(asked[0].information, sizeof(ICMP_ECHO_REPLY));
    assert_true(submission_has_failed(&asked[0].submission, IP_DEST_HOST_UNREACHABLE));
}

static uint32_t refuse_to_send(const struct fake_sent *sent)
{
    (void)sent;
    return ERROR_NETWORK_UNREACHABLE;
}

static void test_a_refusal_runs_no_routine_and_keeps_nothing(void **state)
{
    struct submission submission;

    fake_network_hook((struct fake_network_hooks){.send = refuse_to_send});
    submission_set(&submission, *state, HOST, TEXT, TIMEOUT_MS);
    submission.wanted.routine = routine;
    submission.wanted.context = &asked[0];
    assert_int_equal(submission_submit(&submission), ERROR_NETWORK_UNREACHABLE);
    assert_soon(is_quiet(*state));
    assert_int_equal(os_posix_module_references(), 0);
    assert_int_equal(os_posix_alertable_wait(0), 0);
    assert_int_equal(asked[0].runs, 0);
}

static void test_with_event_and_routine_only_the_event_counts(void **state)
{
    struct submission submission;

    submission_set(&submission, *state, HOST, TEXT, TIMEOUT_MS);
    submission_set_event(&submission);
    submission.wanted.routine = routine;
    submission.wanted.context = &asked[0];
    fake_network_echo(fake_network_sent(submission_start(&submission)));
    assert_soon(submission_told(&submission) == 1);
    assert_soon(is_quiet(*state));
    assert_int_equal(os_posix_alertable_wait(0), 0);
    assert_int_equal(asked[0].runs, 0);
    assert_int_equal(os_posix_module_references(), 0);
    os_posix_close(submission.wanted.event);
}

static void test_a_routine_whose_buffer_cannot_be_written_to_is_told_so(void **state)
{
    asked[0].submission.call.reply = NULL;
    submission_set(&asked[0].submission, *state, HOST, TEXT, TIMEOUT_MS);
    asked[0].submission.wanted.routine = routine;
    asked[0].submission.wanted.context = &asked[0];
    asked[0].submission.call.reply = os_posix_unwritable();
    asked[0].submission.call.reply_bytes = 1000;
    fake_network_echo(fake_network_sent(submission_start(&asked[0].submission)));
    assert_soon(os_posix_apcs_queued() == 1);
    os_posix_alertable_wait(0);
    assert_int_equal(asked[0].runs, 1);
    assert_int_equal(asked[0].status, STATUS_ACCESS_VIOLATION);
    assert_int_equal(asked[0].information, 0);
}

/* ---- Several ---- */

static void test_routines_run_in_the_order_of_completion(void **state)
{
    static const size_t completion[] = {3, 0, 4, 1, 2};

    for (size_t i = 0; i < 5; i++) {
        ask(*state, i, TIMEOUT_MS);
    }
    for (size_t i = 0; i < 5; i++) {
        answer(completion[i]);
        assert_soon(is_quiet(*state));
    }
    os_posix_alertable_wait(0);
    for (size_t i = 0; i < 5; i++) {
        assert_ran(completion[i], i + 1);
        assert_int_equal(asked[i].depth, 0);
    }
    assert_int_equal(os_posix_module_references(), 0);
}

static void test_however_many_routines_are_ready_one_apc_is_queued(void **state)
{
    for (size_t i = 0; i < ASKED_MAX; i++) {
        ask(*state, i, TIMEOUT_MS);
    }
    for (size_t i = 0; i < ASKED_MAX; i++) {
        answer(i);
        assert_soon(is_quiet(*state));
    }
    assert_int_equal(os_posix_apcs_queued(), 1);
    assert_int_equal(os_posix_module_references(), 1);
    assert_int_equal(os_posix_alertable_wait(0), 3); /* another for nested waits, and the module's */
    assert_int_equal(os_posix_apcs_queued(), 2);
    for (size_t i = 0; i < ASKED_MAX; i++) {
        assert_ran(i, i + 1);
    }
}

static uint32_t program_thread;

/* The worker, which has queued an APC, does nothing more before the thread has begun to run it. */
static void await_first_routine(void)
{
    if (os_thread_id() != program_thread && os_posix_apcs_queued() > 0) {
        gate_pass(&on_its_way);
    }
}

static void let_worker_go_on(struct asked *own)
{
    (void)own;
    gate_open(&on_its_way);
}

static void test_a_thread_that_waits_finds_all_that_complete_at_once_ready(void **state)
{
    on_its_way = (struct gate){0};
    program_thread = os_thread_id();
    asked[0].then = let_worker_go_on;
    for (size_t i = 0; i < 4; i++) {
        ask(*state, i, 50 + (uint32_t)i);
    }
    os_posix_on_lock(await_first_routine);
    os_posix_advance_clock(100 * OS_NS_PER_MS);
    assert_int_equal(os_posix_alertable_wait(10000), 3); /* another for nested waits, and the module's */
    os_posix_on_lock(NULL);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(asked[i].order, i + 1);
        assert_true(submission_has_failed(&asked[i].submission, IP_REQ_TIMED_OUT));
    }
    assert_int_equal(os_posix_apcs_queued(), 2);
}

static void wait_alertably(struct asked *own)
{
    (void)own;
    os_posix_alertable_wait(0);
    assert_int_equal(os_posix_module_references(), 1); /* this routine is still running */
}

static void test_while_a_routine_waits_alertably_the_others_run_inside_its_wait(void **state)
{
    asked[0].then = wait_alertably;
    for (size_t i = 0; i < 4; i++) {
        ask(*state, i, TIMEOUT_MS);
    }
    for (size_t i = 0; i < 4; i++) {
        answer(i);
        assert_soon(is_quiet(*state));
    }
    os_posix_alertable_wait(0);
    for (size_t i = 0; i < 4; i++) {
        assert_ran(i, i + 1);
        assert_int_equal(asked[i].depth, i == 0 ? 0 : 1);
    }
    assert_int_equal(os_posix_module_references(), 0);
}

static void test_waits_may_be_nested_as_deep_as_there_are_routines(void **state)
{
    for (size_t i = 0; i < ASKED_MAX; i++) {
        asked[i].then = wait_alertably;
        ask(*state, i, TIMEOUT_MS);
    }
    for (size_t i = 0; i < ASKED_MAX; i++) {
        answer(i);
        assert_soon(is_quiet(*state));
    }
    os_posix_alertable_wait(0);
    for (size_t i = 0; i < ASKED_MAX; i++) {
        assert_ran(i, i + 1);
        assert_int_equal(asked[i].depth, i);
    }
    assert_int_equal(os_posix_module_references(), 0);
}

static void test_an_apc_that_cannot_be_queued_is_made_up_for_by_the_next(void **state)
{
    ask(*state, 0, TIMEOUT_MS);
    ask(*state, 1, TIMEOUT_MS);
    os_posix_fail_apcs(true);
    answer(0);
    assert_soon(is_quiet(*state));
    assert_int_equal(os_posix_apcs_queued(), 0);
    os_posix_fail_apcs(false);
    answer(1);
    assert_soon(os_posix_apcs_queued() == 1);
    os_posix_alertable_wait(0);
    assert_ran(0, 1);
    assert_ran(1, 2);
    assert_int_equal(os_posix_module_references(), 0);
}

static void test_an_apc_that_cannot_be_queued_is_queued_when_the_worker_parks(void **state)
{
    os_posix_stop_clock();
    ask(*state, 0, TIMEOUT_MS);
    os_posix_fail_apcs(true);
    answer(0);
    assert_soon(is_quiet(*state));
    os_posix_fail_apcs(false);
    os_posix_advance_clock(1000 * OS_NS_PER_MS); /* long enough for the worker to park */
    assert_soon(os_posix_apcs_queued() == 1);
    os_posix_alertable_wait(0);
    assert_ran(0, 1);
    assert_int_equal(os_posix_module_references(), 0);
}

static void test_routines_of_which_the_second_apc_cannot_be_queued_all_run(void **state)
{
    for (size_t i = 0; i < 3; i++) {
        ask(*state, i, TIMEOUT_MS);
    }
    for (size_t i = 0; i < 3; i++) {
        answer(i);
        assert_soon(is_quiet(*state));
    }
    os_posix_fail_apcs(true);
    os_posix_alertable_wait(0);
    os_posix_fail_apcs(false);
    for (size_t i = 0; i < 3; i++) {
        assert_ran(i, i + 1);
    }
    assert_int_equal(os_posix_module_references(), 0);
}

/* ---- An APC on its way into the queue ---- */

static void wait_on_its_way(void)
{
    gate_pass(&on_its_way);
}

/* The second request completes while the first one's routine runs, and its APC is held up before the queue. */
static void have_second_on_its_way(struct asked *own)
{
    (void)own;
    answer(1);
    assert_soon(gate_waiting(&on_its_way) == 1);
}

static void start_with_second_on_its_way(struct engine *engine, void (*then)(struct asked *))
{
    gate_close(&on_its_way);
    asked[0].then = then;
    ask(engine, 0, TIMEOUT_MS);
    ask(engine, 1, TIMEOUT_MS);
    answer(0);
    assert_soon(os_posix_apcs_queued() == 1);
    os_posix_on_apc_queue(wait_on_its_way);
}

/* The APC that was held up finds the second routine, and afterwards nothing keeps the module. */
static void check_arrival(void)
{
    assert_ran(0, 1);
    assert_int_equal(asked[1].runs, 0);
    assert_int_equal(os_posix_module_references(), 1);
    gate_open(&on_its_way);
    assert_soon(os_posix_apcs_queued() == 2);
    assert_int_equal(os_posix_module_references(), 1);
    assert_int_equal(os_posix_alertable_wait(0), 2); /* with the one that releases the module */
    assert_ran(1, 2);
    assert_int_equal(asked[1].depth, 0);
    assert_int_equal(os_posix_module_references(), 0);
    assert_int_equal(os_posix_alertable_wait(0), 0);
}

static void test_a_routine_is_left_to_the_apc_that_is_on_its_way_for_it(void **state)
{
    start_with_second_on_its_way(*state, have_second_on_its_way);
    assert_int_equal(os_posix_alertable_wait(0), 1);
    check_arrival();
}

static void have_second_on_its_way_and_wait(struct asked *own)
{
    have_second_on_its_way(own);
    assert_int_equal(os_posix_alertable_wait(0), 0);
}

static void test_a_wait_inside_a_routine_leaves_it_to_the_apc_that_is_on_its_way_too(void **state)
{
    start_with_second_on_its_way(*state, have_second_on_its_way_and_wait);
    assert_int_equal(os_posix_alertable_wait(0), 1);
    check_arrival();
}

/* ---- Routines that do something ---- */

static struct engine *current_engine;

static void ask_again(struct asked *own)
{
    size_t index = (size_t)(own - asked);
    assert_int_equal(os_posix_module_references(), 1);
    if (index + 1 < ASKED_MAX) {
        asked[index + 1].then = ask_again;
        ask(current_engine, index + 1, TIMEOUT_MS);
    }
}

static void test_a_routine_may_send_the_next_request(void **state)
{
    current_engine = *state;
    fake_network_hook((struct fake_network_hooks){0});
    asked[0].then = ask_again;
    ask(*state, 0, TIMEOUT_MS);
    for (int ms = 0; ms < 5000 && asked[ASKED_MAX - 1].runs == 0; ms++) {
        os_posix_alertable_wait(1);
    }
    for (size_t i = 0; i < ASKED_MAX; i++) {
        assert_ran(i, i + 1);
    }
    os_posix_alertable_wait(0);
    assert_int_equal(os_posix_module_references(), 0);
}

static void be_refused(struct asked *own)
{
    struct submission submission;
    submission_set(&submission, own->submission.engine, HOST, TEXT, TIMEOUT_MS);
    submission.wanted.routine = routine;
    fake_network_hook((struct fake_network_hooks){.send = refuse_to_send});
    assert_int_equal(submission_submit(&submission), ERROR_NETWORK_UNREACHABLE);
    assert_int_equal(os_posix_module_references(), 1);
}

static void test_a_refusal_inside_a_routine_does_not_release_the_module(void **state)
{
    asked[0].then = be_refused;
    ask(*state, 0, TIMEOUT_MS);
    answer(0);
    assert_soon(os_posix_apcs_queued() == 1);
    os_posix_alertable_wait(0);
    assert_ran(0, 1);
    assert_int_equal(os_posix_module_references(), 0);
}

static os_handle session;

static void close_session(struct asked *own)
{
    (void)own;
    assert_int_equal(session_close(session), 0);
}

static void test_a_routine_may_close_the_last_session(void **state)
{
    struct engine *engine;

    (void)state;
    fake_network_hook(silent_hooks);
    assert_int_equal(session_open(IP_FAMILY_V4, &session), 0);
    assert_int_equal(session_acquire(session, IP_FAMILY_V4, &engine), 0);
    asked[0].then = close_session;
    ask(engine, 0, TIMEOUT_MS);
    engine_release(engine);
    answer(0);
    assert_soon(os_posix_apcs_queued() == 1);
    assert_int_equal(fake_network_closed(), 0);
    os_posix_alertable_wait(0);
    assert_ran(0, 1);
    assert_true(os_posix_join_threads());
    assert_int_equal(fake_network_closed(), 1);
    assert_int_equal(os_posix_module_references(), 0);
}

static void test_a_routine_that_waits_keeps_the_engine_of_a_closed_session(void **state)
{
    struct engine *engine;

    (void)state;
    fake_network_hook(silent_hooks);
    assert_int_equal(session_open(IP_FAMILY_V4, &session), 0);
    assert_int_equal(session_acquire(session, IP_FAMILY_V4, &engine), 0);
    ask(engine, 0, TIMEOUT_MS);
    engine_release(engine);
    assert_int_equal(session_close(session), 0);
    answer(0);
    assert_soon(os_posix_apcs_queued() == 1);
    os_posix_alertable_wait(0);
    assert_ran(0, 1);
    assert_true(os_posix_join_threads());
    assert_int_equal(fake_network_closed(), 1);
}

/* ---- Threads ---- */

/* What a thread of a test does: asks, and does something when the test lets it. */
struct asker {
    struct engine *engine;
    size_t first; /* of `asked` */
    size_t count;
    struct gate asked;
    struct gate go;
    void (*end)(void); /* NULL: returns */
    bool waits;        /* alertably, before it ends */
    uint32_t thread_id;
};

static void asker_main(void *argument)
{
    struct asker *asker = argument;
    asker->thread_id = os_thread_id();
    for (size_t i = 0; i < asker->count; i++) {
        ask(asker->engine, asker->first + i, TIMEOUT_MS);
    }
    gate_open(&asker->asked);
    gate_pass(&asker->go);
    if (asker->waits) {
        os_posix_alertable_wait(5000);
    }
    if (asker->end != NULL) {
        asker->end();
    }
}

static struct os_posix_thread *start_asker(struct asker *asker)
{
    struct os_posix_thread *thread = os_posix_thread_start(asker_main, asker);
    gate_pass(&asker->asked);
    return thread;
}

static void terminate(void)
{
    os_posix_thread_terminate();
}

static void test_each_thread_runs_its_own_routines(void **state)
{
    struct asker first = {.engine = *state, .first = 0, .count = 2, .waits = true};
    struct asker second = {.engine = *state, .first = 2, .count = 2, .waits = true};
    struct os_posix_thread *threads[] = {start_asker(&first), start_asker(&second)};

    assert_int_equal(os_posix_module_references(), 2);
    for (size_t i = 0; i < 4; i++) {
        answer(3 - i);
        assert_soon(is_quiet(*state));
    }
    assert_int_equal(os_posix_apcs_queued(), 2);
    gate_open(&first.go);
    os_posix_thread_join(threads[0]);
    gate_open(&second.go);
    os_posix_thread_join(threads[1]);
    assert_ran(1, 1);
    assert_ran(0, 2);
    assert_ran(3, 3);
    assert_ran(2, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(asked[i].thread_id, i < 2 ? first.thread_id : second.thread_id);
    }
    assert_int_equal(os_posix_module_references(), 0);
    assert_int_equal(os_posix_handles(), 0);
}

/* A thread asks, some requests are answered, it ends, and then the others are. */
static void check_end(struct engine *engine, void (*end)(void), size_t answered)
{
    struct asker asker = {.engine = engine, .count = 4, .end = end};
    struct os_posix_thread *thread = start_asker(&asker);

    for (size_t i = 0; i < answered; i++) {
        answer(i);
        assert_soon(is_quiet(engine));
    }
    gate_open(&asker.go);
    os_posix_thread_join(thread);
    for (size_t i = answered; i < 4; i++) {
        assert_int_equal(os_posix_module_references(), 1);
        answer(i);
        assert_soon(is_quiet(engine));
    }
    assert_int_equal(engine_outstanding(engine), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(asked[i].runs, 0);
    }
}

/* Nothing reminds of the thread. */
static void assert_forgotten(void)
{
    assert_soon(os_posix_module_references() == 0);
    assert_soon(os_posix_handles() == 0);
}

static void test_of_a_thread_that_ends_with_routines_ready_nothing_is_left(void **state)
{
    check_end(*state, NULL, 4);
    assert_forgotten();
}

static void test_of_a_thread_that_ends_with_requests_outstanding_nothing_is_left(void **state)
{
    check_end(*state, NULL, 0);
    assert_forgotten();
}

static void test_of_a_thread_that_ends_with_both_nothing_is_left(void **state)
{
    check_end(*state, NULL, 2);
    assert_forgotten();
}

static void test_a_buffer_of_a_thread_that_has_ended_is_not_written_to(void **state)
{
    check_end(*state, NULL, 1);
    assert_true(submission_has_own_reply(&asked[0].submission));
    for (size_t i = 1; i < 4; i++) {
        assert_true(submission_untouched(&asked[i].submission));
    }
}

static struct gate about_to_end;

static void end_slowly(void)
{
    apc_thread_ends();
    gate_pass(&about_to_end);
}

static void test_a_buffer_of_a_thread_that_is_about_to_end_is_not_written_to(void **state)
{
    struct asker asker = {.engine = *state, .count = 1};
    struct os_posix_thread *thread = start_asker(&asker);

    about_to_end = (struct gate){0};
    os_posix_on_thread_end(end_slowly);
    gate_open(&asker.go);
    assert_soon(gate_waiting(&about_to_end) == 1);
    os_posix_on_thread_end(apc_thread_ends);
    answer(0);
    assert_soon(is_quiet(*state));
    assert_true(submission_untouched(&asked[0].submission));
    assert_forgotten();
    gate_open(&about_to_end);
    os_posix_thread_join(thread);
}

static void test_a_buffer_of_a_thread_that_was_terminated_is_not_written_to(void **state)
{
    check_end(*state, terminate, 1);
    assert_true(submission_has_own_reply(&asked[0].submission));
    for (size_t i = 1; i < 4; i++) {
        assert_true(submission_untouched(&asked[i].submission));
    }
}

static void test_of_a_thread_that_is_terminated_with_requests_outstanding_nothing_is_left(void **state)
{
    check_end(*state, terminate, 0);
    assert_forgotten();
}

static void park_worker(struct engine *engine)
{
    for (int times = 0; times < 100 && engine_worker(engine) != WORKER_PARKED; times++) {
        os_posix_advance_clock(20 * OS_NS_PER_MS);
        os_posix_pause();
    }
    assert_int_equal(engine_worker(engine), WORKER_PARKED);
}

static void test_a_thread_that_is_terminated_with_routines_ready_is_found_by_the_worker(void **state)
{
    check_end(*state, terminate, 4);
    assert_int_equal(os_posix_module_references(), 1);
    park_worker(*state);
    assert_forgotten();
}

static void test_a_thread_that_is_terminated_with_both_is_found_by_the_worker(void **state)
{
    check_end(*state, terminate, 2);
    park_worker(*state);
    assert_forgotten();
}

static struct asker victim;
static struct os_posix_thread *victim_thread;

static void end_victim(void)
{
    gate_open(&victim.go);
    os_posix_thread_join(victim_thread);
}

static struct gate receiving;

static void hold_worker(size_t receiver, uint64_t deadline_ns)
{
    (void)receiver;
    (void)deadline_ns;
    gate_pass(&receiving);
}

static void test_a_thread_that_is_terminated_while_it_is_being_told_is_forgotten(void **state)
{
    static const uint8_t junk[28] = {0x45};
    struct submission submission;

    victim = (struct asker){.engine = *state, .count = 1, .end = terminate};
    victim_thread = start_asker(&victim);
    submission_set(&submission, *state, HOST, TEXT, TIMEOUT_MS);
    submission_set_event(&submission);
    size_t number = submission_start(&submission);
    receiving = (struct gate){0};
    fake_network_hook((struct fake_network_hooks){.send = fake_network_silence, .receive = hold_worker});
    fake_network_deliver_bytes(junk, sizeof(junk));
    assert_soon(gate_waiting(&receiving) == 1);
    answer(0); /* in one batch: its buffer is written, the event is set, and then its APC is queued */
    fake_network_echo(fake_network_sent(number));
    os_posix_on_event_set(end_victim);
    gate_open(&receiving);
    assert_soon(submission_told(&submission) == 1);
    assert_soon(is_quiet(*state));
    assert_true(submission_has_own_reply(&asked[0].submission));
    os_posix_close(submission.wanted.event);
    os_posix_advance_clock(100 * OS_NS_PER_MS); /* the worker closes the event */
    assert_forgotten();
}

static void exit_thread(struct asked *own)
{
    (void)own;
    running--;
    os_posix_thread_exit();
}

static void terminate_thread(struct asked *own)
{
    (void)own;
    running--;
    os_posix_thread_terminate();
}

/* The first routine of a thread never returns; two more are ready, and one is outstanding. */
static void check_end_in_routine(struct engine *engine, void (*then)(struct asked *), size_t count)
{
    struct asker asker = {.engine = engine, .count = count, .waits = true};

    asked[0].then = then;
    struct os_posix_thread *thread = start_asker(&asker);
    for (size_t i = 0; i < count && i < 3; i++) {
        answer(i);
        assert_soon(is_quiet(engine));
    }
    gate_open(&asker.go);
    os_posix_thread_join(thread);
    if (count > 3) {
        assert_int_equal(os_posix_module_references(), 1);
        answer(3);
        assert_soon(is_quiet(engine));
    }
    assert_ran(0, 1);
    for (size_t i = 1; i < count; i++) {
        assert_int_equal(asked[i].runs, 0);
    }
    assert_int_equal(engine_outstanding(engine), 0);
}

static void test_of_a_thread_that_ends_in_a_routine_nothing_is_left(void **state)
{
    check_end_in_routine(*state, exit_thread, 4);
    assert_forgotten();
}

static void test_of_a_thread_that_ends_in_its_only_routine_nothing_is_left(void **state)
{
    check_end_in_routine(*state, exit_thread, 1);
    assert_forgotten();
}

static void test_a_thread_that_is_terminated_in_a_routine_is_found_by_the_worker(void **state)
{
    check_end_in_routine(*state, terminate_thread, 4);
    park_worker(*state);
    assert_forgotten();
}

static void test_a_thread_that_is_terminated_in_its_only_routine_is_found_by_the_worker(void **state)
{
    check_end_in_routine(*state, terminate_thread, 1);
    park_worker(*state);
    assert_forgotten();
}

static void exit_inside_nested_wait(struct asked *own)
{
    (void)own;
    asked[1].then = exit_thread;
    os_posix_alertable_wait(0);
    fail();
}

static void test_of_a_thread_that_ends_in_a_nested_routine_nothing_is_left(void **state)
{
    struct asker asker = {.engine = *state, .count = 3, .waits = true};

    asked[0].then = exit_inside_nested_wait;
    struct os_posix_thread *thread = start_asker(&asker);
    for (size_t i = 0; i < 3; i++) {
        answer(i);
        assert_soon(is_quiet(*state));
    }
    gate_open(&asker.go);
    os_posix_thread_join(thread);
    assert_ran(0, 1);
    assert_ran(1, 2);
    assert_int_equal(asked[2].runs, 0);
    assert_forgotten();
}

static void test_the_engine_goes_when_the_thread_of_its_last_routines_has_ended(void **state)
{
    struct asker asker = {.count = 3};

    (void)state;
    fake_network_hook(silent_hooks);
    assert_int_equal(session_open(IP_FAMILY_V4, &session), 0);
    assert_int_equal(session_acquire(session, IP_FAMILY_V4, &asker.engine), 0);
    struct os_posix_thread *thread = start_asker(&asker);
    engine_release(asker.engine);
    assert_int_equal(session_close(session), 0);
    answer(0); /* ready; the others are outstanding */
    assert_soon(os_posix_apcs_queued() == 1);
    gate_open(&asker.go);
    os_posix_thread_join(thread);
    assert_int_equal(fake_network_closed(), 0);
    answer(1);
    answer(2);
    assert_true(os_posix_join_threads());
    assert_int_equal(fake_network_closed(), 1);
    assert_forgotten();
}

static void ask_and_run(void *argument)
{
    struct asker *asker = argument;
    struct submission submission;
    submission_set(&submission, asker->engine, HOST, TEXT, TIMEOUT_MS);
    submission.wanted.routine = routine;
    submission.wanted.context = &asked[0];
    submission_start(&submission);
    os_posix_alertable_wait(5000);
    if (asker->end != NULL) {
        asker->end();
    }
}

/* Threads come, ask, and go, many of them in a row. Returns how many allocations and handles are left at most. */
static size_t come_and_go(struct engine *engine, void (*end)(void))
{
    size_t most = 0;
    struct asker asker = {.engine = engine, .end = end};
    fake_network_hook((struct fake_network_hooks){0});
    size_t before = os_posix_allocations() + os_posix_handles();
    for (int times = 0; times < 500; times++) {
        os_posix_thread_join(os_posix_thread_start(ask_and_run, &asker));
        size_t now = os_posix_allocations() + os_posix_handles();
        most = now > most ? now : most;
    }
    assert_int_equal(asked[0].runs, 500);
    return most - before;
}

static void test_records_do_not_pile_up_when_threads_come_and_go(void **state)
{
    assert_in_range(come_and_go(*state, NULL), 0, 20);
    assert_forgotten();
}

static void test_records_do_not_pile_up_when_threads_are_terminated(void **state)
{
    assert_in_range(come_and_go(*state, terminate), 0, 20 + 2 * 64); /* record and handle */
    assert_soon(is_quiet(*state)); /* the worker has let go of the last one */
    apc_abandon();
}

static void ask_once(void *argument)
{
    struct asker *asker = argument;
    static struct submission submission; /* which outlives the thread */
    submission_set(&submission, asker->engine, HOST, "", TIMEOUT_MS);
    for (int times = 0; times < 40; times++) {
        submission.wanted.event = os_posix_open_event(false);
        submission_start(&submission);
        os_posix_close(submission.wanted.event);
        submission.wanted.event = 0;
    }
}

static void test_threads_that_ask_only_for_events_have_no_records(void **state)
{
    struct asker asker = {.engine = *state};
    size_t handles = os_posix_handles();

    fake_network_hook((struct fake_network_hooks){0});
    struct os_posix_thread *thread = os_posix_thread_start(ask_once, &asker);
    os_posix_thread_join(thread);
    assert_soon(engine_outstanding(*state) == 0);
    assert_soon(is_quiet(*state));
    os_posix_advance_clock(100 * OS_NS_PER_MS); /* the worker closes the event */
    assert_soon(os_posix_handles() == handles);
    assert_int_equal(os_posix_module_references(), 0);
}

/* ---- Many threads at once ---- */

#define THREADS   8
#define ROUNDS    100
#define PER_ROUND 5

struct busy {
    struct engine *engine;
    size_t wrong;
    struct submission submissions[PER_ROUND];
};

static void count_and_check(void *context, struct echo_io_status *io_status, uint32_t reserved)
{
    struct submission *submission = context;
    (void)reserved;
    submission->call.timeout_ms = 0; /* seen */
    submission->call.tos = io_status->result.status == 0 && submission_has_own_reply(submission) ? 1 : 2;
}

static void be_busy(void *argument)
{
    struct busy *busy = argument;
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < PER_ROUND; i++) {
            submission_set(&busy->submissions[i], busy->engine, address_v4(192, 0, 2, (uint8_t)(i + 1)), TEXT,
                           TIMEOUT_MS);
            busy->submissions[i].wanted.routine = count_and_check;
            busy->submissions[i].wanted.context = &busy->submissions[i];
            submission_start(&busy->submissions[i]);
        }
        bool all = false;
        for (int ms = 0; ms < 10000 && !all; ms++) {
            os_posix_alertable_wait(1);
            all = true;
            for (size_t i = 0; i < PER_ROUND; i++) {
                all = all && busy->submissions[i].call.timeout_ms == 0;
            }
        }
        for (size_t i = 0; i < PER_ROUND; i++) {
            busy->wrong += busy->submissions[i].call.tos != 1;
        }
    }
}

static void test_many_threads_run_their_routines_at_once(void **state)
{
    static struct busy busy[THREADS];
    struct os_posix_thread *threads[THREADS];

    fake_network_hook((struct fake_network_hooks){0});
    for (size_t i = 0; i < THREADS; i++) {
        busy[i] = (struct busy){.engine = *state};
        threads[i] = os_posix_thread_start(be_busy, &busy[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        os_posix_thread_join(threads[i]);
        assert_int_equal(busy[i].wrong, 0);
    }
    assert_forgotten();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_thread_that_is_terminated_while_it_is_being_told_is_forgotten,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_buffer_of_a_thread_that_is_about_to_end_is_not_written_to,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_buffer_of_a_thread_that_was_terminated_is_not_written_to,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_thread_that_is_terminated_with_routines_ready_is_found_by_the_worker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_thread_that_is_terminated_in_its_only_routine_is_found_by_the_worker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_routine_runs_once_on_its_thread_when_that_waits_alertably,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_time_out_is_told_with_success_and_a_failure_to_send_without,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_send_that_fails_is_told_by_a_routine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_refusal_runs_no_routine_and_keeps_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_with_event_and_routine_only_the_event_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_routine_whose_buffer_cannot_be_written_to_is_told_so, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_routines_run_in_the_order_of_completion, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_however_many_routines_are_ready_one_apc_is_queued, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_thread_that_waits_finds_all_that_complete_at_once_ready,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_while_a_routine_waits_alertably_the_others_run_inside_its_wait,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_waits_may_be_nested_as_deep_as_there_are_routines, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_apc_that_cannot_be_queued_is_made_up_for_by_the_next, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_apc_that_cannot_be_queued_is_queued_when_the_worker_parks,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_routines_of_which_the_second_apc_cannot_be_queued_all_run,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_routine_is_left_to_the_apc_that_is_on_its_way_for_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_wait_inside_a_routine_leaves_it_to_the_apc_that_is_on_its_way_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_routine_may_send_the_next_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_refusal_inside_a_routine_does_not_release_the_module, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_routine_may_close_the_last_session, plain_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_routine_that_waits_keeps_the_engine_of_a_closed_session,
                                        plain_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_each_thread_runs_its_own_routines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_a_thread_that_ends_with_routines_ready_nothing_is_left,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_a_thread_that_ends_with_requests_outstanding_nothing_is_left,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_a_thread_that_ends_with_both_nothing_is_left, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_buffer_of_a_thread_that_has_ended_is_not_written_to, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_of_a_thread_that_is_terminated_with_requests_outstanding_nothing_is_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_thread_that_is_terminated_with_both_is_found_by_the_worker,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_a_thread_that_ends_in_a_routine_nothing_is_left, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_of_a_thread_that_ends_in_its_only_routine_nothing_is_left,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_thread_that_is_terminated_in_a_routine_is_found_by_the_worker,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_a_thread_that_ends_in_a_nested_routine_nothing_is_left,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_engine_goes_when_the_thread_of_its_last_routines_has_ended,
                                        plain_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_records_do_not_pile_up_when_threads_come_and_go, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_records_do_not_pile_up_when_threads_are_terminated, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_threads_that_ask_only_for_events_have_no_records, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_many_threads_run_their_routines_at_once, set_up, tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
