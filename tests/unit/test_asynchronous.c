/*
 * What echo/asynchronous.h promises to programs that wait for events: told once, after the buffer is complete, or refused
 * and told nothing. Routines are in test_apc.c.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "echo/session.h"
#include "unit/support/echo_fixture.h"

#define TIMEOUT_MS 60000
#define LINGER_MS  20
#define TEXT       "the payload of this very request"

/* The worker's receiver, where nobody has called before it was made. */
#define WORKER 0

static const struct fake_network_hooks silent_hooks = {.send = fake_network_silence};

static struct submission *fresh_submission(void **state, uint32_t timeout_ms)
{
    static struct submission submission;
    submission_set(&submission, *state, HOST, TEXT, timeout_ms);
    submission_set_event(&submission);
    return &submission;
}

/* It has been told, and told once, and nobody but the test has its event, and perhaps the engine for a
 * while. */
static void assert_told(struct submission *submission)
{
    assert_soon(submission_told(submission) == 1);
    assert_in_range(os_posix_event_handles(submission->wanted.event), 1, 2);
    assert_true(os_posix_event_is_set(submission->wanted.event));
    os_posix_close(submission->wanted.event);
}

static void assert_gets_own_reply(struct submission *submission)
{
    assert_told(submission);
    assert_true(submission_has_own_reply(submission));
}

static void assert_refused(struct submission *submission, uint32_t error)
{
    assert_int_equal(submission_submit(submission), error);
    assert_true(submission_untouched(submission));
    assert_int_equal(submission_told(submission), 0);
    assert_false(os_posix_event_is_set(submission->wanted.event));
    assert_int_equal(os_posix_event_handles(submission->wanted.event), 1);
    assert_int_equal(engine_outstanding(submission->engine), 0);
    os_posix_close(submission->wanted.event);
}

/* ---- Outcomes ---- */

static struct submission *watched;
static bool complete_when_set;
static bool set_by_caller;

static void look_at_buffer(void)
{
    complete_when_set = submission_has_own_reply(watched);
    set_by_caller = caller_is_this_thread();
}

static void test_an_event_is_set_once_after_the_buffer_is_complete(void **state)
{
    os_posix_stop_clock(); /* or the worker may park before it is looked at */
    watched = fresh_submission(state, TIMEOUT_MS);
    fake_network_hook(silent_hooks);
    os_posix_on_event_set(look_at_buffer);
    size_t number = submission_start(watched);
    assert_true(submission_untouched(watched));
    assert_int_equal(submission_told(watched), 0);
    assert_false(os_posix_event_is_set(watched->wanted.event));
    for (int times = 0; times < 3; times++) {
        fake_network_echo(fake_network_sent(number));
    }
    assert_soon(worker_is_idle(WORKER));
    assert_true(complete_when_set);
    assert_gets_own_reply(watched);
}

static void test_an_answer_that_comes_while_sending_is_told_once(void **state)
{
    for (int times = 0; times < 50; times++) {
        struct submission *submission = fresh_submission(state, TIMEOUT_MS);
        submission_start(submission);
        assert_gets_own_reply(submission);
    }
    assert_int_equal(os_posix_threads(), 1);
}

static void test_an_event_that_is_set_before_is_reset(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    os_posix_close(submission->wanted.event);
    submission->wanted.event = os_posix_open_event(true);
    fake_network_hook(silent_hooks);
    size_t number = submission_start(submission);
    assert_false(os_posix_event_is_set(submission->wanted.event));
    fake_network_echo(fake_network_sent(number));
    assert_gets_own_reply(submission);
}

static void test_the_program_may_close_its_event_as_soon_as_the_call_returns(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    fake_network_hook(silent_hooks);
    size_t number = submission_start(submission);
    os_handle other = os_posix_duplicate(submission->wanted.event);
    os_posix_close(submission->wanted.event);
    submission->wanted.event = other;
    fake_network_echo(fake_network_sent(number));
    assert_gets_own_reply(submission);
}

static void test_the_program_may_overwrite_its_data_as_soon_as_the_call_returns(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);
    char data[] = TEXT;

    fake_network_hook(silent_hooks);
    submission->call.data = data;
    size_t number = submission_start(submission);
    memset(data, 'x', sizeof(data));
    fake_network_echo(fake_network_sent(number));
    submission->call.data = TEXT;
    assert_gets_own_reply(submission);
}

static void test_request_and_reply_may_share_their_memory(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    memcpy(submission->reply.bytes, TEXT, sizeof(TEXT));
    submission->call.data = submission->reply.bytes;
    submission_start(submission);
    assert_told(submission);
    assert_memory_equal(submission->reply.header.Data, TEXT, strlen(TEXT));
}

static void test_a_time_out_is_told_when_it_is_due_and_not_before(void **state)
{
    struct submission *submission = fresh_submission(state, 50);

    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    submission_start(submission);
    assert_soon(worker_is_idle(WORKER));
    os_posix_advance_clock(50 * OS_NS_PER_MS - 1);
    assert_soon(worker_is_idle(WORKER));
    os_posix_pause();
    assert_int_equal(submission_told(submission), 0);
    assert_true(submission_untouched(submission));
    os_posix_advance_clock(1);
    assert_told(submission);
    assert_true(submission_has_failed(submission, IP_REQ_TIMED_OUT));
}

static void test_time_outs_are_told_in_the_order_in_which_they_are_due(void **state)
{
    static struct submission submissions[20];

    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    for (size_t i = 0; i < 20; i++) {
        submission_set(&submissions[i], *state, HOST, TEXT, (uint32_t)(i * 7 % 20 + 1));
        submission_set_event(&submissions[i]);
        submission_start(&submissions[i]);
    }
    for (size_t ms = 1; ms <= 20; ms++) {
        os_posix_advance_clock(OS_NS_PER_MS);
        assert_soon(engine_outstanding(*state) == 20 - ms);
        for (size_t i = 0; i < 20; i++) {
            bool due = submissions[i].call.timeout_ms <= ms;
            assert_soon(submission_told(&submissions[i]) == due);
        }
    }
    for (size_t i = 0; i < 20; i++) {
        assert_told(&submissions[i]);
        assert_true(submission_has_failed(&submissions[i], IP_REQ_TIMED_OUT));
    }
}

static uint32_t answer_with_error(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_error(sent, ROUTER, 11, 0);
    fake_network_deliver(&answer);
    return 0;
}

static void test_an_icmp_error_is_a_reply_with_its_status(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    fake_network_hook((struct fake_network_hooks){.send = answer_with_error});
    submission_start(submission);
    assert_told(submission);
    assert_int_equal(submission->reply.header.Status, IP_TTL_EXPIRED_TRANSIT);
    assert_int_equal(submission->reply.header.Address, ROUTER_BE);
    assert_int_equal(submission->reply.header.Reserved, 1);
}

static uint32_t send_error;

static uint32_t fail_to_send(const struct fake_sent *sent)
{
    (void)sent;
    return send_error;
}

static void test_a_send_that_fails_is_told_with_its_status(void **state)
{
    static const uint32_t errors[] = {IP_STATUS_BASE, IP_PACKET_TOO_BIG, IP_DEST_HOST_UNREACHABLE,
                                      IP_GENERAL_FAILURE};

    fake_network_hook((struct fake_network_hooks){.send = fail_to_send});
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct submission *submission = fresh_submission(state, TIMEOUT_MS);
        send_error = errors[i];
        submission_start(submission);
        assert_told(submission);
        assert_true(submission_has_failed(submission, errors[i]));
        assert_int_equal(engine_outstanding(*state), 0);
    }
}

static void test_a_send_that_is_impossible_is_refused_and_nothing_is_told(void **state)
{
    static const uint32_t errors[] = {ERROR_INVALID_NETNAME, ERROR_NETWORK_UNREACHABLE, ERROR_ACCESS_DENIED,
                                      1, 10999};

    fake_network_hook((struct fake_network_hooks){.send = fail_to_send});
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        send_error = errors[i];
        assert_refused(fresh_submission(state, TIMEOUT_MS), errors[i]);
    }
}

/* The answer comes although sending fails: for the program's own address, say. */
static uint32_t answer_and_fail(const struct fake_sent *sent)
{
    fake_network_echo(sent);
    for (int ms = 0; ms < 10000 && submission_told(watched) == 0; ms++) {
        os_posix_pause();
    }
    return send_error;
}

static void test_a_request_that_is_over_before_its_send_fails_is_not_told_again(void **state)
{
    static const uint32_t errors[] = {ERROR_NETWORK_UNREACHABLE, IP_DEST_HOST_UNREACHABLE};

    fake_network_hook((struct fake_network_hooks){.send = answer_and_fail});
    for (size_t i = 0; i < 2; i++) {
        send_error = errors[i];
        watched = fresh_submission(state, TIMEOUT_MS);
        submission_start(watched); /* accepted: it has been told already */
        assert_soon(worker_is_idle(WORKER));
        assert_gets_own_reply(watched);
    }
}

static void test_a_reply_buffer_that_cannot_be_written_to_crashes_nobody(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    submission->call.reply = os_posix_unwritable();
    submission->call.reply_bytes = 1000;
    submission_start(submission);
    assert_told(submission);
    submission = fresh_submission(state, TIMEOUT_MS);
    submission_start(submission);
    assert_gets_own_reply(submission);
}

static void test_only_the_part_of_the_reply_buffer_that_is_used_has_to_be_writable(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);
    const size_t used = sizeof(ICMP_ECHO_REPLY) + strlen(TEXT);

    /* Nothing in front of the hole belongs to anybody, so the buffer ends with the submission's own, and is said to be
     * longer. */
    submission->call.reply = submission->reply.bytes + sizeof(submission->reply.bytes) - used;
    submission->call.reply_bytes = UINT32_MAX;
    submission_start(submission);
    assert_told(submission);
    ICMP_ECHO_REPLY reply;
    memcpy(&reply, submission->call.reply, sizeof(reply));
    assert_int_equal(reply.Status, IP_SUCCESS);
    assert_int_equal(reply.DataSize, strlen(TEXT));
    assert_memory_equal((uint8_t *)submission->call.reply + sizeof(reply), TEXT, strlen(TEXT));
}

/* ---- Refusals ---- */

static void test_options_that_no_system_would_send_are_refused(void **state)
{
    static const uint8_t nops[41] = {1};
    static const uint8_t malformed[] = {7, 200, 4};
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    submission->call.options = nops;
    submission->call.options_bytes = sizeof(nops);
    assert_refused(submission, IP_OPTION_TOO_BIG);
    submission = fresh_submission(state, TIMEOUT_MS);
    submission->call.options = malformed;
    submission->call.options_bytes = sizeof(malformed);
    assert_refused(submission, IP_BAD_OPTION);
    assert_int_equal(fake_network_sent_count(), 0);
    assert_int_equal(os_posix_threads(), 0);
}

static void test_a_handle_that_is_none_of_an_event_is_refused(void **state)
{
    struct submission submission;
    os_handle handles[] = {os_posix_open_foreign(), os_posix_open_semaphore(7), 0x7ffc, 5};

    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        submission_set(&submission, *state, HOST, TEXT, TIMEOUT_MS);
        submission.wanted.event = handles[i];
        assert_int_equal(submission_submit(&submission), ERROR_INVALID_HANDLE);
        assert_true(submission_untouched(&submission));
    }
    assert_int_equal(fake_network_sent_count(), 0);
    os_posix_close(handles[0]);
    os_posix_close(handles[1]);
}

static void count_routine(void *context, struct echo_io_status *io_status, uint32_t reserved)
{
    (void)io_status;
    (void)reserved;
    ++*(size_t *)context;
}

/* A long request on a fresh engine, of whose calls to the system the nth fails. True when it was refused for that. */
static bool check_with_failure(size_t nth, bool with_event)
{
    static char data[3000]; /* too long for the small buffer */
    static uint8_t reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data)];
    struct submission submission;
    size_t runs = 0;
    struct engine *engine;

    assert_int_equal(engine_acquire(&engine), 0);
    size_t handles = os_posix_handles();
    submission_set(&submission, engine, HOST, "", TIMEOUT_MS);
    submission.call.data = data;
    submission.call.data_bytes = sizeof(data);
    submission.call.reply = reply;
    submission.call.reply_bytes = sizeof(reply);
    memset(reply, 0xee, sizeof(reply));
    submission.wanted.event = with_event ? os_posix_open_event(false) : 0;
    submission.wanted.routine = with_event ? NULL : count_routine;
    submission.wanted.context = &runs;
    os_posix_fail_call(nth);
    uint32_t error = submission_submit(&submission);
    os_posix_fail_call(os_posix_call_has_failed() ? 0 : SIZE_MAX);
    bool refused = error != ERROR_IO_PENDING;
    if (refused) {
        assert_int_equal(error, ERROR_NOT_ENOUGH_MEMORY);
        for (size_t i = 0; i < sizeof(reply); i++) {
            assert_int_equal(reply[i], 0xee);
        }
        assert_int_equal(engine_outstanding(engine), 0);
        assert_int_equal(os_posix_module_references(), 0);
    } else {
        fake_network_echo(fake_network_sent(fake_network_sent_count()));
        for (int ms = 0; ms < 5000 && !with_event && runs == 0; ms++) {
            os_posix_alertable_wait(1);
        }
        assert_soon(!with_event || submission_told(&submission) == 1);
    }
    if (with_event) {
        assert_int_equal(submission_told(&submission), refused ? 0 : 1);
        assert_soon(os_posix_event_handles(submission.wanted.event) == 1);
        os_posix_close(submission.wanted.event);
    } else {
        os_posix_alertable_wait(0);
        assert_int_equal(runs, refused ? 0 : 1);
        assert_int_equal(os_posix_module_references(), 0);
    }
    engine_release(engine);
    assert_true(os_posix_join_threads());
    os_posix_thread_ends();
    assert_int_equal(os_posix_handles(), handles);
    return refused;
}

static void check_all_failures(void **state, bool with_event, size_t refusals)
{
    size_t refused = 0;
    size_t nth = 1;

    (void)state;
    fake_network_hook(silent_hooks);
    size_t allocations = os_posix_allocations();
    for (;; nth++) {
        bool was_refused = check_with_failure(nth, with_event);
        refused += was_refused;
        assert_int_equal(os_posix_allocations(), allocations);
        assert_int_equal(fake_network_opened(), fake_network_closed());
        if (!was_refused && nth > 2 * refusals) {
            break;
        }
    }
    assert_int_equal(refused, refusals);
}

static void test_an_event_is_left_alone_whatever_fails(void **state)
{
    /* message, request, event, its duplicate, listener, receiver, thread, table, heap */
    check_all_failures(state, true, 9);
}

static void test_no_routine_is_expected_whatever_fails(void **state)
{
    /* message, request, record, thread's handle, thread's value, module, listener, receiver, thread, table, heap */
    check_all_failures(state, false, 11);
}

static void test_without_a_worker_a_request_is_refused(void **state)
{
    os_posix_fail_threads(true);
    assert_refused(fresh_submission(state, TIMEOUT_MS), ERROR_NOT_ENOUGH_MEMORY);
    assert_int_equal(fake_network_sent_count(), 0);
    os_posix_fail_threads(false);
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);
    submission_start(submission);
    assert_gets_own_reply(submission);
}

static int rewriting_set_up(void **state)
{
    fixture_set_up(state);
    fake_network_rewrite_identifiers(true);
    struct engine *engine;
    if (engine_acquire(&engine) != 0) {
        return -1;
    }
    *state = engine;
    return 0;
}

static void test_where_the_system_rewrites_identifiers_the_65537th_request_is_refused(void **state)
{
    static struct submission submission;
    const size_t all = 65536;

    fake_network_hook(silent_hooks);
    os_posix_stop_clock();
    submission_set(&submission, *state, HOST, "", 10);
    submission_set_event(&submission);
    for (size_t i = 0; i < all; i++) {
        submission_start(&submission); /* they share the buffer, too: all of them will time out */
    }
    assert_int_equal(submission_submit(&submission), ERROR_NOT_ENOUGH_MEMORY);
    assert_int_equal(engine_outstanding(*state), all);
    static struct caller caller;
    caller_set(&caller, *state, HOST, "synchronous", TIMEOUT_MS);
    caller_run(&caller);
    assert_int_equal(caller.error, ERROR_NOT_ENOUGH_MEMORY);
    assert_true(caller_reply_untouched(&caller, 0));
    os_posix_advance_clock(10 * OS_NS_PER_MS);
    assert_soon(engine_outstanding(*state) == 0 && worker_is_idle(WORKER));
    assert_in_range(submission_told(&submission), 1, all);
    assert_true(submission_has_failed(&submission, IP_REQ_TIMED_OUT));
    os_posix_close(submission.wanted.event);
}

/* ---- The worker ---- */

static void test_a_request_waits_for_a_worker_that_has_yet_to_run(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    os_posix_hold_threads(true);
    submission_start(submission);
    assert_int_equal(engine_worker(*state), WORKER_STARTED);
    os_posix_pause();
    assert_int_equal(submission_told(submission), 0);
    os_posix_hold_threads(false);
    assert_gets_own_reply(submission);
}

static void test_a_parked_worker_comes_back_for_a_request(void **state)
{
    for (int times = 0; times < 3; times++) {
        struct submission *submission = fresh_submission(state, TIMEOUT_MS);
        submission_start(submission);
        assert_gets_own_reply(submission);
        assert_soon(engine_worker(*state) == WORKER_PARKED);
    }
    assert_int_equal(os_posix_threads(), 1);
    assert_int_equal(fake_network_receivers(), 1);
}

static void test_a_worker_that_has_ended_is_replaced(void **state)
{
    for (int times = 0; times < 3; times++) {
        struct submission *submission = fresh_submission(state, TIMEOUT_MS);
        submission_start(submission);
        assert_gets_own_reply(submission);
        assert_soon(engine_worker(*state) == WORKER_PARKED);
        os_posix_advance_clock(1000 * OS_NS_PER_MS);
        assert_soon(os_posix_threads() == 0);
        assert_int_equal(engine_worker(*state), WORKER_NONE);
    }
}

/* Holds the worker while it is being made, waking up, or about to park. */
static struct gate held;

static void hold_making(size_t receiver)
{
    (void)receiver;
    gate_pass(&held);
}

static void submit_on_thread(void *argument)
{
    submission_start(argument);
}

static void test_a_request_waits_for_a_worker_that_another_thread_makes(void **state)
{
    static struct submission submissions[2];
    struct os_posix_thread *threads[2];

    held = (struct gate){0};
    fake_network_hook((struct fake_network_hooks){.receiver_open = hold_making});
    for (size_t i = 0; i < 2; i++) {
        submission_set(&submissions[i], *state, HOST, TEXT, TIMEOUT_MS);
        submission_set_event(&submissions[i]);
        threads[i] = os_posix_thread_start(submit_on_thread, &submissions[i]);
        assert_soon(gate_waiting(&held) == 1);
    }
    os_posix_pause();
    assert_int_equal(fake_network_sent_count(), 0);
    gate_open(&held);
    for (size_t i = 0; i < 2; i++) {
        os_posix_thread_join(threads[i]);
        assert_gets_own_reply(&submissions[i]);
    }
    assert_int_equal(fake_network_receivers(), 1);
}

static void let_twenty_seconds_pass(void *argument)
{
    (void)argument;
    for (int seconds = 0; seconds < 20; seconds++) {
        for (int ms = 0; ms < 10; ms++) {
            os_posix_pause(); /* for whoever waits, to see that the time is up, or is not */
        }
        os_posix_advance_clock(1000 * OS_NS_PER_MS);
    }
}

static void test_a_request_waits_no_longer_than_ten_seconds_for_a_worker(void **state)
{
    static struct submission first;
    struct submission *second = fresh_submission(state, TIMEOUT_MS);

    os_posix_stop_clock();
    held = (struct gate){0};
    fake_network_hook((struct fake_network_hooks){.receiver_open = hold_making});
    submission_set(&first, *state, HOST, TEXT, TIMEOUT_MS);
    submission_set_event(&first);
    struct os_posix_thread *maker = os_posix_thread_start(submit_on_thread, &first);
    assert_soon(gate_waiting(&held) == 1);
    uint64_t before_ns = os_now_ns();
    struct os_posix_thread *clock = os_posix_thread_start(let_twenty_seconds_pass, NULL);
    assert_refused(second, ERROR_NOT_ENOUGH_MEMORY);
    assert_in_range((os_now_ns() - before_ns) / OS_NS_PER_MS, 10000, 20000);
    gate_open(&held);
    os_posix_thread_join(maker);
    os_posix_thread_join(clock);
    assert_gets_own_reply(&first);
}

static struct engine *parking_engine;

/* The thread that has just made the worker comes to go on only when that has run, found nothing to do, and parked. */
static void let_worker_park(void)
{
    assert_soon(fake_network_waits_until(WORKER) == os_now_ns() + LINGER_MS * OS_NS_PER_MS);
    os_posix_advance_clock(LINGER_MS * OS_NS_PER_MS);
    assert_soon(engine_worker(parking_engine) == WORKER_PARKED);
}

static void test_a_request_is_told_by_a_worker_that_has_parked_before_its_maker_looked(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    parking_engine = *state;
    os_posix_stop_clock();
    os_posix_on_thread_start(let_worker_park);
    assert_int_equal(submission_submit(submission), ERROR_IO_PENDING);
    assert_gets_own_reply(submission);
    assert_int_equal(os_posix_threads(), 1);
}

static void test_a_request_that_comes_while_the_worker_is_about_to_park_is_told(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    held = (struct gate){0};
    submission_start(submission);
    fake_network_hook((struct fake_network_hooks){.rest = hold_making});
    assert_gets_own_reply(submission);
    assert_soon(gate_waiting(&held) == 1);
    submission = fresh_submission(state, TIMEOUT_MS);
    submission_start(submission);
    os_posix_pause();
    assert_int_equal(submission_told(submission), 0);
    gate_open(&held);
    assert_gets_own_reply(submission);
    assert_int_equal(os_posix_threads(), 1);
}

static void test_a_send_that_fails_while_the_worker_is_about_to_park_is_told(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    held = (struct gate){0};
    submission_start(submission);
    fake_network_hook((struct fake_network_hooks){.send = fail_to_send, .rest = hold_making});
    assert_gets_own_reply(submission);
    assert_soon(gate_waiting(&held) == 1);
    send_error = IP_DEST_HOST_UNREACHABLE;
    submission = fresh_submission(state, TIMEOUT_MS);
    submission_start(submission);
    assert_int_equal(engine_relying(*state), 0);
    gate_open(&held);
    assert_told(submission);
    assert_true(submission_has_failed(submission, IP_DEST_HOST_UNREACHABLE));
}

static void test_a_request_with_an_earlier_deadline_wakes_the_worker_and_a_later_one_does_not(void **state)
{
    static struct submission submissions[3];
    static const uint32_t timeouts_ms[] = {1000, 2000, 10};

    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    for (size_t i = 0; i < 3; i++) {
        submission_set(&submissions[i], *state, HOST, TEXT, timeouts_ms[i]);
        submission_set_event(&submissions[i]);
    }
    os_posix_hold_threads(
        true); /* otherwise the worker may go to sleep for less, before there is a request */
    submission_start(&submissions[0]);
    os_posix_hold_threads(false);
    assert_soon(fake_network_waits_until(WORKER) == os_now_ns() + 1000 * OS_NS_PER_MS);
    size_t receives = fake_network_receives();
    submission_start(&submissions[1]);
    os_posix_pause();
    assert_int_equal(fake_network_receives(), receives);
    submission_start(&submissions[2]);
    assert_soon(fake_network_waits_until(WORKER) == os_now_ns() + 10 * OS_NS_PER_MS);
    os_posix_advance_clock(10 * OS_NS_PER_MS);
    assert_told(&submissions[2]);
    assert_int_equal(submission_told(&submissions[0]), 0);
    os_posix_advance_clock(990 * OS_NS_PER_MS);
    assert_told(&submissions[0]);
    os_posix_advance_clock(1000 * OS_NS_PER_MS);
    assert_told(&submissions[1]);
}

static void test_with_nothing_outstanding_the_worker_rests(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    submission_start(submission);
    assert_gets_own_reply(submission);
    assert_soon(engine_worker(*state) == WORKER_PARKED);
    size_t receives = fake_network_receives();
    for (int i = 0; i < 20; i++) {
        os_posix_pause();
        fake_network_echo(fake_network_sent(1));
    }
    assert_int_equal(fake_network_receives(), receives);
    assert_true(fake_network_idle());
}

/* ---- Together with synchronous calls ---- */

/* Afterwards a synchronous caller listens with receiver 0, and the worker, for the submission, with receiver 1. */
static void start_with_caller(void **state, struct caller *caller, struct submission *submission)
{
    os_posix_stop_clock(); /* the worker does not park before somebody has looked */
    fake_network_hook(silent_hooks);
    caller_set(caller, *state, ROUTER, "synchronous", TIMEOUT_MS);
    caller_start(caller);
    fake_network_sent(1);
    assert_soon(fake_network_listening() == 1);
    submission_start(submission);
    assert_soon(fake_network_listening() == 2);
}

static void finish_caller(struct caller *caller)
{
    fake_network_echo(fake_network_sent(1));
    caller_join(caller);
    assert_true(caller_has_own_reply(caller));
}

static void test_an_answer_that_a_synchronous_caller_receives_is_told_by_the_worker(void **state)
{
    static struct caller caller;
    watched = fresh_submission(state, TIMEOUT_MS);

    start_with_caller(state, &caller, watched);
    set_by_caller = true;
    os_posix_on_event_set(look_at_buffer);
    struct fake_answer answer = fake_reply(fake_network_sent(2));
    fake_network_deliver_to(0, &answer);
    assert_soon(submission_told(watched) == 1);
    assert_true(complete_when_set);
    assert_false(set_by_caller);
    assert_false(caller_is_done(&caller));
    assert_gets_own_reply(watched);
    finish_caller(&caller);
}

static void
test_an_answer_that_cannot_be_handed_to_the_worker_for_want_of_memory_is_no_resources(void **state)
{
    static struct caller caller;
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    start_with_caller(state, &caller, submission);
    os_posix_fail_allocation(1);
    struct fake_answer answer = fake_reply(fake_network_sent(2));
    fake_network_deliver_to(0, &answer);
    assert_told(submission);
    assert_true(os_posix_allocation_has_failed());
    assert_true(submission_has_failed(submission, IP_NO_RESOURCES));
    finish_caller(&caller);
}

static void test_an_answer_that_every_receiver_gets_is_told_once(void **state)
{
    static struct caller caller;

    for (size_t times = 0; times < 20; times++) {
        if (times > 0) {
            assert_int_equal(fixture_engine_tear_down(state), 0);
            assert_int_equal(fixture_engine_set_up(state), 0);
        }
        struct submission *submission = fresh_submission(state, TIMEOUT_MS);
        start_with_caller(state, &caller, submission);
        fake_network_echo(fake_network_sent(2));
        assert_soon(fake_network_unread() == 0 && fake_network_listening() == 2);
        assert_gets_own_reply(submission);
        finish_caller(&caller);
    }
}

static void test_a_synchronous_caller_relies_on_the_worker_of_asynchronous_requests(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);
    static struct caller caller;

    ((struct engine *)*state)->transport->own_identifiers = false;
    fake_network_hook(silent_hooks);
    submission_start(submission);
    assert_soon(worker_is_idle(WORKER));
    caller_set(&caller, *state, ROUTER, "synchronous", TIMEOUT_MS);
    caller_start(&caller);
    fake_network_sent(2);
    assert_int_equal(engine_relying(*state), 2);
    assert_int_equal(fake_network_receivers(), 1);
    fake_network_echo(fake_network_sent(2));
    caller_join(&caller);
    assert_true(caller_has_own_reply(&caller));
    assert_int_equal(submission_told(submission), 0);
    fake_network_echo(fake_network_sent(1));
    assert_gets_own_reply(submission);
}

/* ---- Replies and time-outs at the same time ---- */

/* While it is closed, the worker stays when it comes to receive. */
static struct gate receiving;

static void hold_worker(size_t receiver, uint64_t deadline_ns)
{
    (void)deadline_ns;
    if (receiver == WORKER) {
        gate_pass(&receiving);
    }
}

static void test_a_reply_that_sits_unread_at_the_deadline_counts(void **state)
{
    static const uint8_t junk[28] = {0x45};

    for (int junk_count = 0; junk_count <= 200; junk_count += 200) { /* more than one batch */
        struct submission *submission = fresh_submission(state, 100);
        os_posix_stop_clock();
        gate_close(&receiving);
        fake_network_hook((struct fake_network_hooks){.send = fake_network_silence, .receive = hold_worker});
        size_t number = submission_start(submission);
        fake_network_deliver_bytes(junk, sizeof(junk)); /* in case that it sleeps in its receive */
        assert_soon(gate_waiting(&receiving) == 1);
        for (int i = 0; i < junk_count; i++) {
            fake_network_deliver_bytes(junk, sizeof(junk));
        }
        fake_network_echo(fake_network_sent(number));
        os_posix_advance_clock(100 * OS_NS_PER_MS);
        gate_open(&receiving);
        assert_gets_own_reply(submission);
        os_posix_advance_clock(500 * OS_NS_PER_MS);
    }
}

static const struct fake_sent *late_sent;

/* The worker has found nothing at the first deadline; before it looks at the clock, a reply comes, and time passes. */
static void be_late(size_t receiver, size_t count)
{
    if (receiver == WORKER && count == 0 && late_sent != NULL) {
        fake_network_echo(late_sent);
        late_sent = NULL;
        os_posix_advance_clock(30 * OS_NS_PER_MS);
    }
}

static void test_a_reply_that_comes_while_the_worker_is_late_to_give_up_another_request_counts(void **state)
{
    static struct submission first;
    struct submission *second = fresh_submission(state, 20);

    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    submission_set(&first, *state, HOST, TEXT, 10);
    submission_set_event(&first);
    submission_start(&first);
    late_sent = fake_network_sent(submission_start(second));
    assert_soon(worker_is_idle(WORKER));
    fake_network_hook((struct fake_network_hooks){.send = fake_network_silence, .received = be_late});
    os_posix_advance_clock(10 * OS_NS_PER_MS);
    assert_told(&first);
    assert_true(submission_has_failed(&first, IP_REQ_TIMED_OUT));
    assert_gets_own_reply(second);
}

/* The synchronous caller is held when it has received the answer to the asynchronous request, and wants the lock. */
static void hold_before_lock(void)
{
    if (caller_is_this_thread() && !os_posix_holds(&echo_lock) && fake_network_unread() == 0) {
        gate_pass(&held);
    }
}

static void test_a_reply_that_is_read_when_the_request_has_been_given_up_is_passed_over(void **state)
{
    static struct caller caller;
    struct submission *submission = fresh_submission(state, 100);

    os_posix_stop_clock();
    held = (struct gate){0};
    start_with_caller(state, &caller, submission);
    os_posix_on_lock(hold_before_lock);
    struct fake_answer answer = fake_reply(fake_network_sent(2));
    fake_network_deliver_to(0, &answer);
    assert_soon(gate_waiting(&held) == 1);
    os_posix_advance_clock(100 * OS_NS_PER_MS);
    assert_soon(submission_told(submission) == 1);
    os_posix_on_lock(NULL);
    gate_open(&held);
    finish_caller(&caller);
    assert_told(submission);
    assert_true(submission_has_failed(submission, IP_REQ_TIMED_OUT));
}

struct racer {
    struct gate start;
    const struct fake_sent *sent;
};

static void answer_at_the_start(void *argument)
{
    struct racer *racer = argument;
    gate_pass(&racer->start);
    fake_network_echo(racer->sent);
}

static void test_an_event_is_set_once_when_reply_and_time_out_race(void **state)
{
    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    for (int times = 0; times < 300; times++) {
        struct submission *submission = fresh_submission(state, 10);
        struct racer racer = {.sent = fake_network_sent(submission_start(submission))};
        struct os_posix_thread *thread = os_posix_thread_start(answer_at_the_start, &racer);
        for (int spin = 0; spin < 1000 && gate_waiting(&racer.start) == 0; spin++) {
            os_posix_pause();
        }
        gate_open(&racer.start);
        os_posix_advance_clock(10 * OS_NS_PER_MS);
        os_posix_thread_join(thread);
        assert_soon(worker_is_idle(WORKER) || engine_worker(*state) == WORKER_PARKED);
        assert_told(submission);
        assert_true(submission_has_own_reply(submission) ||
                    submission_has_failed(submission, IP_REQ_TIMED_OUT));
    }
}

/* ---- Events that are used again, and shared ---- */

#define TOGETHER 64

static struct submission together[TOGETHER];
static const struct fake_sent *together_sent[TOGETHER];

/* Sends this many requests, all with `event` or, if that is 0, each with its own. */
static void start_together(struct engine *engine, size_t count, os_handle event)
{
    for (size_t i = 0; i < count; i++) {
        os_handle own = together[i].wanted.event;
        submission_set(&together[i], engine, HOST, TEXT, TIMEOUT_MS);
        together[i].wanted.event = event != 0 ? event : own;
        together_sent[i] = fake_network_sent(submission_start(&together[i]));
    }
}

/* Answers them, so that the worker receives the answers in one batch, and waits until it has told. */
static void answer_together(size_t count)
{
    static const uint8_t junk[28] = {0x45};
    assert_soon(worker_is_idle(WORKER)); /* no junk is left to take the place of an answer */
    gate_close(&receiving);
    fake_network_deliver_bytes(junk, sizeof(junk)); /* it sleeps in its receive: it comes to the gate now */
    assert_soon(gate_waiting(&receiving) == 1);
    for (size_t i = 0; i < count; i++) {
        fake_network_echo(together_sent[i]);
    }
    gate_open(&receiving);
    assert_soon(worker_is_idle(WORKER));
    for (size_t i = 0; i < count; i++) {
        assert_true(submission_has_own_reply(&together[i]));
    }
}

static size_t event_calls(void)
{
    struct os_posix_event_calls calls = os_posix_event_calls();
    return calls.compares + calls.duplicates + calls.resets + calls.sets + calls.closes;
}

static void open_gate_for_batches(void)
{
    receiving = (struct gate){.open = true};
    memset(together, 0, sizeof(together));
    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = fake_network_silence, .receive = hold_worker});
}

static void test_64_events_in_rotation_cost_3_system_calls_a_request(void **state)
{
    const size_t rounds = 20;

    open_gate_for_batches();
    for (size_t i = 0; i < TOGETHER; i++) {
        together[i].wanted.event = os_posix_open_event(false);
    }
    start_together(*state, TOGETHER, 0);
    answer_together(TOGETHER);
    size_t before = event_calls();
    for (size_t round = 0; round < rounds; round++) {
        start_together(*state, TOGETHER, 0);
        answer_together(TOGETHER);
        for (size_t i = 0; i < TOGETHER; i++) {
            assert_int_equal(submission_told(&together[i]), round + 2);
        }
    }
    assert_int_equal(event_calls() - before, 3 * TOGETHER * rounds);
    for (size_t i = 0; i < TOGETHER; i++) {
        os_posix_close(together[i].wanted.event);
    }
}

static void test_an_event_shared_by_batches_of_64_costs_a_twentieth_of_a_system_call_a_request(void **state)
{
    const size_t rounds = 50;
    os_handle event = os_posix_open_event(false);
    struct submission *silent = fresh_submission(state, TIMEOUT_MS);

    open_gate_for_batches();
    os_posix_close(silent->wanted.event);
    silent->wanted.event = event; /* outstanding all the time */
    size_t number = submission_start(silent);
    size_t before = 0;
    for (size_t round = 0; round < 2 * rounds; round++) {
        if (round == rounds) {
            before = event_calls(); /* the engine trusts the program by now */
        }
        start_together(*state, TOGETHER, event);
        answer_together(TOGETHER);
        assert_true(os_posix_event_is_set(event));
    }
    assert_int_equal(event_calls() - before, 3 * rounds); /* cleared, looked at, set */
    fake_network_echo(fake_network_sent(number));
    assert_soon(engine_outstanding(*state) == 0 && worker_is_idle(WORKER));
    assert_true(submission_has_own_reply(silent));
    os_posix_close(event);
}

/* ---- How often an event is set ---- */

#define SHARING 4

static struct submission sharing[SHARING];
static size_t sharing_sent[SHARING];

/* Requests with one event, over a transport that keeps time or not. The clock stands still. */
static os_handle start_sharing(struct engine *engine, bool keeps_time)
{
    os_handle event = os_posix_open_event(false);
    engine->transport->keeps_time = keeps_time;
    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    for (size_t i = 0; i < SHARING; i++) {
        submission_set(&sharing[i], engine, HOST, TEXT, TIMEOUT_MS);
        sharing[i].wanted.event = event;
        sharing_sent[i] = submission_start(&sharing[i]);
    }
    return event;
}

static void answer_sharing(size_t index)
{
    fake_network_echo(fake_network_sent(sharing_sent[index]));
    assert_soon(worker_is_idle(WORKER));
    assert_true(submission_has_own_reply(&sharing[index]));
}

static void test_an_event_that_others_wait_for_is_set_again_200_us_later(void **state)
{
    os_handle event = start_sharing(*state, true);
    uint64_t due_ns = os_now_ns() + OS_NS_PER_MS / 5;

    answer_sharing(0);
    assert_int_equal(os_posix_event_sets(event), 1);
    for (size_t i = 1; i <= 2; i++) {
        answer_sharing(i);
        assert_int_equal(os_posix_event_sets(event), 1);
        assert_true(fake_network_waits_until(WORKER) == due_ns);
    }
    os_posix_advance_clock(OS_NS_PER_MS / 5 - 1);
    os_posix_pause();
    assert_int_equal(os_posix_event_sets(event), 1);
    os_posix_advance_clock(1);
    assert_soon(os_posix_event_sets(event) == 2);
    answer_sharing(3);
    assert_int_equal(os_posix_event_sets(event), 3); /* nobody else waits for it */
    assert_int_equal(engine_outstanding(*state), 0);
    os_posix_close(event);
}

static void test_an_event_is_set_at_once_when_all_who_wait_for_it_have_their_replies(void **state)
{
    os_handle event = start_sharing(*state, true);

    for (size_t i = 0; i < SHARING; i++) {
        answer_sharing(i);
    }
    assert_int_equal(os_posix_event_sets(event), 2);
    os_posix_close(event);
}

static void test_an_event_of_one_request_is_set_at_once(void **state)
{
    os_handle event = start_sharing(*state, true);
    struct submission *alone = fresh_submission(state, TIMEOUT_MS);

    size_t number = submission_start(alone);
    answer_sharing(0);
    answer_sharing(1);
    assert_int_equal(os_posix_event_sets(event), 1);
    fake_network_echo(fake_network_sent(number));
    assert_told(alone);
    for (size_t i = 2; i < SHARING; i++) {
        answer_sharing(i);
    }
    os_posix_close(event);
}

static void test_where_system_calls_are_fast_an_event_is_set_at_once(void **state)
{
    os_posix_calls_are_slow(false);
    os_handle event = start_sharing(*state, true);

    for (size_t i = 0; i < SHARING; i++) {
        answer_sharing(i);
        assert_int_equal(os_posix_event_sets(event), i + 1);
    }
    os_posix_close(event);
}

static void test_where_the_transport_does_not_keep_time_an_event_is_set_at_once(void **state)
{
    os_handle event = start_sharing(*state, false);

    for (size_t i = 0; i < SHARING; i++) {
        answer_sharing(i);
        assert_int_equal(os_posix_event_sets(event), i + 1);
    }
    os_posix_close(event);
}

#define MANY_DUE 1000

static struct submission many_due[MANY_DUE];
static size_t written_when_first_set;

static void count_written(void)
{
    if (written_when_first_set == 0) {
        while (written_when_first_set < MANY_DUE &&
               !submission_untouched(&many_due[written_when_first_set])) {
            written_when_first_set++;
        }
    }
}

static void test_the_first_of_many_time_outs_is_told_before_all_buffers_are_written(void **state)
{
    os_handle event = os_posix_open_event(false);

    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    for (size_t i = 0; i < MANY_DUE; i++) {
        submission_set(&many_due[i], *state, HOST, TEXT, 10);
        many_due[i].wanted.event = event;
        submission_start(&many_due[i]);
    }
    written_when_first_set = 0;
    os_posix_on_event_set(count_written);
    os_posix_advance_clock(10 * OS_NS_PER_MS);
    assert_soon(engine_outstanding(*state) == 0 && worker_is_idle(WORKER));
    assert_in_range(written_when_first_set, 1, 64);
    assert_int_equal(os_posix_event_sets(event), (MANY_DUE + 63) / 64);
    for (size_t i = 0; i < MANY_DUE; i++) {
        assert_true(submission_has_failed(&many_due[i], IP_REQ_TIMED_OUT));
    }
    os_posix_close(event);
}

static void test_a_parked_worker_lets_go_of_an_event_after_100_ms(void **state)
{
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    os_posix_stop_clock();
    submission_start(submission);
    assert_soon(submission_told(submission) == 1);
    assert_soon(worker_is_idle(WORKER));
    assert_int_equal(os_posix_event_handles(submission->wanted.event), 2);
    os_posix_advance_clock(LINGER_MS * OS_NS_PER_MS);
    assert_soon(engine_worker(*state) == WORKER_PARKED);
    os_posix_advance_clock((100 - LINGER_MS) * OS_NS_PER_MS - 1);
    os_posix_pause();
    assert_int_equal(os_posix_event_handles(submission->wanted.event), 2);
    os_posix_advance_clock(1);
    assert_soon(os_posix_event_handles(submission->wanted.event) == 1);
    assert_int_equal(engine_worker(*state), WORKER_PARKED);
    os_posix_close(submission->wanted.event);
}

static void test_a_worker_that_does_not_park_lets_go_of_an_event_after_100_ms(void **state)
{
    static struct submission other;
    struct submission *submission = fresh_submission(state, TIMEOUT_MS);

    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    submission_set(&other, *state, HOST, TEXT, TIMEOUT_MS);
    submission_set_event(&other);
    size_t number = submission_start(&other);
    fake_network_echo(fake_network_sent(submission_start(submission)));
    assert_soon(submission_told(submission) == 1);
    assert_soon(fake_network_waits_until(WORKER) == os_now_ns() + 100 * OS_NS_PER_MS);
    assert_int_equal(os_posix_event_handles(submission->wanted.event), 2);
    os_posix_advance_clock(100 * OS_NS_PER_MS);
    assert_soon(os_posix_event_handles(submission->wanted.event) == 1);
    os_posix_close(submission->wanted.event);
    fake_network_echo(fake_network_sent(number));
    assert_gets_own_reply(&other);
}

/* The last request is made on trust, while the worker sleeps for long. */
static void test_a_worker_that_sleeps_is_woken_to_look_at_a_handle_that_was_used_on_trust(void **state)
{
    os_handle event = os_posix_open_event(false);
    struct submission *silent = fresh_submission(state, TIMEOUT_MS);

    open_gate_for_batches();
    os_posix_close(silent->wanted.event);
    silent->wanted.event = event;
    size_t number = submission_start(silent);
    for (size_t round = 0; round < 20; round++) {
        start_together(*state, 1, event);
        answer_together(1);
    }
    assert_soon(fake_network_waits_until(WORKER) > os_now_ns() + 1000 * OS_NS_PER_MS);
    size_t compares = os_posix_event_calls().compares;
    start_together(*state, 1, event);
    assert_soon(fake_network_waits_until(WORKER) == os_now_ns() + 10 * OS_NS_PER_MS);
    assert_int_equal(os_posix_event_calls().compares, compares);
    os_posix_advance_clock(10 * OS_NS_PER_MS);
    assert_soon(os_posix_event_calls().compares == compares + 1);
    assert_soon(fake_network_waits_until(WORKER) > os_now_ns() + 1000 * OS_NS_PER_MS);
    fake_network_echo(together_sent[0]);
    fake_network_echo(fake_network_sent(number));
    assert_soon(engine_outstanding(*state) == 0 && worker_is_idle(WORKER));
    os_posix_close(event);
}

#define SHARERS      6
#define SHARER_SENDS 2000

struct sharer {
    struct os_posix_thread *thread;
    struct engine *engine;
    os_handle event;
    struct submission *submissions;
};

/* Sends over and over again, now and then with a handle that it closes at once, and waits for the event in
 * between. */
static void share(void *argument)
{
    struct sharer *sharer = argument;
    for (size_t i = 0; i < SHARER_SENDS; i++) {
        bool passing = i % 300 == 299;
        struct submission *submission = &sharer->submissions[i];
        submission_set(submission, sharer->engine, HOST, TEXT, TIMEOUT_MS);
        submission->wanted.event = passing ? os_posix_duplicate(sharer->event) : sharer->event;
        submission_start(submission);
        if (passing) {
            os_posix_close(submission->wanted.event);
        }
        for (int ms = 0; ms < 10 && i % 8 == 7 && !os_posix_event_is_set(sharer->event); ms++) {
            os_posix_pause(); /* not for ever: another thread may have cleared it */
        }
    }
}

static void test_threads_that_share_an_event_all_get_their_replies_and_the_event_is_set_last(void **state)
{
    struct sharer sharers[SHARERS];
    os_handle event = os_posix_open_event(false);

    for (size_t i = 0; i < SHARERS; i++) {
        sharers[i] = (struct sharer){.engine = *state, .event = event};
        sharers[i].submissions = calloc(SHARER_SENDS, sizeof(*sharers[i].submissions));
        assert_non_null(sharers[i].submissions);
        sharers[i].thread = os_posix_thread_start(share, &sharers[i]);
    }
    for (size_t i = 0; i < SHARERS; i++) {
        os_posix_thread_join(sharers[i].thread);
    }
    assert_soon(engine_outstanding(*state) == 0);
    assert_soon(engine_worker(*state) == WORKER_PARKED);
    assert_true(os_posix_event_is_set(event));
    for (size_t i = 0; i < SHARERS; i++) {
        for (size_t j = 0; j < SHARER_SENDS; j++) {
            assert_true(submission_has_own_reply(&sharers[i].submissions[j]));
        }
        free(sharers[i].submissions);
    }
    assert_soon(os_posix_event_handles(event) == 1);
    os_posix_close(event);
}

/* ---- The end of sessions ---- */

static void test_requests_of_a_closed_session_are_told_and_then_the_engine_goes(void **state)
{
    static struct submission submissions[3];
    os_handle handle;
    struct engine *engine;

    (void)state;
    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    assert_int_equal(session_open(IP_FAMILY_V4, &handle), 0);
    assert_int_equal(session_acquire(handle, IP_FAMILY_V4, &engine), 0);
    for (size_t i = 0; i < 3; i++) {
        submission_set(&submissions[i], engine, HOST, TEXT, 100);
        submission_set_event(&submissions[i]);
        submission_start(&submissions[i]);
    }
    engine_release(engine);
    assert_int_equal(session_close(handle), 0);
    os_posix_pause();
    assert_int_equal(fake_network_closed(), 0);
    fake_network_echo(fake_network_sent(2));
    assert_gets_own_reply(&submissions[1]);
    assert_int_equal(fake_network_closed(), 0);
    os_posix_advance_clock(100 * OS_NS_PER_MS);
    for (size_t i = 0; i < 3; i += 2) {
        assert_told(&submissions[i]);
        assert_true(submission_has_failed(&submissions[i], IP_REQ_TIMED_OUT));
    }
    assert_true(os_posix_join_threads()); /* the clock stands still */
    assert_int_equal(fake_network_closed(), 1);
}

/* ---- Very many ---- */

#define MANY 100000

static struct echo_tag {
    union {
        ICMP_ECHO_REPLY header;
        uint8_t bytes[sizeof(ICMP_ECHO_REPLY) + sizeof(uint32_t)];
    } reply;
    uint32_t number;
    bool answered;
} * tags;

static const struct fake_sent **many_sent;

static uint32_t remember(const struct fake_sent *sent)
{
    uint32_t number;
    memcpy(&number, sent->bytes + 8, sizeof(number));
    many_sent[number] = sent;
    return 0;
}

static void test_of_100000_outstanding_requests_each_is_told_once_with_its_own_data(void **state)
{
    struct echo_call call = {.data_bytes = sizeof(uint32_t), .timeout_ms = TIMEOUT_MS};
    struct notification wanted = {.event = os_posix_open_event(false)};

    tags = calloc(MANY, sizeof(*tags));
    many_sent = calloc(MANY, sizeof(*many_sent));
    assert_true(tags != NULL && many_sent != NULL);
    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = remember});
    size_t bytes = os_posix_allocated_bytes();
    for (uint32_t i = 0; i < MANY; i++) {
        tags[i].number = i;
        call.destination = address_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i);
        call.data = &tags[i].number;
        call.reply = tags[i].reply.bytes;
        call.reply_bytes = sizeof(tags[i].reply.bytes);
        assert_int_equal(echo_asynchronous(*state, &call, &wanted), ERROR_IO_PENDING);
    }
    assert_int_equal(engine_outstanding(*state), MANY);
    assert_in_range((os_posix_allocated_bytes() - bytes) / MANY, 1, 512);

    size_t answered = 0;
    for (uint32_t step = 0; step < MANY; step++) {
        uint32_t i = (uint32_t)((uint64_t)step * 77773 % MANY); /* visits all, in some order */
        if (i % 3 != 0) {
            tags[i].answered = true;
            answered++;
            fake_network_echo(many_sent[i]);
            if (i % 10 == 1) {
                fake_network_echo(many_sent[i]);
            }
        }
    }
    assert_soon(engine_outstanding(*state) == MANY - answered && worker_is_idle(WORKER));
    assert_in_range(os_posix_event_sets(wanted.event), 1, answered);
    os_posix_reset_event(wanted.event);
    os_posix_advance_clock(TIMEOUT_MS * OS_NS_PER_MS);
    assert_soon(engine_outstanding(*state) == 0 && worker_is_idle(WORKER));
    assert_true(os_posix_event_is_set(wanted.event));
    assert_in_range(os_posix_event_sets(wanted.event), 2, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        const ICMP_ECHO_REPLY *reply = &tags[i].reply.header;
        if (tags[i].answered) {
            assert_int_equal(reply->Status, IP_SUCCESS);
            assert_int_equal(reply->DataSize, sizeof(uint32_t));
            assert_memory_equal(reply->Data, &i, sizeof(i));
        } else {
            assert_int_equal(reply->Status, IP_REQ_TIMED_OUT);
        }
    }
    os_posix_close(wanted.event);
    free(tags);
    free(many_sent);
}

static void test_a_request_takes_no_more_than_256_bytes(void **state)
{
    (void)state;
    assert_in_range(sizeof(struct request), 1, 256);
}

/* ---- Against a model ---- */

#define MODEL_SLOTS 60

enum slot_state { SLOT_FREE, SLOT_OUTSTANDING, SLOT_ANSWERED, SLOT_EXPIRED };

/* A request as the model sees it. */
struct slot {
    enum slot_state state;
    uint64_t due_ns;
    const struct fake_sent *sent;
    struct submission submission;
    size_t told; /* by a routine */
    char text[32];
};

static struct slot slots[MODEL_SLOTS];
static uint32_t model_random = 1;

static uint32_t random_below(uint32_t limit)
{
    model_random = model_random * 1664525 + 1013904223;
    return (model_random >> 8) % limit;
}

static size_t slot_told(const struct slot *slot)
{
    return slot->submission.wanted.event != 0 ? submission_told(&slot->submission) : slot->told;
}

static void model_submit(struct engine *engine, struct slot *slot, int step)
{
    uint32_t timeout_ms = 1 + random_below(40);
    snprintf(slot->text, sizeof(slot->text), "step %d", step);
    submission_set(&slot->submission, engine, address_v4(192, 0, 2, (uint8_t)random_below(3)), slot->text,
                   timeout_ms);
    slot->told = 0;
    if (random_below(2) == 0) {
        submission_set_event(&slot->submission);
    } else {
        slot->submission.wanted.routine = count_routine;
        slot->submission.wanted.context = &slot->told;
    }
    slot->due_ns = os_now_ns() + timeout_ms * OS_NS_PER_MS;
    slot->sent = fake_network_sent(submission_start(&slot->submission));
    slot->state = SLOT_OUTSTANDING;
}

static void model_answer(struct slot *slot)
{
    if (slot->sent == NULL) {
        return;
    }
    switch (random_below(4)) {
    case 0: {
        struct fake_answer wrong = fake_reply(slot->sent);
        wrong.source = OTHER;
        fake_network_deliver(&wrong);
        break;
    }
    default:
        fake_network_echo(slot->sent); /* maybe again, or too late */
        slot->state = slot->state == SLOT_OUTSTANDING ? SLOT_ANSWERED : slot->state;
        break;
    }
}

static void model_advance(void)
{
    os_posix_advance_clock(random_below(15) * OS_NS_PER_MS);
    for (size_t i = 0; i < MODEL_SLOTS; i++) {
        if (slots[i].state == SLOT_OUTSTANDING && slots[i].due_ns <= os_now_ns()) {
            slots[i].state = SLOT_EXPIRED;
        }
    }
}

static void model_check_slot(struct slot *slot, bool *free_some)
{
    size_t expected = slot->state == SLOT_ANSWERED || slot->state == SLOT_EXPIRED;
    for (int ms = 0; ms < 5000 && slot_told(slot) < expected; ms++) {
        os_posix_alertable_wait(1);
    }
    assert_int_equal(slot_told(slot), expected);
    if (slot->state == SLOT_OUTSTANDING) {
        assert_true(submission_untouched(&slot->submission));
    } else if (slot->state == SLOT_ANSWERED) {
        assert_true(submission_has_own_reply(&slot->submission));
    } else {
        assert_true(submission_has_failed(&slot->submission, IP_REQ_TIMED_OUT));
    }
    if (expected > 0 && *free_some) {
        if (slot->submission.wanted.event != 0) {
            os_posix_close(slot->submission.wanted.event);
        }
        slot->state = SLOT_FREE;
    }
}

static void model_check(bool free_some)
{
    for (size_t i = 0; i < MODEL_SLOTS; i++) {
        if (slots[i].state != SLOT_FREE) {
            model_check_slot(&slots[i], &free_some);
        }
    }
}

static void model_call_synchronously(struct engine *engine)
{
    static struct caller caller;
    fake_network_hook((struct fake_network_hooks){0});
    caller_set(&caller, engine, ROUTER, "synchronous", TIMEOUT_MS);
    caller_run(&caller);
    assert_true(caller_has_own_reply(&caller));
    fake_network_hook(silent_hooks);
}

static void model_step(os_handle *session, int step)
{
    struct engine *engine;
    struct slot *slot = &slots[random_below(MODEL_SLOTS)];
    assert_int_equal(session_acquire(*session, IP_FAMILY_V4, &engine), 0);
    switch (random_below(10)) {
    case 0:
        model_advance();
        break;
    case 1: { /* another handle; requests of the old one go on */
        os_handle old = *session;
        assert_int_equal(session_close(old), 0);
        assert_int_equal(session_open(IP_FAMILY_V4, session), 0);
        break;
    }
    case 2:
        model_call_synchronously(engine);
        break;
    case 3:
    case 4:
    case 5:
        model_answer(slot);
        break;
    default:
        if (slot->state == SLOT_FREE) {
            model_submit(engine, slot, step);
        }
        break;
    }
    engine_release(engine);
}

static void test_random_operations_agree_with_a_model(void **state)
{
    os_handle session;

    (void)state;
    memset(slots, 0, sizeof(slots));
    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    assert_int_equal(session_open(IP_FAMILY_V4, &session), 0);
    for (int step = 0; step < 4000; step++) {
        model_step(&session, step);
        model_check(step % 3 == 0);
    }
    assert_int_equal(session_close(session), 0);
    for (int times = 0; times < 40; times++) {
        model_advance();
        model_check(true);
    }
    assert_true(os_posix_join_threads());
    assert_int_equal(fake_network_closed(), fake_network_opened());
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_a_reply_that_comes_while_the_worker_is_late_to_give_up_another_request_counts,
            fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_send_that_fails_while_the_worker_is_about_to_park_is_told,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_event_is_set_once_after_the_buffer_is_complete,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_answer_that_comes_while_sending_is_told_once,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_event_that_is_set_before_is_reset, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_program_may_close_its_event_as_soon_as_the_call_returns,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_program_may_overwrite_its_data_as_soon_as_the_call_returns,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_request_and_reply_may_share_their_memory, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_time_out_is_told_when_it_is_due_and_not_before,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_time_outs_are_told_in_the_order_in_which_they_are_due,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_icmp_error_is_a_reply_with_its_status, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_send_that_fails_is_told_with_its_status, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_send_that_is_impossible_is_refused_and_nothing_is_told,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_that_is_over_before_its_send_fails_is_not_told_again,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_buffer_that_cannot_be_written_to_crashes_nobody,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_only_the_part_of_the_reply_buffer_that_is_used_has_to_be_writable, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_options_that_no_system_would_send_are_refused,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_handle_that_is_none_of_an_event_is_refused,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_event_is_left_alone_whatever_fails, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_no_routine_is_expected_whatever_fails, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_worker_a_request_is_refused, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_where_the_system_rewrites_identifiers_the_65537th_request_is_refused, rewriting_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_waits_for_a_worker_that_has_yet_to_run,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_parked_worker_comes_back_for_a_request, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_worker_that_has_ended_is_replaced, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_waits_for_a_worker_that_another_thread_makes,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_waits_no_longer_than_ten_seconds_for_a_worker,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_request_is_told_by_a_worker_that_has_parked_before_its_maker_looked, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_that_comes_while_the_worker_is_about_to_park_is_told,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_request_with_an_earlier_deadline_wakes_the_worker_and_a_later_one_does_not,
            fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_with_nothing_outstanding_the_worker_rests, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_answer_that_a_synchronous_caller_receives_is_told_by_the_worker, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_answer_that_cannot_be_handed_to_the_worker_for_want_of_memory_is_no_resources,
            fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_answer_that_every_receiver_gets_is_told_once,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_synchronous_caller_relies_on_the_worker_of_asynchronous_requests, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_that_sits_unread_at_the_deadline_counts,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_reply_that_is_read_when_the_request_has_been_given_up_is_passed_over,
            fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_event_is_set_once_when_reply_and_time_out_race,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_64_events_in_rotation_cost_3_system_calls_a_request,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_event_shared_by_batches_of_64_costs_a_twentieth_of_a_system_call_a_request,
            fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_event_that_others_wait_for_is_set_again_200_us_later,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_event_is_set_at_once_when_all_who_wait_for_it_have_their_replies, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_event_of_one_request_is_set_at_once, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_where_system_calls_are_fast_an_event_is_set_at_once,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_where_the_transport_does_not_keep_time_an_event_is_set_at_once,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_the_first_of_many_time_outs_is_told_before_all_buffers_are_written, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_parked_worker_lets_go_of_an_event_after_100_ms,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_worker_that_does_not_park_lets_go_of_an_event_after_100_ms,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_worker_that_sleeps_is_woken_to_look_at_a_handle_that_was_used_on_trust,
            fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_threads_that_share_an_event_all_get_their_replies_and_the_event_is_set_last,
            fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_requests_of_a_closed_session_are_told_and_then_the_engine_goes,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            test_of_100000_outstanding_requests_each_is_told_once_with_its_own_data, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_takes_no_more_than_256_bytes, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_random_operations_agree_with_a_model, fixture_set_up,
                                        fixture_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
