/*
 * What wire/ip_address.h promises.
 */
#include "support/cmocka_main.h"

#include "wire/ip_address.h"

/* An IPv6 address from its first two bytes and its last one. */
static struct ip_address v6(unsigned int start, unsigned int end, uint32_t scope_id)
{
    const uint8_t bytes[16] = {(uint8_t)(start >> 8), (uint8_t)start, [15] = (uint8_t)end};
    return ip_address_v6(bytes, scope_id);
}

static struct ip_address v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    const uint8_t bytes[4] = {a, b, c, d};
    uint32_t address_be;
    memcpy(&address_be, bytes, sizeof(address_be));
    return ip_address_v4(address_be);
}

static bool same(struct ip_address one, struct ip_address other)
{
    bool equal = ip_address_equal(&one, &other);
    assert_int_equal(ip_address_equal(&other, &one), equal);
    return equal;
}

static void test_an_ipv4_address_comes_back_as_it_was(void **state)
{
    struct ip_address address = ip_address_v4(0x12345678);

    (void)state;
    assert_int_equal(address.family, IP_FAMILY_V4);
    assert_int_equal(ip_address_to_v4(&address), 0x12345678);
    assert_int_equal(address.scope_id, 0);
}

static void test_an_ipv6_address_has_its_bytes_in_order(void **state)
{
    uint8_t bytes[16];
    struct ip_address address;

    (void)state;
    for (size_t i = 0; i < 16; i++)
        bytes[i] = (uint8_t)(0x20 + i);
    address = ip_address_v6(bytes, 0);
    assert_int_equal(address.family, IP_FAMILY_V6);
    assert_memory_equal(address.bytes, bytes, 16);
}

static void test_a_scope_is_kept_where_it_means_something(void **state)
{
    (void)state;
    assert_int_equal(v6(0xfe80, 1, 7).scope_id, 7); /* link-local: fe80::/10 */
    assert_int_equal(v6(0xfebf, 1, 7).scope_id, 7);
    assert_int_equal(v6(0xff02, 1, 7).scope_id, 7); /* multicast */
    assert_int_equal(v6(0xff12, 1, 7).scope_id, 7); /* with other flags */
    assert_int_equal(v6(0xff01, 1, 7).scope_id, 7);
}

static void test_a_scope_is_dropped_where_it_means_nothing(void **state)
{
    (void)state;
    assert_int_equal(v6(0x0000, 0, 7).scope_id, 0);
    assert_int_equal(v6(0x0000, 1, 7).scope_id, 0);
    assert_int_equal(v6(0x2001, 1, 7).scope_id, 0);
    assert_int_equal(v6(0xfe7f, 1, 7).scope_id, 0);
    assert_int_equal(v6(0xfec0, 1, 7).scope_id, 0); /* site-local, which is deprecated (RFC 3879) */
    assert_int_equal(v6(0xff05, 1, 7).scope_id, 0);
    assert_int_equal(v6(0xff0e, 1, 7).scope_id, 0);
}

static void test_addresses_are_equal_to_themselves_only(void **state)
{
    (void)state;
    assert_true(same(v4(192, 0, 2, 1), v4(192, 0, 2, 1)));
    assert_false(same(v4(192, 0, 2, 1), v4(192, 0, 2, 2)));
    assert_true(same(v6(0x2001, 1, 0), v6(0x2001, 1, 0)));
    assert_false(same(v6(0x2001, 1, 0), v6(0x2001, 2, 0)));
    assert_false(same(v4(0, 0, 0, 0), v6(0, 0, 0)));
    assert_false(same(v4(0, 0, 0, 0), (struct ip_address){0}));
}

static void test_scopes_count_if_both_have_one(void **state)
{
    (void)state;
    assert_true(same(v6(0xfe80, 1, 2), v6(0xfe80, 1, 2)));
    assert_true(same(v6(0xfe80, 1, 2), v6(0xfe80, 1, 0)));
    assert_false(same(v6(0xfe80, 1, 2), v6(0xfe80, 1, 3)));
    assert_false(same(v6(0xfe80, 1, 2), v6(0xfe80, 2, 0)));
}

static void test_unspecified_is_all_zero_or_none(void **state)
{
    const struct ip_address unspecified[] = {v4(0, 0, 0, 0), v6(0, 0, 0), {0}};
    const struct ip_address specified[] = {v4(0, 0, 0, 1), v4(1, 0, 0, 0), v6(0, 1, 0), v6(0x2000, 0, 0)};

    (void)state;
    for (size_t i = 0; i < sizeof(unspecified) / sizeof(unspecified[0]); i++)
        assert_true(ip_address_is_unspecified(&unspecified[i]));
    for (size_t i = 0; i < sizeof(specified) / sizeof(specified[0]); i++)
        assert_false(ip_address_is_unspecified(&specified[i]));
}

static void test_multicast_and_the_limited_broadcast_are_for_many(void **state)
{
    const struct ip_address for_many[] = {v4(224, 0, 0, 1), v4(239, 255, 255, 255), v4(255, 255, 255, 255),
                                          v6(0xff02, 1, 0), v6(0xff00, 0, 0)};
    const struct ip_address for_one[] = {v4(223, 255, 255, 255), v4(240, 0, 0, 1), v4(255, 255, 255, 254),
                                         v6(0xfe80, 1, 0),       v6(0, 1, 0),      {0}};

    (void)state;
    for (size_t i = 0; i < sizeof(for_many) / sizeof(for_many[0]); i++)
        assert_true(ip_address_is_for_many(&for_many[i]));
    for (size_t i = 0; i < sizeof(for_one) / sizeof(for_one[0]); i++)
        assert_false(ip_address_is_for_many(&for_one[i]));
}

static void test_two_addresses_of_a_packet_share_the_link_that_one_of_them_names(void **state)
{
    static const uint8_t link_local[16] = {0xfe, 0x80, [15] = 1}, global[16] = {0x20, 0x01, [15] = 1};
    static const struct {
        uint32_t source, destination, shared_source, shared_destination;
    } scopes[] = {{0, 3, 3, 3}, {3, 0, 3, 3}, {2, 3, 2, 3}, {0, 0, 0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        struct ip_address source = ip_address_v6(link_local, scopes[i].source);
        struct ip_address destination = ip_address_v6(link_local, scopes[i].destination);
        ip_address_share_scope(&source, &destination);
        assert_int_equal(source.scope_id, scopes[i].shared_source);
        assert_int_equal(destination.scope_id, scopes[i].shared_destination);
    }
    struct ip_address source = ip_address_v6(global, 0);
    struct ip_address destination = ip_address_v6(link_local, 3);
    ip_address_share_scope(&source, &destination);
    assert_int_equal(source.scope_id, 0); /* needs none */
    assert_int_equal(destination.scope_id, 3);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_ipv4_address_comes_back_as_it_was),
        cmocka_unit_test(test_an_ipv6_address_has_its_bytes_in_order),
        cmocka_unit_test(test_a_scope_is_kept_where_it_means_something),
        cmocka_unit_test(test_a_scope_is_dropped_where_it_means_nothing),
        cmocka_unit_test(test_addresses_are_equal_to_themselves_only),
        cmocka_unit_test(test_scopes_count_if_both_have_one),
        cmocka_unit_test(test_unspecified_is_all_zero_or_none),
        cmocka_unit_test(test_multicast_and_the_limited_broadcast_are_for_many),
        cmocka_unit_test(test_two_addresses_of_a_packet_share_the_link_that_one_of_them_names),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
