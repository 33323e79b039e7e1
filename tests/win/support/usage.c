/*
 * Asks the system what this process uses.
 */
#include "win/support/usage.h"

#include <stdlib.h>
#include <string.h>
#include <tlhelp32.h>
#include <winternl.h>

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

/* ---- Handles, by way of the list of all handles of the system ---- */

#define SYSTEM_HANDLE_INFORMATION ((SYSTEM_INFORMATION_CLASS)16)
#define LENGTH_MISMATCH           ((NTSTATUS)0xc0000004)

/* Neither is in mingw-w64's winternl.h. */
struct handle_entry {
    ULONG process_id;
    BYTE type;
    BYTE flags;
    USHORT value;
    void *object;
    ULONG access;
};

struct handle_list {
    ULONG count;
    struct handle_entry entries[1];
};

typedef NTSTATUS(NTAPI *query_function)(SYSTEM_INFORMATION_CLASS, PVOID, ULONG, PULONG);

DWORD handles_open(void)
{
    /* Looked up, so that the tests need not be linked with ntdll. */
    FARPROC found = GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQuerySystemInformation");
    query_function query;
    ULONG room = 1 << 20;
    struct handle_list *list = malloc(room);
    DWORD own = 0;
    NTSTATUS status = -1;

    memcpy(&query, &found, sizeof(query));
    while (list != NULL && (status = query(SYSTEM_HANDLE_INFORMATION, list, room, NULL)) == LENGTH_MISMATCH) {
        free(list);
        room *= 2;
        list = malloc(room);
    }
    for (ULONG i = 0; list != NULL && status >= 0 && i < list->count; i++) {
        own += list->entries[i].process_id == GetCurrentProcessId();
    }
    free(list);
    if (own == 0) {
        abort(); /* or tests for leaks would pass because nothing is known */
    }
    return own;
}
