/* The progress of samples/sweep, as it is measured and shown. */
#include "support/cmocka_main.h"

#include "../../samples/sweep/progress.h"

#define SECOND UINT64_C(1000000000)

static struct progress progress;
static char bytes[512];

static const char *bar(size_t columns)
{
    struct text text = text_in(bytes, sizeof(bytes));
    progress_add_bar(&progress, &text, columns);
    return bytes;
}

static void test_the_bar_has_share_count_rate_and_time_left(void **state)
{
    (void)state;
    progress_start(&progress, 16384, 5 * SECOND);
    progress_update(&progress, 4096, 4000, 6 * SECOND);
    assert_string_equal(bar(100),
                        "[##########------------------------------]  25 %  4,096 of 16,384, 4,000 alive, "
                        "4,096/s, 0:03 left");
}

static void test_the_line_has_the_same_without_the_bar(void **state)
{
    (void)state;
    struct text text = text_in(bytes, sizeof(bytes));
    progress_start(&progress, 10, 0);
    progress_update(&progress, 10, 9, SECOND);
    progress_add_line(&progress, &text);
    assert_string_equal(bytes, "100 %  10 of 10, 9 alive, 10/s, 0:00 left");
}

static void test_before_there_is_a_rate_no_time_is_promised(void **state)
{
    (void)state;
    progress_start(&progress, 1000, 0);
    assert_string_equal(bar(44), "[---------]   0 %  0 of 1,000, 0 alive, 0/s");
    assert_null(strstr(bar(60), "left"));
}

static void test_the_bar_fits_the_window(void **state)
{
    (void)state;
    progress_start(&progress, UINT64_MAX, 0);
    progress_update(&progress, UINT64_MAX / 3, UINT64_MAX / 4, SECOND);
    for (size_t columns = 0; columns < 200; columns++)
        assert_true(strlen(bar(columns)) <= (columns > 0 ? columns - 1 : 0));
    assert_string_equal(bar(7), " 33 % ");
    assert_true(strncmp(bar(200), "[#############---------------------------]  33 %", 48) == 0);
}

static void test_the_rate_follows_the_last_seconds(void **state)
{
    (void)state;
    progress_start(&progress, 1000000, 0);
    uint64_t ended = 0;
    uint64_t now_ns = 0;
    for (int i = 0; i < 100; i++)
        progress_update(&progress, ended += 1000, 0, now_ns += SECOND / 10);
    assert_in_range(progress.per_second, 9900, 10000);
    for (int i = 0; i < 100; i++)
        progress_update(&progress, ended += 100, 0, now_ns += SECOND / 10);
    assert_in_range(progress.per_second, 990, 1200);
}

static void test_an_update_within_a_millisecond_changes_no_rate(void **state)
{
    (void)state;
    progress_start(&progress, 100, 0);
    progress_update(&progress, 10, 3, 999999);
    assert_true(progress.per_second == 0);
    assert_true(progress.alive == 3);
    progress_update(&progress, 10, 3, 1000000);
    assert_true(progress.per_second == 10000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_bar_has_share_count_rate_and_time_left),
        cmocka_unit_test(test_the_line_has_the_same_without_the_bar),
        cmocka_unit_test(test_before_there_is_a_rate_no_time_is_promised),
        cmocka_unit_test(test_the_bar_fits_the_window),
        cmocka_unit_test(test_the_rate_follows_the_last_seconds),
        cmocka_unit_test(test_an_update_within_a_millisecond_changes_no_rate),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
