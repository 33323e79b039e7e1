/*
 * What echo/batch.h promises: every probe that is accepted has one result, whatever happens, and nothing is left of a batch
 * that is closed, whatever it was doing.
 */
#include "support/cmocka_main.h"

#include "echo/batch.h"
#include "unit/support/echo_fixture.h"

#include <stdlib.h>

#define TIMEOUT_MS  60000
#define RESULTS_MAX 256
#define TEXT        "the payload of this very probe"

/* Longer than a probe has room for. */
static const uint8_t long_data[3000] = {1, 2, 3, [2999] = 4};

static const struct fake_network_hooks silent_hooks = {.send = fake_network_silence};

/* ---- Batches and what came of them ---- */

/* What was collected, with copies of what the results pointed to. */
struct collected {
    struct batch_result results[RESULTS_MAX];
    struct echo_answer answers[RESULTS_MAX]; /* their options point into: */
    uint8_t options[RESULTS_MAX][40];
    size_t count;
    uint32_t error; /* of the last call */
};

static void keep(void *context, size_t number, const struct batch_result *result)
{
    struct collected *collected = context;
    size_t i = collected->count + number;
    collected->results[i] = *result;
    if (result->answer != NULL) {
        collected->answers[i] = *result->answer;
        if (result->answer->options_bytes > 0) {
            memcpy(collected->options[i], result->answer->options, result->answer->options_bytes);
        }
        collected->results[i].answer = &collected->answers[i];
    }
}

/* A batch of which the calling thread is a user. */
struct user {
    os_handle handle;
    struct batch *batch;
};

static struct user batch_of(size_t max_outstanding)
{
    struct user user;
    assert_int_equal(batch_open(max_outstanding, &user.handle), 0);
    assert_int_equal(batch_acquire(user.handle, &user.batch), 0);
    return user;
}

static void user_close(struct user *user)
{
    batch_release(user->batch);
    assert_int_equal(batch_close(user->handle), 0);
}

/* The engine that all batches of a test have. */
static size_t outstanding(void)
{
    struct engine *engine;
    assert_int_equal(engine_acquire(&engine), 0);
    size_t count = engine_outstanding(engine);
    engine_release(engine);
    return count;
}

static struct echo_call call_to(struct ip_address destination)
{
    return (struct echo_call){
        .destination = destination,
        .data = TEXT,
        .data_bytes = sizeof(TEXT),
        .timeout_ms = TIMEOUT_MS,
    };
}

static void submit(struct user *user, struct ip_address destination, uint64_t context)
{
    struct echo_call call = call_to(destination);
    assert_int_equal(batch_submit(user->batch, &call, context), 0);
}

static void collect_some(struct user *user, struct collected *collected, size_t capacity,
                         uint64_t deadline_ns)
{
    size_t count;
    collected->error = batch_collect(user->batch, deadline_ns, capacity, keep, collected, &count);
    collected->count += count;
}

/* Collects until nothing is outstanding. */
static struct collected *collect_all(struct user *user)
{
    static struct collected collected;
    collected = (struct collected){0};
    while (collected.error == 0) {
        collect_some(user, &collected, RESULTS_MAX - collected.count, OS_NEVER);
    }
    assert_int_equal(collected.error, ERROR_NO_MORE_ITEMS);
    return &collected;
}

static void assert_failed(const struct batch_result *result, uint32_t status, uint32_t error)
{
    assert_int_equal(result->status, status);
    assert_int_equal(result->error, error);
    assert_null(result->answer);
    assert_false(result->data_equal);
}

/* ---- Outcomes ---- */

static void test_an_echo_reply_is_a_result_with_all_that_is_known_of_it(void **state)
{
    struct user user = batch_of(4);

    (void)state;
    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    uint64_t before_ns = os_now_ns();
    submit(&user, HOST, 4711);
    struct fake_answer reply = fake_reply(fake_network_sent(1));
    const uint8_t options[4] = {7, 3, 4, 0};
    reply.ttl = 57;
    reply.tos = 8;
    reply.options = options;
    reply.options_bytes = sizeof(options);
    os_posix_advance_clock(1234567);
    fake_network_deliver(&reply);
    struct collected *collected = collect_all(&user);
    assert_int_equal(collected->count, 1);
    const struct batch_result *result = &collected->results[0];
    assert_int_equal(result->context, 4711);
    assert_int_equal(result->status, IP_SUCCESS);
    assert_int_equal(result->error, 0);
    assert_int_equal(result->sent_ns, before_ns);
    assert_true(result->data_equal);
    assert_non_null(result->answer);
    assert_int_equal(result->answer->round_trip_ns, 1234567);
    assert_address_equal(result->answer->responder, HOST);
    assert_int_equal(result->answer->ttl, 57);
    assert_int_equal(result->answer->tos, 8);
    assert_int_equal(result->answer->icmp_type, 0);
    assert_int_equal(result->answer->icmp_code, 0);
    assert_int_equal(result->answer->data_bytes, sizeof(TEXT));
    assert_int_equal(result->answer->options_bytes, sizeof(options));
    assert_memory_equal(collected->options[0], options, sizeof(options));
    user_close(&user);
}

static void test_data_are_compared_with_what_was_sent_however_long(void **state)
{
    static const size_t lengths[] = {0, 1, 63, 64, 65, 1492, 1493, sizeof(long_data)};
    struct user user = batch_of(4);

    (void)state;
    fake_network_hook(silent_hooks);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct echo_call call = call_to(HOST);
        call.data = long_data;
        call.data_bytes = (uint16_t)lengths[i];
        for (size_t times = 0; times < 3; times++) {
            assert_int_equal(batch_submit(user.batch, &call, times), 0);
            struct fake_answer reply = fake_reply(fake_network_sent(i * 3 + times + 1));
            uint8_t changed[sizeof(long_data) + 1];
            memcpy(changed, long_data, sizeof(long_data));
            if (times == 1 && lengths[i] > 0) {
                changed[lengths[i] - 1] ^= 1;
            }
            reply.data = changed;
            reply.data_bytes = lengths[i] + (times == 2);
            fake_network_deliver(&reply);
            struct collected *collected = collect_all(&user);
            assert_int_equal(collected->count, 1);
            assert_int_equal(collected->results[0].data_equal, times == 0 || (times == 1 && lengths[i] == 0));
            assert_int_equal(collected->results[0].answer->data_bytes, reply.data_bytes);
        }
    }
    user_close(&user);
}

static uint32_t answer_with_error(const struct fake_sent *sent)
{
    bool v6 = sent->message.destination.family == IP_FAMILY_V6;
    struct fake_answer answer = fake_error(sent, v6 ? ROUTER6 : ROUTER, v6 ? 1 : 3, v6 ? 4 : 13);
    fake_network_deliver(&answer);
    return 0;
}

static void test_icmp_errors_are_results_with_their_type_and_code(void **state)
{
    struct user user = batch_of(4);

    (void)state;
    fake_network_hook((struct fake_network_hooks){.send = answer_with_error});
    submit(&user, HOST, 4);
    submit(&user, HOST6, 6);
    struct collected *collected = collect_all(&user);
    assert_int_equal(collected->count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct batch_result *result = &collected->results[i];
        bool v6 = result->context == 6;
        assert_int_equal(result->status, v6 ? IP_DEST_PORT_UNREACHABLE : IP_DEST_HOST_UNREACHABLE);
        assert_int_equal(result->error, 0);
        assert_address_equal(result->answer->responder, v6 ? ROUTER6 : ROUTER);
        assert_int_equal(result->answer->icmp_type, v6 ? 1 : 3);
        assert_int_equal(result->answer->icmp_code, v6 ? 4 : 13);
        assert_false(result->data_equal);
    }
    user_close(&user);
}

static void test_both_families_go_into_one_batch(void **state)
{
    struct user user = batch_of(64);

    (void)state;
    for (uint8_t i = 0; i < 32; i++) {
        submit(&user, address_v4(192, 0, 2, i), i);
        submit(&user, address_v6(i), 100U + i);
    }
    struct collected *collected = collect_all(&user);
    assert_int_equal(collected->count, 64);
    bool seen[200] = {false};
    for (size_t i = 0; i < 64; i++) {
        const struct batch_result *result = &collected->results[i];
        assert_true(result->context < 200 && !seen[result->context]);
        seen[result->context] = true;
        assert_int_equal(result->status, IP_SUCCESS);
        assert_true(result->data_equal);
        assert_address_equal(result->answer->responder, result->context < 100
                                                            ? address_v4(192, 0, 2, (uint8_t)result->context)
                                                            : address_v6((uint8_t)(result->context - 100)));
        assert_int_equal(result->answer->icmp_type, result->context < 100 ? 0 : 129);
    }
    user_close(&user);
}

static void test_a_time_out_is_a_result_when_it_is_due_and_not_before(void **state)
{
    struct user user = batch_of(4);
    static struct collected collected;

    (void)state;
    collected = (struct collected){0};
    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    struct echo_call call = call_to(HOST);
    call.timeout_ms = 50;
    uint64_t now_ns = os_now_ns();
    assert_int_equal(batch_submit(user.batch, &call, 1), 0);
    os_posix_advance_clock(50 * OS_NS_PER_MS - 1);
    os_posix_pause();
    collect_some(&user, &collected, 1, 0);
    assert_int_equal(collected.error, WAIT_TIMEOUT);
    assert_int_equal(collected.count, 0);
    os_posix_advance_clock(1);
    collect_some(&user, &collected, 1, OS_NEVER);
    assert_int_equal(collected.count, 1);
    assert_failed(&collected.results[0], IP_REQ_TIMED_OUT, 0);
    assert_int_equal(collected.results[0].sent_ns, now_ns);
    user_close(&user);
}

static uint32_t send_error;

static uint32_t fail_to_send(const struct fake_sent *sent)
{
    (void)sent;
    return send_error;
}

static void test_what_could_not_be_sent_is_a_result_with_the_reason(void **state)
{
    static const uint32_t errors[] = {ERROR_INVALID_NETNAME, ERROR_NETWORK_UNREACHABLE, IP_PACKET_TOO_BIG};
    struct user user = batch_of(1);

    (void)state;
    fake_network_hook((struct fake_network_hooks){.send = fail_to_send});
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        send_error = errors[i];
        submit(&user, HOST, i);
        struct collected *collected = collect_all(&user);
        assert_int_equal(collected->count, 1);
        bool win32 = errors[i] < IP_STATUS_BASE;
        assert_failed(&collected->results[0], win32 ? IP_GENERAL_FAILURE : errors[i], win32 ? errors[i] : 0);
        assert_int_equal(collected->results[0].sent_ns, 0);
    }
    assert_int_equal(outstanding(), 0);
    user_close(&user);
}

static void test_what_cannot_be_sent_is_a_result_with_the_reason(void **state)
{
    fake_network_carry(true, false);
    struct user user = batch_of(8);
    static const uint8_t malformed[4] = {7, 1};
    static const uint8_t many[44] = {0};
    struct echo_call calls[5];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        calls[i] = call_to(HOST);
    }
    calls[0].destination = HOST6;
    calls[1].destination = address_v4(0, 0, 0, 0);
    calls[2].options = malformed;
    calls[2].options_bytes = sizeof(malformed);
    calls[3].options = many;
    calls[3].options_bytes = sizeof(many);
    calls[4].data = calloc(1, UINT16_MAX);
    calls[4].data_bytes = UINT16_MAX;
    static const struct {
        uint32_t status, error;
    } expected[] = {{IP_GENERAL_FAILURE, ERROR_NOT_SUPPORTED},
                    {IP_GENERAL_FAILURE, ERROR_INVALID_NETNAME},
                    {IP_BAD_OPTION, 0},
                    {IP_OPTION_TOO_BIG, 0},
                    {IP_GENERAL_FAILURE, 0}};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(batch_submit(user.batch, &calls[i], i), 0);
    }
    free((void *)(uintptr_t)calls[4].data);
    struct collected *collected = collect_all(&user);
    assert_int_equal(collected->count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(collected->results[i].context, i);
        assert_failed(&collected->results[i], expected[i].status, expected[i].error);
    }
    assert_int_equal(fake_network_sent_count(), 0);
    user_close(&user);
}

static void test_the_first_answer_to_a_broadcast_is_its_result(void **state)
{
    struct user user = batch_of(4);

    (void)state;
    fake_network_hook(silent_hooks);
    submit(&user, address_v4(224, 0, 0, 1), 1);
    struct fake_answer reply = fake_reply(fake_network_sent(1));
    reply.source = OTHER;
    fake_network_deliver(&reply);
    reply.source = ROUTER;
    fake_network_deliver(&reply);
    struct collected *collected = collect_all(&user);
    assert_int_equal(collected->count, 1);
    assert_address_equal(collected->results[0].answer->responder, OTHER);
    user_close(&user);
}

static void test_the_program_may_overwrite_its_data_as_soon_as_the_call_returns(void **state)
{
    struct user user = batch_of(4);
    char data[] = TEXT;

    (void)state;
    fake_network_hook(silent_hooks);
    struct echo_call call = call_to(HOST);
    call.data = data;
    assert_int_equal(batch_submit(user.batch, &call, 1), 0);
    memset(data, 'x', sizeof(data));
    fake_network_echo(fake_network_sent(1));
    assert_true(collect_all(&user)->results[0].data_equal);
    user_close(&user);
}

/* The answer that a synchronous caller receives, in whose receiver it is, belongs to the probe. */
static void test_an_answer_that_another_thread_receives_is_a_result(void **state)
{
    struct user user = batch_of(4);
    static struct caller caller;
    struct engine *engine;

    (void)state;
    fake_network_hook(silent_hooks);
    assert_int_equal(engine_acquire(&engine), 0);
    caller_set(&caller, engine, OTHER, TEXT, TIMEOUT_MS);
    caller_start(&caller); /* alone, so it receives for itself, with the first receiver */
    assert_soon(fake_network_waits_until(0) > 0);
    submit(&user, HOST, 1);
    struct fake_answer reply = fake_reply(fake_network_sent(2));
    fake_network_deliver_to(0, &reply);
    struct collected *collected = collect_all(&user);
    assert_int_equal(collected->count, 1);
    assert_true(collected->results[0].data_equal);
    fake_network_echo(fake_network_sent(1));
    caller_join(&caller);
    assert_true(caller_has_own_reply(&caller));
    engine_release(engine);
    user_close(&user);
}

/* ---- The bound, and collecting ---- */

static void test_no_more_are_accepted_than_the_batch_has_room_for_until_some_are_collected(void **state)
{
    struct user user = batch_of(3);
    struct echo_call call = call_to(HOST);
    static struct collected collected;

    (void)state;
    collected = (struct collected){0};
    for (uint64_t i = 0; i < 3; i++) {
        submit(&user, HOST, i);
    }
    assert_int_equal(batch_submit(user.batch, &call, 3), ERROR_NOT_ENOUGH_QUOTA);
    assert_soon(outstanding() == 0);
    assert_int_equal(batch_submit(user.batch, &call, 3), ERROR_NOT_ENOUGH_QUOTA); /* not collected */
    while (collected.count < 2) {
        collect_some(&user, &collected, 2 - collected.count, OS_NEVER);
    }
    assert_int_equal(batch_submit(user.batch, &call, 4), 0);
    assert_int_equal(batch_submit(user.batch, &call, 5), 0);
    assert_int_equal(batch_submit(user.batch, &call, 6), ERROR_NOT_ENOUGH_QUOTA);
    assert_int_equal(collect_all(&user)->count, 3);
    assert_int_equal(fake_network_sent_count(), 5);
    user_close(&user);
}

static void test_results_come_in_the_order_in_which_they_came_to_be(void **state)
{
    struct user user = batch_of(200);

    (void)state;
    fake_network_hook(silent_hooks);
    for (uint64_t i = 0; i < 200; i++) {
        submit(&user, HOST, i);
    }
    for (size_t number = 200; number > 0; number--) {
        fake_network_echo(fake_network_sent(number));
    }
    struct collected *collected = collect_all(&user);
    assert_int_equal(collected->count, 200);
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(collected->results[i].context, 199 - i);
    }
    user_close(&user);
}

static void test_nothing_is_waited_for_when_nothing_is_outstanding(void **state)
{
    struct user user = batch_of(4);
    static struct collected collected;

    (void)state;
    collected = (struct collected){0};
    collect_some(&user, &collected, 1, OS_NEVER);
    assert_int_equal(collected.error, ERROR_NO_MORE_ITEMS);
    submit(&user, HOST, 1);
    assert_int_equal(collect_all(&user)->count, 1);
    user_close(&user);
}

/* ---- Threads that wait ---- */

/* A thread that collects once. */
struct collector {
    struct user *user;
    struct collected collected;
    uint64_t deadline_ns;
    struct os_posix_thread *thread;
    bool done; /* guarded by echo_lock */
};

static void collector_main(void *argument)
{
    struct collector *collector = argument;
    collect_some(collector->user, &collector->collected, RESULTS_MAX, collector->deadline_ns);
    os_lock_acquire(&echo_lock);
    collector->done = true;
    os_lock_release(&echo_lock);
}

static void collector_start(struct collector *collector, struct user *user, uint64_t deadline_ns)
{
    *collector = (struct collector){.user = user, .deadline_ns = deadline_ns};
    collector->thread = os_posix_thread_start(collector_main, collector);
}

static bool collector_is_done(struct collector *collector)
{
    os_lock_acquire(&echo_lock);
    bool done = collector->done;
    os_lock_release(&echo_lock);
    return done;
}

static void pause_for_a_while(void)
{
    for (int ms = 0; ms < 20; ms++) {
        os_posix_pause();
    }
}

static void test_a_thread_that_waits_is_woken_by_a_result(void **state)
{
    struct user user = batch_of(4);
    static struct collector collector;

    (void)state;
    fake_network_hook(silent_hooks);
    submit(&user, HOST, 1);
    collector_start(&collector, &user, OS_NEVER);
    pause_for_a_while();
    assert_false(collector_is_done(&collector));
    fake_network_echo(fake_network_sent(1));
    os_posix_thread_join(collector.thread);
    assert_int_equal(collector.collected.error, 0);
    assert_int_equal(collector.collected.count, 1);
    user_close(&user);
}

static void test_every_thread_that_waits_ends_when_the_last_result_is_collected(void **state)
{
    struct user user = batch_of(4);
    static struct collector collectors[3];
    size_t collected = 0;

    (void)state;
    fake_network_hook(silent_hooks);
    submit(&user, HOST, 1);
    for (size_t i = 0; i < 3; i++) {
        collector_start(&collectors[i], &user, OS_NEVER);
    }
    pause_for_a_while();
    fake_network_echo(fake_network_sent(1));
    for (size_t i = 0; i < 3; i++) {
        os_posix_thread_join(collectors[i].thread);
        collected += collectors[i].collected.count;
        assert_int_equal(collectors[i].collected.error,
                         collectors[i].collected.count > 0 ? 0 : ERROR_NO_MORE_ITEMS);
    }
    assert_int_equal(collected, 1);
    user_close(&user);
}

static void test_a_wait_ends_at_its_deadline(void **state)
{
    struct user user = batch_of(4);
    static struct collector collector;

    (void)state;
    os_posix_stop_clock();
    fake_network_hook(silent_hooks);
    submit(&user, HOST, 1);
    collector_start(&collector, &user, os_now_ns() + 100 * OS_NS_PER_MS);
    os_posix_advance_clock(100 * OS_NS_PER_MS - 1);
    pause_for_a_while();
    assert_false(collector_is_done(&collector));
    os_posix_advance_clock(1);
    os_posix_thread_join(collector.thread);
    assert_int_equal(collector.collected.error, WAIT_TIMEOUT);
    assert_int_equal(collector.collected.count, 0);
    user_close(&user);
}

/* ---- Cancelling and closing ---- */

static void test_what_is_cancelled_has_that_for_its_result_and_later_answers_are_ignored(void **state)
{
    struct user user = batch_of(200);
    const uint64_t context = 7;

    (void)state;
    fake_network_hook(silent_hooks);
    for (uint64_t i = 0; i < 200; i++) {
        submit(&user, HOST, i < 3 ? context : i + 1000);
    }
    fake_network_echo(fake_network_sent(1));
    assert_soon(outstanding() == 199);
    assert_int_equal(batch_cancel(user.batch, &context), 2);
    assert_int_equal(batch_cancel(user.batch, &context), 0);
    assert_int_equal(outstanding(), 197);
    assert_int_equal(batch_cancel(user.batch, NULL), 197);
    fake_network_echo(fake_network_sent(2));
    struct collected *collected = collect_all(&user);
    assert_int_equal(collected->count, 200);
    assert_int_equal(collected->results[0].context, context);
    assert_int_equal(collected->results[0].status, IP_SUCCESS);
    for (size_t i = 1; i < 200; i++) {
        assert_failed(&collected->results[i], IP_GENERAL_FAILURE, ERROR_OPERATION_ABORTED);
        assert_int_equal(collected->results[i].context == context, i < 3);
        assert_true(collected->results[i].sent_ns > 0);
    }
    user_close(&user);
}

static void test_a_thread_that_waits_is_woken_by_cancelling(void **state)
{
    struct user user = batch_of(4);
    static struct collector collector;

    (void)state;
    fake_network_hook(silent_hooks);
    submit(&user, HOST, 1);
    collector_start(&collector, &user, OS_NEVER);
    pause_for_a_while();
    assert_int_equal(batch_cancel(user.batch, NULL), 1);
    os_posix_thread_join(collector.thread);
    assert_int_equal(collector.collected.count, 1);
    user_close(&user);
}

static void test_closing_ends_waits_gives_up_what_is_out_and_forgets_results(void **state)
{
    struct user user = batch_of(8);
    static struct collector collectors[2];

    (void)state;
    fake_network_hook(silent_hooks);
    for (uint64_t i = 0; i < 4; i++) {
        submit(&user, HOST, i);
    }
    for (size_t i = 0; i < 2; i++) {
        collector_start(&collectors[i], &user, OS_NEVER);
    }
    pause_for_a_while();
    assert_int_equal(batch_close(user.handle), 0);
    for (size_t i = 0; i < 2; i++) {
        os_posix_thread_join(collectors[i].thread);
        assert_int_equal(collectors[i].collected.error, ERROR_OPERATION_ABORTED);
        assert_int_equal(collectors[i].collected.count, 0);
    }
    assert_int_equal(outstanding(), 0);
    struct echo_call call = call_to(HOST);
    assert_int_equal(batch_submit(user.batch, &call, 1), ERROR_INVALID_HANDLE);
    static struct collected collected;
    collected = (struct collected){0};
    collect_some(&user, &collected, 1, OS_NEVER);
    assert_int_equal(collected.error, ERROR_OPERATION_ABORTED);
    fake_network_echo(fake_network_sent(1));
    batch_release(user.batch);
}

static void test_closing_forgets_results_that_nobody_has_collected(void **state)
{
    struct user user = batch_of(8);

    (void)state;
    for (uint64_t i = 0; i < 8; i++) {
        struct echo_call call = call_to(HOST);
        call.data = long_data;
        call.data_bytes = sizeof(long_data);
        assert_int_equal(batch_submit(user.batch, &call, i), 0);
    }
    assert_soon(outstanding() == 0);
    user_close(&user);
}

/* The worker has taken the probe from among those that are outstanding, and is about to add its result. */
static struct gate limbo;
static struct engine *limbo_engine;
static _Thread_local bool is_main;

static void stop_in_limbo(void)
{
    static _Thread_local bool looking;
    if (is_main || looking) {
        return;
    }
    looking = true;
    bool taken = engine_outstanding(limbo_engine) == 0;
    looking = false;
    if (taken) {
        gate_pass(&limbo);
    }
}

static void test_a_batch_may_be_closed_while_the_worker_completes_its_probes(void **state)
{
    struct user user = batch_of(8);

    (void)state;
    is_main = true;
    fake_network_hook(silent_hooks);
    assert_int_equal(engine_acquire(&limbo_engine), 0);
    submit(&user, HOST, 1);
    os_posix_on_lock(stop_in_limbo);
    fake_network_echo(fake_network_sent(1));
    assert_soon(gate_waiting(&limbo) == 1);
    user_close(&user); /* while the worker still has a probe of it */
    os_posix_on_lock(NULL);
    gate_open(&limbo);
    engine_release(limbo_engine);
}

/* ---- Handles ---- */

static void test_a_handle_is_good_until_it_is_closed(void **state)
{
    os_handle handle;
    struct batch *batch;

    (void)state;
    assert_int_equal(batch_open(1, &handle), 0);
    assert_int_equal(handle % 4, 0);
    assert_true(handle >= 0x40000000 && handle < 0x80000000);
    assert_int_equal(batch_acquire(handle + 4, &batch), ERROR_INVALID_HANDLE);
    assert_int_equal(batch_acquire(handle + 1, &batch), ERROR_INVALID_HANDLE);
    assert_int_equal(batch_acquire(0, &batch), ERROR_INVALID_HANDLE);
    assert_int_equal(batch_acquire((os_handle)-1, &batch), ERROR_INVALID_HANDLE);
    assert_int_equal(batch_close(handle + 4), ERROR_INVALID_HANDLE);
    assert_int_equal(batch_close(handle), 0);
    assert_int_equal(batch_close(handle), ERROR_INVALID_HANDLE);
    assert_int_equal(batch_acquire(handle, &batch), ERROR_INVALID_HANDLE);
}

static void test_the_value_of_a_closed_handle_does_not_come_again(void **state)
{
    os_handle closed;
    os_handle handle;
    struct batch *batch;

    (void)state;
    assert_int_equal(batch_open(1, &closed), 0);
    assert_int_equal(batch_close(closed), 0);
    for (int times = 0; times < 100; times++) {
        assert_int_equal(batch_open(1, &handle), 0);
        assert_int_equal(batch_acquire(closed, &batch), ERROR_INVALID_HANDLE);
        assert_int_equal(batch_close(handle), 0);
    }
}

/* ---- Failures ---- */

/* Opens a batch and submits a probe, while the nth call to the system fails. True when something was refused for that. */
static bool check_with_failure(size_t nth)
{
    os_handle handle;
    struct batch *batch;
    struct collected *collected = calloc(1, sizeof(*collected));
    struct echo_call call = call_to(HOST);
    call.data = long_data;
    call.data_bytes = sizeof(long_data);

    os_posix_fail_call(nth);
    uint32_t error = batch_open(4, &handle);
    if (error == 0) {
        assert_int_equal(batch_acquire(handle, &batch), 0);
        error = batch_submit(batch, &call, 1);
        os_posix_fail_call(os_posix_call_has_failed() ? 0 : SIZE_MAX);
        size_t count;
        if (error == 0) {
            fake_network_echo(fake_network_sent(fake_network_sent_count()));
            assert_int_equal(batch_collect(batch, OS_NEVER, 4, keep, collected, &count), 0);
            assert_int_equal(count, 1);
            assert_int_equal(collected->results[0].status, IP_SUCCESS);
        } else {
            assert_int_equal(batch_collect(batch, OS_NEVER, 4, keep, collected, &count), ERROR_NO_MORE_ITEMS);
            assert_int_equal(batch_submit(batch, &call, 2), 0); /* in the place of the one that was refused */
        }
        batch_release(batch);
        assert_int_equal(batch_close(handle), 0);
    }
    os_posix_fail_call(0);
    free(collected);
    assert_true(os_posix_join_threads());
    batch_abandon(); /* so that the table needs memory each time */
    assert_true(error == 0 || error == ERROR_NOT_ENOUGH_MEMORY);
    return error != 0;
}

static void test_nothing_is_left_whatever_fails(void **state)
{
    size_t refused = 0;

    (void)state;
    fake_network_hook(silent_hooks);
    size_t allocations = os_posix_allocations();
    for (size_t nth = 1; nth < 40; nth++) {
        refused += check_with_failure(nth);
        assert_int_equal(os_posix_allocations(), allocations);
        assert_int_equal(fake_network_opened(), fake_network_closed());
    }
    /* batch, engine, identifier, pool, table; data, message, listener, receiver, thread and its hold on the module, table,
     * heap */
    assert_in_range(refused, 11, 14);
}

static void test_a_batch_that_is_left_open_goes_with_the_module(void **state)
{
    struct user user = batch_of(8);

    (void)state;
    submit(&user, HOST, 1);
    assert_soon(outstanding() == 0); /* a result that nobody collects */
    batch_release(user.batch);
    os_posix_advance_clock(10000 * OS_NS_PER_MS);
    assert_true(os_posix_join_threads()); /* the worker had kept the module loaded */
    batch_abandon();
    engine_abandon();
}

/* One that was given up with its thread, say: a worker that was terminated. */
static void test_a_probe_that_is_still_out_goes_with_the_module(void **state)
{
    struct user user = batch_of(8);

    (void)state;
    fake_network_hook(silent_hooks);
    os_posix_hold_threads(true); /* the worker never runs */
    struct echo_call call = call_to(HOST);
    call.data = long_data;
    call.data_bytes = sizeof(long_data);
    assert_int_equal(batch_submit(user.batch, &call, 1), 0);
    assert_int_equal(outstanding(), 1);
    batch_release(user.batch);
    batch_abandon();
    assert_int_equal(outstanding(), 0);
    os_posix_hold_threads(false);
    os_posix_advance_clock(10000 * OS_NS_PER_MS);
    assert_true(os_posix_join_threads());
    engine_abandon();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_echo_reply_is_a_result_with_all_that_is_known_of_it,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_data_are_compared_with_what_was_sent_however_long,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_icmp_errors_are_results_with_their_type_and_code, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_both_families_go_into_one_batch, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_time_out_is_a_result_when_it_is_due_and_not_before,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_what_could_not_be_sent_is_a_result_with_the_reason,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_sent_is_a_result_with_the_reason, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_the_first_answer_to_a_broadcast_is_its_result, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_the_program_may_overwrite_its_data_as_soon_as_the_call_returns,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_an_answer_that_another_thread_receives_is_a_result,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            test_no_more_are_accepted_than_the_batch_has_room_for_until_some_are_collected, fixture_set_up,
            fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_results_come_in_the_order_in_which_they_came_to_be,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_waited_for_when_nothing_is_outstanding,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_thread_that_waits_is_woken_by_a_result, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_every_thread_that_waits_ends_when_the_last_result_is_collected,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_wait_ends_at_its_deadline, fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            test_what_is_cancelled_has_that_for_its_result_and_later_answers_are_ignored, fixture_set_up,
            fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_thread_that_waits_is_woken_by_cancelling, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_closing_ends_waits_gives_up_what_is_out_and_forgets_results,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_closing_forgets_results_that_nobody_has_collected,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_batch_may_be_closed_while_the_worker_completes_its_probes,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_handle_is_good_until_it_is_closed, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_the_value_of_a_closed_handle_does_not_come_again, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_left_whatever_fails, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_batch_that_is_left_open_goes_with_the_module, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_probe_that_is_still_out_goes_with_the_module, fixture_set_up,
                                        fixture_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
