/*
 * Work: none. What a handle costs that is open, was used, and has nothing outstanding.
 */
#include "windows/work.h"

#include "windows/echo.h"

#include "win/support/usage.h"

#define ECHOES 10

/* By then nobody lingers any more who did something before. */
#define SETTLING_MS 2500

static uint32_t completed;

static void WINAPI routine(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    (void)context, (void)io_status, (void)reserved;
    completed++;
}

/* Some echoes of either kind. */
static void use(HANDLE handle, uint32_t address, struct tally *tally)
{
    struct echo echo;
    echo_open(&echo, 32);
    for (uint32_t i = 0; i < ECHOES; i++) {
        echo_prepare(&echo, i, address);
        icmp.send(handle, echo.destination, echo.data, echo.data_bytes, NULL, echo.reply, echo.reply_bytes,
                  PATIENCE_MS);
        echo_count(&echo, tally);
        echo_prepare(&echo, i, address);
        if (!echo_start(&echo, handle, NULL, routine, NULL, PATIENCE_MS)) {
            tally->refused++;
            continue;
        }
        for (completed = 0; completed == 0;) {
            SleepEx(INFINITE, TRUE);
        }
        echo_count(&echo, tally);
    }
}

void work_idle(char **arguments)
{
    struct tally tally;
    DWORD before = handles_open();
    tally_begin(&tally);
    use(icmp_open(), argument_address(arguments, "first"), &tally);
    tally.ended_ns = clock_ns();
    Sleep(argument_number(arguments, "settling_ms", SETTLING_MS));
    DWORD handles = handles_open() - before;
    mark("rest"); /* ./tools/bench lets it rest here */
    report_begin(&tally);
    report_number("handles", handles);
    report_end();
}
