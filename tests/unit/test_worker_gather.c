/*
 * The worker lets replies to probes gather when they come in quick succession, and nothing else: not where it has to tell
 * itself when they came, nor while another request waits for it.
 */
#include "support/cmocka_main.h"

#include "echo/batch.h"
#include "unit/support/echo_fixture.h"

#define PROBES        12
#define BEFORE_GATHER 5 /* replies that are read at once */
#define GATHER_NS     OS_NS_PER_MS

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

/* Delivers replies one by one, each when the one before has been read. */
static void reply_in_quick_succession(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        reply_to(i);
        assert_soon(results() == i + 1);
    }
}

/* Long enough for a worker that does not wait. */
static void pause_a_while(void)
{
    for (int i = 0; i < 50; i++) {
        os_posix_pause();
    }
}

static void test_replies_in_quick_succession_are_left_to_gather_for_a_moment(void **state)
{
    (void)state;
    start(true);
    reply_in_quick_succession(0, BEFORE_GATHER);
    for (size_t i = BEFORE_GATHER; i < PROBES; i++) {
        reply_to(i);
    }
    pause_a_while();
    assert_int_equal(results(), BEFORE_GATHER);
    assert_int_equal(fake_network_unread(), PROBES - BEFORE_GATHER);
    os_posix_advance_clock(GATHER_NS);
    assert_soon(results() == PROBES);
    stop();
}

static void test_replies_with_time_between_them_are_read_at_once(void **state)
{
    (void)state;
    start(true);
    for (size_t i = 0; i < PROBES; i++) {
        reply_in_quick_succession(i, i + 1);
        os_posix_advance_clock(GATHER_NS / 4 + 1);
    }
    stop();
}

static void test_replies_whose_time_is_when_they_are_read_are_read_at_once(void **state)
{
    (void)state;
    start(false);
    reply_in_quick_succession(0, PROBES);
    stop();
}

static void test_nothing_gathers_while_another_request_waits(void **state)
{
    struct submission submission;
    struct engine *engine;

    (void)state;
    start(true);
    assert_int_equal(engine_acquire(&engine), 0);
    submission_set(&submission, engine, OTHER, "x", 60000);
    submission_set_event(&submission);
    size_t sent = submission_start(&submission);
    reply_in_quick_succession(0, PROBES);
    struct fake_answer reply = fake_reply(fake_network_sent(sent));
    fake_network_deliver(&reply);
    assert_soon(submission_told(&submission) == 1);
    os_posix_close(submission.wanted.event);
    engine_release(engine);
    stop();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replies_in_quick_succession_are_left_to_gather_for_a_moment,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_replies_with_time_between_them_are_read_at_once, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_replies_whose_time_is_when_they_are_read_are_read_at_once,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_gathers_while_another_request_waits, fixture_set_up,
                                        fixture_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
