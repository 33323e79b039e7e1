/*
 * Events that are used again, shared by requests, and closed in between (docs/async.md, "Events").
 */
#include "win/support/async_echo.h"
#include "win/support/icmp_handle.h"
#include "win/support/process.h"

#define STRANGERS 20

/* Other events of the program. After an event was closed, one of them has its handle's value. */
struct strangers {
    HANDLE events[STRANGERS];
    bool got_value;
};

static struct strangers strangers_new(HANDLE closed)
{
    struct strangers strangers = {.got_value = false};

    for (size_t i = 0; i < STRANGERS; i++) {
        strangers.events[i] = manual_reset_event();
        strangers.got_value = strangers.got_value || strangers.events[i] == closed;
    }
    return strangers;
}

/* Asserts that nobody has set one of them, and closes them. */
static void strangers_end(struct strangers *strangers)
{
    for (size_t i = 0; i < STRANGERS; i++) {
        assert_false(event_is_set(strangers->events[i]));
        CloseHandle(strangers->events[i]);
    }
}

/* A new event whose handle has the value of one that was closed, unless something else has got that
 * already. */
static HANDLE reopened(HANDLE closed)
{
    struct strangers strangers = strangers_new(closed);
    HANDLE event = strangers.got_value ? closed : strangers.events[0];

    for (size_t i = 0; i < STRANGERS; i++) {
        if (strangers.events[i] != event) {
            CloseHandle(strangers.events[i]);
        }
    }
    return event;
}

static HANDLE another_handle(HANDLE event)
{
    HANDLE another;

    assert_true(DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &another, 0, FALSE,
                                DUPLICATE_SAME_ACCESS));
    return another;
}

/* ---- Used again and again ---- */

#define WINDOW 64

static void test_64_events_in_rotation_are_set_for_each_of_their_requests(void **state)
{
    HANDLE events[WINDOW];
    struct async_echo *echoes[WINDOW];

    (void)state;
    for (DWORD i = 0; i < WINDOW; i++) {
        events[i] = i % 2 == 0 ? auto_reset_event() : manual_reset_event();
        echoes[i] = event_echo_new(icmp, events[i], LOOPBACK(4, 1, i), PATIENCE_MS);
    }
    for (int round = 0; round < 40; round++) {
        for (DWORD i = 0; i < WINDOW; i++) {
            memset(echoes[i]->reply, UNWRITTEN_BYTE, sizeof(echoes[i]->reply));
            async_echo_send(echoes[i]);
        }
        assert_int_equal(WaitForMultipleObjects(WINDOW, events, TRUE, PATIENCE_MS), WAIT_OBJECT_0);
        for (DWORD i = 0; i < WINDOW; i++) {
            assert_true(async_echo_is_answered(echoes[i]));
        }
    }
    for (DWORD i = 0; i < WINDOW; i++) {
        CloseHandle(events[i]);
    }
}

/* Waits for the event until all of them are over, and looks through the buffers only when it is set. */
static bool all_are_over(struct async_echo *const *echoes, size_t count, HANDLE event)
{
    size_t over = 0;

    while (over < count) {
        if (!event_is_set_soon(event)) {
            print_message("the event is not set: %d of %d are over, the next has status %lu\n", (int)over,
                          (int)count, async_echo_status(echoes[over]));
            return false;
        }
        while (over < count && async_echo_status(echoes[over]) != UNWRITTEN_STATUS) {
            over++;
        }
    }
    return true;
}

static void test_a_shared_event_is_set_after_the_last_of_its_requests_is_over(void **state)
{
    struct async_echo *echoes[WINDOW];
    HANDLE event = auto_reset_event();

    (void)state;
    for (DWORD i = 0; i < WINDOW; i++) {
        echoes[i] = event_echo_new(icmp, event, i % 8 == 7 ? SILENT : LOOPBACK(4, 2, i), 30);
    }
    for (int round = 0; round < 40; round++) {
        for (DWORD i = 0; i < WINDOW; i++) {
            memset(echoes[i]->reply, UNWRITTEN_BYTE, sizeof(echoes[i]->reply));
        }
        for (DWORD i = 0; i < WINDOW; i++) {
            async_echo_send(echoes[i]);
        }
        assert_true(all_are_over(echoes, WINDOW, event));
    }
    CloseHandle(event);
}

struct sharer {
    HANDLE event;
    IPAddr destination;
    LONG wrong;
};

/* Keeps requests outstanding that share an event. */
static DWORD WINAPI share(void *argument)
{
    struct sharer *sharer = argument;
    struct async_echo *echoes[16];

    for (size_t i = 0; i < 16; i++) {
        echoes[i] = event_echo_new(icmp, sharer->event, sharer->destination, PATIENCE_MS);
    }
    for (int round = 0; round < 60; round++) {
        for (size_t i = 0; i < 16; i++) {
            memset(echoes[i]->reply, UNWRITTEN_BYTE, sizeof(echoes[i]->reply));
        }
        for (size_t i = 0; i < 16; i++) {
            sharer->wrong += !async_echo_try(echoes[i]);
        }
        sharer->wrong += !all_are_over(echoes, 16, sharer->event);
    }
    return 0;
}

static void test_threads_with_an_event_each_are_told_of_all_their_requests(void **state)
{
    struct sharer sharers[6];
    HANDLE threads[6];

    (void)state;
    for (DWORD i = 0; i < 6; i++) {
        sharers[i] = (struct sharer){.event = auto_reset_event(), .destination = LOOPBACK(4, 3, i)};
        threads[i] = CreateThread(NULL, 0, share, &sharers[i], 0, NULL);
        assert_non_null(threads[i]);
    }
    assert_int_equal(WaitForMultipleObjects(6, threads, TRUE, 2 * PATIENCE_MS), WAIT_OBJECT_0);
    for (DWORD i = 0; i < 6; i++) {
        assert_int_equal(sharers[i].wrong, 0);
        CloseHandle(sharers[i].event);
        CloseHandle(threads[i]);
    }
}

static void test_two_handles_of_an_event_may_be_used_at_the_same_time(void **state)
{
    HANDLE event = auto_reset_event();
    HANDLE handles[2] = {event, another_handle(event)};
    struct async_echo *echoes[10];

    (void)state;
    for (DWORD i = 0; i < 10; i++) {
        echoes[i] = event_echo_new(icmp, handles[i % 2], SILENT, 100 + 20 * i);
        async_echo_send(echoes[i]);
    }
    CloseHandle(handles[1]);
    assert_true(all_are_over(echoes, 10, event));
    CloseHandle(event);
}

static void test_a_shared_event_is_cleared_when_it_was_set_for_an_earlier_request(void **state)
{
    HANDLE event = manual_reset_event();
    struct async_echo *silent = event_echo_new(icmp, event, SILENT, PATIENCE_MS);

    (void)state;
    async_echo_send(silent);
    for (int i = 0; i < 50; i++) {
        struct async_echo *answered = event_echo_new(icmp, event, LOCALHOST, PATIENCE_MS);
        struct async_echo *late = event_echo_new(icmp, event, SILENT, 1);

        async_echo_send(answered);
        assert_true(event_is_set_soon(event));
        assert_true(async_echo_is_answered(answered));
        async_echo_send(late);
        assert_true(event_is_set_soon(event));
        assert_true(async_echo_is_timed_out(late)); /* the event was not set any more since before */
    }
    assert_true(async_echo_is_unwritten(silent));
    CloseHandle(event);
}

/* ---- Closed with requests outstanding ---- */

static void test_when_a_shared_event_is_closed_no_event_that_gets_its_value_is_set(void **state)
{
    HANDLE event = auto_reset_event();
    HANDLE another = another_handle(event);
    struct async_echo *echoes[10];
    struct strangers strangers;

    (void)state;
    for (DWORD i = 0; i < 10; i++) {
        echoes[i] = event_echo_new(icmp, event, SILENT, 200 + 10 * i);
        async_echo_send(echoes[i]);
    }
    CloseHandle(event);
    strangers = strangers_new(event);
    assert_true(all_are_over(echoes, 10, another));
    strangers_end(&strangers);
    CloseHandle(another);
}

/* The program has shared an event for a while, keeps on for some time, and then gives up. */
static void test_when_a_much_used_event_is_closed_no_event_that_gets_its_value_is_set(void **state)
{
    (void)state;
    for (int times = 0; times < 2; times++) {
        HANDLE event = auto_reset_event();
        HANDLE another = another_handle(event);
        struct async_echo *echoes[WINDOW];
        struct strangers strangers;

        for (int round = 0; round < 10; round++) {
            for (DWORD i = 0; i < WINDOW; i++) {
                echoes[i] = event_echo_new(icmp, event, round == 9 ? SILENT : LOCALHOST, 2000);
                async_echo_send(echoes[i]);
            }
            assert_true(round == 9 || all_are_over(echoes, WINDOW, event));
        }
        Sleep(500);
        CloseHandle(event);
        strangers = strangers_new(event);
        assert_true(all_are_over(echoes, WINDOW, another));
        strangers_end(&strangers);
        CloseHandle(another);
    }
}

static void test_requests_with_one_value_for_two_events_each_set_their_own(void **state)
{
    int same_values = 0;

    (void)state;
    for (int times = 0; times < 20; times++) {
        HANDLE first = auto_reset_event();
        HANDLE another = another_handle(first);
        struct async_echo *before[2];
        struct async_echo *after[2];
        HANDLE second;

        for (DWORD i = 0; i < 2; i++) {
            before[i] = event_echo_new(icmp, first, SILENT, 100);
            async_echo_send(before[i]);
        }
        CloseHandle(first);
        second = reopened(first);
        same_values += second == first;
        for (DWORD i = 0; i < 2; i++) {
            after[i] = event_echo_new(icmp, second, LOCALHOST, PATIENCE_MS);
            async_echo_send(after[i]);
        }
        assert_true(all_are_over(after, 2, second));
        assert_true(all_are_over(before, 2, another));
        assert_true(async_echo_is_timed_out(before[0]));
        CloseHandle(second);
        CloseHandle(another);
    }
    assert_true(same_values > 0);
}

/* As a library may do that makes a handle for each call: the value is the same each time, and the event
 * another. */
static void test_a_handle_may_be_made_for_each_call_and_closed_right_after_it(void **state)
{
    struct async_echo *echoes[WINDOW];
    HANDLE events[WINDOW];

    (void)state;
    for (DWORD i = 0; i < WINDOW; i++) {
        events[i] = auto_reset_event();
    }
    for (int round = 0; round < 5; round++) {
        for (DWORD i = 0; i < WINDOW; i++) {
            HANDLE passing = another_handle(events[i]);

            echoes[i] = event_echo_new(icmp, passing, i % 4 == 0 ? SILENT : LOOPBACK(4, 4, i), 300);
            async_echo_send(echoes[i]);
            CloseHandle(passing);
        }
        assert_int_equal(WaitForMultipleObjects(WINDOW, events, TRUE, PATIENCE_MS), WAIT_OBJECT_0);
        for (DWORD i = 0; i < WINDOW; i++) {
            assert_true(async_echo_status(echoes[i]) != UNWRITTEN_STATUS);
        }
    }
    for (DWORD i = 0; i < WINDOW; i++) {
        CloseHandle(events[i]);
    }
}

static void test_a_closed_handle_is_refused_though_its_event_was_used_before(void **state)
{
    (void)state;
    for (int outstanding = 0; outstanding <= 1; outstanding++) {
        HANDLE event = auto_reset_event();
        struct async_echo *first =
            event_echo_new(icmp, event, outstanding ? SILENT : LOCALHOST, outstanding ? 300 : PATIENCE_MS);
        struct async_echo *second = event_echo_new(icmp, event, LOCALHOST, PATIENCE_MS);

        async_echo_send(first);
        assert_true(outstanding || event_is_set_soon(event));
        CloseHandle(event);
        assert_int_equal(request_send(&second->request), 0);
        assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
        assert_true(async_echo_is_unwritten(second));
        assert_true(async_echo_await_status(first));
    }
}

static void test_a_value_that_was_an_events_is_refused_when_it_is_a_semaphores(void **state)
{
    int same_values = 0;

    (void)state;
    for (int times = 0; times < 5; times++) {
        HANDLE event = auto_reset_event();
        struct async_echo *first = event_echo_new(icmp, event, SILENT, 100);
        struct async_echo *second = event_echo_new(icmp, event, LOCALHOST, PATIENCE_MS);
        HANDLE semaphore;

        async_echo_send(first);
        CloseHandle(event);
        semaphore = CreateSemaphoreW(NULL, 0, 10, NULL);
        second->request.event = semaphore;
        same_values += semaphore == event;
        assert_int_equal(request_send(&second->request), 0);
        assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
        assert_true(async_echo_await_status(first));
        assert_int_equal(WaitForSingleObject(semaphore, 0), WAIT_TIMEOUT);
        CloseHandle(semaphore);
    }
    assert_true(same_values > 0);
}

/* ---- What is kept ---- */

/* A name that no other program has, for the same test may run over another transport at the same time. */
static const WCHAR *event_name(void)
{
    static WCHAR name[64];

    wsprintfW(name, L"openicmp-test-event-%lu", GetCurrentProcessId());
    return name;
}

/* Uses an event that has a name, and closes it. */
static void use_named_event(void)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, event_name());

    assert_non_null(event);
    assert_int_not_equal(GetLastError(), ERROR_ALREADY_EXISTS);
    async_echo_send(event_echo_new(icmp, event, LOCALHOST, PATIENCE_MS));
    assert_true(event_is_set_soon(event));
    CloseHandle(event);
}

static bool named_event_goes(void)
{
    double until_ms = now_ms() + PATIENCE_MS;

    while (now_ms() < until_ms) {
        HANDLE event = OpenEventW(SYNCHRONIZE, FALSE, event_name());

        if (event == NULL) {
            return true;
        }
        CloseHandle(event);
        Sleep(10);
    }
    return false;
}

static void test_a_closed_event_soon_ceases_to_exist(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        use_named_event();
        assert_true(named_event_goes());
    }
}

static void test_a_closed_event_soon_ceases_to_exist_while_other_requests_are_outstanding(void **state)
{
    HANDLE other = auto_reset_event();
    struct async_echo *silent = event_echo_new(icmp, other, SILENT, 3 * PATIENCE_MS);

    (void)state;
    async_echo_send(silent);
    for (int i = 0; i < 5; i++) {
        use_named_event();
        assert_true(named_event_goes());
    }
    assert_true(async_echo_is_unwritten(silent));
    CloseHandle(other);
}

static void test_no_handles_are_left_of_events_that_were_used_in_all_these_ways(void **state)
{
    DWORD before = 0;

    for (int i = 0; i < 3; i++) {
        test_64_events_in_rotation_are_set_for_each_of_their_requests(state);
        test_a_handle_may_be_made_for_each_call_and_closed_right_after_it(state);
        test_requests_with_one_value_for_two_events_each_set_their_own(state);
        if (i == 0) {
            Sleep(500);
            before = handles_open();
        }
    }
    assert_true(handles_fall_to(before, PATIENCE_MS));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_64_events_in_rotation_are_set_for_each_of_their_requests),
        cmocka_unit_test(test_a_shared_event_is_set_after_the_last_of_its_requests_is_over),
        cmocka_unit_test(test_threads_with_an_event_each_are_told_of_all_their_requests),
        cmocka_unit_test(test_two_handles_of_an_event_may_be_used_at_the_same_time),
        cmocka_unit_test(test_a_shared_event_is_cleared_when_it_was_set_for_an_earlier_request),
        cmocka_unit_test(test_when_a_shared_event_is_closed_no_event_that_gets_its_value_is_set),
        cmocka_unit_test(test_when_a_much_used_event_is_closed_no_event_that_gets_its_value_is_set),
        cmocka_unit_test(test_requests_with_one_value_for_two_events_each_set_their_own),
        cmocka_unit_test(test_a_handle_may_be_made_for_each_call_and_closed_right_after_it),
        cmocka_unit_test(test_a_closed_handle_is_refused_though_its_event_was_used_before),
        cmocka_unit_test(test_a_value_that_was_an_events_is_refused_when_it_is_a_semaphores),
        cmocka_unit_test(test_a_closed_event_soon_ceases_to_exist),
        cmocka_unit_test(test_a_closed_event_soon_ceases_to_exist_while_other_requests_are_outstanding),
        cmocka_unit_test(test_no_handles_are_left_of_events_that_were_used_in_all_these_ways),
    };

    return cmocka_run(argc, argv, tests, open_icmp, close_icmp);
}
