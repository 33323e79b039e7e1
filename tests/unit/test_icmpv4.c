/*
 * What wire/icmpv4.h promises: echo requests as RFC 792 wants them, and no message that lies gets through.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>
#include <string.h>

#include "wire/bytes.h"
#include "wire/checksum.h"
#include "wire/icmpv4.h"

#define SMOKE_ROUNDS 100000

/* Where things are in an error without quoted options: the quoted header and the quoted echo request. */
#define QUOTE      8
#define QUOTE_ICMP (QUOTE + 20)

#define IDENTIFIER 0xbeef
#define SEQUENCE   0x1234

/* A time exceeded about our request from 192.0.2.1 to 198.51.100.7, with 4 bytes of payload; no checksum. */
static const uint8_t error_template[40] = {
    11,   0, 0,    0,    0,    0,    0,    0,                          /* time exceeded */
    0x45, 0, 0,    60,   0x12, 0x34, 0x40, 0x00, 1,   1,   0xaa, 0xbb, /* quoted header */
    192,  0, 2,    1,    198,  51,   100,  7,                          /* from, to */
    8,    0, 0xcc, 0xdd, 0xbe, 0xef, 0x12, 0x34, 'a', 'b', 'c',  'd',  /* quoted echo request */
};

/* Puts the right checksum into a message. */
static void seal(uint8_t *message, size_t length_bytes)
{
    bytes_store_be16(message + 2, 0);
    bytes_store_be16(message + 2, checksum_compute(message, length_bytes));
}

/* icmpv4_parse on a copy at an odd address, which ends where its memory ends, for the sanitizers. */
static bool parse_exact(const uint8_t *message, size_t length_bytes, struct icmpv4_message *out)
{
    uint8_t *copy = malloc(1 + length_bytes);
    bool parsed;

    assert_non_null(copy);
    memcpy(copy + 1, message, length_bytes);
    parsed = icmpv4_parse(copy + 1, length_bytes, out);
    free(copy);
    return parsed;
}

/* The template with one byte changed, sealed and parsed. */
static bool parse_error_with(size_t at, uint8_t value, struct icmpv4_message *out)
{
    uint8_t message[sizeof(error_template)];

    memcpy(message, error_template, sizeof(message));
    message[at] = value;
    seal(message, sizeof(message));
    return parse_exact(message, sizeof(message), out);
}

/*
 * An error that quotes `options_bytes` of options (a multiple of 4) in front of its echo request, sealed and
 * parsed.
 */
static bool parse_error_with_options(const uint8_t *options, size_t options_bytes, struct icmpv4_message *out)
{
    uint8_t message[sizeof(error_template) + 40];
    size_t length = sizeof(error_template) + options_bytes;

    memcpy(message, error_template, QUOTE_ICMP);
    message[QUOTE] = (uint8_t)(0x45 + options_bytes / 4);
    memcpy(message + QUOTE_ICMP, options, options_bytes);
    memcpy(message + QUOTE_ICMP + options_bytes, error_template + QUOTE_ICMP,
           sizeof(error_template) - QUOTE_ICMP);
    seal(message, length);
    return parse_exact(message, length, out);
}

/* A generator whose sequence is the same everywhere, so that a failure can be repeated. */
static uint64_t random_state;

static uint32_t random_next(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33);
}

static void test_a_built_request_has_every_field_and_the_right_checksum(void **state)
{
    static const uint8_t expected[] = {8, 0, 0x62, 0x15, 0xbe, 0xef, 0x12, 0x34, 'a', 'b', 'c', 'd'};
    uint8_t message[12] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 'a', 'b', 'c', 'd'};

    (void)state;
    icmpv4_build_echo_request(message, sizeof(message), IDENTIFIER, SEQUENCE);
    assert_memory_equal(message, expected, sizeof(expected));
}

static void test_a_built_request_of_any_length_parses_back(void **state)
{
    static const size_t payloads[] = {0, 1, 2, 31, 32, 33, 1472, 65500, 65507};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        size_t length = ICMPV4_HEADER_BYTES + payloads[i];
        uint8_t *message = malloc(length);
        struct icmpv4_message parsed;

        assert_non_null(message);
        memset(message, 0xa5, length);
        icmpv4_build_echo_request(message, length, IDENTIFIER, SEQUENCE);
        assert_true(icmpv4_parse(message, length, &parsed));
        assert_int_equal(parsed.kind, ICMPV4_ECHO_REQUEST);
        assert_int_equal(parsed.type, 8);
        assert_int_equal(parsed.code, 0);
        assert_int_equal(parsed.identifier, IDENTIFIER);
        assert_int_equal(parsed.sequence, SEQUENCE);
        assert_ptr_equal(parsed.data, message + ICMPV4_HEADER_BYTES);
        assert_int_equal(parsed.data_bytes, payloads[i]);
        free(message);
    }
}

static void test_a_request_is_built_at_an_odd_address(void **state)
{
    uint8_t buffer[64] = {0};
    struct icmpv4_message parsed;

    (void)state;
    icmpv4_build_echo_request(buffer + 1, 40, IDENTIFIER, SEQUENCE);
    assert_true(icmpv4_parse(buffer + 1, 40, &parsed));
    assert_int_equal(parsed.identifier, IDENTIFIER);
    assert_int_equal(buffer[0], 0);
    assert_int_equal(buffer[41], 0);
}

static void test_no_request_is_built_where_no_header_fits(void **state)
{
    uint8_t buffer[8] = {0};
    const uint8_t untouched[8] = {0};
    size_t length;

    (void)state;
    for (length = 0; length < ICMPV4_HEADER_BYTES; length++)
        icmpv4_build_echo_request(buffer, length, IDENTIFIER, SEQUENCE);
    assert_memory_equal(buffer, untouched, sizeof(buffer));
}

static void test_an_echo_reply_is_read_whatever_its_code(void **state)
{
    unsigned int code;

    (void)state;
    for (code = 0; code <= 255; code++) {
        uint8_t message[11] = {0, (uint8_t)code, 0, 0, 0xbe, 0xef, 0x12, 0x34, 1, 2, 3};
        struct icmpv4_message parsed;

        seal(message, sizeof(message));
        assert_true(icmpv4_parse(message, sizeof(message), &parsed));
        assert_int_equal(parsed.kind, ICMPV4_ECHO_REPLY);
        assert_int_equal(parsed.type, 0);
        assert_int_equal(parsed.code, code);
        assert_int_equal(parsed.identifier, IDENTIFIER);
        assert_int_equal(parsed.sequence, SEQUENCE);
        assert_ptr_equal(parsed.data, message + 8);
        assert_int_equal(parsed.data_bytes, 3);
        assert_int_equal(parsed.quoted_destination_be, 0);
        assert_int_equal(parsed.quoted_source_be, 0);
        assert_false(parsed.quoted_source_route);
    }
}

static void test_a_message_shorter_than_a_header_is_refused(void **state)
{
    size_t length;

    (void)state;
    assert_false(icmpv4_parse(NULL, 0, NULL));
    for (length = 0; length < ICMPV4_HEADER_BYTES; length++) {
        uint8_t message[8] = {0};
        struct icmpv4_message parsed;

        if (length >= 4)
            seal(message, length);
        assert_false(parse_exact(message, length, &parsed));
    }
}

static void test_a_reply_cut_off_anywhere_is_refused_for_its_checksum(void **state)
{
    uint8_t message[64];
    size_t length;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(message); i++)
        message[i] = (uint8_t)(i + 1); /* no zeros: they could be cut off unseen */
    message[0] = 0;
    seal(message, sizeof(message));
    for (length = 0; length < sizeof(message); length++) {
        struct icmpv4_message parsed;

        assert_false(parse_exact(message, length, &parsed));
    }
}

static void test_a_wrong_checksum_is_refused_for_every_kind(void **state)
{
    static const uint8_t types[] = {0, 3, 4, 5, 8, 11, 12, 13};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(types); i++) {
        uint8_t message[sizeof(error_template)];
        struct icmpv4_message parsed;

        memcpy(message, error_template, sizeof(message));
        message[0] = types[i];
        seal(message, sizeof(message));
        assert_true(icmpv4_parse(message, sizeof(message), &parsed));
        message[2] ^= 0x01;
        assert_false(icmpv4_parse(message, sizeof(message), &parsed));
        message[2] ^= 0x01;
        message[sizeof(message) - 1] ^= 0x80;
        assert_false(icmpv4_parse(message, sizeof(message), &parsed));
    }
}

static void test_a_message_of_nothing_but_zeros_has_no_checksum(void **state)
{
    uint8_t message[40] = {0};
    struct icmpv4_message parsed;

    (void)state;
    assert_false(icmpv4_parse(message, sizeof(message), &parsed));
}

static void test_an_error_tells_which_request_it_is_about(void **state)
{
    static const uint8_t types[] = {3, 4, 11, 12};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(types); i++) {
        struct icmpv4_message parsed;
        unsigned int code;

        assert_true(parse_error_with(0, types[i], &parsed));
        assert_int_equal(parsed.kind, ICMPV4_ERROR);
        assert_int_equal(parsed.type, types[i]);
        assert_int_equal(parsed.identifier, IDENTIFIER);
        assert_int_equal(parsed.sequence, SEQUENCE);
        assert_memory_equal(&parsed.quoted_source_be, error_template + QUOTE + 12, 4);
        assert_memory_equal(&parsed.quoted_destination_be, error_template + QUOTE + 16, 4);
        assert_false(parsed.quoted_source_route);
        assert_null(parsed.data);
        assert_int_equal(parsed.data_bytes, 0);
        for (code = 0; code <= 255; code++) {
            uint8_t message[sizeof(error_template)];

            memcpy(message, error_template, sizeof(message));
            message[0] = types[i];
            message[1] = (uint8_t)code;
            seal(message, sizeof(message));
            assert_true(icmpv4_parse(message, sizeof(message), &parsed));
            assert_int_equal(parsed.code, code);
        }
    }
}

static void test_every_other_type_is_of_no_interest(void **state)
{
    unsigned int type;

    (void)state;
    for (type = 1; type <= 255; type++) {
        struct icmpv4_message parsed;

        if (type == 3 || type == 4 || type == 8 || type == 11 || type == 12)
            continue;
        assert_true(parse_error_with(0, (uint8_t)type, &parsed));
        assert_int_equal(parsed.kind, ICMPV4_OTHER);
        assert_int_equal(parsed.type, type);
        assert_int_equal(parsed.identifier, 0);
        assert_int_equal(parsed.sequence, 0);
        assert_null(parsed.data);
        assert_int_equal(parsed.quoted_destination_be, 0);
    }
}

static void test_an_error_is_read_as_soon_as_the_quoted_echo_header_is_whole(void **state)
{
    size_t length;

    (void)state;
    for (length = ICMPV4_HEADER_BYTES; length <= sizeof(error_template); length++) {
        uint8_t message[sizeof(error_template)];
        struct icmpv4_message parsed;

        memcpy(message, error_template, length);
        seal(message, length);
        assert_int_equal(parse_exact(message, length, &parsed), length >= QUOTE_ICMP + 8);
        if (length >= QUOTE_ICMP + 8) {
            assert_int_equal(parsed.identifier, IDENTIFIER);
            assert_int_equal(parsed.sequence, SEQUENCE);
        }
    }
}

static void test_an_error_about_another_protocol_is_refused(void **state)
{
    unsigned int protocol;

    (void)state;
    for (protocol = 0; protocol <= 255; protocol++) {
        struct icmpv4_message parsed;

        assert_int_equal(parse_error_with(QUOTE + 9, (uint8_t)protocol, &parsed), protocol == 1);
    }
}

static void test_an_error_about_another_type_than_an_echo_request_is_refused(void **state)
{
    unsigned int type;

    (void)state;
    for (type = 0; type <= 255; type++) {
        struct icmpv4_message parsed;

        assert_int_equal(parse_error_with(QUOTE_ICMP, (uint8_t)type, &parsed), type == 8);
    }
}

static void test_an_error_about_an_echo_request_with_a_code_is_refused(void **state)
{
    unsigned int code;

    (void)state;
    for (code = 0; code <= 255; code++) {
        struct icmpv4_message parsed;

        assert_int_equal(parse_error_with(QUOTE_ICMP + 1, (uint8_t)code, &parsed), code == 0);
    }
}

static void test_an_error_about_a_later_fragment_is_refused(void **state)
{
    struct icmpv4_message parsed;
    unsigned int offset;

    (void)state;
    assert_true(parse_error_with(QUOTE + 6, 0x20, &parsed)); /* more fragments: the first one */
    assert_true(parse_error_with(QUOTE + 6, 0x00, &parsed));
    for (offset = 1; offset <= 255; offset++)
        assert_false(parse_error_with(QUOTE + 7, (uint8_t)offset, &parsed));
    for (offset = 1; offset <= 0x1f; offset++)
        assert_false(parse_error_with(QUOTE + 6, (uint8_t)offset, &parsed));
}

static void test_an_error_about_a_packet_of_another_ip_version_is_refused(void **state)
{
    unsigned int version;

    (void)state;
    for (version = 0; version <= 15; version++) {
        struct icmpv4_message parsed;

        assert_int_equal(parse_error_with(QUOTE, (uint8_t)(version << 4 | 5), &parsed), version == 4);
    }
}

static void test_a_quoted_header_length_that_lies_is_refused(void **state)
{
    unsigned int words;

    (void)state;
    for (words = 0; words <= 15; words++) {
        struct icmpv4_message parsed;

        /* 32 bytes of quote: more than 5 words lead into the echo request or past the end. */
        assert_int_equal(parse_error_with(QUOTE, (uint8_t)(0x40 | words), &parsed), words == 5);
    }
}

static void test_what_routers_change_in_a_quote_does_not_matter(void **state)
{
    struct icmpv4_message parsed;

    (void)state;
    assert_true(parse_error_with(QUOTE + 1, 0xff, &parsed));      /* type of service */
    assert_true(parse_error_with(QUOTE + 2, 0xff, &parsed));      /* total length, too long */
    assert_true(parse_error_with(QUOTE + 3, 0, &parsed));         /* total length, none */
    assert_true(parse_error_with(QUOTE + 8, 0, &parsed));         /* time to live */
    assert_true(parse_error_with(QUOTE + 10, 0, &parsed));        /* header checksum */
    assert_true(parse_error_with(QUOTE_ICMP + 2, 0, &parsed));    /* echo checksum */
    assert_true(parse_error_with(QUOTE_ICMP + 8, 0xff, &parsed)); /* payload */
    assert_true(parse_error_with(5, 0xff, &parsed));              /* RFC 4884 length of the quote, too long */
    assert_true(parse_error_with(5, 1, &parsed));                 /* too short */
}

static void test_quoted_options_are_stepped_over(void **state)
{
    uint8_t options[40];
    size_t options_bytes;

    (void)state;
    memset(options, 1, sizeof(options));
    for (options_bytes = 0; options_bytes <= 40; options_bytes += 4) {
        struct icmpv4_message parsed;

        assert_true(parse_error_with_options(options, options_bytes, &parsed));
        assert_int_equal(parsed.identifier, IDENTIFIER);
        assert_int_equal(parsed.sequence, SEQUENCE);
        assert_false(parsed.quoted_source_route);
    }
}

static void test_a_quoted_source_route_is_noticed(void **state)
{
    static const uint8_t loose[8] = {1, 0x83, 7, 4, 192, 0, 2, 9};
    static const uint8_t strict[8] = {0x89, 7, 8, 192, 0, 2, 9, 0};
    static const uint8_t record[8] = {0x07, 7, 8, 192, 0, 2, 9, 0};
    static const uint8_t lying[8] = {0x83, 9, 4, 192, 0, 2, 9, 0};
    struct icmpv4_message parsed;

    (void)state;
    assert_true(parse_error_with_options(loose, 8, &parsed));
    assert_true(parsed.quoted_source_route);
    assert_true(parse_error_with_options(strict, 8, &parsed));
    assert_true(parsed.quoted_source_route);
    assert_true(parse_error_with_options(record, 8, &parsed));
    assert_false(parsed.quoted_source_route);
    assert_true(parse_error_with_options(lying, 8, &parsed));
    assert_false(parsed.quoted_source_route);
}

static void test_quoted_options_that_are_cut_off_are_refused(void **state)
{
    uint8_t message[QUOTE_ICMP + 40 + 8];
    size_t length;

    (void)state;
    memset(message, 1, sizeof(message));
    memcpy(message, error_template, QUOTE_ICMP);
    memcpy(message + QUOTE_ICMP + 40, error_template + QUOTE_ICMP, 8);
    message[QUOTE] = 0x4f;
    for (length = ICMPV4_HEADER_BYTES; length <= sizeof(message); length++) {
        struct icmpv4_message parsed;

        seal(message, length);
        assert_int_equal(parse_exact(message, length, &parsed), length == sizeof(message));
    }
}

static void test_an_rfc_4884_extension_after_the_quote_is_tolerated(void **state)
{
    /* The quote is padded to 128 bytes; then comes an extension header and one object, an MPLS label. */
    static const uint8_t extension[12] = {0x20, 0, 0, 0, 0, 8, 1, 1, 0x00, 0x01, 0x01, 0xff};
    uint8_t message[QUOTE + 128 + 12] = {0};
    struct icmpv4_message parsed;

    (void)state;
    memcpy(message, error_template, sizeof(error_template));
    message[5] = 128 / 4;
    memcpy(message + QUOTE + 128, extension, sizeof(extension));
    bytes_store_be16(message + QUOTE + 130, checksum_compute(extension, sizeof(extension)));
    seal(message, sizeof(message));
    assert_true(parse_exact(message, sizeof(message), &parsed));
    assert_int_equal(parsed.kind, ICMPV4_ERROR);
    assert_int_equal(parsed.identifier, IDENTIFIER);
    assert_int_equal(parsed.sequence, SEQUENCE);
}

static void test_a_refused_message_leaves_the_result_alone(void **state)
{
    struct icmpv4_message parsed;
    struct icmpv4_message before;
    uint8_t truncated[7] = {0};

    (void)state;
    memset(&parsed, 0, sizeof(parsed));
    parsed.identifier = 0x5a5a;
    parsed.data_bytes = 99;
    memcpy(&before, &parsed, sizeof(parsed));
    assert_false(icmpv4_parse(truncated, sizeof(truncated), &parsed));
    assert_memory_equal(&parsed, &before, sizeof(parsed));
    assert_false(icmpv4_parse(error_template, sizeof(error_template), &parsed)); /* no checksum */
    assert_memory_equal(&parsed, &before, sizeof(parsed));
    assert_false(parse_error_with(QUOTE_ICMP, 0, &parsed));
    assert_memory_equal(&parsed, &before, sizeof(parsed));
}

static void test_random_messages_lead_nowhere_outside(void **state)
{
    static const uint8_t types[] = {0, 8, 3, 4, 11, 12, 5, 13};
    unsigned int kinds[4] = {0};
    unsigned int round;
    size_t i;

    (void)state;
    random_state = 6;
    for (round = 0; round < SMOKE_ROUNDS; round++) {
        struct icmpv4_message parsed;
        size_t length = random_next() % 121;
        uint8_t *allocation = malloc(1 + length); /* exact, for the address sanitizer */
        uint8_t *message = allocation + 1;

        assert_non_null(allocation);
        for (i = 0; i < length; i++)
            message[i] = (uint8_t)random_next();
        if (round % 4 != 0 && length >= ICMPV4_HEADER_BYTES) { /* a right checksum over nonsense */
            message[0] = types[message[0] % 8];
            if (round % 4 != 1 &&
                length >= QUOTE_ICMP + 8) { /* near enough to the truth that some get through */
                size_t icmp;

                message[QUOTE] = (uint8_t)(0x40 | (message[QUOTE] & 0x0f));
                message[QUOTE + 6] &= 0xe0;
                message[QUOTE + 7] = 0;
                message[QUOTE + 9] = 1;
                icmp = QUOTE + (size_t)(message[QUOTE] & 0x0f) * 4;
                if (icmp + 2 <= length && icmp >= QUOTE_ICMP) {
                    message[icmp] = 8;
                    message[icmp + 1] = 0;
                }
            }
            seal(message, length);
        }
        if (icmpv4_parse(message, length, &parsed)) {
            kinds[parsed.kind]++;
            if (parsed.kind == ICMPV4_ECHO_REPLY || parsed.kind == ICMPV4_ECHO_REQUEST) {
                assert_ptr_equal(parsed.data, message + ICMPV4_HEADER_BYTES);
                assert_int_equal(parsed.data_bytes, length - ICMPV4_HEADER_BYTES);
            } else {
                assert_null(parsed.data);
                assert_int_equal(parsed.data_bytes, 0);
            }
        }
        free(allocation);
    }
    for (i = 0; i < 4; i++)
        assert_in_range(kinds[i], 1000, SMOKE_ROUNDS); /* or the test tests nothing */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_built_request_has_every_field_and_the_right_checksum),
        cmocka_unit_test(test_a_built_request_of_any_length_parses_back),
        cmocka_unit_test(test_a_request_is_built_at_an_odd_address),
        cmocka_unit_test(test_no_request_is_built_where_no_header_fits),
        cmocka_unit_test(test_an_echo_reply_is_read_whatever_its_code),
        cmocka_unit_test(test_a_message_shorter_than_a_header_is_refused),
        cmocka_unit_test(test_a_reply_cut_off_anywhere_is_refused_for_its_checksum),
        cmocka_unit_test(test_a_wrong_checksum_is_refused_for_every_kind),
        cmocka_unit_test(test_a_message_of_nothing_but_zeros_has_no_checksum),
        cmocka_unit_test(test_an_error_tells_which_request_it_is_about),
        cmocka_unit_test(test_every_other_type_is_of_no_interest),
        cmocka_unit_test(test_an_error_is_read_as_soon_as_the_quoted_echo_header_is_whole),
        cmocka_unit_test(test_an_error_about_another_protocol_is_refused),
        cmocka_unit_test(test_an_error_about_another_type_than_an_echo_request_is_refused),
        cmocka_unit_test(test_an_error_about_an_echo_request_with_a_code_is_refused),
        cmocka_unit_test(test_an_error_about_a_later_fragment_is_refused),
        cmocka_unit_test(test_an_error_about_a_packet_of_another_ip_version_is_refused),
        cmocka_unit_test(test_a_quoted_header_length_that_lies_is_refused),
        cmocka_unit_test(test_what_routers_change_in_a_quote_does_not_matter),
        cmocka_unit_test(test_quoted_options_are_stepped_over),
        cmocka_unit_test(test_a_quoted_source_route_is_noticed),
        cmocka_unit_test(test_quoted_options_that_are_cut_off_are_refused),
        cmocka_unit_test(test_an_rfc_4884_extension_after_the_quote_is_tolerated),
        cmocka_unit_test(test_a_refused_message_leaves_the_result_alone),
        cmocka_unit_test(test_random_messages_lead_nowhere_outside),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
