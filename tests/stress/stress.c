/*
 * Stress: 32 threads create and close handles and batches, send in all modes to addresses that answer and one that
 * does not, close handles of events right after the call, collect and cancel in each other's batches, and load and unload
 * the DLL, at random.
 *
 * Each request has a tag of its own in its data. What is checked: each accepted request completes exactly
 * once, with its own data and exact time, or a time-out that does not come early; and at the end as many handles and threads
 * are in use as after a warm-up, and about as much memory.
 *
 *     stress [--seconds N] [--seed N]
 */
#include "win/support/process.h"
#include "win/support/requests.h"

#include <openicmp.h>

#include <stdlib.h>

#define THREADS        32
#define SLOTS          16 /* requests that a thread has outstanding at most */
#define DATA_BYTES_MAX 600
#define REPLY_BYTES    (sizeof(ICMP_ECHO_REPLY) + DATA_BYTES_MAX)

/* An answer may take this long on a busy machine. */
#define PATIENT_TIMEOUT_MS 20000
/* A completion that takes longer than this beyond its time-out is lost. */
#define LOST_MS 30000

/* More of the heap in use than after the warm-up is a leak if it is more than this, which is 20 bytes a request: Wine 10's
 * heap counts memory that it keeps for each thread. */
#define MEMORY_TOLERANCE_BYTES (2 * 1024 * 1024)

enum mode { SYNCHRONOUS, WITH_EVENT, WITH_ROUTINE, IN_BATCH, MODES };

struct echo {
    bool outstanding;
    enum mode mode;
    HANDLE event; /* auto-reset, of this slot */
    volatile LONG runs;
    IPAddr destination;
    DWORD timeout_ms;
    double sent_ms;
    WORD data_bytes;
    BYTE data[DATA_BYTES_MAX];
    BYTE reply[REPLY_BYTES];
    OPENICMP_RESULT result; /* in a batch; whoever has collected it */
};

struct tester {
    HANDLE thread;
    uint64_t random;
    HANDLE icmp;
    OPENICMP_BATCH batch; /* which other threads use, too */
    struct echo echoes[SLOTS];
};

static struct tester *all_testers;
static volatile LONG stop;
static volatile LONG accepted[MODES];
static volatile LONG completed[MODES];
static volatile LONG faults;

/* xorshift64*: good enough, and the same everywhere. */
static uint32_t random_below(struct tester *tester, uint32_t limit)
{
    tester->random ^= tester->random >> 12;
    tester->random ^= tester->random << 25;
    tester->random ^= tester->random >> 27;
    return (uint32_t)((tester->random * 0x2545f4914f6cdd1dULL) >> 33) % limit;
}

static void fault(const struct echo *echo, const char *what, DWORD number)
{
    if (InterlockedIncrement(&faults) <= 20) {
        printf("FAULT: %s (%lu), mode %d, %s, %u bytes, time-out %lu ms, after %.1f ms\n", what, number,
               (int)echo->mode, echo->destination == SILENT ? "silent" : "answering", echo->data_bytes,
               echo->timeout_ms, now_ms() - echo->sent_ms);
        fflush(stdout);
    }
}

/* ---- Requests ---- */

static void WINAPI note_run(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct echo *echo = context;
    (void)io_status, (void)reserved;
    InterlockedIncrement(&echo->runs);
}

static void check_time_out(struct echo *echo)
{
    if (echo->destination != SILENT) {
        fault(echo, "an answer was lost", 0);
    }
    if (now_ms() - echo->sent_ms < echo->timeout_ms) {
        fault(echo, "time-out came early", 0);
    }
}

static void check_exact_time(struct echo *echo, const ICMP_ECHO_REPLY *reply)
{
    ULONGLONG time = 0;
    DWORD times = OpenIcmpRoundTripTimes(echo->reply, sizeof(echo->reply), &time, 1);
    if (times != 1 || time == 0 || time / 1000000 != reply->RoundTripTime) {
        fault(echo, "exact time is wrong or missing", times);
    }
}

static void check_result(struct echo *echo)
{
    const OPENICMP_RESULT *result = &echo->result;
    if (result->Error == ERROR_OPERATION_ABORTED) {
        return; /* somebody has cancelled it */
    }
    if (result->Status == IP_REQ_TIMED_OUT) {
        check_time_out(echo);
    } else if (result->Status != IP_SUCCESS || result->Error != 0) {
        fault(echo, "unexpected status", result->Status);
    } else if (!result->DataEqual || result->DataSize != echo->data_bytes ||
               result->Received - result->Sent != result->RoundTrip) {
        fault(echo, "data or time of another probe", result->DataSize);
    }
}

/* Checks what stands in the reply buffer of a request that is over. */
static void check_outcome(struct echo *echo)
{
    ICMP_ECHO_REPLY reply;
    memcpy(&reply, echo->reply, sizeof(reply));
    if (echo->mode == IN_BATCH) {
        check_result(echo);
    } else if (reply.Status == IP_REQ_TIMED_OUT) {
        check_time_out(echo);
    } else if (reply.Status != IP_SUCCESS) {
        fault(echo, "unexpected status", reply.Status);
    } else if (reply.DataSize != echo->data_bytes || memcmp(reply.Data, echo->data, echo->data_bytes) != 0) {
        fault(echo, "data of another request", reply.DataSize);
    } else {
        check_exact_time(echo, &reply);
    }
    InterlockedIncrement(&completed[echo->mode]);
}

static void prepare(struct tester *tester, struct echo *echo)
{
    static volatile LONG tag;
    bool silent = random_below(tester, 4) == 0;
    echo->mode = (enum mode)random_below(tester, MODES);
    echo->destination = silent ? SILENT : LOCALHOST + (random_below(tester, 200) << 24);
    echo->timeout_ms = silent ? 1 + random_below(tester, 100) : PATIENT_TIMEOUT_MS;
    echo->runs = 0;
    echo->data_bytes = (WORD)(8 + random_below(tester, DATA_BYTES_MAX - 8));
    LONG own_tag = InterlockedIncrement(&tag);
    for (WORD i = 0; i < echo->data_bytes; i++) {
        echo->data[i] = (BYTE)((DWORD)own_tag >> (i % 4 * 8));
    }
    memset(echo->reply, 0xa5, sizeof(echo->reply));
}

/* Another handle of the event. */
static HANDLE another_handle(HANDLE event)
{
    HANDLE another = NULL;
    DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &another, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    return another;
}

static bool submit(struct tester *tester, struct echo *echo)
{
    OPENICMP_PROBE probe = {
        .Context = (ULONGLONG)(uintptr_t)echo,
        .Timeout = echo->timeout_ms,
        .Data = echo->data,
        .DataSize = echo->data_bytes,
    };
    probe.Destination.V4.Family = AF_INET;
    memcpy(probe.Destination.V4.Address, &echo->destination, sizeof(echo->destination));
    echo->sent_ms = now_ms();
    return OpenIcmpSubmit(tester->batch, &probe, 1, NULL);
}

/* Collects in a batch, whosever it is: it may be closed just now. */
static void collect_results(OPENICMP_BATCH batch, DWORD capacity, DWORD timeout_ms)
{
    OPENICMP_RESULT results[SLOTS];
    DWORD collected;
    OpenIcmpCollect(batch, results, capacity, timeout_ms, &collected);
    for (DWORD i = 0; i < collected; i++) {
        struct echo *echo = (struct echo *)(uintptr_t)results[i].Context;
        if (echo != NULL) { /* of a batch for a moment */
            echo->result = results[i];
            InterlockedIncrement(&echo->runs);
        }
    }
}

static void send_in_batch(struct tester *tester, struct echo *echo)
{
    echo->outstanding = true; /* before: another thread may collect it at once */
    if (!submit(tester, echo)) {
        echo->outstanding = false;
        fault(echo, "not accepted", GetLastError());
        return;
    }
    InterlockedIncrement(&accepted[IN_BATCH]);
}

static void send_echo(struct tester *tester, struct echo *echo)
{
    prepare(tester, echo);
    if (echo->mode == IN_BATCH) {
        send_in_batch(tester, echo);
        return;
    }
    HANDLE event = echo->mode == WITH_EVENT ? echo->event : NULL;
    HANDLE passing = event != NULL && random_below(tester, 8) == 0 ? another_handle(event) : NULL;
    BYTE data[DATA_BYTES_MAX]; /* gone when this returns */
    memcpy(data, echo->data, echo->data_bytes);
    echo->sent_ms = now_ms();
    DWORD replies = IcmpSendEcho2(tester->icmp, passing != NULL ? passing : event,
                                  echo->mode == WITH_ROUTINE ? note_run : NULL, echo, echo->destination, data,
                                  echo->data_bytes, NULL, echo->reply,
                                  sizeof(ICMP_ECHO_REPLY) + echo->data_bytes, echo->timeout_ms);
    DWORD error = GetLastError();
    if (passing != NULL) {
        CloseHandle(passing); /* its value is soon another thread's */
    }
    if (echo->mode != SYNCHRONOUS) {
        echo->outstanding = replies == 0 && error == ERROR_IO_PENDING;
        if (!echo->outstanding) {
            fault(echo, "not accepted", error);
            return;
        }
    } else if (replies != 1 && error != IP_REQ_TIMED_OUT) {
        fault(echo, "failed", error);
        return;
    }
    InterlockedIncrement(&accepted[echo->mode]);
    if (echo->mode == SYNCHRONOUS) {
        check_outcome(echo);
    }
}

/* Waits for the outcome of an outstanding request. */
static void collect(struct tester *tester, struct echo *echo)
{
    double lost_ms = echo->sent_ms + echo->timeout_ms + LOST_MS;
    if (echo->mode == WITH_EVENT) {
        if (WaitForSingleObject(echo->event, echo->timeout_ms + LOST_MS) != WAIT_OBJECT_0) {
            fault(echo, "event was not set", 0);
            return; /* and stays outstanding: the buffer may still be written to */
        }
        echo->runs = WaitForSingleObject(echo->event, 0) == WAIT_OBJECT_0 ? 2 : 1;
    } else if (echo->mode == IN_BATCH) {
        while (echo->runs == 0 && now_ms() < lost_ms) {
            collect_results(tester->batch, 1 + random_below(tester, SLOTS), 100);
        }
    } else {
        while (echo->runs == 0 && now_ms() < lost_ms) {
            SleepEx(100, TRUE);
        }
    }
    if (echo->runs != 1) {
        fault(echo, "completed not exactly once", (DWORD)echo->runs);
    }
    echo->outstanding = false;
    check_outcome(echo);
}

/* ---- Threads ---- */

static void change_handle(struct tester *tester)
{
    HANDLE old = tester->icmp;
    tester->icmp = IcmpCreateFile();
    if (tester->icmp == INVALID_HANDLE_VALUE || !IcmpCloseHandle(old)) {
        fault(&tester->echoes[0], "handle could not be changed", GetLastError());
    }
}

static OPENICMP_BATCH new_batch(void)
{
    const OPENICMP_BATCH_OPTIONS options = {sizeof(options), SLOTS};
    return OpenIcmpCreateBatch(&options);
}

/* A batch that is closed with all that is going on in it. */
static void use_batch_for_a_moment(struct tester *tester)
{
    OPENICMP_BATCH own = tester->batch;
    struct echo echo = {.mode = IN_BATCH};
    prepare(tester, &echo);
    OPENICMP_PROBE probes[4] = {{0}};
    for (int i = 0; i < 4; i++) {
        probes[i].Timeout = echo.timeout_ms;
        probes[i].Destination.V4.Family = AF_INET;
        memcpy(probes[i].Destination.V4.Address, &echo.destination, sizeof(echo.destination));
    }
    OPENICMP_BATCH passing = new_batch();
    DWORD accepted_probes;
    if (!OpenIcmpSubmit(passing, probes, 4, &accepted_probes) || accepted_probes != 4) {
        fault(&echo, "a fresh batch does not accept", GetLastError());
    }
    if (random_below(tester, 2) == 0) {
        collect_results(passing, SLOTS, 0);
    }
    if (!OpenIcmpCloseBatch(passing) || OpenIcmpCloseBatch(passing) || passing == own) {
        fault(&echo, "a batch cannot be closed once", GetLastError());
    }
}

/* Does something in the batch of any thread, which may be closing it. */
static void meddle(struct tester *tester)
{
    OPENICMP_BATCH batch = all_testers[random_below(tester, THREADS)].batch;
    struct echo *echo = &tester->echoes[random_below(tester, SLOTS)];
    const ULONGLONG context = (ULONGLONG)(uintptr_t)echo;
    switch (random_below(tester, 8)) {
    case 0:
        OpenIcmpCancel(batch, NULL, NULL);
        break;
    case 1:
        OpenIcmpCancel(tester->batch, &context, NULL);
        break;
    case 2:
        use_batch_for_a_moment(tester);
        break;
    default:
        collect_results(batch, SLOTS, random_below(tester, 3));
        break;
    }
}

static void change_batch(struct tester *tester)
{
    OPENICMP_BATCH old = tester->batch;
    for (int i = 0; i < SLOTS; i++) {
        if (tester->echoes[i].outstanding && tester->echoes[i].mode == IN_BATCH) {
            return; /* its result would be lost */
        }
    }
    tester->batch = new_batch();
    if (tester->batch == NULL || !OpenIcmpCloseBatch(old)) {
        fault(&tester->echoes[0], "batch could not be changed", GetLastError());
    }
}

static DWORD WINAPI test(void *argument)
{
    struct tester *tester = argument;
    tester->icmp = IcmpCreateFile();
    tester->batch = new_batch();
    while (!stop) {
        struct echo *echo = &tester->echoes[random_below(tester, SLOTS)];
        uint32_t dice = random_below(tester, 100);
        if (dice < 3) {
            change_handle(tester);
        } else if (dice < 6) {
            FreeLibrary(LoadLibraryA("openicmp.dll"));
        } else if (dice < 9) {
            change_batch(tester);
        } else if (dice < 19) {
            meddle(tester);
        } else if (echo->outstanding) {
            collect(tester, echo);
        } else {
            send_echo(tester, echo);
        }
    }
    for (int i = 0; i < SLOTS; i++) {
        if (tester->echoes[i].outstanding) {
            collect(tester, &tester->echoes[i]);
        }
    }
    IcmpCloseHandle(tester->icmp);
    OpenIcmpCloseBatch(tester->batch);
    return 0;
}

static void run(struct tester *testers, DWORD ms, uint64_t seed)
{
    stop = 0;
    for (uint64_t i = 0; i < THREADS; i++) {
        testers[i].random = (seed * THREADS + i + 1) * 0x9e3779b97f4a7c15ULL;
        testers[i].thread = CreateThread(NULL, 0, test, &testers[i], 0, NULL);
    }
    Sleep(ms);
    stop = 1;
    for (int i = 0; i < THREADS; i++) {
        WaitForSingleObject(testers[i].thread, INFINITE);
        CloseHandle(testers[i].thread);
    }
    Sleep(3000); /* the worker ends when nobody has needed it for a while */
}

/* ---- What is in use ---- */

struct usage {
    DWORD handles;
    DWORD threads;
    size_t memory_bytes;
};

static struct usage usage_now(void)
{
    return (struct usage){handles_open(), threads_running(), heap_bytes()};
}

static bool is_leak(const struct usage *before, const struct usage *after)
{
    printf("handles %lu, then %lu; threads %lu, then %lu; heap %lu KiB, then %lu KiB\n", before->handles,
           after->handles, before->threads, after->threads, (unsigned long)(before->memory_bytes / 1024),
           (unsigned long)(after->memory_bytes / 1024));
    return after->handles > before->handles || after->threads > before->threads ||
           after->memory_bytes > before->memory_bytes + MEMORY_TOLERANCE_BYTES;
}

int main(int argc, char **argv)
{
    DWORD seconds = 30;
    uint64_t seed = GetTickCount();
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0) {
            seconds = strtoul(argv[i + 1], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[i + 1], NULL, 10);
        } else {
            fprintf(stderr, "usage: stress [--seconds N] [--seed N]\n");
            return 2;
        }
    }
    printf("seed %llu, %lu seconds\n", (unsigned long long)seed, seconds);
    fflush(stdout);

    struct tester *testers = calloc(THREADS, sizeof(*testers));
    if (testers == NULL) {
        return 2;
    }
    all_testers = testers;
    for (int i = 0; i < THREADS * SLOTS; i++) {
        testers[i / SLOTS].echoes[i % SLOTS].event = CreateEventW(NULL, FALSE, FALSE, NULL);
    }
    run(testers, seconds * 200, seed); /* a fifth of the time warms up */
    struct usage before = usage_now();
    run(testers, seconds * 800, seed + 1);
    struct usage after = usage_now();

    bool leak = is_leak(&before, &after);
    printf("synchronous %ld of %ld, event %ld of %ld, routine %ld of %ld, batch %ld of %ld completed; "
           "%ld faults%s\n",
           completed[SYNCHRONOUS], accepted[SYNCHRONOUS], completed[WITH_EVENT], accepted[WITH_EVENT],
           completed[WITH_ROUTINE], accepted[WITH_ROUTINE], completed[IN_BATCH], accepted[IN_BATCH], faults,
           leak ? "; something is left over" : "");
    for (int mode = 0; mode < MODES; mode++) {
        faults += accepted[mode] != completed[mode] || accepted[mode] == 0;
    }
    return faults == 0 && !leak ? 0 : 1;
}
