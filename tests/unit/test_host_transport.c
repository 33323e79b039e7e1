/*
 * The host transport as the engine sees it, and the engine over it: all of it but the programs, over real sockets.
 */
#include "support/cmocka_main.h"

#include "echo/engine.h"
#include "echo/request.h"
#include "echo/session.h"
#include "echo/synchronous.h"
#include "os/win32_types.h"
#include "transport/host.h"
#include "unit/support/host_fixture.h"
#include "unit/support/os_posix.h"
#include "wire/bytes.h"
#include "wire/checksum.h"
#include "wire/icmpv4.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The engine's transport is the one under test. */
uint32_t transport_open(struct transport **transport)
{
    return host_open(transport);
}

#define IDENTIFIER 0x2345

/* A transport with a receiver, and a message to the loopback address. */
struct fixture {
    struct transport *transport;
    const struct transport_operations *operations;
    struct transport_receiver *receiver;
    struct transport_packet packets[64];
    struct transport_message message;
    uint8_t bytes[40];
    uint64_t sending_ns; /* when it was told that the message goes out */
    int sendings;
};

static void sending(void *context)
{
    struct fixture *fixture = context;
    fixture->sending_ns = os_now_ns();
    fixture->sendings++;
}

static void prepare(struct fixture *fixture, int family, uint16_t sequence)
{
    icmpv4_build_echo_request(fixture->bytes, sizeof(fixture->bytes), IDENTIFIER, sequence);
    if (family == 6) {
        fixture->bytes[0] = 128;
        bytes_store_be16(fixture->bytes + 2, 0);
    }
    fixture->message = (struct transport_message){
        .destination = family == 4 ? LOOPBACK : host_ipv6_loopback(),
        .bytes = fixture->bytes,
        .length_bytes = sizeof(fixture->bytes),
        .sending = sending,
        .context = fixture,
    };
}

/* Runs a body with a transport over raw sockets, and with one over ping sockets. */
static void in_each_mode(void (*body)(struct fixture *fixture))
{
    host_needs_namespace();
    for (int raw = 1; raw >= 0; raw--) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));
        size_t handles_before = host_handles();
        size_t allocations_before = os_posix_allocations();
        assert_non_null(fixture);
        host_privileged(raw != 0);
        assert_int_equal(host_open(&fixture->transport), 0);
        fixture->operations = fixture->transport->operations;
        assert_true(fixture->operations->identifier_claim(fixture->transport, IDENTIFIER));
        fixture->receiver = fixture->operations->receiver_open(fixture->transport, 0);
        assert_non_null(fixture->receiver);

        body(fixture);

        fixture->operations->close(fixture->transport);
        free(fixture);
        host_privileged(true);
        assert_int_equal(host_handles(), handles_before);
        assert_int_equal(os_posix_allocations(), allocations_before);
    }
}

static size_t receive(struct fixture *fixture, uint64_t timeout_ms)
{
    return fixture->operations->receive(fixture->receiver, os_now_ns() + timeout_ms * OS_NS_PER_MS,
                                        fixture->packets, 64);
}

static void test_name_and_families_tell_what_it_uses(void **state)
{
    struct transport *transport;
    (void)state;
    host_needs_namespace();
    assert_int_equal(host_open(&transport), 0);
    assert_string_equal(transport->name, "host (IPv4: raw sockets, IPv6: raw sockets)");
    assert_true(transport->has_ipv4 && transport->has_ipv6);
    assert_false(transport->rewrites_identifier);
    transport->operations->close(transport);
    host_privileged(false);
    assert_int_equal(host_open(&transport), 0);
    assert_string_equal(transport->name, "host (IPv4: ping sockets, IPv6: ping sockets)");
    assert_true(transport->has_ipv4 && transport->has_ipv6);
    assert_false(transport->rewrites_identifier);
    transport->operations->close(transport);
}

static void test_without_any_right_access_is_denied(void **state)
{
    struct transport *transport;
    (void)state;
    host_needs_namespace();
    host_ping_sockets_allowed(false);
    host_privileged(false);
    size_t allocations_before = os_posix_allocations();
    assert_int_equal(host_open(&transport), ERROR_ACCESS_DENIED);
    assert_int_equal(os_posix_allocations(), allocations_before);
}

static void body_round_trip(struct fixture *fixture)
{
    for (int family = 4; family <= 6; family += 2) {
        uint32_t error = 1;
        prepare(fixture, family, 1);
        fixture->sendings = 0;
        assert_int_equal(fixture->operations->exchange(fixture->receiver, &fixture->message,
                                                       os_now_ns() + 5000 * OS_NS_PER_MS, fixture->packets,
                                                       64, &error),
                         1);
        assert_int_equal(error, 0);
        assert_int_equal(fixture->sendings, 1);
        assert_in_range(fixture->packets[0].received_ns, fixture->sending_ns, os_now_ns());

        prepare(fixture, family, 2);
        assert_int_equal(fixture->operations->send(fixture->transport, &fixture->message), 0);
        uint64_t sent_ns = os_now_ns();
        while (os_now_ns() < sent_ns + 50 * OS_NS_PER_MS) {
            os_posix_pause();
        }
        assert_int_equal(receive(fixture, 5000), 1);
        assert_in_range(fixture->packets[0].received_ns, fixture->sending_ns, sent_ns + 20 * OS_NS_PER_MS);
        if (fixture->packets[0].form == TRANSPORT_MESSAGE) {
            assert_true(ip_address_equal(&fixture->packets[0].peer, &fixture->message.destination));
            assert_int_equal(fixture->packets[0].length_bytes, sizeof(fixture->bytes));
        }
    }
}

static void test_round_trip_ends_when_the_answer_came_in(void **state)
{
    (void)state;
    in_each_mode(body_round_trip);
}

static void body_own_identifier(struct fixture *fixture)
{
    fixture->receiver = fixture->operations->receiver_open(fixture->transport, IDENTIFIER + 1);
    assert_non_null(fixture->receiver);
    assert_null(fixture->operations->receiver_open(fixture->transport, IDENTIFIER + 1));
    for (uint16_t sequence = 1; sequence <= 6; sequence++) {
        prepare(fixture, sequence % 2 ? 4 : 6, sequence);
        bytes_store_be16(fixture->bytes + 4, IDENTIFIER + 1);
        if (sequence % 2) {
            bytes_store_be16(fixture->bytes + 2, 0);
            bytes_store_be16(fixture->bytes + 2, checksum_compute(fixture->bytes, sizeof(fixture->bytes)));
        }
        assert_int_equal(fixture->operations->send(fixture->transport, &fixture->message), 0);
    }
    for (int received = 0; received < 6; received++) {
        assert_int_equal(receive(fixture, 5000), 1); /* it has room for one at a time */
        assert_memory_equal(fixture->packets[0].bytes + fixture->packets[0].length_bytes - 32,
                            fixture->bytes + 8, 32);
    }
    assert_int_equal(receive(fixture, 0), 0);
}

static void test_receiver_with_an_identifier_of_its_own_gets_every_answer(void **state)
{
    (void)state;
    in_each_mode(body_own_identifier);
}

static void body_deadline(struct fixture *fixture)
{
    uint64_t deadline_ns = os_now_ns() + 50 * OS_NS_PER_MS;
    assert_int_equal(fixture->operations->receive(fixture->receiver, deadline_ns, fixture->packets, 64), 0);
    assert_true(os_now_ns() >= deadline_ns);
    assert_int_equal(fixture->operations->receive(fixture->receiver, 0, fixture->packets, 64), 0);
    assert_int_equal(fixture->operations->rest(fixture->receiver, fixture->packets, 64), 0);
    fixture->operations->wake(fixture->receiver);
    assert_int_equal(fixture->operations->receive(fixture->receiver, OS_NEVER, fixture->packets, 64), 0);
}

static void test_receive_ends_at_its_deadline_or_when_woken(void **state)
{
    (void)state;
    in_each_mode(body_deadline);
}

static void body_failures(struct fixture *fixture)
{
    uint32_t error = 0;
    prepare(fixture, 4, 1);
    fixture->message.destination = host_ipv4(192, 0, 2, 1);
    assert_int_equal(fixture->operations->send(fixture->transport, &fixture->message),
                     ERROR_NETWORK_UNREACHABLE);
    assert_int_equal(fixture->operations->exchange(fixture->receiver, &fixture->message, OS_NEVER,
                                                   fixture->packets, 64, &error),
                     0);
    assert_int_equal(error, ERROR_NETWORK_UNREACHABLE);
    prepare(fixture, 4, 1);
    fixture->message.source = host_ipv4(192, 0, 2, 1);
    assert_int_equal(fixture->operations->send(fixture->transport, &fixture->message), ERROR_INVALID_NETNAME);
    fixture->message.source = host_ipv4(0, 0, 0, 0);
    assert_int_equal(fixture->operations->send(fixture->transport, &fixture->message), 0);
    fixture->message.destination = host_ipv4(127, 255, 255, 255);
    assert_int_equal(fixture->operations->send(fixture->transport, &fixture->message),
                     TRANSPORT_NEEDS_BROADCAST);
}

static void test_failures_are_the_programs_errors(void **state)
{
    (void)state;
    in_each_mode(body_failures);
}

static void body_no_memory(struct fixture *fixture)
{
    struct transport *transport;
    os_posix_fail_allocation(1);
    assert_null(fixture->operations->receiver_open(fixture->transport, 0));
    os_posix_fail_allocation(1);
    assert_int_equal(host_open(&transport), ERROR_NOT_ENOUGH_MEMORY);
}

static void test_no_memory_is_told(void **state)
{
    (void)state;
    in_each_mode(body_no_memory);
}

/* ---- The engine over it ---- */

/* A synchronous call, and what comes of it. */
struct echo {
    struct engine *engine;
    struct echo_call call;
    uint8_t data[64];
    _Alignas(8) uint8_t reply[256];
    uint32_t replies, error;
};

static struct echo echo_to(struct engine *engine, struct ip_address destination, uint32_t timeout_ms)
{
    return (struct echo){
        .engine = engine,
        .call = {.destination = destination, .data_bytes = 64, .timeout_ms = timeout_ms},
        .data = "what comes back is what was sent",
    };
}

static void run_echo(void *argument)
{
    struct echo *echo = argument;
    echo->call.data = echo->data;
    echo->call.reply = echo->reply;
    echo->call.reply_bytes = sizeof(echo->reply);
    echo->replies = echo_synchronous(echo->engine, &echo->call, &echo->error);
}

static const ICMP_ECHO_REPLY *reply_of(const struct echo *echo)
{
    return (const ICMP_ECHO_REPLY *)echo->reply;
}

static void assert_echoed(const struct echo *echo)
{
    assert_int_equal(echo->replies, 1);
    assert_int_equal(echo->error, 0);
    assert_int_equal(reply_of(echo)->Status, IP_SUCCESS);
    assert_int_equal(reply_of(echo)->DataSize, 64);
    assert_memory_equal(reply_of(echo)->Data, echo->data, 64);
}

static void with_engine(void (*body)(struct engine *engine))
{
    host_needs_namespace();
    for (int raw = 1; raw >= 0; raw--) {
        struct engine *engine;
        size_t handles_before = host_handles();
        host_privileged(raw != 0);
        assert_int_equal(engine_acquire(&engine), 0);
        body(engine);
        engine_release(engine);
        assert_true(os_posix_join_threads());
        host_privileged(true);
        host_answers(true);
        assert_int_equal(host_handles(), handles_before);
    }
}

static void body_synchronous(struct engine *engine)
{
    for (int i = 0; i < 1000; i++) {
        struct echo echo = echo_to(engine, LOOPBACK, 5000);
        run_echo(&echo);
        assert_echoed(&echo);
    }
    struct echo echo = echo_to(engine, LOOPBACK, 30);
    bool was_privileged = host_privileged(true);
    host_answers(false);
    host_privileged(was_privileged);
    uint64_t before_ns = os_now_ns();
    run_echo(&echo);
    assert_int_equal(echo.error, IP_REQ_TIMED_OUT);
    assert_true(os_now_ns() - before_ns >= 30 * OS_NS_PER_MS);
}

static void test_engine_echoes_and_times_out(void **state)
{
    (void)state;
    with_engine(body_synchronous);
}

static void body_threads(struct engine *engine)
{
    enum { THREADS = 16, ECHOES = 100 };
    for (int round = 0; round < ECHOES; round++) {
        struct echo echoes[THREADS];
        struct os_posix_thread *threads[THREADS];
        for (int i = 0; i < THREADS; i++) {
            echoes[i] = echo_to(engine, LOOPBACK, 10000);
            echoes[i].data[63] = (uint8_t)i;
            threads[i] = os_posix_thread_start(run_echo, &echoes[i]);
        }
        for (int i = 0; i < THREADS; i++) {
            os_posix_thread_join(threads[i]);
            assert_echoed(&echoes[i]);
        }
    }
}

static void test_engine_echoes_for_many_threads(void **state)
{
    (void)state;
    with_engine(body_threads);
}

/* A router: says that the time of whatever was sent to the loopback address is exceeded. It sees the requests as they come
 * in; it cannot know the identifier otherwise. */
static void be_router(void *argument)
{
    int forger = *(int *)argument;
    uint8_t packet[256];
    while (recv(forger, packet, sizeof(packet), 0) > 0) {
        if (packet[20] == ICMPV4_TYPE_ECHO_REQUEST) {
            host_forge_error(forger, IP_FAMILY_V4, ICMPV4_TYPE_TIME_EXCEEDED, 0, bytes_load_be16(packet + 24),
                             bytes_load_be16(packet + 26));
            return;
        }
    }
}

static void body_router(struct engine *engine)
{
    bool was_privileged = host_privileged(true);
    int forger = host_forger_open(IP_FAMILY_V4);
    host_answers(false);
    host_privileged(was_privileged);
    struct os_posix_thread *router = os_posix_thread_start(be_router, &forger);
    struct echo echo = echo_to(engine, LOOPBACK, 10000);
    run_echo(&echo);
    os_posix_thread_join(router);
    close(forger);
    assert_int_equal(echo.replies, 1);
    assert_int_equal(echo.error, 0);
    assert_int_equal(reply_of(&echo)->Status, IP_TTL_EXPIRED_TRANSIT);
}

static void test_engine_learns_of_icmp_errors(void **state)
{
    (void)state;
    with_engine(body_router);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_and_families_tell_what_it_uses),
        cmocka_unit_test(test_without_any_right_access_is_denied),
        cmocka_unit_test(test_round_trip_ends_when_the_answer_came_in),
        cmocka_unit_test(test_receiver_with_an_identifier_of_its_own_gets_every_answer),
        cmocka_unit_test(test_receive_ends_at_its_deadline_or_when_woken),
        cmocka_unit_test(test_failures_are_the_programs_errors),
        cmocka_unit_test(test_no_memory_is_told),
        cmocka_unit_test(test_engine_echoes_and_times_out),
        cmocka_unit_test(test_engine_echoes_for_many_threads),
        cmocka_unit_test(test_engine_learns_of_icmp_errors),
    };
    return cmocka_run(argc, argv, tests, host_namespace_enter, NULL);
}
