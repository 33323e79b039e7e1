/* The rate that samples/sweep keeps. */
#include "support/cmocka_main.h"

#include "../../samples/sweep/pacer.h"

#define MS UINT64_C(1000000)

static struct pacer pacer;

/* Sends as much as is allowed, each time that something is due or `step_ns` have passed, for that long. */
static uint64_t send_for(uint64_t from_ns, uint64_t until_ns, uint64_t step_ns)
{
    uint64_t sent = 0;
    for (uint64_t now_ns = from_ns; now_ns < until_ns; now_ns += step_ns) {
        size_t count = pacer_allowance(&pacer, now_ns, 100000);
        pacer_sent(&pacer, count);
        sent += count;
    }
    return sent;
}

static void test_without_a_rate_everything_may_be_sent(void **state)
{
    (void)state;
    pacer_start(&pacer, 0, 5 * MS);
    assert_int_equal(pacer_allowance(&pacer, 5 * MS, 1234), 1234);
    pacer_sent(&pacer, 1234);
    assert_int_equal(pacer_allowance(&pacer, 5 * MS, 1234), 1234);
    assert_true(pacer_next_ns(&pacer) <= 5 * MS);
}

static void test_the_first_may_be_sent_at_once_and_the_next_not(void **state)
{
    (void)state;
    pacer_start(&pacer, 10, 5 * MS);
    assert_int_equal(pacer_allowance(&pacer, 5 * MS, 100), 1);
    pacer_sent(&pacer, 1);
    assert_int_equal(pacer_allowance(&pacer, 5 * MS, 100), 0);
    assert_true(pacer_next_ns(&pacer) == 105 * MS);
    assert_int_equal(pacer_allowance(&pacer, 105 * MS - 1, 100), 0);
    assert_int_equal(pacer_allowance(&pacer, 105 * MS, 100), 1);
}

static void test_the_rate_is_kept_whatever_it_is(void **state)
{
    (void)state;
    const uint32_t rates[] = {1, 3, 7, 1000, 29999, 1000000, PACER_MAX_PER_SECOND};
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        pacer_start(&pacer, rates[i], 7);
        assert_true(send_for(7, 7 + 2000 * MS, MS) <= 2 * (uint64_t)rates[i] + 1);
        pacer_start(&pacer, rates[i], 7);
        assert_true(send_for(7, 7 + 2000 * MS, MS) + rates[i] / 500 + 1 >= 2 * (uint64_t)rates[i]);
    }
}

static void test_who_comes_late_makes_up_for_10_ms_only(void **state)
{
    (void)state;
    pacer_start(&pacer, 1000, 0);
    assert_int_equal(pacer_allowance(&pacer, 5000 * MS, 100000), 11);
    pacer_sent(&pacer, 11);
    assert_int_equal(pacer_allowance(&pacer, 5000 * MS, 100000), 0);
    assert_true(pacer_next_ns(&pacer) == 5001 * MS);
}

static void test_what_was_not_sent_is_still_allowed(void **state)
{
    (void)state;
    pacer_start(&pacer, 1000, 0);
    assert_int_equal(pacer_allowance(&pacer, 4 * MS, 2), 2);
    pacer_sent(&pacer, 2);
    assert_int_equal(pacer_allowance(&pacer, 4 * MS, 100), 3);
}

static void test_the_rate_is_kept_beyond_every_number(void **state)
{
    (void)state;
    pacer_start(&pacer, PACER_MAX_PER_SECOND, 0);
    pacer.sent = UINT64_C(1) << 32;
    uint64_t now_ns = pacer_next_ns(&pacer);
    assert_true(send_for(now_ns, now_ns + 1000 * MS, MS) <= PACER_MAX_PER_SECOND + 1);
    pacer.sent = UINT64_C(1) << 32;
    pacer.started_ns = 0;
    assert_true(send_for(now_ns, now_ns + 1000 * MS, MS) >=
                PACER_MAX_PER_SECOND - PACER_MAX_PER_SECOND / 500);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_rate_everything_may_be_sent),
        cmocka_unit_test(test_the_first_may_be_sent_at_once_and_the_next_not),
        cmocka_unit_test(test_the_rate_is_kept_whatever_it_is),
        cmocka_unit_test(test_who_comes_late_makes_up_for_10_ms_only),
        cmocka_unit_test(test_what_was_not_sent_is_still_allowed),
        cmocka_unit_test(test_the_rate_is_kept_beyond_every_number),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
