/*
 * Ctrl-C. Windows calls the handler on a thread of its own.
 */
#include "stop.h"

#include <windows.h>

static HANDLE thread;
static volatile LONG asked;

/* There to end the wait. */
static void CALLBACK wake(ULONG_PTR context)
{
    (void)context;
}

static BOOL WINAPI on_control(DWORD event)
{
    (void)event;
    if (InterlockedExchange(&asked, TRUE))
        return FALSE;
    QueueUserAPC(wake, thread, 0);
    return TRUE;
}

void stop_on_control(void)
{
    HANDLE process = GetCurrentProcess();
    if (DuplicateHandle(process, GetCurrentThread(), process, &thread, 0, FALSE, DUPLICATE_SAME_ACCESS))
        SetConsoleCtrlHandler(on_control, TRUE);
}

bool stop_is_asked(void)
{
    return InterlockedCompareExchange(&asked, FALSE, FALSE) != FALSE;
}

void wait_alertably_until(uint64_t time_ms)
{
    uint64_t now_ms = GetTickCount64();
    uint64_t rest_ms = time_ms > now_ms ? time_ms - now_ms : 0;
    SleepEx(rest_ms < INFINITE ? (DWORD)rest_ms : INFINITE, TRUE);
}
