/*
 * sweep for OpenICMP: finds out which of many addresses answer an echo request, and how fast.
 *
 * A few threads do the same at the same time, for nearly all of it is the system's sending: ask the schedule whom to ask
 * next, submit these requests in a batch (openicmp.h), and collect what came of earlier ones, whoever submitted them.
 *
 * Exit status: 0 if all targets answered, 1 if not, 2 if nothing was swept because something is wrong with what was
 * asked for, or with the system, and 130 after Ctrl-C.
 */
#include "prober.h"

#include "options.h"
#include "pacer.h"
#include "report.h"
#include "sources.h"

#include "../common/output.h"
#include "../common/wide.h"

#include <windows.h>

#include <stdlib.h>

enum { EXIT_ALL_ANSWERED = 0, EXIT_NOT_ALL = 1, EXIT_FAULT = 2, EXIT_INTERRUPTED = 130 };

#define MAX_THREADS 4

struct sweep {
    struct prober prober;
    SRWLOCK lock;             /* guards all that follows */
    CONDITION_VARIABLE ended; /* it is over, for one reason or another, or fewer helpers are at work */
    bool is_over;
    DWORD helpers; /* threads beside the first that are at work */
    struct schedule *schedule;
    struct pacer pacer;
    struct report report;
    uint64_t now_ns;
    uint64_t tick_ns; /* when progress is shown next */
};

/* Set by Ctrl-C, on a thread of its own. */
static volatile LONG interrupted;

/* The second Ctrl-C ends the process as it would without this. */
static BOOL WINAPI on_control(DWORD event)
{
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        return FALSE;
    return InterlockedExchange(&interrupted, 1) == 0;
}

static void print_usage(void)
{
    output_print("\nUsage: sweep [options] targets\n\n"
                 "Targets: addresses, names, networks (192.0.2.0/24), ranges (192.0.2.1-192.0.2.9,\n"
                 "192.0.2.1-9), @file for a file with one of them a line, - for standard input.\n\n"
                 "    -n, --count N        requests to each target (1)\n"
                 "    --interval MS        between them (1000)\n"
                 "    -w, --timeout MS     to wait for each reply (1000)\n"
                 "    --retries N          repeat what was not answered (1; with -n above 1: 0)\n"
                 "    --rate N             requests a second at most\n"
                 "    --outstanding N      requests waiting for a reply at most (1024)\n"
                 "    -l, --size N         bytes of data (32, up to 65500)\n"
                 "    -i, --ttl N          time to live, or hop limit\n"
                 "    -4, -6               addresses of names: IPv4 or IPv6\n"
                 "    --file FILE          as @FILE\n"
                 "    --limit N            the first N targets only, in the order of addresses\n"
                 "    --show WHICH         alive, dead or all targets (alive)\n"
                 "    --format FORM        text, csv or json (text)\n"
                 "    -q, --quiet          no progress, and no summary beside CSV\n\n"
                 "Exit status: 0 if all targets answered, 1 if not, 2 if something is wrong, 130\n"
                 "after Ctrl-C.\n");
}

static uint64_t clock_ns(void)
{
    static LARGE_INTEGER frequency;
    LARGE_INTEGER count;
    if (frequency.QuadPart == 0)
        QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&count);
    uint64_t second = (uint64_t)frequency.QuadPart;
    uint64_t now = (uint64_t)count.QuadPart;
    return now / second * 1000000000 + now % second * 1000000000 / second;
}

/* ---- The sweep ---- */

/* Adds to the lane what is due and may be sent now. The lock is held. */
static void take_requests(struct sweep *sweep, struct prober_lane *lane)
{
    size_t allowance = pacer_allowance(&sweep->pacer, sweep->now_ns, prober_room(lane));
    size_t count = 0;
    struct ip_number address;
    while (count < allowance) {
        uint32_t request = schedule_next(sweep->schedule, sweep->now_ns, &address);
        if (request == SCHEDULE_NOBODY)
            break;
        prober_add(&sweep->prober, lane, request, &address);
        count++;
    }
    pacer_sent(&sweep->pacer, count);
}

/* Tells of what the lane has collected. The lock is held. */
static void tell_results(struct sweep *sweep, const struct prober_lane *lane)
{
    for (size_t i = 0; i < lane->result_count; i++) {
        struct request_result result;
        uint32_t request = prober_result(lane, i, &result);
        if (result.outcome == REQUEST_ANSWERED)
            report_reply(&sweep->report, result.time_ns);
        const struct target_state *target = schedule_end(sweep->schedule, request, &result, sweep->now_ns);
        if (target != NULL)
            report_target(&sweep->report, target);
    }
}

/* How long there is nothing to do unless a result comes. The lock is held. */
static DWORD idle_ms(const struct sweep *sweep, const struct prober_lane *lane)
{
    uint64_t next_ns = schedule_next_ns(sweep->schedule);
    uint64_t pace_ns = pacer_next_ns(&sweep->pacer);
    if (lane->unsent_count > 0) /* not accepted the last time, for want of memory */
        return 1;
    if (next_ns < pace_ns)
        next_ns = pace_ns;
    if (next_ns > sweep->tick_ns)
        next_ns = sweep->tick_ns;
    return next_ns > sweep->now_ns ? (DWORD)((next_ns - sweep->now_ns + 999999) / 1000000) : 0;
}

static void show_progress(struct sweep *sweep)
{
    if (sweep->now_ns < sweep->tick_ns)
        return;
    report_tick(&sweep->report, schedule_ended(sweep->schedule), sweep->now_ns);
    sweep->tick_ns = sweep->now_ns + REPORT_TICK_NS;
}

/* Looks at the clock, and whether it is over. The lock is held. */
static bool goes_on(struct sweep *sweep)
{
    sweep->now_ns = clock_ns();
    if (schedule_is_done(sweep->schedule) || interrupted || sweep->report.is_broken) {
        sweep->is_over = true;
        WakeAllConditionVariable(&sweep->ended);
    }
    return !sweep->is_over;
}

/* What each thread does until it is over. The lock is held, but often not meanwhile. */
static void work(struct sweep *sweep, struct prober_lane *lane)
{
    while (goes_on(sweep)) {
        show_progress(sweep);
        take_requests(sweep, lane);
        DWORD timeout_ms = idle_ms(sweep, lane);
        if (schedule_outstanding(sweep->schedule) == 0) {
            SleepConditionVariableSRW(&sweep->ended, &sweep->lock, timeout_ms, 0);
            continue;
        }
        ReleaseSRWLockExclusive(&sweep->lock);
        prober_send(&sweep->prober, lane);
        prober_collect(&sweep->prober, lane, timeout_ms);
        AcquireSRWLockExclusive(&sweep->lock);
        sweep->now_ns = clock_ns();
        tell_results(sweep, lane);
    }
}

/* Works, and then waits for the end of the process: Wine 8.0 may crash in a thread that is ending when its process ends. */
static DWORD WINAPI help(void *context)
{
    struct sweep *sweep = context;
    struct prober_lane *lane = calloc(1, sizeof(*lane));
    AcquireSRWLockExclusive(&sweep->lock);
    if (lane != NULL)
        work(sweep, lane);
    free(lane);
    sweep->helpers--;
    WakeAllConditionVariable(&sweep->ended);
    while (sweep->is_over)
        SleepConditionVariableSRW(&sweep->ended, &sweep->lock, INFINITE, 0);
    return 0;
}

/* As many as there are processors, with the calling thread and OpenICMP's own, which receives: two that send on two
 * processors only get into its way. The lock is held, so they do not begin yet. */
static void start_helpers(struct sweep *sweep)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    while (sweep->helpers + 2 < system.dwNumberOfProcessors && sweep->helpers + 1 < MAX_THREADS) {
        HANDLE thread = CreateThread(NULL, 0, help, sweep, 0, NULL);
        if (thread == NULL)
            return;
        CloseHandle(thread);
        sweep->helpers++;
    }
}

static void run(struct sweep *sweep)
{
    static struct prober_lane lane;
    const struct target_state *target;
    AcquireSRWLockExclusive(&sweep->lock);
    start_helpers(sweep);
    work(sweep, &lane);
    while (sweep->helpers > 0)
        SleepConditionVariableSRW(&sweep->ended, &sweep->lock, INFINITE, 0);
    while (interrupted && (target = schedule_take_unfinished(sweep->schedule)) != NULL)
        report_target(&sweep->report, target);
    sweep->report.summary.interrupted = interrupted != 0;
    report_end(&sweep->report, clock_ns());
    ReleaseSRWLockExclusive(&sweep->lock);
}

static int fail(const char *message)
{
    output_add(standard_error, "sweep: %s\n", message);
    output_flush(standard_error);
    return EXIT_FAULT;
}

static int exit_status(const struct report *report)
{
    const struct summary *summary = &report->summary;
    if (summary->interrupted)
        return EXIT_INTERRUPTED;
    if (report->is_broken)
        return EXIT_FAULT;
    return summary->alive == summary->targets && summary->unknown_names == 0 ? EXIT_ALL_ANSWERED
                                                                             : EXIT_NOT_ALL;
}

static int sweep_targets(const struct sweep_options *options, const struct targets *targets,
                         uint64_t unknown_names)
{
    static struct sweep sweep;
    const struct schedule_settings settings = {
        .count = options->count,
        .retries = options->retries,
        .interval_ns = (uint64_t)options->interval_ms * 1000000,
        .max_outstanding = options->max_outstanding,
        .max_targets = options->limit > 0 ? options->limit : UINT64_MAX,
    };
    DWORD error = prober_open(&sweep.prober, options);
    if (error == ERROR_ACCESS_DENIED)
        return fail("nothing lets this program send echo requests (OPENICMP_TRACE=1 tells why)");
    sweep.schedule = schedule_open(targets, &settings);
    if (error != 0 || sweep.schedule == NULL)
        return fail("out of memory");

    SetConsoleCtrlHandler(on_control, TRUE);
    sweep.now_ns = clock_ns();
    sweep.tick_ns = sweep.now_ns + REPORT_TICK_NS;
    pacer_start(&sweep.pacer, options->per_second, sweep.now_ns);
    report_start(&sweep.report, options, targets, schedule_total(sweep.schedule), sweep.now_ns);
    sweep.report.summary.unknown_names = unknown_names;
    run(&sweep);
    schedule_close(sweep.schedule);
    return exit_status(&sweep.report);
}

int main(int argc, char **argv)
{
    struct sweep_options options;
    struct targets targets = {0};
    uint64_t unknown_names = 0;
    char message[1024];
    WSADATA winsock;

    argv = utf8_arguments(&argc);
    if (argv == NULL)
        return fail("out of memory");
    enum arguments_result result = sweep_options_parse(&options, argc, argv, message, sizeof(message));
    if (result == ARGUMENTS_HELP) {
        print_usage();
        return argc < 2 ? EXIT_FAULT : EXIT_ALL_ANSWERED;
    }
    if (result != ARGUMENTS_OK) {
        fail(message);
        return fail("sweep -? tells what it understands.");
    }
    if (WSAStartup(MAKEWORD(2, 2), &winsock) != 0) /* for names; OpenICMP does not need it */
        return fail("Windows Sockets did not start");
    if (!sources_read(&options, &targets, &unknown_names, message, sizeof(message)))
        return fail(message);
    int status = sweep_targets(&options, &targets, unknown_names);
    targets_free(&targets);
    sweep_options_free(&options);
    return status;
}
