/*
 * The system's own iphlpapi.dll, which may have to be found behind one of ours: for our iphlpapi.dll, which passes most
 * functions through to it, and for openicmp.dll, whose calls go there where no transport can carry them.
 *
 * Knows nothing of what the functions do. Needs no run-time library.
 */
#ifndef OPENICMP_SYSTEM_LIBRARY_H
#define OPENICMP_SYSTEM_LIBRARY_H

#include <stdbool.h>
#include <windows.h>

/* How one of our DLLs sees it. */
struct system_library {
    /* Whether a loaded DLL is not the system's, but an iphlpapi.dll of ours. */
    bool (*is_ours)(HMODULE module);
    /* Whom programs are to get that ask for "iphlpapi.dll" when both are loaded. */
    HMODULE front;
    HMODULE volatile module; /* the system's, once it has been found */
};

/* A function of the system's DLL; NULL if it has none of that name, or if there is no such DLL. The DLL is loaded by its full
 * path, when it is first asked for, and stays for good. For any thread, but not for DllMain. Changes the last error. */
FARPROC system_library_find(struct system_library *library, const char *name);

#endif
