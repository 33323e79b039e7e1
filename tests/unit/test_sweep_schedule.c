/* Whom samples/sweep asks next. */
#include "support/cmocka_main.h"

#include "../../samples/sweep/schedule.h"

#include <stdlib.h>

#define NOTHING UINT64_MAX

static struct targets targets;
static struct schedule *schedule;

/* So many targets, of which the first is 10.0.0.0. */
static void start(unsigned target_count, struct schedule_settings settings)
{
    char text[64];
    char message[256];
    unsigned last = target_count - 1;
    snprintf(text, sizeof(text), "10.0.0.0-10.%u.%u.%u", last >> 16, last >> 8 & 255, last & 255);
    assert_int_equal(targets_add(&targets, text, message, sizeof(message)), TARGETS_OK);
    targets_sort(&targets);
    settings.max_targets = settings.max_targets > 0 ? settings.max_targets : UINT64_MAX;
    schedule = schedule_open(&targets, &settings);
    assert_non_null(schedule);
}

static int stop(void **state)
{
    (void)state;
    schedule_close(schedule);
    targets_free(&targets);
    return 0;
}

/* The number of the target that is asked next: 0 for 10.0.0.0. NOTHING if none is. */
static uint64_t next_target(uint64_t now_ns, uint32_t *request)
{
    struct ip_number address;
    *request = schedule_next(schedule, now_ns, &address);
    return *request == SCHEDULE_NOBODY ? NOTHING : address.low - 0x0a000000;
}

static const struct target_state *end_request(uint32_t request, enum request_outcome outcome,
                                              uint64_t time_ns, uint64_t now_ns)
{
    struct request_result result = {.outcome = outcome, .time_ns = time_ns, .status = (uint32_t)time_ns};
    return schedule_end(schedule, request, &result, now_ns);
}

static void test_each_target_is_asked_once_and_then_it_is_over(void **state)
{
    (void)state;
    start(5, (struct schedule_settings){.count = 1, .max_outstanding = 2});
    assert_true(schedule_total(schedule) == 5);
    for (uint64_t i = 0; i < 5; i++) {
        uint32_t request;
        assert_false(schedule_is_done(schedule));
        assert_true(next_target(0, &request) == i);
        const struct target_state *target = end_request(request, REQUEST_ANSWERED, 100 + i, 0);
        assert_non_null(target);
        assert_true(target->address.low == 0x0a000000 + i);
        assert_int_equal(target->requests, 1);
        assert_int_equal(target->replies, 1);
        assert_true(target->min_ns == 100 + i && target->max_ns == 100 + i && target->total_ns == 100 + i);
        assert_true(schedule_ended(schedule) == i + 1);
    }
    uint32_t request;
    assert_true(next_target(0, &request) == NOTHING);
    assert_true(schedule_is_done(schedule));
}

static void test_no_more_are_outstanding_than_allowed(void **state)
{
    (void)state;
    uint32_t requests[4];
    start(100, (struct schedule_settings){.count = 1, .max_outstanding = 3});
    for (uint64_t i = 0; i < 3; i++)
        assert_true(next_target(0, &requests[i]) == i);
    assert_true(next_target(0, &requests[3]) == NOTHING);
    assert_int_equal(schedule_outstanding(schedule), 3);
    assert_non_null(end_request(requests[1], REQUEST_TIMED_OUT, 0, 0));
    assert_true(next_target(0, &requests[1]) == 3);
    assert_true(next_target(0, &requests[3]) == NOTHING);
}

static void test_a_request_that_timed_out_is_repeated_at_once(void **state)
{
    (void)state;
    uint32_t request;
    start(1, (struct schedule_settings){.count = 1, .retries = 2, .max_outstanding = 8});
    for (int i = 0; i < 3; i++) {
        assert_true(next_target(50, &request) == 0);
        const struct target_state *target = end_request(request, REQUEST_TIMED_OUT, 0, 50);
        if (i < 2) {
            assert_null(target);
            assert_true(schedule_next_ns(schedule) == 50);
            assert_false(schedule_is_done(schedule));
        } else {
            assert_int_equal(target->requests, 1);
            assert_int_equal(target->replies, 0);
            assert_int_equal(target->retries, 2);
        }
    }
    assert_true(schedule_is_done(schedule));
    assert_true(schedule_ended(schedule) == 1);
}

static void test_what_failed_or_was_answered_is_not_repeated(void **state)
{
    (void)state;
    uint32_t request;
    start(3, (struct schedule_settings){.count = 1, .retries = 9, .max_outstanding = 8});
    assert_true(next_target(0, &request) == 0);
    assert_non_null(end_request(request, REQUEST_FAILED, 0, 0));
    assert_true(next_target(0, &request) == 1);
    assert_non_null(end_request(request, REQUEST_ANSWERED, 1, 0));
    assert_true(next_target(0, &request) == 2);
    assert_null(end_request(request, REQUEST_TIMED_OUT, 0, 0));
    assert_true(next_target(0, &request) == 2);
    const struct target_state *target = end_request(request, REQUEST_ANSWERED, 1, 0);
    assert_int_equal(target->replies, 1);
    assert_int_equal(target->retries, 1);
}

static void test_requests_to_a_target_keep_the_interval(void **state)
{
    (void)state;
    uint32_t first;
    uint32_t second;
    start(2, (struct schedule_settings){.count = 2, .interval_ns = 1000, .max_outstanding = 8});
    assert_true(next_target(100, &first) == 0);
    assert_true(next_target(200, &second) == 1);
    /* The later one is answered first; it is due later all the same. */
    assert_null(end_request(second, REQUEST_ANSWERED, 50, 250));
    assert_null(end_request(first, REQUEST_ANSWERED, 300, 400));
    assert_true(schedule_next_ns(schedule) == 1100);
    assert_true(next_target(1099, &first) == NOTHING);
    assert_true(next_target(1100, &first) == 0);
    assert_true(next_target(1199, &second) == NOTHING);
    assert_true(next_target(1200, &second) == 1);
    const struct target_state *target = end_request(first, REQUEST_ANSWERED, 100, 1200);
    assert_int_equal(target->replies, 2);
    assert_true(target->min_ns == 100 && target->max_ns == 300 && target->total_ns == 400);
}

static void test_a_reply_later_than_the_interval_does_not_hurry_the_next_twice(void **state)
{
    (void)state;
    uint32_t request;
    start(1, (struct schedule_settings){.count = 3, .interval_ns = 1000, .max_outstanding = 8});
    assert_true(next_target(0, &request) == 0);
    assert_true(next_target(2500, &request) == NOTHING); /* a target has one outstanding */
    request = 0;
    assert_null(end_request(request, REQUEST_ANSWERED, 2500, 2500));
    assert_true(next_target(2500, &request) == 0);
    assert_null(end_request(request, REQUEST_ANSWERED, 1, 2501));
    assert_true(schedule_next_ns(schedule) == 3500);
}

static void test_targets_that_wait_come_in_the_order_of_their_times(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static uint32_t requests[COUNT];
    start(COUNT, (struct schedule_settings){.count = 2, .interval_ns = 100000, .max_outstanding = COUNT});
    for (uint64_t i = 0; i < COUNT; i++)
        assert_true(next_target(10 * i, &requests[i]) == i);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_null(end_request(requests[i * 137 % COUNT], REQUEST_ANSWERED, 1, 6000));
    for (uint64_t i = 0; i < COUNT; i++) {
        assert_true(schedule_next_ns(schedule) == 100000 + 10 * i);
        assert_true(next_target(200000, &requests[i]) == i);
    }
}

static void test_those_that_wait_come_before_new_ones(void **state)
{
    (void)state;
    uint32_t request;
    start(10, (struct schedule_settings){.count = 1, .retries = 1, .max_outstanding = 1});
    assert_true(next_target(0, &request) == 0);
    assert_null(end_request(request, REQUEST_TIMED_OUT, 0, 5));
    assert_true(next_target(5, &request) == 0);
}

static void test_a_reply_counts_more_than_a_failure_after_it(void **state)
{
    (void)state;
    uint32_t request;
    start(1, (struct schedule_settings){.count = 3, .max_outstanding = 1});
    assert_true(next_target(0, &request) == 0);
    assert_null(end_request(request, REQUEST_FAILED, 7, 0));
    assert_true(next_target(0, &request) == 0);
    assert_null(end_request(request, REQUEST_ANSWERED, 8, 0));
    assert_true(next_target(0, &request) == 0);
    const struct target_state *target = end_request(request, REQUEST_TIMED_OUT, 9, 0);
    assert_int_equal(target->last.status, 8);
    assert_int_equal(target->requests, 3);
    assert_int_equal(target->replies, 1);
}

static void test_targets_beyond_the_most_are_left_out(void **state)
{
    (void)state;
    uint32_t request;
    start(100, (struct schedule_settings){.count = 2, .max_outstanding = 8, .max_targets = 3});
    assert_true(schedule_total(schedule) == 6);
    for (uint64_t i = 0; i < 3; i++)
        assert_true(next_target(0, &request) == i);
    assert_true(next_target(0, &request) == NOTHING);
}

static void test_more_targets_than_places_are_all_asked(void **state)
{
    (void)state;
    enum { COUNT = SCHEDULE_MAX_TARGETS + 1000 };
    static unsigned char asked[COUNT];
    uint64_t now_ns = 0;
    start(COUNT, (struct schedule_settings){.count = 2, .interval_ns = 1000000, .max_outstanding = 100});
    memset(asked, 0, sizeof(asked));
    while (!schedule_is_done(schedule)) {
        uint32_t request;
        uint64_t target = next_target(now_ns, &request);
        if (target == NOTHING) {
            now_ns = schedule_next_ns(schedule);
            assert_true(now_ns != UINT64_MAX);
            continue;
        }
        asked[target]++;
        end_request(request, REQUEST_ANSWERED, 1, ++now_ns);
    }
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(asked[i], 2);
    assert_true(schedule_ended(schedule) == schedule_total(schedule));
}

static void test_the_unfinished_are_those_of_which_something_is_known(void **state)
{
    (void)state;
    uint32_t request[4];
    start(4, (struct schedule_settings){.count = 2, .max_outstanding = 8});
    for (uint64_t i = 0; i < 4; i++)
        assert_true(next_target(0, &request[i]) == i);
    /* 0 is finished, 1 and 3 have ended one request, of 2 nothing is known. */
    assert_null(end_request(request[0], REQUEST_ANSWERED, 1, 0));
    assert_true(next_target(0, &request[0]) == 0);
    assert_non_null(end_request(request[0], REQUEST_ANSWERED, 1, 0));
    assert_null(end_request(request[1], REQUEST_ANSWERED, 1, 0));
    assert_null(end_request(request[3], REQUEST_TIMED_OUT, 1, 0));
    assert_true(next_target(0, &request[1]) == 1);

    assert_true(schedule_take_unfinished(schedule)->address.low == 0x0a000001);
    assert_true(schedule_take_unfinished(schedule)->address.low == 0x0a000003);
    assert_null(schedule_take_unfinished(schedule));
}

static void test_no_targets_are_done_at_once(void **state)
{
    (void)state;
    struct schedule_settings settings = {.count = 1, .max_outstanding = 1, .max_targets = UINT64_MAX};
    uint32_t request;
    schedule = schedule_open(&targets, &settings);
    assert_true(schedule_is_done(schedule));
    assert_true(next_target(0, &request) == NOTHING);
    assert_true(schedule_next_ns(schedule) == UINT64_MAX);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_each_target_is_asked_once_and_then_it_is_over, stop),
        cmocka_unit_test_teardown(test_no_more_are_outstanding_than_allowed, stop),
        cmocka_unit_test_teardown(test_a_request_that_timed_out_is_repeated_at_once, stop),
        cmocka_unit_test_teardown(test_what_failed_or_was_answered_is_not_repeated, stop),
        cmocka_unit_test_teardown(test_requests_to_a_target_keep_the_interval, stop),
        cmocka_unit_test_teardown(test_a_reply_later_than_the_interval_does_not_hurry_the_next_twice, stop),
        cmocka_unit_test_teardown(test_targets_that_wait_come_in_the_order_of_their_times, stop),
        cmocka_unit_test_teardown(test_those_that_wait_come_before_new_ones, stop),
        cmocka_unit_test_teardown(test_a_reply_counts_more_than_a_failure_after_it, stop),
        cmocka_unit_test_teardown(test_targets_beyond_the_most_are_left_out, stop),
        cmocka_unit_test_teardown(test_more_targets_than_places_are_all_asked, stop),
        cmocka_unit_test_teardown(test_the_unfinished_are_those_of_which_something_is_known, stop),
        cmocka_unit_test_teardown(test_no_targets_are_done_at_once, stop),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
