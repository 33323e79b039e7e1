/*
 * Loads openicmp.dll from the program's folder.
 */
#include "win/support/dll.h"

#define DLL_NAME "openicmp.dll"

/* A thread of the DLL may keep it for a second or two; a busy machine makes that longer. */
#define GOING_MS 20000

static bool find(HMODULE module, const char *name, void *function, size_t function_bytes)
{
    FARPROC found = GetProcAddress(module, name);

    memcpy(function, &found, function_bytes);
    return found != NULL;
}

bool dll_load(struct dll *dll)
{
    char path[MAX_PATH + sizeof(DLL_NAME)];
    char *slash;

    GetModuleFileNameA(NULL, path, MAX_PATH);
    slash = strrchr(path, '\\');
    if (slash == NULL) {
        return false;
    }
    strcpy(slash + 1, DLL_NAME);
    dll->module = LoadLibraryA(path);
    return dll->module != NULL && find(dll->module, "IcmpCreateFile", &dll->create, sizeof(dll->create)) &&
           find(dll->module, "IcmpCloseHandle", &dll->close, sizeof(dll->close)) &&
           find(dll->module, "IcmpSendEcho2Ex", &dll->send, sizeof(dll->send));
}

bool dll_is_loaded(void)
{
    return GetModuleHandleA(DLL_NAME) != NULL;
}

bool dll_goes(void)
{
    double until_ms = now_ms() + GOING_MS;

    while (dll_is_loaded() && now_ms() < until_ms) {
        Sleep(20);
    }
    return !dll_is_loaded();
}

DWORD dll_send(const struct dll *dll, const struct request *r)
{
    SetLastError(POISON_ERROR);
    return dll->send(r->handle, r->event, r->routine, r->context, r->source, r->destination, r->data,
                     r->data_bytes, r->options, r->reply, r->reply_bytes, r->timeout_ms);
}
