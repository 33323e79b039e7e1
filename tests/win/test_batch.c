/*
 * Batches (openicmp.h): every probe has its one result, with all that is known of it; waiting, cancelling and closing from
 * several threads.
 */
#include "win/support/batch.h"
#include "win/support/async_echo.h"
#include "win/support/peer.h"
#include "win/support/usage.h"

static ULONGLONG clock_ns(void)
{
    LARGE_INTEGER frequency;
    LARGE_INTEGER counter;

    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&counter);
    return (ULONGLONG)((double)counter.QuadPart / (double)frequency.QuadPart * 1e9);
}

static bool has_ipv6(void)
{
    OPENICMP_INFORMATION information = {.cbSize = sizeof(information)};

    assert_true(OpenIcmpQuery(&information));
    return information.IPv6Sockets == OPENICMP_SOCKETS_RAW ||
           information.IPv6Sockets == OPENICMP_SOCKETS_PING;
}

/* ---- Results ---- */

static void test_a_probe_has_one_result_with_all_that_is_known_of_it(void **state)
{
    OPENICMP_BATCH batch = batch_for(8);
    OPENICMP_PROBE probe = probe_to(LOOPBACK(1, 2, 3), 0x123456789abcdef0);
    OPENICMP_RESULT results[2];
    ULONGLONG before = clock_ns();

    (void)state;
    memset(results, 0xa5, sizeof(results));
    submit_all(batch, &probe, 1);
    assert_int_equal(collect_all(batch, results, 2), 1);
    assert_true(results[0].Context == 0x123456789abcdef0);
    assert_true(is_echo_from(&results[0], LOOPBACK(1, 2, 3)));
    assert_int_equal(results[0].DataSize, sizeof(probe_text));
    assert_int_equal(results[0].Ttl, 64);
    assert_true(results[0].Sent + 2000 >= before); /* a double has no more digits */
    assert_true(results[0].Received <= clock_ns() + 2000);
    assert_true(bytes_are(results[0].Reserved, sizeof(results[0].Reserved), 0));
    assert_true(bytes_are(&results[1], sizeof(results[1]), 0xa5));
    assert_true(OpenIcmpCloseBatch(batch));
}

static void test_both_families_go_into_one_batch(void **state)
{
    OPENICMP_BATCH batch = batch_for(8);
    const OPENICMP_PROBE probes[] = {probe_to(LOCALHOST, 4), probe_to_localhost6(6)};
    OPENICMP_RESULT results[3];
    bool ipv6 = has_ipv6();

    (void)state;
    submit_all(batch, probes, 2);
    assert_int_equal(collect_all(batch, results, 3), 2);
    for (int i = 0; i < 2; i++) {
        if (results[i].Context == 4) {
            assert_true(is_echo_from(&results[i], LOCALHOST));
        } else if (ipv6) {
            assert_int_equal(results[i].Status, IP_SUCCESS);
            assert_int_equal(results[i].IcmpType, 129);
            assert_int_equal(results[i].DataEqual, 1);
            assert_memory_equal(&results[i].Responder, &probes[1].Destination, sizeof(OPENICMP_ADDRESS));
        } else {
            assert_true(is_failure(&results[i], IP_GENERAL_FAILURE, ERROR_NOT_SUPPORTED));
        }
    }
    assert_true(OpenIcmpCloseBatch(batch));
}

static void test_each_of_very_many_has_its_own_result(void **state)
{
    DWORD many = has_ipv6() ? 20000 : 5000; /* Winsock under Wine needs ten times as long for each */
    OPENICMP_BATCH batch = batch_for(many);
    OPENICMP_PROBE *probes = calloc(many, sizeof(*probes));
    OPENICMP_RESULT *results = calloc(many + 1, sizeof(*results));
    BYTE *seen = calloc(many, 1);
    DWORD lost = 0;

    (void)state;
    for (DWORD i = 0; i < many; i++) {
        probes[i] = probe_to(LOOPBACK(3, i >> 8, i & 255), i);
        probes[i].Timeout = 20000;
    }
    submit_all(batch, probes, many);
    assert_int_equal(collect_all(batch, results, many + 1), many);
    for (DWORD i = 0; i < many; i++) {
        ULONGLONG context = results[i].Context;
        assert_true(context < many && !seen[context]);
        seen[context] = 1;
        if (results[i].Status == IP_REQ_TIMED_OUT) {
            lost++; /* a raw socket's buffer has an end */
        } else {
            assert_true(is_echo_from(&results[i], LOOPBACK(3, context >> 8, context & 255)));
        }
    }
    print_message("%lu of %lu were lost\n", lost, many);
    assert_in_range(lost, 0, many / 2);
    assert_true(OpenIcmpCloseBatch(batch));
    free(probes);
    free(results);
    free(seen);
}

static void test_a_probe_that_nobody_answers_times_out_and_not_too_early(void **state)
{
    OPENICMP_BATCH batch = batch_for(8);
    OPENICMP_PROBE probe = probe_to(SILENT, 1);
    OPENICMP_RESULT result;
    DWORD collected;
    double before_ms = now_ms();

    (void)state;
    probe.Timeout = 200;
    submit_all(batch, &probe, 1);
    assert_false(OpenIcmpCollect(batch, &result, 1, 0, &collected));
    assert_int_equal(GetLastError(), WAIT_TIMEOUT);
    assert_int_equal(collected, 0);
    assert_true(OpenIcmpCollect(batch, &result, 1, INFINITE, &collected));
    assert_true(now_ms() - before_ms >= 200);
    assert_true(is_failure(&result, IP_REQ_TIMED_OUT, 0));
    assert_true(result.Sent > 0);
    assert_true(OpenIcmpCloseBatch(batch));
}

static void test_a_foreign_source_is_a_result(void **state)
{
    OPENICMP_BATCH batch = batch_for(8);
    OPENICMP_PROBE probes[2] = {probe_to(LOCALHOST, 1), probe_to(LOCALHOST, 2)};
    OPENICMP_RESULT results[3];

    (void)state;
    probes[0].Source.V4.Family = AF_INET;
    probes[0].Source.V4.Address[0] = 192;
    probes[0].Source.V4.Address[2] = 2; /* 192.0.2.9, of the network for documentation */
    probes[0].Source.V4.Address[3] = 9;
    submit_all(batch, probes, 2);
    assert_int_equal(collect_all(batch, results, 3), 2);
    for (int i = 0; i < 2; i++) {
        if (results[i].Context == 1) {
            assert_true(is_failure(&results[i], IP_GENERAL_FAILURE, ERROR_INVALID_NETNAME));
            assert_true(results[i].Sent == 0);
        } else {
            assert_true(is_echo_from(&results[i], LOCALHOST));
        }
    }
    assert_true(OpenIcmpCloseBatch(batch));
}

static void answer_with_error(struct peer *peer, const struct seen_request *seen)
{
    peer_error(peer, seen, 3, 13);
}

static void answer_with_other_data(struct peer *peer, const struct seen_request *seen)
{
    peer_reply(peer, seen, "other", 5);
}

/* The result of a probe to SILENT that a peer answers in this way. Asserts. */
static OPENICMP_RESULT answered_by_peer(peer_behaviour behave)
{
    OPENICMP_BATCH batch = batch_for(1);
    struct peer peer;
    struct peer_tag tag = peer_tag_new();
    OPENICMP_PROBE probe = probe_to(SILENT, 1);
    OPENICMP_RESULT result;

    peer_start(&peer, LOOPBACK(9, 9, 9), tag, behave, NULL);
    probe.Data = &tag;
    probe.DataSize = sizeof(tag);
    submit_all(batch, &probe, 1);
    assert_int_equal(collect_all(batch, &result, 1), 1);
    peer_stop(&peer);
    assert_true(OpenIcmpCloseBatch(batch));
    return result;
}

static void test_an_icmp_error_is_a_result_with_its_type_and_code(void **state)
{
    OPENICMP_RESULT result = answered_by_peer(answer_with_error);
    IPAddr router = LOOPBACK(9, 9, 9);

    (void)state;
    assert_int_equal(result.Status, IP_DEST_HOST_UNREACHABLE);
    assert_int_equal(result.Error, 0);
    assert_int_equal(result.IcmpType, 3);
    assert_int_equal(result.IcmpCode, 13);
    assert_int_equal(result.Responder.Family, AF_INET);
    assert_memory_equal(result.Responder.V4.Address, &router, sizeof(router));
    assert_int_equal(result.DataSize, 0);
    assert_int_equal(result.DataEqual, 0);
}

static void test_a_reply_with_other_data_is_told_from_an_echo(void **state)
{
    OPENICMP_RESULT result = answered_by_peer(answer_with_other_data);

    (void)state;
    assert_int_equal(result.Status, IP_SUCCESS);
    assert_int_equal(result.DataSize, 5);
    assert_int_equal(result.DataEqual, 0);
}

static void test_options_go_out_and_come_back(void **state)
{
    static const UCHAR record_route[7] = {7, 7, 4};
    OPENICMP_BATCH batch = batch_for(1);
    OPENICMP_PROBE probe = probe_to(LOCALHOST, 1);
    OPENICMP_RESULT result;

    (void)state;
    probe.OptionsData = record_route;
    probe.OptionsSize = sizeof(record_route);
    probe.Ttl = 9;
    submit_all(batch, &probe, 1);
    assert_int_equal(collect_all(batch, &result, 1), 1);
    assert_true(is_echo_from(&result, LOCALHOST));
    if (result.OptionsSize > 0) { /* ping sockets do not tell */
        assert_int_equal(result.Options[0], 7);
        assert_int_equal(result.Options[3], 127);
    }
    assert_true(OpenIcmpCloseBatch(batch));
}

/* ---- The bound ---- */

static void test_what_is_beyond_the_bound_is_submitted_again_after_collecting(void **state)
{
    OPENICMP_BATCH batch = batch_for(4);
    OPENICMP_PROBE probes[10];
    OPENICMP_RESULT results[10];
    DWORD submitted = 0;
    DWORD collected = 0;
    DWORD seen = 0;

    (void)state;
    for (DWORD i = 0; i < 10; i++) {
        probes[i] = probe_to(LOOPBACK(1, 1, 1 + i), i);
    }
    while (collected < 10) {
        DWORD accepted;
        DWORD taken;
        if (!OpenIcmpSubmit(batch, probes + submitted, 10 - submitted, &accepted)) {
            assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_QUOTA);
        }
        submitted += accepted;
        assert_in_range(submitted - collected, 1, 4);
        assert_true(OpenIcmpCollect(batch, results, 10, INFINITE, &taken));
        for (DWORD i = 0; i < taken; i++) {
            assert_true(is_echo_from(&results[i], LOOPBACK(1, 1, 1 + results[i].Context)));
            seen |= 1u << results[i].Context;
        }
        collected += taken;
    }
    assert_int_equal(seen, 0x3ff);
    assert_true(OpenIcmpCloseBatch(batch));
}

/* ---- Threads ---- */

static LONG routine_calls;

static void CALLBACK count_call(ULONG_PTR argument)
{
    (void)argument;
    InterlockedIncrement(&routine_calls);
}

static void test_no_routine_of_the_program_runs_while_results_are_waited_for(void **state)
{
    OPENICMP_BATCH batch = batch_for(1);
    OPENICMP_PROBE probe = probe_to(SILENT, 1);
    OPENICMP_RESULT result;

    (void)state;
    probe.Timeout = 100;
    assert_true(QueueUserAPC(count_call, GetCurrentThread(), 0));
    submit_all(batch, &probe, 1);
    assert_int_equal(collect_all(batch, &result, 1), 1);
    assert_int_equal(routine_calls, 0);
    SleepEx(0, TRUE);
    assert_int_equal(routine_calls, 1);
    assert_true(OpenIcmpCloseBatch(batch));
}

struct collector {
    OPENICMP_BATCH batch;
    HANDLE ready;
    DWORD collected;
    DWORD error;
};

static DWORD WINAPI collector_main(void *argument)
{
    struct collector *collector = argument;
    OPENICMP_RESULT results[4];

    SetEvent(collector->ready);
    collector->error =
        OpenIcmpCollect(collector->batch, results, 4, INFINITE, &collector->collected) ? 0 : GetLastError();
    return 0;
}

/* A thread that waits for results. Asserts. */
static HANDLE collector_start(struct collector *collector, OPENICMP_BATCH batch)
{
    *collector = (struct collector){.batch = batch, .ready = auto_reset_event(), .collected = 77};
    HANDLE thread = CreateThread(NULL, 0, collector_main, collector, 0, NULL);

    assert_non_null(thread);
    assert_true(event_is_set_soon(collector->ready));
    Sleep(50); /* it is about to wait, or waits */
    return thread;
}

static void collector_join(HANDLE thread, struct collector *collector)
{
    assert_int_equal(WaitForSingleObject(thread, PATIENCE_MS), WAIT_OBJECT_0);
    CloseHandle(thread);
    CloseHandle(collector->ready);
}

static void test_closing_ends_the_wait_of_other_threads(void **state)
{
    OPENICMP_BATCH batch = batch_for(8);
    OPENICMP_PROBE probe = probe_to(SILENT, 1);
    struct collector collectors[4];
    HANDLE threads[4];
    DWORD accepted = 77;

    (void)state;
    probe.Timeout = 60000;
    submit_all(batch, &probe, 1);
    for (int i = 0; i < 4; i++) {
        threads[i] = collector_start(&collectors[i], batch);
    }
    assert_true(OpenIcmpCloseBatch(batch));
    for (int i = 0; i < 4; i++) {
        collector_join(threads[i], &collectors[i]);
        assert_int_equal(collectors[i].error, ERROR_OPERATION_ABORTED);
        assert_int_equal(collectors[i].collected, 0);
    }
    assert_false(OpenIcmpSubmit(batch, &probe, 1, &accepted));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    assert_int_equal(accepted, 0);
}

static void test_cancelling_ends_the_wait_of_another_thread_with_results(void **state)
{
    OPENICMP_BATCH batch = batch_for(8);
    OPENICMP_PROBE probes[3] = {probe_to(SILENT, 1), probe_to(SILENT, 2), probe_to(SILENT, 1)};
    const ULONGLONG one = 1;
    struct collector collector;
    OPENICMP_RESULT result;
    DWORD cancelled = 77;

    (void)state;
    for (int i = 0; i < 3; i++) {
        probes[i].Timeout = 60000;
    }
    submit_all(batch, probes, 3);
    HANDLE thread = collector_start(&collector, batch);
    assert_true(OpenIcmpCancel(batch, &one, &cancelled));
    assert_int_equal(cancelled, 2);
    collector_join(thread, &collector);
    assert_int_equal(collector.error, 0);
    assert_in_range(collector.collected, 1, 2);
    assert_true(OpenIcmpCancel(batch, NULL, &cancelled));
    assert_int_equal(cancelled, 1);
    assert_true(OpenIcmpCancel(batch, NULL, NULL)); /* nothing is left */
    for (DWORD left = 3 - collector.collected; left > 0; left--) {
        DWORD collected;
        assert_true(OpenIcmpCollect(batch, &result, 1, INFINITE, &collected));
        assert_true(is_failure(&result, IP_GENERAL_FAILURE, ERROR_OPERATION_ABORTED));
        assert_true(result.Sent > 0);
    }
    assert_true(OpenIcmpCloseBatch(batch));
}

/* ---- What is left ---- */

static void test_batches_leave_nothing_behind(void **state)
{
    OPENICMP_PROBE probes[20];
    OPENICMP_RESULT results[20];
    OPENICMP_BATCH keeper = batch_for(1); /* so that the engine stays */
    DWORD handles = 0;
    size_t heap = 0;

    (void)state;
    for (DWORD i = 0; i < 20; i++) {
        probes[i] = probe_to(i % 2 == 0 ? LOCALHOST : SILENT, i);
    }
    for (int times = 0; times < 120; times++) {
        OPENICMP_BATCH batch = batch_for(64);
        DWORD collected;
        submit_all(batch, probes, 20);
        if (times % 3 == 0) {
            assert_true(OpenIcmpCollect(batch, results, 20, INFINITE, &collected));
        }
        if (times % 3 == 1) {
            assert_true(OpenIcmpCancel(batch, NULL, NULL));
        }
        assert_true(OpenIcmpCloseBatch(batch));
        if (times == 20) {
            handles = handles_open();
            heap = heap_bytes();
        }
    }
    assert_true(handles_fall_to(handles, PATIENCE_MS));
    assert_in_range(heap_bytes(), 0, heap + 4096);
    assert_true(OpenIcmpCloseBatch(keeper));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_probe_has_one_result_with_all_that_is_known_of_it),
        cmocka_unit_test(test_both_families_go_into_one_batch),
        cmocka_unit_test(test_each_of_very_many_has_its_own_result),
        cmocka_unit_test(test_a_probe_that_nobody_answers_times_out_and_not_too_early),
        cmocka_unit_test(test_a_foreign_source_is_a_result),
        cmocka_unit_test(test_an_icmp_error_is_a_result_with_its_type_and_code),
        cmocka_unit_test(test_a_reply_with_other_data_is_told_from_an_echo),
        cmocka_unit_test(test_options_go_out_and_come_back),
        cmocka_unit_test(test_what_is_beyond_the_bound_is_submitted_again_after_collecting),
        cmocka_unit_test(test_no_routine_of_the_program_runs_while_results_are_waited_for),
        cmocka_unit_test(test_closing_ends_the_wait_of_other_threads),
        cmocka_unit_test(test_cancelling_ends_the_wait_of_another_thread_with_results),
        cmocka_unit_test(test_batches_leave_nothing_behind),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
