/*
 * What wire/checksum.h and, beneath it, wire/bytes.h promise.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>
#include <string.h>

#include "wire/bytes.h"
#include "wire/checksum.h"

#define PACKET_MAX_BYTES 65535

/* A generator whose sequence is the same everywhere, so that a failure can be repeated. */
static uint64_t random_state;

static uint32_t random_next(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33);
}

/* The definition in RFC 1071 section 1, word by word. */
static uint16_t naive_checksum(const uint8_t *data, size_t length_bytes)
{
    uint32_t sum = 0;
    size_t i;

    for (i = 0; i < length_bytes; i++) {
        sum += (i % 2 == 0) ? (uint32_t)data[i] << 8 : data[i];
        if (sum > 0xffff)
            sum -= 0xffff;
    }
    return (uint16_t)(sum ^ 0xffff);
}

static void test_integers_are_loaded_big_endian_at_any_alignment(void **state)
{
    static const uint8_t stored[] = {0x81, 0x92, 0xa3, 0xb4};
    uint8_t buffer[16] = {0};
    size_t at;

    (void)state;
    for (at = 0; at <= 8; at++) {
        memcpy(buffer + at, stored, sizeof(stored));
        assert_int_equal(bytes_load_be16(buffer + at), 0x8192);
        assert_int_equal(bytes_load_be32(buffer + at), 0x8192a3b4);
    }
}

static void test_integers_are_stored_big_endian_at_any_alignment_and_nowhere_else(void **state)
{
    size_t at;

    (void)state;
    for (at = 1; at <= 8; at++) {
        uint8_t buffer[16];

        memset(buffer, 0xee, sizeof(buffer));
        bytes_store_be16(buffer + at, 0x8192);
        assert_memory_equal(buffer + at - 1, "\xee\x81\x92\xee", 4);
        bytes_store_be32(buffer + at, 0x8192a3b4);
        assert_memory_equal(buffer + at - 1, "\xee\x81\x92\xa3\xb4\xee", 6);
    }
}

static void test_the_example_of_rfc_1071_gives_its_result(void **state)
{
    static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

    (void)state;
    assert_int_equal(checksum_compute(example, sizeof(example)), 0xffff - 0xddf2);
}

static void test_nothing_sums_to_nothing(void **state)
{
    static const uint8_t zeros[100] = {0};

    (void)state;
    assert_int_equal(checksum_compute(NULL, 0), 0xffff);
    assert_int_equal(checksum_compute(zeros, 0), 0xffff);
    assert_int_equal(checksum_compute(zeros, sizeof(zeros)), 0xffff);
}

static void test_an_odd_last_byte_is_the_high_half_of_a_word(void **state)
{
    (void)state;
    assert_int_equal(checksum_compute("\x12", 1), 0xffff - 0x1200);
    assert_int_equal(checksum_compute("\x12\x34\x56", 3), 0xffff - (0x1234 + 0x5600));
}

static void test_every_short_length_agrees_with_the_definition_and_reads_no_further(void **state)
{
    size_t length;

    (void)state;
    random_state = 1;
    for (length = 1; length <= 200; length++) {
        uint8_t *data = malloc(length); /* exact, for the address sanitizer */
        size_t i;

        assert_non_null(data);
        for (i = 0; i < length; i++)
            data[i] = (uint8_t)random_next();
        assert_int_equal(checksum_compute(data, length), naive_checksum(data, length));
        free(data);
    }
}

static void test_every_alignment_gives_the_same_result(void **state)
{
    uint8_t data[201];
    uint8_t buffer[sizeof(data) + 32];
    size_t at;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 37 + 11);
    for (at = 0; at < 32; at++) {
        memset(buffer, 0xee, sizeof(buffer));
        memcpy(buffer + at, data, sizeof(data));
        assert_int_equal(checksum_compute(buffer + at, sizeof(data)), naive_checksum(data, sizeof(data)));
    }
}

static void test_the_longest_packet_of_ones_loses_no_carry(void **state)
{
    uint8_t *data = malloc(PACKET_MAX_BYTES);

    (void)state;
    assert_non_null(data);
    memset(data, 0xff, PACKET_MAX_BYTES);
    /* 32,767 words of 0xffff, each of them a one's complement zero, and half a word. */
    assert_int_equal(checksum_compute(data, PACKET_MAX_BYTES), 0xffff - 0xff00);
    assert_int_equal(checksum_compute(data, PACKET_MAX_BYTES - 1), 0);
    free(data);
}

static void test_random_data_agrees_with_the_definition(void **state)
{
    uint8_t *data = malloc(PACKET_MAX_BYTES);
    int round;

    (void)state;
    assert_non_null(data);
    random_state = 2;
    for (round = 0; round < 300; round++) {
        size_t length = random_next() % (PACKET_MAX_BYTES + 1);
        size_t i;

        for (i = 0; i < length; i++) /* every other round of nothing but carries and gaps */
            data[i] = (round % 2 == 0) ? (uint8_t)random_next() : (uint8_t)(0 - (random_next() & 1));
        assert_int_equal(checksum_compute(data, length), naive_checksum(data, length));
    }
    free(data);
}

static void test_every_fold_keeps_its_carry(void **state)
{
    /* Words next to where a sum of 16 or 32 bits runs over, in both byte orders. */
    static const uint16_t words[] = {0x0000, 0x0001, 0x0100, 0xfeff, 0xfffe, 0xffff, 0x8000, 0x0080};
    unsigned int combination;

    (void)state;
    for (combination = 0; combination < 8 * 8 * 8 * 8; combination++) {
        uint8_t data[8];

        bytes_store_be16(data, words[combination % 8]);
        bytes_store_be16(data + 2, words[combination / 8 % 8]);
        bytes_store_be16(data + 4, words[combination / 64 % 8]);
        bytes_store_be16(data + 6, words[combination / 512]);
        assert_int_equal(checksum_compute(data, sizeof(data)), naive_checksum(data, sizeof(data)));
    }
}

static void test_data_with_its_right_checksum_sums_to_zero(void **state)
{
    uint8_t data[129];
    size_t length;
    size_t i;

    (void)state;
    random_state = 3;
    for (length = 4; length <= sizeof(data); length++) {
        for (i = 0; i < length; i++)
            data[i] = (uint8_t)random_next();
        bytes_store_be16(data + 2, 0);
        bytes_store_be16(data + 2, checksum_compute(data, length));
        assert_int_equal(checksum_compute(data, length), 0);
    }
}

static void test_any_single_flipped_bit_is_noticed(void **state)
{
    uint8_t data[75];
    size_t bit;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)i;
    bytes_store_be16(data + 2, 0);
    bytes_store_be16(data + 2, checksum_compute(data, sizeof(data)));
    for (bit = 0; bit < 8 * sizeof(data); bit++) {
        data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_not_equal(checksum_compute(data, sizeof(data)), 0);
        data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers_are_loaded_big_endian_at_any_alignment),
        cmocka_unit_test(test_integers_are_stored_big_endian_at_any_alignment_and_nowhere_else),
        cmocka_unit_test(test_the_example_of_rfc_1071_gives_its_result),
        cmocka_unit_test(test_nothing_sums_to_nothing),
        cmocka_unit_test(test_an_odd_last_byte_is_the_high_half_of_a_word),
        cmocka_unit_test(test_every_short_length_agrees_with_the_definition_and_reads_no_further),
        cmocka_unit_test(test_every_alignment_gives_the_same_result),
        cmocka_unit_test(test_the_longest_packet_of_ones_loses_no_carry),
        cmocka_unit_test(test_random_data_agrees_with_the_definition),
        cmocka_unit_test(test_every_fold_keeps_its_carry),
        cmocka_unit_test(test_data_with_its_right_checksum_sums_to_zero),
        cmocka_unit_test(test_any_single_flipped_bit_is_noticed),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
