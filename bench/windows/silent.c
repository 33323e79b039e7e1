/*
 * Work: very many requests outstanding at once to hosts that do not answer. What each costs to make, and how
 * late its time-out comes.
 */
#include "windows/work.h"

#include "windows/echo.h"

#include <stdlib.h>

/* All requests have the same time-out, and all are to be outstanding at the same time for a while: so it is
 * this much longer than sending them is expected to take (the more there are, the more can come between), and
 * in the first batch there is time to look at that. */
#define SENDING_FACTOR   2
#define SPARE_MS         100
#define SPARE_REQUEST_US 20
#define LOOKING_MS       500

/* Shows what sending costs. */
#define REHEARSAL_REQUESTS   100
#define REHEARSAL_TIMEOUT_MS 1

/* A time-out that is so much later does not come any more. */
#define NEVER_MS 30000

struct silent {
    struct echo echo;
    uint64_t asked_ns;
    uint64_t over_ns;
};

static HANDLE handle;
static uint32_t first_address;
static struct silent *requests;
static uint32_t completed;

/* Of all batches. */
static uint32_t early;
static uint32_t unfinished;
static bool all_at_once = true;
static uint64_t sending_ns;
static uint32_t *late_us;

static void WINAPI routine(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    (void)io_status, (void)reserved;
    struct silent *silent = context;
    silent->over_ns = clock_ns();
    completed++;
}

/* Sends `count` requests. The number that was accepted: it ends with the first that is not. */
static uint32_t send_all(uint32_t count, DWORD timeout_ms)
{
    completed = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct silent *silent = &requests[i];
        echo_prepare(&silent->echo, i, first_address + i);
        silent->over_ns = 0;
        silent->asked_ns = clock_ns();
        if (!echo_start(&silent->echo, handle, NULL, routine, silent, timeout_ms)) {
            return i;
        }
    }
    return count;
}

static void wait_for(uint32_t count, DWORD timeout_ms)
{
    uint64_t until_ns = clock_ns() + (timeout_ms + NEVER_MS) * NS_PER_MS;
    while (completed < count && clock_ns() < until_ns) {
        SleepEx(NEVER_MS, TRUE);
    }
}

/* How long it takes to send a request. The first rehearsal starts threads and opens sockets; the second one
 * counts. */
static uint64_t rehearse(void)
{
    uint64_t duration_ns = 0;
    for (int i = 0; i < 2; i++) {
        uint64_t begun_ns = clock_ns();
        uint32_t sent = send_all(REHEARSAL_REQUESTS, REHEARSAL_TIMEOUT_MS);
        duration_ns = clock_ns() - begun_ns;
        wait_for(sent, REHEARSAL_TIMEOUT_MS);
    }
    return duration_ns / REHEARSAL_REQUESTS;
}

/* Counts the outcomes of the first `count` requests. */
static void count_outcomes(uint32_t count, DWORD timeout_ms, struct tally *tally)
{
    uint64_t timeout_ns = timeout_ms * NS_PER_MS;
    for (uint32_t i = 0; i < count; i++) {
        struct silent *silent = &requests[i];
        if (silent->over_ns == 0) {
            unfinished++;
            continue;
        }
        uint32_t lost = tally->lost;
        echo_count(&silent->echo, tally);
        if (tally->lost == lost) {
            continue; /* it was not a time-out */
        }
        uint64_t lasted_ns = silent->over_ns - silent->asked_ns;
        early += lasted_ns < timeout_ns;
        late_us[lost] = lasted_ns > timeout_ns ? (uint32_t)((lasted_ns - timeout_ns) / 1000) : 0;
    }
}

/* The first batch stops where all requests are outstanding. */
static void batch(uint32_t count, uint64_t cost_ns, bool first, struct tally *tally)
{
    uint64_t duration_ms = cost_ns * count * SENDING_FACTOR / NS_PER_MS;
    uint64_t spare_ms = SPARE_MS + (uint64_t)count * SPARE_REQUEST_US / 1000;
    DWORD timeout_ms = (DWORD)(duration_ms + spare_ms + (first ? LOOKING_MS : 0));
    uint64_t begun_ns = clock_ns();
    uint32_t sent = send_all(count, timeout_ms);
    sending_ns += clock_ns() - begun_ns;
    tally->refused += count - sent;
    if (first) {
        mark("peak");
    }
    all_at_once = all_at_once && clock_ns() - begun_ns < timeout_ms * NS_PER_MS;
    wait_for(sent, timeout_ms);
    count_outcomes(sent, timeout_ms, tally);
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void report_silent(const struct tally *tally, uint32_t batches)
{
    uint32_t last = tally->lost > 0 ? tally->lost - 1 : 0;
    qsort(late_us, tally->lost, sizeof(*late_us), compare);
    report_begin(tally);
    report_number("batches", batches);
    report_number("sending_ns", sending_ns);
    report_number("unfinished", unfinished);
    report_number("early", early);
    report_number("all_at_once", all_at_once);
    report_number("late_50_us", late_us[last / 2]);
    report_number("late_99_us", late_us[(uint64_t)last * 99 / 100]);
    report_number("late_max_us", late_us[last]);
    report_end();
}

void work_silent(char **arguments)
{
    uint32_t count = argument_number(arguments, "requests", 1000);
    uint32_t batches = argument_number(arguments, "batches", 1);
    uint32_t room = count > REHEARSAL_REQUESTS ? count : REHEARSAL_REQUESTS;
    handle = icmp_open();
    first_address = argument_address(arguments, "first");
    requests = calloc(room, sizeof(*requests));
    late_us = calloc((size_t)room * batches, sizeof(*late_us));
    if (requests == NULL || late_us == NULL) {
        give_up("no memory for requests", count);
    }
    for (uint32_t i = 0; i < room; i++) {
        echo_open(&requests[i].echo, (WORD)argument_number(arguments, "bytes", 32));
    }
    uint64_t cost_ns = rehearse();

    struct tally tally;
    mark("begin");
    tally_begin(&tally);
    for (uint32_t i = 0; i < batches; i++) {
        batch(count, cost_ns, i == 0, &tally);
    }
    tally.ended_ns = clock_ns();
    mark("end");
    report_silent(&tally, batches);
}
