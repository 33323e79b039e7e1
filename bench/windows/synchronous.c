/*
 * Work: synchronous echoes, by any number of threads on one handle.
 */
#include "windows/work.h"

#include "windows/echo.h"

#define THREADS_MAX      64
#define WARM_UP_REQUESTS 50

struct caller {
    HANDLE thread;
    HANDLE ready; /* set by the thread when it is warm */
    struct echo echo;
    struct work work;
    struct tally tally;
};

/* What all callers have in common. */
static HANDLE handle;
static HANDLE begin;
static uint32_t destination;

static void call(struct caller *caller, const struct work *work)
{
    struct echo *echo = &caller->echo;
    uint64_t until_ns = clock_ns() + work->duration_ns;
    for (uint32_t number = 1; number <= work->requests && clock_ns() < until_ns; number++) {
        echo_prepare(echo, number, destination);
        DWORD replies = icmp.send(handle, echo->destination, echo->data, echo->data_bytes, NULL, echo->reply,
                                  echo->reply_bytes, PATIENCE_MS);
        if (replies == 1) {
            echo_count(echo, &caller->tally);
        } else if (GetLastError() == IP_REQ_TIMED_OUT) {
            caller->tally.lost++;
        } else {
            caller->tally.refused++;
        }
    }
}

static DWORD WINAPI caller_run(void *argument)
{
    struct caller *caller = argument;
    call(caller, &(struct work){WARM_UP_REQUESTS, PATIENCE_MS * NS_PER_MS});
    SetEvent(caller->ready);
    WaitForSingleObject(begin, INFINITE);
    tally_begin(&caller->tally);
    call(caller, &caller->work);
    caller->tally.ended_ns = clock_ns();
    return 0;
}

void work_synchronous(char **arguments)
{
    static struct caller callers[THREADS_MAX];
    uint32_t threads = argument_number(arguments, "threads", 1);
    struct work work = work_of(arguments);
    if (threads < 1 || threads > THREADS_MAX) {
        give_up("bad number of threads", threads);
    }
    handle = icmp_open();
    begin = CreateEventW(NULL, TRUE, FALSE, NULL);
    destination = argument_address(arguments, "first");
    work.requests /= threads;
    for (uint32_t i = 0; i < threads; i++) {
        callers[i].work = work;
        callers[i].ready = CreateEventW(NULL, FALSE, FALSE, NULL);
        echo_open(&callers[i].echo, (WORD)argument_number(arguments, "bytes", 32));
        callers[i].thread = CreateThread(NULL, 0, caller_run, &callers[i], 0, NULL);
    }
    for (uint32_t i = 0; i < threads; i++) {
        WaitForSingleObject(callers[i].ready, INFINITE);
    }

    mark("begin");
    SetEvent(begin);
    struct tally tally = {0};
    for (uint32_t i = 0; i < threads; i++) {
        WaitForSingleObject(callers[i].thread, INFINITE);
        tally_add(&tally, &callers[i].tally);
    }
    mark("end");
    report_begin(&tally);
    report_end();
}
