/*
 * Where the functions are that iphlpapi.dll passes through: in the system's own DLL of that name.
 *
 * It is loaded, by its full path, when the first of them is called; never in DllMain.
 */
#include "facade/facade.h"

/* The linker's name for the start of this DLL, which is its module handle. */
extern IMAGE_DOS_HEADER __ImageBase;

/* Of ntdll.dll; no header has them. */
NTSTATUS NTAPI LdrLockLoaderLock(ULONG flags, ULONG *state, ULONG_PTR *cookie);
NTSTATUS NTAPI LdrUnlockLoaderLock(ULONG flags, ULONG_PTR cookie);

/* STATUS_ENTRYPOINT_NOT_FOUND of <ntstatus.h>, which does not go with <windows.h>. */
#define ENTRYPOINT_NOT_FOUND 0xc0000139u

/* Where it may lie, below the system directory. If we stand in its place there, as in a whole Wine prefix, it lies
 * in a folder of its own: tools/wine-install has put it there. What Wine loads for that file is its present builtin,
 * whatever the file has in it. */
static const WCHAR *const places[] = {L"\\iphlpapi.dll", L"\\openicmp\\iphlpapi.dll"};

static void stay(HMODULE module)
{
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       (LPCWSTR)module, &module);
}

/* Loads the DLL of one place and makes it stay. NULL if there is none, or if it is this one. */
static HMODULE load_from(const WCHAR *place)
{
    WCHAR path[MAX_PATH + 32];
    UINT length = GetSystemDirectoryW(path, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) {
        return NULL;
    }
    lstrcpyW(path + length, place);
    HMODULE loaded = LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (loaded == NULL) {
        return NULL;
    }
    HMODULE system = NULL;
    if (loaded != (HMODULE)&__ImageBase) {
        system = loaded;
        /* Both for good. A program may have told the system's to call back. And of two DLLs of a name the loader takes
         * the one that came first: if we went and came again, a program would get the other in our place. */
        stay(system);
        stay((HMODULE)&__ImageBase);
    }
    FreeLibrary(loaded);
    return system;
}

/* The system's DLL, or NULL. For any thread: those that look for it at the same time find the same. */
static HMODULE system_dll(void)
{
    static HMODULE volatile known;
    HMODULE found = known;
    for (size_t i = 0; found == NULL && i < sizeof(places) / sizeof(places[0]); i++) {
        found = load_from(places[i]);
    }
    known = found;
    return found;
}

/*
 * Wine 8.0 and 10.0: the loader takes the module that was last looked up for any of that name. So after a look at the
 * system's iphlpapi.dll, a program that loads "iphlpapi.dll" would get that one in our place. To look at ourselves
 * mends it; and nobody must come in between. Windows takes the one that was loaded first, and would not bear the lock.
 */
static FARPROC find_in_system_dll(const char *name)
{
    BOOL wine = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
    ULONG_PTR cookie = 0;
    if (wine) {
        LdrLockLoaderLock(0, NULL, &cookie);
    }
    HMODULE module = system_dll();
    FARPROC found = module != NULL ? GetProcAddress(module, name) : NULL;
    if (wine) {
        GetProcAddress((HMODULE)&__ImageBase, name);
        LdrUnlockLoaderLock(0, cookie);
    }
    return found;
}

void *facade_find(struct facade_entry *entry)
{
    DWORD last_error = GetLastError();
    FARPROC found = find_in_system_dll(entry->name);
    void *target = found != NULL ? (void *)(ULONG_PTR)found : entry->lacking;
    entry->target = target;
    SetLastError(last_error);
    return target;
}

DWORD facade_lacks_error(void)
{
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return ERROR_CALL_NOT_IMPLEMENTED;
}

ULONG_PTR facade_lacks_zero(void)
{
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return 0;
}

HANDLE facade_lacks_handle(void)
{
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return INVALID_HANDLE_VALUE;
}

void facade_cannot_return(const struct facade_entry *entry)
{
    /* As Windows' loader says that a function is missing; with its name for who debugs it. */
    const ULONG_PTR arguments[] = {(ULONG_PTR)entry->name};
    for (;;) {
        RaiseException(ENTRYPOINT_NOT_FOUND, EXCEPTION_NONCONTINUABLE, 1, arguments);
    }
}
