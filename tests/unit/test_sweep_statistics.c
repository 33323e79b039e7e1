/* The percentiles of samples/sweep. */
#include "support/cmocka_main.h"

#include "../../samples/sweep/statistics.h"

static struct statistics statistics;

static int setup(void **state)
{
    (void)state;
    memset(&statistics, 0, sizeof(statistics));
    return 0;
}

/* Within half of a class, 0.2 %. */
static void assert_about(uint64_t time_ns, uint64_t expected_ns)
{
    uint64_t difference_ns = time_ns > expected_ns ? time_ns - expected_ns : expected_ns - time_ns;
    if (difference_ns > expected_ns / 500)
        fail_msg("%llu is not about %llu", (unsigned long long)time_ns, (unsigned long long)expected_ns);
}

static void test_without_times_all_is_zero(void **state)
{
    (void)state;
    assert_true(statistics_percentile(&statistics, 50) == 0);
    assert_true(statistics.min_ns == 0 && statistics.max_ns == 0 && statistics.count == 0);
}

static void test_one_time_is_every_percentile_exactly(void **state)
{
    (void)state;
    statistics_add(&statistics, 123456789);
    for (unsigned percent = 0; percent <= 100; percent++)
        assert_true(statistics_percentile(&statistics, percent) == 123456789);
}

static void test_percentiles_are_by_the_nearest_rank(void **state)
{
    (void)state;
    for (uint64_t i = 100; i > 0; i--) /* these are small enough to be exact */
        statistics_add(&statistics, i);
    assert_true(statistics.min_ns == 1 && statistics.max_ns == 100);
    assert_true(statistics_percentile(&statistics, 50) == 50);
    assert_true(statistics_percentile(&statistics, 95) == 95);
    assert_true(statistics_percentile(&statistics, 99) == 99);
    assert_true(statistics_percentile(&statistics, 100) == 100);
    statistics_add(&statistics, 101);
    assert_true(statistics_percentile(&statistics, 50) == 51);
    assert_true(statistics_percentile(&statistics, 95) == 96);
}

static void test_an_outlier_moves_the_maximum_alone(void **state)
{
    (void)state;
    for (int i = 0; i < 999; i++)
        statistics_add(&statistics, 200000 + (uint64_t)i);
    statistics_add(&statistics, UINT64_C(4000000000));
    assert_about(statistics_percentile(&statistics, 50), 200499);
    assert_about(statistics_percentile(&statistics, 95), 200949);
    assert_true(statistics.min_ns == 200000 && statistics.max_ns == UINT64_C(4000000000));
}

static void test_every_time_is_found_again_to_a_fifth_of_a_percent(void **state)
{
    (void)state;
    for (uint64_t time_ns = 1; time_ns < UINT64_C(1) << 48; time_ns += time_ns / 37 + 1) {
        setup(NULL);
        statistics_add(&statistics, time_ns);
        statistics_add(&statistics, UINT64_C(1) << 49);
        statistics_add(&statistics, 0);
        assert_about(statistics_percentile(&statistics, 50), time_ns);
    }
}

static void test_the_longest_times_have_a_place(void **state)
{
    (void)state;
    statistics_add(&statistics, UINT64_MAX);
    statistics_add(&statistics, UINT64_MAX - 1);
    assert_true(statistics.max_ns == UINT64_MAX);
    assert_true(statistics_percentile(&statistics, 50) >= UINT64_MAX - 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_without_times_all_is_zero, setup),
        cmocka_unit_test_setup(test_one_time_is_every_percentile_exactly, setup),
        cmocka_unit_test_setup(test_percentiles_are_by_the_nearest_rank, setup),
        cmocka_unit_test_setup(test_an_outlier_moves_the_maximum_alone, setup),
        cmocka_unit_test_setup(test_every_time_is_found_again_to_a_fifth_of_a_percent, setup),
        cmocka_unit_test_setup(test_the_longest_times_have_a_place, setup),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
