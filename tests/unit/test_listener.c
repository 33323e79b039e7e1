/*
 * What echo/listener.h promises, where receivers may have identifiers of their own: callers at the same time do not need each
 * other or the worker, and where such a listener is not to be had, it is as without. That everything else is as without is
 * tested by running the tests of other files over such a transport, too (tests/CMakeLists.txt).
 */
#include "support/cmocka_main.h"

#include "echo/pending.h"
#include "unit/support/echo_fixture.h"

#define TIMEOUT_MS 60000
#define OWN_MAX    8    /* how many identifiers are receivers' own */
#define AGAIN_MS   1000 /* when it is tried again to have one */
#define SEQUENCES  65536

#define CALLERS    (OWN_MAX + 2)

static struct caller callers[CALLERS];
static char texts[CALLERS][32];

static int set_up(void **state)
{
    fixture_set_up(state);
    fake_network_allow_own_identifiers(true);
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

/* Starts a caller, and gives what it has sent, which nobody answers. All callers ask the same host. */
static const struct fake_sent *start_caller(struct engine *engine, size_t number)
{
    size_t before = fake_network_sent_count();
    snprintf(texts[number], sizeof(texts[number]), "data of caller %zu", number);
    caller_set(&callers[number], engine, HOST, texts[number], TIMEOUT_MS);
    caller_start(&callers[number]);
    return fake_network_sent(before + 1);
}

static void assert_gets_own_reply(size_t number)
{
    caller_join(&callers[number]);
    assert_true(caller_has_own_reply(&callers[number]));
}

/* Makes a call that is answered, and gives what it has sent. */
static const struct fake_sent *echo_once(struct engine *engine)
{
    static struct caller caller;
    caller_set(&caller, engine, HOST, "answered at once", TIMEOUT_MS);
    use_send_hook(NULL);
    caller_run(&caller);
    assert_true(caller_has_own_reply(&caller));
    use_send_hook(fake_network_silence);
    return fake_network_sent(fake_network_sent_count());
}

/* The identifier of requests that have no listener of their own. */
static uint16_t ring_identifier(struct engine *engine)
{
    return engine->identifiers.present->value;
}

/* ---- With identifiers of their own ---- */

static void test_callers_at_the_same_time_receive_for_themselves_under_different_identifiers(void **state)
{
    const struct fake_sent *sent[3];

    use_send_hook(fake_network_silence);
    for (size_t i = 0; i < 3; i++) {
        sent[i] = start_caller(*state, i);
        assert_soon(fake_network_listening() == i + 1);
        assert_int_not_equal(sent[i]->identifier, ring_identifier(*state));
    }
    assert_int_not_equal(sent[0]->identifier, sent[1]->identifier);
    assert_int_not_equal(sent[0]->identifier, sent[2]->identifier);
    assert_int_not_equal(sent[1]->identifier, sent[2]->identifier);
    assert_int_equal(engine_relying(*state), 0);
    assert_int_equal(engine_worker(*state), WORKER_NONE);
    for (size_t i = 3; i-- > 0;) {
        fake_network_echo(sent[i]);
        assert_gets_own_reply(i);
    }
    assert_int_equal(fake_network_unread(), 0); /* nobody was brought what was another's */
}

static void test_callers_one_after_the_other_share_an_identifier_and_use_up_its_sequences(void **state)
{
    const struct fake_sent *first = echo_once(*state);

    for (uint32_t i = 1; i <= SEQUENCES; i++) {
        const struct fake_sent *next = echo_once(*state);
        assert_int_equal(next->identifier, first->identifier);
        assert_int_equal(next->sequence, (uint16_t)(first->sequence + i));
    }
    assert_int_equal(fake_network_receivers(), 1);
}

static void test_sequences_begin_anywhere(void **state)
{
    use_send_hook(fake_network_silence);
    const struct fake_sent *first = start_caller(*state, 0);
    const struct fake_sent *second = start_caller(*state, 1);

    assert_int_not_equal(first->sequence, second->sequence);
    for (size_t i = 0; i < 2; i++) {
        fake_network_echo(fake_network_sent(i + 1));
        assert_gets_own_reply(i);
    }
}

static void test_a_reply_that_comes_too_late_is_not_the_next_callers(void **state)
{
    os_posix_stop_clock();
    use_send_hook(fake_network_silence);
    const struct fake_sent *first = start_caller(*state, 0);
    assert_soon(fake_network_listening() == 1);
    os_posix_advance_clock(TIMEOUT_MS * OS_NS_PER_MS);
    caller_join(&callers[0]);
    assert_int_equal(callers[0].error, IP_REQ_TIMED_OUT);

    const struct fake_sent *second = start_caller(*state, 1);
    assert_int_equal(second->identifier, first->identifier);
    assert_soon(fake_network_listening() == 1);
    fake_network_echo(first);
    assert_soon(fake_network_unread() == 0 && fake_network_listening() == 1);
    assert_int_equal(engine_outstanding(*state), 1);
    fake_network_echo(second);
    assert_gets_own_reply(1);
}

static void test_a_caller_does_not_need_the_worker_of_asynchronous_requests(void **state)
{
    static struct submission submission;

    use_send_hook(fake_network_silence);
    submission_set(&submission, *state, OTHER, "asynchronous", TIMEOUT_MS);
    submission_set_event(&submission);
    submission_start(&submission);
    const struct fake_sent *sent = start_caller(*state, 0);
    assert_int_equal(engine_relying(*state), 1);
    fake_network_echo(sent);
    assert_gets_own_reply(0);
    assert_int_equal(submission_told(&submission), 0);
    fake_network_echo(fake_network_sent(1));
    assert_soon(submission_told(&submission) == 1);
    assert_true(submission_has_own_reply(&submission));
    os_posix_close(submission.wanted.event);
}

static void test_a_caller_is_not_refused_because_others_have_every_key_of_the_ring(void **state)
{
    struct engine *engine = *state;
    static struct request requests[SEQUENCES];

    os_lock_acquire(&echo_lock);
    for (size_t i = 0; i < SEQUENCES; i++) {
        requests[i].deadline.due_ns = OS_NEVER;
        assert_true(pending_insert(engine, &requests[i]));
    }
    struct request refused = {.deadline = {.due_ns = OS_NEVER}};
    assert_false(pending_insert(engine, &refused));
    os_lock_release(&echo_lock);

    echo_once(engine);

    os_lock_acquire(&echo_lock);
    for (size_t i = 0; i < SEQUENCES; i++) {
        pending_remove(engine, &requests[i]);
    }
    os_lock_release(&echo_lock);
}

/* ---- No more of them ---- */

static void test_more_callers_than_are_worth_an_identifier_rely_on_the_worker(void **state)
{
    use_send_hook(fake_network_silence);
    for (size_t i = 0; i < OWN_MAX; i++) {
        const struct fake_sent *sent = start_caller(*state, i);
        assert_int_not_equal(sent->identifier, ring_identifier(*state));
    }
    assert_int_equal(engine_worker(*state), WORKER_NONE);

    /* This one has the worker made, and receives for itself meanwhile if that takes a moment. */
    const struct fake_sent *ninth = start_caller(*state, OWN_MAX);
    assert_int_equal(ninth->identifier, ring_identifier(*state));
    assert_soon(engine_worker(*state) == WORKER_RECEIVING);
    size_t before = engine_relying(*state);
    const struct fake_sent *tenth = start_caller(*state, OWN_MAX + 1);
    assert_int_equal(tenth->identifier, ring_identifier(*state));
    assert_int_equal(engine_relying(*state), before + 1);

    for (size_t i = 0; i < CALLERS; i++) {
        fake_network_echo(fake_network_sent(i + 1));
        assert_gets_own_reply(i);
    }
    assert_int_not_equal(echo_once(*state)->identifier, ring_identifier(*state));
    assert_int_equal(((struct engine *)*state)->listeners.own_count, OWN_MAX);
}

static struct gate vanished; /* in it, until the test is over */

static void vanish_in_receive(size_t receiver, uint64_t deadline_ns)
{
    (void)receiver;
    (void)deadline_ns;
    gate_pass(&vanished);
}

static void test_callers_who_vanish_take_their_listeners_with_them_and_harm_nobody(void **state)
{
    vanished = (struct gate){0};
    fake_network_hook(
        (struct fake_network_hooks){.send = fake_network_silence, .receive = vanish_in_receive});
    for (size_t i = 0; i < OWN_MAX; i++) {
        start_caller(*state, i);
        assert_soon(gate_waiting(&vanished) == i + 1);
    }
    use_send_hook(fake_network_silence);
    for (size_t i = OWN_MAX; i < CALLERS; i++) {
        const struct fake_sent *sent = start_caller(*state, i);
        assert_int_equal(sent->identifier, ring_identifier(*state));
        fake_network_echo(sent);
        assert_gets_own_reply(i);
    }
    /* For the sake of the clean-up they come back to life. */
    gate_open(&vanished);
    for (size_t i = 0; i < OWN_MAX; i++) {
        fake_network_echo(fake_network_sent(i + 1));
        caller_join(&callers[i]);
    }
}

static bool refuse_first_three(uint16_t identifier)
{
    (void)identifier;
    return fake_network_claims() == 5; /* the first one is the ring's */
}

static void test_an_identifier_that_is_refused_is_replaced_by_another(void **state)
{
    fake_network_hook((struct fake_network_hooks){.identifier_claim = refuse_first_three});
    static struct caller caller;
    caller_set(&caller, *state, HOST, "the fourth one", TIMEOUT_MS);
    caller_run(&caller);
    assert_true(caller_has_own_reply(&caller));
    assert_int_not_equal(fake_network_sent(1)->identifier, ring_identifier(*state));
    assert_int_equal(fake_network_claims(), 5);
}

static bool refuse(uint16_t identifier)
{
    (void)identifier;
    return false;
}

static void test_without_one_it_is_as_without_them_and_tried_again_a_second_later(void **state)
{
    static struct caller caller;

    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.identifier_claim = refuse});
    for (size_t calls = 1; calls <= 3; calls++) {
        caller_set(&caller, *state, HOST, "as without", TIMEOUT_MS);
        caller_run(&caller);
        assert_true(caller_has_own_reply(&caller));
        assert_int_equal(fake_network_sent(calls)->identifier, ring_identifier(*state));
    }
    size_t claims = fake_network_claims();
    assert_in_range(claims, 2, 100);
    use_send_hook(NULL);
    os_posix_advance_clock((AGAIN_MS - 1) * OS_NS_PER_MS);
    assert_int_equal(echo_once(*state)->identifier, ring_identifier(*state));
    assert_int_equal(fake_network_claims(), claims);
    os_posix_advance_clock(OS_NS_PER_MS);
    assert_int_not_equal(echo_once(*state)->identifier, ring_identifier(*state));
    assert_int_equal(fake_network_claims(), claims + 1);
}

static void test_without_memory_for_one_a_call_goes_without_and_nothing_is_lost(void **state)
{
    struct engine *engine = *state;
    static struct caller caller;
    size_t without = 0;

    os_posix_stop_clock();
    for (size_t nth = 1;; nth++) {
        os_posix_advance_clock(AGAIN_MS * OS_NS_PER_MS);
        engine_release(engine); /* a fresh one, so that every allocation is made each time */
        assert_int_equal(engine_acquire(&engine), 0);
        *state = engine;
        caller_set(&caller, engine, HOST, "whatever happens", TIMEOUT_MS);
        os_posix_fail_allocation(nth);
        caller_run(&caller);
        if (!os_posix_allocation_has_failed()) {
            break;
        }
        assert_true(caller.error == ERROR_NOT_ENOUGH_MEMORY || caller_has_own_reply(&caller));
        without += caller.error == 0;
        assert_int_equal(engine->listeners.own_count, engine->listeners.free_own != NULL);
    }
    os_posix_fail_allocation(0);
    assert_true(caller_has_own_reply(&caller));
    assert_int_equal(without, 2); /* listener; receiver, which is tried again with another identifier */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_callers_at_the_same_time_receive_for_themselves_under_different_identifiers, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_callers_one_after_the_other_share_an_identifier_and_use_up_its_sequences, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_sequences_begin_anywhere, set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_that_comes_too_late_is_not_the_next_callers, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_does_not_need_the_worker_of_asynchronous_requests,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_caller_is_not_refused_because_others_have_every_key_of_the_ring, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_more_callers_than_are_worth_an_identifier_rely_on_the_worker,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_callers_who_vanish_take_their_listeners_with_them_and_harm_nobody, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_identifier_that_is_refused_is_replaced_by_another, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_one_it_is_as_without_them_and_tried_again_a_second_later,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_memory_for_one_a_call_goes_without_and_nothing_is_lost,
                                        set_up, fixture_engine_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
