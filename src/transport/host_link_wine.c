/*
 * Loads openicmp-host.dll, which lies beside openicmp.dll, and has it find openicmp-host.so.
 */
#include "transport/host_link.h"

#include "host/dll.h"
#include "trace/trace.h"

#include <stdatomic.h>
#include <wchar.h>
#include <windows.h>

#define DLL_NAME L"openicmp-host.dll"

/* Once for as long as openicmp.dll is loaded: some programs make a new handle for each echo. No lock is held while it is
 * loaded, because a program may be in its own DllMain, with the loader's lock. */
static _Atomic(HMODULE) loaded;
static _Atomic(host_call_function *) connected;
static atomic_bool unusable;

static bool is_wine(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

/* Where the DLL is if it is beside this module, whatever folders are searched for others. False if that is too long. */
static bool find_path(wchar_t *path, DWORD path_length)
{
    HMODULE module;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                                GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                            (LPCWSTR)(uintptr_t)&find_path, &module)) {
        return false;
    }
    DWORD length = GetModuleFileNameW(module, path, path_length);
    if (length == 0 || length >= path_length) {
        return false;
    }
    while (length > 0 && path[length - 1] != L'\\' && path[length - 1] != L'/') {
        length--;
    }
    if (length + sizeof(DLL_NAME) / sizeof(wchar_t) > path_length) {
        return false;
    }
    wcscpy(path + length, DLL_NAME);
    return true;
}

/* Why it does not work; NULL when it does. */
static const char *connect_to(HMODULE dll)
{
    host_connect_function *connect =
        (host_connect_function *)(uintptr_t)GetProcAddress(dll, HOST_CONNECT_NAME);
    if (connect == NULL) {
        return "openicmp-host.dll is something else";
    }
    host_call_function *call;
    const char *why_not = connect(HOST_PROTOCOL, &call);
    if (why_not == NULL) {
        connected = call;
    }
    return why_not;
}

/* Loads and connects. False when it does not work; the trace says why. */
static bool load(void)
{
    wchar_t path[1024];
    if (!is_wine()) {
        trace("host: this is not Wine");
        return false;
    }
    HMODULE dll = find_path(path, sizeof(path) / sizeof(path[0])) ? LoadLibraryW(path) : NULL;
    if (dll == NULL) {
        trace("host: no openicmp-host.dll can be loaded from beside openicmp.dll");
        return false;
    }
    const char *why_not = connect_to(dll);
    HMODULE nobody = NULL;
    if (why_not != NULL) {
        trace("host: %s", why_not); /* the words are the DLL's */
        FreeLibrary(dll);
    } else if (!atomic_compare_exchange_strong(&loaded, &nobody, dll)) {
        FreeLibrary(dll); /* another thread was quicker; it is the same one */
    }
    return why_not == NULL;
}

bool host_link_open(void)
{
    if (connected == NULL && !unusable && !load()) {
        unusable = true;
    }
    return connected != NULL;
}

void host_link_call(enum host_function function, void *parameters)
{
    connected(function, parameters);
}

void host_link_unload(void)
{
    HMODULE dll = loaded;
    if (dll != NULL) {
        FreeLibrary(dll);
    }
}
