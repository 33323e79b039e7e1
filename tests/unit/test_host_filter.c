/*
 * What the filters of raw sockets let through. They run where they would: in the kernel, on a socket; but on one for
 * which nobody needs privilege.
 */
#include "support/cmocka_main.h"

#include "host/unix/filter.h"
#include "host/unix/sockets.h"
#include "wire/bytes.h"

#include <sys/socket.h>
#include <unistd.h>

/* A packet under construction. */
struct packet {
    uint8_t bytes[256];
    size_t length;
};

static void put(struct packet *packet, const void *bytes, size_t length)
{
    memcpy(packet->bytes + packet->length, bytes, length);
    packet->length += length;
}

static void put_ipv4_header(struct packet *packet, uint8_t protocol, size_t options_bytes)
{
    uint8_t header[60] = {
        (uint8_t)(0x45 + options_bytes / 4), [8] = 64, [9] = protocol, [12] = 127, [15] = 1};
    memset(header + 20, 1, options_bytes);
    put(packet, header, 20 + options_bytes);
}

static void put_ipv6_header(struct packet *packet, uint8_t next_header)
{
    const uint8_t header[40] = {0x60, [6] = next_header, [7] = 64, [23] = 1, [39] = 1};
    put(packet, header, sizeof(header));
}

static void put_fragment_header(struct packet *packet, uint8_t next_header, uint16_t offset)
{
    uint8_t header[8] = {next_header};
    bytes_store_be16(header + 2, (uint16_t)(offset << 3 | 1));
    put(packet, header, sizeof(header));
}

static void put_icmp(struct packet *packet, uint8_t type, uint16_t identifier)
{
    uint8_t message[16] = {type, [7] = 1};
    bytes_store_be16(message + 4, identifier);
    put(packet, message, type == 8 || type == 0 || type >= 128 ? 16 : 8);
}

/* Whether a filter of these identifiers passes the packet, whole. */
static bool passes(enum ip_family family, const uint16_t *identifiers, size_t count,
                   const struct packet *packet)
{
    struct filter filter;
    uint8_t received[sizeof(packet->bytes)];
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
    filter_build(&filter, family, identifiers, count);
    sockets_set_filter(ends[1], &filter);
    (void)!send(ends[0], packet->bytes, packet->length, 0); /* fails where the filter drops it */
    ssize_t length = recv(ends[1], received, sizeof(received), MSG_DONTWAIT);
    close(ends[0]);
    close(ends[1]);
    assert_true(length < 0 || (size_t)length == packet->length);
    return length >= 0;
}

static const uint16_t identifiers[] = {0x1234, 0xffff, 0};
#define OURS   0xffff
#define OTHERS 0x1235

static bool passes_ours(enum ip_family family, const struct packet *packet)
{
    return passes(family, identifiers, 3, packet);
}

static bool ipv4_passes(uint8_t type, uint16_t identifier, size_t options_bytes)
{
    struct packet packet = {0};
    put_ipv4_header(&packet, 1, options_bytes);
    put_icmp(&packet, type, identifier);
    return passes_ours(IP_FAMILY_V4, &packet);
}

static bool ipv6_passes(uint8_t type, uint16_t identifier)
{
    struct packet packet = {0};
    put_icmp(&packet, type, identifier);
    return passes_ours(IP_FAMILY_V6, &packet);
}

/* An ICMPv4 error that quotes an echo request. */
static struct packet ipv4_error(uint8_t type, uint16_t identifier, size_t outer_options,
                                size_t quoted_options)
{
    struct packet packet = {0};
    put_ipv4_header(&packet, 1, outer_options);
    put_icmp(&packet, type, 0);
    put_ipv4_header(&packet, 1, quoted_options);
    put_icmp(&packet, 8, identifier);
    return packet;
}

static struct packet ipv6_error(uint8_t type, uint16_t identifier)
{
    struct packet packet = {0};
    put_icmp(&packet, type, 0);
    put_ipv6_header(&packet, 58);
    put_icmp(&packet, 128, identifier);
    return packet;
}

static void test_replies_pass_if_the_identifier_is_claimed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(ipv4_passes(0, identifiers[i], 0));
        assert_true(ipv6_passes(129, identifiers[i]));
    }
    assert_false(ipv4_passes(0, OTHERS, 0));
    assert_false(ipv6_passes(129, OTHERS));
}

static void test_replies_with_ipv4_options_pass(void **state)
{
    (void)state;
    assert_true(ipv4_passes(0, OURS, 4));
    assert_true(ipv4_passes(0, OURS, 40));
    assert_false(ipv4_passes(0, OTHERS, 40));
}

static void test_requests_and_other_messages_do_not_pass(void **state)
{
    (void)state;
    for (int type = 0; type <= 255; type++) {
        /* Errors are too short here to quote anything. */
        assert_int_equal(ipv4_passes((uint8_t)type, OURS, 0), type == 0);
        assert_int_equal(ipv6_passes((uint8_t)type, OURS), type == 129);
    }
}

static void test_errors_pass_if_they_quote_a_claimed_identifier(void **state)
{
    (void)state;
    static const uint8_t ipv4_types[] = {3, 4, 11, 12};
    for (size_t i = 0; i < sizeof(ipv4_types); i++) {
        struct packet ours = ipv4_error(ipv4_types[i], OURS, 0, 0);
        struct packet others = ipv4_error(ipv4_types[i], OTHERS, 0, 0);
        assert_true(passes_ours(IP_FAMILY_V4, &ours));
        assert_false(passes_ours(IP_FAMILY_V4, &others));
    }
    for (uint8_t type = 1; type <= 4; type++) {
        struct packet ours = ipv6_error(type, OURS);
        struct packet others = ipv6_error(type, OTHERS);
        assert_true(passes_ours(IP_FAMILY_V6, &ours));
        assert_false(passes_ours(IP_FAMILY_V6, &others));
    }
}

static void test_redirects_do_not_pass(void **state)
{
    (void)state;
    struct packet ipv4 = ipv4_error(5, OURS, 0, 0);
    struct packet ipv6 = ipv6_error(137, OURS);
    assert_false(passes_ours(IP_FAMILY_V4, &ipv4));
    assert_false(passes_ours(IP_FAMILY_V6, &ipv6));
}

static void test_errors_with_options_inside_and_outside_pass(void **state)
{
    (void)state;
    for (size_t outer = 0; outer <= 40; outer += 4) {
        for (size_t quoted = 0; quoted <= 40; quoted += 4) {
            struct packet ours = ipv4_error(11, OURS, outer, quoted);
            struct packet others = ipv4_error(11, OTHERS, outer, quoted);
            assert_true(passes_ours(IP_FAMILY_V4, &ours));
            assert_false(passes_ours(IP_FAMILY_V4, &others));
        }
    }
}

static void test_errors_about_other_protocols_do_not_pass(void **state)
{
    (void)state;
    for (int protocol = 0; protocol <= 255; protocol++) {
        struct packet ipv4 = {0};
        put_ipv4_header(&ipv4, 1, 0);
        put_icmp(&ipv4, 3, 0);
        put_ipv4_header(&ipv4, (uint8_t)protocol, 0);
        put_icmp(&ipv4, 8, OURS);
        assert_int_equal(passes_ours(IP_FAMILY_V4, &ipv4), protocol == 1);

        struct packet ipv6 = {0};
        put_icmp(&ipv6, 1, 0);
        put_ipv6_header(&ipv6, (uint8_t)protocol);
        put_icmp(&ipv6, 128, OURS);
        assert_int_equal(passes_ours(IP_FAMILY_V6, &ipv6), protocol == 58);
    }
}

/* An ICMPv6 error about a fragment of an echo request, or of something else. */
static bool fragment_passes(uint8_t next_header, uint16_t offset, uint16_t identifier)
{
    struct packet packet = {0};
    put_icmp(&packet, 3, 0);
    put_ipv6_header(&packet, 44);
    put_fragment_header(&packet, next_header, offset);
    put_icmp(&packet, 128, identifier);
    return passes_ours(IP_FAMILY_V6, &packet);
}

static void test_errors_about_the_first_fragment_of_a_request_pass(void **state)
{
    (void)state;
    assert_true(fragment_passes(58, 0, OURS));
    assert_false(fragment_passes(58, 0, OTHERS));
    assert_false(fragment_passes(58, 1, OURS));
    assert_false(fragment_passes(58, 0x1fff, OURS));
    assert_false(fragment_passes(17, 0, OURS));
}

static void test_short_packets_do_not_pass(void **state)
{
    (void)state;
    struct packet ipv4 = ipv4_error(3, OURS, 0, 0);
    struct packet ipv6 = ipv6_error(3, OURS);
    size_t ipv4_needed = 20 + 8 + 20 + 6;
    size_t ipv6_needed = 8 + 40 + 6;
    for (ipv4.length = 0; ipv4.length < 64; ipv4.length++) {
        assert_int_equal(passes_ours(IP_FAMILY_V4, &ipv4), ipv4.length >= ipv4_needed);
    }
    for (ipv6.length = 0; ipv6.length < 64; ipv6.length++) {
        assert_int_equal(passes_ours(IP_FAMILY_V6, &ipv6), ipv6.length >= ipv6_needed);
    }
}

static void test_nothing_passes_before_an_identifier_is_claimed(void **state)
{
    (void)state;
    struct packet reply = {0};
    put_ipv4_header(&reply, 1, 0);
    put_icmp(&reply, 0, 0);
    assert_false(passes(IP_FAMILY_V4, identifiers, 0, &reply));
}

static void test_as_many_identifiers_as_fit_are_told_apart_and_with_more_all_pass(void **state)
{
    (void)state;
    uint16_t many[FILTER_IDENTIFIERS_MAX + 1];
    struct packet last = {0};
    struct packet other = {0};
    for (size_t i = 0; i < FILTER_IDENTIFIERS_MAX + 1; i++) {
        many[i] = (uint16_t)(1000 + i);
    }
    put_ipv4_header(&last, 1, 0);
    put_icmp(&last, 0, many[FILTER_IDENTIFIERS_MAX - 1]);
    put_ipv4_header(&other, 1, 0);
    put_icmp(&other, 0, 5);
    assert_true(passes(IP_FAMILY_V4, many, FILTER_IDENTIFIERS_MAX, &last));
    assert_false(passes(IP_FAMILY_V4, many, FILTER_IDENTIFIERS_MAX, &other));
    assert_true(passes(IP_FAMILY_V4, many, FILTER_IDENTIFIERS_MAX + 1, &other));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies_pass_if_the_identifier_is_claimed),
        cmocka_unit_test(test_replies_with_ipv4_options_pass),
        cmocka_unit_test(test_requests_and_other_messages_do_not_pass),
        cmocka_unit_test(test_errors_pass_if_they_quote_a_claimed_identifier),
        cmocka_unit_test(test_redirects_do_not_pass),
        cmocka_unit_test(test_errors_with_options_inside_and_outside_pass),
        cmocka_unit_test(test_errors_about_other_protocols_do_not_pass),
        cmocka_unit_test(test_errors_about_the_first_fragment_of_a_request_pass),
        cmocka_unit_test(test_short_packets_do_not_pass),
        cmocka_unit_test(test_nothing_passes_before_an_identifier_is_claimed),
        cmocka_unit_test(test_as_many_identifiers_as_fit_are_told_apart_and_with_more_all_pass),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
