/*
 * What wire/ipv4_options.h promises, above all about options that lie.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>
#include <string.h>

#include "wire/ipv4.h"
#include "wire/ipv4_options.h"

#define SMOKE_ROUNDS 100000

/* Option types (RFC 791 section 3.1; router alert: RFC 2113), as numbers of their own, not the code's. */
#define EOL  0
#define NOP  1
#define RR   7
#define TS   0x44
#define LSRR 0x83
#define SSRR 0x89
#define RA   0x94

/* Room for one option of any length that the length octet can say. */
#define ROOM 256

/* ipv4_options_check on a copy at an odd address that ends where its memory ends, for the sanitizers. */
static enum ipv4_options_fault check(const uint8_t *options, size_t length_bytes)
{
    uint8_t *copy = malloc(1 + length_bytes);
    enum ipv4_options_fault fault;

    assert_non_null(copy);
    memcpy(copy + 1, options, length_bytes);
    fault = ipv4_options_check(copy + 1, length_bytes);
    free(copy);
    return fault;
}

/* ipv4_options_have_source_route, likewise. */
static bool have_source_route(const uint8_t *options, size_t length_bytes)
{
    uint8_t *copy = malloc(1 + length_bytes);
    bool have;

    assert_non_null(copy);
    memcpy(copy + 1, options, length_bytes);
    have = ipv4_options_have_source_route(copy + 1, length_bytes);
    free(copy);
    return have;
}

/* The verdict on bytes written out in the call. */
#define CHECK(...) check((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define HAVE_SOURCE_ROUTE(...)                                                                               \
    have_source_route((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* The verdict on one option of `length` octets, zero but for type, length, pointer and the octet after it. */
static enum ipv4_options_fault check_one(uint8_t type, size_t length, size_t pointer,
                                         uint8_t overflow_and_flag)
{
    uint8_t option[ROOM] = {0};

    option[0] = type;
    option[1] = (uint8_t)length;
    option[2] = (uint8_t)pointer;
    if (type == TS)
        option[3] = overflow_and_flag;
    return check(option, length);
}

/* A generator whose sequence is the same everywhere, so that a failure can be repeated. */
static uint64_t random_state;

static uint32_t random_next(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33);
}

static void test_no_options_are_fine(void **state)
{
    (void)state;
    assert_int_equal(ipv4_options_check(NULL, 0), IPV4_OPTIONS_OK);
    assert_false(ipv4_options_have_source_route(NULL, 0));
}

static void test_the_record_route_that_ping_r_sends_is_fine(void **state)
{
    unsigned int hops;

    (void)state;
    for (hops = 1; hops <= 9; hops++)
        assert_int_equal(check_one(RR, 3 + 4 * hops, 4, 0), IPV4_OPTIONS_OK);
}

static void test_the_timestamps_that_ping_s_sends_are_fine(void **state)
{
    unsigned int hops;

    (void)state;
    for (hops = 1; hops <= 4; hops++)
        assert_int_equal(check_one(TS, 4 + 8 * hops, 5, 1), IPV4_OPTIONS_OK);
    assert_int_equal(check_one(TS, 40, 5, 0), IPV4_OPTIONS_OK);
    assert_int_equal(check_one(TS, 36, 5, 3), IPV4_OPTIONS_OK);
}

static void test_source_routes_of_whole_addresses_are_fine(void **state)
{
    unsigned int hops;

    (void)state;
    for (hops = 1; hops <= 9; hops++) {
        assert_int_equal(check_one(LSRR, 3 + 4 * hops, 4, 0), IPV4_OPTIONS_OK);
        assert_int_equal(check_one(SSRR, 3 + 4 * hops, 4, 0), IPV4_OPTIONS_OK);
    }
}

static void test_options_of_41_bytes_are_too_big_whatever_they_say(void **state)
{
    uint8_t options[ROOM];
    size_t length;

    (void)state;
    memset(options, NOP, sizeof(options));
    assert_int_equal(check(options, 40), IPV4_OPTIONS_OK);
    for (length = 41; length <= 255; length++)
        assert_int_equal(check(options, length), IPV4_OPTIONS_TOO_BIG);
    options[0] = RR;
    options[1] = 0;
    assert_int_equal(check(options, 41), IPV4_OPTIONS_TOO_BIG);
    assert_int_equal(check(options, 40), IPV4_OPTIONS_MALFORMED);
}

static void test_a_length_octet_of_0_or_1_is_malformed(void **state)
{
    unsigned int type;

    (void)state;
    for (type = 2; type <= 255; type++) {
        assert_int_equal(CHECK((uint8_t)type, 0, 4, 0), IPV4_OPTIONS_MALFORMED);
        assert_int_equal(CHECK((uint8_t)type, 1, 4, 0), IPV4_OPTIONS_MALFORMED);
    }
}

static void test_a_missing_length_octet_is_malformed(void **state)
{
    unsigned int type;

    (void)state;
    for (type = 2; type <= 255; type++) {
        assert_int_equal(CHECK((uint8_t)type), IPV4_OPTIONS_MALFORMED);
        assert_int_equal(CHECK(NOP, (uint8_t)type), IPV4_OPTIONS_MALFORMED);
    }
}

static void test_a_length_beyond_the_end_is_malformed(void **state)
{
    unsigned int length;

    (void)state;
    for (length = 5; length <= 255; length++) {
        assert_int_equal(CHECK(RA, (uint8_t)length, 0, 0), IPV4_OPTIONS_MALFORMED);
        assert_int_equal(CHECK(NOP, RA, (uint8_t)(length - 1), 0), IPV4_OPTIONS_MALFORMED);
    }
}

static void test_unknown_options_with_an_honest_length_are_fine(void **state)
{
    (void)state;
    assert_int_equal(CHECK(RA, 4, 0, 0), IPV4_OPTIONS_OK);
    assert_int_equal(CHECK(0x55, 2), IPV4_OPTIONS_OK);
    assert_int_equal(CHECK(0xff, 3, 0xff, NOP), IPV4_OPTIONS_OK);
    assert_int_equal(CHECK(RA, 4, 0, 0, RA, 4, 0, 0), IPV4_OPTIONS_OK);
}

static void test_padding_after_the_end_of_the_list_is_not_read(void **state)
{
    (void)state;
    assert_int_equal(CHECK(EOL), IPV4_OPTIONS_OK);
    assert_int_equal(CHECK(EOL, RR, 0, 0), IPV4_OPTIONS_OK);
    assert_int_equal(CHECK(NOP, EOL, 0xff), IPV4_OPTIONS_OK);
    assert_int_equal(CHECK(RR, 7, 4, 0, 0, 0, 0, EOL, LSRR), IPV4_OPTIONS_OK);
}

static void test_an_option_after_others_is_checked_too(void **state)
{
    (void)state;
    assert_int_equal(CHECK(NOP, NOP, RA, 4, 0, 0, RR, 7, 4, 0, 0, 0, 0), IPV4_OPTIONS_OK);
    assert_int_equal(CHECK(NOP, NOP, RA, 4, 0, 0, RR, 7, 3, 0, 0, 0, 0), IPV4_OPTIONS_MALFORMED);
}

static void test_a_route_too_short_for_its_pointer_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(CHECK(RR, 2), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(LSRR, 2), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(SSRR, 2), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(RR, 2, 4, NOP), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(RR, 3, 4), IPV4_OPTIONS_OK); /* no room, but honest about it */
}

static void test_a_route_pointer_leads_to_room_for_an_address_or_just_past_the_end(void **state)
{
    static const uint8_t types[] = {RR, LSRR, SSRR};
    size_t pointer;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(types); i++) {
        for (pointer = 0; pointer <= 255; pointer++) {
            /* 11 octets: addresses at 4 and 8, the end at 12. */
            bool sane = (pointer >= 4 && pointer <= 8) || pointer == 12;

            assert_int_equal(check_one(types[i], 11, pointer, 0),
                             sane ? IPV4_OPTIONS_OK : IPV4_OPTIONS_MALFORMED);
        }
    }
}

static void test_a_source_route_of_broken_addresses_is_malformed(void **state)
{
    size_t length;

    (void)state;
    for (length = 7; length <= 40; length++) {
        enum ipv4_options_fault expected = (length - 3) % 4 == 0 ? IPV4_OPTIONS_OK : IPV4_OPTIONS_MALFORMED;

        assert_int_equal(check_one(LSRR, length, 4, 0), expected);
        assert_int_equal(check_one(SSRR, length, 4, 0), expected);
        assert_int_equal(check_one(RR, length, 4, 0), IPV4_OPTIONS_OK);
    }
}

static void test_a_timestamp_too_short_for_its_flag_is_malformed(void **state)
{
    (void)state;
    assert_int_equal(CHECK(TS, 2), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(TS, 3, 5), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(TS, 3, 4), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(TS, 4, 5, 0), IPV4_OPTIONS_OK); /* no room, but honest about it */
}

static void test_a_timestamp_pointer_leads_to_room_for_an_entry_or_just_past_the_end(void **state)
{
    size_t pointer;

    (void)state;
    for (pointer = 0; pointer <= 255; pointer++) {
        /* 20 octets: room begins at 5, the end is at 21. */
        bool room_for_4 = (pointer >= 5 && pointer <= 17) || pointer == 21;
        bool room_for_8 = (pointer >= 5 && pointer <= 13) || pointer == 21;

        assert_int_equal(check_one(TS, 20, pointer, 0),
                         room_for_4 ? IPV4_OPTIONS_OK : IPV4_OPTIONS_MALFORMED);
        assert_int_equal(check_one(TS, 20, pointer, 1),
                         room_for_8 ? IPV4_OPTIONS_OK : IPV4_OPTIONS_MALFORMED);
        assert_int_equal(check_one(TS, 20, pointer, 3),
                         room_for_8 ? IPV4_OPTIONS_OK : IPV4_OPTIONS_MALFORMED);
    }
}

static void test_a_timestamp_has_flag_0_1_or_3_and_any_overflow_count(void **state)
{
    unsigned int octet;

    (void)state;
    for (octet = 0; octet <= 255; octet++) {
        unsigned int flag = octet % 16;
        bool sane = flag == 0 || flag == 1 || flag == 3;

        assert_int_equal(check_one(TS, 36, 5, (uint8_t)octet),
                         sane ? IPV4_OPTIONS_OK : IPV4_OPTIONS_MALFORMED);
    }
}

static void test_routes_and_timestamps_appear_once(void **state)
{
    (void)state;
    assert_int_equal(CHECK(RR, 3, 4, RR, 3, 4), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(TS, 4, 5, 0, NOP, TS, 4, 5, 0), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(LSRR, 3, 4, LSRR, 3, 4), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(SSRR, 3, 4, SSRR, 3, 4), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(LSRR, 3, 4, SSRR, 3, 4), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(SSRR, 3, 4, LSRR, 3, 4), IPV4_OPTIONS_MALFORMED);
    assert_int_equal(CHECK(RR, 3, 4, LSRR, 3, 4, TS, 4, 5, 0), IPV4_OPTIONS_OK);
}

static void test_a_source_route_is_found_wherever_it_is(void **state)
{
    (void)state;
    assert_true(HAVE_SOURCE_ROUTE(LSRR, 7, 4, 1, 2, 3, 4));
    assert_true(HAVE_SOURCE_ROUTE(SSRR, 7, 4, 1, 2, 3, 4));
    assert_true(HAVE_SOURCE_ROUTE(NOP, LSRR, 3, 4));
    assert_true(HAVE_SOURCE_ROUTE(RR, 7, 4, 0, 0, 0, 0, NOP, SSRR, 3, 4));
    assert_true(HAVE_SOURCE_ROUTE(LSRR, 2, LSRR, 3, 4));
}

static void test_other_options_are_no_source_route(void **state)
{
    unsigned int type;

    (void)state;
    for (type = 0; type <= 255; type++)
        assert_int_equal(HAVE_SOURCE_ROUTE((uint8_t)type, 4, 4, 0), type == LSRR || type == SSRR);
    /* Their numbers inside of another option, and after the end of the list. */
    assert_false(HAVE_SOURCE_ROUTE(RA, 4, LSRR, 3));
    assert_false(HAVE_SOURCE_ROUTE(EOL, LSRR, 3, 4));
}

static void test_a_source_route_that_lies_does_not_count(void **state)
{
    (void)state;
    assert_false(HAVE_SOURCE_ROUTE(LSRR));
    assert_false(HAVE_SOURCE_ROUTE(LSRR, 0, 4, 0));
    assert_false(HAVE_SOURCE_ROUTE(LSRR, 1, 4, 0));
    assert_false(HAVE_SOURCE_ROUTE(LSRR, 2));
    assert_false(HAVE_SOURCE_ROUTE(LSRR, 5, 4, 0));
    assert_false(HAVE_SOURCE_ROUTE(SSRR, 255, 4, 0));
}

static void test_nothing_behind_an_option_that_lies_is_read(void **state)
{
    (void)state;
    assert_false(HAVE_SOURCE_ROUTE(RA, 0, LSRR, 3, 4));
    assert_false(HAVE_SOURCE_ROUTE(RA, 1, LSRR, 3, 4));
    assert_false(HAVE_SOURCE_ROUTE(RA, 200, LSRR, 3, 4));
}

static void test_random_options_are_never_read_beyond_their_end(void **state)
{
    static const uint8_t types[] = {EOL, NOP, RR, TS, LSRR, SSRR, RA, 0x30};
    unsigned int verdicts[3] = {0};
    unsigned int round;

    (void)state;
    random_state = 5;
    for (round = 0; round < SMOKE_ROUNDS; round++) {
        uint8_t noise[44];
        size_t length = random_next() % (sizeof(noise) + 1);
        size_t i;

        for (i = 0; i < sizeof(noise); i++) {
            noise[i] = (uint8_t)random_next();
            if (noise[i] & 0x80) /* near enough to the truth that some get through */
                noise[i] = (noise[i] & 0x40) ? types[noise[i] % 8] : noise[i] % 12;
        }
        verdicts[check(noise, length)]++;
        have_source_route(noise, length);
    }
    for (round = 0; round < 3; round++)
        assert_in_range(verdicts[round], 1000, SMOKE_ROUNDS); /* or the test tests nothing */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_options_are_fine),
        cmocka_unit_test(test_the_record_route_that_ping_r_sends_is_fine),
        cmocka_unit_test(test_the_timestamps_that_ping_s_sends_are_fine),
        cmocka_unit_test(test_source_routes_of_whole_addresses_are_fine),
        cmocka_unit_test(test_options_of_41_bytes_are_too_big_whatever_they_say),
        cmocka_unit_test(test_a_length_octet_of_0_or_1_is_malformed),
        cmocka_unit_test(test_a_missing_length_octet_is_malformed),
        cmocka_unit_test(test_a_length_beyond_the_end_is_malformed),
        cmocka_unit_test(test_unknown_options_with_an_honest_length_are_fine),
        cmocka_unit_test(test_padding_after_the_end_of_the_list_is_not_read),
        cmocka_unit_test(test_an_option_after_others_is_checked_too),
        cmocka_unit_test(test_a_route_too_short_for_its_pointer_is_malformed),
        cmocka_unit_test(test_a_route_pointer_leads_to_room_for_an_address_or_just_past_the_end),
        cmocka_unit_test(test_a_source_route_of_broken_addresses_is_malformed),
        cmocka_unit_test(test_a_timestamp_too_short_for_its_flag_is_malformed),
        cmocka_unit_test(test_a_timestamp_pointer_leads_to_room_for_an_entry_or_just_past_the_end),
        cmocka_unit_test(test_a_timestamp_has_flag_0_1_or_3_and_any_overflow_count),
        cmocka_unit_test(test_routes_and_timestamps_appear_once),
        cmocka_unit_test(test_a_source_route_is_found_wherever_it_is),
        cmocka_unit_test(test_other_options_are_no_source_route),
        cmocka_unit_test(test_a_source_route_that_lies_does_not_count),
        cmocka_unit_test(test_nothing_behind_an_option_that_lies_is_read),
        cmocka_unit_test(test_random_options_are_never_read_beyond_their_end),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
