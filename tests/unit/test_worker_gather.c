/*
 * The worker lets replies to probes gather for a moment while nobody waits for their results, and nothing else: not where
 * it has to tell itself when they came, nor while another request relies on it.
 */
#include "support/cmocka_main.h"

#include "echo/batch.h"
#include "unit/support/echo_fixture.h"

#define PROBES    12
#define GATHER_NS OS_NS_PER_MS

static const struct fake_network_hooks silent_hooks = {.send = fake_network_silence};

static os_handle handle;
static struct batch *batch;
static size_t collected;

/* A batch whose probes are all on their way, while the clock stands still. */
static void start(bool kernel_times)
{
    struct echo_call call = {.destination = HOST, .timeout_ms = 60000};
    collected = 0;
    os_posix_stop_clock();
    fake_network_tell_kernel_times(kernel_times);
    fake_network_hook(silent_hooks);
    assert_int_equal(batch_open(PROBES, &handle), 0);
    assert_int_equal(batch_acquire(handle, &batch), 0);
    for (size_t i = 0; i < PROBES; i++) {
        assert_int_equal(batch_submit(batch, &call, i), 0);
    }
}

static void stop(void)
{
    batch_release(batch);
    assert_int_equal(batch_close(handle), 0);
}

static void forget(void *context, size_t number, const struct batch_result *result)
{
    (void)context;
    (void)number;
    (void)result;
}

/* How many results there have been until now. */
static size_t results(void)
{
    size_t count;
    batch_collect(batch, 0, PROBES, forget, NULL, &count);
    collected += count;
    return collected;
}

/* Delivers the reply to a probe, counted from 0. */
static void reply_to(size_t probe)
{
    struct fake_answer reply = fake_reply(fake_network_sent(probe + 1));
    fake_network_deliver(&reply);
}

static void replies_to(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        reply_to(i);
    }
}

/* The first reply is read at once, for the worker sleeps in a receive. */
static void begin_to_gather(void)
{
    reply_to(0);
    assert_soon(results() == 1);
}

/* Long enough for a worker that does not wait. */
static void pause_a_while(void)
{
    for (int i = 0; i < 50; i++) {
        os_posix_pause();
    }
}

static void test_replies_gather_for_a_moment_while_nobody_waits_for_results(void **state)
{
    (void)state;
    start(true);
    begin_to_gather();
    replies_to(1, PROBES);
    pause_a_while();
    assert_int_equal(results(), 1);
    assert_int_equal(fake_network_unread(), PROBES - 1);
    os_posix_advance_clock(GATHER_NS);
    assert_soon(results() == PROBES);
    stop();
}

static void test_who_waits_for_a_result_has_it_at_once(void **state)
{
    size_t count;

    (void)state;
    start(true);
    begin_to_gather();
    replies_to(1, PROBES);
    while (collected < PROBES) {
        assert_int_equal(batch_collect(batch, OS_NEVER, PROBES, forget, NULL, &count), 0);
        collected += count;
    }
    stop();
}

static void test_replies_whose_time_is_when_they_are_read_are_read_at_once(void **state)
{
    (void)state;
    start(false);
    for (size_t i = 0; i < PROBES; i++) {
        reply_to(i);
        assert_soon(results() == i + 1);
    }
    stop();
}

static void test_another_request_ends_the_gathering(void **state)
{
    struct submission submission;
    struct engine *engine;

    (void)state;
    start(true);
    begin_to_gather();
    assert_int_equal(engine_acquire(&engine), 0);
    submission_set(&submission, engine, OTHER, "x", 60000);
    submission_set_event(&submission);
    size_t sent = submission_start(&submission);
    for (size_t i = 1; i < PROBES; i++) {
        reply_to(i);
        assert_soon(results() == i + 1);
    }
    struct fake_answer reply = fake_reply(fake_network_sent(sent));
    fake_network_deliver(&reply);
    assert_soon(submission_told(&submission) == 1);
    os_posix_close(submission.wanted.event);
    engine_release(engine);
    stop();
}

/* The tear-down looks whether the worker has ended. */
static void test_the_end_of_the_engine_ends_the_gathering(void **state)
{
    (void)state;
    start(true);
    begin_to_gather();
    stop();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replies_gather_for_a_moment_while_nobody_waits_for_results,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_who_waits_for_a_result_has_it_at_once, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_replies_whose_time_is_when_they_are_read_are_read_at_once,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_another_request_ends_the_gathering, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_the_end_of_the_engine_ends_the_gathering, fixture_set_up,
                                        fixture_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
