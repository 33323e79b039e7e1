/*
 * Asks the system what this process uses.
 */
#include "win/support/usage.h"

#include <tlhelp32.h>

DWORD threads_running(void)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 thread = {.dwSize = sizeof(thread)};
    DWORD count = 0;

    if (snapshot == INVALID_HANDLE_VALUE) {
        return 0;
    }
    for (BOOL more = Thread32First(snapshot, &thread); more; more = Thread32Next(snapshot, &thread)) {
        count += thread.th32OwnerProcessID == GetCurrentProcessId();
    }
    CloseHandle(snapshot);
    return count;
}

bool threads_fall_to(DWORD count, DWORD timeout_ms)
{
    DWORD until = GetTickCount() + timeout_ms;

    while (threads_running() > count && (LONG)(until - GetTickCount()) > 0) {
        Sleep(20);
    }
    return threads_running() <= count;
}

/* After so many values without one, there is no handle with a greater value: systems give out the smallest that is free. */
#define VALUES_WITHOUT_HANDLE 1024

/* Asks for one value after the other. Wine 8 has no better way: its GetProcessHandleCount always says 0, and its wineserver
 * crashes over the list of all handles of the system (NtQuerySystemInformation) while some process has none yet (tried). */
DWORD handles_open(void)
{
    DWORD count = 0;
    DWORD flags;

    for (ULONG_PTR value = 4, misses = 0; misses < VALUES_WITHOUT_HANDLE; value += 4) {
        bool open = GetHandleInformation((HANDLE)value, &flags);

        count += open;
        misses = open ? 0 : misses + 1;
    }
    return count;
}

bool handles_fall_to(DWORD count, DWORD timeout_ms)
{
    DWORD until = GetTickCount() + timeout_ms;

    while (handles_open() > count && (LONG)(until - GetTickCount()) > 0) {
        Sleep(20);
    }
    return handles_open() <= count;
}

size_t heap_bytes(void)
{
    PROCESS_HEAP_ENTRY entry = {0};
    size_t bytes = 0;

    HeapLock(GetProcessHeap());
    while (HeapWalk(GetProcessHeap(), &entry)) {
        bytes += entry.wFlags & PROCESS_HEAP_ENTRY_BUSY ? entry.cbData : 0;
    }
    HeapUnlock(GetProcessHeap());
    return bytes;
}

size_t private_bytes(void)
{
    MEMORY_BASIC_INFORMATION region;
    size_t bytes = 0;

    for (BYTE *at = NULL; VirtualQuery(at, &region, sizeof(region)) == sizeof(region);
         at = (BYTE *)region.BaseAddress + region.RegionSize) {
        bytes += region.State == MEM_COMMIT && region.Type == MEM_PRIVATE && region.Protect == PAGE_READWRITE
                     ? region.RegionSize
                     : 0;
    }
    return bytes;
}

static double ms_of(const FILETIME *time)
{
    return ((double)time->dwHighDateTime * 4294967296.0 + (double)time->dwLowDateTime) / 10000.0;
}

double processor_ms(void)
{
    FILETIME created, ended, kernel, user;

    if (!GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user)) {
        return 0;
    }
    return ms_of(&kernel) + ms_of(&user);
}
