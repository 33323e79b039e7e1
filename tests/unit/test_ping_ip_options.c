/* The IP options of samples/ping: the bytes that are sent, and what is shown of those that come back. */
#include "support/cmocka_main.h"

#include "../../samples/ping/ip_options.h"

#include <stdlib.h>

static void assert_builds(const struct ping_options *options, const uint32_t *route_be,
                          const uint8_t *expected, size_t expected_bytes)
{
    uint8_t bytes[IP_OPTIONS_BYTES];
    memset(bytes, 0xaa, sizeof(bytes));
    assert_int_equal(ip_options_build(bytes, options, route_be), expected_bytes);
    assert_memory_equal(bytes, expected, expected_bytes);
}

/* The bytes lie at the end of memory of their own, so that AddressSanitizer sees a read beyond them. */
static void assert_prints(const uint8_t *bytes, size_t size, const char *expected)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    char bytes_out[512];
    struct text out = text_in(bytes_out, sizeof(bytes_out));

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    ip_options_add(&out, copy, size);
    free(copy);
    assert_string_equal(out.bytes, expected);
}

static void test_nothing_asked_builds_nothing(void **state)
{
    (void)state;
    assert_builds(&(struct ping_options){.count = 0}, NULL, (const uint8_t *)"", 0);
}

static void test_record_route_has_room_for_its_addresses_and_is_padded(void **state)
{
    static const uint8_t expected[12] = {7, 11, 4};
    (void)state;
    assert_builds(&(struct ping_options){.record_routes = 2}, NULL, expected, sizeof(expected));
}

static void test_nine_recorded_routes_fill_the_header(void **state)
{
    static const uint8_t expected[40] = {7, 39, 4};
    (void)state;
    assert_builds(&(struct ping_options){.record_routes = 9}, NULL, expected, sizeof(expected));
}

static void test_timestamps_ask_for_addresses_too(void **state)
{
    static const uint8_t expected[20] = {0x44, 20, 5, 1};
    (void)state;
    assert_builds(&(struct ping_options){.timestamps = 2}, NULL, expected, sizeof(expected));
}

static void test_source_routes_hold_the_hops_and_the_target(void **state)
{
    static const uint8_t hops[8] = {10, 0, 0, 1, 10, 0, 0, 9};
    uint8_t expected[12] = {0x83, 11, 4, 10, 0, 0, 1, 10, 0, 0, 9};
    uint32_t route_be[2];
    (void)state;
    memcpy(route_be, hops, sizeof(hops));
    assert_builds(&(struct ping_options){.route.hop_count = 1}, route_be, expected, sizeof(expected));
    expected[0] = 0x89;
    assert_builds(&(struct ping_options){.route.hop_count = 1, .route.strict = true}, route_be, expected,
                  sizeof(expected));
}

static void test_options_follow_each_other(void **state)
{
    static const uint8_t expected[20] = {7, 7, 4, 0, 0, 0, 0, 0x44, 12, 5, 1};
    (void)state;
    assert_builds(&(struct ping_options){.record_routes = 1, .timestamps = 1}, NULL, expected,
                  sizeof(expected));
}

static void test_recorded_route_prints_one_address_a_line(void **state)
{
    static const uint8_t reply[] = {7, 15, 12, 10, 0, 0, 1, 192, 168, 255, 9, 0, 0, 0, 0, 0};
    (void)state;
    assert_prints(reply, sizeof(reply), "    Route: 10.0.0.1 ->\n           192.168.255.9\n");
}

static void test_source_route_prints_as_a_route(void **state)
{
    static const uint8_t loose[] = {0x83, 7, 8, 10, 0, 0, 1, 0};
    static const uint8_t strict[] = {1, 0x89, 7, 8, 10, 0, 0, 1};
    (void)state;
    assert_prints(loose, sizeof(loose), "    Route: 10.0.0.1\n");
    assert_prints(strict, sizeof(strict), "    Route: 10.0.0.1\n");
}

static void test_timestamps_print_address_and_time(void **state)
{
    static const uint8_t reply[] = {0x44, 28, 21,  0x11, 10,  0,   0, 1, 0, 0, 1, 0, 10, 0,
                                    0,    2,  255, 255,  255, 255, 0, 0, 0, 0, 0, 0, 0,  0};
    (void)state;
    assert_prints(reply, sizeof(reply),
                  "    Timestamp: 10.0.0.1 : 256 ->\n               10.0.0.2 : 4294967295\n");
}

static void test_full_option_prints_all_its_entries(void **state)
{
    static const uint8_t reply[] = {7, 7, 8, 1, 2, 3, 4};
    (void)state;
    assert_prints(reply, sizeof(reply), "    Route: 1.2.3.4\n");
}

static void test_route_that_nobody_filled_prints_nothing(void **state)
{
    static const uint8_t reply[] = {7, 7, 4, 1, 2, 3, 4};
    (void)state;
    assert_prints(reply, sizeof(reply), "");
}

static void test_unknown_options_are_skipped(void **state)
{
    static const uint8_t reply[] = {0x94, 4, 0, 0, 1, 7, 7, 8, 1, 2, 3, 4};
    (void)state;
    assert_prints(reply, sizeof(reply), "    Route: 1.2.3.4\n");
}

static void test_nothing_is_read_behind_the_end_of_options(void **state)
{
    static const uint8_t reply[] = {0, 3, 0, 7, 7, 8, 1, 2, 3, 4};
    (void)state;
    assert_prints(reply, sizeof(reply), "");
    assert_prints(reply, 0, "");
}

static void test_lengths_and_pointers_that_lie_do_no_harm(void **state)
{
    static const uint8_t longer_than_the_rest[] = {7, 11, 12, 1, 2, 3, 4};
    static const uint8_t length_zero[] = {7, 0, 8, 1, 2, 3, 4};
    static const uint8_t length_below_the_head[] = {0x94, 2, 7, 7, 8, 1, 2, 3, 4};
    static const uint8_t length_alone[] = {0x44, 3, 5};
    static const uint8_t cut[] = {7, 7};
    static const uint8_t pointer_zero[] = {7, 7, 0, 1, 2, 3, 4};
    static const uint8_t pointer_beyond[] = {7, 7, 255, 1, 2, 3, 4};
    (void)state;
    assert_prints(longer_than_the_rest, sizeof(longer_than_the_rest), "");
    assert_prints(length_zero, sizeof(length_zero), "");
    assert_prints(length_below_the_head, sizeof(length_below_the_head), "");
    assert_prints(length_alone, sizeof(length_alone), "");
    assert_prints(cut, sizeof(cut), "");
    assert_prints(pointer_zero, sizeof(pointer_zero), "");
    assert_prints(pointer_beyond, sizeof(pointer_beyond), "    Route: 1.2.3.4\n");
}

static void test_random_bytes_do_no_harm(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        static const uint8_t types[] = {0, 1, 7, 0x44, 0x83, 0x89};
        size_t size = (size_t)(rand() % (IP_OPTIONS_BYTES + 1));
        uint8_t *bytes = malloc(size > 0 ? size : 1);
        assert_non_null(bytes);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(rand() % 2 ? rand() : types[rand() % 6] + rand() % 2 * 4);
        char shown[512];
        struct text out = text_in(shown, sizeof(shown));
        ip_options_add(&out, bytes, size);
        free(bytes);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_asked_builds_nothing),
        cmocka_unit_test(test_record_route_has_room_for_its_addresses_and_is_padded),
        cmocka_unit_test(test_nine_recorded_routes_fill_the_header),
        cmocka_unit_test(test_timestamps_ask_for_addresses_too),
        cmocka_unit_test(test_source_routes_hold_the_hops_and_the_target),
        cmocka_unit_test(test_options_follow_each_other),
        cmocka_unit_test(test_recorded_route_prints_one_address_a_line),
        cmocka_unit_test(test_source_route_prints_as_a_route),
        cmocka_unit_test(test_timestamps_print_address_and_time),
        cmocka_unit_test(test_full_option_prints_all_its_entries),
        cmocka_unit_test(test_route_that_nobody_filled_prints_nothing),
        cmocka_unit_test(test_unknown_options_are_skipped),
        cmocka_unit_test(test_nothing_is_read_behind_the_end_of_options),
        cmocka_unit_test(test_lengths_and_pointers_that_lie_do_no_harm),
        cmocka_unit_test(test_random_bytes_do_no_harm),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
