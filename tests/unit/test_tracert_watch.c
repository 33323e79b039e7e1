/* The watched route of samples/tracert: counts, where it ends, and the rows of its table. */
#include "support/cmocka_main.h"

#include "../../samples/tracert/watch.h"

#include <arpa/inet.h>

static struct watch watch;

static void take(unsigned int hop, uint64_t round, enum probe_outcome outcome, uint64_t time_us,
                 const char *from)
{
    struct probe_result result = {.outcome = outcome, .time_ns = time_us * 1000};
    if (outcome == PROBE_REFUSED)
        result.status = 11003;
    if (outcome == PROBE_FAILED)
        result.status = 1231;
    if (from != NULL)
        result.from = address_of_v4(inet_addr(from));
    watch_take(&watch, hop, round, &result);
}

static void assert_row(unsigned int hop, const char *expected)
{
    char bytes[512];
    struct text line = text_in(bytes, sizeof(bytes));
    watch_add_row(&line, &watch, hop, "", 4);
    assert_string_equal(bytes, expected);
}

static void assert_probe(unsigned int hop, uint64_t round, const char *expected)
{
    char bytes[512];
    struct text line = text_in(bytes, sizeof(bytes));
    watch_add_probe(&line, &watch, hop, round, "");
    assert_string_equal(bytes, expected);
}

static void test_rounds_go_to_the_end_once_it_is_known(void **state)
{
    (void)state;
    watch_start(&watch, 30);
    assert_int_equal(watch_begin_round(&watch), 30);
    take(1, 0, PROBE_PASSED, 100, "10.0.0.1");
    take(3, 0, PROBE_ANSWERED, 100, "10.0.0.9");
    take(2, 0, PROBE_ANSWERED, 100, "10.0.0.9");
    assert_int_equal(watch_begin_round(&watch), 2);
    assert_int_equal(watch.rounds, 2);
    assert_int_equal(watch.out, 29);
    assert_int_equal(watch_shown_hops(&watch), 2);
    assert_true(watch.reached);
}

static void test_end_that_passes_a_probe_on_is_looked_for_again(void **state)
{
    (void)state;
    watch_start(&watch, 30);
    watch_begin_round(&watch);
    take(2, 0, PROBE_REFUSED, 100, "10.0.0.2");
    assert_int_equal(watch_begin_round(&watch), 2);
    take(2, 1, PROBE_PASSED, 100, "10.0.0.2");
    assert_int_equal(watch_begin_round(&watch), 30);
    assert_false(watch.reached);
}

static void test_without_an_end_the_last_hop_that_told_is_shown(void **state)
{
    (void)state;
    watch_start(&watch, 30);
    assert_int_equal(watch_shown_hops(&watch), 1);
    watch_begin_round(&watch);
    take(4, 0, PROBE_PASSED, 100, "10.0.0.4");
    assert_int_equal(watch_shown_hops(&watch), 4);
}

static void test_round_is_over_when_all_probes_up_to_the_end_are(void **state)
{
    (void)state;
    watch_start(&watch, 3);
    watch_begin_round(&watch);
    take(1, 0, PROBE_LOST, 0, NULL);
    take(2, 0, PROBE_PASSED, 100, "10.0.0.2");
    assert_false(watch_round_is_over(&watch, 0));
    take(3, 0, PROBE_LOST, 0, NULL);
    assert_true(watch_round_is_over(&watch, 0));
    watch_begin_round(&watch);
    take(1, 1, PROBE_PASSED, 100, "10.0.0.1");
    assert_false(watch_round_is_over(&watch, 1));
    take(2, 1, PROBE_ANSWERED, 100, "10.0.0.9");
    assert_true(watch_round_is_over(&watch, 1));
}

static void test_row_has_losses_times_and_a_chart(void **state)
{
    (void)state;
    watch_start(&watch, 2);
    for (uint64_t round = 0; round < 4; round++)
        watch_begin_round(&watch);
    assert_row(1, "  1     -      4      -      -      -      -        no answer");
    take(1, 0, PROBE_PASSED, 800, "10.0.0.1");
    take(1, 3, PROBE_PASSED, 100, "10.0.0.1");
    take(1, 1, PROBE_LOST, 0, NULL);
    assert_row(1, "  1   33%      4  0.100  0.450  0.100  0.800  █x ▂  10.0.0.1");
    take(1, 2, PROBE_PASSED, 12345, "10.0.0.2");
    assert_row(1, "  1   25%      4  12.34  4.415  0.100  12.34  ▁x█▁  10.0.0.2");
    for (uint64_t round = 0; round < 4; round++)
        take(2, round, PROBE_LOST, 0, NULL);
    assert_row(2, "  2  100%      4      -      -      -      -  xxxx  no answer");
    assert_int_equal(watch.out, 0);
}

static void test_row_says_why_a_probe_went_no_further_until_one_does(void **state)
{
    (void)state;
    watch_start(&watch, 1);
    watch_begin_round(&watch);
    watch_begin_round(&watch);
    watch_begin_round(&watch);
    take(1, 0, PROBE_REFUSED, 100, "10.0.0.1");
    assert_row(1,
               "  1    0%      3  0.100  0.100  0.100  0.100  █     10.0.0.1: Destination host unreachable.");
    take(1, 1, PROBE_PASSED, 100, "10.0.0.1");
    assert_row(1, "  1    0%      3  0.100  0.100  0.100  0.100  ██    10.0.0.1");
    take(1, 2, PROBE_FAILED, 0, NULL);
    assert_row(1, "  1   33%      3  0.100  0.100  0.100  0.100  ██x   10.0.0.1: Error 1231.");
}

static void test_heading_is_as_wide_as_the_rows(void **state)
{
    char heading[128];
    char row[256];
    struct text line = text_in(heading, sizeof(heading));
    (void)state;
    watch_start(&watch, 1);
    watch_begin_round(&watch);
    take(1, 0, PROBE_PASSED, 100, "10.0.0.1");
    watch_add_heading(&line, 10);
    line = text_in(row, sizeof(row));
    watch_add_row(&line, &watch, 1, "", 10);
    assert_int_equal(text_columns(row) - strlen("10.0.0.1"), text_columns(heading) - strlen("Host"));
}

static void test_line_of_a_probe_tells_round_hop_time_and_host(void **state)
{
    (void)state;
    watch_start(&watch, 2);
    watch_begin_round(&watch);
    take(1, 0, PROBE_PASSED, 1234, "10.0.0.1");
    take(2, 0, PROBE_LOST, 0, NULL);
    assert_probe(1, 0, "     1   1     1.234 ms  10.0.0.1");
    assert_probe(2, 0, "     1   2         *     no answer");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounds_go_to_the_end_once_it_is_known),
        cmocka_unit_test(test_end_that_passes_a_probe_on_is_looked_for_again),
        cmocka_unit_test(test_without_an_end_the_last_hop_that_told_is_shown),
        cmocka_unit_test(test_round_is_over_when_all_probes_up_to_the_end_are),
        cmocka_unit_test(test_row_has_losses_times_and_a_chart),
        cmocka_unit_test(test_row_says_why_a_probe_went_no_further_until_one_does),
        cmocka_unit_test(test_heading_is_as_wide_as_the_rows),
        cmocka_unit_test(test_line_of_a_probe_tells_round_hop_time_and_host),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
