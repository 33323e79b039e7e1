/*
 * Finds the functions that are measured.
 */
#include "windows/icmp.h"

#include "measuring.h"

#include <string.h>

struct icmp_functions icmp;

static void find(HMODULE module, const char *name, void *function, size_t function_bytes)
{
    FARPROC found = GetProcAddress(module, name);
    if (found == NULL) {
        give_up(name, GetLastError());
    }
    memcpy(function, &found, function_bytes);
}

void icmp_load(const char *dll)
{
    /* Altered: what the DLL needs is looked for beside it. */
    HMODULE module = LoadLibraryExA(dll, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (module == NULL) {
        give_up(dll, GetLastError());
    }
    find(module, "IcmpCreateFile", &icmp.create, sizeof(icmp.create));
    find(module, "IcmpCloseHandle", &icmp.close, sizeof(icmp.close));
    find(module, "IcmpSendEcho", &icmp.send, sizeof(icmp.send));
    find(module, "IcmpSendEcho2", &icmp.send2, sizeof(icmp.send2));
}

HANDLE icmp_open(void)
{
    HANDLE handle = icmp.create();
    if (handle == INVALID_HANDLE_VALUE) {
        give_up("IcmpCreateFile", GetLastError());
    }
    return handle;
}
