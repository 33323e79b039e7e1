/*
 * Functions of DLLs that a test loads by itself.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_MODULE_H
#define OPENICMP_TESTS_WIN_SUPPORT_MODULE_H

#include <winsock2.h>
#include <windows.h>

/* A function of a loaded DLL by its name, with the type that its header gives it. NULL if the DLL lacks it. */
#define FUNCTION_OF(module, function)                                                                        \
    ((__typeof__(&(function)))(void (*)(void))GetProcAddress(module, #function))

#endif
