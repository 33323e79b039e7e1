/*
 * What the functions for batches accept, and how they refuse the rest (openicmp.h).
 */
#include "win/support/batch.h"

#include <limits.h>

static OPENICMP_BATCH batch;

static int open_batch(void **state)
{
    (void)state;
    batch = batch_for(8);
    return 0;
}

static int close_batch(void **state)
{
    (void)state;
    return OpenIcmpCloseBatch(batch) ? 0 : -1;
}

#define assert_refused(call, error)                                                                          \
    do {                                                                                                     \
        SetLastError(POISON_ERROR);                                                                          \
        assert_true(!(call));                                                                                \
        assert_int_equal(GetLastError(), (error));                                                           \
    } while (0)

/* ---- Creating ---- */

static void test_options_may_be_those_of_another_version(void **state)
{
    struct {
        OPENICMP_BATCH_OPTIONS known;
        ULONG unknown[4];
    } later = {{sizeof(later), 8}, {0}};
    OPENICMP_BATCH made = OpenIcmpCreateBatch(&later.known);

    (void)state;
    assert_non_null(made);
    assert_true(OpenIcmpCloseBatch(made));
    later.unknown[3] = 1; /* something that we do not know */
    assert_refused(OpenIcmpCreateBatch(&later.known), ERROR_INVALID_PARAMETER);
    made = OpenIcmpCreateBatch(NULL);
    assert_non_null(made);
    assert_true(OpenIcmpCloseBatch(made));
}

static void test_sizes_and_bounds_that_are_none_are_refused(void **state)
{
    static const OPENICMP_BATCH_OPTIONS bad[] = {
        {0, 8},        {4, 8}, {7, 8}, {0x80000000, 8}, {ULONG_MAX, 8}, {8, 0}, {8, OPENICMP_BATCH_LIMIT + 1},
        {8, ULONG_MAX}};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_refused(OpenIcmpCreateBatch(&bad[i]), ERROR_INVALID_PARAMETER);
    }
}

static void test_the_largest_bound_works_or_is_too_much_for_memory(void **state)
{
    OPENICMP_BATCH_OPTIONS options = {sizeof(options), OPENICMP_BATCH_LIMIT};
    OPENICMP_PROBE probe = probe_to(LOCALHOST, 1);
    OPENICMP_RESULT result;
    OPENICMP_BATCH large = OpenIcmpCreateBatch(&options);

    (void)state;
    if (large == NULL) {
        assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
        return;
    }
    submit_all(large, &probe, 1);
    assert_int_equal(collect_all(large, &result, 1), 1);
    assert_true(OpenIcmpCloseBatch(large));
}

/* ---- Handles ---- */

static void test_a_value_that_is_no_batch_is_refused_by_every_function(void **state)
{
    HANDLE icmp = IcmpCreateFile();
    OPENICMP_BATCH stale = batch_for(1);
    const OPENICMP_BATCH values[] = {NULL,
                                     (OPENICMP_BATCH)INVALID_HANDLE_VALUE,
                                     (OPENICMP_BATCH)(uintptr_t)4,
                                     (OPENICMP_BATCH)(uintptr_t)0x7ffffff0,
                                     (OPENICMP_BATCH)((uintptr_t)batch + 1),
                                     (OPENICMP_BATCH)((uintptr_t)batch + 1000),
                                     (OPENICMP_BATCH)icmp,
                                     stale};
    OPENICMP_PROBE probe = probe_to(LOCALHOST, 1);
    OPENICMP_RESULT result;

    (void)state;
    assert_true(OpenIcmpCloseBatch(stale));
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        DWORD accepted = 77;
        DWORD collected = 77;
        DWORD cancelled = 77;
        assert_refused(OpenIcmpSubmit(values[i], &probe, 1, &accepted), ERROR_INVALID_HANDLE);
        assert_int_equal(accepted, 0);
        assert_refused(OpenIcmpCollect(values[i], &result, 1, INFINITE, &collected), ERROR_INVALID_HANDLE);
        assert_int_equal(collected, 0);
        assert_refused(OpenIcmpCancel(values[i], NULL, &cancelled), ERROR_INVALID_HANDLE);
        assert_int_equal(cancelled, 0);
        assert_refused(OpenIcmpCloseBatch(values[i]), ERROR_INVALID_HANDLE);
    }
    assert_true(IcmpCloseHandle(icmp));
}

static void test_a_batch_is_no_handle_of_anything_else(void **state)
{
    BYTE reply[100];
    DWORD flags;

    (void)state;
    assert_refused(CloseHandle(batch), ERROR_INVALID_HANDLE);
    assert_refused(GetHandleInformation(batch, &flags), ERROR_INVALID_HANDLE);
    assert_int_equal(WaitForSingleObject(batch, 0), WAIT_FAILED);
    assert_refused(IcmpCloseHandle(batch), ERROR_INVALID_HANDLE);
    assert_refused(IcmpSendEcho(batch, LOCALHOST, NULL, 0, NULL, reply, sizeof(reply), 100),
                   ERROR_INVALID_HANDLE);
}

/* ---- Submitting ---- */

/* Between two that are fine. */
static void assert_probe_is_refused(OPENICMP_PROBE bad)
{
    OPENICMP_PROBE probes[3] = {probe_to(LOCALHOST, 1), bad, probe_to(LOCALHOST, 3)};
    OPENICMP_RESULT results[3];
    DWORD accepted = 77;

    assert_refused(OpenIcmpSubmit(batch, probes, 3, &accepted), ERROR_INVALID_PARAMETER);
    assert_int_equal(accepted, 1);
    assert_int_equal(collect_all(batch, results, 3), 1);
    assert_true(results[0].Context == 1);
}

static void test_a_probe_that_is_malformed_is_refused_and_those_before_it_are_sent(void **state)
{
    OPENICMP_PROBE probe;

    (void)state;
    probe = probe_to(LOCALHOST, 2);
    probe.Destination.Family = 0;
    assert_probe_is_refused(probe);
    probe.Destination.Family = 3;
    assert_probe_is_refused(probe);
    probe = probe_to(LOCALHOST, 2);
    probe.Source.Family = AF_INET6;
    assert_probe_is_refused(probe);
    probe.Source.Family = 99;
    assert_probe_is_refused(probe);
    probe = probe_to(LOCALHOST, 2);
    probe.Timeout = 0;
    assert_probe_is_refused(probe);
    probe = probe_to(LOCALHOST, 2);
    probe.Data = NULL;
    assert_probe_is_refused(probe);
    probe = probe_to(LOCALHOST, 2);
    probe.OptionsSize = 4;
    assert_probe_is_refused(probe);
    for (int flag = 1; flag < 256; flag <<= 1) {
        probe = probe_to(LOCALHOST, 2);
        probe.Flags = (UCHAR)flag;
        if (flag != IP_FLAG_DF) {
            assert_probe_is_refused(probe);
        }
    }
    for (size_t i = 0; i < sizeof(probe.Reserved); i++) {
        probe = probe_to(LOCALHOST, 2);
        probe.Reserved[i] = 1;
        assert_probe_is_refused(probe);
    }
    probe = probe_to_localhost6(2);
    probe.OptionsData = (const UCHAR *)"\1\1\1";
    probe.OptionsSize = 4;
    assert_probe_is_refused(probe);
}

static void test_no_probes_are_accepted_and_a_null_is_not(void **state)
{
    OPENICMP_PROBE probe = probe_to(LOCALHOST, 2);
    DWORD accepted = 77;
    OPENICMP_RESULT result;

    (void)state;
    assert_true(OpenIcmpSubmit(batch, NULL, 0, &accepted));
    assert_int_equal(accepted, 0);
    accepted = 77;
    assert_refused(OpenIcmpSubmit(batch, NULL, 1, &accepted), ERROR_INVALID_PARAMETER);
    assert_int_equal(accepted, 0);
    assert_true(OpenIcmpSubmit(batch, &probe, 1, NULL));
    assert_int_equal(collect_all(batch, &result, 1), 1);
}

static void test_what_cannot_be_sent_is_a_result(void **state)
{
    OPENICMP_PROBE probes[2] = {probe_to(0, 1), probe_to(LOCALHOST, 2)};
    OPENICMP_RESULT results[3];

    (void)state;
    probes[1].OptionsData = (const UCHAR *)"\7\1\0";
    probes[1].OptionsSize = 4;
    submit_all(batch, probes, 2);
    assert_int_equal(collect_all(batch, results, 3), 2);
    assert_true(is_failure(&results[0], IP_GENERAL_FAILURE, ERROR_INVALID_NETNAME));
    assert_true(is_failure(&results[1], IP_BAD_OPTION, 0));
}

/* ---- Collecting ---- */

static void test_results_need_a_place_to_go(void **state)
{
    OPENICMP_RESULT result;
    DWORD collected = 77;

    (void)state;
    assert_refused(OpenIcmpCollect(batch, NULL, 1, 0, &collected), ERROR_INVALID_PARAMETER);
    assert_int_equal(collected, 0);
    collected = 77;
    assert_refused(OpenIcmpCollect(batch, &result, 0, 0, &collected), ERROR_INVALID_PARAMETER);
    assert_int_equal(collected, 0);
    assert_refused(OpenIcmpCollect(batch, &result, 1, 0, NULL), ERROR_INVALID_PARAMETER);
}

static void test_nothing_is_waited_for_when_nothing_is_outstanding(void **state)
{
    OPENICMP_RESULT result;
    DWORD collected = 77;

    (void)state;
    assert_refused(OpenIcmpCollect(batch, &result, 1, INFINITE, &collected), ERROR_NO_MORE_ITEMS);
    assert_int_equal(collected, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_options_may_be_those_of_another_version, open_batch,
                                        close_batch),
        cmocka_unit_test_setup_teardown(test_sizes_and_bounds_that_are_none_are_refused, open_batch,
                                        close_batch),
        cmocka_unit_test_setup_teardown(test_the_largest_bound_works_or_is_too_much_for_memory, open_batch,
                                        close_batch),
        cmocka_unit_test_setup_teardown(test_a_value_that_is_no_batch_is_refused_by_every_function,
                                        open_batch, close_batch),
        cmocka_unit_test_setup_teardown(test_a_batch_is_no_handle_of_anything_else, open_batch, close_batch),
        cmocka_unit_test_setup_teardown(
            test_a_probe_that_is_malformed_is_refused_and_those_before_it_are_sent, open_batch, close_batch),
        cmocka_unit_test_setup_teardown(test_no_probes_are_accepted_and_a_null_is_not, open_batch,
                                        close_batch),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_sent_is_a_result, open_batch, close_batch),
        cmocka_unit_test_setup_teardown(test_results_need_a_place_to_go, open_batch, close_batch),
        cmocka_unit_test_setup_teardown(test_nothing_is_waited_for_when_nothing_is_outstanding, open_batch,
                                        close_batch),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
