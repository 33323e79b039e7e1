/*
 * What wire/icmpv6.h promises: echo requests as RFC 4443 wants them, and no message that lies gets through.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "wire/icmpv6.h"

#define SMOKE_ROUNDS 100000

/* Where things are in an error without quoted extension headers: the quoted header and the quoted echo
 * request. */
#define QUOTE      8
#define QUOTE_ICMP (QUOTE + 40)

#define IDENTIFIER 0xbeef
#define SEQUENCE   0x1234

/* A time exceeded about our request from 2001:db8::1 to 2001:db8:7::2, with 4 bytes of payload. */
static const uint8_t error_template[60] = {
    3,    0,    0xaa, 0xbb, 0,    0,    0,    0,                                    /* time exceeded */
    0x60, 0,    0,    0,    0,    12,   58,   1,                                    /* quoted header */
    0x20, 0x01, 0x0d, 0xb8, 0,    0,    0,    0,    0,   0,   0,   0,   0, 0, 0, 1, /* from */
    0x20, 0x01, 0x0d, 0xb8, 0,    7,    0,    0,    0,   0,   0,   0,   0, 0, 0, 2, /* to */
    128,  0,    0xcc, 0xdd, 0xbe, 0xef, 0x12, 0x34, 'a', 'b', 'c', 'd',             /* quoted echo request */
};

static const uint8_t reply_template[12] = {129, 0, 0xcc, 0xdd, 0xbe, 0xef, 0x12, 0x34, 'a', 'b', 'c', 'd'};

/* icmpv6_parse on a copy at an odd address, which ends where its memory ends, for the sanitizers. The
 * pointers then lead into `message`. */
static bool parse_exact(const uint8_t *message, size_t length_bytes, struct icmpv6_message *out)
{
    uint8_t *copy = malloc(1 + length_bytes);
    assert_non_null(copy);
    memcpy(copy + 1, message, length_bytes);
    bool parsed = icmpv6_parse(copy + 1, length_bytes, out);
    if (parsed && out->data != NULL)
        out->data = message + (out->data - (copy + 1));
    if (parsed && out->quoted_destination != NULL)
        out->quoted_destination = message + (out->quoted_destination - (copy + 1));
    free(copy);
    return parsed;
}

/* The error with one byte changed, parsed. */
static bool parse_error_with(size_t at, uint8_t value, struct icmpv6_message *out)
{
    uint8_t message[sizeof(error_template)];
    memcpy(message, error_template, sizeof(message));
    message[at] = value;
    bool parsed = parse_exact(message, sizeof(message), out);
    out->quoted_destination = NULL; /* led into what is gone */
    return parsed;
}

static void test_a_built_request_has_every_field_and_no_checksum(void **state)
{
    static const uint8_t expected[] = {128, 0, 0, 0, 0xbe, 0xef, 0x12, 0x34, 'a', 'b', 'c', 'd'};
    uint8_t message[12] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 'a', 'b', 'c', 'd'};

    (void)state;
    icmpv6_build_echo_request(message, sizeof(message), IDENTIFIER, SEQUENCE);
    assert_memory_equal(message, expected, sizeof(expected));
}

static void test_no_request_is_built_where_there_is_no_room(void **state)
{
    static const uint8_t untouched[8] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee};
    uint8_t message[8];

    (void)state;
    memcpy(message, untouched, sizeof(message));
    icmpv6_build_echo_request(message, ICMPV6_HEADER_BYTES - 1, IDENTIFIER, SEQUENCE);
    assert_memory_equal(message, untouched, sizeof(message));
}

static void test_a_reply_is_read(void **state)
{
    struct icmpv6_message message;

    (void)state;
    assert_true(parse_exact(reply_template, sizeof(reply_template), &message));
    assert_int_equal(message.kind, ICMPV6_KIND_ECHO_REPLY);
    assert_int_equal(message.type, 129);
    assert_int_equal(message.code, 0);
    assert_int_equal(message.identifier, IDENTIFIER);
    assert_int_equal(message.sequence, SEQUENCE);
    assert_ptr_equal(message.data, reply_template + 8);
    assert_int_equal(message.data_bytes, 4);
    assert_null(message.quoted_destination);
}

static void test_a_reply_without_data_is_read(void **state)
{
    struct icmpv6_message message;

    (void)state;
    assert_true(parse_exact(reply_template, ICMPV6_HEADER_BYTES, &message));
    assert_non_null(message.data);
    assert_int_equal(message.data_bytes, 0);
}

static void test_a_message_shorter_than_a_header_is_refused(void **state)
{
    struct icmpv6_message message;

    (void)state;
    for (size_t length = 0; length < ICMPV6_HEADER_BYTES; length++)
        assert_false(parse_exact(reply_template, length, &message));
}

static void test_an_error_tells_which_request_it_is_about(void **state)
{
    struct icmpv6_message message;

    (void)state;
    for (uint8_t type = 1; type <= 4; type++) {
        uint8_t bytes[sizeof(error_template)];
        memcpy(bytes, error_template, sizeof(bytes));
        bytes[0] = type;
        bytes[1] = 99;
        assert_true(parse_exact(bytes, sizeof(bytes), &message));
        assert_int_equal(message.kind, ICMPV6_KIND_ERROR);
        assert_int_equal(message.type, type);
        assert_int_equal(message.code, 99);
        assert_int_equal(message.identifier, IDENTIFIER);
        assert_int_equal(message.sequence, SEQUENCE);
        assert_ptr_equal(message.quoted_destination, bytes + QUOTE + 24);
        assert_null(message.data);
        assert_int_equal(message.data_bytes, 0);
    }
}

static void test_an_error_is_read_as_soon_as_the_quoted_echo_header_is_whole(void **state)
{
    struct icmpv6_message message;

    (void)state;
    for (size_t length = 0; length <= sizeof(error_template); length++)
        assert_int_equal(parse_exact(error_template, length, &message), length >= QUOTE_ICMP + 8);
}

static void test_an_error_about_a_request_behind_extension_headers_is_read(void **state)
{
    uint8_t bytes[sizeof(error_template) + 8];
    struct icmpv6_message message;

    (void)state;
    memcpy(bytes, error_template, QUOTE_ICMP);
    memset(bytes + QUOTE_ICMP, 0, 8);
    memcpy(bytes + QUOTE_ICMP + 8, error_template + QUOTE_ICMP, sizeof(error_template) - QUOTE_ICMP);
    bytes[QUOTE + 6] = 60; /* destination options */
    bytes[QUOTE_ICMP] = 58;
    assert_true(parse_exact(bytes, sizeof(bytes), &message));
    assert_int_equal(message.identifier, IDENTIFIER);
    assert_int_equal(message.sequence, SEQUENCE);
}

static void test_an_error_about_something_else_is_refused(void **state)
{
    struct icmpv6_message message;

    (void)state;
    assert_true(parse_error_with(QUOTE + 7, 0, &message));       /* nothing changed that matters */
    assert_false(parse_error_with(QUOTE, 0x40, &message));       /* another version */
    assert_false(parse_error_with(QUOTE + 6, 17, &message));     /* another protocol */
    assert_false(parse_error_with(QUOTE + 6, 1, &message));      /* ICMP for IPv4 */
    assert_false(parse_error_with(QUOTE_ICMP, 129, &message));   /* an echo reply */
    assert_false(parse_error_with(QUOTE_ICMP, 8, &message));     /* an echo request of IPv4 */
    assert_false(parse_error_with(QUOTE_ICMP + 1, 1, &message)); /* an echo request with a code */
}

static void test_an_error_about_a_later_fragment_is_refused(void **state)
{
    uint8_t bytes[sizeof(error_template) + 8];
    struct icmpv6_message message;

    (void)state;
    memcpy(bytes, error_template, QUOTE_ICMP);
    memset(bytes + QUOTE_ICMP, 0, 8);
    memcpy(bytes + QUOTE_ICMP + 8, error_template + QUOTE_ICMP, sizeof(error_template) - QUOTE_ICMP);
    bytes[QUOTE + 6] = 44;
    bytes[QUOTE_ICMP] = 58;
    assert_true(parse_exact(bytes, sizeof(bytes), &message));
    bytes[QUOTE_ICMP + 3] = 8; /* offset 1 */
    assert_false(parse_exact(bytes, sizeof(bytes), &message));
}

static void test_other_types_are_of_no_interest(void **state)
{
    uint8_t bytes[sizeof(reply_template)];

    (void)state;
    memcpy(bytes, reply_template, sizeof(bytes));
    for (unsigned int type = 0; type <= 255; type++) {
        struct icmpv6_message message;
        if ((type >= 1 && type <= 4) || type == 129)
            continue;
        bytes[0] = (uint8_t)type;
        assert_true(parse_exact(bytes, sizeof(bytes), &message));
        assert_int_equal(message.kind, ICMPV6_KIND_OTHER);
        assert_int_equal(message.type, type);
    }
}

static void test_a_request_that_comes_back_is_read_from_its_header_on(void **state)
{
    const uint8_t *request = error_template + QUOTE_ICMP;
    uint16_t identifier = 0;
    uint16_t sequence = 0;

    (void)state;
    for (size_t length = 0; length < ICMPV6_HEADER_BYTES; length++)
        assert_false(icmpv6_parse_echo_request(request, length, &identifier, &sequence));
    assert_false(icmpv6_parse_echo_request(reply_template, sizeof(reply_template), &identifier, &sequence));
    assert_int_equal(identifier, 0);
    assert_true(icmpv6_parse_echo_request(request, ICMPV6_HEADER_BYTES, &identifier, &sequence));
    assert_int_equal(identifier, IDENTIFIER);
    assert_int_equal(sequence, SEQUENCE);
}

static void test_garbage_never_leads_outside(void **state)
{
    uint64_t random = 1;

    (void)state;
    for (int round = 0; round < SMOKE_ROUNDS; round++) {
        uint8_t bytes[sizeof(error_template)];
        struct icmpv6_message message;
        memcpy(bytes, error_template, sizeof(bytes));
        for (int changes = 0; changes < 4; changes++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[(random >> 32) % sizeof(bytes)] = (uint8_t)(random >> 56);
        }
        parse_exact(bytes, (size_t)(random >> 40) % (sizeof(bytes) + 1), &message);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_built_request_has_every_field_and_no_checksum),
        cmocka_unit_test(test_no_request_is_built_where_there_is_no_room),
        cmocka_unit_test(test_a_reply_is_read),
        cmocka_unit_test(test_a_reply_without_data_is_read),
        cmocka_unit_test(test_a_message_shorter_than_a_header_is_refused),
        cmocka_unit_test(test_an_error_tells_which_request_it_is_about),
        cmocka_unit_test(test_an_error_is_read_as_soon_as_the_quoted_echo_header_is_whole),
        cmocka_unit_test(test_an_error_about_a_request_behind_extension_headers_is_read),
        cmocka_unit_test(test_an_error_about_something_else_is_refused),
        cmocka_unit_test(test_an_error_about_a_later_fragment_is_refused),
        cmocka_unit_test(test_other_types_are_of_no_interest),
        cmocka_unit_test(test_a_request_that_comes_back_is_read_from_its_header_on),
        cmocka_unit_test(test_garbage_never_leads_outside),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
