/*
 * What echo/candidate.h promises, for each form in which a transport brings what came in.
 *
 * That every fault of a packet is found is tested with the parsers of src/wire.
 */
#include "support/cmocka_main.h"

#include "echo/candidate.h"
#include "unit/support/echo_fixture.h"
#include "wire/bytes.h"
#include "wire/checksum.h"

static const uint8_t options[4] = {7, 3, 4, 0};

/* A reply with identifier 0x1234, sequence 0x5678 and 5 bytes of data. */
static const uint8_t reply_v4[13] = {0, 0, 0x2a, 0x8e, 0x12, 0x34, 0x56, 0x78, 'h', 'e', 'l', 'l', 'o'};

/* The start of the request. */
static const uint8_t request_v4[8] = {8, 0, 0xde, 0xad, 0x12, 0x34, 0x56, 0x78};

static struct transport_packet message_of(const uint8_t *bytes, size_t length_bytes)
{
    return (struct transport_packet){
        .form = TRANSPORT_MESSAGE,
        .bytes = bytes,
        .length_bytes = length_bytes,
        .peer = HOST,
        .ttl = 61,
        .tos = 8,
        .options = options,
        .options_bytes = sizeof(options),
    };
}

static struct transport_packet error_of(const uint8_t *bytes, size_t length_bytes, uint8_t type, uint8_t code)
{
    return (struct transport_packet){
        .form = TRANSPORT_ERROR,
        .bytes = bytes,
        .length_bytes = length_bytes,
        .peer = ROUTER,
        .ttl = 61,
        .destination = HOST,
        .icmp_type = type,
        .icmp_code = code,
    };
}

static void test_a_message_without_header_is_a_reply_from_its_peer(void **state)
{
    uint8_t bytes[sizeof(reply_v4)];
    struct candidate candidate;

    (void)state;
    memcpy(bytes, reply_v4, sizeof(bytes));
    bytes_store_be16(bytes + 2, 0);
    bytes_store_be16(bytes + 2, checksum_compute(bytes, sizeof(bytes)));
    struct transport_packet packet = message_of(bytes, sizeof(bytes));
    assert_true(candidate_read(&packet, &candidate));
    assert_false(candidate.is_error);
    assert_int_equal(candidate.identifier, 0x1234);
    assert_int_equal(candidate.sequence, 0x5678);
    assert_int_equal(candidate.answer.status, IP_SUCCESS);
    assert_address_equal(candidate.answer.responder, HOST);
    assert_int_equal(candidate.answer.ttl, 61);
    assert_int_equal(candidate.answer.tos, 8);
    assert_int_equal(candidate.answer.flags, 0);
    assert_ptr_equal(candidate.answer.options, options);
    assert_int_equal(candidate.answer.options_bytes, sizeof(options));
    assert_ptr_equal(candidate.answer.data, bytes + 8);
    assert_int_equal(candidate.answer.data_bytes, 5);
}

static void test_an_icmp_error_without_header_is_about_what_it_quotes(void **state)
{
    uint8_t bytes[8 + 20 + 8] = {11, 0, [8] = 0x45, [8 + 9] = 1, [8 + 16] = 192, 0, 2, 1};
    struct candidate candidate;

    (void)state;
    memcpy(bytes + 28, request_v4, sizeof(request_v4));
    bytes_store_be16(bytes + 2, checksum_compute(bytes, sizeof(bytes)));
    struct transport_packet packet = message_of(bytes, sizeof(bytes));
    packet.peer = ROUTER;
    assert_true(candidate_read(&packet, &candidate));
    assert_true(candidate.is_error);
    assert_address_equal(candidate.destination, HOST);
    assert_false(candidate.source_route);
    assert_int_equal(candidate.identifier, 0x1234);
    assert_int_equal(candidate.sequence, 0x5678);
    assert_int_equal(candidate.answer.status, IP_TTL_EXPIRED_TRANSIT);
    assert_address_equal(candidate.answer.responder, ROUTER);
    assert_int_equal(candidate.answer.data_bytes, 0);
}

static void test_an_error_that_the_system_tells_of_is_about_the_request_that_comes_with_it(void **state)
{
    struct transport_packet packet = error_of(request_v4, sizeof(request_v4), 3, 1);
    struct candidate candidate;

    (void)state;
    assert_true(candidate_read(&packet, &candidate));
    assert_true(candidate.is_error);
    assert_address_equal(candidate.destination, HOST);
    assert_true(candidate.source_route);
    assert_int_equal(candidate.identifier, 0x1234);
    assert_int_equal(candidate.sequence, 0x5678);
    assert_int_equal(candidate.answer.status, IP_DEST_HOST_UNREACHABLE);
    assert_address_equal(candidate.answer.responder, ROUTER);
    assert_int_equal(candidate.answer.ttl, 61);
    assert_int_equal(candidate.answer.data_bytes, 0);
}

static void test_an_error_that_the_system_tells_of_needs_the_header_of_the_request(void **state)
{
    struct candidate candidate;

    (void)state;
    for (size_t length_bytes = 0; length_bytes < sizeof(request_v4); length_bytes++) {
        struct transport_packet packet = error_of(request_v4, length_bytes, 3, 1);
        assert_false(candidate_read(&packet, &candidate));
    }
}

static void test_an_error_that_the_system_tells_of_is_about_echo_requests_only(void **state)
{
    struct candidate candidate;
    uint8_t other[8];

    (void)state;
    memcpy(other, request_v4, sizeof(other));
    other[0] = 13;
    struct transport_packet packet = error_of(other, sizeof(other), 3, 1);
    assert_false(candidate_read(&packet, &candidate));
}

static void test_errors_that_end_no_request_are_none(void **state)
{
    struct transport_packet packet = error_of(request_v4, sizeof(request_v4), 5, 1); /* redirect */
    struct candidate candidate;

    (void)state;
    assert_false(candidate_read(&packet, &candidate));
}

static void test_an_error_with_the_type_of_a_reply_is_none(void **state)
{
    /* Linux tells of an error that has not come from the network with type and code 0. */
    struct transport_packet packet = error_of(request_v4, sizeof(request_v4), 0, 0);
    struct candidate candidate;

    (void)state;
    assert_false(candidate_read(&packet, &candidate));
}

static void test_a_damaged_message_is_nothing(void **state)
{
    uint8_t bytes[sizeof(reply_v4)];
    struct candidate candidate;

    (void)state;
    memcpy(bytes, reply_v4, sizeof(bytes));
    bytes_store_be16(bytes + 2, 0);
    bytes_store_be16(bytes + 2, checksum_compute(bytes, sizeof(bytes)) ^ 1);
    struct transport_packet packet = message_of(bytes, sizeof(bytes));
    assert_false(candidate_read(&packet, &candidate));
}

/* ---- IPv6 ---- */

static const uint8_t reply_v6[13] = {129, 0, 0xde, 0xad, 0x12, 0x34, 0x56, 0x78, 'h', 'e', 'l', 'l', 'o'};
static const uint8_t request_v6[8] = {128, 0, 0xde, 0xad, 0x12, 0x34, 0x56, 0x78};

static void test_an_icmpv6_message_is_a_reply_from_its_peer(void **state)
{
    struct transport_packet packet = message_of(reply_v6, sizeof(reply_v6));
    struct candidate candidate;

    (void)state;
    packet.peer = HOST6;
    packet.options_bytes = 0;
    assert_true(candidate_read(&packet, &candidate));
    assert_false(candidate.is_error);
    assert_int_equal(candidate.identifier, 0x1234);
    assert_int_equal(candidate.sequence, 0x5678);
    assert_int_equal(candidate.answer.status, IP_SUCCESS);
    assert_address_equal(candidate.answer.responder, HOST6);
    assert_int_equal(candidate.answer.ttl, 61);
    assert_int_equal(candidate.answer.tos, 8);
    assert_ptr_equal(candidate.answer.data, reply_v6 + 8);
    assert_int_equal(candidate.answer.data_bytes, 5);
}

static void test_an_icmpv6_error_is_about_what_it_quotes(void **state)
{
    uint8_t bytes[8 + 40 + 8] = {1, 1, [8] = 0x60, [8 + 6] = 58};
    struct ip_address host = HOST6;
    struct candidate candidate;

    (void)state;
    memcpy(bytes + 8 + 24, host.bytes, 16);
    memcpy(bytes + 48, request_v6, sizeof(request_v6));
    struct transport_packet packet = message_of(bytes, sizeof(bytes));
    packet.peer = ROUTER6;
    assert_true(candidate_read(&packet, &candidate));
    assert_true(candidate.is_error);
    assert_address_equal(candidate.destination, HOST6);
    assert_false(candidate.source_route);
    assert_int_equal(candidate.identifier, 0x1234);
    assert_int_equal(candidate.sequence, 0x5678);
    assert_int_equal(candidate.answer.status, IP_DEST_PROHIBITED);
    assert_address_equal(candidate.answer.responder, ROUTER6);
    assert_int_equal(candidate.answer.data_bytes, 0);
}

static void test_an_icmpv6_error_that_the_system_tells_of_has_the_numbers_of_icmpv6(void **state)
{
    struct transport_packet packet = error_of(request_v6, sizeof(request_v6), 3, 0);
    struct candidate candidate;

    (void)state;
    packet.peer = ROUTER6;
    packet.destination = HOST6;
    assert_true(candidate_read(&packet, &candidate));
    assert_true(candidate.is_error);
    assert_address_equal(candidate.destination, HOST6);
    assert_int_equal(candidate.identifier, 0x1234);
    assert_int_equal(candidate.sequence, 0x5678);
    assert_int_equal(candidate.answer.status, IP_HOP_LIMIT_EXCEEDED);
    assert_address_equal(candidate.answer.responder, ROUTER6);
}

static void test_messages_of_one_family_from_a_peer_of_the_other_are_nothing(void **state)
{
    struct transport_packet packets[] = {
        message_of(reply_v6, sizeof(reply_v6)), /* from HOST */
        error_of(request_v6, sizeof(request_v6), 3, 0),
        error_of(request_v4, sizeof(request_v4), 3, 0),
    };
    struct candidate candidate;

    (void)state;
    packets[2].peer = ROUTER6;
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        assert_false(candidate_read(&packets[i], &candidate));
    }
}

static void test_other_icmpv6_messages_are_nothing(void **state)
{
    struct candidate candidate;

    (void)state;
    for (unsigned int type = 128; type <= 255; type++) {
        uint8_t bytes[sizeof(reply_v6)];
        memcpy(bytes, reply_v6, sizeof(bytes));
        bytes[0] = (uint8_t)type;
        struct transport_packet packet = message_of(bytes, sizeof(bytes));
        packet.peer = HOST6;
        assert_int_equal(candidate_read(&packet, &candidate), type == 129);
    }
}

static void test_what_comes_from_no_address_is_nothing(void **state)
{
    struct transport_packet packet = error_of(request_v4, sizeof(request_v4), 3, 1);
    struct candidate candidate;

    (void)state;
    packet.peer = (struct ip_address){0};
    assert_false(candidate_read(&packet, &candidate));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_without_header_is_a_reply_from_its_peer),
        cmocka_unit_test(test_an_icmp_error_without_header_is_about_what_it_quotes),
        cmocka_unit_test(test_an_error_that_the_system_tells_of_is_about_the_request_that_comes_with_it),
        cmocka_unit_test(test_an_error_that_the_system_tells_of_needs_the_header_of_the_request),
        cmocka_unit_test(test_an_error_that_the_system_tells_of_is_about_echo_requests_only),
        cmocka_unit_test(test_errors_that_end_no_request_are_none),
        cmocka_unit_test(test_an_error_with_the_type_of_a_reply_is_none),
        cmocka_unit_test(test_a_damaged_message_is_nothing),
        cmocka_unit_test(test_what_comes_from_no_address_is_nothing),
        cmocka_unit_test(test_an_icmpv6_message_is_a_reply_from_its_peer),
        cmocka_unit_test(test_an_icmpv6_error_is_about_what_it_quotes),
        cmocka_unit_test(test_an_icmpv6_error_that_the_system_tells_of_has_the_numbers_of_icmpv6),
        cmocka_unit_test(test_messages_of_one_family_from_a_peer_of_the_other_are_nothing),
        cmocka_unit_test(test_other_icmpv6_messages_are_nothing),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
