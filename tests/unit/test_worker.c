/*
 * What echo/worker.h, echo/receive.h and echo/synchronous.h promise to callers among each other: who receives, who gets
 * which packet, and what happens when one of them is gone.
 *
 * Most tests begin with the same three callers: the first is alone and receives with receiver 0; the second finds it
 * outstanding, has the worker made, which receives with receiver 1, but as that has yet to run, it receives for itself
 * with receiver 2; the third relies on the worker.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "unit/support/echo_fixture.h"

#define TIMEOUT_MS 60000
#define OVERDUE_MS 1000 /* how much later the worker gives up a request that does not rely on it */
#define LINGER_MS  20   /* how long the worker goes on receiving for nobody */
#define PARKED_MS  1000 /* how long a parked worker stays */

enum { FIRST, SECOND, THIRD, CALLERS };

static const char *const texts[] = {"this is the first one's", "the second one's, which is longer", "3"};

static struct caller callers[CALLERS];

/* The first receiver that is opened is the first caller's, and then the worker is made. */
#define WORKER 1

static const struct fake_network_hooks silent_hooks = {.send = fake_network_silence};

/* ---- The three callers ---- */

static void start_caller(struct engine *engine, size_t number)
{
    caller_set(&callers[number], engine, address_v4(192, 0, 2, (uint8_t)(number + 1)), texts[number],
               TIMEOUT_MS);
    caller_start(&callers[number]);
}

static void start_first(struct engine *engine)
{
    fake_network_hook(silent_hooks);
    start_caller(engine, FIRST);
    fake_network_sent(1);
    assert_soon(fake_network_listening() == 1);
}

/* Afterwards the first two and the worker listen, and the third sleeps. None has an answer. The clock stands still, or a
 * worker that is done with its first request would park if the machine was busy for a moment. */
static void start_three(struct engine *engine)
{
    os_posix_stop_clock();
    start_first(engine);
    os_posix_hold_threads(true);
    start_caller(engine, SECOND);
    fake_network_sent(2);
    assert_soon(fake_network_listening() == 2);
    assert_int_equal(engine_worker(engine), WORKER_STARTED);
    os_posix_hold_threads(false);
    assert_soon(fake_network_listening() == 3);
    assert_int_equal(engine_worker(engine), WORKER_RECEIVING);
    assert_int_equal(engine_relying(engine), 0);
    start_caller(engine, THIRD);
    fake_network_sent(3);
    assert_int_equal(engine_outstanding(engine), 3);
    assert_int_equal(engine_relying(engine), 1);
    assert_int_equal(os_posix_threads(), 1);
}

static void deliver_reply_to(size_t receiver, size_t number)
{
    struct fake_answer answer = fake_reply(fake_network_sent(number + 1));
    fake_network_deliver_to(receiver, &answer);
}

static void deliver_reply(size_t number)
{
    struct fake_answer answer = fake_reply(fake_network_sent(number + 1));
    fake_network_deliver(&answer);
}

static void assert_gets_own_reply(size_t number)
{
    assert_soon(caller_is_done(&callers[number]));
    caller_join(&callers[number]);
    assert_true(caller_has_own_reply(&callers[number]));
}

static void finish_three(void)
{
    for (size_t number = 0; number < CALLERS; number++) {
        deliver_reply(number);
        assert_gets_own_reply(number);
    }
}

/* Waits until the worker has nothing to do, and sleeps for as long as it lingers. The clock stands still. */
static void await_lingering(void)
{
    uint64_t until_ns = os_now_ns() + LINGER_MS * OS_NS_PER_MS;
    assert_soon(fake_network_waits_until(WORKER) == until_ns);
}

/* Lets the worker, which has nothing to do while the clock stands still, park. */
static void linger(struct engine *engine)
{
    await_lingering();
    os_posix_advance_clock((LINGER_MS - 1) * OS_NS_PER_MS);
    os_posix_pause();
    assert_int_equal(engine_worker(engine), WORKER_RECEIVING);
    os_posix_advance_clock(OS_NS_PER_MS);
    assert_soon(engine_worker(engine) == WORKER_PARKED);
    assert_true(fake_network_idle());
}

/* Three callers come and go, so that the worker is there and parked; it stays so until the test moves the clock. */
static void park_worker(struct engine *engine)
{
    start_three(engine);
    for (size_t number = 0; number < CALLERS; number++) {
        deliver_reply_to(WORKER, number);
        assert_gets_own_reply(number);
    }
    linger(engine);
}

/* ---- A lone caller ---- */

static struct engine *watched;
static bool alone_when_sent; /* written before the call returns */

static uint32_t notice_whether_alone(const struct fake_sent *sent)
{
    alone_when_sent = engine_outstanding(watched) == 1 && engine_relying(watched) == 0;
    return fake_network_echo(sent);
}

static void assert_lone_caller_receives_for_itself(struct engine *engine)
{
    static struct caller caller;
    watched = engine;
    fake_network_hook((struct fake_network_hooks){.send = notice_whether_alone});
    caller_set(&caller, engine, HOST, "alone", TIMEOUT_MS);
    caller_run(&caller);
    assert_true(caller_has_own_reply(&caller));
    assert_true(alone_when_sent);
    assert_int_equal(engine_outstanding(engine), 0);
}

static void test_a_lone_caller_needs_no_thread(void **state)
{
    for (int times = 0; times < 3; times++) {
        assert_lone_caller_receives_for_itself(*state);
    }
    assert_int_equal(os_posix_threads(), 0);
    assert_int_equal(fake_network_receivers(), 1);
}

/* ---- Hand-over ---- */

static void test_the_worker_hands_a_reply_to_a_caller_who_receives_for_itself(void **state)
{
    start_three(*state);
    deliver_reply_to(WORKER, FIRST);
    assert_gets_own_reply(FIRST);
    assert_false(caller_is_done(&callers[SECOND]));
    assert_false(caller_is_done(&callers[THIRD]));
    deliver_reply_to(WORKER, SECOND);
    assert_gets_own_reply(SECOND);
    deliver_reply(THIRD);
    assert_gets_own_reply(THIRD);
}

static void test_the_worker_hands_a_reply_to_a_caller_who_sleeps(void **state)
{
    start_three(*state);
    deliver_reply_to(WORKER, THIRD);
    assert_gets_own_reply(THIRD);
    assert_false(caller_is_done(&callers[FIRST]));
    assert_false(caller_is_done(&callers[SECOND]));
    deliver_reply(FIRST);
    deliver_reply(SECOND);
    assert_gets_own_reply(FIRST);
    assert_gets_own_reply(SECOND);
}

static void test_a_caller_who_receives_hands_over_what_is_not_its_own(void **state)
{
    start_three(*state);
    deliver_reply_to(0, THIRD);
    assert_gets_own_reply(THIRD);
    deliver_reply_to(0, SECOND);
    assert_gets_own_reply(SECOND);
    assert_false(caller_is_done(&callers[FIRST]));
    deliver_reply_to(0, FIRST);
    assert_gets_own_reply(FIRST);
}

static void test_all_replies_in_one_batch_reach_their_callers(void **state)
{
    start_three(*state);
    for (size_t number = CALLERS; number > 0; number--) { /* the receiving thread's own comes last */
        deliver_reply_to(0, number - 1);
    }
    for (size_t number = 0; number < CALLERS; number++) {
        assert_gets_own_reply(number);
    }
}

static void test_an_icmp_error_that_is_handed_over_keeps_its_options(void **state)
{
    static const uint8_t options[8] = {7, 7, 8, 192, 0, 2, 77, 0};

    start_three(*state);
    struct fake_answer answer = fake_error(fake_network_sent(THIRD + 1), ROUTER, 11, 0);
    answer.options = options;
    answer.options_bytes = sizeof(options);
    fake_network_deliver_to(WORKER, &answer);
    caller_join(&callers[THIRD]);
    const ICMP_ECHO_REPLY *reply = &callers[THIRD].reply.header;
    assert_int_equal(callers[THIRD].replies, 1);
    assert_int_equal(reply->Status, IP_TTL_EXPIRED_TRANSIT);
    assert_int_equal(reply->Address, ROUTER_BE);
    assert_int_equal(reply->Options.OptionsSize, sizeof(options));
    assert_memory_equal(reply->Options.OptionsData, options, sizeof(options));
    deliver_reply(FIRST);
    deliver_reply(SECOND);
    assert_gets_own_reply(FIRST);
    assert_gets_own_reply(SECOND);
}

static void test_a_reply_that_cannot_be_handed_over_for_want_of_memory_is_no_resources(void **state)
{
    const ICMP_ECHO_REPLY expected = {.Status = IP_NO_RESOURCES};
    const struct caller *third = &callers[THIRD];

    start_three(*state);
    os_posix_fail_allocation(1);
    deliver_reply_to(WORKER, THIRD);
    caller_join(&callers[THIRD]);
    assert_true(os_posix_allocation_has_failed());
    deliver_reply(FIRST);
    deliver_reply(SECOND);
    assert_gets_own_reply(FIRST);
    assert_gets_own_reply(SECOND);
    assert_int_equal(third->replies, 0);
    assert_int_equal(third->error, IP_NO_RESOURCES);
    assert_memory_equal(third->reply.bytes, &expected, sizeof(expected));
    assert_true(caller_reply_untouched(third, sizeof(expected)));
}

/* While `held` is closed, the worker stays when it comes to receive. */
static struct gate held;

static void hold(size_t receiver, uint64_t deadline_ns)
{
    (void)deadline_ns;
    if (receiver == WORKER) {
        gate_pass(&held);
    }
}

/* The worker is held, just before it would receive. */
static void hold_worker_before_receive(void)
{
    static const uint8_t junk[28] = {0x45};
    held = (struct gate){0};
    fake_network_hook((struct fake_network_hooks){.send = fake_network_silence, .receive = hold});
    size_t number = WORKER;
    fake_network_deliver_bytes_to(number, junk, sizeof(junk));
    assert_soon(gate_waiting(&held) == 1);
}

static void hold_first(size_t receiver, uint64_t deadline_ns)
{
    (void)deadline_ns;
    if (receiver == 0) {
        gate_pass(&held);
    }
}

static size_t most_at_once; /* of the first caller, who is joined before it is read */

static void note_count(size_t receiver, size_t count)
{
    if (receiver == 0 && count > most_at_once) {
        most_at_once = count;
    }
}

static void test_a_caller_who_receives_for_itself_looks_for_no_more_than_its_reply(void **state)
{
    static const uint8_t junk[28] = {0x45};

    held = (struct gate){0};
    most_at_once = 0;
    fake_network_hook((struct fake_network_hooks){
        .send = fake_network_silence, .receive = hold_first, .received = note_count});
    start_caller(*state, FIRST);
    assert_soon(gate_waiting(&held) == 1);
    for (size_t times = 0; times < 3; times++) {
        fake_network_deliver_bytes_to(0, junk, sizeof(junk));
    }
    deliver_reply(FIRST);
    deliver_reply(FIRST);
    gate_open(&held);
    assert_gets_own_reply(FIRST);
    assert_int_equal(most_at_once, 1);
    assert_int_equal(fake_network_unread(), 1);
}

static void test_a_reply_that_the_worker_has_not_read_at_the_deadline_still_counts(void **state)
{
    start_three(*state);
    hold_worker_before_receive();
    deliver_reply_to(WORKER, THIRD);
    os_posix_advance_clock((TIMEOUT_MS + 100) * OS_NS_PER_MS);
    for (size_t number = FIRST; number <= SECOND; number++) {
        caller_join(&callers[number]);
        assert_int_equal(callers[number].error, IP_REQ_TIMED_OUT);
    }
    assert_false(caller_is_done(&callers[THIRD]));
    gate_open(&held);
    assert_gets_own_reply(THIRD);
}

static void test_a_reply_behind_many_packets_that_the_worker_has_not_read_still_counts(void **state)
{
    static const uint8_t junk[28] = {0x45};

    for (int times = 0; times < 2; times++) {
        if (times > 0) {
            assert_int_equal(fixture_engine_tear_down(state), 0);
            assert_int_equal(fixture_engine_set_up(state), 0);
            fake_network_single_packets(true);
        }
        start_three(*state);
        hold_worker_before_receive();
        for (int count = 0; count < 200; count++) {
            fake_network_deliver_bytes_to(WORKER, junk, sizeof(junk));
        }
        deliver_reply_to(WORKER, THIRD);
        os_posix_advance_clock(TIMEOUT_MS * OS_NS_PER_MS);
        gate_open(&held);
        assert_gets_own_reply(THIRD);
        caller_join(&callers[FIRST]);
        caller_join(&callers[SECOND]);
    }
}

/* A network that never runs dry for the worker: each look takes a millisecond and finds something. */
static void bring_another(size_t receiver, uint64_t deadline_ns)
{
    static const uint8_t junk[28] = {0x45};
    (void)deadline_ns;
    if (receiver == WORKER) {
        os_posix_advance_clock(OS_NS_PER_MS);
        fake_network_deliver_bytes_to(WORKER, junk, sizeof(junk));
    }
}

static void test_a_flood_does_not_keep_the_worker_from_giving_up_for_long(void **state)
{
    static const uint8_t junk[28] = {0x45};

    start_three(*state);
    os_posix_advance_clock((TIMEOUT_MS - 50) * OS_NS_PER_MS);
    fake_network_hook((struct fake_network_hooks){.send = fake_network_silence, .receive = bring_another});
    fake_network_deliver_bytes_to(WORKER, junk, sizeof(junk));
    caller_join(&callers[THIRD]);
    fake_network_hook(silent_hooks);
    assert_int_equal(callers[THIRD].error, IP_REQ_TIMED_OUT);
    assert_in_range(callers[THIRD].took_ns / OS_NS_PER_MS, TIMEOUT_MS, TIMEOUT_MS + 100);
    os_posix_advance_clock(TIMEOUT_MS * OS_NS_PER_MS);
    caller_join(&callers[FIRST]);
    caller_join(&callers[SECOND]);
}

static void test_a_caller_whom_the_worker_does_not_give_up_comes_back_a_second_after_its_time(void **state)
{
    start_three(*state);
    hold_worker_before_receive();
    os_posix_advance_clock((TIMEOUT_MS + OVERDUE_MS - 1) * OS_NS_PER_MS);
    caller_join(&callers[FIRST]);
    caller_join(&callers[SECOND]);
    os_posix_pause();
    assert_false(caller_is_done(&callers[THIRD]));
    os_posix_advance_clock(OS_NS_PER_MS);
    caller_join(&callers[THIRD]);
    assert_int_equal(callers[THIRD].error, IP_REQ_TIMED_OUT);
    gate_open(&held);
}

static void test_a_caller_with_little_time_wakes_the_worker_that_sleeps_longer(void **state)
{
    static struct caller hurried;

    start_three(*state);
    assert_soon(fake_network_waits_until(WORKER) == os_now_ns() + TIMEOUT_MS * OS_NS_PER_MS ||
                fake_network_waits_until(WORKER) == os_now_ns() + LINGER_MS * OS_NS_PER_MS);
    caller_set(&hurried, *state, OTHER, "hurried", 5);
    caller_start(&hurried);
    assert_soon(fake_network_waits_until(WORKER) == os_now_ns() + 5 * OS_NS_PER_MS);
    os_posix_advance_clock(5 * OS_NS_PER_MS);
    caller_join(&hurried);
    assert_int_equal(hurried.error, IP_REQ_TIMED_OUT);
    assert_true(hurried.took_ns == 5 * OS_NS_PER_MS);
    finish_three();
}

static void test_a_sleeping_caller_times_out_in_time(void **state)
{
    start_three(*state);
    os_posix_advance_clock((TIMEOUT_MS - 1) * OS_NS_PER_MS);
    os_posix_pause();
    for (size_t number = 0; number < CALLERS; number++) {
        assert_false(caller_is_done(&callers[number]));
    }
    os_posix_advance_clock(OS_NS_PER_MS);
    for (size_t number = 0; number < CALLERS; number++) {
        caller_join(&callers[number]);
        assert_int_equal(callers[number].replies, 0);
        assert_int_equal(callers[number].error, IP_REQ_TIMED_OUT);
        assert_true(callers[number].took_ns == TIMEOUT_MS * OS_NS_PER_MS);
    }
}

static void test_without_a_thread_every_caller_receives_for_itself(void **state)
{
    os_posix_fail_threads(true);
    start_first(*state);
    for (size_t number = SECOND; number < CALLERS; number++) {
        start_caller(*state, number);
        fake_network_sent(number + 1);
        assert_soon(fake_network_listening() == number + 1);
    }
    assert_int_equal(engine_worker(*state), WORKER_NONE);
    deliver_reply_to(2, FIRST); /* into whose hands it comes does not matter */
    assert_gets_own_reply(FIRST);
    deliver_reply_to(1, THIRD);
    assert_gets_own_reply(THIRD);
    deliver_reply(SECOND);
    assert_gets_own_reply(SECOND);
    os_posix_fail_threads(false);
    assert_lone_caller_receives_for_itself(*state);
}

static void test_a_worker_without_memory_harms_nobody(void **state)
{
    start_first(*state);
    fake_network_fail_receivers(true);
    /* The second one cannot receive, and neither can the worker. */
    start_caller(*state, SECOND);
    caller_join(&callers[SECOND]);
    assert_int_equal(callers[SECOND].error, ERROR_NOT_ENOUGH_MEMORY);
    assert_soon(engine_worker(*state) == WORKER_NONE);
    fake_network_fail_receivers(false);
    deliver_reply(FIRST);
    assert_gets_own_reply(FIRST);
    assert_lone_caller_receives_for_itself(*state);
}

/* ---- Receivers that share their packets ---- */

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

static struct gate resting;

static void hold_first_before_rest(size_t receiver)
{
    if (receiver == 0) {
        gate_pass(&resting);
    }
}

static void test_a_packet_that_a_caller_takes_when_it_has_its_own_is_handed_over(void **state)
{
    start_three(*state);
    resting = (struct gate){0};
    fake_network_hook(
        (struct fake_network_hooks){.send = fake_network_silence, .rest = hold_first_before_rest});
    deliver_reply_to(WORKER, FIRST);
    assert_soon(gate_waiting(&resting) == 1);
    deliver_reply(THIRD); /* the first was woken, and goes on listening: it takes this one */
    os_posix_pause();
    assert_false(caller_is_done(&callers[THIRD]));
    assert_int_equal(fake_network_unread(), 1);
    gate_open(&resting);
    assert_gets_own_reply(THIRD);
    assert_gets_own_reply(FIRST);
    deliver_reply(SECOND);
    assert_gets_own_reply(SECOND);
}

static void run_crowd(struct engine *engine);

static void test_of_many_callers_who_share_packets_each_gets_its_own_reply(void **state)
{
    run_crowd(*state);
    assert_lone_caller_receives_for_itself(*state);
}

/* ---- Parking ---- */

static void test_the_worker_parks_and_leaves_a_lone_caller_to_itself(void **state)
{
    park_worker(*state);
    for (int times = 0; times < 3; times++) {
        assert_lone_caller_receives_for_itself(*state);
        assert_int_equal(engine_worker(*state), WORKER_PARKED);
    }
}

static void test_a_parked_worker_comes_back_when_it_is_needed(void **state)
{
    park_worker(*state);
    size_t receivers = fake_network_receivers();
    fake_network_hook(silent_hooks);
    start_caller(*state, FIRST);
    fake_network_sent(4);
    assert_soon(fake_network_listening() == 1);
    assert_int_equal(engine_worker(*state), WORKER_PARKED);
    start_caller(*state, SECOND);
    fake_network_sent(5);
    assert_soon(fake_network_listening() == 3);
    assert_int_equal(engine_worker(*state), WORKER_RECEIVING);
    start_caller(*state, THIRD);
    fake_network_sent(6);
    assert_int_equal(engine_relying(*state), 1);
    assert_int_equal(os_posix_threads(), 1);
    assert_int_equal(fake_network_receivers(), receivers);
    for (size_t number = FIRST; number <= THIRD; number++) {
        struct fake_answer answer = fake_reply(fake_network_sent(4 + number));
        fake_network_deliver_to(WORKER, &answer);
        assert_gets_own_reply(number);
    }
    linger(*state);
}

static void test_a_worker_that_comes_back_passes_over_what_came_while_it_was_parked(void **state)
{
    park_worker(*state);
    for (size_t number = 0; number < CALLERS; number++) {
        deliver_reply_to(WORKER, number);
    }
    assert_int_equal(fake_network_unread(), CALLERS);
    fake_network_hook(silent_hooks);
    start_caller(*state, FIRST);
    fake_network_sent(4);
    start_caller(*state, SECOND);
    fake_network_sent(5);
    assert_soon(fake_network_listening() == 3);
    assert_int_equal(fake_network_discards(), 1);
    for (size_t number = FIRST; number <= SECOND; number++) {
        fake_network_echo(fake_network_sent(4 + number));
        assert_gets_own_reply(number);
    }
}

static void test_a_parked_worker_ends_after_a_while_and_another_comes(void **state)
{
    park_worker(*state);
    os_posix_advance_clock((PARKED_MS - 1) * OS_NS_PER_MS);
    os_posix_pause();
    assert_int_equal(os_posix_threads(), 1);
    os_posix_advance_clock(OS_NS_PER_MS);
    assert_soon(os_posix_threads() == 0);
    assert_int_equal(engine_worker(*state), WORKER_NONE);
    assert_lone_caller_receives_for_itself(*state);

    fake_network_hook(silent_hooks);
    start_caller(*state, FIRST);
    const struct fake_sent *first = fake_network_sent(5);
    assert_soon(fake_network_listening() == 1);
    start_caller(*state, SECOND);
    const struct fake_sent *second = fake_network_sent(6);
    assert_soon(engine_worker(*state) == WORKER_RECEIVING);
    fake_network_echo(second);
    fake_network_echo(first);
    assert_gets_own_reply(FIRST);
    assert_gets_own_reply(SECOND);
}

/* The worker is about to park, and is held in the middle of it. */
static struct gate parking;

static void hold_worker(size_t receiver)
{
    if (receiver == WORKER) {
        gate_pass(&parking);
    }
}

static void start_three_and_hold_parking_worker(struct engine *engine)
{
    start_three(engine);
    parking = (struct gate){0};
    fake_network_hook((struct fake_network_hooks){.send = fake_network_silence, .rest = hold_worker});
    for (size_t number = 0; number < CALLERS; number++) {
        deliver_reply_to(WORKER, number);
        assert_gets_own_reply(number);
    }
    await_lingering();
    os_posix_advance_clock(LINGER_MS * OS_NS_PER_MS);
    assert_soon(gate_waiting(&parking) == 1);
}

static void test_callers_who_come_while_the_worker_is_about_to_park_are_served(void **state)
{
    start_three_and_hold_parking_worker(*state);
    start_caller(*state, FIRST);
    fake_network_sent(4);
    start_caller(*state, SECOND);
    const struct fake_sent *second = fake_network_sent(5);
    assert_int_equal(engine_relying(*state), 1);
    gate_open(&parking);
    assert_soon(fake_network_waits_until(WORKER) > 0);
    struct fake_answer answer = fake_reply(second);
    fake_network_deliver_to(WORKER, &answer);
    assert_gets_own_reply(SECOND);
    fake_network_echo(fake_network_sent(4));
    assert_gets_own_reply(FIRST);
}

static struct engine *slow_engine;
static _Thread_local bool is_slow;

/* Gives the worker all the time that it might want to park, in each moment in which the slow caller, having engaged it, has
 * no request in the table yet. */
static void be_slow(void)
{
    if (!is_slow || engine_worker(slow_engine) != WORKER_RECEIVING || engine_relying(slow_engine) > 0) {
        return;
    }
    os_posix_advance_clock(LINGER_MS * OS_NS_PER_MS);
    for (int ms = 0; ms < 100 && engine_worker(slow_engine) == WORKER_RECEIVING; ms++) {
        os_posix_pause();
    }
}

static void run_slowly(void *argument)
{
    is_slow = true;
    os_posix_on_lock(be_slow);
    caller_run(argument);
}

static void test_a_caller_who_engages_the_worker_is_served_even_if_it_is_slow_to_send(void **state)
{
    static struct caller slow;

    park_worker(*state);
    fake_network_hook(silent_hooks);
    start_caller(*state, FIRST);
    fake_network_sent(4);
    start_caller(*state, SECOND); /* wakes the worker */
    fake_network_sent(5);
    assert_soon(fake_network_listening() == 3);

    slow_engine = *state;
    caller_set(&slow, *state, OTHER, "slow", TIMEOUT_MS);
    struct os_posix_thread *thread = os_posix_thread_start(run_slowly, &slow);
    const struct fake_sent *slow_sent = fake_network_sent(6);
    os_posix_on_lock(NULL);
    for (size_t number = FIRST; number <= SECOND; number++) {
        fake_network_echo(fake_network_sent(4 + number));
        assert_gets_own_reply(number);
    }
    /* Now those who would have received for it are gone. */
    fake_network_echo(slow_sent);
    for (int ms = 0; ms < 3000 && !caller_is_done(&slow); ms++) {
        os_posix_pause();
    }
    bool served = caller_is_done(&slow);
    os_posix_advance_clock((TIMEOUT_MS + OVERDUE_MS) * OS_NS_PER_MS);
    os_posix_thread_join(thread);
    assert_true(served);
    assert_true(caller_has_own_reply(&slow));
}

/* ---- The end of the engine ---- */

static struct engine *fresh_engine(void)
{
    struct engine *engine = NULL;
    assert_int_equal(engine_acquire(&engine), 0);
    return engine;
}

static void assert_ends_with_worker(void)
{
    assert_true(os_posix_join_threads());
    assert_int_equal(fake_network_opened(), 1);
    assert_int_equal(fake_network_closed(), 1);
}

static void test_an_engine_whose_worker_is_parked_is_freed_with_it_at_once(void **state)
{
    struct engine *engine = fresh_engine();

    (void)state;
    park_worker(engine);
    engine_release(engine);
    assert_ends_with_worker(); /* the clock stands still, so it cannot have ended by itself */
}

static void let_worker_end(size_t receiver)
{
    if (receiver == WORKER) {
        assert_soon(os_posix_threads() == 0);
    }
}

static void test_an_engine_whose_worker_ends_before_it_is_woken_is_freed(void **state)
{
    struct engine *engine = fresh_engine();

    (void)state;
    park_worker(engine);
    fake_network_hook((struct fake_network_hooks){.wake = let_worker_end});
    engine_release(engine);
    assert_ends_with_worker();
}

static void test_an_engine_whose_worker_receives_is_freed_with_it_at_once(void **state)
{
    struct engine *engine = fresh_engine();

    (void)state;
    start_three(engine);
    deliver_reply_to(WORKER, THIRD);
    assert_gets_own_reply(THIRD);
    assert_soon(fake_network_listening() == 3);
    for (size_t receiver = 0; receiver < 3; receiver++) { /* not to the worker: it goes on waiting */
        if (receiver != WORKER) {
            deliver_reply_to(receiver, receiver == 0 ? FIRST : SECOND);
        }
    }
    assert_gets_own_reply(FIRST);
    assert_gets_own_reply(SECOND);
    assert_int_equal(fake_network_closed(), 0);
    engine_release(engine);
    assert_ends_with_worker();
}

static void test_an_engine_whose_worker_is_about_to_park_is_freed_with_it(void **state)
{
    struct engine *engine = fresh_engine();

    (void)state;
    start_three_and_hold_parking_worker(engine);
    engine_release(engine);
    assert_int_equal(fake_network_closed(), 0);
    gate_open(&parking);
    assert_ends_with_worker();
}

static struct gate starting;

static void hold_starting_worker(size_t receiver)
{
    if (receiver == WORKER) {
        gate_pass(&starting);
    }
}

static void test_an_engine_whose_worker_has_yet_to_run_is_freed_with_it(void **state)
{
    struct engine *engine = fresh_engine();

    (void)state;
    start_first(engine);
    os_posix_hold_threads(true);
    for (size_t number = SECOND; number <= THIRD; number++) { /* receive for themselves */
        start_caller(engine, number);
        fake_network_sent(number + 1);
        assert_soon(fake_network_listening() == number + 1);
        assert_int_equal(engine_worker(engine), WORKER_STARTED);
    }
    finish_three();
    engine_release(engine);
    assert_int_equal(fake_network_closed(), 0);
    os_posix_hold_threads(false);
    assert_ends_with_worker();
}

static void test_a_caller_who_comes_while_the_worker_is_being_made_receives_for_itself(void **state)
{
    start_first(*state);
    starting = (struct gate){0};
    struct fake_network_hooks hooks = silent_hooks;
    hooks.receiver_open = hold_starting_worker;
    fake_network_hook(hooks);
    start_caller(*state, SECOND); /* makes it */
    assert_soon(gate_waiting(&starting) == 1);
    assert_int_equal(engine_worker(*state), WORKER_STARTING);
    start_caller(*state, THIRD);
    struct fake_answer answer = fake_reply(fake_network_sent(2));
    assert_soon(fake_network_listening() == 2);
    fake_network_deliver(&answer);
    assert_gets_own_reply(THIRD);
    gate_open(&starting);
    fake_network_echo(fake_network_sent(3));
    assert_gets_own_reply(SECOND);
    fake_network_echo(fake_network_sent(1));
    assert_gets_own_reply(FIRST);
}

static void test_an_engine_that_comes_while_the_old_ones_worker_still_goes_is_another(void **state)
{
    struct engine *old = fresh_engine();

    (void)state;
    start_three_and_hold_parking_worker(old);
    engine_release(old);

    struct engine *engine = fresh_engine();
    assert_ptr_not_equal(engine, old);
    assert_lone_caller_receives_for_itself(engine);
    gate_open(&parking);
    assert_true(os_posix_join_threads());
    assert_int_equal(fake_network_closed(), 1);
    assert_lone_caller_receives_for_itself(engine);
    engine_release(engine);
}

/* ---- Callers who are terminated in mid-call ---- */

static struct gate vanished; /* in it, until the test is over */

static void vanish_in_receive(size_t receiver, uint64_t deadline_ns)
{
    if (receiver == 0 && deadline_ns > 0) {
        gate_pass(&vanished);
    }
}

static void vanish_in_receiver_open(size_t receiver)
{
    if (receiver == 0) {
        gate_pass(&vanished);
    }
}

/* Where a caller puts its receiver to rest after it has got its answer. */
static void vanish_in_rest(size_t receiver)
{
    if (receiver == 0 && fake_network_sent_count() > 0) {
        gate_pass(&vanished);
    }
}

static uint32_t vanish_in_send(const struct fake_sent *sent)
{
    if (sent == fake_network_sent(1)) {
        gate_pass(&vanished);
    }
    return 0;
}

/* The first caller, with a time-out of 100 ms, vanishes where the hooks let it. */
static void start_and_vanish(struct engine *engine, struct fake_network_hooks hooks)
{
    vanished = (struct gate){0};
    fake_network_hook(hooks);
    caller_set(&callers[FIRST], engine, HOST, texts[FIRST], 100);
    caller_start(&callers[FIRST]);
    assert_soon(gate_waiting(&vanished) == 1);
}

/* The other two callers come, and get their replies. */
static void check_others(struct engine *engine)
{
    for (size_t number = SECOND; number <= THIRD; number++) {
        size_t before = fake_network_sent_count();
        start_caller(engine, number);
        fake_network_echo(fake_network_sent(before + 1));
        assert_gets_own_reply(number);
    }
}

/* A while after the vanished caller's time was up nothing reminds of it. */
static void check_aftermath(struct engine *engine)
{
    os_posix_advance_clock((100 + OVERDUE_MS) * OS_NS_PER_MS);
    check_others(engine); /* if its request is still there, the worker comes */
    assert_soon(engine_outstanding(engine) == 0);
    check_others(engine);
    assert_int_equal(engine_outstanding(engine), 0);
    assert_lone_caller_receives_for_itself(engine);
    /* For the sake of the clean-up it comes back to life, which must do no harm either. */
    gate_open(&vanished);
    caller_join(&callers[FIRST]);
    fake_network_hook((struct fake_network_hooks){0});
    assert_lone_caller_receives_for_itself(engine);
}

static void test_a_caller_who_vanishes_while_it_receives_blocks_nobody(void **state)
{
    start_and_vanish(*state,
                     (struct fake_network_hooks){.send = fake_network_silence, .receive = vanish_in_receive});
    check_others(*state);
    assert_int_equal(engine_outstanding(*state), 1);
    check_aftermath(*state);
    assert_int_equal(callers[FIRST].error, IP_REQ_TIMED_OUT);
}

static void test_a_vanished_callers_request_is_given_up_a_second_after_its_time(void **state)
{
    os_posix_stop_clock();
    start_and_vanish(*state,
                     (struct fake_network_hooks){.send = fake_network_silence, .receive = vanish_in_receive});
    for (size_t number = SECOND; number <= THIRD; number++) {
        start_caller(*state, number);
        fake_network_sent(number + 1);
        assert_soon(engine_worker(*state) == WORKER_RECEIVING);
    }
    assert_true(engine_relying(*state) > 0); /* so the worker stays */
    os_posix_advance_clock(100 * OS_NS_PER_MS);
    os_posix_pause();
    os_posix_advance_clock((OVERDUE_MS - 1) * OS_NS_PER_MS);
    os_posix_pause();
    assert_int_equal(engine_outstanding(*state), 3);
    os_posix_advance_clock(OS_NS_PER_MS);
    assert_soon(engine_outstanding(*state) == 2);
    for (size_t number = SECOND; number <= THIRD; number++) {
        deliver_reply(number);
        assert_gets_own_reply(number);
    }
    assert_lone_caller_receives_for_itself(*state);
    gate_open(&vanished);
    caller_join(&callers[FIRST]);
    assert_int_equal(callers[FIRST].error, IP_REQ_TIMED_OUT);
}

static void test_a_caller_who_vanished_long_ago_is_given_up_by_the_first_who_comes(void **state)
{
    start_and_vanish(*state,
                     (struct fake_network_hooks){.send = fake_network_silence, .receive = vanish_in_receive});
    os_posix_advance_clock(3600 * 1000 * OS_NS_PER_MS);
    check_others(*state);
    check_aftermath(*state);
}

static void test_a_caller_who_vanishes_while_it_sends_blocks_nobody(void **state)
{
    start_and_vanish(*state, (struct fake_network_hooks){.send = vanish_in_send});
    check_others(*state);
    check_aftermath(*state);
}

static void test_a_caller_who_vanishes_before_it_sends_blocks_nobody(void **state)
{
    start_and_vanish(*state, (struct fake_network_hooks){.send = fake_network_silence,
                                                         .receiver_open = vanish_in_receiver_open});
    check_others(*state);
    check_aftermath(*state);
}

static void test_a_caller_who_vanishes_with_its_answer_blocks_nobody(void **state)
{
    start_and_vanish(*state, (struct fake_network_hooks){.rest = vanish_in_rest});
    fake_network_hook((struct fake_network_hooks){.send = fake_network_silence});
    check_others(*state);
    check_aftermath(*state);
}

static void test_a_sleeping_caller_who_vanishes_blocks_nobody(void **state)
{
    start_three(*state);
    /* It is not held anywhere: it sleeps for as long as its time-out, which is as good as for ever. */
    deliver_reply_to(WORKER, FIRST);
    assert_gets_own_reply(FIRST);
    deliver_reply_to(WORKER, SECOND);
    assert_gets_own_reply(SECOND);
    for (int times = 0; times < 3; times++) {
        size_t before = fake_network_sent_count();
        start_caller(*state, SECOND);
        fake_network_echo(fake_network_sent(before + 1));
        assert_gets_own_reply(SECOND);
    }
    assert_int_equal(engine_outstanding(*state), 1);
    os_posix_advance_clock((TIMEOUT_MS + OVERDUE_MS) * OS_NS_PER_MS);
    caller_join(&callers[THIRD]);
    linger(*state);
    assert_lone_caller_receives_for_itself(*state);
}

/* ---- Many at once ---- */

#define THREADS          12
#define CALLS_PER_THREAD 120

static struct os_lock stash_lock; /* guards the following */
static const struct fake_sent *stash[THREADS];
static size_t stash_count;
static bool stash_closed;

static const char silent_mark = '-'; /* the first letter of what is not answered */

/* Answers at once, or leaves it to another thread, or not at all; and brings some confusion. */
static uint32_t answer_sometime(const struct fake_sent *sent)
{
    if (sent->bytes[8] == silent_mark) {
        return 0;
    }
    if (sent->sequence % 5 == 0) {
        struct fake_answer confusing = fake_reply(sent);
        confusing.source = OTHER;
        fake_network_deliver(&confusing);
    }
    if (sent->sequence % 2 == 0) {
        return fake_network_echo(sent);
    }
    os_lock_acquire(&stash_lock);
    stash[stash_count++] = sent; /* a thread has one request at a time */
    os_lock_release(&stash_lock);
    return 0;
}

static void answer_the_stash(void *argument)
{
    (void)argument;
    bool over = false;
    while (!over) {
        const struct fake_sent *sent = NULL;
        os_lock_acquire(&stash_lock);
        if (stash_count > 0) {
            size_t chosen = os_random() % stash_count;
            sent = stash[chosen];
            stash[chosen] = stash[--stash_count];
        }
        over = stash_closed && stash_count == 0;
        os_lock_release(&stash_lock);
        if (sent != NULL) {
            fake_network_echo(sent);
            if (sent->sequence % 7 == 0) {
                fake_network_echo(sent); /* twice */
            }
        } else {
            os_posix_pause();
        }
    }
}

struct crowd_member {
    struct engine *engine;
    uint8_t number;
    size_t wrong;
    size_t early;
};

static void call_many_times(void *argument)
{
    struct crowd_member *member = argument;
    struct caller *caller = calloc(1, sizeof(*caller));
    for (int i = 0; caller != NULL && i < CALLS_PER_THREAD; i++) {
        char text[300];
        bool answered = i % 10 != 9;
        snprintf(text, sizeof(text), "%ccaller %d call %d, with %*d", answered ? '+' : silent_mark,
                 member->number, i, 1 + i, 7);
        caller_set(caller, member->engine, address_v4(192, 0, 2, (uint8_t)(member->number % 4)), text,
                   answered ? TIMEOUT_MS : 3);
        caller_run(caller);
        if (answered) {
            member->wrong += !caller_has_own_reply(caller);
        } else {
            member->wrong += caller->replies != 0 || caller->error != IP_REQ_TIMED_OUT;
            member->early += caller->took_ns < 3 * OS_NS_PER_MS;
        }
    }
    free(caller);
}

static void run_crowd(struct engine *engine)
{
    struct crowd_member members[THREADS] = {0};
    struct os_posix_thread *threads[THREADS];

    stash_count = 0;
    stash_closed = false;
    fake_network_hook((struct fake_network_hooks){.send = answer_sometime});
    struct os_posix_thread *answering = os_posix_thread_start(answer_the_stash, NULL);
    for (size_t i = 0; i < THREADS; i++) {
        members[i] = (struct crowd_member){.engine = engine, .number = (uint8_t)i};
        threads[i] = os_posix_thread_start(call_many_times, &members[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        os_posix_thread_join(threads[i]);
    }
    os_lock_acquire(&stash_lock);
    stash_closed = true;
    os_lock_release(&stash_lock);
    os_posix_thread_join(answering);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(members[i].wrong, 0);
        assert_int_equal(members[i].early, 0);
    }
    assert_int_equal(engine_outstanding(engine), 0);
    assert_int_equal(engine_relying(engine), 0);
    assert_soon(engine_worker(engine) == WORKER_PARKED || engine_worker(engine) == WORKER_NONE);
}

static void test_of_many_callers_each_gets_its_own_reply(void **state)
{
    run_crowd(*state);
    assert_lone_caller_receives_for_itself(*state);
}

static void test_of_many_callers_each_gets_its_own_reply_from_single_packets(void **state)
{
    fake_network_single_packets(true);
    run_crowd(*state);
    assert_lone_caller_receives_for_itself(*state);
}

static void test_of_many_callers_each_gets_its_own_reply_without_a_worker(void **state)
{
    os_posix_fail_threads(true);
    run_crowd(*state);
    os_posix_fail_threads(false);
    assert_lone_caller_receives_for_itself(*state);
}

/* ---- Want of memory ---- */

static bool is_sent(const struct caller *caller)
{
    for (size_t count = fake_network_sent_count(); count > 0; count--) {
        const struct fake_sent *sent = fake_network_sent(count);
        if (ip_address_equal(&sent->message.destination, &caller->call.destination)) {
            return true;
        }
    }
    return false;
}

/* Three callers on a fresh engine, of which one or the other may lack memory. */
static void check_three_with_failure(size_t nth)
{
    struct engine *engine = fresh_engine();
    os_posix_fail_allocation(nth);
    for (size_t number = 0; number < CALLERS; number++) {
        start_caller(engine, number);
        assert_soon(is_sent(&callers[number]) || caller_is_done(&callers[number]));
    }
    size_t sent_count = fake_network_sent_count();
    for (size_t count = 1; count <= sent_count; count++) {
        fake_network_echo(fake_network_sent(count));
    }
    for (size_t number = 0; number < CALLERS; number++) {
        const struct caller *caller = &callers[number];
        caller_join(&callers[number]);
        assert_true(caller_has_own_reply(caller) ||
                    (caller->replies == 0 && caller->error == ERROR_NOT_ENOUGH_MEMORY &&
                     caller_reply_untouched(caller, 0)) ||
                    (caller->replies == 0 && caller->error == IP_NO_RESOURCES));
        assert_true(caller->took_ns < 5000 * OS_NS_PER_MS);
    }
    assert_int_equal(engine_outstanding(engine), 0);
    engine_release(engine);
    assert_true(os_posix_join_threads());
}

static void test_without_memory_callers_fail_one_by_one(void **state)
{
    size_t nth = 0;
    do {
        assert_int_equal(fixture_tear_down(state), 0);
        assert_int_equal(fixture_set_up(state), 0);
        fake_network_hook((struct fake_network_hooks){.send = fake_network_silence});
        check_three_with_failure(++nth);
    } while (os_posix_allocation_has_failed());
    assert_in_range(nth, 8, 40);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_packet_that_a_caller_takes_when_it_has_its_own_is_handed_over,
                                        rewriting_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_of_many_callers_who_share_packets_each_gets_its_own_reply,
                                        rewriting_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_lone_caller_needs_no_thread, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_worker_hands_a_reply_to_a_caller_who_receives_for_itself,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_worker_hands_a_reply_to_a_caller_who_sleeps,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_who_receives_hands_over_what_is_not_its_own,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_all_replies_in_one_batch_reach_their_callers,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_icmp_error_that_is_handed_over_keeps_its_options,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_reply_that_cannot_be_handed_over_for_want_of_memory_is_no_resources, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_caller_who_receives_for_itself_looks_for_no_more_than_its_reply, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_reply_that_the_worker_has_not_read_at_the_deadline_still_counts, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_reply_behind_many_packets_that_the_worker_has_not_read_still_counts, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_flood_does_not_keep_the_worker_from_giving_up_for_long,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_caller_whom_the_worker_does_not_give_up_comes_back_a_second_after_its_time,
            fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_with_little_time_wakes_the_worker_that_sleeps_longer,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_sleeping_caller_times_out_in_time, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_thread_every_caller_receives_for_itself,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_worker_without_memory_harms_nobody, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_worker_parks_and_leaves_a_lone_caller_to_itself,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_parked_worker_comes_back_when_it_is_needed,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_worker_that_comes_back_passes_over_what_came_while_it_was_parked, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_parked_worker_ends_after_a_while_and_another_comes,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_callers_who_come_while_the_worker_is_about_to_park_are_served,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_caller_who_engages_the_worker_is_served_even_if_it_is_slow_to_send, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_engine_whose_worker_is_parked_is_freed_with_it_at_once,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_an_engine_whose_worker_ends_before_it_is_woken_is_freed,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_an_engine_whose_worker_receives_is_freed_with_it_at_once,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_an_engine_whose_worker_is_about_to_park_is_freed_with_it,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_an_engine_whose_worker_has_yet_to_run_is_freed_with_it,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_caller_who_comes_while_the_worker_is_being_made_receives_for_itself, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_engine_that_comes_while_the_old_ones_worker_still_goes_is_another, fixture_set_up,
            fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_who_vanishes_while_it_receives_blocks_nobody,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_vanished_callers_request_is_given_up_a_second_after_its_time,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_caller_who_vanished_long_ago_is_given_up_by_the_first_who_comes, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_who_vanishes_while_it_sends_blocks_nobody,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_who_vanishes_before_it_sends_blocks_nobody,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_who_vanishes_with_its_answer_blocks_nobody,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_sleeping_caller_who_vanishes_blocks_nobody,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_of_many_callers_each_gets_its_own_reply, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_of_many_callers_each_gets_its_own_reply_from_single_packets,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_of_many_callers_each_gets_its_own_reply_without_a_worker,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_memory_callers_fail_one_by_one, fixture_set_up,
                                        fixture_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
