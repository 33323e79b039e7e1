/*
 * What echo/reply.h promises, and docs/behaviour.md section 3: layouts, sizes, and not a byte too many.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "echo/reply.h"
#include "os/os.h"

#define OPTIONS_MAX 40
#define DATA_MAX    50
#define BUFFER_MAX  (8 + sizeof(ICMP_ECHO_REPLY) + OPTIONS_MAX + DATA_MAX + 64)
#define CANARY      0xee

static uint8_t options[OPTIONS_MAX];
static uint8_t data[65535];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(options); i++) {
        options[i] = (uint8_t)(i + 1);
    }
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + 100);
    }
    return 0;
}

static struct echo_answer answer_with(uint32_t status, size_t options_bytes, size_t data_bytes)
{
    return (struct echo_answer){
        .status = status,
        .responder = ip_address_v4(0x01020304),
        .round_trip_ns = 12 * OS_NS_PER_MS + 999999,
        .ttl = 57,
        .tos = 0x1c,
        .flags = 2,
        .options = options_bytes > 0 ? options : NULL,
        .options_bytes = (uint8_t)options_bytes,
        .data = data_bytes > 0 ? data : NULL,
        .data_bytes = data_bytes,
    };
}

static size_t padded(size_t length)
{
    return (length + 3) / 4 * 4;
}

static void assert_canary(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(bytes[i], CANARY);
    }
}

/* That `at` holds exactly this answer, with `options_bytes` of its options. */
static void assert_written(const uint8_t *at, const struct echo_answer *answer, size_t options_bytes)
{
    ICMP_ECHO_REPLY reply;
    const uint8_t *behind = at + sizeof(reply);

    memcpy(&reply, at, sizeof(reply));
    assert_int_equal(reply.Address, ip_address_to_v4(&answer->responder));
    assert_int_equal(reply.Status, answer->status);
    assert_int_equal(reply.RoundTripTime, 12);
    assert_int_equal(reply.DataSize, answer->data_bytes);
    assert_int_equal(reply.Reserved, 7);
    assert_int_equal(reply.Options.Ttl, 57);
    assert_int_equal(reply.Options.Tos, 0x1c);
    assert_int_equal(reply.Options.Flags, 2);
    assert_int_equal(reply.Options.OptionsSize, options_bytes);
    assert_ptr_equal(reply.Options.OptionsData, behind);
    assert_ptr_equal(reply.Data, behind + padded(options_bytes));
    for (size_t i = 0; i < padded(options_bytes); i++) {
        assert_int_equal(behind[i], i < options_bytes ? options[i] : 0);
    }
    if (answer->data_bytes > 0) {
        assert_memory_equal(behind + padded(options_bytes), data, answer->data_bytes);
    }
}

static void assert_failure_written(const uint8_t *at, uint32_t status)
{
    const ICMP_ECHO_REPLY expected = {.Status = status};

    assert_memory_equal(at, &expected, sizeof(expected));
}

/* Writes the answer to a buffer at each alignment, with canaries on both sides of what should be written. */
static void check_write(const struct echo_answer *answer, size_t options_bytes, size_t buffer_bytes)
{
    size_t length = sizeof(ICMP_ECHO_REPLY) + padded(options_bytes) + answer->data_bytes;

    for (size_t at = 0; at < 8; at++) {
        uint8_t buffer[BUFFER_MAX];
        memset(buffer, CANARY, sizeof(buffer));
        assert_int_equal(reply_write(buffer + at, buffer_bytes, answer, 7), answer->status);
        assert_canary(buffer, at);
        assert_written(buffer + at, answer, options_bytes);
        assert_canary(buffer + at + length, sizeof(buffer) - at - length);
    }
}

static void check_refusal(const struct echo_answer *answer, size_t buffer_bytes)
{
    for (size_t at = 0; at < 8; at++) {
        uint8_t buffer[BUFFER_MAX];
        memset(buffer, CANARY, sizeof(buffer));
        assert_int_equal(reply_write(buffer + at, buffer_bytes, answer, 7), IP_GENERAL_FAILURE);
        assert_canary(buffer, at);
        assert_failure_written(buffer + at, IP_GENERAL_FAILURE);
        assert_canary(buffer + at + sizeof(ICMP_ECHO_REPLY), sizeof(buffer) - at - sizeof(ICMP_ECHO_REPLY));
    }
}

static void test_every_size_of_options_and_data_is_written_exactly_at_any_alignment(void **state)
{
    (void)state;
    for (size_t options_bytes = 0; options_bytes <= OPTIONS_MAX; options_bytes++) {
        for (size_t data_bytes = 0; data_bytes <= DATA_MAX; data_bytes++) {
            struct echo_answer answer = answer_with(IP_SUCCESS, options_bytes, data_bytes);
            size_t exact = sizeof(ICMP_ECHO_REPLY) + padded(options_bytes) + data_bytes;
            check_write(&answer, options_bytes, exact);
        }
    }
}

static void test_a_reply_one_byte_too_long_becomes_a_general_failure(void **state)
{
    (void)state;
    for (size_t options_bytes = 0; options_bytes <= OPTIONS_MAX; options_bytes++) {
        for (size_t data_bytes = 0; data_bytes <= DATA_MAX; data_bytes++) {
            struct echo_answer answer = answer_with(IP_SUCCESS, options_bytes, data_bytes);
            size_t exact = sizeof(ICMP_ECHO_REPLY) + padded(options_bytes) + data_bytes;
            if (exact > sizeof(ICMP_ECHO_REPLY)) {
                check_refusal(&answer, exact - 1);
                check_refusal(&answer, sizeof(ICMP_ECHO_REPLY));
            }
        }
    }
}

static void test_nothing_beyond_the_reply_is_touched_however_large_the_buffer_is_said_to_be(void **state)
{
    (void)state;
    for (size_t data_bytes = 0; data_bytes <= DATA_MAX; data_bytes++) {
        struct echo_answer answer = answer_with(IP_SUCCESS, 12, data_bytes);
        check_write(&answer, 12, BUFFER_MAX * 2);
        check_write(&answer, 12, UINT32_MAX);
    }
}

static void test_the_buffer_may_end_right_behind_the_reply(void **state)
{
    (void)state;
    for (size_t data_bytes = 0; data_bytes <= DATA_MAX; data_bytes++) {
        struct echo_answer answer = answer_with(IP_SUCCESS, 8, data_bytes);
        size_t exact = sizeof(ICMP_ECHO_REPLY) + 8 + data_bytes;
        uint8_t *buffer = malloc(exact); /* for the address sanitizer */
        assert_non_null(buffer);
        assert_int_equal(reply_write(buffer, UINT32_MAX, &answer, 7), IP_SUCCESS);
        assert_written(buffer, &answer, 8);
        free(buffer);
    }
}

static void test_an_icmp_error_drops_options_that_do_not_fit(void **state)
{
    (void)state;
    for (size_t options_bytes = 0; options_bytes <= OPTIONS_MAX; options_bytes++) {
        struct echo_answer answer = answer_with(IP_TTL_EXPIRED_TRANSIT, options_bytes, 0);
        size_t exact = sizeof(ICMP_ECHO_REPLY) + padded(options_bytes);
        check_write(&answer, options_bytes, exact);
        if (options_bytes > 0) {
            check_write(&answer, 0, exact - 1);
            check_write(&answer, 0, sizeof(ICMP_ECHO_REPLY));
        }
    }
}

static void test_the_longest_data_fits_and_is_counted_in_16_bits(void **state)
{
    struct echo_answer answer = answer_with(IP_SUCCESS, 0, sizeof(data));
    size_t exact = sizeof(ICMP_ECHO_REPLY) + sizeof(data);
    uint8_t *buffer = malloc(exact);

    (void)state;
    assert_non_null(buffer);
    assert_int_equal(reply_write(buffer, exact - 1, &answer, 7), IP_GENERAL_FAILURE);
    assert_int_equal(reply_write(buffer, exact, &answer, 7), IP_SUCCESS);
    assert_written(buffer, &answer, 0);
    free(buffer);
}

static void test_round_trip_times_are_whole_milliseconds_and_saturate(void **state)
{
    static const struct {
        uint64_t ns;
        uint32_t ms;
    } rows[] = {
        {0, 0},
        {OS_NS_PER_MS - 1, 0},
        {OS_NS_PER_MS, 1},
        {UINT32_MAX * OS_NS_PER_MS, UINT32_MAX},
        {UINT64_MAX, UINT32_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct echo_answer answer = answer_with(IP_SUCCESS, 0, 0);
        ICMP_ECHO_REPLY reply;
        answer.round_trip_ns = rows[i].ns;
        assert_int_equal(reply_write(&reply, sizeof(reply), &answer, 0), IP_SUCCESS);
        assert_int_equal(reply.RoundTripTime, rows[i].ms);
    }
}

static void test_a_failure_is_all_zero_but_for_its_status_and_no_longer_than_the_structure(void **state)
{
    (void)state;
    for (size_t at = 0; at < 8; at++) {
        uint8_t buffer[BUFFER_MAX];
        memset(buffer, CANARY, sizeof(buffer));
        reply_write_failure(buffer + at, IP_FAMILY_V4, IP_REQ_TIMED_OUT);
        assert_canary(buffer, at);
        assert_failure_written(buffer + at, IP_REQ_TIMED_OUT);
        assert_canary(buffer + at + sizeof(ICMP_ECHO_REPLY), sizeof(buffer) - at - sizeof(ICMP_ECHO_REPLY));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_of_options_and_data_is_written_exactly_at_any_alignment),
        cmocka_unit_test(test_a_reply_one_byte_too_long_becomes_a_general_failure),
        cmocka_unit_test(test_nothing_beyond_the_reply_is_touched_however_large_the_buffer_is_said_to_be),
        cmocka_unit_test(test_the_buffer_may_end_right_behind_the_reply),
        cmocka_unit_test(test_an_icmp_error_drops_options_that_do_not_fit),
        cmocka_unit_test(test_the_longest_data_fits_and_is_counted_in_16_bits),
        cmocka_unit_test(test_round_trip_times_are_whole_milliseconds_and_saturate),
        cmocka_unit_test(test_a_failure_is_all_zero_but_for_its_status_and_no_longer_than_the_structure),
    };
    return cmocka_run(argc, argv, tests, set_up, NULL);
}
