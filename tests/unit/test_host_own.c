/*
 * Receivers of the host transport's Unix half with identifiers of their own: what comes to them, what does not, and who may
 * have which identifier.
 */
#ifndef _GNU_SOURCE
    #define _GNU_SOURCE
#endif
#include "support/cmocka_main.h"

#include "unit/support/host_fixture.h"

#include <pthread.h>
#include <unistd.h>

/* Identifiers of receivers. */
#define OWN  0x4455
#define OWN2 0x4466

static struct host_request request;

static struct ip_address loopback(int family)
{
    return family == 4 ? LOOPBACK : host_ipv6_loopback();
}

static void send_request(struct host_fixture *host, int family, uint16_t identifier, uint16_t sequence)
{
    host_request(&request, loopback(family), identifier, sequence, 8);
    assert_int_equal(host_send(host, &request), SEND_OK);
}

static uint64_t open_own(struct host_fixture *host, uint16_t identifier)
{
    uint64_t receiver = host_try_receiver_open(host, identifier);
    assert_true(receiver != 0);
    return receiver;
}

/* That this, and nothing else, has come to the receiver. */
static void assert_comes(struct host_fixture *host, uint64_t receiver, uint16_t identifier, uint16_t sequence)
{
    uint64_t other = host->receiver;
    host->receiver = receiver;
    assert_int_equal(host_receive(host, 5000), 1);
    assert_true(host_is_reply(host, &host->packets[0], identifier, sequence));
    assert_int_equal(host_receive(host, 0), 0);
    host->receiver = other;
}

static void assert_nothing_comes(struct host_fixture *host, uint64_t receiver)
{
    uint64_t other = host->receiver;
    host->receiver = receiver;
    assert_int_equal(host_receive(host, 20), 0);
    host->receiver = other;
}

static void body_apart(struct host_fixture *host)
{
    uint64_t own = open_own(host, OWN);
    uint64_t own2 = open_own(host, OWN2);
    for (int family = 4; family <= 6; family += 2) {
        send_request(host, family, OWN, 1);
        send_request(host, family, OWN2, 2);
        send_request(host, family, CLAIMED, 3);
        assert_comes(host, host->receiver, CLAIMED, 3);
        assert_comes(host, own2, OWN2, 2);
        assert_comes(host, own, OWN, 1);
        assert_nothing_comes(host, host->receiver);
    }
}

static void test_each_gets_what_answers_its_own_identifier_and_others_get_the_rest(void **state)
{
    (void)state;
    host_in_each_mode(body_apart);
}

static void body_claims_do_not_change_it(struct host_fixture *host)
{
    uint64_t own = open_own(host, OWN);
    assert_true(host_claim(host, FOREIGN));
    send_request(host, 4, FOREIGN, 1);
    send_request(host, 4, OWN, 2);
    assert_comes(host, own, OWN, 2);
    assert_comes(host, host->receiver, FOREIGN, 1);
}

static void test_what_is_claimed_later_does_not_come_to_it(void **state)
{
    (void)state;
    host_in_each_mode(body_claims_do_not_change_it);
}

static void body_exchange(struct host_fixture *host)
{
    host->receiver = open_own(host, OWN);
    for (uint16_t i = 0; i < 1000; i++) {
        enum send_failure failure;
        host_request(&request, loopback(i % 2 ? 6 : 4), OWN, i, 32);
        assert_int_equal(host_exchange(host, &request, 5000, &failure), 1);
        assert_int_equal(failure, SEND_OK);
        assert_true(host_is_reply(host, &host->packets[0], OWN, i));
    }
}

static void test_it_sends_and_receives_in_one_call(void **state)
{
    (void)state;
    host_in_each_mode(body_exchange);
}

/* Sends requests that nobody answers, and lets errors about them come. */
static void provoke_errors(struct host_fixture *host, uint16_t identifier, uint16_t sequence)
{
    bool was_privileged = host_privileged(true);
    int forgers[] = {[4] = host_forger_open(4), [6] = host_forger_open(6)};
    host_answers(false);
    host_privileged(was_privileged);
    for (int family = 4; family <= 6; family += 2) {
        send_request(host, family, identifier, sequence);
        host_forge_error(forgers[family], (uint8_t)family, family == 4 ? 11 : 3, 0, identifier, sequence);
        close(forgers[family]);
    }
    was_privileged = host_privileged(true);
    host_answers(true);
    host_privileged(was_privileged);
}

static void body_errors(struct host_fixture *host)
{
    uint64_t own = open_own(host, OWN);
    uint64_t own2 = open_own(host, OWN2);
    provoke_errors(host, OWN, 7);
    assert_nothing_comes(host, host->receiver);
    assert_nothing_comes(host, own2);
    host->receiver = own;
    size_t total = 0;
    while (total < 2) {
        size_t count = host_receive(host, 5000);
        assert_true(count > 0);
        total += count;
    }
    assert_int_equal(total, 2);
    if (!host->raw) {
        assert_int_equal(host->packets[0].form, TRANSPORT_ERROR);
    }
    assert_int_equal(host_receive(host, 0), 0);
}

static void test_icmp_errors_about_its_requests_come_to_it_alone(void **state)
{
    (void)state;
    host_in_each_mode(body_errors);
}

static void body_discard(struct host_fixture *host)
{
    uint64_t own = open_own(host, OWN);
    struct host_receiver_call use = {own};
    for (uint16_t i = 0; i < 100; i++) {
        send_request(host, i % 2 ? 6 : 4, OWN, i);
    }
    provoke_errors(host, OWN, 200);
    send_request(host, 4, CLAIMED, 300);
    host_call(HOST_DISCARD, &use);
    assert_nothing_comes(host, own);
    send_request(host, 6, OWN, 301);
    assert_comes(host, own, OWN, 301);
    assert_comes(host, host->receiver, CLAIMED, 300);
}

static void test_discard_leaves_newer_packets_and_those_of_others(void **state)
{
    (void)state;
    host_in_each_mode(body_discard);
}

static void *wake_later(void *receiver)
{
    usleep(50000);
    host_wake(*(uint64_t *)receiver);
    return NULL;
}

static void body_wake(struct host_fixture *host)
{
    pthread_t thread;
    host->receiver = open_own(host, OWN);
    assert_int_equal(pthread_create(&thread, NULL, wake_later, &host->receiver), 0);
    assert_int_equal(host_receive(host, 60000), 0);
    pthread_join(thread, NULL);
}

static void test_wake_ends_its_wait(void **state)
{
    (void)state;
    host_in_each_mode(body_wake);
}

static void body_taken(struct host_fixture *host)
{
    assert_true(host_try_receiver_open(host, CLAIMED) == 0);
    open_own(host, OWN);
    assert_true(host_try_receiver_open(host, OWN) == 0);
    assert_false(host_claim(host, OWN));
    send_request(host, 4, CLAIMED, 1);
    assert_comes(host, host->receiver, CLAIMED, 1);
}

static void test_an_identifier_belongs_to_one_receiver_or_to_all_others(void **state)
{
    (void)state;
    host_in_each_mode(body_taken);
}

static void body_taken_by_another_program(struct host_fixture *host)
{
    struct host_open_call call = {0};
    host_call(HOST_OPEN, &call);
    struct host_fixture other = {.network = call.network};
    open_own(&other, OWN);
    assert_true(host_try_receiver_open(host, OWN) == 0);
    assert_true(host_try_receiver_open(&other, CLAIMED) == 0);
    struct host_close_call close = {call.network};
    host_call(HOST_CLOSE, &close);
    open_own(host, OWN);
}

static void test_ping_sockets_never_have_another_programs_identifier(void **state)
{
    (void)state;
    host_with(false, body_taken_by_another_program);
}

/* Of so many more handles than there are, a receiver needs 3 in either mode: to be woken, and a socket for each family. */
static void body_no_more_handles(struct host_fixture *host)
{
    for (int more = 0; more <= 3; more++) {
        size_t before = host_handles();
        rlim_t usual = host_limit_handles(more);
        uint64_t receiver = host_try_receiver_open(host, OWN);
        host_set_handle_limit(usual);

        assert_int_equal(receiver != 0, more == 3);
        assert_int_equal(host_handles(), before + (more == 3 ? 3 : 0));
    }
    assert_true(host_try_receiver_open(host, OWN) == 0);
}

static void test_without_handles_it_is_refused_and_nothing_leaks(void **state)
{
    (void)state;
    host_in_each_mode(body_no_more_handles);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_gets_what_answers_its_own_identifier_and_others_get_the_rest),
        cmocka_unit_test(test_what_is_claimed_later_does_not_come_to_it),
        cmocka_unit_test(test_it_sends_and_receives_in_one_call),
        cmocka_unit_test(test_icmp_errors_about_its_requests_come_to_it_alone),
        cmocka_unit_test(test_discard_leaves_newer_packets_and_those_of_others),
        cmocka_unit_test(test_wake_ends_its_wait),
        cmocka_unit_test(test_an_identifier_belongs_to_one_receiver_or_to_all_others),
        cmocka_unit_test(test_ping_sockets_never_have_another_programs_identifier),
        cmocka_unit_test(test_without_handles_it_is_refused_and_nothing_leaks),
    };
    return cmocka_run(argc, argv, tests, host_namespace_enter, NULL);
}
