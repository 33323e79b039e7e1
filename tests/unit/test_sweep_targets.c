/* The targets of samples/sweep: what a text stands for, and that every address comes once and in order. */
#include "support/cmocka_main.h"

#include "../../samples/sweep/targets.h"

#include <stdlib.h>

static struct targets targets;
static char message[256];

static int teardown(void **state)
{
    (void)state;
    targets_free(&targets);
    message[0] = '\0';
    return 0;
}

static void add(const char *text)
{
    enum targets_result result = targets_add(&targets, text, message, sizeof(message));
    assert_string_equal(message, "");
    assert_int_equal(result, TARGETS_OK);
}

static void assert_refused(const char *text, const char *why)
{
    message[0] = '\0';
    assert_int_equal(targets_add(&targets, text, message, sizeof(message)), TARGETS_INVALID);
    assert_string_equal(message, why);
}

/* Compares all targets, separated by spaces, with what is expected; forgets them. */
static void assert_targets(const char *expected)
{
    static char all[4096];
    struct target_cursor cursor = {0};
    struct ip_number address;
    uint64_t count = 0;
    all[0] = '\0';
    targets_sort(&targets);
    while (targets_next(&targets, &cursor, &address) && strlen(all) < sizeof(all) - 100) {
        char text[IP_NUMBER_TEXT_BYTES];
        ip_number_format(&address, text);
        strcat(strcat(all, all[0] != '\0' ? " " : ""), text);
        count++;
    }
    assert_string_equal(all, expected);
    assert_true(targets_count(&targets) == count);
    targets_free(&targets);
}

static void test_no_targets_are_none(void **state)
{
    (void)state;
    assert_targets("");
}

static void test_an_address_is_one_target(void **state)
{
    (void)state;
    add("192.0.2.1");
    add("fe80::1%2");
    assert_targets("192.0.2.1 fe80::1%2");
}

static void test_an_ipv4_network_is_its_hosts(void **state)
{
    (void)state;
    add("192.0.2.0/29");
    assert_targets("192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6");
    add("192.0.2.77/30"); /* as the network that the address is in */
    assert_targets("192.0.2.77 192.0.2.78");
    add("192.0.2.2/31"); /* RFC 3021: both are hosts */
    assert_targets("192.0.2.2 192.0.2.3");
    add("192.0.2.2/32");
    assert_targets("192.0.2.2");
}

static void test_an_ipv6_network_is_all_its_addresses(void **state)
{
    (void)state;
    add("2001:db8::f/126");
    assert_targets("2001:db8::c 2001:db8::d 2001:db8::e 2001:db8::f");
    add("::1/128");
    assert_targets("::1");
}

static void test_a_range_has_both_ends(void **state)
{
    (void)state;
    add("192.0.2.254-192.0.3.1");
    assert_targets("192.0.2.254 192.0.2.255 192.0.3.0 192.0.3.1");
    add("192.0.2.7-9");
    assert_targets("192.0.2.7 192.0.2.8 192.0.2.9");
    add("2001:db8::ffff:ffff:ffff:ffff-2001:db8:0:1::");
    assert_targets("2001:db8::ffff:ffff:ffff:ffff 2001:db8:0:1::");
    add("fe80::1%3-fe80::2");
    assert_targets("fe80::1%3 fe80::2%3");
    add("255.255.255.254-255.255.255.255");
    assert_targets("255.255.255.254 255.255.255.255");
}

static void test_overlapping_targets_come_once_and_in_order(void **state)
{
    (void)state;
    add("::1");
    add("192.0.2.4-192.0.2.9");
    add("192.0.2.1-192.0.2.3");
    add("192.0.2.2-192.0.2.6");
    add("192.0.2.5");
    add("::1");
    add("192.0.2.11");
    add("::1%1");
    assert_targets(
        "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 192.0.2.9 "
        "192.0.2.11 ::1 ::1%1");
}

static void test_the_last_addresses_of_both_families_are_not_joined(void **state)
{
    (void)state;
    add("255.255.255.255");
    add("::");
    add("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    add("::%1");
    assert_targets("255.255.255.255 :: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ::%1");
}

static void test_a_shuffled_network_becomes_one_range(void **state)
{
    (void)state;
    char text[32];
    for (unsigned i = 0; i < 4096; i++) {
        unsigned host = i * 2731 % 4096; /* each once, in no order */
        snprintf(text, sizeof(text), "10.1.%u.%u", host / 256, host % 256);
        add(text);
    }
    targets_sort(&targets);
    assert_int_equal(targets.range_count, 1);
    assert_true(targets_count(&targets) == 4096);
}

static void test_ascending_addresses_take_no_memory_each(void **state)
{
    (void)state;
    char text[32];
    for (unsigned i = 0; i < 4096; i++) {
        snprintf(text, sizeof(text), "10.1.%u.%u", i / 256, i % 256);
        add(text);
    }
    assert_int_equal(targets.range_count, 1);
}

static void test_the_largest_networks_are_counted_and_begun(void **state)
{
    (void)state;
    struct target_cursor cursor = {0};
    struct ip_number address;
    add("10.0.0.0/0");
    targets_sort(&targets);
    assert_true(targets_count(&targets) == UINT64_C(0xfffffffe));
    add("::/0");
    targets_sort(&targets);
    assert_true(targets_count(&targets) == UINT64_MAX);
    for (int i = 0; i < 1000; i++)
        assert_true(targets_next(&targets, &cursor, &address));
    assert_true(address.low == 1000);

    targets_free(&targets);
    add("2001:db8::/64"); /* one more than UINT64_MAX */
    targets_sort(&targets);
    assert_true(targets_count(&targets) == UINT64_MAX);
}

static void test_the_cursor_crosses_the_halves_of_an_ipv6_address(void **state)
{
    (void)state;
    struct ip_number address;
    add("::/0");
    targets_sort(&targets);
    struct target_cursor cursor = {.offset_low = UINT64_MAX};
    assert_true(targets_next(&targets, &cursor, &address));
    assert_true(address.high == 0 && address.low == UINT64_MAX);
    assert_true(targets_next(&targets, &cursor, &address));
    assert_true(address.high == 1 && address.low == 0);
    cursor = (struct target_cursor){.offset_high = UINT64_MAX, .offset_low = UINT64_MAX};
    assert_true(targets_next(&targets, &cursor, &address));
    assert_true(address.high == UINT64_MAX && address.low == UINT64_MAX);
    assert_false(targets_next(&targets, &cursor, &address));
    assert_false(targets_next(&targets, &cursor, &address));
}

static void test_names_are_handed_back(void **state)
{
    (void)state;
    const char *names[] = {"localhost",
                           "www.example.org",
                           "www.example.org.",
                           "10-0-0-1.example",
                           "a-b",
                           "7up.example",
                           "_service.local",
                           "b\xc3\xbc"
                           "cher.example",
                           "10.0.0.1-last"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (targets_add(&targets, names[i], message, sizeof(message)) != TARGETS_NAME)
            fail_msg("%s is no name: %s", names[i], message);
    }
    assert_targets("");
}

static void test_the_name_of_an_address_is_remembered(void **state)
{
    (void)state;
    struct ip_number one;
    struct ip_number two;
    struct ip_number other;
    assert_true(ip_number_parse(&one, "192.0.2.1") && ip_number_parse(&two, "192.0.2.2") &&
                ip_number_parse(&other, "192.0.2.3"));
    assert_true(targets_add_named(&targets, &two, "two.example"));
    assert_true(targets_add_named(&targets, &two, "second.example"));
    assert_true(targets_add_named(&targets, &one, "one.example"));
    add("192.0.2.1");
    add("192.0.2.3");
    targets_sort(&targets);
    assert_string_equal(targets_name(&targets, &one), "one.example");
    assert_string_equal(targets_name(&targets, &two), "second.example");
    assert_null(targets_name(&targets, &other));
    assert_targets("192.0.2.1 192.0.2.2 192.0.2.3");
}

static void test_what_is_no_target_is_refused_with_a_reason(void **state)
{
    (void)state;
    assert_refused("", "\"\" is not an address, a network, a range or a name");
    assert_refused("192.0.2.256", "\"192.0.2.256\" is not an address, a network, a range or a name");
    assert_refused("192.0.2", "\"192.0.2\" is not an address, a network, a range or a name");
    assert_refused("::g", "\"::g\" is not an address, a network, a range or a name");
    assert_refused("two words", "\"two words\" is not an address, a network, a range or a name");
    assert_refused("a,b", "\"a,b\" is not an address, a network, a range or a name");
    assert_refused("192.0.2.0/33", "the prefix length \"33\" is not a number from 0 to 32");
    assert_refused("192.0.2.0/", "the prefix length \"\" is not a number from 0 to 32");
    assert_refused("192.0.2.0/-1", "the prefix length \"-1\" is not a number from 0 to 32");
    assert_refused("192.0.2.0/8/8", "the prefix length \"8/8\" is not a number from 0 to 32");
    assert_refused("192.0.2.0/255.255.255.0",
                   "the prefix length \"255.255.255.0\" is not a number from 0 to 32");
    assert_refused("::/129", "the prefix length \"129\" is not a number from 0 to 128");
    assert_refused("host/24", "\"host\" before the / is not an address");
    assert_refused("192.0.2.9-192.0.2.1", "192.0.2.9 comes behind 192.0.2.1");
    assert_refused("192.0.2.9-1", "192.0.2.9 comes behind 1");
    assert_refused("192.0.2.9-256", "\"256\" behind the - is not an address");
    assert_refused("192.0.2.9-", "\"\" behind the - is not an address");
    assert_refused("192.0.2.9-::1", "192.0.2.9 and ::1 are of different families");
    assert_refused("fe80::1%1-fe80::2%2", "fe80::1%1 and fe80::2%2 are on different links");
    assert_targets("");
}

static void test_an_overlong_text_is_refused(void **state)
{
    (void)state;
    static char text[100000];
    memset(text, 'a', sizeof(text) - 1);
    assert_int_equal(targets_add(&targets, text, message, sizeof(message)), TARGETS_INVALID);
    memset(text, '1', sizeof(text) - 1);
    text[50000] = '/';
    assert_int_equal(targets_add(&targets, text, message, sizeof(message)), TARGETS_INVALID);
    text[50000] = '-';
    assert_int_equal(targets_add(&targets, text, message, sizeof(message)), TARGETS_INVALID);
    assert_targets("");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_no_targets_are_none, teardown),
        cmocka_unit_test_teardown(test_an_address_is_one_target, teardown),
        cmocka_unit_test_teardown(test_an_ipv4_network_is_its_hosts, teardown),
        cmocka_unit_test_teardown(test_an_ipv6_network_is_all_its_addresses, teardown),
        cmocka_unit_test_teardown(test_a_range_has_both_ends, teardown),
        cmocka_unit_test_teardown(test_overlapping_targets_come_once_and_in_order, teardown),
        cmocka_unit_test_teardown(test_the_last_addresses_of_both_families_are_not_joined, teardown),
        cmocka_unit_test_teardown(test_a_shuffled_network_becomes_one_range, teardown),
        cmocka_unit_test_teardown(test_ascending_addresses_take_no_memory_each, teardown),
        cmocka_unit_test_teardown(test_the_largest_networks_are_counted_and_begun, teardown),
        cmocka_unit_test_teardown(test_the_cursor_crosses_the_halves_of_an_ipv6_address, teardown),
        cmocka_unit_test_teardown(test_names_are_handed_back, teardown),
        cmocka_unit_test_teardown(test_the_name_of_an_address_is_remembered, teardown),
        cmocka_unit_test_teardown(test_what_is_no_target_is_refused_with_a_reason, teardown),
        cmocka_unit_test_teardown(test_an_overlong_text_is_refused, teardown),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
