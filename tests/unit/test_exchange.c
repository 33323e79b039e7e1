/*
 * Who uses a transport's way to send and receive in one call. That everything else is as without it is
 * tested by running the tests of synchronous calls over such a transport, too (tests/CMakeLists.txt).
 */
#include "support/cmocka_main.h"

#include "unit/support/echo_fixture.h"

#define TIMEOUT_MS 60000
#define TEXT       "in one call"

static int set_up(void **state)
{
    fixture_set_up(state);
    fake_network_provide_exchange(true);
    struct engine *engine;
    if (engine_acquire(&engine) != 0) {
        return -1;
    }
    *state = engine;
    return 0;
}

static void use_send_hook(uint32_t (*hook)(const struct fake_sent *))
{
    fake_network_hook((struct fake_network_hooks){.send = hook});
}

static struct caller *fresh_caller(void **state)
{
    static struct caller caller;
    caller_set(&caller, *state, HOST, TEXT, TIMEOUT_MS);
    return &caller;
}

static void test_a_lone_caller_sends_and_receives_in_one_call(void **state)
{
    for (size_t calls = 1; calls <= 3; calls++) {
        struct caller *caller = fresh_caller(state);
        caller_run(caller);
        assert_true(caller_has_own_reply(caller));
        assert_int_equal(fake_network_exchanges(), calls);
        assert_int_equal(fake_network_receives(), calls); /* that of the exchange */
    }
}

static void test_the_one_call_waits_as_long_as_there_is_time(void **state)
{
    struct caller *caller = fresh_caller(state);

    os_posix_stop_clock();
    use_send_hook(fake_network_silence);
    caller_start(caller);
    assert_soon(fake_network_waits_until(0) == os_now_ns() + TIMEOUT_MS * OS_NS_PER_MS);
    assert_int_equal(fake_network_receives(), 1);
    fake_network_echo(fake_network_sent(1));
    caller_join(caller);
    assert_true(caller_has_own_reply(caller));
}

static uint32_t answer_after_another(const struct fake_sent *sent)
{
    struct fake_answer other = fake_reply(sent);
    other.identifier++;
    fake_network_deliver(&other);
    return fake_network_echo(sent);
}

static void test_a_caller_whose_call_brings_something_else_receives_again(void **state)
{
    struct caller *caller = fresh_caller(state);

    fake_network_single_packets(true);
    use_send_hook(answer_after_another);
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    assert_int_equal(fake_network_exchanges(), 1);
    assert_int_equal(fake_network_receives(), 2);
}

static uint32_t refuse(const struct fake_sent *sent)
{
    (void)sent;
    return ERROR_NETWORK_UNREACHABLE;
}

static void test_what_is_refused_is_not_waited_for(void **state)
{
    struct caller *caller = fresh_caller(state);

    use_send_hook(refuse);
    caller_run(caller);
    assert_int_equal(caller->replies, 0);
    assert_int_equal(caller->error, ERROR_NETWORK_UNREACHABLE);
    assert_true(caller_reply_untouched(caller, 0));
    assert_int_equal(fake_network_receives(), 0);
}

static uint32_t answer_as_a_broadcast_address(const struct fake_sent *sent)
{
    return sent->message.broadcast ? fake_network_echo(sent) : TRANSPORT_NEEDS_BROADCAST;
}

static void test_a_broadcast_address_takes_a_second_call(void **state)
{
    struct caller *caller = fresh_caller(state);

    use_send_hook(answer_as_a_broadcast_address);
    caller->call.reply = caller->reply.bytes;
    caller->call.reply_bytes =
        sizeof(ICMP_ECHO_REPLY) + sizeof(TEXT) - 1; /* it is over with the first answer */
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    assert_int_equal(fake_network_exchanges(), 2);
    assert_int_equal(fake_network_receives(), 1);
}

static void test_a_caller_who_relies_on_the_worker_only_sends(void **state)
{
    struct submission submission;
    struct caller *caller = fresh_caller(state);

    use_send_hook(fake_network_silence);
    submission_set(&submission, *state, OTHER, TEXT, TIMEOUT_MS);
    submission_set_event(&submission);
    submission_start(&submission);
    assert_int_equal(fake_network_exchanges(), 0); /* nor does who does not wait */
    assert_soon(engine_worker(*state) == WORKER_RECEIVING);

    use_send_hook(NULL);
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    assert_int_equal(fake_network_exchanges(), 0);

    fake_network_echo(fake_network_sent(1));
    assert_soon(submission_told(&submission) == 1);
    os_posix_close(submission.wanted.event);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_lone_caller_sends_and_receives_in_one_call, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_one_call_waits_as_long_as_there_is_time, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_whose_call_brings_something_else_receives_again, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused_is_not_waited_for, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_broadcast_address_takes_a_second_call, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_who_relies_on_the_worker_only_sends, set_up,
                                        fixture_engine_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
