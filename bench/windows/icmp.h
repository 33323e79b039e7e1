/*
 * The functions that are measured, out of the DLL that the program is given.
 */
#ifndef OPENICMP_BENCH_WINDOWS_ICMP_H
#define OPENICMP_BENCH_WINDOWS_ICMP_H

#include <winsock2.h>
#include <winternl.h>

#define PIO_APC_ROUTINE_DEFINED
#include <icmpapi.h>

/* As <icmpapi.h> declares them. */
struct icmp_functions {
    HANDLE(WINAPI *create)(void);
    BOOL(WINAPI *close)(HANDLE);
    DWORD(WINAPI *send)
    (HANDLE, IPAddr, LPVOID, WORD, PIP_OPTION_INFORMATION, LPVOID, DWORD, DWORD);
    DWORD(WINAPI *send2)
    (HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IPAddr, LPVOID, WORD, PIP_OPTION_INFORMATION, LPVOID, DWORD,
     DWORD);
};

extern struct icmp_functions icmp;

/* Loads the DLL of this path, finds its functions. Gives up if it cannot. */
void icmp_load(const char *dll);

/* A handle. Gives up if there is none. */
HANDLE icmp_open(void);

#endif
