/*
 * The DLL is unloaded, or the process ends, with requests outstanding or just over (behaviour.md 5 consequence 2, Q23).
 *
 * This program does not import the DLL, so the last FreeLibrary really unloads it.
 */
#include "win/support/async_echo.h"
#include "win/support/dll.h"
#include "win/support/process.h"

/* A request as dll_send takes it, which has been sent. Asserts. */
static struct async_echo *send_with(const struct dll *dll, HANDLE icmp, HANDLE event, IPAddr destination,
                                    DWORD timeout_ms)
{
    struct async_echo *echo = event_echo_new(icmp, event, destination, timeout_ms);

    echo->request.routine = event == NULL ? note_run : NULL;
    echo->sent_ms = now_ms();
    assert_int_equal(dll_send(dll, &echo->request), 0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    return echo;
}

/* Loads the DLL and opens a handle. Asserts. */
static struct dll load(HANDLE *icmp)
{
    struct dll dll;

    assert_true(dll_load(&dll));
    *icmp = dll.create();
    assert_ptr_not_equal(*icmp, INVALID_HANDLE_VALUE);
    return dll;
}

static int check_that_it_is_not_loaded(void **state)
{
    (void)state;
    return dll_is_loaded() ? -1 : 0;
}

/* ---- FreeLibrary ---- */

static void test_event_requests_complete_after_FreeLibrary_and_then_the_dll_goes(void **state)
{
    HANDLE icmp;
    struct dll dll = load(&icmp);
    struct async_echo *echoes[10];

    (void)state;
    for (DWORD i = 0; i < 10; i++) {
        echoes[i] = send_with(&dll, icmp, auto_reset_event(), i == 0 ? LOCALHOST : SILENT, 300 + 10 * i);
    }
    assert_true(FreeLibrary(dll.module));
    for (int i = 0; i < 10; i++) {
        assert_true(event_is_set_soon(echoes[i]->request.event));
        assert_true(i == 0 ? async_echo_is_answered(echoes[i]) : async_echo_is_timed_out(echoes[i]));
    }
    assert_true(dll_goes());
    assert_true(CloseHandle(icmp));
}

static void test_event_requests_complete_after_close_and_FreeLibrary_and_then_the_dll_goes(void **state)
{
    HANDLE icmp;
    struct dll dll = load(&icmp);
    struct async_echo *echo = send_with(&dll, icmp, auto_reset_event(), SILENT, 300);

    (void)state;
    assert_true(dll.close(icmp));
    assert_true(FreeLibrary(dll.module));
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(async_echo_is_timed_out(echo));
    assert_true(dll_goes());
}

static void test_routines_run_after_FreeLibrary_and_then_the_dll_goes(void **state)
{
    HANDLE icmp;
    struct dll dll = load(&icmp);
    struct async_echo *echoes[10];

    (void)state;
    for (DWORD i = 0; i < 10; i++) {
        echoes[i] = send_with(&dll, icmp, NULL, i == 0 ? LOCALHOST : SILENT, 300 + 10 * i);
    }
    assert_true(dll.close(icmp));
    assert_true(FreeLibrary(dll.module));
    Sleep(2500); /* longer than the worker would stay */
    assert_true(dll_is_loaded());
    for (int i = 0; i < 10; i++) {
        assert_true(run_routines_until(&echoes[i]->runs, 1));
        assert_true(i == 0 ? async_echo_is_answered(echoes[i]) : async_echo_is_timed_out(echoes[i]));
    }
    assert_true(dll_goes());
    assert_int_equal(SleepEx(10, TRUE), 0);
}

static void test_dll_goes_after_FreeLibrary_when_all_is_over(void **state)
{
    HANDLE icmp;
    struct dll dll = load(&icmp);
    struct async_echo *event = send_with(&dll, icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS);
    struct async_echo *routine = send_with(&dll, icmp, NULL, LOCALHOST, PATIENCE_MS);

    (void)state;
    assert_true(event_is_set_soon(event->request.event));
    assert_true(run_routines_until(&routine->runs, 1));
    assert_true(dll.close(icmp));
    assert_true(FreeLibrary(dll.module));
    assert_true(dll_goes());
    assert_int_equal(SleepEx(10, TRUE), 0);
}

static void test_dll_goes_after_FreeLibrary_though_the_handle_is_open(void **state)
{
    HANDLE icmp;
    struct dll dll = load(&icmp);
    struct async_echo *echo = send_with(&dll, icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS);

    (void)state;
    assert_true(event_is_set_soon(echo->request.event));
    assert_true(FreeLibrary(dll.module));
    assert_true(dll_goes());
    assert_true(CloseHandle(icmp));
}

static void WINAPI free_library(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct async_echo *echo = context;

    FreeLibrary((HMODULE)echo->request.handle);
    note_run(context, io_status, reserved);
}

static void test_routine_may_free_the_library(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        HANDLE icmp;
        struct dll dll = load(&icmp);
        struct async_echo *echo = async_echo_new(icmp, LOCALHOST, PATIENCE_MS);

        echo->request.routine = free_library;
        assert_int_equal(dll_send(&dll, &echo->request), 0);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
        echo->request.handle = (HANDLE)dll.module;
        assert_true(dll.close(icmp));
        assert_true(run_routines_until(&echo->runs, 1));
        assert_true(dll_goes());
    }
}

static void WINAPI take_time(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    Sleep(60);
    note_run(context, io_status, reserved);
}

/* A second request comes to its end while the routine of the first runs, and has its routine run by the way. What was
 * done to run it must not be left over for a wait after the DLL has gone. */
static void test_nothing_of_the_dll_runs_in_a_wait_after_it_has_gone(void **state)
{
    (void)state;
    for (DWORD i = 0; i < 5; i++) {
        HANDLE icmp;
        struct dll dll = load(&icmp);
        struct async_echo *first = async_echo_new(icmp, SILENT, 100);
        struct async_echo *second;

        first->request.routine = take_time;
        assert_int_equal(dll_send(&dll, &first->request), 0);
        second = send_with(&dll, icmp, NULL, SILENT, 158 + i);
        SleepEx(PATIENCE_MS, TRUE);
        assert_int_equal(first->runs, 1);
        assert_true(dll.close(icmp));
        assert_true(FreeLibrary(dll.module));
        if (second->runs == 1) {
            assert_true(dll_goes());
        }
        assert_true(run_routines_until(&second->runs, 1));
        assert_true(dll_goes());
        assert_int_equal(SleepEx(10, TRUE), 0);
    }
}

/* A thread that uses the DLL, and what it has left behind. */
struct visit {
    struct dll dll;
    HANDLE icmp;
    struct async_echo *echo;
    volatile LONG sent;
};

static DWORD WINAPI send_with_routine(void *argument)
{
    struct visit *visit = argument;

    dll_send(&visit->dll, &visit->echo->request);
    visit->sent = 1;
    return 0;
}

static DWORD WINAPI send_with_routine_and_hang(void *argument)
{
    send_with_routine(argument);
    for (;;) {
        Sleep(1000);
    }
    return 0;
}

static void assert_goes_after_thread(bool terminate)
{
    struct visit visit = {0};
    HANDLE thread;

    visit.dll = load(&visit.icmp);
    visit.echo = routine_echo_new(visit.icmp, SILENT, 200);
    thread =
        CreateThread(NULL, 0, terminate ? send_with_routine_and_hang : send_with_routine, &visit, 0, NULL);
    assert_non_null(thread);
    while (visit.sent == 0) {
        Sleep(1);
    }
    if (terminate) {
        assert_true(TerminateThread(thread, 1));
    }
    assert_int_equal(WaitForSingleObject(thread, PATIENCE_MS), WAIT_OBJECT_0);
    CloseHandle(thread);
    assert_true(visit.dll.close(visit.icmp));
    assert_true(FreeLibrary(visit.dll.module));
    assert_true(dll_goes());
}

static void test_dll_goes_though_a_thread_ended_before_its_routine_ran(void **state)
{
    (void)state;
    assert_goes_after_thread(false);
}

static void test_dll_goes_though_a_thread_was_terminated_before_its_routine_ran(void **state)
{
    (void)state;
    assert_goes_after_thread(true);
}

/* A thread that lives on after it has had routines run. */
static DWORD WINAPI run_routine_and_stay(void *argument)
{
    struct visit *visit = argument;

    dll_send(&visit->dll, &visit->echo->request);
    run_routines_until(&visit->echo->runs, 1);
    visit->sent = 1;
    while (visit->sent != 2) {
        Sleep(10);
    }
    SleepEx(10, TRUE);
    return 0;
}

static void test_dll_goes_while_a_thread_lives_on_that_had_routines_run(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct visit visit = {0};
        HANDLE thread;

        visit.dll = load(&visit.icmp);
        visit.echo = routine_echo_new(visit.icmp, LOCALHOST, PATIENCE_MS);
        thread = CreateThread(NULL, 0, run_routine_and_stay, &visit, 0, NULL);
        assert_non_null(thread);
        while (visit.sent != 1) {
            Sleep(1);
        }
        assert_true(visit.dll.close(visit.icmp));
        assert_true(FreeLibrary(visit.dll.module));
        assert_true(dll_goes());
        visit.sent = 2; /* it ends: nobody may be told */
        assert_int_equal(WaitForSingleObject(thread, PATIENCE_MS), WAIT_OBJECT_0);
        CloseHandle(thread);
    }
}

/* ---- Again and again ---- */

static void test_dll_comes_and_goes_1000_times(void **state)
{
    HANDLE event = auto_reset_event();
    DWORD handles_before = 0;
    size_t bytes_before = 0;
    double started_ms = now_ms();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        HANDLE icmp;
        struct dll dll = load(&icmp);
        struct async_echo *echo = send_with(&dll, icmp, i % 2 == 0 ? event : NULL, LOCALHOST, PATIENCE_MS);

        assert_true(i % 2 == 0 ? event_is_set_soon(event) : run_routines_until(&echo->runs, 1));
        assert_true(async_echo_is_answered(echo));
        assert_true(dll.close(icmp));
        assert_true(FreeLibrary(dll.module));
        assert_true(dll_goes());
        free(echo);
        if (i == 200) {
            handles_before = handles_open();
            bytes_before = heap_bytes();
        }
    }
    print_message("%d handles, %ld bytes in 800 rounds, %.0f ms in all\n",
                  (int)handles_open() - (int)handles_before, (long)(heap_bytes() - bytes_before),
                  now_ms() - started_ms);
    assert_true(handles_fall_to(handles_before, PATIENCE_MS));
    assert_true(heap_bytes() < bytes_before + 80000); /* 100 bytes a round */
    CloseHandle(event);
}

/* Loading anew meets what of the last time is still under way. */
static void test_dll_may_be_loaded_again_before_it_has_gone(void **state)
{
    struct async_echo *echoes[100];
    HANDLE event = auto_reset_event();

    (void)state;
    for (DWORD i = 0; i < 100; i++) {
        HANDLE icmp;
        struct dll dll = load(&icmp);

        echoes[i] =
            send_with(&dll, icmp, i % 3 != 0 ? event : NULL, i % 2 == 0 ? LOCALHOST : SILENT, 1 + i % 7);
        if (i % 4 != 0) {
            dll.close(icmp);
        }
        assert_true(FreeLibrary(dll.module));
    }
    for (int i = 0; i < 100; i++) {
        assert_true(i % 3 != 0 ? async_echo_await_status(echoes[i])
                               : run_routines_until(&echoes[i]->runs, 1));
    }
    assert_true(dll_goes());
}

static volatile LONG wrong;

static DWORD WINAPI load_send_and_free(void *argument)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);

    (void)argument;
    for (int i = 0; i < 30; i++) {
        struct async_echo *echo = calloc(1, sizeof(*echo));
        struct dll dll;

        if (!dll_load(&dll)) {
            InterlockedIncrement(&wrong);
            return 1;
        }
        echo->request = (struct request){.handle = dll.create(),
                                         .event = i % 2 == 0 ? event : NULL,
                                         .routine = i % 2 == 0 ? NULL : note_run,
                                         .context = echo,
                                         .destination = LOCALHOST,
                                         .reply = echo->reply,
                                         .reply_bytes = sizeof(echo->reply),
                                         .timeout_ms = PATIENCE_MS};
        memset(echo->reply, UNWRITTEN_BYTE, sizeof(echo->reply));
        if (dll_send(&dll, &echo->request) != 0 || GetLastError() != ERROR_IO_PENDING) {
            InterlockedIncrement(&wrong);
        }
        if (i % 5 == 0) {
            FreeLibrary(dll.module);
        }
        if (!(i % 2 == 0 ? event_is_set_soon(event) : run_routines_until(&echo->runs, 1)) ||
            !async_echo_is_answered(echo)) {
            InterlockedIncrement(&wrong);
        }
        CloseHandle(echo->request.handle);
        if (i % 5 != 0) {
            FreeLibrary(dll.module);
        }
    }
    CloseHandle(event);
    return 0;
}

static void test_threads_load_send_and_unload_independently(void **state)
{
    HANDLE threads[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        threads[i] = CreateThread(NULL, 0, load_send_and_free, NULL, 0, NULL);
        assert_non_null(threads[i]);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(WaitForSingleObject(threads[i], 2 * PATIENCE_MS), WAIT_OBJECT_0);
        CloseHandle(threads[i]);
    }
    assert_int_equal(wrong, 0);
    assert_true(dll_goes());
}

/* ---- The end of the process ---- */

#define CHILD_STATUS 42u
#define CHILD_MS     20000

static DWORD WINAPI keep_busy(void *argument)
{
    struct visit *visit = argument;
    struct async_echo *echoes = calloc(64, sizeof(*echoes));
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);

    for (DWORD i = 0; echoes != NULL; i++) {
        struct async_echo *echo = &echoes[i % 64];

        echo->request = (struct request){.handle = visit->icmp,
                                         .event = i % 3 == 0 ? event : NULL,
                                         .routine = i % 3 == 1 ? note_run : NULL,
                                         .context = echo,
                                         .destination = i % 2 == 0 ? SILENT : LOCALHOST,
                                         .reply = echo->reply,
                                         .reply_bytes = sizeof(echo->reply),
                                         .timeout_ms = 1 + i % 5};
        dll_send(&visit->dll, &echo->request);
        SleepEx(0, TRUE);
    }
    return 0;
}

static void WINAPI end_process(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    (void)context, (void)io_status, (void)reserved;
    ExitProcess(CHILD_STATUS);
}

/* Ends the process, in the way that `moment` says, while requests are outstanding and threads at work. */
static int child_busy(unsigned int moment)
{
    static struct visit visit;
    struct async_echo *echo;

    if (!dll_load(&visit.dll)) {
        return 1;
    }
    visit.icmp = visit.dll.create();
    for (unsigned int i = 0; i < moment % 4; i++) {
        CloseHandle(CreateThread(NULL, 0, keep_busy, &visit, 0, NULL));
    }
    Sleep(moment);
    echo = calloc(1, sizeof(*echo));
    echo->request = (struct request){.handle = visit.icmp,
                                     .destination = LOCALHOST,
                                     .routine = end_process,
                                     .reply = echo->reply,
                                     .reply_bytes = sizeof(echo->reply),
                                     .timeout_ms = PATIENCE_MS};
    dll_send(&visit.dll, &echo->request);
    switch (moment / 4 % 4) {
    case 0:
        SleepEx(PATIENCE_MS, TRUE); /* in the routine */
        return 2;
    case 1:
        ExitProcess(CHILD_STATUS);
    case 2:
        visit.dll.close(visit.icmp);
        FreeLibrary(visit.dll.module);
        return CHILD_STATUS;
    default:
        return CHILD_STATUS;
    }
}

static void test_process_may_end_at_any_moment(void **state)
{
    (void)state;
    for (unsigned int moment = 0; moment < 32; moment += 2) {
        HANDLE children[2] = {child_start("busy", moment), child_start("busy", moment + 1)};

        for (unsigned int i = 0; i < 2; i++) {
            DWORD status = child_join(children[i], CHILD_MS);

            if (status != CHILD_STATUS) {
                fail_msg("process %u ended with %#lx%s", moment + i, status,
                         status == CHILD_HUNG ? ", which means that it hung" : "");
            }
        }
    }
}

/* Sends, and ends at once. */
static int child_hasty(unsigned int requests)
{
    struct dll dll;
    HANDLE icmp;
    static BYTE reply[200];
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);

    if (!dll_load(&dll)) {
        return 1;
    }
    icmp = dll.create();
    for (unsigned int i = 0; i < requests; i++) {
        struct request request = {.handle = icmp,
                                  .event = i % 2 == 0 ? event : NULL,
                                  .routine = i % 2 == 0 ? NULL : end_process,
                                  .destination = SILENT,
                                  .reply = reply,
                                  .reply_bytes = sizeof(reply),
                                  .timeout_ms = 60000};

        if (dll_send(&dll, &request) != 0 || GetLastError() != ERROR_IO_PENDING) {
            return 1;
        }
    }
    return CHILD_STATUS;
}

static void test_process_may_end_with_requests_outstanding(void **state)
{
    (void)state;
    for (unsigned int i = 1; i <= 1000; i *= 10) {
        assert_int_equal(child_join(child_start("hasty", i), CHILD_MS), CHILD_STATUS);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_event_requests_complete_after_FreeLibrary_and_then_the_dll_goes,
                               check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_event_requests_complete_after_close_and_FreeLibrary_and_then_the_dll_goes,
                               check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_routines_run_after_FreeLibrary_and_then_the_dll_goes,
                               check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_dll_goes_after_FreeLibrary_when_all_is_over, check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_dll_goes_after_FreeLibrary_though_the_handle_is_open,
                               check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_routine_may_free_the_library, check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_nothing_of_the_dll_runs_in_a_wait_after_it_has_gone,
                               check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_dll_goes_though_a_thread_ended_before_its_routine_ran,
                               check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_dll_goes_though_a_thread_was_terminated_before_its_routine_ran,
                               check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_dll_goes_while_a_thread_lives_on_that_had_routines_run,
                               check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_dll_comes_and_goes_1000_times, check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_dll_may_be_loaded_again_before_it_has_gone, check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_threads_load_send_and_unload_independently, check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_process_may_end_at_any_moment, check_that_it_is_not_loaded),
        cmocka_unit_test_setup(test_process_may_end_with_requests_outstanding, check_that_it_is_not_loaded),
    };

    if (argc == 4 && strcmp(argv[1], "--child") == 0) {
        unsigned int argument = (unsigned int)strtoul(argv[3], NULL, 10);

        return strcmp(argv[2], "busy") == 0 ? child_busy(argument) : child_hasty(argument);
    }
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
