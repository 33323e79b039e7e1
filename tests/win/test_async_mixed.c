/*
 * Synchronous calls while asynchronous requests are outstanding, from many threads, on the same handle.
 *
 * Only the main thread asserts; the others leave behind what they saw.
 */
#include "win/support/async_echo.h"
#include "win/support/icmp_handle.h"
#include "win/support/process.h"

/* As async_echo_is_answered, for a request without event and routine. */
static bool synchronous_echo_is_answered(struct async_echo *echo)
{
    ICMP_ECHO_REPLY first = reply_in(echo->reply);
    bool unmarked = first.Reserved == 0;

    echo->reply[offsetof(ICMP_ECHO_REPLY, Reserved)] = 1; /* as the others have it */
    return unmarked && async_echo_is_answered(echo);
}

static void test_synchronous_requests_are_answered_while_others_are_outstanding(void **state)
{
    struct async_echo *event = event_echo_new(icmp, auto_reset_event(), SILENT, 1000);
    struct async_echo *routine = routine_echo_new(icmp, SILENT, 1000);

    (void)state;
    async_echo_send(event);
    async_echo_send(routine);
    for (int i = 0; i < 100; i++) {
        struct async_echo *synchronous = async_echo_new(icmp, LOOPBACK(6, 1, i), PATIENCE_MS);

        assert_int_equal(request_send(&synchronous->request), 1);
        assert_int_equal(GetLastError(), 0);
        assert_true(synchronous_echo_is_answered(synchronous));
    }
    assert_true(event_is_set_soon(event->request.event));
    assert_true(async_echo_is_timed_out(event));
    assert_true(run_routines_until(&routine->runs, 1));
    assert_true(async_echo_is_timed_out(routine));
    assert_true(event_stays_unset(event->request.event));
    assert_int_equal(SleepEx(NOT_HAPPENING_MS, TRUE), 0);
    assert_int_equal(routine->runs, 1);
}

static void test_asynchronous_request_is_answered_while_a_synchronous_call_waits(void **state)
{
    struct async_echo *event = event_echo_new(icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS);
    struct async_echo *synchronous = async_echo_new(icmp, SILENT, 1000);

    (void)state;
    async_echo_send(event);
    assert_int_equal(request_send(&synchronous->request), 0);
    assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
    assert_true(event_is_set(event->request.event));
    assert_true(async_echo_is_answered(event));
    assert_true(event_stays_unset(event->request.event));
}

static void test_synchronous_timeout_is_not_early_while_requests_complete(void **state)
{
    HANDLE event = auto_reset_event();

    (void)state;
    for (DWORD i = 0; i < 20; i++) {
        struct async_echo *synchronous = async_echo_new(icmp, SILENT, 20 + i);
        double took_ms;

        for (DWORD j = 0; j < 5; j++) {
            async_echo_send(event_echo_new(icmp, event, j % 2 == 0 ? SILENT : LOCALHOST, 1 + 5 * j));
        }
        took_ms = now_ms();
        assert_int_equal(request_send(&synchronous->request), 0);
        took_ms = now_ms() - took_ms;
        assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
        assert_true(took_ms >= 20 + i);
    }
}

/* A thread that receives for itself meets the replies to requests of others. */
static DWORD WINAPI wait_synchronously(void *argument)
{
    struct async_echo *echo = argument;

    echo->runs = request_send(&echo->request) == 0 && GetLastError() == IP_REQ_TIMED_OUT ? 1 : 2;
    return 0;
}

static void test_asynchronous_requests_are_answered_while_other_threads_wait_synchronously(void **state)
{
    struct async_echo *waiting[4];
    HANDLE threads[4];
    HANDLE event = auto_reset_event();

    (void)state;
    for (DWORD i = 0; i < 4; i++) {
        waiting[i] = async_echo_new(icmp, SILENT, 1500 + 100 * i);
        threads[i] = CreateThread(NULL, 0, wait_synchronously, waiting[i], 0, NULL);
        assert_non_null(threads[i]);
    }
    Sleep(100);
    for (int i = 0; i < 100; i++) {
        struct async_echo *echo = event_echo_new(icmp, event, LOOPBACK(6, 2, i), PATIENCE_MS);
        struct async_echo *routine = routine_echo_new(icmp, LOOPBACK(6, 3, i), PATIENCE_MS);

        async_echo_send(echo);
        async_echo_send(routine);
        assert_true(event_is_set_soon(event));
        assert_true(async_echo_is_answered(echo));
        assert_true(run_routines_until(&routine->runs, 1));
        assert_int_equal(routine->runs, 1);
        assert_true(async_echo_is_answered(routine));
    }
    assert_true(event_stays_unset(event));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(WaitForSingleObject(threads[i], PATIENCE_MS), WAIT_OBJECT_0);
        CloseHandle(threads[i]);
        assert_int_equal(waiting[i]->runs, 1);
        assert_true(reply_in(waiting[i]->reply).Status == IP_REQ_TIMED_OUT);
    }
}

#define MIXERS 12
#define ROUNDS 60

/* A thread that sends in all three modes, and what it saw. */
struct mixer {
    HANDLE thread;
    HANDLE icmp;
    unsigned int number;
    LONG wrong;
    LONG first_wrong; /* 1 + the round */
};

static void note_wrong(struct mixer *mixer, bool right, int round)
{
    if (!right && mixer->wrong++ == 0) {
        mixer->first_wrong = 1 + round;
    }
}

/* Makes the request of a round, in a block that is used again and again. */
static void prepare(struct async_echo *echo, const struct mixer *mixer, int round, int kind, DWORD timeout_ms)
{
    memset(echo, 0, sizeof(*echo));
    echo->request = (struct request){.handle = mixer->icmp,
                                     .context = echo,
                                     .destination = LOOPBACK(20 + mixer->number, kind, 1 + round % 200),
                                     .data = echo->data,
                                     .data_bytes = (WORD)(1 + round % ECHO_DATA_BYTES),
                                     .reply = echo->reply,
                                     .reply_bytes = sizeof(echo->reply),
                                     .timeout_ms = timeout_ms};
    fill_pattern(echo->data, sizeof(echo->data), mixer->number * 100000 + (unsigned int)(round * 10 + kind));
    memset(echo->reply, UNWRITTEN_BYTE, sizeof(echo->reply));
}

static DWORD WINAPI mix(void *argument)
{
    struct mixer *mixer = argument;
    struct async_echo *echoes = calloc(4, sizeof(*echoes));
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE silent_event = CreateEventW(NULL, FALSE, FALSE, NULL);

    for (int round = 0; round < ROUNDS; round++) {
        struct async_echo *by_event = &echoes[0], *by_routine = &echoes[1], *synchronous = &echoes[2];
        struct async_echo *silent = &echoes[3];

        prepare(by_event, mixer, round, 0, PATIENCE_MS);
        by_event->request.event = event;
        prepare(by_routine, mixer, round, 1, PATIENCE_MS);
        by_routine->request.routine = note_run;
        prepare(synchronous, mixer, round, 2, PATIENCE_MS);
        prepare(silent, mixer, round, 3, 5);
        silent->request.destination = SILENT;
        silent->request.event = silent_event;

        note_wrong(mixer, async_echo_try(silent), round);
        note_wrong(mixer, async_echo_try(by_event), round);
        note_wrong(mixer, async_echo_try(by_routine), round);
        note_wrong(mixer, request_send(&synchronous->request) == 1, round);
        note_wrong(mixer, synchronous_echo_is_answered(synchronous), round);
        note_wrong(mixer, event_is_set_soon(event) && async_echo_is_answered(by_event), round);
        note_wrong(mixer, run_routines_until(&by_routine->runs, 1) && async_echo_is_answered(by_routine),
                   round);
        note_wrong(mixer, by_routine->runs == 1 && by_routine->thread_id == GetCurrentThreadId(), round);
        note_wrong(mixer, event_is_set_soon(silent_event) && async_echo_is_timed_out(silent), round);
    }
    note_wrong(mixer, event_stays_unset(event) && event_stays_unset(silent_event), ROUNDS);
    note_wrong(mixer, SleepEx(NOT_HAPPENING_MS, TRUE) == 0, ROUNDS);
    CloseHandle(event);
    CloseHandle(silent_event);
    return 0;
}

static void assert_all_modes_get_along(bool one_handle)
{
    struct mixer mixers[MIXERS] = {0};

    for (unsigned int i = 0; i < MIXERS; i++) {
        mixers[i].number = i;
        mixers[i].icmp = one_handle ? icmp : open_handle();
        mixers[i].thread = CreateThread(NULL, 0, mix, &mixers[i], 0, NULL);
        assert_non_null(mixers[i].thread);
    }
    for (unsigned int i = 0; i < MIXERS; i++) {
        assert_int_equal(WaitForSingleObject(mixers[i].thread, 50000), WAIT_OBJECT_0);
        CloseHandle(mixers[i].thread);
        if (mixers[i].wrong > 0) {
            fail_msg("thread %u: %ld things were wrong, the first in round %ld", i, mixers[i].wrong,
                     mixers[i].first_wrong - 1);
        }
        if (!one_handle) {
            assert_true(IcmpCloseHandle(mixers[i].icmp));
        }
    }
}

static void test_all_modes_get_along_on_one_handle(void **state)
{
    (void)state;
    assert_all_modes_get_along(true);
}

static void test_all_modes_get_along_on_many_handles(void **state)
{
    (void)state;
    assert_all_modes_get_along(false);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synchronous_requests_are_answered_while_others_are_outstanding),
        cmocka_unit_test(test_asynchronous_request_is_answered_while_a_synchronous_call_waits),
        cmocka_unit_test(test_synchronous_timeout_is_not_early_while_requests_complete),
        cmocka_unit_test(test_asynchronous_requests_are_answered_while_other_threads_wait_synchronously),
        cmocka_unit_test(test_all_modes_get_along_on_one_handle),
        cmocka_unit_test(test_all_modes_get_along_on_many_handles),
    };

    return cmocka_run(argc, argv, tests, open_icmp, close_icmp);
}
