/* Addresses as samples/sweep reads, writes and compares them. */
#include "support/cmocka_main.h"

#include "../../samples/sweep/ip_number.h"

static void assert_reads(const char *text, enum ip_family family, uint64_t high, uint64_t low,
                         uint32_t scope_id)
{
    struct ip_number address;
    assert_true(ip_number_parse(&address, text));
    assert_int_equal(address.family, family);
    assert_true(address.high == high);
    assert_true(address.low == low);
    assert_int_equal(address.scope_id, scope_id);
}

static void assert_no_address(const char *text)
{
    struct ip_number address;
    if (ip_number_parse(&address, text))
        fail_msg("\"%s\" was taken for an address", text);
}

/* That text is read as an address that is written as `written`. */
static void assert_writes(const char *text, const char *written)
{
    struct ip_number address;
    char again[IP_NUMBER_TEXT_BYTES];
    assert_true(ip_number_parse(&address, text));
    ip_number_format(&address, again);
    assert_string_equal(again, written);
}

static void test_ipv4_is_four_decimal_numbers(void **state)
{
    (void)state;
    assert_reads("0.0.0.0", IP_FAMILY_V4, 0, 0, 0);
    assert_reads("192.0.2.1", IP_FAMILY_V4, 0, 0xc0000201, 0);
    assert_reads("255.255.255.255", IP_FAMILY_V4, 0, 0xffffffff, 0);
    const char *others[] = {"",
                            "1",
                            "1.2",
                            "1.2.3",
                            "1.2.3.4.5",
                            "1.2.3.",
                            ".1.2.3",
                            "1.2.3.256",
                            "1..2.3",
                            "01.2.3.4",
                            "0x1.2.3.4",
                            " 1.2.3.4",
                            "1.2.3.4 ",
                            "1.2.3.4%1",
                            "1.2.3.-4",
                            "1.2.3.4a",
                            "1.2.3.99999999999999999999"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_no_address(others[i]);
}

static void test_ipv6_is_read_in_all_its_forms(void **state)
{
    (void)state;
    assert_reads("::", IP_FAMILY_V6, 0, 0, 0);
    assert_reads("::1", IP_FAMILY_V6, 0, 1, 0);
    assert_reads("1::", IP_FAMILY_V6, 0x0001000000000000, 0, 0);
    assert_reads("2001:DB8:0:0:8:800:200c:417A", IP_FAMILY_V6, 0x20010db800000000, 0x00080800200c417a, 0);
    assert_reads("2001:db8::8:800:200c:417a", IP_FAMILY_V6, 0x20010db800000000, 0x00080800200c417a, 0);
    assert_reads("1:2:3:4:5:6:7::", IP_FAMILY_V6, 0x0001000200030004, 0x0005000600070000, 0);
    assert_reads("::2:3:4:5:6:7:8", IP_FAMILY_V6, 0x0000000200030004, 0x0005000600070008, 0);
    assert_reads("::ffff:192.0.2.1", IP_FAMILY_V6, 0, 0x0000ffffc0000201, 0);
    assert_reads("1:2:3:4:5:6:192.0.2.1", IP_FAMILY_V6, 0x0001000200030004, 0x00050006c0000201, 0);
    assert_reads("fe80::1%4294967295", IP_FAMILY_V6, 0xfe80000000000000, 1, UINT32_MAX);
    assert_reads("fe80::192.0.2.1%7", IP_FAMILY_V6, 0xfe80000000000000, 0xc0000201, 7);
}

static void test_what_is_almost_ipv6_is_refused(void **state)
{
    (void)state;
    const char *others[] = {":",
                            ":::",
                            ":1::",
                            "1:",
                            "1::2::3",
                            "12345::",
                            "1:2:3:4:5:6:7",
                            "1:2:3:4:5:6:7:8:9",
                            "1:2:3:4:5:6:7:8::",
                            "::1:2:3:4:5:6:7:8",
                            "1:2:3:4:5:6:7:192.0.2.1",
                            "::192.0.2",
                            "::192.0.2.1:1",
                            "::g",
                            "::1 ",
                            "fe80::1%",
                            "fe80::1%eth0",
                            "fe80::1%4294967296",
                            "fe80::1%1%2",
                            "[::1]"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_no_address(others[i]);
}

/* The examples of RFC 5952 and the borders. */
static void test_addresses_are_written_in_their_one_short_form(void **state)
{
    (void)state;
    assert_writes("192.0.2.1", "192.0.2.1");
    assert_writes("255.255.255.255", "255.255.255.255");
    assert_writes("::", "::");
    assert_writes("0:0:0:0:0:0:0:1", "::1");
    assert_writes("1:0:0:0:0:0:0:0", "1::");
    assert_writes("2001:0DB8::0001", "2001:db8::1");
    assert_writes("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
    assert_writes("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
    assert_writes("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
    assert_writes("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8");
    assert_writes("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
    assert_writes("::ffff:192.0.2.1", "::ffff:192.0.2.1");
    assert_writes("::192.0.2.1", "::c000:201");
    assert_writes("fe80::1%4294967295", "fe80::1%4294967295");
    assert_writes("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255%4294967295",
                  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295");
}

static void test_order_is_family_then_link_then_number(void **state)
{
    (void)state;
    const char *ascending[] = {"0.0.0.0", "10.0.0.1", "10.0.0.2", "255.255.255.255",    "::",
                               "::1",     "1::",      "fe80::1",  "fe80::ffff:0:0:0:1", "::1%1"};
    for (size_t i = 0; i < sizeof(ascending) / sizeof(ascending[0]); i++) {
        for (size_t j = 0; j < sizeof(ascending) / sizeof(ascending[0]); j++) {
            struct ip_number one;
            struct ip_number other;
            assert_true(ip_number_parse(&one, ascending[i]) && ip_number_parse(&other, ascending[j]));
            int order = ip_number_compare(&one, &other);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void test_bytes_are_in_network_order(void **state)
{
    (void)state;
    struct ip_number address;
    uint8_t bytes[16] = {0};
    assert_true(ip_number_parse(&address, "192.0.2.1"));
    ip_number_to_bytes(&address, bytes);
    assert_memory_equal(bytes, "\xc0\x00\x02\x01\x00", 5);
    struct ip_number again = ip_number_from_bytes(IP_FAMILY_V4, bytes, 9);
    assert_int_equal(ip_number_compare(&address, &again), 0);

    assert_true(ip_number_parse(&address, "102:304:506:708:90a:b0c:d0e:f10%3"));
    ip_number_to_bytes(&address, bytes);
    assert_memory_equal(bytes, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf\x10", 16);
    again = ip_number_from_bytes(IP_FAMILY_V6, bytes, 3);
    assert_int_equal(ip_number_compare(&address, &again), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ipv4_is_four_decimal_numbers),
        cmocka_unit_test(test_ipv6_is_read_in_all_its_forms),
        cmocka_unit_test(test_what_is_almost_ipv6_is_refused),
        cmocka_unit_test(test_addresses_are_written_in_their_one_short_form),
        cmocka_unit_test(test_order_is_family_then_link_then_number),
        cmocka_unit_test(test_bytes_are_in_network_order),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
