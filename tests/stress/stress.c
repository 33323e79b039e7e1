/*
 * Stress: 32 threads create and close handles, send in all three modes to addresses that answer and one that
 * does not, close handles of events right after the call, and load and unload the DLL, at random.
 *
 * Each request has a tag of its own in its data. What is checked: each accepted request completes exactly
 * once, with its own data or a time-out that does not come early; and at the end as many handles and threads
 * are in use as after a warm-up, and about as much memory.
 *
 *     stress [--seconds N] [--seed N]
 */
#include "win/support/process.h"
#include "win/support/requests.h"

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

enum mode { SYNCHRONOUS, WITH_EVENT, WITH_ROUTINE, MODES };

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
};

struct tester {
    HANDLE thread;
    uint64_t random;
    HANDLE icmp;
    struct echo echoes[SLOTS];
};

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

/* Checks what stands in the reply buffer of a request that is over. */
static void check_outcome(struct echo *echo)
{
    ICMP_ECHO_REPLY reply;
    memcpy(&reply, echo->reply, sizeof(reply));
    if (reply.Status == IP_REQ_TIMED_OUT) {
        if (echo->destination != SILENT) {
            fault(echo, "an answer was lost", reply.Status);
        }
        if (now_ms() - echo->sent_ms < echo->timeout_ms) {
            fault(echo, "time-out came early", reply.Status);
        }
    } else if (reply.Status != IP_SUCCESS) {
        fault(echo, "unexpected status", reply.Status);
    } else if (reply.DataSize != echo->data_bytes || memcmp(reply.Data, echo->data, echo->data_bytes) != 0) {
        fault(echo, "data of another request", reply.DataSize);
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

static void send_echo(struct tester *tester, struct echo *echo)
{
    prepare(tester, echo);
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
static void collect(struct echo *echo)
{
    double lost_ms = echo->sent_ms + echo->timeout_ms + LOST_MS;
    if (echo->mode == WITH_EVENT) {
        if (WaitForSingleObject(echo->event, echo->timeout_ms + LOST_MS) != WAIT_OBJECT_0) {
            fault(echo, "event was not set", 0);
            return; /* and stays outstanding: the buffer may still be written to */
        }
        echo->runs = WaitForSingleObject(echo->event, 0) == WAIT_OBJECT_0 ? 2 : 1;
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

static DWORD WINAPI test(void *argument)
{
    struct tester *tester = argument;
    tester->icmp = IcmpCreateFile();
    while (!stop) {
        struct echo *echo = &tester->echoes[random_below(tester, SLOTS)];
        uint32_t dice = random_below(tester, 100);
        if (dice < 3) {
            change_handle(tester);
        } else if (dice < 6) {
            FreeLibrary(LoadLibraryA("openicmp.dll"));
        } else if (echo->outstanding) {
            collect(echo);
        } else {
            send_echo(tester, echo);
        }
    }
    for (int i = 0; i < SLOTS; i++) {
        if (tester->echoes[i].outstanding) {
            collect(&tester->echoes[i]);
        }
    }
    IcmpCloseHandle(tester->icmp);
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
    for (int i = 0; i < THREADS * SLOTS; i++) {
        testers[i / SLOTS].echoes[i % SLOTS].event = CreateEventW(NULL, FALSE, FALSE, NULL);
    }
    run(testers, seconds * 200, seed); /* a fifth of the time warms up */
    struct usage before = usage_now();
    run(testers, seconds * 800, seed + 1);
    struct usage after = usage_now();

    bool leak = is_leak(&before, &after);
    printf("synchronous %ld of %ld, event %ld of %ld, routine %ld of %ld completed; %ld faults%s\n",
           completed[SYNCHRONOUS], accepted[SYNCHRONOUS], completed[WITH_EVENT], accepted[WITH_EVENT],
           completed[WITH_ROUTINE], accepted[WITH_ROUTINE], faults, leak ? "; something is left over" : "");
    for (int mode = 0; mode < MODES; mode++) {
        faults += accepted[mode] != completed[mode] || accepted[mode] == 0;
    }
    return faults == 0 && !leak ? 0 : 1;
}
