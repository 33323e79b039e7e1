/*
 * What happens when icmp.dll or iphlpapi.dll comes and goes.
 *
 * Both forward to openicmp.dll, and the loader looks for that where it looks for any DLL: in the program's folder, in
 * the system's, and so on. A DLL of ours that was loaded by its full path from another folder would not find the
 * openicmp.dll that lies beside it. In that case alone it is loaded here; forwards are looked up without any code of
 * ours, so there is no later moment. That the loader's lock is held meanwhile does no harm: all that openicmp.dll does
 * when it is loaded is to take a TLS index.
 */
#include <windows.h>

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);

#define ENGINE L"openicmp.dll"

/* Our reference on openicmp.dll, if we took one. */
static HMODULE engine;

/* The path of a module, cut behind the last backslash. Returns what is left of its length, 0 if there is none. */
static DWORD folder_of(HMODULE module, WCHAR path[MAX_PATH])
{
    DWORD length = GetModuleFileNameW(module, path, MAX_PATH);
    if (length >= MAX_PATH) {
        length = 0;
    }
    while (length > 0 && path[length - 1] != L'\\') {
        length--;
    }
    path[length] = L'\0';
    return length;
}

/* Whether the loader looks for every DLL in the folder, which ends with a backslash. */
static BOOL is_searched(const WCHAR *folder)
{
    WCHAR other[MAX_PATH + 1];
    if (folder_of(NULL, other) > 0 && lstrcmpiW(folder, other) == 0) {
        return TRUE;
    }
    UINT length = GetSystemDirectoryW(other, MAX_PATH);
    if (length == 0 || length >= MAX_PATH) {
        return FALSE;
    }
    lstrcatW(other, L"\\");
    return lstrcmpiW(folder, other) == 0;
}

static void take_engine_beside(HINSTANCE instance)
{
    WCHAR path[MAX_PATH + sizeof(ENGINE) / sizeof(WCHAR)];
    /* One engine per process: if there is one, the forwards go to that. */
    if (GetModuleHandleW(ENGINE) == NULL && folder_of(instance, path) > 0 && !is_searched(path)) {
        lstrcatW(path, ENGINE);
        engine = LoadLibraryW(path);
    }
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH) {
        DisableThreadLibraryCalls(instance);
        take_engine_beside(instance);
    } else if (reason == DLL_PROCESS_DETACH && reserved == NULL && engine != NULL) {
        FreeLibrary(engine); /* not when the process ends: the loader has begun to take things down */
    }
    return TRUE;
}
