/*
 * The system provider: the system's own ICMP functions, in the place of the engine where no transport can carry a family of
 * addresses, as on Windows without Administrator. What worked before OpenICMP came goes on working then.
 *
 * Calls are handed on as the program made them, so events, routines, reply buffers and errors are the system's. Of a family
 * all of them go by one handle of the system's, which stays open until this DLL is unloaded: so whoever closes a handle of
 * ours neither waits for requests nor takes anything away from them, and there is none of the system's to be mistaken.
 *
 * Must not know anything of engine or transports. Thread-safe.
 */
#ifndef OPENICMP_SYSTEM_PROVIDER_H
#define OPENICMP_SYSTEM_PROVIDER_H

#include <winsock2.h>
#include <windows.h>

#define PIO_APC_ROUTINE_DEFINED
#include <winternl.h>

#include <iphlpapi.h>
#include <ws2tcpip.h>

#include <icmpapi.h>

#include "wire/ip_address.h"

/* What the system has for a family. */
struct system_icmp {
    HANDLE handle; /* to call the functions with */
    /* IPv4 only. */
    DWORD(WINAPI *send_echo)
    (HANDLE, IPAddr, LPVOID, WORD, PIP_OPTION_INFORMATION, LPVOID, DWORD, DWORD);
    DWORD(WINAPI *send_echo2)
    (HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IPAddr, LPVOID, WORD, PIP_OPTION_INFORMATION, LPVOID, DWORD,
     DWORD);
    DWORD(WINAPI *send_echo2_ex)
    (HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IPAddr, IPAddr, LPVOID, WORD, PIP_OPTION_INFORMATION, LPVOID,
     DWORD, DWORD);
    /* IPv6 only. */
    DWORD(WINAPI *send_echo6)
    (HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, struct sockaddr_in6 *, struct sockaddr_in6 *, LPVOID, WORD,
     PIP_OPTION_INFORMATION, LPVOID, DWORD, DWORD);
    /* The provider's own. */
    HANDLE(WINAPI *create_file)(void);
    BOOL(WINAPI *close_handle)(HANDLE);
};

/* Makes ready what calls of a family need; not for DllMain. False when the system lacks a function for it or gives no handle: the
 * trace says which. `why` is the error that kept the engine from it, for the trace. */
bool system_open(enum ip_family family, uint32_t why);

/* For a family that system_open has been true for. */
const struct system_icmp *system_icmp(enum ip_family family);

/* Traces what a call of such a function has returned. Keeps the last error. */
void system_trace(const char *function, struct ip_address destination, DWORD replies);

/* The DLL is being unloaded: closes the system's handles. */
void system_unload(void);

#endif
