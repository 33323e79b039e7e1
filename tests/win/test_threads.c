/*
 * Many threads at once, on one handle or on many, and threads that are terminated in mid-call (behaviour.md
 * 5, consequences 1 and 4; Q13).
 *
 * Only the main thread asserts; the others leave behind what they saw.
 */
#include "win/support/process.h"
#include "win/support/requests.h"

#define THREADS 8
#define PINGS   100

/* One thread of a test, and what it saw. */
struct pinger {
    HANDLE thread;
    HANDLE icmp; /* NULL: a handle of its own */
    unsigned int number;
    DWORD pings;
    DWORD wrong;            /* pings that did not end as they should */
    DWORD last_wrong_error; /* of the last one of those */
    IP_OPTION_INFORMATION options;
    DWORD timeout_ms;
    IPAddr destination;
    double took_ms;
};

static void start(struct pinger *pinger, LPTHREAD_START_ROUTINE run)
{
    pinger->thread = CreateThread(NULL, 0, run, pinger, 0, NULL);
    assert_non_null(pinger->thread);
}

static void join(struct pinger *pinger)
{
    if (WaitForSingleObject(pinger->thread, 40000) != WAIT_OBJECT_0) {
        fail_msg("thread %u does not come back", pinger->number);
    }
    CloseHandle(pinger->thread);
}

/* Sends one request with data that no other request has. Whether the reply has the same. */
static bool ping_uniquely(const struct pinger *pinger, HANDLE icmp, unsigned int index)
{
    BYTE data[48];
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 40 + sizeof(data)];
    IP_OPTION_INFORMATION options = pinger->options;
    struct request request = {.handle = icmp,
                              .destination = LOOPBACK(1, pinger->number, 1),
                              .data = data,
                              .data_bytes = (WORD)(1 + index % sizeof(data)),
                              .options = &options,
                              .reply = reply,
                              .reply_bytes = sizeof(reply),
                              .timeout_ms = TIMEOUT_MS};
    ICMP_ECHO_REPLY first;

    fill_pattern(data, sizeof(data), pinger->number * 1000 + index);
    if (request_send(&request) != 1 || GetLastError() != 0) {
        return false;
    }
    first = reply_in(reply);
    return first.Status == IP_SUCCESS && first.Address == request.destination &&
           first.DataSize == request.data_bytes && first.Options.Tos == options.Tos &&
           (first.Options.OptionsSize > 0) == (options.OptionsSize > 0) &&
           memcmp(first.Data, data, first.DataSize) == 0;
}

static DWORD WINAPI ping_many(void *argument)
{
    struct pinger *pinger = argument;
    HANDLE icmp = pinger->icmp != NULL ? pinger->icmp : IcmpCreateFile();

    for (DWORD i = 0; i < pinger->pings; i++) {
        if (!ping_uniquely(pinger, icmp, i)) {
            pinger->last_wrong_error = GetLastError();
            pinger->wrong++;
        }
    }
    if (pinger->icmp == NULL) {
        IcmpCloseHandle(icmp);
    }
    return 0;
}

/* Runs them all at once, and checks that every ping of every thread got its own reply. */
static void assert_all_answered(struct pinger *pingers, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        pingers[i].number = i;
        pingers[i].pings = PINGS;
        start(&pingers[i], ping_many);
    }
    for (unsigned int i = 0; i < count; i++) {
        join(&pingers[i]);
    }
    for (unsigned int i = 0; i < count; i++) {
        if (pingers[i].wrong > 0) {
            fail_msg("thread %u: %lu of %u pings went wrong, the last with error %lu", i, pingers[i].wrong,
                     PINGS, pingers[i].last_wrong_error);
        }
    }
}

static void test_threads_on_one_handle_each_get_their_own_replies(void **state)
{
    struct pinger pingers[THREADS] = {0};
    HANDLE icmp = open_handle();

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        pingers[i].icmp = icmp;
    }
    assert_all_answered(pingers, THREADS);
    assert_true(IcmpCloseHandle(icmp));
}

static void test_threads_with_a_handle_each_get_their_own_replies(void **state)
{
    struct pinger pingers[THREADS] = {0};

    (void)state;
    assert_all_answered(pingers, THREADS);
}

static void test_threads_with_different_options_do_not_get_those_of_others(void **state)
{
    struct pinger pingers[THREADS] = {0};
    UCHAR route[40] = {IP_OPT_RR, 39, 4};
    HANDLE icmp = open_handle();

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        pingers[i].icmp = icmp;
        /* What the replies show: Linux answers with the TOS and the route of the request. */
        pingers[i].options = (IP_OPTION_INFORMATION){.Ttl = (UCHAR)(i % 3 * 20), .Tos = (UCHAR)(i << 2)};
        if (i % 2 == 1) {
            pingers[i].options.OptionsSize = sizeof(route);
            pingers[i].options.OptionsData = route;
        }
    }
    assert_all_answered(pingers, THREADS);
    assert_true(IcmpCloseHandle(icmp));
}

/* ---- Waiting side by side ---- */

/* One request that nobody answers; wrong unless it times out, and not early. */
static DWORD WINAPI wait_in_vain(void *argument)
{
    struct pinger *pinger = argument;
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 8];
    struct request request = {.handle = pinger->icmp,
                              .destination = SILENT,
                              .reply = reply,
                              .reply_bytes = sizeof(reply),
                              .timeout_ms = pinger->timeout_ms};
    double start_ms = now_ms();
    DWORD replies = request_send(&request);

    pinger->last_wrong_error = GetLastError();
    pinger->took_ms = now_ms() - start_ms;
    pinger->wrong = replies != 0 || pinger->last_wrong_error != IP_REQ_TIMED_OUT ||
                    reply_in(reply).Status != IP_REQ_TIMED_OUT || pinger->took_ms < pinger->timeout_ms;
    return 0;
}

static void assert_timed_out(const struct pinger *pinger)
{
    if (pinger->wrong > 0) {
        fail_msg("thread %u: no time-out after %lu ms but error %lu after %.1f ms", pinger->number,
                 pinger->timeout_ms, pinger->last_wrong_error, pinger->took_ms);
    }
}

static void test_thirty_requests_of_one_handle_wait_side_by_side(void **state)
{
    struct pinger pingers[30] = {0};
    HANDLE icmp = open_handle();
    double start_ms = now_ms();

    (void)state;
    for (unsigned int i = 0; i < 30; i++) {
        pingers[i] = (struct pinger){.icmp = icmp, .number = i, .timeout_ms = 300};
        start(&pingers[i], wait_in_vain);
    }
    for (size_t i = 0; i < 30; i++) {
        join(&pingers[i]);
        assert_timed_out(&pingers[i]);
    }
    assert_true(now_ms() - start_ms < 30 * 300); /* which it would be one after the other */
    assert_true(IcmpCloseHandle(icmp));
}

static void test_waiting_requests_do_not_hold_up_others(void **state)
{
    struct pinger pingers[4] = {0};
    HANDLE icmp = open_handle();
    double start_ms;

    (void)state;
    for (unsigned int i = 0; i < 4; i++) {
        pingers[i] = (struct pinger){.icmp = icmp, .number = i, .timeout_ms = 4000};
        start(&pingers[i], wait_in_vain);
    }
    Sleep(200); /* until they wait */
    start_ms = now_ms();
    for (int i = 0; i < 20; i++) {
        assert_true(ping(icmp, LOCALHOST));
    }
    assert_true(now_ms() - start_ms < 3500);
    for (size_t i = 0; i < 4; i++) {
        join(&pingers[i]);
        assert_timed_out(&pingers[i]);
    }
    assert_true(IcmpCloseHandle(icmp));
}

static void test_short_timeouts_beside_long_ones_come_when_they_are_due(void **state)
{
    struct pinger waiting = {.icmp = open_handle(), .timeout_ms = 1500};
    struct pinger pinger = {.icmp = waiting.icmp, .number = 1, .timeout_ms = 50};
    double shortest_ms = 60000;

    (void)state;
    start(&waiting, wait_in_vain);
    Sleep(100);
    for (int i = 0; i < 5; i++) {
        start(&pinger, wait_in_vain);
        join(&pinger);
        assert_timed_out(&pinger);
        shortest_ms = pinger.took_ms < shortest_ms ? pinger.took_ms : shortest_ms;
    }
    assert_true(shortest_ms < 500); /* of the others the machine may have been in the way */
    join(&waiting);
    assert_timed_out(&waiting);
    assert_true(IcmpCloseHandle(waiting.icmp));
}

/* ---- Closing under way ---- */

static void test_closing_under_a_waiting_request_is_prompt_and_does_not_disturb_it(void **state)
{
    struct pinger waiting = {.icmp = open_handle(), .timeout_ms = 4000};
    double start_ms;

    (void)state;
    start(&waiting, wait_in_vain);
    Sleep(200);
    start_ms = now_ms();
    assert_true(IcmpCloseHandle(waiting.icmp));
    assert_true(now_ms() - start_ms < 3000);
    join(&waiting);
    assert_timed_out(&waiting);
}

static void test_close_handle_under_a_waiting_request_does_not_disturb_it(void **state)
{
    struct pinger waiting = {.icmp = open_handle(), .timeout_ms = 600};
    HANDLE other;

    (void)state;
    start(&waiting, wait_in_vain);
    Sleep(200);
    assert_true(CloseHandle(waiting.icmp));
    other = open_handle();
    assert_true(ping(other, LOCALHOST));
    join(&waiting);
    assert_timed_out(&waiting);
    assert_true(IcmpCloseHandle(other));
}

/* Pings until the handle is closed. Wrong: anything but replies first, and then that the handle is none, or,
 * as its value may have been given out again, none of ours. */
static DWORD WINAPI ping_until_closed(void *argument)
{
    struct pinger *pinger = argument;
    double until_ms = now_ms() + 20000;

    while (now_ms() < until_ms) {
        if (!ping(pinger->icmp, LOCALHOST)) {
            pinger->last_wrong_error = GetLastError();
            pinger->wrong = pinger->last_wrong_error != ERROR_INVALID_HANDLE &&
                            pinger->last_wrong_error != ERROR_INVALID_PARAMETER;
            return 0;
        }
        pinger->pings++;
    }
    pinger->wrong = 1;
    return 0;
}

static void test_closing_under_threads_that_ping_ends_their_pings_as_on_a_bad_handle(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        struct pinger pingers[THREADS] = {0};
        HANDLE icmp = open_handle();

        for (unsigned int i = 0; i < THREADS; i++) {
            pingers[i] = (struct pinger){.icmp = icmp, .number = i};
            start(&pingers[i], ping_until_closed);
        }
        Sleep(50);
        assert_true(IcmpCloseHandle(icmp));
        for (unsigned int i = 0; i < THREADS; i++) {
            join(&pingers[i]);
            if (pingers[i].wrong > 0) {
                fail_msg("thread %u ended with error %lu", i, pingers[i].last_wrong_error);
            }
        }
    }
}

static DWORD WINAPI open_ping_and_close(void *argument)
{
    struct pinger *pinger = argument;

    for (DWORD i = 0; i < pinger->pings; i++) {
        HANDLE icmp = IcmpCreateFile();

        pinger->wrong += icmp == INVALID_HANDLE_VALUE || !ping(icmp, LOCALHOST) || !IcmpCloseHandle(icmp);
    }
    return 0;
}

static void test_handles_come_and_go_on_many_threads(void **state)
{
    struct pinger pingers[THREADS] = {0};

    (void)state;
    for (unsigned int i = 0; i < THREADS; i++) {
        pingers[i] = (struct pinger){.number = i, .pings = 50};
        start(&pingers[i], open_ping_and_close);
    }
    for (size_t i = 0; i < THREADS; i++) {
        join(&pingers[i]);
        assert_int_equal(pingers[i].wrong, 0);
    }
}

/* The threads of a program that ends are gone, and so must be what they used. */
static void test_threads_that_pinged_leave_no_handle_behind(void **state)
{
    DWORD before = 0;

    (void)state;
    for (int round = 0; round < 6; round++) {
        struct pinger pingers[THREADS] = {0};

        if (round == 1) {
            Sleep(2500); /* a thread of ours may stay a while */
            before = handles_open();
        }
        for (unsigned int i = 0; i < THREADS; i++) {
            pingers[i] = (struct pinger){.number = i, .pings = 20};
            start(&pingers[i], ping_many);
        }
        for (size_t i = 0; i < THREADS; i++) {
            join(&pingers[i]);
        }
    }
    assert_true(handles_fall_to(before, 10000));
}

/* ---- Threads terminated in mid-call ---- */

static void terminate(struct pinger *pinger)
{
    assert_true(TerminateThread(pinger->thread, 1));
    assert_int_equal(WaitForSingleObject(pinger->thread, TIMEOUT_MS), WAIT_OBJECT_0);
    CloseHandle(pinger->thread);
}

static void test_thread_terminated_while_it_waits_alone_does_not_block_others(void **state)
{
    HANDLE icmp = open_handle();

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct pinger waiting = {.icmp = icmp, .timeout_ms = 60000};

        start(&waiting, wait_in_vain);
        Sleep(100);
        terminate(&waiting);
        for (int j = 0; j < 10; j++) {
            assert_true(ping(icmp, LOCALHOST));
        }
    }
    assert_true(IcmpCloseHandle(icmp));
}

static void test_thread_terminated_beside_others_that_wait_does_not_disturb_them(void **state)
{
    struct pinger waiting[3] = {0};
    struct pinger staying = {.icmp = open_handle(), .number = 9, .timeout_ms = 1200};

    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        waiting[i] = (struct pinger){.icmp = staying.icmp, .number = i, .timeout_ms = 60000};
        start(&waiting[i], wait_in_vain);
        Sleep(50);
        if (i == 1) {
            start(&staying, wait_in_vain);
        }
    }
    Sleep(100);
    for (size_t i = 0; i < 3; i++) {
        terminate(&waiting[i]);
        assert_true(ping(staying.icmp, LOCALHOST));
    }
    join(&staying);
    assert_timed_out(&staying);
    assert_true(staying.took_ms < 30000);
    assert_true(IcmpCloseHandle(staying.icmp));
}

static void test_handle_can_be_closed_after_a_thread_was_terminated_in_a_call(void **state)
{
    struct pinger waiting = {.icmp = open_handle(), .timeout_ms = 60000};
    HANDLE icmp;

    (void)state;
    start(&waiting, wait_in_vain);
    Sleep(100);
    terminate(&waiting);
    assert_true(IcmpCloseHandle(waiting.icmp));
    icmp = open_handle();
    assert_true(ping(icmp, LOCALHOST));
    assert_true(IcmpCloseHandle(icmp));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_on_one_handle_each_get_their_own_replies),
        cmocka_unit_test(test_threads_with_a_handle_each_get_their_own_replies),
        cmocka_unit_test(test_threads_with_different_options_do_not_get_those_of_others),
        cmocka_unit_test(test_thirty_requests_of_one_handle_wait_side_by_side),
        cmocka_unit_test(test_waiting_requests_do_not_hold_up_others),
        cmocka_unit_test(test_short_timeouts_beside_long_ones_come_when_they_are_due),
        cmocka_unit_test(test_closing_under_a_waiting_request_is_prompt_and_does_not_disturb_it),
        cmocka_unit_test(test_close_handle_under_a_waiting_request_does_not_disturb_it),
        cmocka_unit_test(test_closing_under_threads_that_ping_ends_their_pings_as_on_a_bad_handle),
        cmocka_unit_test(test_handles_come_and_go_on_many_threads),
        cmocka_unit_test(test_threads_that_pinged_leave_no_handle_behind),
        cmocka_unit_test(test_thread_terminated_while_it_waits_alone_does_not_block_others),
        cmocka_unit_test(test_thread_terminated_beside_others_that_wait_does_not_disturb_them),
        cmocka_unit_test(test_handle_can_be_closed_after_a_thread_was_terminated_in_a_call),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
