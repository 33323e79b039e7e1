/*
 * An asynchronous request of a test: its arguments, its memory, and what its routine was told.
 *
 * Functions that call the API are inline here, as in requests.h. Checks marked so use cmocka's assertions, which only
 * the main thread of a test may.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_ASYNC_ECHO_H
#define OPENICMP_TESTS_WIN_SUPPORT_ASYNC_ECHO_H

#include "win/support/requests.h"

#include <stdlib.h>

#define ECHO_DATA_BYTES    32
#define ECHO_OPTIONS_BYTES 40

/* What reply buffers are filled with, and what their Status is as long as nobody has written to them. */
#define UNWRITTEN_BYTE   0xa5
#define UNWRITTEN_STATUS 0xa5a5a5a5u

/* In none of these tests does anything take longer, but for machines that are very busy. */
#define PATIENCE_MS 20000

/* How long to wait for what must not happen. */
#define NOT_HAPPENING_MS 150

struct async_echo {
    struct request request;
    BYTE data[ECHO_DATA_BYTES];
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + ECHO_OPTIONS_BYTES + ECHO_DATA_BYTES];
    double sent_ms;

    /* Left behind by note_run. */
    volatile LONG runs;
    double ran_ms;
    DWORD thread_id;
    IO_STATUS_BLOCK io_status;
    ULONG reserved;
    LONG turn;            /* 0 for the first routine that ran after `turns` was set to 0 */
    ICMP_ECHO_REPLY seen; /* in the reply buffer by then */
};

/* Routines that have run, on whatever thread. */
static volatile LONG turns;

/* The routine of most tests: leaves behind, in the async_echo that is its context, what it was told. */
static inline void WINAPI note_run(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct async_echo *echo = context;

    echo->ran_ms = now_ms();
    echo->thread_id = GetCurrentThreadId();
    echo->io_status = *io_status;
    echo->reserved = reserved;
    echo->turn = InterlockedIncrement(&turns) - 1;
    echo->seen = reply_in(echo->request.reply);
    InterlockedIncrement(&echo->runs);
}

/* A request to `destination` with data that no other of these has, and a buffer that nobody has written to. It stays
 * there until the process ends, for a test that fails may leave it outstanding. Asserts. */
static inline struct async_echo *async_echo_new(HANDLE icmp, IPAddr destination, DWORD timeout_ms)
{
    static unsigned int count;
    struct async_echo *echo = calloc(1, sizeof(*echo));

    assert_non_null(echo);
    echo->request = (struct request){.handle = icmp,
                                     .context = echo,
                                     .destination = destination,
                                     .data = echo->data,
                                     .data_bytes = sizeof(echo->data),
                                     .reply = echo->reply,
                                     .reply_bytes = sizeof(echo->reply),
                                     .timeout_ms = timeout_ms};
    fill_pattern(echo->data, sizeof(echo->data), ++count);
    memset(echo->reply, UNWRITTEN_BYTE, sizeof(echo->reply));
    return echo;
}

/* One that sets an event. Asserts. */
static inline struct async_echo *event_echo_new(HANDLE icmp, HANDLE event, IPAddr destination,
                                                DWORD timeout_ms)
{
    struct async_echo *echo = async_echo_new(icmp, destination, timeout_ms);

    echo->request.event = event;
    return echo;
}

/* One whose routine is note_run. Asserts. */
static inline struct async_echo *routine_echo_new(HANDLE icmp, IPAddr destination, DWORD timeout_ms)
{
    struct async_echo *echo = async_echo_new(icmp, destination, timeout_ms);

    echo->request.routine = note_run;
    return echo;
}

/* Sends it. Whether it is outstanding now, as the result and the last error tell. For any thread. */
static inline bool async_echo_try(struct async_echo *echo)
{
    echo->sent_ms = now_ms();
    return request_send(&echo->request) == 0 && GetLastError() == ERROR_IO_PENDING;
}

/* The same. Asserts that it is outstanding. */
static inline void async_echo_send(struct async_echo *echo)
{
    if (!async_echo_try(echo)) {
        fail_msg("the request was not accepted: error %lu", GetLastError());
    }
}

/* The Status in its reply buffer, which another thread may be writing to. */
static inline DWORD async_echo_status(const struct async_echo *echo)
{
    const BYTE *status = (const BYTE *)echo->request.reply + offsetof(ICMP_ECHO_REPLY, Status);
    const volatile BYTE *bytes = status;

    return (DWORD)bytes[0] | (DWORD)bytes[1] << 8 | (DWORD)bytes[2] << 16 | (DWORD)bytes[3] << 24;
}

/* Whether nobody has written to the reply buffer. */
static inline bool async_echo_is_unwritten(const struct async_echo *echo)
{
    return bytes_are(echo->request.reply, echo->request.reply_bytes, UNWRITTEN_BYTE);
}

/* Whether the reply buffer holds the reply to this request, without IP options, and nothing was written behind it. */
static inline bool async_echo_is_answered(const struct async_echo *echo)
{
    const struct request *r = &echo->request;
    const BYTE *reply = r->reply;
    ICMP_ECHO_REPLY first = reply_in(reply);
    size_t used = sizeof(first) + r->data_bytes;

    return first.Status == IP_SUCCESS && first.Address == r->destination && first.DataSize == r->data_bytes &&
           first.Reserved == 1 && first.Data == reply + sizeof(first) &&
           memcmp(reply + sizeof(first), r->data, r->data_bytes) == 0 &&
           bytes_are(reply + used, r->reply_bytes - used, UNWRITTEN_BYTE);
}

/* Whether the reply buffer says that the request failed with `status`, and nothing was written behind that. */
static inline bool async_echo_has_failed(const struct async_echo *echo, DWORD status)
{
    const BYTE *reply = echo->request.reply;
    ICMP_ECHO_REPLY first = reply_in(reply);

    return first.Status == status && first.Address == 0 && first.DataSize == 0 && first.Reserved == 0 &&
           first.Data == NULL &&
           bytes_are(reply + sizeof(first), echo->request.reply_bytes - sizeof(first), UNWRITTEN_BYTE);
}

static inline bool async_echo_is_timed_out(const struct async_echo *echo)
{
    return async_echo_has_failed(echo, IP_REQ_TIMED_OUT);
}

/* Waits, not alertably, until something stands in the reply buffer. False when that takes too long. What stands behind
 * the Status may still be on its way: for requests whose event or routine the test cannot have. */
static inline bool async_echo_await_status(const struct async_echo *echo)
{
    double until_ms = now_ms() + PATIENCE_MS;

    while (async_echo_status(echo) == UNWRITTEN_STATUS && now_ms() < until_ms) {
        Sleep(1);
    }
    Sleep(20);
    return async_echo_status(echo) != UNWRITTEN_STATUS;
}

/* Waits for the event. False when that takes too long. */
static inline bool event_is_set_soon(HANDLE event)
{
    return WaitForSingleObject(event, PATIENCE_MS) == WAIT_OBJECT_0;
}

static inline bool event_is_set(HANDLE event)
{
    return WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

/* Whether the event is still not set after a while. */
static inline bool event_stays_unset(HANDLE event)
{
    return WaitForSingleObject(event, NOT_HAPPENING_MS) == WAIT_TIMEOUT;
}

/* Waits alertably until `*count` is at least `wanted`. False when that takes too long. */
static inline bool run_routines_until(const volatile LONG *count, LONG wanted)
{
    double until_ms = now_ms() + PATIENCE_MS;

    while (*count < wanted && now_ms() < until_ms) {
        SleepEx(100, TRUE);
    }
    return *count >= wanted;
}

/* A new event, unsignalled. Asserts. */
static inline HANDLE auto_reset_event(void)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);

    assert_non_null(event);
    return event;
}

static inline HANDLE manual_reset_event(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

    assert_non_null(event);
    return event;
}

/* Runs a function on a thread of its own and waits for its end. Asserts. */
static inline void run_on_thread(LPTHREAD_START_ROUTINE run, void *argument)
{
    HANDLE thread = CreateThread(NULL, 0, run, argument, 0, NULL);

    assert_non_null(thread);
    assert_int_equal(WaitForSingleObject(thread, 2 * PATIENCE_MS), WAIT_OBJECT_0);
    CloseHandle(thread);
}

#endif
