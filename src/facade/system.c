/*
 * Where the functions are that iphlpapi.dll passes through: in the system's own DLL of that name.
 *
 * It is loaded when the first of them is called; never in DllMain.
 */
#include "facade/facade.h"

#include "system/library.h"

/* The linker's name for the start of this DLL, which is its module handle. */
extern IMAGE_DOS_HEADER __ImageBase;
#define THIS_DLL ((HMODULE)&__ImageBase)

/* STATUS_ENTRYPOINT_NOT_FOUND of <ntstatus.h>, which does not go with <windows.h>. */
#define ENTRYPOINT_NOT_FOUND 0xc0000139u

/* Another one of ours, in the system directory, would know where to go on. */
static bool is_this_dll(HMODULE module)
{
    return module == THIS_DLL;
}

static struct system_library library = {.is_ours = is_this_dll, .front = THIS_DLL};

void *facade_find(struct facade_entry *entry)
{
    DWORD last_error = GetLastError();
    FARPROC found = system_library_find(&library, entry->name);
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
