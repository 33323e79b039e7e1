/*
 * Requests to many (docs/behaviour.md 2.4 and 3.1): who answers is collected until the time is up or the reply buffer full,
 * whoever receives it. What goes into a buffer, and how it stands there, is in test_collection.c.
 *
 * The clock stands still: what is over without its being moved was over at once.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "unit/support/echo_fixture.h"

#define BROADCAST  address_v4(255, 255, 255, 255)
#define TIMEOUT_MS 100
#define OVERDUE_MS 1000 /* how much later the worker gives up a request that does not rely on it */
#define TEXT       "to whom it may concern"
#define STRUCTURE  sizeof(ICMP_ECHO_REPLY)
#define ECHO       (STRUCTURE + sizeof(TEXT) - 1) /* what an echo reply takes of the reply buffer */
#define CANARY     0xee

/* How a request is made, and so who waits for its answers. */
enum mode {
    ALONE,  /* a synchronous caller receives for itself */
    BESIDE, /* one relies on the worker, which is there for somebody else's request */
    BY_EVENT,
    BY_ROUTINE,
    MODES
};

/* In every mode, who receives does so with this one. */
#define RECEIVER 0

/* A request for many. */
struct ask {
    enum mode mode;
    struct engine *engine;
    struct ip_address destination;
    struct caller caller;
    struct submission submission;
    struct submission other; /* somebody else's, outstanding all the time */
    uint8_t *reply;          /* exactly as long as it says */
    size_t reply_bytes;
    size_t sends; /* how often it is sent: again, when only then is known that it is for many */
    const struct fake_sent *sent;

    size_t runs; /* of its routine */
    struct echo_io_status io_status;
};

static struct ask ask;

static bool is_synchronous(void)
{
    return ask.mode == ALONE || ask.mode == BESIDE;
}

static void note_run(void *context, struct echo_io_status *io_status, uint32_t reserved)
{
    (void)context, (void)reserved;
    ask.runs++;
    ask.io_status = *io_status;
}

static void set_reply(struct echo_call *call)
{
    call->reply = ask.reply;
    call->reply_bytes = (uint32_t)ask.reply_bytes;
}

static void start_synchronously(void)
{
    caller_set(&ask.caller, ask.engine, ask.destination, TEXT, TIMEOUT_MS);
    set_reply(&ask.caller.call);
    caller_start(&ask.caller);
}

static void start_asynchronously(void)
{
    submission_set(&ask.submission, ask.engine, ask.destination, TEXT, TIMEOUT_MS);
    set_reply(&ask.submission.call);
    if (ask.mode == BY_EVENT) {
        submission_set_event(&ask.submission);
    } else {
        ask.submission.wanted.routine = note_run;
    }
    submission_start(&ask.submission);
}

static void start_other(void)
{
    submission_set(&ask.other, ask.engine, HOST, TEXT, 3600000);
    submission_set_event(&ask.other);
    submission_start(&ask.other);
    assert_soon(fake_network_listening() == 1);
}

/* Sends the request. Somebody receives then. */
static void start(size_t reply_bytes)
{
    ask.reply_bytes = reply_bytes;
    ask.reply = malloc(reply_bytes);
    assert_non_null(ask.reply);
    memset(ask.reply, CANARY, reply_bytes);
    if (ask.mode == BESIDE) {
        start_other();
    }
    size_t sent = fake_network_sent_count();
    if (is_synchronous()) {
        start_synchronously();
    } else {
        start_asynchronously();
    }
    ask.sent = fake_network_sent(sent + ask.sends);
    assert_soon(worker_is_idle(RECEIVER));
}

static bool is_over(void)
{
    if (is_synchronous()) {
        return caller_is_done(&ask.caller);
    }
    os_posix_alertable_wait(0);
    return ask.runs > 0 || (ask.mode == BY_EVENT && submission_told(&ask.submission) > 0);
}

static struct ip_address host(unsigned int number)
{
    return address_v4(192, 0, (uint8_t)(2 + number / 250), (uint8_t)(1 + number % 250));
}

static void answer_from(unsigned int number)
{
    struct fake_answer answer = fake_reply(ask.sent);
    answer.source = host(number);
    fake_network_deliver(&answer);
}

static void error_from(unsigned int number)
{
    struct fake_answer answer = fake_error(ask.sent, host(number), 3, 13);
    fake_network_deliver(&answer);
}

static void advance(uint64_t ms)
{
    os_posix_advance_clock(ms * OS_NS_PER_MS);
}

/* What has come so far has been dealt with, and the request is not over. */
static void assert_goes_on(void)
{
    assert_soon(worker_is_idle(RECEIVER));
    assert_false(is_over());
    for (size_t i = 0; i < ask.reply_bytes; i++) {
        assert_int_equal(ask.reply[i], CANARY);
    }
}

static uint32_t silent_network(const struct fake_sent *sent)
{
    (void)sent;
    return 0;
}

/* Calls the scenario in every mode, each on an engine of its own. */
static void in_every_mode(void **state, void (*scenario)(void))
{
    for (enum mode mode = ALONE; mode < MODES; mode++) {
        if (mode != ALONE) {
            assert_int_equal(fixture_engine_tear_down(state), 0);
            assert_int_equal(fixture_engine_set_up(state), 0);
        }
        fake_network_hook((struct fake_network_hooks){.send = silent_network});
        os_posix_stop_clock();
        ask = (struct ask){.mode = mode, .engine = *state, .destination = BROADCAST, .sends = 1};
        scenario();
    }
}

/* ---- Outcomes ---- */

static ICMP_ECHO_REPLY structure(size_t index)
{
    ICMP_ECHO_REPLY reply;
    memcpy(&reply, ask.reply + index * STRUCTURE, sizeof(reply));
    return reply;
}

/* Ends what the scenario has begun. */
static void clean_up(void)
{
    if (is_synchronous()) {
        caller_join(&ask.caller);
    } else if (ask.mode == BY_EVENT) {
        assert_soon(submission_told(&ask.submission) == 1);
        os_posix_close(ask.submission.wanted.event);
    } else {
        assert_int_equal(ask.runs, 1);
    }
    if (ask.other.wanted.event != 0) {
        fake_network_echo(fake_network_sent(1));
        assert_soon(submission_told(&ask.other) == 1);
        os_posix_close(ask.other.wanted.event);
    }
    free(ask.reply);
}

/* It is over, and the program has been told of so many replies, that take so many bytes. */
static void assert_told(uint32_t replies, uint32_t error, size_t bytes)
{
    assert_soon(is_over());
    if (is_synchronous()) {
        assert_int_equal(ask.caller.replies, replies);
        assert_int_equal(ask.caller.error, error);
        assert_int_equal(structure(0).Reserved, 0);
    } else {
        assert_int_equal(structure(0).Reserved, replies);
    }
    if (ask.mode == BY_ROUTINE) {
        assert_int_equal(ask.io_status.result.status, 0);
        assert_int_equal(ask.io_status.information, bytes);
    }
}

static void assert_reply(size_t index, unsigned int number)
{
    ICMP_ECHO_REPLY reply = structure(index);
    struct ip_address responder = host(number);
    assert_int_equal(reply.Status, IP_SUCCESS);
    assert_int_equal(reply.Address, ip_address_to_v4(&responder));
    assert_int_equal(reply.DataSize, strlen(TEXT));
    assert_memory_equal(reply.Data, TEXT, strlen(TEXT));
}

/* The outcome is that these hosts have answered, in that order. */
static void assert_answered_by(const unsigned int *numbers, uint32_t count)
{
    assert_told(count, 0, count == 1 ? ECHO : ask.reply_bytes);
    for (uint32_t i = 0; i < count; i++) {
        assert_reply(i, numbers[i]);
    }
    if (count == 1) {
        assert_ptr_equal(structure(0).Data, ask.reply + STRUCTURE);
    }
    clean_up();
}

static void assert_failed(uint32_t status)
{
    const ICMP_ECHO_REPLY expected = {.Status = status};
    assert_told(0, status, STRUCTURE);
    assert_memory_equal(ask.reply, &expected, STRUCTURE);
    for (size_t i = STRUCTURE; i < ask.reply_bytes; i++) {
        assert_int_equal(ask.reply[i], CANARY);
    }
    clean_up();
}

static void collect_until_the_time_is_up(void)
{
    start(1000);
    answer_from(3);
    answer_from(1);
    assert_goes_on();
    advance(TIMEOUT_MS - 1);
    answer_from(2);
    assert_goes_on();
    advance(1);
    assert_answered_by((const unsigned int[]){3, 1, 2}, 3);
}

static void test_whoever_answers_before_the_time_is_up_counts(void **state)
{
    in_every_mode(state, collect_until_the_time_is_up);
}

static void fill_the_buffer(void)
{
    start(2 * ECHO + 5);
    answer_from(1);
    assert_goes_on();
    answer_from(2);
    answer_from(3);
    assert_answered_by((const unsigned int[]){1, 2}, 2);
}

static void test_a_request_is_over_when_its_buffer_is_full(void **state)
{
    in_every_mode(state, fill_the_buffer);
}

static void answer_a_buffer_for_one(void)
{
    start(ECHO + 8); /* what the documentation asks for */
    answer_from(1);
    assert_answered_by((const unsigned int[]){1}, 1);
}

static void answer_a_buffer_for_nearly_two(void)
{
    start(2 * ECHO - 1);
    answer_from(1);
    assert_answered_by((const unsigned int[]){1}, 1);
}

static void test_a_buffer_for_one_reply_is_full_with_the_first(void **state)
{
    in_every_mode(state, answer_a_buffer_for_one);
}

static void test_a_buffer_is_full_when_the_requests_data_would_not_fit_again(void **state)
{
    in_every_mode(state, answer_a_buffer_for_nearly_two);
}

static void answer_once(void)
{
    start(1000);
    answer_from(7);
    assert_goes_on();
    advance(TIMEOUT_MS);
    assert_answered_by((const unsigned int[]){7}, 1);
}

static void test_a_single_answer_is_laid_out_as_for_one_host(void **state)
{
    in_every_mode(state, answer_once);
}

static void answer_never(void)
{
    start(1000);
    advance(TIMEOUT_MS - 1);
    assert_goes_on();
    advance(1);
    assert_failed(IP_REQ_TIMED_OUT);
}

static void test_if_nobody_answers_it_times_out(void **state)
{
    in_every_mode(state, answer_never);
}

static void answer_too_much(void)
{
    start(ECHO - 1);
    answer_from(1);
    assert_failed(IP_GENERAL_FAILURE);
}

static void test_a_buffer_too_small_for_the_first_answer_is_a_failure_at_once(void **state)
{
    in_every_mode(state, answer_too_much);
}

static void answer_again_and_again(void)
{
    start(3 * ECHO);
    for (int times = 0; times < 5; times++) {
        answer_from(1);
        answer_from(2);
    }
    assert_goes_on();
    advance(TIMEOUT_MS);
    assert_answered_by((const unsigned int[]){1, 2}, 2);
}

static void test_who_answers_again_does_not_count_again(void **state)
{
    in_every_mode(state, answer_again_and_again);
}

static void answer_with_an_error(void)
{
    start(1000);
    answer_from(1);
    error_from(9);
    answer_from(2);
    assert_goes_on();
    advance(TIMEOUT_MS);
    assert_told(3, 0, 1000);
    assert_reply(0, 1);
    assert_int_equal(structure(1).Status, IP_DEST_HOST_UNREACHABLE);
    assert_int_equal(structure(1).DataSize, 0);
    assert_reply(2, 2);
    clean_up();
}

static void test_an_icmp_error_is_one_of_the_answers(void **state)
{
    in_every_mode(state, answer_with_an_error);
}

/* ---- Destinations ---- */

static void let_two_answer(void)
{
    answer_from(1);
    answer_from(2);
    assert_goes_on();
    advance(TIMEOUT_MS);
    assert_answered_by((const unsigned int[]){1, 2}, 2);
}

static void ask_a_multicast_group(void)
{
    ask.destination = address_v4(239, 255, 255, 250);
    start(1000);
    assert_true(ask.sent->message.broadcast);
    let_two_answer();
}

static void test_multicast_is_for_many(void **state)
{
    in_every_mode(state, ask_a_multicast_group);
}

static uint32_t require_broadcast(const struct fake_sent *sent)
{
    bool to_network = !ip_address_equal(&sent->message.destination, &ask.other.call.destination);
    return to_network && !sent->message.broadcast ? TRANSPORT_NEEDS_BROADCAST : 0;
}

static void ask_a_networks_broadcast_address(void)
{
    fake_network_hook((struct fake_network_hooks){.send = require_broadcast});
    ask.destination = address_v4(192, 0, 2, 255);
    ask.sends = 2;
    start(1000);
    assert_true(ask.sent->message.broadcast);
    let_two_answer();
}

static void test_a_broadcast_address_that_only_the_routes_tell_is_for_many(void **state)
{
    in_every_mode(state, ask_a_networks_broadcast_address);
}

static void ask_a_host(void)
{
    ask.destination = address_v4(240, 0, 0, 1);
    start(1000);
    assert_false(ask.sent->message.broadcast);
    answer_from(1); /* which is none of its business */
    assert_goes_on();
    fake_network_echo(ask.sent);
    assert_told(1, 0, ECHO);
    assert_int_equal(structure(0).Address, address_be(240, 0, 0, 1));
    clean_up();
}

static void test_a_host_answers_for_itself_alone_and_at_once(void **state)
{
    in_every_mode(state, ask_a_host);
}

/* ---- Who receives ---- */

static void answer_to(size_t receiver, unsigned int number)
{
    struct fake_answer answer = fake_reply(ask.sent);
    answer.source = host(number);
    fake_network_deliver_to(receiver, &answer);
}

static void start_in(enum mode mode, void **state, size_t reply_bytes)
{
    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = silent_network});
    ask = (struct ask){.mode = mode, .engine = *state, .destination = BROADCAST, .sends = 1};
    start(reply_bytes);
}

static void test_the_worker_collects_for_a_caller_who_receives_for_itself(void **state)
{
    start_in(ALONE, state, 3 * ECHO);
    submission_set(&ask.other, *state, HOST, TEXT, 3600000);
    submission_set_event(&ask.other);
    submission_start(&ask.other);
    assert_soon(fake_network_listening() == 2);
    answer_to(1, 5);
    assert_soon(worker_is_idle(1));
    answer_to(RECEIVER, 6);
    assert_goes_on();
    os_posix_fail_allocation(
        2); /* for the hand-over no memory is needed: it is the exact times that get none */
    answer_to(1, 4);
    assert_soon(caller_is_done(&ask.caller));
    assert_true(os_posix_allocation_has_failed());
    fake_network_echo(fake_network_sent(2));
    assert_soon(submission_told(&ask.other) == 1);
    os_posix_close(ask.other.wanted.event);
    ask.other.wanted.event = 0;
    assert_answered_by((const unsigned int[]){5, 6, 4}, 3);
}

/* A synchronous caller for a host listens with receiver 0, and the worker, for the request for many, with receiver 1. */
static struct caller bystander;

static void start_beside_bystander(void **state, size_t reply_bytes)
{
    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = silent_network});
    caller_set(&bystander, *state, HOST, TEXT, 3600000);
    caller_start(&bystander);
    fake_network_sent(1);
    assert_soon(fake_network_listening() == 1);
    start_in(BY_EVENT, state, reply_bytes);
    assert_soon(fake_network_listening() == 2);
}

static void finish_bystander(void)
{
    fake_network_echo(fake_network_sent(1));
    caller_join(&bystander);
    assert_true(caller_has_own_reply(&bystander));
}

static bool told_by_caller;

static void look_who_tells(void)
{
    told_by_caller = caller_is_this_thread();
}

static void test_a_caller_collects_for_a_request_that_the_worker_tells(void **state)
{
    start_beside_bystander(state, 2 * ECHO);
    told_by_caller = true;
    os_posix_on_event_set(look_who_tells);
    answer_to(0, 1);
    assert_goes_on();
    answer_to(0, 2);
    assert_soon(is_over());
    assert_false(told_by_caller);
    assert_answered_by((const unsigned int[]){1, 2}, 2);
    finish_bystander();
}

static void test_what_a_caller_has_collected_is_told_when_the_time_is_up(void **state)
{
    start_beside_bystander(state, 1000);
    answer_to(0, 1);
    answer_to(1, 2);
    answer_to(0, 3);
    assert_soon(worker_is_idle(1));
    assert_goes_on();
    advance(TIMEOUT_MS);
    assert_told(3, 0, 1000);
    clean_up(); /* in whichever order the two receivers were read */
    finish_bystander();
}

/* ---- Callers who are terminated ---- */

static struct gate vanished; /* in it, until the test is over */

static void vanish_in_receive(size_t receiver, uint64_t deadline_ns)
{
    if (receiver == RECEIVER && deadline_ns > 0 && caller_is_this_thread()) {
        gate_pass(&vanished);
    }
}

static void test_nobody_writes_the_buffer_of_a_caller_who_has_vanished(void **state)
{
    os_posix_stop_clock();
    vanished = (struct gate){0};
    fake_network_hook((struct fake_network_hooks){.send = silent_network, .receive = vanish_in_receive});
    ask = (struct ask){.mode = ALONE, .engine = *state, .destination = BROADCAST, .reply_bytes = 1000};
    ask.reply = malloc(ask.reply_bytes);
    memset(ask.reply, CANARY, ask.reply_bytes);
    start_synchronously();
    ask.sent = fake_network_sent(1);
    assert_soon(gate_waiting(&vanished) == 1);
    submission_set(&ask.other, *state, HOST, TEXT, 3600000);
    submission_set_event(&ask.other);
    submission_start(&ask.other);
    assert_soon(fake_network_listening() == 1);
    for (unsigned int number = 0; number < 5; number++) {
        answer_to(1, number);
    }
    assert_soon(worker_is_idle(1));
    assert_int_equal(engine_outstanding(*state), 2);
    advance(TIMEOUT_MS + OVERDUE_MS);
    assert_soon(engine_outstanding(*state) == 1);
    for (size_t i = 0; i < ask.reply_bytes; i++) {
        assert_int_equal(ask.reply[i], CANARY);
    }
    /* For the sake of the clean-up it comes back to life. */
    gate_open(&vanished);
    assert_soon(caller_is_done(&ask.caller));
    fake_network_echo(fake_network_sent(2));
    assert_soon(submission_told(&ask.other) == 1);
    os_posix_close(ask.other.wanted.event);
    ask.other.wanted.event = 0;
    assert_answered_by((const unsigned int[]){0, 1, 2, 3, 4}, 5);
}

/* ---- Memory ---- */

static void test_a_flood_of_answers_takes_no_more_memory_than_the_buffer_allows(void **state)
{
    start_in(BY_EVENT, state, 50 * ECHO);
    size_t before = os_posix_allocated_bytes();
    for (unsigned int number = 0; number < 49; number++) {
        answer_from(number);
        answer_from(number % 7);
    }
    for (int times = 0; times < 2000; times++) {
        answer_from(13);
    }
    assert_goes_on();
    assert_in_range(os_posix_allocated_bytes() - before, 49 * ECHO, 6 * ask.reply_bytes);
    for (unsigned int number = 49; number < 2000; number++) {
        answer_from(number);
    }
    assert_told(50, 0, ask.reply_bytes);
    for (unsigned int i = 0; i < 50; i++) {
        assert_reply(i, i);
    }
    clean_up();
}

static size_t failing;
static bool something_failed;

static void lack_memory(void)
{
    start(1000);
    os_posix_fail_allocation(failing);
    answer_from(1);
    answer_from(2);
    answer_from(3);
    assert_soon(worker_is_idle(RECEIVER) || is_over());
    advance(TIMEOUT_MS);
    assert_soon(is_over());
    something_failed = something_failed || os_posix_allocation_has_failed();
    os_posix_fail_allocation(0);
    /* However many there are, they are the first ones. */
    uint32_t count = is_synchronous() ? ask.caller.replies : structure(0).Reserved;
    assert_in_range(count, 1, 3);
    assert_answered_by((const unsigned int[]){1, 2, 3}, count);
}

static void test_without_memory_it_is_over_with_what_there_is(void **state)
{
    do {
        failing++;
        something_failed = false;
        in_every_mode(state, lack_memory);
        assert_int_equal(fixture_engine_tear_down(state), 0);
        assert_int_equal(fixture_engine_set_up(state), 0);
    } while (something_failed);
    assert_in_range(failing, 4, 10);
}

/* ---- Reply buffers ---- */

static void test_a_buffer_that_cannot_be_written_to_crashes_nobody(void **state)
{
    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = silent_network});
    ask = (struct ask){.mode = BY_ROUTINE, .engine = *state, .destination = BROADCAST};
    ask.reply = (uint8_t *)os_posix_unwritable() - 100; /* which is not looked at while nothing is written */
    ask.reply_bytes = 1000;
    start_asynchronously();
    ask.sent = fake_network_sent(1);
    answer_from(1);
    answer_from(2);
    assert_soon(worker_is_idle(RECEIVER));
    advance(TIMEOUT_MS);
    assert_soon(is_over());
    assert_int_equal(ask.io_status.result.status, (int32_t)0xC0000005);
    assert_int_equal(ask.io_status.information, 0);
}

static void test_the_buffer_may_lie_over_the_requests_data(void **state)
{
    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = silent_network});
    ask = (struct ask){.mode = BY_EVENT, .engine = *state, .destination = BROADCAST, .reply_bytes = 2 * ECHO};
    ask.reply = malloc(ask.reply_bytes);
    memset(ask.reply, CANARY, ask.reply_bytes);
    memcpy(ask.reply + ask.reply_bytes - strlen(TEXT), TEXT, strlen(TEXT));
    submission_set(&ask.submission, *state, BROADCAST, TEXT, TIMEOUT_MS);
    set_reply(&ask.submission.call);
    ask.submission.call.data = ask.reply + ask.reply_bytes - strlen(TEXT);
    submission_set_event(&ask.submission);
    submission_start(&ask.submission);
    ask.sent = fake_network_sent(1);
    answer_from(1);
    answer_from(2);
    assert_answered_by((const unsigned int[]){1, 2}, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whoever_answers_before_the_time_is_up_counts,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_request_is_over_when_its_buffer_is_full, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_buffer_for_one_reply_is_full_with_the_first,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_buffer_is_full_when_the_requests_data_would_not_fit_again,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_single_answer_is_laid_out_as_for_one_host,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_if_nobody_answers_it_times_out, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_buffer_too_small_for_the_first_answer_is_a_failure_at_once,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_who_answers_again_does_not_count_again, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_icmp_error_is_one_of_the_answers, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_multicast_is_for_many, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_broadcast_address_that_only_the_routes_tell_is_for_many,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_host_answers_for_itself_alone_and_at_once,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_worker_collects_for_a_caller_who_receives_for_itself,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_collects_for_a_request_that_the_worker_tells,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_what_a_caller_has_collected_is_told_when_the_time_is_up,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_writes_the_buffer_of_a_caller_who_has_vanished,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_flood_of_answers_takes_no_more_memory_than_the_buffer_allows,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_memory_it_is_over_with_what_there_is,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_buffer_that_cannot_be_written_to_crashes_nobody,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_buffer_may_lie_over_the_requests_data, fixture_engine_set_up,
                                        fixture_engine_tear_down),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
