/*
 * Finds the functions of openicmp-host.so, and the function of Wine's ntdll.dll that calls them.
 *
 * There are two ways to it: the variable __wine_unix_call_dispatcher, which points to such a function, and the function
 * __wine_unix_call. Wine 8.0 has both, 10.0 the former only.
 */
#include "host/dll.h"

#include <windows.h>

/* What Wine calls MemoryWineUnixFuncs: asks for the function table of a module's Unix half. */
#define MEMORY_WINE_UNIX_FUNCS 1000

typedef LONG(WINAPI *query_virtual_memory)(HANDLE process, const void *address, ULONG information_class,
                                           void *information, SIZE_T information_bytes,
                                           SIZE_T *returned_bytes);
typedef LONG(WINAPI *unix_call)(UINT64 functions, unsigned int number, void *parameters);

/* Set once, or several times to the same. */
static HINSTANCE module;
static UINT64 functions;
static unix_call dispatch;

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) {
        module = instance;
        DisableThreadLibraryCalls(instance);
    }
    return TRUE;
}

static void call_unix(enum host_function function, void *parameters)
{
    dispatch(functions, (unsigned int)function, parameters);
}

/* Why the .so cannot be called; NULL when it can. */
static const char *find_functions(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    query_virtual_memory query =
        (query_virtual_memory)(uintptr_t)GetProcAddress(ntdll, "NtQueryVirtualMemory");
    unix_call *dispatcher = (unix_call *)(uintptr_t)GetProcAddress(ntdll, "__wine_unix_call_dispatcher");
    dispatch = dispatcher != NULL ? *dispatcher : NULL;
    if (dispatch == NULL) {
        dispatch = (unix_call)(uintptr_t)GetProcAddress(ntdll, "__wine_unix_call");
    }
    if (query == NULL || dispatch == NULL) {
        return "this Wine has no Unix calls";
    }
    if (query(GetCurrentProcess(), module, MEMORY_WINE_UNIX_FUNCS, &functions, sizeof(functions), NULL) < 0 ||
        functions == 0) {
        return "Wine finds no openicmp-host.so (is it in its library folder, or in WINEDLLPATH?)";
    }
    return NULL;
}

const char *openicmp_host_connect(uint32_t protocol, host_call_function **call)
{
    struct host_handshake_call handshake = {.protocol = HOST_PROTOCOL};
    if (protocol != HOST_PROTOCOL) {
        return "openicmp.dll and openicmp-host.dll are of different versions";
    }
    const char *why_not = find_functions();
    if (why_not != NULL) {
        return why_not;
    }
    call_unix(HOST_HANDSHAKE, &handshake);
    if (handshake.own_protocol != HOST_PROTOCOL) {
        return "openicmp-host.dll and openicmp-host.so are of different versions";
    }
    *call = call_unix;
    return NULL;
}
