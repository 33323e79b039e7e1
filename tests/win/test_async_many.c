/*
 * Very many requests at once, and what each of them costs.
 *
 * More requests are outstanding than an ICMP sequence number can tell apart if OPENICMP_TEST_MANY is more than 65536;
 * ./tools/stress does that, for it takes minutes on a small machine.
 */
#include "win/support/async_echo.h"
#include "win/support/process.h"

#define MANY_DEFAULT 20000

/* Beside the copy of the payload. */
#define REQUEST_BYTES_MAX 512

/* Per process, under Wine: handles that a process may have open at once are not all that many. */
struct slot {
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 8];
    volatile LONG runs;
    float accepted_ms; /* since the start of the test */
    float over_ms;
};

static double start_ms;
static volatile LONG runs;

static void WINAPI count_run(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct slot *slot = context;

    (void)io_status, (void)reserved;
    slot->over_ms = (float)(now_ms() - start_ms);
    slot->runs++;
    runs++;
}

static DWORD many(void)
{
    char text[20];
    DWORD length = GetEnvironmentVariableA("OPENICMP_TEST_MANY", text, sizeof(text));

    return length > 0 && length < sizeof(text) ? strtoul(text, NULL, 10) : MANY_DEFAULT;
}

static struct slot *slots_new(DWORD count)
{
    struct slot *slots = VirtualAlloc(NULL, count * sizeof(*slots), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    assert_non_null(slots);
    for (DWORD i = 0; i < count; i++) {
        memset(slots[i].reply, UNWRITTEN_BYTE,
               sizeof(slots[i].reply)); /* so that this memory counts from now on */
    }
    return slots;
}

/* Sends `count` requests to an address that does not answer. Asserts that each is outstanding. */
static void send_many(HANDLE icmp, HANDLE event, struct slot *slots, DWORD count, DWORD timeout_ms)
{
    for (DWORD i = 0; i < count; i++) {
        struct request request = {.handle = icmp,
                                  .event = event,
                                  .routine = event != NULL ? NULL : count_run,
                                  .context = &slots[i],
                                  .destination = SILENT,
                                  .reply = slots[i].reply,
                                  .reply_bytes = sizeof(slots[i].reply),
                                  .timeout_ms = timeout_ms};

        slots[i].accepted_ms = (float)(now_ms() - start_ms);
        if (request_send(&request) != 0 || GetLastError() != ERROR_IO_PENDING) {
            fail_msg("request %lu: error %lu", i, GetLastError());
        }
    }
}

static bool is_timed_out(const struct slot *slot)
{
    return reply_in(slot->reply).Status == IP_REQ_TIMED_OUT && reply_in(slot->reply).DataSize == 0 &&
           bytes_are(slot->reply + sizeof(ICMP_ECHO_REPLY), 8, UNWRITTEN_BYTE);
}

/* All are outstanding at the same time, for the time-out is longer than sending takes. */
static void test_many_requests_outstanding_at_once_all_time_out_once(void **state)
{
    DWORD count = many();
    DWORD timeout_ms = 5000 + count / 2; /* sending takes a tenth of that */
    struct slot *slots = slots_new(count);
    HANDLE icmp = open_handle();
    size_t bytes_before;
    double bytes_each;
    double sent_ms;

    (void)state;
    start_ms = now_ms();
    send_many(icmp, NULL, slots, 1, 1); /* what is needed once is there now */
    assert_true(run_routines_until(&runs, 1));
    slots[0].runs = 0;
    runs = 0;
    bytes_before = heap_bytes();
    start_ms = now_ms();
    send_many(icmp, NULL, slots, count, timeout_ms);
    sent_ms = now_ms() - start_ms;
    bytes_each = (double)(heap_bytes() - bytes_before) / count;
    print_message("%lu requests sent in %.0f ms, %.0f bytes each\n", count, sent_ms, bytes_each);
    if (sent_ms > timeout_ms) {
        fail_msg("%.0f ms are too many: the first are over before the last are sent", sent_ms);
    }
    assert_int_equal(runs, 0);
    assert_true(IcmpCloseHandle(icmp));
    while (runs < (LONG)count && SleepEx(2 * timeout_ms, TRUE) == WAIT_IO_COMPLETION) {
    }
    for (DWORD i = 0; i < count; i++) {
        if (slots[i].runs != 1 || !is_timed_out(&slots[i]) ||
            slots[i].over_ms <
                slots[i].accepted_ms + (float)timeout_ms - 5) { /* a float of it is this coarse */
            fail_msg("request %lu: %ld completions, Status %lu, %.0f ms after it was sent", i, slots[i].runs,
                     reply_in(slots[i].reply).Status, (double)(slots[i].over_ms - slots[i].accepted_ms));
        }
    }
    assert_int_equal(SleepEx(NOT_HAPPENING_MS, TRUE), 0);
    assert_int_equal(runs, (LONG)count);
    assert_true(bytes_each <= REQUEST_BYTES_MAX);
    print_message("the last was over after %.0f ms\n", now_ms() - start_ms);
}

static void test_many_requests_to_addresses_that_answer_are_all_answered(void **state)
{
    enum { COUNT = 2000 };
    static struct async_echo *echoes[COUNT];
    HANDLE icmp = open_handle();
    HANDLE event = manual_reset_event();

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        echoes[i] = i % 2 == 0 ? routine_echo_new(icmp, LOOPBACK(5, i / 250, i % 250), PATIENCE_MS)
                               : event_echo_new(icmp, event, LOOPBACK(5, i / 250, i % 250), PATIENCE_MS);
        async_echo_send(echoes[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_true(i % 2 == 0 ? run_routines_until(&echoes[i]->runs, 1)
                               : async_echo_status(echoes[i]) != UNWRITTEN_STATUS ||
                                     async_echo_await_status(echoes[i]));
        if (!async_echo_is_answered(echoes[i])) {
            fail_msg("request %d: Status %lu", i, async_echo_status(echoes[i]));
        }
    }
    assert_true(IcmpCloseHandle(icmp));
}

static void test_many_handles_each_have_a_request_outstanding(void **state)
{
    enum { COUNT = 1000 };
    static HANDLE handles[COUNT];
    static struct async_echo *echoes[COUNT];
    HANDLE event = auto_reset_event();

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        handles[i] = open_handle();
        echoes[i] = event_echo_new(handles[i], event, SILENT, 5000);
        async_echo_send(echoes[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_true(IcmpCloseHandle(handles[i]));
    }
    for (int i = 0; i < COUNT; i++) {
        assert_true(async_echo_status(echoes[i]) != UNWRITTEN_STATUS || async_echo_await_status(echoes[i]));
        assert_true(async_echo_is_timed_out(echoes[i]));
    }
}

static int by_value(const void *a, const void *b)
{
    float difference = *(const float *)a - *(const float *)b;

    return difference < 0 ? -1 : difference > 0;
}

#define TIMELY 1000

static void test_timeouts_of_1000_outstanding_requests_are_never_early(void **state)
{
    struct slot *slots = slots_new(TIMELY);
    static float late_ms[TIMELY];
    HANDLE icmp = open_handle();

    (void)state;
    runs = 0;
    start_ms = now_ms();
    for (DWORD i = 0; i < TIMELY; i++) {
        send_many(icmp, NULL, &slots[i], 1, 3000 + i * 7 % 1000);
    }
    while (runs < TIMELY && SleepEx(PATIENCE_MS, TRUE) == WAIT_IO_COMPLETION) {
    }
    assert_int_equal(runs, TIMELY);
    for (DWORD i = 0; i < TIMELY; i++) {
        late_ms[i] = slots[i].over_ms - slots[i].accepted_ms - (float)(3000 + i * 7 % 1000);
        if (late_ms[i] < -0.01f) { /* a float's error */
            fail_msg("request %lu was given up %.2f ms early", i, (double)-late_ms[i]);
        }
    }
    qsort(late_ms, TIMELY, sizeof(late_ms[0]), by_value);
    print_message("late by %.1f ms (median), %.1f ms (99 %%), %.1f ms (most)\n", (double)late_ms[TIMELY / 2],
                  (double)late_ms[TIMELY * 99 / 100], (double)late_ms[TIMELY - 1]);
    assert_true(IcmpCloseHandle(icmp));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_requests_outstanding_at_once_all_time_out_once),
        cmocka_unit_test(test_many_requests_to_addresses_that_answer_are_all_answered),
        cmocka_unit_test(test_many_handles_each_have_a_request_outstanding),
        cmocka_unit_test(test_timeouts_of_1000_outstanding_requests_are_never_early),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
