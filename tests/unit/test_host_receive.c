/*
 * Waiting and receiving in the host transport's Unix half: time-outs, wake-ups, batches, ICMP errors, and threads that
 * are ended in the middle of it all.
 */
#ifndef _GNU_SOURCE
    #define _GNU_SOURCE
#endif
#include "support/cmocka_main.h"

#include "unit/support/host_fixture.h"
#include "wire/bytes.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct host_request request;

static struct ip_address loopback(int family)
{
    return family == 4 ? LOOPBACK : host_ipv6_loopback();
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void send_request(struct host_fixture *host, int family, uint16_t identifier, uint16_t sequence)
{
    host_request(&request, loopback(family), identifier, sequence, 8);
    assert_int_equal(host_send(host, &request), SEND_OK);
}

/* ---- Time-outs and wake-ups ---- */

static void body_timeout(struct host_fixture *host)
{
    static const uint64_t timeouts_ms[] = {0, 1, 20, 150};
    for (size_t i = 0; i < sizeof(timeouts_ms) / sizeof(timeouts_ms[0]); i++) {
        uint64_t before_ns = now_ns();
        assert_int_equal(host_receive(host, timeouts_ms[i]), 0);
        uint64_t took_ns = now_ns() - before_ns;
        assert_true(took_ns >= timeouts_ms[i] * 1000000);
        assert_true(took_ns < 5000000000U);
    }
}

static void test_wait_ends_at_its_time_and_never_before(void **state)
{
    (void)state;
    host_in_each_mode(body_timeout);
}

static struct host_receive_call unlimited(struct host_fixture *host)
{
    return (struct host_receive_call){
        .receiver = host->receiver,
        .reception =
            {
                .packets = (uintptr_t)host->packets,
                .buffer = (uintptr_t)host->buffer,
                .timeout_ns = UINT64_MAX,
                .capacity = HOST_BATCH_MAX,
            },
    };
}

static void *wake_later(void *receiver)
{
    sleep_ms(50);
    host_wake(*(uint64_t *)receiver);
    return NULL;
}

static void body_wake(struct host_fixture *host)
{
    struct host_receive_call call = unlimited(host);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_later, &host->receiver), 0);
    host_call(HOST_RECEIVE, &call);
    assert_int_equal(call.reception.count, 0);
    assert_int_equal(call.reception.woken, 1);
    pthread_join(thread, NULL);
    assert_int_equal(host_receive(host, 0), 0);
}

static void test_wake_ends_an_endless_wait(void **state)
{
    (void)state;
    host_in_each_mode(body_wake);
}

static void body_wake_before(struct host_fixture *host)
{
    struct host_receive_call call = unlimited(host);
    host_wake(host->receiver);
    host_wake(host->receiver);
    host_call(HOST_RECEIVE, &call);
    assert_int_equal(call.reception.woken, 1);
    call = unlimited(host);
    call.reception.timeout_ns = 0;
    host_call(HOST_RECEIVE, &call);
    assert_int_equal(call.reception.woken, 0);
}

static void test_wake_that_comes_early_ends_the_next_wait_and_no_other(void **state)
{
    (void)state;
    host_in_each_mode(body_wake_before);
}

static void body_packets_first(struct host_fixture *host)
{
    for (int family = 4; family <= 6; family += 2) {
        struct host_receive_call call = unlimited(host);
        host_wake(host->receiver);
        send_request(host, family, CLAIMED, 1);
        host_call(HOST_RECEIVE, &call);
        assert_int_equal(call.reception.count, 1);
        assert_int_equal(call.reception.woken, 0);
        host_call(HOST_RECEIVE, &call);
        assert_int_equal(call.reception.count, 0);
        assert_int_equal(call.reception.woken, 1);
    }
}

static void test_packets_go_before_a_wake(void **state)
{
    (void)state;
    host_in_each_mode(body_packets_first);
}

static void body_wake_others(struct host_fixture *host)
{
    uint64_t other = host_receiver_open(host);
    host_wake(other);
    struct host_receive_call call = unlimited(host);
    call.reception.timeout_ns = 20000000;
    host_call(HOST_RECEIVE, &call);
    assert_int_equal(call.reception.woken, 0);
}

static void test_wake_is_for_one_receiver(void **state)
{
    (void)state;
    host_in_each_mode(body_wake_others);
}

static void nothing(int signal)
{
    (void)signal;
}

static pthread_t main_thread;
static atomic_bool stopping;

static void *interrupt(void *argument)
{
    (void)argument;
    while (!stopping) {
        pthread_kill(main_thread, SIGUSR1);
        sleep_ms(1);
    }
    return NULL;
}

static void body_interrupted(struct host_fixture *host)
{
    pthread_t thread;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = nothing}, NULL);
    main_thread = pthread_self();
    stopping = false;
    assert_int_equal(pthread_create(&thread, NULL, interrupt, NULL), 0);
    uint64_t before_ns = now_ns();
    size_t idle = host_receive(host, 200);
    uint64_t took_ns = now_ns() - before_ns;
    enum send_failure failure = SEND_OK;
    for (uint16_t i = 0; i < 2000 && failure == SEND_OK; i++) {
        host_request(&request, loopback(i % 2 ? 6 : 4), CLAIMED, i, 0);
        if (host_exchange(host, &request, 5000, &failure) != 1) {
            failure = SEND_FAILED;
        }
    }
    stopping = true;
    pthread_join(thread, NULL);
    assert_int_equal(idle, 0);
    assert_true(took_ns >= 200000000);
    assert_int_equal(failure, SEND_OK);
}

static void test_signals_do_not_disturb(void **state)
{
    (void)state;
    host_in_each_mode(body_interrupted);
}

/* ---- Batches ---- */

static void body_batches(struct host_fixture *host)
{
    for (uint16_t i = 0; i < 100; i++) {
        send_request(host, i % 2 ? 6 : 4, i % 4 < 2 ? CLAIMED : CLAIMED2, i);
    }
    bool seen[100] = {false};
    size_t total = 0;
    size_t count;
    while ((count = host_receive(host, 0)) > 0) {
        assert_true(count <= HOST_BATCH_MAX);
        for (size_t i = 0; i < count; i++) {
            size_t length;
            uint16_t sequence = bytes_load_be16(host_icmp(host, &host->packets[i], &length) + 6);
            assert_true(sequence < 100 && !seen[sequence]);
            assert_true(
                host_is_reply(host, &host->packets[i], sequence % 4 < 2 ? CLAIMED : CLAIMED2, sequence));
            seen[sequence] = true;
        }
        total += count;
    }
    assert_int_equal(total, 100);
}

static void test_many_replies_come_in_batches_each_once(void **state)
{
    (void)state;
    host_in_each_mode(body_batches);
}

static void body_small_capacity(struct host_fixture *host)
{
    for (uint16_t i = 0; i < 6; i++) {
        send_request(host, 4, CLAIMED, i);
    }
    struct host_receive_call call = unlimited(host);
    uint16_t next = 0;
    memset(host->buffer + 2 * HOST_SLOT_BYTES, 0xee, 64);
    for (call.reception.capacity = 1; next < 6; call.reception.capacity = 2) {
        host_call(HOST_RECEIVE, &call);
        assert_in_range(call.reception.count, 1, call.reception.capacity);
        for (size_t i = 0; i < call.reception.count; i++) {
            assert_true(host_is_reply(host, &host->packets[i], CLAIMED, next));
            next++;
        }
    }
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(host->buffer[2 * HOST_SLOT_BYTES + i], 0xee);
    }
}

static void test_no_more_is_taken_than_there_is_room_for(void **state)
{
    (void)state;
    host_in_each_mode(body_small_capacity);
}

static void body_many(struct host_fixture *host)
{
    for (uint32_t i = 0; i < 100000; i++) {
        enum send_failure failure;
        host_request(&request, loopback(i % 8 == 0 ? 6 : 4), CLAIMED, (uint16_t)i, 32);
        assert_int_equal(host_exchange(host, &request, 10000, &failure), 1);
        assert_int_equal(failure, SEND_OK);
        assert_true(host_is_reply(host, &host->packets[0], CLAIMED, (uint16_t)i));
    }
}

static void test_100000_requests_are_answered(void **state)
{
    (void)state;
    host_in_each_mode(body_many);
}

static void body_burst(struct host_fixture *host)
{
    size_t total = 0;
    size_t count;
    for (uint16_t i = 0; i < 5000; i++) {
        send_request(host, 4, CLAIMED, i);
    }
    while ((count = host_receive(host, 0)) > 0) {
        total += count;
    }
    assert_int_equal(total, 5000);
}

static void test_burst_of_thousands_of_replies_is_not_lost(void **state)
{
    (void)state;
    host_with(true, body_burst); /* without privilege the system decides */
}

/* ---- Receivers ---- */

static void body_all_receivers(struct host_fixture *host)
{
    uint64_t first = host->receiver;
    uint64_t second = host_receiver_open(host);
    send_request(host, 4, CLAIMED, 1);
    send_request(host, 6, CLAIMED, 2);
    assert_int_equal(host_receive(host, 5000), 2);
    host->receiver = second;
    assert_int_equal(host_receive(host, 20), host->raw ? 2 : 0);
    send_request(host, 4, CLAIMED, 3);
    assert_int_equal(host_receive(host, 5000), 1);
    host->receiver = first;
    assert_int_equal(host_receive(host, 20), host->raw ? 1 : 0);
}

static void test_raw_packets_go_to_all_receivers_and_others_to_one(void **state)
{
    (void)state;
    host_in_each_mode(body_all_receivers);
}

static void body_identifier(struct host_fixture *host)
{
    int forger4 = host_forger_open(4);
    int forger6 = host_forger_open(6);
    for (int claimed = 0; claimed < 2; claimed++) {
        uint8_t reply4[16] = {0, [4] = FOREIGN >> 8, [5] = FOREIGN & 0xff, [7] = 9};
        uint8_t reply6[16] = {129, [4] = FOREIGN >> 8, [5] = FOREIGN & 0xff, [7] = 9};
        host_forge(forger4, 4, reply4, sizeof(reply4));
        host_forge(forger6, 6, reply6, sizeof(reply6));
        host_forge_error(forger4, 4, 11, 0, FOREIGN, 1);
        host_forge_error(forger6, 6, 3, 0, FOREIGN, 1);
        size_t total = 0;
        size_t count;
        while ((count = host_receive(host, claimed && total < 4 ? 5000 : 20)) > 0) {
            total += count;
        }
        assert_int_equal(total, claimed ? 4 : 0);
        assert_true(host_claim(host, FOREIGN));
    }
    close(forger4);
    close(forger6);
}

static void test_others_packets_do_not_wake_until_their_identifier_is_claimed(void **state)
{
    (void)state;
    host_with(true, body_identifier);
}

static atomic_bool claim_failed;

static void *claim_many(void *argument)
{
    for (uint16_t i = 0; i < 200; i++) {
        if (!host_claim(argument, (uint16_t)(0x7000 + i))) {
            claim_failed = true;
        }
    }
    return NULL;
}

static void body_claim_meanwhile(struct host_fixture *host)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, claim_many, host), 0);
    for (uint16_t i = 0; i < 3000; i++) {
        send_request(host, i % 2 ? 6 : 4, CLAIMED, i);
        assert_int_equal(host_receive(host, 5000), 1);
        assert_true(host_is_reply(host, &host->packets[0], CLAIMED, i));
    }
    pthread_join(thread, NULL);
    assert_false(claim_failed);
    for (uint16_t i = 0; i < 200; i++) {
        send_request(host, 4, (uint16_t)(0x7000 + i), i);
        assert_int_equal(host_receive(host, 5000), 1);
        assert_true(host_is_reply(host, &host->packets[0], (uint16_t)(0x7000 + i), i));
    }
}

static void test_nothing_is_lost_while_identifiers_are_claimed(void **state)
{
    (void)state;
    host_in_each_mode(body_claim_meanwhile);
}

static void body_discard(struct host_fixture *host)
{
    for (uint16_t i = 0; i < 200; i++) {
        send_request(host, i % 2 ? 6 : 4, CLAIMED, i);
    }
    struct host_receiver_call use = {host->receiver};
    host_call(HOST_DISCARD, &use);
    send_request(host, 4, CLAIMED, 1000);
    assert_int_equal(host_receive(host, 5000), 1);
    assert_true(host_is_reply(host, &host->packets[0], CLAIMED, 1000));
    send_request(host, 6, CLAIMED, 1001);
    assert_int_equal(host_receive(host, 5000), 1);
    assert_true(host_is_reply(host, &host->packets[0], CLAIMED, 1001));
}

static void test_discard_leaves_newer_packets_only(void **state)
{
    (void)state;
    host_with(true, body_discard);
}

static void body_keep(struct host_fixture *host)
{
    struct host_receiver_call use = {host->receiver};
    send_request(host, 4, CLAIMED, 1);
    host_call(HOST_DISCARD, &use);
    assert_int_equal(host_receive(host, 5000), 1);
}

static void test_discard_takes_nothing_away_from_other_receivers(void **state)
{
    (void)state;
    host_with(false, body_keep);
}

static void body_age(struct host_fixture *host)
{
    send_request(host, 4, CLAIMED, 1);
    send_request(host, 6, CLAIMED, 1);
    sleep_ms(200);
    assert_int_equal(host_receive(host, 5000), 2);
    for (size_t i = 0; i < 2; i++) {
        /* On a busy machine even loopback takes some milliseconds. */
        assert_in_range(host->packets[i].age_ns, 100000000, 5000000000);
    }
}

static void test_time_of_arrival_is_told_not_that_of_reading(void **state)
{
    (void)state;
    host_in_each_mode(body_age);
}

/* ---- ICMP errors ---- */

static void body_errors(struct host_fixture *host)
{
    static const struct {
        int family;
        uint8_t type, code;
    } errors[] = {{4, 11, 0}, {4, 3, 1}, {4, 3, 13}, {4, 12, 0}, {6, 3, 0}, {6, 1, 0}, {6, 1, 3}, {6, 4, 1}};
    bool was_privileged = host_privileged(true);
    int forgers[] = {[4] = host_forger_open(4), [6] = host_forger_open(6)};
    host_answers(false);
    host_privileged(was_privileged);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        int family = errors[i].family;
        uint16_t sequence = (uint16_t)(100 + i);
        send_request(host, family, CLAIMED, sequence);
        host_forge_error(forgers[family], (uint8_t)family, errors[i].type, errors[i].code, CLAIMED, sequence);
        assert_int_equal(host_receive(host, 5000), 1);
        const struct host_packet *packet = &host->packets[0];
        size_t length;
        const uint8_t *icmp = host_icmp(host, packet, &length);
        if (host->raw) {
            assert_int_equal(packet->form, family == 4 ? TRANSPORT_IPV4_PACKET : TRANSPORT_MESSAGE);
            assert_int_equal(icmp[0], errors[i].type);
            assert_int_equal(icmp[1], errors[i].code);
        } else {
            struct ip_address address = loopback(family);
            assert_int_equal(packet->form, TRANSPORT_ERROR);
            assert_int_equal(packet->icmp_type, errors[i].type);
            assert_int_equal(packet->icmp_code, errors[i].code);
            assert_memory_equal(&packet->peer, &address, sizeof(address));
            assert_memory_equal(&packet->destination, &address, sizeof(address));
            assert_int_equal(bytes_load_be16(icmp + 4), CLAIMED);
            assert_int_equal(bytes_load_be16(icmp + 6), sequence);
        }
        assert_int_equal(host_receive(host, 0), 0);
    }
    close(forgers[4]);
    close(forgers[6]);
}

static void test_icmp_errors_come_with_their_sender(void **state)
{
    (void)state;
    host_in_each_mode(body_errors);
}

static void body_pending_error(struct host_fixture *host)
{
    bool was_privileged = host_privileged(true);
    int forgers[] = {[4] = host_forger_open(4), [6] = host_forger_open(6)};
    host_privileged(was_privileged);
    for (uint16_t i = 0; i < 200; i++) {
        int family = i % 2 ? 6 : 4;
        host_forge_error(forgers[family], (uint8_t)family, family == 4 ? 11 : 3, 0, CLAIMED, 7);
        send_request(host, family, CLAIMED, i);
        size_t total = 0;
        while (total < 2) {
            size_t count = host_receive(host, 5000);
            assert_true(count > 0);
            total += count;
        }
        assert_int_equal(total, 2);
    }
    close(forgers[4]);
    close(forgers[6]);
}

static void test_error_about_one_message_does_not_fail_the_sending_of_another(void **state)
{
    (void)state;
    host_in_each_mode(body_pending_error);
}

static void body_own_error(struct host_fixture *host)
{
    host_mtu(1500);
    for (int family = 4; family <= 6; family += 2) {
        host_request(&request, loopback(family), CLAIMED, 1, 2000);
        request.message.dont_fragment = 1;
        assert_int_equal(host_send(host, &request), SEND_TOO_BIG);
        assert_int_equal(host_receive(host, 50), 0);
    }
}

static void test_what_sending_has_told_is_not_received_as_well(void **state)
{
    (void)state;
    host_in_each_mode(body_own_error);
}

/* ---- Threads that are ended ---- */

/* Ends a thread as Wine's TerminateThread does: by a signal, at once, wherever it is. */
static void end_thread(int signal)
{
    (void)signal;
    syscall(SYS_exit, 0);
}

struct victim {
    struct host_fixture host;
    atomic_int started;
    int kind;
};

static void *be_busy(void *argument)
{
    struct victim *victim = argument;
    static struct host_request requests[4];
    struct host_request *mine = &requests[victim->kind];
    uint16_t next = (uint16_t)(0x100 * (victim->kind + 1));
    victim->started = (int)syscall(SYS_gettid);
    for (;;) {
        enum send_failure failure;
        host_request(mine, loopback(next % 2 ? 6 : 4), CLAIMED, next, 0);
        switch (victim->kind) {
        case 0:
            host_receive(&victim->host, 100);
            break;
        case 1:
            host_exchange(&victim->host, mine, 1, &failure);
            break;
        case 2:
            host_send(&victim->host, mine);
            break;
        default:
            host_claim(&victim->host, (uint16_t)(0x100 + next % 0x400));
            break;
        }
        next++;
    }
    return NULL;
}

/* Ends threads that are anywhere in the functions, and does the same work after each. */
static void body_ended_threads(struct host_fixture *host)
{
    struct sigaction action = {.sa_handler = end_thread};
    sigaction(SIGUSR2, &action, NULL);
    for (int i = 0; i < 200; i++) {
        struct victim *victim = calloc(1, sizeof(*victim));
        pthread_t thread;
        assert_non_null(victim);
        victim->host = *host;
        victim->kind = i % 4;
        victim->host.buffer = malloc((size_t)HOST_BATCH_MAX * HOST_SLOT_BYTES);
        victim->host.receiver = host_receiver_open(host);
        assert_int_equal(pthread_create(&thread, NULL, be_busy, victim), 0);
        while (victim->started == 0) {
            sched_yield();
        }
        nanosleep(&(struct timespec){.tv_nsec = i % 50 * 10000}, NULL);
        assert_int_equal(pthread_kill(thread, SIGUSR2), 0);
        while (syscall(SYS_tgkill, getpid(), victim->started, 0) == 0) {
            sched_yield();
        }
        pthread_detach(thread);

        assert_true(host_claim(host, (uint16_t)(0x2000 + i)));
        host_receiver_open(host);
        send_request(host, i % 2 ? 6 : 4, (uint16_t)(0x2000 + i), (uint16_t)i);
        bool answered = false;
        while (!answered) {
            size_t count = host_receive(host, 5000);
            assert_true(count > 0);
            for (size_t j = 0; j < count; j++) {
                answered |= host_is_reply(host, &host->packets[j], (uint16_t)(0x2000 + i), (uint16_t)i);
            }
        }
        free(victim->host.buffer);
        free(victim);
    }
}

static void test_threads_terminated_anywhere_block_nobody(void **state)
{
    (void)state;
    host_in_each_mode(body_ended_threads);
}

/* For LeakSanitizer: what a thread had opened when it was ended is lost. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:open_and_close\n";
}

static atomic_int opener;

static void *open_and_close(void *argument)
{
    (void)argument;
    opener = (int)syscall(SYS_gettid);
    for (;;) {
        struct host_open_call open = {0};
        host_call(HOST_OPEN, &open);
        struct host_close_call close = {open.network};
        host_call(HOST_CLOSE, &close);
    }
    return NULL;
}

static void test_threads_terminated_while_they_open_or_close_block_nobody(void **state)
{
    (void)state;
    host_needs_namespace();
    struct sigaction action = {.sa_handler = end_thread};
    sigaction(SIGUSR2, &action, NULL);
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        opener = 0;
        host_privileged(i % 2 == 0);
        assert_int_equal(pthread_create(&thread, NULL, open_and_close, NULL), 0);
        while (opener == 0) {
            sched_yield();
        }
        nanosleep(&(struct timespec){.tv_nsec = i % 50 * 10000}, NULL);
        assert_int_equal(pthread_kill(thread, SIGUSR2), 0);
        while (syscall(SYS_tgkill, getpid(), opener, 0) == 0) {
            sched_yield();
        }
        pthread_detach(thread);

        struct host_open_call open = {0};
        host_call(HOST_OPEN, &open);
        assert_true(open.network != 0);
        struct host_close_call close = {open.network};
        host_call(HOST_CLOSE, &close);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait_ends_at_its_time_and_never_before),
        cmocka_unit_test(test_wake_ends_an_endless_wait),
        cmocka_unit_test(test_wake_that_comes_early_ends_the_next_wait_and_no_other),
        cmocka_unit_test(test_packets_go_before_a_wake),
        cmocka_unit_test(test_wake_is_for_one_receiver),
        cmocka_unit_test(test_signals_do_not_disturb),
        cmocka_unit_test(test_many_replies_come_in_batches_each_once),
        cmocka_unit_test(test_no_more_is_taken_than_there_is_room_for),
        cmocka_unit_test(test_100000_requests_are_answered),
        cmocka_unit_test(test_burst_of_thousands_of_replies_is_not_lost),
        cmocka_unit_test(test_raw_packets_go_to_all_receivers_and_others_to_one),
        cmocka_unit_test(test_others_packets_do_not_wake_until_their_identifier_is_claimed),
        cmocka_unit_test(test_nothing_is_lost_while_identifiers_are_claimed),
        cmocka_unit_test(test_discard_leaves_newer_packets_only),
        cmocka_unit_test(test_discard_takes_nothing_away_from_other_receivers),
        cmocka_unit_test(test_time_of_arrival_is_told_not_that_of_reading),
        cmocka_unit_test(test_icmp_errors_come_with_their_sender),
        cmocka_unit_test(test_error_about_one_message_does_not_fail_the_sending_of_another),
        cmocka_unit_test(test_what_sending_has_told_is_not_received_as_well),
        cmocka_unit_test(test_threads_terminated_anywhere_block_nobody),
        cmocka_unit_test(test_threads_terminated_while_they_open_or_close_block_nobody),
    };
    return cmocka_run(argc, argv, tests, host_namespace_enter, NULL);
}
