/*
 * Requests that set an event (behaviour.md 2.4, 3, Q2, Q10, Q16).
 */
#include "win/support/async_echo.h"
#include "win/support/icmp_handle.h"
#include "win/support/peer.h"
#include "win/support/process.h"

/* ---- What is told ---- */

static void test_call_returns_0_and_io_pending_without_waiting(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), SILENT, 3000);

    (void)state;
    assert_int_equal(request_send(&echo->request), 0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    assert_true(async_echo_is_unwritten(echo));
    assert_false(event_is_set(echo->request.event));
}

static void test_last_error_is_io_pending_even_when_the_reply_is_there_already(void **state)
{
    HANDLE event = auto_reset_event();

    (void)state;
    for (int i = 0; i < 200; i++) {
        struct async_echo *echo = event_echo_new(icmp, event, LOCALHOST, PATIENCE_MS);

        async_echo_send(echo);
        assert_true(event_is_set_soon(event));
    }
}

static void test_event_is_set_after_a_reply(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS);

    (void)state;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(async_echo_is_answered(echo));
}

static void test_event_is_set_after_a_timeout(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), SILENT, 50);

    (void)state;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(async_echo_is_timed_out(echo));
}

static void say_time_exceeded(struct peer *peer, const struct seen_request *seen)
{
    peer_error(peer, seen, 11, 0);
}

static void test_event_is_set_after_an_icmp_error(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), SILENT, PATIENCE_MS);
    struct peer_tag tag = peer_tag_new();
    struct peer peer;
    ICMP_ECHO_REPLY reply;

    (void)state;
    memcpy(echo->data, tag.bytes, sizeof(tag.bytes));
    echo->request.reply_bytes = sizeof(reply) + ECHO_DATA_BYTES; /* no room for another answer */
    peer_start(&peer, LOOPBACK(7, 7, 7), tag, say_time_exceeded, NULL);
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    peer_stop(&peer);
    reply = reply_in(echo->reply);
    assert_int_equal(reply.Status, IP_TTL_EXPIRED_TRANSIT);
    assert_int_equal(reply.Address, LOOPBACK(7, 7, 7));
    assert_int_equal(reply.DataSize, 0);
    assert_int_equal(IcmpParseReplies(echo->reply, sizeof(echo->reply)), 1);
}

static void test_event_is_set_after_a_reply_that_does_not_fit(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS);

    (void)state;
    echo->request.reply_bytes = sizeof(ICMP_ECHO_REPLY) + ECHO_DATA_BYTES - 1;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(async_echo_has_failed(echo, IP_GENERAL_FAILURE));
}

static void test_replies_are_parsed_once(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS);

    (void)state;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_int_equal(reply_in(echo->reply).Reserved, 1);
    assert_int_equal(IcmpParseReplies(echo->reply, sizeof(echo->reply)), 1);
    assert_int_equal(reply_in(echo->reply).Reserved, 0);
    assert_int_equal(IcmpParseReplies(echo->reply, sizeof(echo->reply)), 0);
    assert_int_equal(GetLastError(), IP_SUCCESS);
}

static void test_parsing_a_timeout_gives_0_and_its_status(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), SILENT, 30);

    (void)state;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_int_equal(IcmpParseReplies(echo->reply, sizeof(echo->reply)), 0);
    assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
}

static void test_each_function_takes_an_event(void **state)
{
    (void)state;
    for (enum sender sender = BY_SEND_ECHO2; sender < SENDER_COUNT; sender++) {
        struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS);

        assert_int_equal(request_send_by(sender, &echo->request), 0);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
        assert_true(event_is_set_soon(echo->request.event));
        assert_true(async_echo_is_answered(echo));
    }
}

/* ---- Exactly once, and last ---- */

#define LARGE_BYTES 8000

/* A thread that waits for the event, and looks at the buffer at once. */
struct watcher {
    HANDLE event;
    HANDLE looked; /* set when it has */
    const BYTE *data;
    BYTE *reply;
    volatile LONG stopping;
    LONG incomplete;
};

static DWORD WINAPI watch(void *argument)
{
    struct watcher *watcher = argument;

    while (WaitForSingleObject(watcher->event, PATIENCE_MS) == WAIT_OBJECT_0 && !watcher->stopping) {
        ICMP_ECHO_REPLY reply = reply_in(watcher->reply);

        watcher->incomplete += reply.Status != IP_SUCCESS || reply.DataSize != LARGE_BYTES ||
                               reply.Reserved != 1 ||
                               memcmp(watcher->reply + sizeof(reply), watcher->data, LARGE_BYTES) != 0;
        SetEvent(watcher->looked);
    }
    return 0;
}

static void test_event_is_set_only_when_the_buffer_is_complete(void **state)
{
    static BYTE data[LARGE_BYTES];
    static BYTE reply[sizeof(ICMP_ECHO_REPLY) + LARGE_BYTES];
    struct watcher watcher = {
        .event = auto_reset_event(), .looked = auto_reset_event(), .data = data, .reply = reply};
    struct request request = {.handle = icmp,
                              .event = watcher.event,
                              .destination = LOCALHOST,
                              .data = data,
                              .data_bytes = sizeof(data),
                              .reply = reply,
                              .reply_bytes = sizeof(reply),
                              .timeout_ms = PATIENCE_MS};
    HANDLE thread = CreateThread(NULL, 0, watch, &watcher, 0, NULL);

    (void)state;
    for (unsigned int i = 0; i < 300; i++) {
        fill_pattern(data, sizeof(data), i);
        memset(reply, UNWRITTEN_BYTE, sizeof(reply));
        assert_int_equal(request_send(&request), 0);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
        assert_true(event_is_set_soon(watcher.looked));
        assert_int_equal(watcher.incomplete, 0);
    }
    watcher.stopping = 1;
    SetEvent(watcher.event);
    assert_int_equal(WaitForSingleObject(thread, PATIENCE_MS), WAIT_OBJECT_0);
}

static void test_auto_reset_event_is_set_once_after_a_reply(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), LOCALHOST, 100);

    (void)state;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(event_stays_unset(echo->request.event)); /* also when the time-out has passed */
}

static void test_auto_reset_event_is_set_once_after_a_timeout(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), SILENT, 20);

    (void)state;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(event_stays_unset(echo->request.event));
}

static void test_manual_reset_event_stays_set(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, manual_reset_event(), LOCALHOST, PATIENCE_MS);

    (void)state;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(event_is_set(echo->request.event));
    assert_true(event_is_set(echo->request.event));
}

static void echo_twice(struct peer *peer, const struct seen_request *seen)
{
    peer_echo(peer, seen);
    peer_echo(peer, seen);
}

static void test_event_is_set_once_when_the_reply_comes_twice(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), SILENT, PATIENCE_MS);
    struct peer_tag tag = peer_tag_new();
    struct peer peer;

    (void)state;
    memcpy(echo->data, tag.bytes, sizeof(tag.bytes));
    peer_start(&peer, LOOPBACK(7, 7, 8), tag, echo_twice, NULL);
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(event_stays_unset(echo->request.event));
    peer_stop(&peer);
    assert_int_equal(reply_in(echo->reply).Status, IP_SUCCESS);
    assert_int_equal(reply_in(echo->reply).Reserved, 1);
}

#define RACERS 200

/* Answers when the time is just up. */
static void echo_late(struct peer *peer, const struct seen_request *seen)
{
    double until_ms = now_ms() + 0.1 * (double)(peer->count % 30);

    while (now_ms() < until_ms) {
    }
    peer_echo(peer, seen);
}

static void test_event_is_set_once_when_reply_and_timeout_race(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), SILENT, 2);
    struct peer_tag tag = peer_tag_new();
    struct peer peer;
    int answered = 0;

    (void)state;
    memcpy(echo->data, tag.bytes, sizeof(tag.bytes));
    peer_start(&peer, LOOPBACK(7, 7, 9), tag, echo_late, NULL);
    for (int i = 0; i < RACERS; i++) {
        BYTE first_look[sizeof(echo->reply)];

        memset(echo->reply, UNWRITTEN_BYTE, sizeof(echo->reply));
        async_echo_send(echo);
        assert_true(event_is_set_soon(echo->request.event));
        memcpy(first_look, echo->reply, sizeof(first_look));
        answered += reply_in(first_look).Status == IP_SUCCESS;
        assert_true(reply_in(first_look).Status == IP_SUCCESS || async_echo_is_timed_out(echo));
        assert_int_equal(WaitForSingleObject(echo->request.event, 5), WAIT_TIMEOUT);
        assert_memory_equal(first_look, echo->reply, sizeof(first_look));
    }
    peer_stop(&peer);
    print_message("%d of %d were answered in time\n", answered, RACERS);
}

static void test_late_reply_changes_nothing(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), SILENT, 10);
    struct peer_tag tag = peer_tag_new();
    struct seen_request seen;
    struct peer peer;
    SOCKET sniffer = sniffer_open();

    (void)state;
    memcpy(echo->data, tag.bytes, sizeof(tag.bytes));
    peer_start(&peer, LOOPBACK(7, 7, 10), peer_tag_new(), echo_twice, NULL); /* for its voice only */
    async_echo_send(echo);
    assert_true(sniffer_next(sniffer, &tag, PATIENCE_MS, &seen));
    assert_true(event_is_set_soon(echo->request.event));
    peer_echo(&peer, &seen);
    assert_true(event_stays_unset(echo->request.event));
    assert_true(async_echo_is_timed_out(echo));
    peer_stop(&peer);
    closesocket(sniffer);
}

/* ---- The event before, meanwhile and after ---- */

static void assert_signalled_event_is_cleared(HANDLE event)
{
    struct async_echo *echo = event_echo_new(icmp, event, SILENT, 300);

    SetEvent(event);
    async_echo_send(echo);
    assert_int_equal(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    assert_true(event_is_set_soon(event));
    assert_true(async_echo_is_timed_out(echo));
}

static void test_auto_reset_event_that_was_set_before_is_cleared(void **state)
{
    (void)state;
    assert_signalled_event_is_cleared(auto_reset_event());
}

static void test_manual_reset_event_that_was_set_before_is_cleared(void **state)
{
    (void)state;
    assert_signalled_event_is_cleared(manual_reset_event());
}

#define SHARERS 30

static void test_one_event_is_set_for_each_of_the_requests_that_share_it(void **state)
{
    struct async_echo *echoes[SHARERS];
    HANDLE event = auto_reset_event();

    (void)state;
    for (DWORD i = 0; i < SHARERS; i++) {
        echoes[i] = event_echo_new(icmp, event, SILENT, 300 + 40 * i);
        async_echo_send(echoes[i]);
    }
    /* Whenever a request is over, the event has been set since the test last looked. */
    for (size_t over = 0; over < SHARERS;) {
        assert_true(event_is_set_soon(event));
        while (over < SHARERS && async_echo_status(echoes[over]) != UNWRITTEN_STATUS) {
            over++;
        }
    }
    Sleep(20);
    for (size_t i = 0; i < SHARERS; i++) {
        assert_true(async_echo_is_timed_out(echoes[i]));
    }
}

static void test_requests_that_share_an_event_each_get_their_own_reply(void **state)
{
    struct async_echo *echoes[SHARERS];
    HANDLE event = manual_reset_event();

    (void)state;
    for (DWORD i = 0; i < SHARERS; i++) {
        echoes[i] = event_echo_new(icmp, event, LOOPBACK(3, 1, i), PATIENCE_MS);
        async_echo_send(echoes[i]);
    }
    for (size_t i = 0; i < SHARERS; i++) {
        assert_true(async_echo_await_status(echoes[i]));
        assert_true(async_echo_is_answered(echoes[i]));
    }
    assert_true(event_is_set_soon(event));
}

static void test_event_may_be_closed_right_after_the_call(void **state)
{
    HANDLE event = auto_reset_event();
    struct async_echo *echo = event_echo_new(icmp, event, SILENT, 200);
    HANDLE others[20];

    (void)state;
    async_echo_send(echo);
    assert_true(CloseHandle(event));
    /* One of these has the value of the closed one, and must not be taken for it. */
    for (size_t i = 0; i < 20; i++) {
        others[i] = manual_reset_event();
    }
    assert_true(async_echo_await_status(echo));
    assert_true(async_echo_is_timed_out(echo));
    for (size_t i = 0; i < 20; i++) {
        assert_false(event_is_set(others[i]));
        CloseHandle(others[i]);
    }
}

static void test_waiter_is_woken_when_another_handle_of_the_event_was_closed(void **state)
{
    HANDLE event = auto_reset_event();
    HANDLE duplicate;
    struct async_echo *echo = event_echo_new(icmp, event, SILENT, 200);

    (void)state;
    assert_true(DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &duplicate, 0, FALSE,
                                DUPLICATE_SAME_ACCESS));
    async_echo_send(echo);
    assert_true(CloseHandle(event));
    assert_true(event_is_set_soon(duplicate));
    assert_true(async_echo_is_timed_out(echo));
    CloseHandle(duplicate);
}

static void test_event_needs_no_more_access_than_to_set_it(void **state)
{
    HANDLE event = auto_reset_event();
    HANDLE weak;
    struct async_echo *echo;

    (void)state;
    assert_true(DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &weak, EVENT_MODIFY_STATE,
                                FALSE, 0));
    echo = event_echo_new(icmp, weak, LOCALHOST, PATIENCE_MS);
    async_echo_send(echo);
    assert_true(event_is_set_soon(event));
    assert_true(async_echo_is_answered(echo));
    CloseHandle(weak);
}

static void test_no_handles_are_left_when_requests_are_over(void **state)
{
    HANDLE event = auto_reset_event();
    DWORD before = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        async_echo_send(
            event_echo_new(icmp, event, i % 10 == 0 ? SILENT : LOCALHOST, i % 10 == 0 ? 1 : PATIENCE_MS));
        assert_true(event_is_set_soon(event));
        /* The worker parks meanwhile. When it wakes for the first time, Wine's Winsock makes an event for its thread. */
        if (i == 20 || i == 50) {
            Sleep(50);
            before = handles_open();
        }
    }
    assert_true(handles_fall_to(before, PATIENCE_MS));
}

static void test_with_event_and_routine_only_the_event_is_set(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS);

    (void)state;
    echo->request.routine = note_run;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(async_echo_is_answered(echo));
    assert_int_equal(SleepEx(NOT_HAPPENING_MS, TRUE), 0);
    assert_int_equal(echo->runs, 0);
}

/* ---- Time-outs ---- */

static void test_timeouts_are_never_early(void **state)
{
    static const DWORD timeouts_ms[] = {1, 2, 3, 4, 5, 7, 10, 15, 16, 20, 33, 50, 100, 250};
    HANDLE event = auto_reset_event();

    (void)state;
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < sizeof(timeouts_ms) / sizeof(timeouts_ms[0]); i++) {
            struct async_echo *echo = event_echo_new(icmp, event, SILENT, timeouts_ms[i]);
            double took_ms;

            async_echo_send(echo);
            assert_true(event_is_set_soon(event));
            took_ms = now_ms() - echo->sent_ms;
            assert_true(async_echo_is_timed_out(echo));
            if (took_ms < timeouts_ms[i]) {
                fail_msg("a time-out of %lu ms came after %.3f ms", timeouts_ms[i], took_ms);
            }
        }
    }
}

static void test_timeout_of_0_is_over_soon(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), SILENT, 0);

    (void)state;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(async_echo_is_timed_out(echo));
}

static void test_shorter_timeout_is_not_held_up_by_a_longer_one(void **state)
{
    struct async_echo *longer = event_echo_new(icmp, auto_reset_event(), SILENT, 60000);
    struct async_echo *shorter = event_echo_new(icmp, auto_reset_event(), SILENT, 50);

    (void)state;
    async_echo_send(longer);
    Sleep(100); /* for the worker to go to sleep */
    async_echo_send(shorter);
    assert_true(event_is_set_soon(shorter->request.event));
    assert_true(async_echo_is_timed_out(shorter));
    assert_true(now_ms() - shorter->sent_ms < PATIENCE_MS);
    assert_true(async_echo_is_unwritten(longer));
}

static void test_longest_timeout_is_not_over_at_once(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), SILENT, 0xffffffff);
    struct async_echo *other = event_echo_new(icmp, auto_reset_event(), SILENT, 0x80000000);

    (void)state;
    async_echo_send(echo);
    async_echo_send(other);
    assert_true(event_stays_unset(echo->request.event));
    assert_true(async_echo_is_unwritten(echo));
    assert_true(event_stays_unset(other->request.event));
    assert_true(async_echo_is_unwritten(other));
}

static void test_longest_timeout_waits_for_the_reply(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), LOCALHOST, 0xffffffff);

    (void)state;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(async_echo_is_answered(echo));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_call_returns_0_and_io_pending_without_waiting),
        cmocka_unit_test(test_last_error_is_io_pending_even_when_the_reply_is_there_already),
        cmocka_unit_test(test_event_is_set_after_a_reply),
        cmocka_unit_test(test_event_is_set_after_a_timeout),
        cmocka_unit_test(test_event_is_set_after_an_icmp_error),
        cmocka_unit_test(test_event_is_set_after_a_reply_that_does_not_fit),
        cmocka_unit_test(test_replies_are_parsed_once),
        cmocka_unit_test(test_parsing_a_timeout_gives_0_and_its_status),
        cmocka_unit_test(test_each_function_takes_an_event),
        cmocka_unit_test(test_event_is_set_only_when_the_buffer_is_complete),
        cmocka_unit_test(test_auto_reset_event_is_set_once_after_a_reply),
        cmocka_unit_test(test_auto_reset_event_is_set_once_after_a_timeout),
        cmocka_unit_test(test_manual_reset_event_stays_set),
        cmocka_unit_test(test_event_is_set_once_when_the_reply_comes_twice),
        cmocka_unit_test(test_event_is_set_once_when_reply_and_timeout_race),
        cmocka_unit_test(test_late_reply_changes_nothing),
        cmocka_unit_test(test_auto_reset_event_that_was_set_before_is_cleared),
        cmocka_unit_test(test_manual_reset_event_that_was_set_before_is_cleared),
        cmocka_unit_test(test_one_event_is_set_for_each_of_the_requests_that_share_it),
        cmocka_unit_test(test_requests_that_share_an_event_each_get_their_own_reply),
        cmocka_unit_test(test_event_may_be_closed_right_after_the_call),
        cmocka_unit_test(test_waiter_is_woken_when_another_handle_of_the_event_was_closed),
        cmocka_unit_test(test_event_needs_no_more_access_than_to_set_it),
        cmocka_unit_test(test_no_handles_are_left_when_requests_are_over),
        cmocka_unit_test(test_with_event_and_routine_only_the_event_is_set),
        cmocka_unit_test(test_timeouts_are_never_early),
        cmocka_unit_test(test_timeout_of_0_is_over_soon),
        cmocka_unit_test(test_shorter_timeout_is_not_held_up_by_a_longer_one),
        cmocka_unit_test(test_longest_timeout_is_not_over_at_once),
        cmocka_unit_test(test_longest_timeout_waits_for_the_reply),
    };

    return cmocka_run(argc, argv, tests, open_icmp, close_icmp);
}
