/*
 * What echo/reply.h promises for IPv6, and docs/behaviour.md section 3: layout, sizes, and not a byte too
 * many.
 */
#include "support/cmocka_main.h"

#include "echo/reply.h"
#include "os/os.h"

#define STRUCTURE_BYTES 36
#define DATA_MAX        50
#define CANARY          0xee

static const uint8_t address[16] = {0xfe, 0x80, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static uint8_t data[DATA_MAX];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i + 1);
    }
    return 0;
}

static struct echo_answer answer_with(uint32_t status, size_t data_bytes)
{
    return (struct echo_answer){
        .status = status,
        .responder = ip_address_v6(address, 0x01020304),
        .round_trip_ns = 12 * OS_NS_PER_MS + 999999,
        .ttl = 57,
        .tos = 0x1c,
        .data = data_bytes > 0 ? data : NULL,
        .data_bytes = data_bytes,
    };
}

static uint32_t load_native32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static void assert_all(const uint8_t *bytes, size_t count, uint8_t value)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(bytes[i], value);
    }
}

/* Writes the answer to a buffer at each alignment, with canaries on both sides, and checks every byte of
 * it. */
static void check_write(const struct echo_answer *answer, size_t buffer_bytes)
{
    for (size_t at = 0; at < 8; at++) {
        uint8_t buffer[8 + STRUCTURE_BYTES + DATA_MAX + 64];
        const uint8_t *reply = buffer + at;
        memset(buffer, CANARY, sizeof(buffer));
        assert_int_equal(reply_write(buffer + at, buffer_bytes, answer, 7), answer->status);
        assert_all(buffer, at, CANARY);
        assert_all(reply, 6, 0); /* port, flow information */
        assert_memory_equal(reply + 6, address, 16);
        assert_int_equal(load_native32(reply + 22), 0x01020304);
        assert_all(reply + 26, 2, 0);
        assert_int_equal(load_native32(reply + 28), answer->status);
        assert_int_equal(load_native32(reply + 32), 12);
        if (answer->data_bytes > 0) {
            assert_memory_equal(reply + 36, data, answer->data_bytes);
        }
        assert_all(reply + 36 + answer->data_bytes, sizeof(buffer) - at - 36 - answer->data_bytes, CANARY);
    }
}

static void assert_failure(const uint8_t *reply, uint32_t status)
{
    assert_all(reply, 28, 0);
    assert_int_equal(load_native32(reply + 28), status);
    assert_all(reply + 32, 4, 0);
}

static void test_the_smallest_buffer_holds_the_structure(void **state)
{
    (void)state;
    assert_int_equal(reply_bytes_min(IP_FAMILY_V6), STRUCTURE_BYTES);
    assert_int_equal(reply_bytes_min(IP_FAMILY_V4), sizeof(ICMP_ECHO_REPLY));
}

static void test_a_reply_is_the_structure_and_the_data(void **state)
{
    (void)state;
    for (size_t data_bytes = 0; data_bytes <= DATA_MAX; data_bytes++) {
        struct echo_answer answer = answer_with(IP_SUCCESS, data_bytes);
        check_write(&answer, STRUCTURE_BYTES + data_bytes);
        check_write(&answer, UINT32_MAX);
        assert_int_equal(reply_bytes_of(&answer), STRUCTURE_BYTES + data_bytes);
    }
}

static void test_an_icmpv6_error_is_the_structure_alone(void **state)
{
    struct echo_answer answer = answer_with(IP_HOP_LIMIT_EXCEEDED, 0);

    (void)state;
    check_write(&answer, STRUCTURE_BYTES);
}

static void test_a_reply_that_does_not_fit_is_a_general_failure(void **state)
{
    struct echo_answer answer = answer_with(IP_SUCCESS, 10);

    (void)state;
    for (size_t room = 0; room < 10; room++) {
        uint8_t buffer[STRUCTURE_BYTES + DATA_MAX];
        memset(buffer, CANARY, sizeof(buffer));
        assert_int_equal(reply_write(buffer, STRUCTURE_BYTES + room, &answer, 7), IP_GENERAL_FAILURE);
        assert_failure(buffer, IP_GENERAL_FAILURE);
        assert_all(buffer + STRUCTURE_BYTES, DATA_MAX, CANARY);
    }
}

static void test_a_failure_is_all_zero_but_its_status(void **state)
{
    (void)state;
    for (size_t at = 0; at < 8; at++) {
        uint8_t buffer[8 + STRUCTURE_BYTES + 8];
        memset(buffer, CANARY, sizeof(buffer));
        reply_write_failure(buffer + at, IP_FAMILY_V6, IP_REQ_TIMED_OUT);
        assert_all(buffer, at, CANARY);
        assert_failure(buffer + at, IP_REQ_TIMED_OUT);
        assert_all(buffer + at + STRUCTURE_BYTES, sizeof(buffer) - at - STRUCTURE_BYTES, CANARY);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_smallest_buffer_holds_the_structure),
        cmocka_unit_test(test_a_reply_is_the_structure_and_the_data),
        cmocka_unit_test(test_an_icmpv6_error_is_the_structure_alone),
        cmocka_unit_test(test_a_reply_that_does_not_fit_is_a_general_failure),
        cmocka_unit_test(test_a_failure_is_all_zero_but_its_status),
    };
    return cmocka_run(argc, argv, tests, set_up, NULL);
}
