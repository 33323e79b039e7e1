/*
 * openicmp.dll, loaded and unloaded by the program itself: for programs that do not import it.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_DLL_H
#define OPENICMP_TESTS_WIN_SUPPORT_DLL_H

#include "win/support/requests.h"

/* The DLL and what tests call of it. */
struct dll {
    HMODULE module;
    HANDLE(WINAPI *create)(void);
    BOOL(WINAPI *close)(HANDLE);
    DWORD(WINAPI *send)
    (HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IPAddr, IPAddr, LPVOID, WORD, PIP_OPTION_INFORMATION, LPVOID,
     DWORD, DWORD); /* IcmpSendEcho2Ex */
};

/* Loads the one in the program's own folder. False when that does not work. For any thread. */
bool dll_load(struct dll *dll);
/* Whether it is loaded. */
bool dll_is_loaded(void);
/* Waits until it is not. False when that takes too long. */
bool dll_goes(void);

/* As request_send. */
DWORD dll_send(const struct dll *dll, const struct request *request);

#endif
