/*
 * Finds the system's own iphlpapi.dll, and keeps it from coming in the place of ours.
 */
#include "system/library.h"

/* Of ntdll.dll; no header has them. */
NTSTATUS NTAPI LdrLockLoaderLock(ULONG flags, ULONG *state, ULONG_PTR *cookie);
NTSTATUS NTAPI LdrUnlockLoaderLock(ULONG flags, ULONG_PTR cookie);

/* Where it may lie, below the system directory. If ours stands in its place there, as in a whole Wine prefix, it lies
 * in a folder of its own: tools/wine-install has put it there. What Wine loads for that file is its present builtin,
 * whatever the file has in it. */
static const WCHAR *const places[] = {L"\\iphlpapi.dll", L"\\openicmp\\iphlpapi.dll"};

static void stay(HMODULE module)
{
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                       (LPCWSTR)module, &module);
}

/* Loads the DLL of one place and makes it stay. NULL if there is none, or if it is one of ours. */
static HMODULE load_from(const WCHAR *place, const struct system_library *library)
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
    if (!library->is_ours(loaded)) {
        system = loaded;
        /* Both for good. A program may have told the system's to call back. And of two DLLs of a name the loader takes
         * the one that came first: if ours went and came again, a program would get the other in its place. */
        stay(system);
        if (library->front != NULL) {
            stay(library->front);
        }
    }
    FreeLibrary(loaded);
    return system;
}

/* The system's DLL, or NULL. Threads that look for it at the same time find the same. */
static HMODULE system_dll(struct system_library *library)
{
    HMODULE found = library->module;
    for (size_t i = 0; found == NULL && i < sizeof(places) / sizeof(places[0]); i++) {
        found = load_from(places[i], library);
    }
    library->module = found;
    return found;
}

/*
 * Wine 8.0 and 10.0: the loader takes the module that was last looked up for any of that name. So after a look at the
 * system's iphlpapi.dll, a program that loads "iphlpapi.dll" would get that one in the place of ours. To look at ours
 * mends it; and nobody must come in between. Windows takes the one that was loaded first, and would not bear the lock.
 */
FARPROC system_library_find(struct system_library *library, const char *name)
{
    BOOL wine = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
    ULONG_PTR cookie = 0;
    if (wine) {
        LdrLockLoaderLock(0, NULL, &cookie);
    }
    HMODULE module = system_dll(library);
    FARPROC found = module != NULL ? GetProcAddress(module, name) : NULL;
    if (wine) {
        if (library->front != NULL) {
            GetProcAddress(library->front, name);
        }
        LdrUnlockLoaderLock(0, cookie);
    }
    return found;
}
