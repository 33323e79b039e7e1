/*
 * Echoes over the host transport's Unix half: what is sent as asked, what comes back, and why something cannot be sent.
 */
#include "support/cmocka_main.h"

#include "unit/support/host_fixture.h"
#include "wire/bytes.h"
#include "wire/ipv4.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static struct host_request request;

/* Sends the request and receives its one answer, an echo reply. */
static const struct host_packet *echo(struct host_fixture *host, uint16_t identifier, uint16_t sequence)
{
    enum send_failure failure;
    size_t count = host_exchange(host, &request, 5000, &failure);
    assert_int_equal(failure, SEND_OK);
    assert_int_equal(count, 1);
    assert_true(host_is_reply(host, &host->packets[0], identifier, sequence));
    return &host->packets[0];
}

static struct ip_address loopback(int family)
{
    return family == 4 ? LOOPBACK : host_ipv6_loopback();
}

static void body_is_answered(struct host_fixture *host)
{
    for (int family = 4; family <= 6; family += 2) {
        host_request(&request, loopback(family), host->identifier, 7, 32);
        const struct host_packet *packet = echo(host, host->identifier, 7);
        size_t length;
        const uint8_t *icmp = host_icmp(host, packet, &length);
        assert_int_equal(length, 40);
        assert_memory_equal(icmp + 8, request.bytes + 8, 32);
        assert_true(packet->age_ns < 5000000000U);
        bool whole = host->raw && family == 4;
        assert_int_equal(packet->form, whole ? TRANSPORT_IPV4_PACKET : TRANSPORT_MESSAGE);
        if (!whole) {
            struct ip_address peer = loopback(family);
            assert_memory_equal(&packet->peer, &peer, sizeof(peer));
        }
    }
}

static void test_request_is_answered(void **state)
{
    (void)state;
    host_in_each_mode(body_is_answered);
}

static void body_send_and_receive_apart(struct host_fixture *host)
{
    for (int family = 4; family <= 6; family += 2) {
        host_request(&request, loopback(family), host->identifier, 8, 0);
        assert_int_equal(host_send(host, &request), SEND_OK);
        assert_int_equal(host_receive(host, 5000), 1);
        assert_true(host_is_reply(host, &host->packets[0], host->identifier, 8));
        assert_int_equal(host_receive(host, 0), 0);
    }
}

static void test_send_and_receive_do_what_exchange_does(void **state)
{
    (void)state;
    host_in_each_mode(body_send_and_receive_apart);
}

static void body_every_size(struct host_fixture *host)
{
    static const size_t sizes[] = {0, 1, 3, 1472, 1473, 8191, 65499, 65500, 65507};
    for (int family = 4; family <= 6; family += 2) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            size_t length;
            host_request(&request, loopback(family), host->identifier, (uint16_t)i, sizes[i]);
            const uint8_t *icmp = host_icmp(host, echo(host, host->identifier, (uint16_t)i), &length);
            assert_int_equal(length, 8 + sizes[i]);
            assert_memory_equal(icmp + 8, request.bytes + 8, sizes[i]);
        }
    }
}

static void test_data_of_every_size_comes_back(void **state)
{
    (void)state;
    host_in_each_mode(body_every_size);
}

static void body_fragments(struct host_fixture *host)
{
    host_mtu(1500);
    body_every_size(host);
}

static void test_long_messages_are_fragmented(void **state)
{
    (void)state;
    host_in_each_mode(body_fragments);
}

/* What a socket of the test's own sees of the next echo request with that sequence: TTL and TOS, and the IPv4 header. */
struct seen {
    int ttl;
    int tos;
    struct ipv4_packet header; /* IPv4 only; addresses, flags, options */
    uint8_t bytes[65536];
};

static struct seen seen;

static int sniffer_open(int family)
{
    int handle = host_forger_open((uint8_t)family);
    int one = 1;
    if (family == 6) {
        setsockopt(handle, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &one, sizeof(one));
        setsockopt(handle, IPPROTO_IPV6, IPV6_RECVTCLASS, &one, sizeof(one));
    }
    return handle;
}

static void read_ipv6_control(struct msghdr *header)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        int *where = control->cmsg_type == IPV6_HOPLIMIT ? &seen.ttl : &seen.tos;
        memcpy(where, CMSG_DATA(control), sizeof(int));
    }
}

static void sniff(int sniffer, int family, uint16_t sequence)
{
    const uint8_t *icmp;
    do {
        _Alignas(struct cmsghdr) uint8_t control[128];
        struct iovec part = {seen.bytes, sizeof(seen.bytes)};
        struct msghdr header = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        ssize_t length = recvmsg(sniffer, &header, MSG_DONTWAIT);
        assert_true(length > 0);
        icmp = seen.bytes;
        if (family == 4) {
            assert_true(ipv4_parse(seen.bytes, (size_t)length, &seen.header));
            seen.ttl = seen.header.ttl;
            seen.tos = seen.header.tos;
            icmp = seen.header.payload;
        } else {
            read_ipv6_control(&header);
        }
    } while ((icmp[0] != 8 && icmp[0] != 128) || bytes_load_be16(icmp + 6) != sequence);
}

static int sniffers[7];

static void with_sniffers(void (*body)(struct host_fixture *host))
{
    host_needs_namespace();
    sniffers[4] = sniffer_open(4);
    sniffers[6] = sniffer_open(6);
    host_in_each_mode(body);
    close(sniffers[4]);
    close(sniffers[6]);
}

static void body_ttl_and_tos(struct host_fixture *host)
{
    static const struct {
        uint8_t ttl, tos;
    } wanted[] = {{0, 0}, {1, 0}, {255, 0xb8}, {17, 1}, {0, 0xff}, {0, 0}};
    for (int family = 4; family <= 6; family += 2) {
        for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
            host_request(&request, loopback(family), host->identifier, (uint16_t)i, 0);
            request.message.ttl = wanted[i].ttl;
            request.message.tos = wanted[i].tos;
            echo(host, host->identifier, (uint16_t)i);
            sniff(sniffers[family], family, (uint16_t)i);
            assert_int_equal(seen.ttl, wanted[i].ttl != 0 ? wanted[i].ttl : 64);
            assert_int_equal(seen.tos, wanted[i].tos);
        }
    }
}

static void test_ttl_and_tos_are_sent(void **state)
{
    (void)state;
    with_sniffers(body_ttl_and_tos);
}

/* A socket of the test's own whose messages have this TTL and TOS. */
static int marked_forger_open(int family, int ttl, int tos)
{
    int handle = host_forger_open((uint8_t)family);
    if (family == 4) {
        setsockopt(handle, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
        setsockopt(handle, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
    } else {
        setsockopt(handle, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof(ttl));
        setsockopt(handle, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
    }
    return handle;
}

static void body_ttl_and_tos_of_replies(struct host_fixture *host)
{
    for (int family = 4; family <= 6; family += 2) {
        uint8_t reply[16] = {family == 4 ? 0 : 129, [4] = (uint8_t)(host->identifier >> 8),
                             [5] = (uint8_t)host->identifier, [7] = 5};
        bool was_privileged = host_privileged(true);
        int forger = marked_forger_open(family, 33, 0x5c);
        host_privileged(was_privileged);
        host_forge(forger, (uint8_t)family, reply, sizeof(reply));
        assert_int_equal(host_receive(host, 5000), 1);
        assert_true(host_is_reply(host, &host->packets[0], host->identifier, 5));
        if (host->packets[0].form == TRANSPORT_MESSAGE) {
            assert_int_equal(host->packets[0].ttl, 33);
            assert_int_equal(host->packets[0].tos, 0x5c);
        }
        close(forger);
    }
}

static void test_ttl_and_tos_of_replies_are_told(void **state)
{
    (void)state;
    host_in_each_mode(body_ttl_and_tos_of_replies);
}

static void body_dont_fragment(struct host_fixture *host)
{
    for (uint16_t i = 0; i < 4; i++) {
        host_request(&request, LOOPBACK, host->identifier, i, 0);
        request.message.dont_fragment = i % 2;
        echo(host, host->identifier, i);
        sniff(sniffers[4], 4, i);
        assert_int_equal(seen.header.flags & IPV4_FLAG_DONT_FRAGMENT, i % 2 ? IPV4_FLAG_DONT_FRAGMENT : 0);
    }
}

static void test_dont_fragment_is_sent(void **state)
{
    (void)state;
    with_sniffers(body_dont_fragment);
}

static void body_source(struct host_fixture *host)
{
    host_request(&request, LOOPBACK, host->identifier, 1, 0);
    request.message.source = host_ipv4(127, 1, 2, 3);
    echo(host, host->identifier, 1);
    sniff(sniffers[4], 4, 1);
    assert_int_equal(seen.header.source_be, htonl(0x7f010203));

    host_request(&request, host_ipv6_loopback(), host->identifier, 2, 0);
    request.message.source = host_ipv6_loopback();
    echo(host, host->identifier, 2);
}

static void test_source_address_is_used(void **state)
{
    (void)state;
    with_sniffers(body_source);
}

static void body_options(struct host_fixture *host)
{
    /* Record route, RFC 791: pointer at the first of nine addresses. */
    uint8_t options[40] = {7, 39, 4};
    host_request(&request, LOOPBACK, host->identifier, 1, 8);
    request.message.options = (uintptr_t)options;
    request.message.options_bytes = sizeof(options);
    const struct host_packet *packet = echo(host, host->identifier, 1);
    sniff(sniffers[4], 4, 1);
    assert_int_equal(seen.header.options_bytes, 40);
    assert_int_equal(seen.header.options[0], 7);

    const uint8_t *received = packet->options;
    if (packet->form == TRANSPORT_IPV4_PACKET) {
        struct ipv4_packet header;
        assert_true(ipv4_parse(host->buffer + packet->offset, packet->length_bytes, &header));
        assert_int_equal(header.options_bytes, 40);
        received = header.options;
    } else {
        assert_int_equal(packet->options_bytes, 40);
    }
    static const uint8_t first_hop[] = {127, 0, 0, 1};
    assert_int_equal(received[0], 7);
    assert_true(received[2] > 4);
    assert_memory_equal(received + 3, first_hop, 4);

    /* Without options again. */
    host_request(&request, LOOPBACK, host->identifier, 2, 8);
    assert_int_equal(echo(host, host->identifier, 2)->options_bytes, 0);
    sniff(sniffers[4], 4, 2);
    assert_int_equal(seen.header.options_bytes, 0);
}

static void test_ipv4_options_are_sent_and_told(void **state)
{
    (void)state;
    with_sniffers(body_options);
}

/* ---- What cannot be sent ---- */

/* A message that cannot be sent fails, and after it one that can is sent. */
static enum send_failure failure_of_request(struct host_fixture *host)
{
    enum send_failure failure;
    enum send_failure sent = host_send(host, &request);
    assert_int_equal(host_exchange(host, &request, 1000, &failure), 0);
    assert_int_equal(failure, sent);
    host_request(&request, LOOPBACK, host->identifier, 99, 0);
    echo(host, host->identifier, 99);
    return sent;
}

static void body_no_route(struct host_fixture *host)
{
    host_request(&request, host_ipv4(192, 0, 2, 1), host->identifier, 1, 0);
    assert_int_equal(failure_of_request(host), SEND_NO_ROUTE);
    struct ip_address documentation = {.family = IP_FAMILY_V6, .bytes = {0x20, 1, 0x0d, 0xb8, [15] = 1}};
    host_request(&request, documentation, host->identifier, 1, 0);
    assert_int_equal(failure_of_request(host), SEND_NO_ROUTE);
}

static void test_no_route_is_told(void **state)
{
    (void)state;
    host_in_each_mode(body_no_route);
}

static void body_no_such_link(struct host_fixture *host)
{
    struct ip_address link_local = {
        .family = IP_FAMILY_V6, .bytes = {0xfe, 0x80, [15] = 1}, .scope_id = 4711};
    host_request(&request, link_local, host->identifier, 1, 0);
    assert_int_equal(failure_of_request(host), SEND_NO_ROUTE);
}

static void test_scope_without_a_link_is_no_route(void **state)
{
    (void)state;
    host_in_each_mode(body_no_such_link);
}

static void body_foreign_source(struct host_fixture *host)
{
    host_request(&request, LOOPBACK, host->identifier, 1, 0);
    request.message.source = host_ipv4(192, 0, 2, 77);
    assert_int_equal(failure_of_request(host), SEND_FOREIGN_SOURCE);
    host_request(&request, host_ipv6_loopback(), host->identifier, 1, 0);
    request.message.source = (struct ip_address){.family = IP_FAMILY_V6, .bytes = {[14] = 0xff, [15] = 0xff}};
    assert_int_equal(failure_of_request(host), SEND_FOREIGN_SOURCE);
}

static void test_foreign_source_is_told(void **state)
{
    (void)state;
    host_in_each_mode(body_foreign_source);
}

static void body_broadcast(struct host_fixture *host)
{
    host_request(&request, host_ipv4(127, 255, 255, 255), host->identifier, 1, 0);
    assert_int_equal(failure_of_request(host), SEND_NEEDS_BROADCAST);
    host_request(&request, host_ipv4(127, 255, 255, 255), host->identifier, 1, 0);
    request.message.broadcast = 1;
    assert_int_equal(host_send(host, &request), SEND_OK);
    request.message.broadcast = 0;
    assert_int_equal(host_send(host, &request), SEND_NEEDS_BROADCAST);
}

static void test_broadcast_must_be_meant(void **state)
{
    (void)state;
    host_in_each_mode(body_broadcast);
}

static void body_too_big(struct host_fixture *host)
{
    host_mtu(1500);
    for (int family = 4; family <= 6; family += 2) {
        size_t largest = family == 4 ? 1472 : 1452;
        host_request(&request, loopback(family), host->identifier, 1, largest + 1);
        request.message.dont_fragment = 1;
        assert_int_equal(failure_of_request(host), SEND_TOO_BIG);
        host_request(&request, loopback(family), host->identifier, 1, largest);
        request.message.dont_fragment = 1;
        echo(host, host->identifier, 1);
        host_request(&request, loopback(family), host->identifier, 2, largest + 1);
        echo(host, host->identifier, 2);
    }
}

static void test_too_big_is_told_only_of_what_must_not_be_fragmented(void **state)
{
    (void)state;
    host_in_each_mode(body_too_big);
}

static void body_longer_than_any_datagram(struct host_fixture *host)
{
    host_request(&request, LOOPBACK, host->identifier, 1, 65508);
    assert_int_equal(failure_of_request(host), SEND_FAILED);
}

static void test_longer_than_any_datagram_fails(void **state)
{
    (void)state;
    host_in_each_mode(body_longer_than_any_datagram);
}

static void body_bad_options(struct host_fixture *host)
{
    static const uint8_t options[4] = {7, 200, 4, 0};
    host_request(&request, LOOPBACK, host->identifier, 1, 0);
    request.message.options = (uintptr_t)options;
    request.message.options_bytes = sizeof(options);
    assert_int_equal(failure_of_request(host), SEND_BAD_OPTION);
}

static void test_bad_options_are_told(void **state)
{
    (void)state;
    host_in_each_mode(body_bad_options);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_is_answered),
        cmocka_unit_test(test_send_and_receive_do_what_exchange_does),
        cmocka_unit_test(test_data_of_every_size_comes_back),
        cmocka_unit_test(test_long_messages_are_fragmented),
        cmocka_unit_test(test_ttl_and_tos_are_sent),
        cmocka_unit_test(test_ttl_and_tos_of_replies_are_told),
        cmocka_unit_test(test_dont_fragment_is_sent),
        cmocka_unit_test(test_source_address_is_used),
        cmocka_unit_test(test_ipv4_options_are_sent_and_told),
        cmocka_unit_test(test_no_route_is_told),
        cmocka_unit_test(test_scope_without_a_link_is_no_route),
        cmocka_unit_test(test_foreign_source_is_told),
        cmocka_unit_test(test_broadcast_must_be_meant),
        cmocka_unit_test(test_too_big_is_told_only_of_what_must_not_be_fragmented),
        cmocka_unit_test(test_longer_than_any_datagram_fails),
        cmocka_unit_test(test_bad_options_are_told),
    };
    return cmocka_run(argc, argv, tests, host_namespace_enter, NULL);
}
