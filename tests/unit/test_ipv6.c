/*
 * What wire/ipv6.h promises: the payload of a quoted packet behind whatever extension headers, and no
 * packet that lies.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "wire/ipv6.h"

#define SMOKE_ROUNDS 200000

/* Next-header values. */
enum { HOP_BY_HOP = 0, TCP = 6, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, ICMPV6 = 58, OPTIONS = 60 };

/* A packet under construction: the header, and what is appended to it. */
struct draft {
    uint8_t bytes[2048];
    size_t length;
    uint8_t *next_header; /* of the last header */
};

static void draft_begin(struct draft *draft)
{
    memset(draft, 0, sizeof(*draft));
    draft->bytes[0] = 0x60;
    for (size_t i = 0; i < 32; i++)
        draft->bytes[8 + i] = (uint8_t)(0x80 + i);
    draft->next_header = draft->bytes + 6;
    *draft->next_header = ICMPV6;
    draft->length = IPV6_HEADER_BYTES;
}

/* Puts an extension header, whose second byte is `length_field`, behind the last. ICMPv6 follows, until
 * another does. */
static void draft_extend(struct draft *draft, uint8_t protocol, uint8_t length_field, size_t length_bytes)
{
    uint8_t *header = draft->bytes + draft->length;
    memset(header, 0xdd, length_bytes);
    header[0] = ICMPV6;
    header[1] = length_field;
    if (protocol == FRAGMENT)
        memset(header + 2, 0, 2);
    *draft->next_header = protocol;
    draft->next_header = header;
    draft->length += length_bytes;
}

/* ipv6_parse_quoted on a copy at an odd address, which ends where its memory ends, for the sanitizers. The
 * pointers then lead into `bytes`. */
static bool parse_exact(const uint8_t *bytes, size_t length_bytes, struct ipv6_packet *packet)
{
    uint8_t *copy = malloc(1 + length_bytes);
    assert_non_null(copy);
    memcpy(copy + 1, bytes, length_bytes);
    bool parsed = ipv6_parse_quoted(copy + 1, length_bytes, packet);
    if (parsed) {
        assert_in_range((uintptr_t)packet->payload, (uintptr_t)copy + 1, (uintptr_t)copy + 1 + length_bytes);
        assert_int_equal(packet->payload + packet->payload_bytes - (copy + 1), length_bytes);
        packet->source = bytes + (packet->source - (copy + 1));
        packet->destination = bytes + (packet->destination - (copy + 1));
        packet->payload = bytes + (packet->payload - (copy + 1));
    }
    free(copy);
    return parsed;
}

/* That the payload, which begins at the draft's end, is found, once 3 bytes of it are there. */
static void assert_payload_found(struct draft *draft, uint8_t protocol)
{
    struct ipv6_packet packet;
    assert_true(parse_exact(draft->bytes, draft->length + 3, &packet));
    assert_int_equal(packet.protocol, protocol);
    assert_ptr_equal(packet.payload, draft->bytes + draft->length);
    assert_int_equal(packet.payload_bytes, 3);
}

static void test_the_header_is_read(void **state)
{
    struct draft draft;
    struct ipv6_packet packet;

    (void)state;
    draft_begin(&draft);
    assert_true(parse_exact(draft.bytes, draft.length, &packet));
    assert_ptr_equal(packet.source, draft.bytes + 8);
    assert_ptr_equal(packet.destination, draft.bytes + 24);
    assert_int_equal(packet.fragment_offset, 0);
    assert_int_equal(packet.payload_bytes, 0);
    assert_payload_found(&draft, ICMPV6);
}

static void test_a_header_that_is_cut_off_is_refused(void **state)
{
    struct draft draft;
    struct ipv6_packet packet;

    (void)state;
    draft_begin(&draft);
    for (size_t length = 0; length < IPV6_HEADER_BYTES; length++)
        assert_false(parse_exact(draft.bytes, length, &packet));
}

static void test_another_version_is_refused(void **state)
{
    struct draft draft;
    struct ipv6_packet packet;

    (void)state;
    draft_begin(&draft);
    for (unsigned int version = 0; version < 16; version++) {
        draft.bytes[0] = (uint8_t)(version << 4 | 0x0f); /* the traffic class does not matter */
        assert_int_equal(parse_exact(draft.bytes, draft.length, &packet), version == 6);
    }
}

static void test_every_extension_header_is_passed_over(void **state)
{
    static const uint8_t protocols[] = {HOP_BY_HOP, ROUTING, OPTIONS};

    (void)state;
    for (size_t i = 0; i < sizeof(protocols); i++) {
        for (uint8_t units = 0; units < 5; units++) {
            struct draft draft;
            draft_begin(&draft);
            draft_extend(&draft, protocols[i], units, 8 + (size_t)units * 8);
            assert_payload_found(&draft, ICMPV6);
        }
    }
    for (uint8_t words = 0; words < 10;
         words++) { /* counted in 4 bytes, 2 of them less (RFC 4302 section 2.2) */
        struct draft draft;
        draft_begin(&draft);
        draft_extend(&draft, AUTHENTICATION, words, 8 + (size_t)words * 4);
        assert_payload_found(&draft, ICMPV6);
    }
}

static void test_extension_headers_in_a_row_are_passed_over(void **state)
{
    struct draft draft;

    (void)state;
    draft_begin(&draft);
    draft_extend(&draft, HOP_BY_HOP, 0, 8);
    draft_extend(&draft, OPTIONS, 2, 24);
    draft_extend(&draft, ROUTING, 4, 40);
    draft_extend(&draft, FRAGMENT, 0xff, 8); /* has no length field */
    draft_extend(&draft, AUTHENTICATION, 4, 24);
    draft_extend(&draft, OPTIONS, 0, 8);
    assert_payload_found(&draft, ICMPV6);
    *draft.next_header = TCP;
    assert_payload_found(&draft, TCP);
}

static void test_an_extension_header_that_is_cut_off_is_refused(void **state)
{
    struct draft draft;
    struct ipv6_packet packet;

    (void)state;
    draft_begin(&draft);
    draft_extend(&draft, OPTIONS, 2, 24);
    for (size_t length = IPV6_HEADER_BYTES; length < draft.length; length++)
        assert_false(parse_exact(draft.bytes, length, &packet));
    assert_true(parse_exact(draft.bytes, draft.length, &packet));
}

static void test_eight_extension_headers_are_all(void **state)
{
    struct draft draft;
    struct ipv6_packet packet;

    (void)state;
    draft_begin(&draft);
    for (int headers = 0; headers < 8; headers++)
        draft_extend(&draft, OPTIONS, 0, 8);
    assert_payload_found(&draft, ICMPV6);
    draft_extend(&draft, OPTIONS, 0, 8);
    assert_false(parse_exact(draft.bytes, draft.length, &packet));
}

static void test_the_first_fragment_has_the_payload(void **state)
{
    struct draft draft;

    (void)state;
    draft_begin(&draft);
    draft_extend(&draft, FRAGMENT, 0, 8);
    draft.next_header[3] = 0x07; /* more follow, and what is reserved */
    assert_payload_found(&draft, ICMPV6);
}

static void test_what_a_later_fragment_has_is_not_looked_into(void **state)
{
    struct draft draft;
    struct ipv6_packet packet;

    (void)state;
    draft_begin(&draft);
    draft_extend(&draft, FRAGMENT, 0, 8);
    draft.next_header[2] = 0x12;
    draft.next_header[3] = 0x38;
    *draft.next_header = OPTIONS; /* of which the start was in the first */
    assert_true(parse_exact(draft.bytes, draft.length + 3, &packet));
    assert_int_equal(packet.fragment_offset, 0x1238 >> 3);
    assert_int_equal(packet.protocol, OPTIONS);
    assert_int_equal(packet.payload_bytes, 3);
}

static void test_garbage_never_leads_outside(void **state)
{
    static const uint8_t protocols[] = {HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, OPTIONS, ICMPV6};
    uint64_t random = 1;

    (void)state;
    for (int round = 0; round < SMOKE_ROUNDS; round++) {
        uint8_t bytes[128];
        struct ipv6_packet packet;
        for (size_t i = 0; i < sizeof(bytes); i++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            bytes[i] = (uint8_t)(random >> 56);
            if (i % 8 == 0 || i == 6) /* mostly next headers that are known */
                bytes[i] = protocols[bytes[i] % sizeof(protocols)];
            else if (i % 8 == 1)
                bytes[i] %= 4;
        }
        bytes[0] = 0x60;
        parse_exact(bytes, (size_t)(random >> 33) % (sizeof(bytes) + 1), &packet);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_header_is_read),
        cmocka_unit_test(test_a_header_that_is_cut_off_is_refused),
        cmocka_unit_test(test_another_version_is_refused),
        cmocka_unit_test(test_every_extension_header_is_passed_over),
        cmocka_unit_test(test_extension_headers_in_a_row_are_passed_over),
        cmocka_unit_test(test_an_extension_header_that_is_cut_off_is_refused),
        cmocka_unit_test(test_eight_extension_headers_are_all),
        cmocka_unit_test(test_the_first_fragment_has_the_payload),
        cmocka_unit_test(test_what_a_later_fragment_has_is_not_looked_into),
        cmocka_unit_test(test_garbage_never_leads_outside),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
