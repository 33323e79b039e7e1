/*
 * Counts the handles of the process, by way of the list of all handles of the system.
 */
#include "win/support/requests.h"

#include <stdlib.h>

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
    NTSTATUS status;

    assert_non_null(found);
    memcpy(&query, &found, sizeof(query));
    assert_non_null(list);
    while ((status = query(SYSTEM_HANDLE_INFORMATION, list, room, NULL)) == LENGTH_MISMATCH) {
        free(list);
        room *= 2;
        list = malloc(room);
        assert_non_null(list);
    }
    assert_true(status >= 0);
    for (ULONG i = 0; i < list->count; i++) {
        own += list->entries[i].process_id == GetCurrentProcessId();
    }
    free(list);
    assert_true(own > 0);
    return own;
}

bool handles_fall_to(DWORD count, DWORD timeout_ms)
{
    double until_ms = now_ms() + timeout_ms;

    while (handles_open() > count && now_ms() < until_ms) {
        Sleep(20);
    }
    return handles_open() <= count;
}
