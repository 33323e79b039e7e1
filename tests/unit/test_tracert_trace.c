/* The course of a trace in samples/tracert, and its lines. */
#include "support/cmocka_main.h"

#include "../../samples/tracert/lines.h"
#include "../../samples/tracert/trace.h"

#include <arpa/inet.h>

/* The statuses of ipexport.h that are used here. */
#define HOST_UNREACHABLE 11003
#define TTL_EXPIRED      11013

static struct trace trace;

static struct probe_result result(enum probe_outcome outcome, uint32_t status, uint64_t time_us,
                                  const char *from)
{
    struct probe_result made = {.outcome = outcome, .status = status, .time_ns = time_us * 1000};
    if (from != NULL)
        made.from = address_of_v4(inet_addr(from));
    return made;
}

static struct probe_result passed(const char *from)
{
    return result(PROBE_PASSED, TTL_EXPIRED, 2500, from);
}

static struct probe_result answered(void)
{
    return result(PROBE_ANSWERED, 0, 900, "10.0.0.9");
}

static struct probe_result lost(void)
{
    return result(PROBE_LOST, 11010, 0, NULL);
}

static void take(unsigned int hop, unsigned int round, struct probe_result made)
{
    trace_take(&trace, hop, round, &made);
}

static void assert_sends(uint64_t now_ms, unsigned int expected_hop, unsigned int expected_round)
{
    unsigned int hop, round;
    assert_true(trace_next(&trace, now_ms, &hop, &round));
    assert_int_equal(hop, expected_hop);
    assert_int_equal(round, expected_round);
}

static void assert_sends_nothing(uint64_t now_ms)
{
    unsigned int hop, round;
    assert_false(trace_next(&trace, now_ms, &hop, &round));
}

static void test_first_probes_of_all_hops_are_sent_at_once(void **state)
{
    (void)state;
    trace_start(&trace, 30, false);
    for (unsigned int hop = 1; hop <= 30; hop++)
        assert_sends(1000, hop, 0);
    assert_sends_nothing(1000);
    assert_sends_nothing(1249);
    assert_int_equal(trace_wakes_ms(&trace), 1250);
}

static void test_next_probes_follow_a_moment_later_if_the_end_is_not_known(void **state)
{
    (void)state;
    trace_start(&trace, 2, false);
    assert_sends(1000, 1, 0);
    assert_sends(1000, 2, 0);
    take(1, 0, passed("10.0.0.1"));
    assert_sends_nothing(1249);
    assert_sends(1250, 1, 1);
    assert_sends(1250, 2, 1);
    assert_sends_nothing(1499);
    assert_sends(1500, 1, 2);
    assert_sends(1500, 2, 2);
    assert_sends_nothing(9999);
    assert_true(trace_wakes_ms(&trace) == UINT64_MAX);
}

static void test_next_probes_follow_at_once_when_all_up_to_the_end_are_over(void **state)
{
    (void)state;
    trace_start(&trace, 30, false);
    for (unsigned int hop = 1; hop <= 30; hop++)
        assert_sends(1000, hop, 0);
    take(3, 0, answered());
    take(2, 0, passed("10.0.0.2"));
    assert_sends_nothing(1001);
    take(1, 0, passed("10.0.0.1"));
    for (unsigned int round = 1; round < HOP_PROBES; round++) {
        for (unsigned int hop = 1; hop <= 3; hop++) {
            assert_sends(1001, hop, round);
            take(hop, round, hop == 3 ? answered() : passed("10.0.0.1"));
        }
    }
    assert_sends_nothing(1001);
    assert_true(trace_ends_with(&trace, 3));
    assert_true(trace_has_reached(&trace));
}

static void test_no_more_hops_are_probed_when_the_end_comes_nearer(void **state)
{
    (void)state;
    trace_start(&trace, 30, false);
    for (unsigned int hop = 1; hop <= 5; hop++)
        assert_sends(1000, hop, 0);
    take(4, 0, answered());
    take(5, 0, answered());
    assert_int_equal(trace.end, 4);
    assert_sends_nothing(1000);
    assert_sends(1250, 1, 1);
}

static void test_target_that_answers_from_nearer_later_moves_the_end(void **state)
{
    (void)state;
    trace_start(&trace, 4, false);
    for (unsigned int hop = 1; hop <= 4; hop++)
        assert_sends(1000, hop, 0);
    take(4, 0, answered());
    take(3, 0, lost());
    assert_true(trace_ends_with(&trace, 4));
    assert_sends(1250, 1, 1);
    assert_sends(1250, 2, 1);
    assert_sends(1250, 3, 1);
    take(3, 1, answered());
    assert_true(trace_ends_with(&trace, 3));
    assert_sends_nothing(1499);
    assert_sends(1500, 1, 2);
}

static void test_sequential_trace_has_one_probe_out_at_a_time(void **state)
{
    (void)state;
    trace_start(&trace, 30, true);
    for (unsigned int hop = 1; hop <= 2; hop++) {
        for (unsigned int round = 0; round < HOP_PROBES; round++) {
            assert_sends(1000, hop, round);
            assert_sends_nothing(9999);
            take(hop, round, hop == 1 ? passed("10.0.0.1") : answered());
        }
    }
    assert_sends_nothing(9999);
    assert_true(trace_has_reached(&trace));
    assert_true(trace_wakes_ms(&trace) == UINT64_MAX);
}

static void test_sequential_trace_ends_after_the_probe_that_was_refused(void **state)
{
    (void)state;
    trace_start(&trace, 30, true);
    assert_sends(1000, 1, 0);
    take(1, 0, lost());
    assert_sends(1000, 1, 1);
    take(1, 1, result(PROBE_REFUSED, HOST_UNREACHABLE, 5, "10.0.0.1"));
    assert_sends_nothing(1000);
    assert_true(trace_hop_is_over(&trace, 1));
    assert_int_equal(trace_probes_over(&trace, 1), 2);
    assert_true(trace_ends_with(&trace, 1));
    assert_false(trace_has_reached(&trace));
}

static void test_hop_is_over_with_its_last_probe_whatever_the_order(void **state)
{
    (void)state;
    trace_start(&trace, 1, false);
    take(1, 2, passed("10.0.0.1"));
    assert_int_equal(trace_probes_over(&trace, 1), 0);
    take(1, 0, lost());
    assert_int_equal(trace_probes_over(&trace, 1), 1);
    assert_false(trace_hop_is_over(&trace, 1));
    take(1, 1, passed("10.0.0.1"));
    assert_int_equal(trace_probes_over(&trace, 1), 3);
    assert_true(trace_hop_is_over(&trace, 1));
    assert_true(trace_ends_with(&trace, 1));
}

static void test_responder_is_the_latest_who_told(void **state)
{
    union address expected = address_of_v4(inet_addr("10.0.0.2"));
    (void)state;
    trace_start(&trace, 1, false);
    assert_null(trace_responder(&trace, 1));
    take(1, 0, passed("10.0.0.1"));
    take(1, 1, passed("10.0.0.2"));
    take(1, 2, lost());
    assert_true(address_equal(trace_responder(&trace, 1), &expected));
}

/* The line of the only hop, which has had these probes. */
static void assert_line(const struct probe_result *probes, size_t count, const char *name, bool precise,
                        const char *expected)
{
    char bytes[256];
    struct text line = text_in(bytes, sizeof(bytes));

    trace_start(&trace, 1, false);
    for (unsigned int round = 0; round < count; round++)
        take(1, round, probes[round]);
    assert_true(trace_hop_is_over(&trace, 1));
    line_add_number(&line, 1);
    for (unsigned int round = 0; round < trace_probes_over(&trace, 1); round++)
        line_add_column(&line, &trace.probes[1][round], precise);
    line_add_end(&line, &trace, 1, name);
    assert_string_equal(bytes, expected);
}

static void test_line_has_three_times_and_the_host(void **state)
{
    struct probe_result probes[] = {result(PROBE_PASSED, TTL_EXPIRED, 999, "10.0.0.1"),
                                    result(PROBE_PASSED, TTL_EXPIRED, 1000, "10.0.0.1"),
                                    result(PROBE_PASSED, TTL_EXPIRED, 3999999, "10.0.0.1")};
    (void)state;
    assert_line(probes, 3, "", false, "  1    <1 ms     1 ms  3999 ms  10.0.0.1\n");
    assert_line(probes, 3, "gate", false, "  1    <1 ms     1 ms  3999 ms  gate [10.0.0.1]\n");
    assert_line(probes, 3, "", true, "  1 0.999 ms 1.000 ms  3999 ms  10.0.0.1\n");
}

static void test_line_of_losses_has_stars(void **state)
{
    struct probe_result probes[] = {lost(), passed("10.0.0.1"), lost()};
    struct probe_result all[] = {lost(), lost(), lost()};
    (void)state;
    assert_line(probes, 3, "", false, "  1     *        2 ms     *     10.0.0.1\n");
    assert_line(all, 3, "", false, "  1     *        *        *     Request timed out.\n");
}

static void test_line_of_a_refusal_ends_with_what_was_reported(void **state)
{
    struct probe_result refused = result(PROBE_REFUSED, HOST_UNREACHABLE, 5, "10.0.0.1");
    struct probe_result later[] = {lost(), refused};
    struct probe_result unknown[] = {result(PROBE_REFUSED, 12345, 5, "10.0.0.1")};
    (void)state;
    assert_line(&refused, 1, "", false, "  1  10.0.0.1  reports: Destination host unreachable.\n");
    assert_line(later, 2, "gate", false,
                "  1     *     gate [10.0.0.1]  reports: Destination host unreachable.\n");
    assert_line(unknown, 1, "", false, "  1  10.0.0.1  reports: Error 12345.\n");
}

static void test_line_of_a_probe_that_could_not_be_sent_says_why(void **state)
{
    struct probe_result failed[] = {result(PROBE_FAILED, 1231, 0, NULL)};
    struct probe_result general[] = {result(PROBE_FAILED, 11050, 0, NULL)};
    (void)state;
    assert_line(failed, 1, "", false, "  1  Transmit failed: Error 1231.\n");
    assert_line(general, 1, "", false, "  1  Transmit failed: General failure.\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_probes_of_all_hops_are_sent_at_once),
        cmocka_unit_test(test_next_probes_follow_a_moment_later_if_the_end_is_not_known),
        cmocka_unit_test(test_next_probes_follow_at_once_when_all_up_to_the_end_are_over),
        cmocka_unit_test(test_no_more_hops_are_probed_when_the_end_comes_nearer),
        cmocka_unit_test(test_target_that_answers_from_nearer_later_moves_the_end),
        cmocka_unit_test(test_sequential_trace_has_one_probe_out_at_a_time),
        cmocka_unit_test(test_sequential_trace_ends_after_the_probe_that_was_refused),
        cmocka_unit_test(test_hop_is_over_with_its_last_probe_whatever_the_order),
        cmocka_unit_test(test_responder_is_the_latest_who_told),
        cmocka_unit_test(test_line_has_three_times_and_the_host),
        cmocka_unit_test(test_line_of_losses_has_stars),
        cmocka_unit_test(test_line_of_a_refusal_ends_with_what_was_reported),
        cmocka_unit_test(test_line_of_a_probe_that_could_not_be_sent_says_why),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
