/*
 * What wire/ipv4.h promises, above all about headers that lie.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>
#include <string.h>

#include "wire/bytes.h"
#include "wire/ipv4.h"

#define SMOKE_ROUNDS 100000

/* 192.0.2.1 to 198.51.100.7, ICMP, DF, 8 bytes of options, 12 bytes of payload: 40 bytes in all. */
static const uint8_t whole_packet[40] = {
    0x47, 0xb8, 0x00, 0x28, 0x12, 0x34, 0x40, 0x00, 0x3d, 0x01, 0xaa, 0xbb, 192, 0, 2, 1, 198, 51, 100, 7,
    0x07, 0x07, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 8,    0,    1,    2,    3,   4, 5, 6, 7,   8,  9,   10,
};

#define WHOLE_HEADER_BYTES 28

/* A copy that ends where its memory ends, for the address sanitizer, and begins at an odd address. */
static uint8_t *exact_copy(const uint8_t *data, size_t length_bytes, uint8_t **allocation)
{
    *allocation = malloc(1 + length_bytes);
    assert_non_null(*allocation);
    memcpy(*allocation + 1, data, length_bytes);
    return *allocation + 1;
}

/* A generator whose sequence is the same everywhere, so that a failure can be repeated. */
static uint64_t random_state;

static uint32_t random_next(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33);
}

static void test_every_field_is_read(void **state)
{
    struct ipv4_packet packet;
    uint8_t address[4];

    (void)state;
    assert_true(ipv4_parse(whole_packet, sizeof(whole_packet), &packet));
    memcpy(address, &packet.source_be, 4);
    assert_memory_equal(address, whole_packet + 12, 4);
    memcpy(address, &packet.destination_be, 4);
    assert_memory_equal(address, whole_packet + 16, 4);
    assert_int_equal(packet.tos, 0xb8);
    assert_int_equal(packet.ttl, 0x3d);
    assert_int_equal(packet.protocol, IPV4_PROTOCOL_ICMP);
    assert_int_equal(packet.flags, IPV4_FLAG_DONT_FRAGMENT);
    assert_int_equal(packet.fragment_offset, 0);
    assert_ptr_equal(packet.options, whole_packet + 20);
    assert_int_equal(packet.options_bytes, 8);
    assert_ptr_equal(packet.payload, whole_packet + WHOLE_HEADER_BYTES);
    assert_int_equal(packet.payload_bytes, 12);
}

static void test_a_packet_at_an_odd_address_is_read(void **state)
{
    struct ipv4_packet packet;
    uint8_t *allocation;
    uint8_t *data = exact_copy(whole_packet, sizeof(whole_packet), &allocation);

    (void)state;
    assert_true(ipv4_parse(data, sizeof(whole_packet), &packet));
    assert_memory_equal(&packet.source_be, whole_packet + 12, 4);
    assert_int_equal(packet.fragment_offset, 0);
    assert_int_equal(packet.payload_bytes, 12);
    free(allocation);
}

static void test_a_header_alone_is_a_packet_without_options_and_payload(void **state)
{
    struct ipv4_packet packet;
    uint8_t *allocation;
    uint8_t *data = exact_copy(whole_packet, 20, &allocation);

    (void)state;
    data[0] = 0x45;
    bytes_store_be16(data + 2, 20);
    assert_true(ipv4_parse(data, 20, &packet));
    assert_int_equal(packet.options_bytes, 0);
    assert_int_equal(packet.payload_bytes, 0);
    assert_non_null(packet.options);
    assert_non_null(packet.payload);
    free(allocation);
}

static void test_the_longest_packet_is_read(void **state)
{
    struct ipv4_packet packet;
    uint8_t *data = calloc(1, 65535);

    (void)state;
    assert_non_null(data);
    data[0] = 0x4f;
    bytes_store_be16(data + 2, 65535);
    assert_true(ipv4_parse(data, 65535, &packet));
    assert_int_equal(packet.options_bytes, IPV4_OPTIONS_MAX_BYTES);
    assert_int_equal(packet.payload_bytes, 65535 - 60);
    free(data);
}

static void test_a_packet_cut_off_anywhere_is_refused(void **state)
{
    size_t length;

    (void)state;
    for (length = 0; length < sizeof(whole_packet); length++) {
        struct ipv4_packet packet;
        uint8_t *allocation;
        uint8_t *data = exact_copy(whole_packet, length, &allocation);

        assert_false(ipv4_parse(data, length, &packet));
        free(allocation);
    }
}

static void test_no_packet_at_all_is_refused(void **state)
{
    struct ipv4_packet packet;

    (void)state;
    assert_false(ipv4_parse(NULL, 0, &packet));
    assert_false(ipv4_parse_quoted(NULL, 0, &packet));
}

static void test_only_version_4_is_read(void **state)
{
    unsigned int version;

    (void)state;
    for (version = 0; version < 16; version++) {
        struct ipv4_packet packet;
        uint8_t data[sizeof(whole_packet)];

        memcpy(data, whole_packet, sizeof(data));
        data[0] = (uint8_t)(version << 4 | 7);
        assert_int_equal(ipv4_parse(data, sizeof(data), &packet), version == 4);
        assert_int_equal(ipv4_parse_quoted(data, sizeof(data), &packet), version == 4);
    }
}

static void test_every_header_length_is_read_or_refused(void **state)
{
    unsigned int words;

    (void)state;
    for (words = 0; words < 16; words++) {
        struct ipv4_packet packet;
        uint8_t data[70] = {0};
        size_t header_bytes = (size_t)words * 4;

        data[0] = (uint8_t)(0x40 | words);
        bytes_store_be16(data + 2, sizeof(data));
        assert_int_equal(ipv4_parse(data, sizeof(data), &packet), words >= 5);
        if (words >= 5) {
            assert_int_equal(packet.options_bytes, header_bytes - 20);
            assert_ptr_equal(packet.payload, data + header_bytes);
            assert_int_equal(packet.payload_bytes, sizeof(data) - header_bytes);
        }
        assert_int_equal(ipv4_parse_quoted(data, sizeof(data), &packet), words >= 5);
    }
}

static void test_a_header_longer_than_what_came_is_refused(void **state)
{
    unsigned int words;

    (void)state;
    for (words = 6; words < 16; words++) {
        struct ipv4_packet packet;
        uint8_t zeros[60] = {0};
        uint8_t *allocation;
        size_t length = (size_t)words * 4 - 1;
        uint8_t *data = exact_copy(zeros, length, &allocation);

        data[0] = (uint8_t)(0x40 | words);
        bytes_store_be16(data + 2, (uint16_t)(length + 1));
        assert_false(ipv4_parse(data, length, &packet));
        bytes_store_be16(data + 2, (uint16_t)length);
        assert_false(ipv4_parse(data, length, &packet));
        assert_false(ipv4_parse_quoted(data, length, &packet));
        free(allocation);
    }
}

static void test_a_total_length_that_lies_is_refused(void **state)
{
    unsigned int total;

    (void)state;
    for (total = 0; total <= UINT16_MAX; total++) {
        struct ipv4_packet packet;
        uint8_t data[sizeof(whole_packet)];

        memcpy(data, whole_packet, sizeof(data));
        bytes_store_be16(data + 2, (uint16_t)total);
        assert_int_equal(ipv4_parse(data, sizeof(data), &packet),
                         total >= WHOLE_HEADER_BYTES && total <= sizeof(data));
    }
}

static void test_bytes_after_the_total_length_are_no_payload(void **state)
{
    uint8_t data[sizeof(whole_packet) + 6] = {0};
    struct ipv4_packet packet;

    (void)state;
    memcpy(data, whole_packet, sizeof(whole_packet));
    assert_true(ipv4_parse(data, sizeof(data), &packet));
    assert_int_equal(packet.payload_bytes, 12);
}

static void test_flags_and_fragment_offset_come_apart(void **state)
{
    unsigned int word;

    (void)state;
    for (word = 0; word <= UINT16_MAX; word++) {
        struct ipv4_packet packet;
        uint8_t data[sizeof(whole_packet)];

        memcpy(data, whole_packet, sizeof(data));
        bytes_store_be16(data + 6, (uint16_t)word);
        assert_true(ipv4_parse(data, sizeof(data), &packet));
        assert_int_equal(packet.flags, word >> 13);
        assert_int_equal(packet.fragment_offset, word % 0x2000);
    }
}

static void test_df_and_mf_are_the_bits_that_windows_reports(void **state)
{
    uint8_t data[sizeof(whole_packet)];
    struct ipv4_packet packet;

    (void)state;
    memcpy(data, whole_packet, sizeof(data));
    data[6] = 0x40; /* don't fragment */
    assert_true(ipv4_parse(data, sizeof(data), &packet));
    assert_int_equal(packet.flags, 2);
    data[6] = 0x20; /* more fragments */
    assert_true(ipv4_parse(data, sizeof(data), &packet));
    assert_int_equal(packet.flags, 1);
}

static void test_the_header_checksum_does_not_matter(void **state)
{
    uint8_t data[sizeof(whole_packet)];
    struct ipv4_packet packet;

    (void)state;
    memcpy(data, whole_packet, sizeof(data));
    bytes_store_be16(data + 10, 0);
    assert_true(ipv4_parse(data, sizeof(data), &packet));
    bytes_store_be16(data + 10, 0xffff);
    assert_true(ipv4_parse(data, sizeof(data), &packet));
}

static void test_a_quote_is_read_as_soon_as_its_header_is_whole(void **state)
{
    size_t length;

    (void)state;
    for (length = 0; length <= sizeof(whole_packet); length++) {
        struct ipv4_packet packet;
        uint8_t *allocation;
        uint8_t *data = exact_copy(whole_packet, length, &allocation);

        assert_int_equal(ipv4_parse_quoted(data, length, &packet), length >= WHOLE_HEADER_BYTES);
        if (length >= WHOLE_HEADER_BYTES) {
            assert_memory_equal(&packet.source_be, whole_packet + 12, 4);
            assert_memory_equal(&packet.destination_be, whole_packet + 16, 4);
            assert_int_equal(packet.options_bytes, 8);
            assert_ptr_equal(packet.payload, data + WHOLE_HEADER_BYTES);
            assert_int_equal(packet.payload_bytes, length - WHOLE_HEADER_BYTES);
        }
        free(allocation);
    }
}

static void test_a_quote_may_have_any_total_length(void **state)
{
    static const uint16_t totals[] = {0, 1, 20, 27, 28, 39, 40, 41, 0x2800, 65535};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        struct ipv4_packet packet;
        uint8_t data[sizeof(whole_packet)];

        memcpy(data, whole_packet, sizeof(data));
        bytes_store_be16(data + 2, totals[i]);
        assert_true(ipv4_parse_quoted(data, sizeof(data), &packet));
        assert_int_equal(packet.payload_bytes, 12);
    }
}

static void test_a_refused_packet_leaves_the_result_alone(void **state)
{
    struct ipv4_packet packet;
    struct ipv4_packet before;

    (void)state;
    memset(&packet, 0x5a, sizeof(packet));
    memcpy(&before, &packet, sizeof(packet));
    assert_false(ipv4_parse(whole_packet, sizeof(whole_packet) - 1, &packet));
    assert_memory_equal(&packet, &before, sizeof(packet));
    assert_false(ipv4_parse_quoted(whole_packet, WHOLE_HEADER_BYTES - 1, &packet));
    assert_memory_equal(&packet, &before, sizeof(packet));
}

/* Fails if what was parsed is not inside the buffer; reads every byte of it, for the address sanitizer. */
static void check_inside(const struct ipv4_packet *packet, const uint8_t *data, size_t length_bytes)
{
    volatile uint8_t sink = 0;
    size_t i;

    assert_ptr_equal(packet->options, data + 20);
    assert_ptr_equal(packet->payload, packet->options + packet->options_bytes);
    assert_true(packet->options_bytes <= IPV4_OPTIONS_MAX_BYTES);
    assert_int_equal(packet->options_bytes % 4, 0);
    assert_true(20 + packet->options_bytes + packet->payload_bytes <= length_bytes);
    for (i = 0; i < packet->options_bytes; i++)
        sink = (uint8_t)(sink ^ packet->options[i]);
    for (i = 0; i < packet->payload_bytes; i++)
        sink = (uint8_t)(sink ^ packet->payload[i]);
}

static void test_random_bytes_lead_nowhere_outside(void **state)
{
    unsigned int parsed = 0;
    unsigned int round;

    (void)state;
    random_state = 4;
    for (round = 0; round < SMOKE_ROUNDS; round++) {
        struct ipv4_packet packet;
        uint8_t noise[100];
        uint8_t *allocation;
        uint8_t *data;
        size_t length = random_next() % (sizeof(noise) + 1);
        size_t i;

        for (i = 0; i < sizeof(noise); i++)
            noise[i] = (uint8_t)random_next();
        if (round % 2 == 0) { /* near enough to the truth that some get through */
            noise[0] = (uint8_t)(0x40 | (noise[0] & 0x0f));
            noise[2] = 0;
            noise[3] &= 0x7f;
        }
        data = exact_copy(noise, length, &allocation);
        if (ipv4_parse(data, length, &packet)) {
            check_inside(&packet, data, length);
            parsed++;
        }
        if (ipv4_parse_quoted(data, length, &packet))
            check_inside(&packet, data, length);
        free(allocation);
    }
    assert_in_range(parsed, 1000, SMOKE_ROUNDS); /* or the test tests nothing */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_is_read),
        cmocka_unit_test(test_a_packet_at_an_odd_address_is_read),
        cmocka_unit_test(test_a_header_alone_is_a_packet_without_options_and_payload),
        cmocka_unit_test(test_the_longest_packet_is_read),
        cmocka_unit_test(test_a_packet_cut_off_anywhere_is_refused),
        cmocka_unit_test(test_no_packet_at_all_is_refused),
        cmocka_unit_test(test_only_version_4_is_read),
        cmocka_unit_test(test_every_header_length_is_read_or_refused),
        cmocka_unit_test(test_a_header_longer_than_what_came_is_refused),
        cmocka_unit_test(test_a_total_length_that_lies_is_refused),
        cmocka_unit_test(test_bytes_after_the_total_length_are_no_payload),
        cmocka_unit_test(test_flags_and_fragment_offset_come_apart),
        cmocka_unit_test(test_df_and_mf_are_the_bits_that_windows_reports),
        cmocka_unit_test(test_the_header_checksum_does_not_matter),
        cmocka_unit_test(test_a_quote_is_read_as_soon_as_its_header_is_whole),
        cmocka_unit_test(test_a_quote_may_have_any_total_length),
        cmocka_unit_test(test_a_refused_packet_leaves_the_result_alone),
        cmocka_unit_test(test_random_bytes_lead_nowhere_outside),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
