/*
 * Requests whose routine (APC) runs on the thread that made them (behaviour.md 2.4, 3.8, Q16, Q24).
 */
#include "win/support/async_echo.h"
#include "win/support/icmp_handle.h"
#include "win/support/process.h"

/* Starts the count of `turns`, and checks that no test before has left a routine behind. */
static int start_turns(void **state)
{
    (void)state;
    if (SleepEx(0, TRUE) != 0) {
        return -1;
    }
    turns = 0;
    return 0;
}

/* Waits alertably until it has run. Asserts. */
static void assert_runs(struct async_echo *echo)
{
    assert_true(run_routines_until(&echo->runs, 1));
    assert_int_equal(echo->runs, 1);
}

/* ---- What is told ---- */

static void test_call_returns_0_and_io_pending_without_waiting(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, SILENT, 200);

    (void)state;
    async_echo_send(echo);
    assert_true(async_echo_is_unwritten(echo));
    assert_runs(echo);
}

static void test_routine_runs_after_a_reply(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

    (void)state;
    async_echo_send(echo);
    assert_runs(echo);
    assert_true(async_echo_is_answered(echo));
    assert_int_equal(echo->seen.Status, IP_SUCCESS); /* it was all there when the routine ran */
    assert_int_equal(echo->seen.DataSize, ECHO_DATA_BYTES);
    assert_int_equal(echo->seen.Reserved, 1);
}

static void test_routine_runs_after_a_timeout(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, SILENT, 50);

    (void)state;
    async_echo_send(echo);
    assert_runs(echo);
    assert_true(async_echo_is_timed_out(echo));
    assert_true(echo->ran_ms - echo->sent_ms >= 50);
}

static void test_routine_gets_its_context_and_reserved_0(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

    (void)state;
    echo->reserved = 7;
    async_echo_send(echo);
    assert_runs(echo); /* it finds `echo` by its context */
    assert_int_equal(echo->reserved, 0);
}

static PVOID contexts_seen[4];
static volatile LONG contexts_count;

static void WINAPI note_context(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    (void)io_status, (void)reserved;
    contexts_seen[contexts_count % 4] = context;
    InterlockedIncrement(&contexts_count);
}

static void test_context_may_be_any_value(void **state)
{
    static PVOID const contexts[] = {NULL, (PVOID)1, (PVOID)(uintptr_t)UINTPTR_MAX,
                                     (PVOID)(uintptr_t)0xdeadbeef};

    (void)state;
    for (LONG i = 0; i < 4; i++) {
        struct async_echo *echo = async_echo_new(icmp, LOCALHOST, PATIENCE_MS);

        echo->request.routine = note_context;
        echo->request.context = contexts[i];
        async_echo_send(echo);
        assert_true(run_routines_until(&contexts_count, i + 1));
        assert_ptr_equal(contexts_seen[i], contexts[i]);
    }
}

static void test_io_status_of_a_reply_is_0_and_counts_structure_and_data(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

    (void)state;
    async_echo_send(echo);
    assert_runs(echo);
    assert_int_equal(echo->io_status.Status, 0);
    assert_int_equal(echo->io_status.Information, sizeof(void *) == 8 ? 72 : 60);
}

static void test_io_status_of_a_reply_counts_its_options(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);
    BYTE record_route[] = {7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    IP_OPTION_INFORMATION options = {.OptionsSize = sizeof(record_route), .OptionsData = record_route};
    ICMP_ECHO_REPLY reply;

    (void)state;
    echo->request.options = &options;
    async_echo_send(echo);
    memset(record_route, 0xee, sizeof(record_route)); /* they were copied, too */
    memset(&options, 0xee, sizeof(options));
    assert_runs(echo);
    reply = reply_in(echo->reply);
    assert_int_equal(reply.Status, IP_SUCCESS);
    assert_int_equal(reply.Options.OptionsSize, sizeof(record_route));
    assert_int_equal(echo->io_status.Information, sizeof(reply) + sizeof(record_route) + ECHO_DATA_BYTES);
    assert_ptr_equal(reply.Data, echo->reply + sizeof(reply) + sizeof(record_route));
    assert_memory_equal(reply.Data, echo->data, ECHO_DATA_BYTES);
}

static void test_io_status_of_a_timeout_counts_the_structure_only(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, SILENT, 20);

    (void)state;
    async_echo_send(echo);
    assert_runs(echo);
    assert_int_equal(echo->io_status.Information, sizeof(ICMP_ECHO_REPLY));
}

static void test_io_status_of_a_reply_that_does_not_fit_counts_the_structure_only(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

    (void)state;
    echo->request.reply_bytes = sizeof(ICMP_ECHO_REPLY) + ECHO_DATA_BYTES - 1;
    async_echo_send(echo);
    assert_runs(echo);
    assert_true(async_echo_has_failed(echo, IP_GENERAL_FAILURE));
    assert_int_equal(echo->io_status.Information, sizeof(ICMP_ECHO_REPLY));
}

static void test_replies_are_parsed_in_the_routine_or_after(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

    (void)state;
    async_echo_send(echo);
    assert_runs(echo);
    assert_int_equal(IcmpParseReplies(echo->reply, sizeof(ICMP_ECHO_REPLY)), 1);
    assert_int_equal(IcmpParseReplies(echo->reply, sizeof(ICMP_ECHO_REPLY)), 0);
}

static void test_each_function_takes_a_routine(void **state)
{
    (void)state;
    for (enum sender sender = BY_SEND_ECHO2; sender < SENDER_COUNT; sender++) {
        struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

        assert_int_equal(request_send_by(sender, &echo->request), 0);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
        assert_runs(echo);
        assert_true(async_echo_is_answered(echo));
    }
}

static void test_buffer_is_written_before_the_thread_waits(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

    (void)state;
    async_echo_send(echo);
    assert_true(async_echo_await_status(echo));
    assert_true(async_echo_is_answered(echo));
    assert_int_equal(echo->runs, 0);
    assert_runs(echo);
}

/* ---- Where and when it runs ---- */

static void test_routine_runs_on_the_thread_that_made_the_request(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

    (void)state;
    async_echo_send(echo);
    assert_runs(echo);
    assert_int_equal(echo->thread_id, GetCurrentThreadId());
}

static void test_routine_does_not_run_in_a_wait_that_is_not_alertable(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);
    HANDLE never = auto_reset_event();

    (void)state;
    async_echo_send(echo);
    assert_true(async_echo_await_status(echo));
    Sleep(NOT_HAPPENING_MS);
    assert_true(event_stays_unset(never));
    assert_int_equal(SleepEx(NOT_HAPPENING_MS, FALSE), 0);
    assert_int_equal(echo->runs, 0);
    assert_runs(echo);
    CloseHandle(never);
}

static void test_routine_does_not_run_inside_a_synchronous_call(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);
    struct async_echo *synchronous = async_echo_new(icmp, SILENT, 200);

    (void)state;
    async_echo_send(echo);
    assert_int_equal(request_send(&synchronous->request), 0);
    assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
    assert_true(async_echo_await_status(echo)); /* it was ready all the time, or nearly */
    assert_int_equal(async_echo_status(echo), IP_SUCCESS);
    assert_int_equal(echo->runs, 0);
    assert_runs(echo);
}

static void test_routine_does_not_run_inside_an_asynchronous_call(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

    (void)state;
    async_echo_send(echo);
    assert_true(async_echo_await_status(echo));
    async_echo_send(event_echo_new(icmp, auto_reset_event(), SILENT, 1));
    async_echo_send(event_echo_new(icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS));
    assert_int_equal(echo->runs, 0);
    assert_runs(echo);
}

static void CALLBACK count_call(ULONG_PTR counter)
{
    InterlockedIncrement((volatile LONG *)counter);
}

static void test_apcs_of_the_program_do_not_run_inside_a_synchronous_call(void **state)
{
    volatile LONG calls = 0;
    struct async_echo *synchronous = async_echo_new(icmp, SILENT, 100);

    (void)state;
    assert_true(QueueUserAPC(count_call, GetCurrentThread(), (ULONG_PTR)&calls));
    assert_int_equal(request_send(&synchronous->request), 0);
    assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
    assert_int_equal(calls, 0);
    assert_int_equal(SleepEx(0, TRUE), WAIT_IO_COMPLETION);
    assert_int_equal(calls, 1);
}

/* Sends with a routine while another thread waits alertably. */
static DWORD WINAPI wait_alertably(void *stop)
{
    while (WaitForSingleObjectEx(stop, PATIENCE_MS, TRUE) == WAIT_IO_COMPLETION) {
    }
    return 0;
}

static void test_routine_does_not_run_on_another_thread_that_waits(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);
    HANDLE stop = auto_reset_event();
    HANDLE thread = CreateThread(NULL, 0, wait_alertably, stop, 0, NULL);

    (void)state;
    async_echo_send(echo);
    assert_true(async_echo_await_status(echo));
    Sleep(NOT_HAPPENING_MS);
    assert_int_equal(echo->runs, 0);
    assert_runs(echo);
    SetEvent(stop);
    assert_int_equal(WaitForSingleObject(thread, PATIENCE_MS), WAIT_OBJECT_0);
}

/* The kinds of alertable waits there are. */
static DWORD wait_by_sleep(HANDLE never)
{
    (void)never;
    return SleepEx(PATIENCE_MS, TRUE);
}

static DWORD wait_by_object(HANDLE never)
{
    return WaitForSingleObjectEx(never, PATIENCE_MS, TRUE);
}

static DWORD wait_by_objects(HANDLE never)
{
    return WaitForMultipleObjectsEx(1, &never, FALSE, PATIENCE_MS, TRUE);
}

static DWORD wait_by_signal(HANDLE never)
{
    HANDLE other = auto_reset_event();
    DWORD result = SignalObjectAndWait(other, never, PATIENCE_MS, TRUE);

    CloseHandle(other);
    return result;
}

static void assert_ends_wait(DWORD (*wait)(HANDLE), DWORD wait_first_ms)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);
    HANDLE never = auto_reset_event();

    async_echo_send(echo);
    Sleep(wait_first_ms);
    assert_int_equal(wait(never), WAIT_IO_COMPLETION);
    assert_int_equal(echo->runs, 1);
    CloseHandle(never);
}

static void test_every_alertable_wait_ends_when_the_routine_has_run(void **state)
{
    DWORD (*const waits[])(HANDLE) = {wait_by_sleep, wait_by_object, wait_by_objects, wait_by_signal};

    (void)state;
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        assert_ends_wait(waits[i], 0);  /* ready during the wait, most likely */
        assert_ends_wait(waits[i], 50); /* ready before */
    }
}

/* ---- Several ---- */

#define SEVERAL 20

static void test_ready_routines_all_run_in_one_wait(void **state)
{
    struct async_echo *echoes[SEVERAL];

    (void)state;
    for (int i = 0; i < SEVERAL; i++) {
        echoes[i] = routine_echo_new(icmp, LOOPBACK(4, 1, i), PATIENCE_MS);
        async_echo_send(echoes[i]);
    }
    for (int i = 0; i < SEVERAL; i++) {
        assert_true(async_echo_await_status(echoes[i]));
    }
    assert_int_equal(SleepEx(PATIENCE_MS, TRUE), WAIT_IO_COMPLETION);
    for (int i = 0; i < SEVERAL; i++) {
        assert_int_equal(echoes[i]->runs, 1);
        assert_true(async_echo_is_answered(echoes[i]));
    }
    assert_int_equal(SleepEx(NOT_HAPPENING_MS, TRUE), 0);
}

static void test_wait_after_the_last_routine_is_not_interrupted(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

        async_echo_send(echo);
        assert_int_equal(SleepEx(PATIENCE_MS, TRUE), WAIT_IO_COMPLETION);
        assert_int_equal(echo->runs, 1);
        assert_int_equal(SleepEx(30, TRUE), 0);
    }
}

/* Also when routines become ready just while others run. */
static void test_no_wait_is_interrupted_without_a_routine(void **state)
{
    LONG spurious = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        for (int j = 0; j < SEVERAL; j++) {
            async_echo_send(routine_echo_new(icmp, LOCALHOST, PATIENCE_MS));
        }
        while (turns < (i + 1) * SEVERAL) {
            LONG before = turns;

            assert_int_equal(SleepEx(PATIENCE_MS, TRUE), WAIT_IO_COMPLETION);
            spurious += turns == before;
        }
        spurious += SleepEx(2, TRUE) != 0;
    }
    assert_int_equal(spurious, 0);
}

static void test_routines_run_in_the_order_of_completion(void **state)
{
    struct async_echo *echoes[8];

    (void)state;
    /* The first to be made is the last to be over. */
    for (LONG i = 7; i >= 0; i--) {
        echoes[i] = routine_echo_new(icmp, SILENT, 200 + 50 * (DWORD)i);
        async_echo_send(echoes[i]);
    }
    Sleep(200 + 50 * 8 + 100);
    assert_int_equal(SleepEx(PATIENCE_MS, TRUE), WAIT_IO_COMPLETION);
    assert_true(run_routines_until(&turns, 8));
    for (LONG i = 0; i < 8; i++) {
        assert_int_equal(echoes[i]->runs, 1);
        assert_int_equal(echoes[i]->turn, i);
    }
}

static volatile LONG inside;
static volatile LONG most_inside;

static void WINAPI take_time(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    LONG now = InterlockedIncrement(&inside);

    most_inside = now > most_inside ? now : most_inside;
    Sleep(5); /* not alertable */
    InterlockedDecrement(&inside);
    note_run(context, io_status, reserved);
}

static void test_routines_run_one_at_a_time(void **state)
{
    (void)state;
    for (int i = 0; i < SEVERAL; i++) {
        struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

        echo->request.routine = take_time;
        async_echo_send(echo);
    }
    assert_true(run_routines_until(&turns, SEVERAL));
    assert_int_equal(most_inside, 1);
}

static void test_routines_and_apcs_of_the_program_get_along(void **state)
{
    volatile LONG calls = 0;

    (void)state;
    for (int i = 0; i < SEVERAL; i++) {
        async_echo_send(routine_echo_new(icmp, LOCALHOST, PATIENCE_MS));
        assert_true(QueueUserAPC(count_call, GetCurrentThread(), (ULONG_PTR)&calls));
    }
    assert_true(run_routines_until(&turns, SEVERAL));
    assert_int_equal(calls, SEVERAL);
}

struct sender_thread {
    HANDLE thread;
    DWORD id;
    LONG right;
};

static DWORD WINAPI send_several(void *argument)
{
    struct sender_thread *sender = argument;
    struct async_echo *echoes[SEVERAL];

    sender->id = GetCurrentThreadId();
    for (int i = 0; i < SEVERAL; i++) {
        echoes[i] = routine_echo_new(icmp, LOOPBACK(4, 2, i), PATIENCE_MS);
        if (!async_echo_try(echoes[i])) {
            return 1;
        }
    }
    for (int i = 0; i < SEVERAL; i++) {
        run_routines_until(&echoes[i]->runs, 1);
        sender->right +=
            echoes[i]->runs == 1 && echoes[i]->thread_id == sender->id && async_echo_is_answered(echoes[i]);
    }
    return 0;
}

static void test_each_of_many_threads_runs_its_own_routines(void **state)
{
    struct sender_thread senders[8] = {0};

    (void)state;
    for (int i = 0; i < 8; i++) {
        senders[i].thread = CreateThread(NULL, 0, send_several, &senders[i], 0, NULL);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(WaitForSingleObject(senders[i].thread, 2 * PATIENCE_MS), WAIT_OBJECT_0);
        CloseHandle(senders[i].thread);
        assert_int_equal(senders[i].right, SEVERAL);
    }
}

/* ---- What routines do ---- */

static LONG runs_in_nested_wait;
static DWORD nested_wait_result;

static void WINAPI wait_inside(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    LONG before = turns;

    nested_wait_result = SleepEx(1000, TRUE);
    runs_in_nested_wait = turns - before;
    note_run(context, io_status, reserved);
}

static void test_wait_inside_a_routine_runs_the_others_that_are_ready(void **state)
{
    struct async_echo *outer = routine_echo_new(icmp, SILENT, 20);
    struct async_echo *inner[5];

    (void)state;
    outer->request.routine = wait_inside;
    async_echo_send(outer);
    for (int i = 0; i < 5; i++) {
        inner[i] = routine_echo_new(icmp, SILENT, 150 + 10 * (DWORD)i);
        async_echo_send(inner[i]);
    }
    for (int i = 0; i < 5; i++) {
        assert_true(async_echo_await_status(inner[i]));
    }
    assert_int_equal(SleepEx(PATIENCE_MS, TRUE), WAIT_IO_COMPLETION);
    assert_int_equal(nested_wait_result, WAIT_IO_COMPLETION);
    assert_int_equal(runs_in_nested_wait, 5);
    assert_int_equal(outer->runs, 1);
    for (LONG i = 0; i < 5; i++) {
        assert_int_equal(inner[i]->runs, 1);
        assert_int_equal(inner[i]->turn, i);
    }
    assert_int_equal(SleepEx(NOT_HAPPENING_MS, TRUE), 0);
}

static void test_wait_inside_a_routine_runs_what_becomes_ready_meanwhile(void **state)
{
    struct async_echo *outer = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);
    struct async_echo *inner = routine_echo_new(icmp, SILENT, 300);

    (void)state;
    outer->request.routine = wait_inside;
    async_echo_send(outer);
    async_echo_send(inner);
    assert_runs(outer);
    assert_int_equal(nested_wait_result, WAIT_IO_COMPLETION);
    assert_int_equal(runs_in_nested_wait, 1);
    assert_int_equal(inner->runs, 1);
}

static int depth;
static int most_depth;

static void WINAPI wait_deeper(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    depth++;
    most_depth = depth > most_depth ? depth : most_depth;
    SleepEx(0, TRUE);
    depth--;
    note_run(context, io_status, reserved);
}

static void test_routines_that_all_wait_nest(void **state)
{
    struct async_echo *echoes[10];

    (void)state;
    for (int i = 0; i < 10; i++) {
        echoes[i] = routine_echo_new(icmp, LOOPBACK(4, 3, i), PATIENCE_MS);
        echoes[i]->request.routine = wait_deeper;
        async_echo_send(echoes[i]);
    }
    for (int i = 0; i < 10; i++) {
        assert_true(async_echo_await_status(echoes[i]));
    }
    assert_true(run_routines_until(&turns, 10));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(echoes[i]->runs, 1);
    }
    assert_int_equal(depth, 0);
    assert_int_equal(most_depth, 10);
    assert_int_equal(SleepEx(NOT_HAPPENING_MS, TRUE), 0);
}

#define LINKS 1000

/* A request that is sent again and again, each time by its own routine. */
static struct async_echo *chain;
static volatile LONG links;
static volatile LONG broken;

static void WINAPI send_next(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    (void)reserved;
    broken += context != chain || io_status->Status != 0 || !async_echo_is_answered(chain);
    if (links + 1 < LINKS) {
        fill_pattern(chain->data, sizeof(chain->data), (unsigned int)links);
        memset(chain->reply, UNWRITTEN_BYTE, sizeof(chain->reply));
        broken += !async_echo_try(chain);
    }
    InterlockedIncrement(&links);
}

static void test_routine_may_send_the_next_request(void **state)
{
    (void)state;
    chain = async_echo_new(icmp, LOCALHOST, PATIENCE_MS);
    chain->request.routine = send_next;
    async_echo_send(chain);
    assert_true(run_routines_until(&links, LINKS));
    assert_int_equal(broken, 0);
    assert_int_equal(SleepEx(NOT_HAPPENING_MS, TRUE), 0);
    assert_int_equal(links, LINKS);
}

static void WINAPI ping_inside(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    broken += !ping(icmp, LOCALHOST);
    note_run(context, io_status, reserved);
}

static void test_routine_may_ping_synchronously(void **state)
{
    (void)state;
    broken = 0;
    for (int i = 0; i < 5; i++) {
        struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

        echo->request.routine = ping_inside;
        async_echo_send(echo);
    }
    assert_true(run_routines_until(&turns, 5));
    assert_int_equal(broken, 0);
}

static void WINAPI close_inside(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct async_echo *echo = context;

    broken += !IcmpCloseHandle(echo->request.handle);
    note_run(context, io_status, reserved);
}

static void test_routine_may_close_the_handle(void **state)
{
    (void)state;
    broken = 0;
    for (int i = 0; i < 10; i++) {
        struct async_echo *echo = routine_echo_new(open_handle(), LOCALHOST, PATIENCE_MS);
        struct async_echo *other = routine_echo_new(echo->request.handle, SILENT, 50);

        echo->request.routine = close_inside;
        async_echo_send(other);
        async_echo_send(echo);
        assert_runs(echo);
        assert_runs(other);
        assert_true(async_echo_is_timed_out(other));
        assert_int_equal(broken, 0);
        assert_false(IcmpCloseHandle(echo->request.handle));
        assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    }
}

static void WINAPI free_buffers(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct async_echo *echo = context;

    VirtualFree(echo->request.reply, 0, MEM_RELEASE);
    echo->request.reply = echo->reply;
    note_run(context, io_status, reserved);
}

static void test_routine_may_free_the_reply_buffer(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

        echo->request.routine = free_buffers;
        echo->request.reply = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        async_echo_send(echo);
        assert_runs(echo);
    }
}

static void WINAPI end_thread(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    note_run(context, io_status, reserved);
    ExitThread(77);
}

/* Two requests; the routine of the first ends the thread, with the other's ready or not yet. */
static DWORD WINAPI send_and_end(void *argument)
{
    struct async_echo **echoes = argument;

    if (!async_echo_try(echoes[0]) || !async_echo_try(echoes[1])) {
        return 1;
    }
    Sleep(30);
    SleepEx(PATIENCE_MS, TRUE);
    return 2; /* not reached */
}

static void test_routine_may_end_its_thread(void **state)
{
    (void)state;
    for (DWORD i = 0; i < 10; i++) {
        struct async_echo *echoes[] = {routine_echo_new(icmp, LOCALHOST, PATIENCE_MS),
                                       routine_echo_new(icmp, SILENT, 1 + 20 * (i % 3))};
        HANDLE thread;
        DWORD status;

        echoes[0]->request.routine = echoes[1]->request.routine = end_thread;
        thread = CreateThread(NULL, 0, send_and_end, echoes, 0, NULL);
        assert_int_equal(WaitForSingleObject(thread, 2 * PATIENCE_MS), WAIT_OBJECT_0);
        assert_true(GetExitCodeThread(thread, &status));
        assert_int_equal(status, 77);
        CloseHandle(thread);
        assert_int_equal(echoes[0]->runs + echoes[1]->runs, 1);
        assert_true(ping(icmp, LOCALHOST));
    }
    Sleep(100);
    assert_true(ping(icmp, LOCALHOST));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_call_returns_0_and_io_pending_without_waiting, start_turns),
        cmocka_unit_test_setup(test_routine_runs_after_a_reply, start_turns),
        cmocka_unit_test_setup(test_routine_runs_after_a_timeout, start_turns),
        cmocka_unit_test_setup(test_routine_gets_its_context_and_reserved_0, start_turns),
        cmocka_unit_test_setup(test_context_may_be_any_value, start_turns),
        cmocka_unit_test_setup(test_io_status_of_a_reply_is_0_and_counts_structure_and_data, start_turns),
        cmocka_unit_test_setup(test_io_status_of_a_reply_counts_its_options, start_turns),
        cmocka_unit_test_setup(test_io_status_of_a_timeout_counts_the_structure_only, start_turns),
        cmocka_unit_test_setup(test_io_status_of_a_reply_that_does_not_fit_counts_the_structure_only,
                               start_turns),
        cmocka_unit_test_setup(test_replies_are_parsed_in_the_routine_or_after, start_turns),
        cmocka_unit_test_setup(test_each_function_takes_a_routine, start_turns),
        cmocka_unit_test_setup(test_buffer_is_written_before_the_thread_waits, start_turns),
        cmocka_unit_test_setup(test_routine_runs_on_the_thread_that_made_the_request, start_turns),
        cmocka_unit_test_setup(test_routine_does_not_run_in_a_wait_that_is_not_alertable, start_turns),
        cmocka_unit_test_setup(test_routine_does_not_run_inside_a_synchronous_call, start_turns),
        cmocka_unit_test_setup(test_routine_does_not_run_inside_an_asynchronous_call, start_turns),
        cmocka_unit_test_setup(test_apcs_of_the_program_do_not_run_inside_a_synchronous_call, start_turns),
        cmocka_unit_test_setup(test_routine_does_not_run_on_another_thread_that_waits, start_turns),
        cmocka_unit_test_setup(test_every_alertable_wait_ends_when_the_routine_has_run, start_turns),
        cmocka_unit_test_setup(test_ready_routines_all_run_in_one_wait, start_turns),
        cmocka_unit_test_setup(test_wait_after_the_last_routine_is_not_interrupted, start_turns),
        cmocka_unit_test_setup(test_no_wait_is_interrupted_without_a_routine, start_turns),
        cmocka_unit_test_setup(test_routines_run_in_the_order_of_completion, start_turns),
        cmocka_unit_test_setup(test_routines_run_one_at_a_time, start_turns),
        cmocka_unit_test_setup(test_routines_and_apcs_of_the_program_get_along, start_turns),
        cmocka_unit_test_setup(test_each_of_many_threads_runs_its_own_routines, start_turns),
        cmocka_unit_test_setup(test_wait_inside_a_routine_runs_the_others_that_are_ready, start_turns),
        cmocka_unit_test_setup(test_wait_inside_a_routine_runs_what_becomes_ready_meanwhile, start_turns),
        cmocka_unit_test_setup(test_routines_that_all_wait_nest, start_turns),
        cmocka_unit_test_setup(test_routine_may_send_the_next_request, start_turns),
        cmocka_unit_test_setup(test_routine_may_ping_synchronously, start_turns),
        cmocka_unit_test_setup(test_routine_may_close_the_handle, start_turns),
        cmocka_unit_test_setup(test_routine_may_free_the_reply_buffer, start_turns),
        cmocka_unit_test_setup(test_routine_may_end_its_thread, start_turns),
    };

    return cmocka_run(argc, argv, tests, open_icmp, close_icmp);
}
