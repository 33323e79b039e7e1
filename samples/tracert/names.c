/*
 * Looks names up on threads of the system's pool.
 */
#include "names.h"

#include "../common/host.h"

#include <winsock2.h>
#include <windows.h>

#include <stdlib.h>

#define PATIENCE_MS 1000

/* An address and, when the answer is there, its name. Lives as long as the process. The thread of the pool
 * writes the name before it queues the routine that says so. */
struct entry {
    struct entry *next;
    union address address;
    uint64_t asked_ms;
    bool is_answered;
    HANDLE asker;
    char name[HOST_NAME_BYTES];
};

static struct entry *entries;

static struct entry *find(const union address *address)
{
    struct entry *entry = entries;
    while (entry != NULL && !address_equal(&entry->address, address))
        entry = entry->next;
    return entry;
}

static void CALLBACK on_answer(ULONG_PTR context)
{
    struct entry *entry = (struct entry *)context;
    entry->is_answered = true;
}

static void CALLBACK look_up(PTP_CALLBACK_INSTANCE instance, void *context)
{
    struct entry *entry = context;
    CallbackMayRunLong(instance);
    host_name_of(&entry->address, entry->name);
    QueueUserAPC(on_answer, entry->asker, (ULONG_PTR)entry);
    CloseHandle(entry->asker);
}

void names_ask(const union address *address)
{
    HANDLE process = GetCurrentProcess();
    struct entry *entry = find(address);
    if (entry != NULL)
        return;
    entry = calloc(1, sizeof(*entry));
    if (entry == NULL)
        return;
    entry->address = *address;
    entry->asked_ms = GetTickCount64();
    if (!DuplicateHandle(process, GetCurrentThread(), process, &entry->asker, 0, FALSE,
                         DUPLICATE_SAME_ACCESS)) {
        free(entry);
        return;
    }
    entry->next = entries;
    entries = entry;
    if (!TrySubmitThreadpoolCallback(look_up, entry, NULL)) {
        CloseHandle(entry->asker);
        entry->is_answered = true; /* without a name */
    }
}

const char *names_get(const union address *address)
{
    struct entry *entry = find(address);
    return entry != NULL && entry->is_answered ? entry->name : "";
}

uint64_t names_wait_until_ms(const union address *address)
{
    struct entry *entry = find(address);
    return entry == NULL || entry->is_answered ? 0 : entry->asked_ms + PATIENCE_MS;
}
