/*
 * The functions of Windows' ICMP echo API. Drop-in for the Windows SDK's header of this name.
 *
 * Documented to come after <iphlpapi.h>; this one may come before or after it, or alone: it brings
 * "ipexport.h", which says how the two live with the SDK's and mingw-w64's. IPv6 addresses are passed as
 * pointers to struct sockaddr_in6, which programs get from <ws2tcpip.h>.
 *
 * All functions may be called on any thread, also at the same time with the same handle. They set the last
 * error (GetLastError) as said with each. No WSAStartup is needed. Link with openicmp's import library, or
 * with icmp's, which has the five functions of the old icmp.dll.
 *
 * "Documented" means Microsoft's page on the function, "measured" what conformance tests of other projects
 * have observed on Windows Vista or later.
 */
#ifndef OPENICMP_ICMPAPI_H
#define OPENICMP_ICMPAPI_H

#ifndef _WIN32
    #error "icmpapi.h declares Windows functions; portable code includes ipexport.h alone"
#endif

#include "ipexport.h"

/*
 * The type of the ApcRoutine parameters (documented: IcmpSendEcho2). A program that defines
 * PIO_APC_ROUTINE_DEFINED before it includes this header, and the type itself (by <winternl.h> or on its
 * own), passes a PIO_APC_ROUTINE:
 *
 *     void NTAPI routine(PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock, ULONG Reserved);
 *
 * Without the macro the parameter is a FARPROC, to which the same routine has to be cast. The program must
 * have all its includes of this header in one translation unit agree.
 */
#ifdef PIO_APC_ROUTINE_DEFINED
    #define OPENICMP_APC_ROUTINE PIO_APC_ROUTINE
#else
    #define OPENICMP_APC_ROUTINE FARPROC
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* If mingw-w64's header or the SDK's came first, it has declared these, but old ones not IcmpSendEcho2Ex. */
#ifndef _ICMP_INCLUDED_
    #define _ICMP_INCLUDED_

struct sockaddr_in6;

/*
 * Opens a handle for IPv4 echo requests. One is enough for any number of requests and threads. To be closed
 * with IcmpCloseHandle.
 *
 * INVALID_HANDLE_VALUE, never NULL, on failure; last error: ERROR_ACCESS_DENIED if nothing lets the process
 * send ICMP, ERROR_NOT_ENOUGH_MEMORY. Source: documented.
 */
HANDLE WINAPI IcmpCreateFile(void);

/*
 * The same for IPv6 echo requests. A handle is good for its own family only.
 *
 * ERROR_NOT_SUPPORTED if nothing here can send ICMPv6. Source: documented.
 */
HANDLE WINAPI Icmp6CreateFile(void);

/*
 * Closes a handle of either family. Asynchronous requests that are still out complete as if it were open
 * (measured).
 *
 * FALSE with last error ERROR_INVALID_HANDLE for anything that is not an open handle (measured for NULL and
 * INVALID_HANDLE_VALUE). Source: documented.
 */
BOOL WINAPI IcmpCloseHandle(HANDLE IcmpHandle);

/*
 * Sends an IPv4 echo request and waits for the reply.
 *
 * - DestinationAddress: in network byte order.
 * - RequestData, RequestSize: the bytes to be echoed; copied before ReplyBuffer is written, which may be the
 *   same memory.
 * - RequestOptions: what to set in the IP header; NULL for the defaults.
 * - ReplyBuffer, ReplySize: memory of the caller, at least sizeof(ICMP_ECHO_REPLY) + RequestSize bytes
 *   (measured; documented is to add 8). Gets an ICMP_ECHO_REPLY, then options and data; nothing else in it is
 *   touched.
 * - Timeout: milliseconds.
 *
 * The number of replies, 1 for a unicast destination, with last error 0. An ICMP error counts as a reply:
 * look at Status. 0 if there was none, and the last error says why: an IP_STATUS such as IP_REQ_TIMED_OUT if
 * the request was accepted (the same is in the first reply's Status then), else a Win32 error and an
 * untouched buffer: ERROR_INVALID_PARAMETER for a bad handle or a missing or too small buffer,
 * ERROR_INVALID_NETNAME for an address that cannot be (measured), ERROR_NETWORK_UNREACHABLE,
 * ERROR_HOST_UNREACHABLE, ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_SUPPORTED. Source: documented, unless marked.
 */
DWORD WINAPI IcmpSendEcho(HANDLE IcmpHandle, IPAddr DestinationAddress, LPVOID RequestData, WORD RequestSize,
                          PIP_OPTION_INFORMATION RequestOptions, LPVOID ReplyBuffer, DWORD ReplySize,
                          DWORD Timeout);

/*
 * IcmpSendEcho that need not wait.
 *
 * With Event and ApcRoutine both NULL it is IcmpSendEcho. Else it returns 0 at once, with last error
 * ERROR_IO_PENDING if the request is under way; any other value is a failure as above, and then neither will
 * happen. ReplyBuffer belongs to the request until it has completed, by reply, ICMP error or time-out,
 * whereupon, once,
 * - Event, if not NULL, is set; ApcRoutine is then ignored;
 * - else ApcRoutine is called with ApcContext on the thread that made the request, when that waits alertably.
 *   The IO_STATUS_BLOCK is valid until the routine returns; its Information is the number of bytes in
 *   ReplyBuffer (measured).
 * Then IcmpParseReplies tells what came. Source: documented, unless marked.
 */
DWORD WINAPI IcmpSendEcho2(HANDLE IcmpHandle, HANDLE Event, OPENICMP_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                           IPAddr DestinationAddress, LPVOID RequestData, WORD RequestSize,
                           PIP_OPTION_INFORMATION RequestOptions, LPVOID ReplyBuffer, DWORD ReplySize,
                           DWORD Timeout);

/*
 * IcmpSendEcho2 for IPv6, with a handle of Icmp6CreateFile.
 *
 * - SourceAddress: an address of this host, or all zero for any, then without regard to its scope.
 * - DestinationAddress: a link-local one needs its sin6_scope_id, or that of a link-local source. The
 *   families may be 0 (measured).
 * - RequestOptions: of these Ttl, the hop limit, Tos, the traffic class, and IP_FLAG_DF count. A Ttl of 0
 *   is not the default but fails with IP_GENERAL_FAILURE (measured).
 * - ReplyBuffer: at least sizeof(ICMPV6_ECHO_REPLY) + RequestSize bytes (measured; documented is to add 8
 *   and an IO_STATUS_BLOCK). Gets an ICMPV6_ECHO_REPLY, then the data.
 * - Timeout: milliseconds; counts for asynchronous requests too (measured; documented is that it does not).
 *
 * ERROR_INVALID_NETNAME for the destination :: and for a source that is not an address of this host
 * (measured). Source: documented, unless marked.
 */
DWORD WINAPI Icmp6SendEcho2(HANDLE IcmpHandle, HANDLE Event, OPENICMP_APC_ROUTINE ApcRoutine,
                            PVOID ApcContext, struct sockaddr_in6 *SourceAddress,
                            struct sockaddr_in6 *DestinationAddress, LPVOID RequestData, WORD RequestSize,
                            PIP_OPTION_INFORMATION RequestOptions, LPVOID ReplyBuffer, DWORD ReplySize,
                            DWORD Timeout);

/*
 * The number of replies in the buffer of a completed asynchronous IPv4 request; once, for it takes that
 * number from the Reserved of the first reply. Leaves the last error alone then. 0 if there was none, with
 * the first reply's Status as last error; so also for the second call on a buffer and for the buffer of a
 * synchronous request (measured). Source: documented, unless marked.
 */
DWORD WINAPI IcmpParseReplies(LPVOID ReplyBuffer, DWORD ReplySize);

/*
 * 1 if the buffer of a completed IPv6 request holds a reply of Status IP_SUCCESS or IP_HOP_LIMIT_EXCEEDED, as
 * often as asked. Leaves the last error alone then. Else 0, with Status as last error, or ERROR_GEN_FAILURE
 * without a buffer. Source: documented; details measured.
 */
DWORD WINAPI Icmp6ParseReplies(LPVOID ReplyBuffer, DWORD ReplySize);

#endif

/*
 * IcmpSendEcho2 from a chosen source address, in network byte order: an address of this host, or 0 for any.
 * ERROR_INVALID_NETNAME for any other (measured). Not in icmp.dll; in Windows since Vista SP1. Source:
 * documented.
 */
DWORD WINAPI IcmpSendEcho2Ex(HANDLE IcmpHandle, HANDLE Event, OPENICMP_APC_ROUTINE ApcRoutine,
                             PVOID ApcContext, IPAddr SourceAddress, IPAddr DestinationAddress,
                             LPVOID RequestData, WORD RequestSize, PIP_OPTION_INFORMATION RequestOptions,
                             LPVOID ReplyBuffer, DWORD ReplySize, DWORD Timeout);

#ifdef __cplusplus
}
#endif

#undef OPENICMP_APC_ROUTINE

#endif
