/*
 * What echo/round_trip.h promises: the exact times of the replies in a buffer, as long as they stand in it.
 */
#include "support/cmocka_main.h"

#include "echo/round_trip.h"
#include "unit/support/echo_fixture.h"

#define TIMEOUT_MS 60000
#define TEXT       "the payload of this very request"

static const struct fake_network_hooks silent_hooks = {.send = fake_network_silence};

/* How many times are remembered of a buffer; the first of them in `*time_ns`. */
static size_t recall(const void *reply, size_t reply_bytes, uint64_t *time_ns)
{
    *time_ns = 0;
    return round_trip_recall(reply, reply_bytes, 0, time_ns, 1);
}

static uint32_t answer_after_a_while(const struct fake_sent *sent)
{
    os_posix_advance_clock(1234567);
    fake_network_echo(sent);
    return 0;
}

static void test_the_time_of_a_synchronous_reply_is_remembered(void **state)
{
    struct caller caller;
    uint64_t time_ns;

    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = answer_after_a_while});
    caller_set(&caller, *state, HOST, TEXT, TIMEOUT_MS);
    caller_run(&caller);
    assert_true(caller_has_own_reply(&caller));
    assert_int_equal(caller.reply.header.RoundTripTime, 1);
    assert_int_equal(recall(caller.reply.bytes, sizeof(caller.reply.bytes), &time_ns), 1);
    assert_int_equal(time_ns, 1234567);
}

static void test_the_time_of_an_asynchronous_reply_is_remembered_before_the_program_is_told(void **state)
{
    static struct submission submission;
    uint64_t time_ns;

    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = answer_after_a_while});
    submission_set(&submission, *state, HOST, TEXT, TIMEOUT_MS);
    submission_set_event(&submission);
    submission_start(&submission);
    assert_soon(submission_told(&submission) == 1);
    assert_int_equal(recall(submission.reply.bytes, sizeof(submission.reply), &time_ns), 1);
    assert_int_equal(time_ns, 1234567);
    submission.reply.header.Reserved = 0; /* as IcmpParseReplies does */
    assert_int_equal(recall(submission.reply.bytes, sizeof(submission.reply), &time_ns), 1);
    os_posix_close(submission.wanted.event);
}

static void test_the_time_of_an_ipv6_reply_is_remembered(void **state)
{
    struct caller caller;
    uint64_t time_ns;

    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = answer_after_a_while});
    caller_set(&caller, *state, HOST6, TEXT, TIMEOUT_MS);
    caller_run(&caller);
    assert_int_equal(caller.replies, 1);
    assert_int_equal(recall(caller.reply.bytes, sizeof(ICMPV6_ECHO_REPLY), &time_ns), 1);
    assert_int_equal(time_ns, 1234567);
    assert_int_equal(recall(caller.reply.bytes, sizeof(ICMPV6_ECHO_REPLY) - 1, &time_ns), 0);
}

static uint32_t answer_with_error(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_error(sent, ROUTER, 11, 0);
    os_posix_advance_clock(7);
    fake_network_deliver(&answer);
    return 0;
}

static void test_the_time_of_an_icmp_error_is_remembered(void **state)
{
    struct caller caller;
    uint64_t time_ns;

    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = answer_with_error});
    caller_set(&caller, *state, HOST, TEXT, TIMEOUT_MS);
    caller_run(&caller);
    assert_int_equal(recall(caller.reply.bytes, sizeof(caller.reply.bytes), &time_ns), 1);
    assert_int_equal(time_ns, 7);
}

#define RESPONDERS 100

static void test_the_times_of_many_replies_are_remembered_in_order(void **state)
{
    static uint8_t reply_buffer[65536];
    static struct caller caller;
    uint64_t times_ns[RESPONDERS];

    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    caller_set(&caller, *state, address_v4(224, 0, 0, 1), TEXT, TIMEOUT_MS);
    caller.call.reply = reply_buffer;
    caller.call.reply_bytes = sizeof(reply_buffer);
    caller_start(&caller);
    struct fake_answer reply = fake_reply(fake_network_sent(1));
    for (uint8_t i = 0; i < RESPONDERS; i++) {
        reply.source = address_v4(192, 0, 2, i);
        os_posix_advance_clock(1000);
        fake_network_deliver(&reply);
        assert_soon(fake_network_unread() == 0); /* received, at the time that it is now */
    }
    os_posix_advance_clock(TIMEOUT_MS * OS_NS_PER_MS);
    caller_join(&caller);
    assert_int_equal(caller.replies, RESPONDERS);
    assert_int_equal(round_trip_recall(reply_buffer, sizeof(reply_buffer), 0, times_ns, 0), RESPONDERS);
    assert_int_equal(round_trip_recall(reply_buffer, sizeof(reply_buffer), 0, times_ns, 60), RESPONDERS);
    assert_int_equal(round_trip_recall(reply_buffer, sizeof(reply_buffer), 60, times_ns + 60, RESPONDERS),
                     RESPONDERS);
    for (size_t i = 0; i < RESPONDERS; i++) {
        assert_int_equal(times_ns[i], 1000 * (i + 1));
    }
}

static void test_nothing_is_remembered_of_a_buffer_without_replies(void **state)
{
    struct caller caller;
    uint64_t time_ns;

    caller_set(&caller, *state, HOST, TEXT, TIMEOUT_MS);
    caller_run(&caller);
    assert_int_equal(recall(caller.reply.bytes, sizeof(caller.reply.bytes), &time_ns), 1);
    fake_network_hook(silent_hooks);
    caller.call.timeout_ms = 1;
    caller_run(&caller);
    assert_int_equal(caller.error, IP_REQ_TIMED_OUT);
    assert_int_equal(recall(caller.reply.bytes, sizeof(caller.reply.bytes), &time_ns), 0);
}

/* ---- The memory itself ---- */

#define BUFFERS_MIN 64
#define BUFFERS_MAX (256 * BUFFERS_MIN)

static ICMP_ECHO_REPLY buffers[2 * BUFFERS_MAX];

static void remember(size_t i)
{
    uint64_t time_ns = i + 1;
    buffers[i] = (ICMP_ECHO_REPLY){.Address = (uint32_t)i, .RoundTripTime = 1};
    round_trip_remember(&buffers[i], IP_FAMILY_V4, &time_ns, 1);
}

static bool is_remembered(size_t i)
{
    uint64_t time_ns;
    size_t count = recall(&buffers[i], sizeof(buffers[i]), &time_ns);
    assert_true(count == 0 || (count == 1 && time_ns == i + 1));
    return count == 1;
}

static void test_the_buffers_that_came_last_are_remembered(void **state)
{
    size_t remembered = 0;

    (void)state;
    for (size_t i = 0; i < 2 * BUFFERS_MAX; i++) {
        remember(i);
        for (size_t back = 0; i % 61 == 0 && back < BUFFERS_MIN && back <= i; back++) {
            assert_true(is_remembered(i - back));
        }
    }
    for (size_t i = 0; i < 2 * BUFFERS_MAX; i++) {
        remembered += is_remembered(i);
    }
    assert_in_range(remembered, BUFFERS_MAX / 2, BUFFERS_MAX);
}

/* The set of an address, as round_trip.c has it. */
static size_t set_of(const void *reply)
{
    return (size_t)((uintptr_t)reply * 0x9e3779b97f4a7c15ULL >> 32) % 256;
}

static void test_the_buffer_that_came_first_is_forgotten_first(void **state)
{
    size_t same[BUFFERS_MIN + 3];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; count < BUFFERS_MIN + 3; i++) {
        assert_true(i < 2 * BUFFERS_MAX);
        if (set_of(&buffers[i]) == set_of(&buffers[0])) {
            same[count++] = i;
        }
    }
    for (size_t i = 0; i < count; i++) {
        remember(same[i]);
        remember(same[i]); /* again in the same place */
        for (size_t j = 0; j < count; j++) {
            assert_int_equal(is_remembered(same[j]), j <= i && j + BUFFERS_MIN > i);
        }
    }
}

static void test_a_buffer_that_was_changed_moved_or_used_again_is_another(void **state)
{
    uint64_t time_ns;

    (void)state;
    remember(0);
    buffers[1] = buffers[0];
    assert_false(is_remembered(1)); /* a copy elsewhere */
    uint8_t *bytes = (uint8_t *)&buffers[0];
    for (size_t i = 0; i < sizeof(buffers[0]); i++) {
        bool reserved =
            i == offsetof(ICMP_ECHO_REPLY, Reserved) || i == offsetof(ICMP_ECHO_REPLY, Reserved) + 1;
        bytes[i] ^= 0x10;
        assert_int_equal(is_remembered(0), reserved);
        bytes[i] ^= 0x10;
    }
    assert_true(is_remembered(0));
    assert_int_equal(recall(&buffers[0], sizeof(buffers[0]) - 1, &time_ns), 0);

    time_ns = 99;
    buffers[0].Address = 77;
    round_trip_remember(&buffers[0], IP_FAMILY_V4, &time_ns, 1);
    assert_int_equal(recall(&buffers[0], sizeof(buffers[0]), &time_ns), 1);
    assert_int_equal(time_ns, 99);
}

static void test_times_of_many_replies_are_freed_when_they_are_forgotten(void **state)
{
    (void)state;
    size_t allocations = os_posix_allocations();
    for (size_t i = 0; i < 1000; i++) {
        uint64_t *times_ns = os_alloc(10 * sizeof(*times_ns));
        times_ns[9] = i;
        round_trip_remember(&buffers[0], IP_FAMILY_V4, times_ns, 10);
        uint64_t last_ns;
        assert_int_equal(round_trip_recall(&buffers[0], sizeof(buffers[0]), 9, &last_ns, 5), 10);
        assert_int_equal(last_ns, i);
        assert_int_equal(os_posix_allocations(), allocations + 1);
    }
    remember(0);
    assert_int_equal(os_posix_allocations(), allocations);
    assert_true(is_remembered(0));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_time_of_a_synchronous_reply_is_remembered,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_the_time_of_an_asynchronous_reply_is_remembered_before_the_program_is_told,
            fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_time_of_an_ipv6_reply_is_remembered, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_time_of_an_icmp_error_is_remembered, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_times_of_many_replies_are_remembered_in_order,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_remembered_of_a_buffer_without_replies,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_buffers_that_came_last_are_remembered, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_the_buffer_that_came_first_is_forgotten_first, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_buffer_that_was_changed_moved_or_used_again_is_another,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_times_of_many_replies_are_freed_when_they_are_forgotten,
                                        fixture_set_up, fixture_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
