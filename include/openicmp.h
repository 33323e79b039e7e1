/*
 * What OpenICMP has beyond Windows' ICMP echo API: round-trip times in nanoseconds, batches of probes, and
 * what it is that sends them. Exported by openicmp.dll alone, which a program links or gets by LoadLibrary;
 * neither icmp.dll nor iphlpapi.dll has these names.
 *
 * Needs nothing before it; may come before or after <winsock2.h>, <windows.h>, <iphlpapi.h> and icmpapi.h.
 *
 * All functions may be called on any thread, also at the same time with the same batch. None of them is
 * alertable: no user APC runs inside. Those that return BOOL set the last error (GetLastError) when they
 * return FALSE; otherwise it means nothing. Structures and arrays are the program's, are read or written
 * during the call alone, and have to be there then: a pointer to memory that is not there is an access
 * violation in the program's own thread.
 *
 * Layout: every member has the same width on x64 and x86, and the same offset but for the pointers at the
 * end of OPENICMP_PROBE. Reserved members are 0 in what a program passes, and 0 in what it gets.
 *
 * Times: in nanoseconds (10^-9 s) of the clock of QueryPerformanceCounter, unless said otherwise.
 *
 * An example: samples/batch/batch.c.
 */
#ifndef OPENICMP_OPENICMP_H
#define OPENICMP_OPENICMP_H

#ifndef _WIN32
    #error "openicmp.h declares Windows functions; portable code includes ipexport.h alone"
#endif

#include "ipexport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Round-trip times of ordinary requests ---- */

/*
 * The round-trip times of the replies in a buffer that one of the ordinary functions (IcmpSendEcho,
 * IcmpSendEcho2, IcmpSendEcho2Ex, Icmp6SendEcho2) has filled, finer than their RoundTripTime of whole
 * milliseconds.
 *
 * - ReplyBuffer, ReplySize: as they were passed to that function; IcmpParseReplies may have been called
 *   meanwhile.
 * - Nanoseconds: gets the times, in the order of the replies; NULL if Capacity is 0.
 * - Capacity: how many there is room for.
 *
 * The number of replies, ICMP errors among them, that have a time; more than Capacity if there was not room
 * for all, and then the first Capacity have been stored. 0 if there is none, with last error
 * - ERROR_NOT_FOUND: no replies are remembered for this address. They are from before a synchronous function
 *   returns, or an event is set or a routine runs, until another request completes in a buffer at the same
 *   address (without any reply, too), or until enough others have: at least 64, 16,384 where addresses
 *   spread evenly. And what stands in the buffer must still be what was written there: of the first reply
 *   the whole structure but Reserved counts. So a buffer that was moved, freed or changed is not found, and
 *   one that has not been completed yet neither.
 * - ERROR_INVALID_PARAMETER: ReplyBuffer is NULL, ReplySize too small for a reply, or Nanoseconds is NULL
 *   and Capacity is not 0.
 *
 * A time runs from just before the request is sent to when the reply was received: as the system's kernel
 * has noted it (OPENICMP_KERNEL_TIMES), else as it was read.
 */
DWORD WINAPI OpenIcmpRoundTripTimes(const void *ReplyBuffer, DWORD ReplySize, ULONGLONG *Nanoseconds,
                                    DWORD Capacity);

/* ---- Batches ---- */

/*
 * Many probes at a time: OpenIcmpSubmit sends an array of them, OpenIcmpCollect takes an array of results.
 * Every probe that was accepted has exactly one result: an answer, an ICMP error, its time-out, why it could
 * not be sent, or that it was cancelled. No events and no routines, and no system call for each of them but
 * that which sends.
 */

/*
 * A batch, made by OpenIcmpCreateBatch. The value is no kernel handle: CloseHandle and the wait functions
 * refuse it, and so do the functions for ICMP handles. It does not come again in the same process after
 * OpenIcmpCloseBatch, so a stale one is found out, as is any other value.
 */
DECLARE_HANDLE(OPENICMP_BATCH);

/* An IPv4 address, laid out as a sockaddr_in. */
typedef struct OPENICMP_ADDRESS_V4 {
    USHORT Family;    /* AF_INET (2) */
    USHORT Port;      /* not looked at; 0 in results */
    UCHAR Address[4]; /* in network byte order */
    UCHAR Zero[8];    /* not looked at; 0 in results */
} OPENICMP_ADDRESS_V4;

/* An IPv6 address, laid out as a sockaddr_in6. */
typedef struct OPENICMP_ADDRESS_V6 {
    USHORT Family;     /* AF_INET6 (23) */
    USHORT Port;       /* not looked at; 0 in results */
    ULONG FlowInfo;    /* not looked at; 0 in results */
    UCHAR Address[16]; /* in network byte order */
    ULONG ScopeId;     /* of a link-local address: the interface's number, 0 if unknown; in host byte order */
} OPENICMP_ADDRESS_V6;

/* An address of either family, laid out as a SOCKADDR_INET: memcpy converts. */
typedef union OPENICMP_ADDRESS {
    USHORT Family;          /* AF_INET, AF_INET6, or 0: no address */
    OPENICMP_ADDRESS_V4 V4; /* if it is AF_INET */
    OPENICMP_ADDRESS_V6 V6; /* if it is AF_INET6 */
} OPENICMP_ADDRESS;         /* 28 bytes, aligned to 4 */

/* What OpenIcmpCreateBatch is told. */
typedef struct OPENICMP_BATCH_OPTIONS {
    ULONG cbSize;         /* sizeof(OPENICMP_BATCH_OPTIONS) */
    ULONG MaxOutstanding; /* so many probes may be accepted and not collected; 1 to OPENICMP_BATCH_LIMIT */
} OPENICMP_BATCH_OPTIONS; /* 8 bytes */

#define OPENICMP_BATCH_DEFAULT 1024    /* MaxOutstanding without options */
#define OPENICMP_BATCH_LIMIT   1048576 /* the largest MaxOutstanding */

/* An echo request to be sent. Set it to zero first, for members that are added to its reserved ones. */
typedef struct OPENICMP_PROBE {
    ULONGLONG Context;            /* whatever the program likes, a pointer or a number; not looked at */
    OPENICMP_ADDRESS Destination; /* a link-local one needs its ScopeId, or that of a link-local source */
    OPENICMP_ADDRESS Source;  /* an address of this host, of the same family; Family 0: the system's choice */
    ULONG Timeout;            /* milliseconds, from when it is sent; not 0 */
    USHORT DataSize;          /* bytes of payload */
    UCHAR Ttl;                /* or hop limit; 0: the system's default */
    UCHAR Tos;                /* or traffic class */
    UCHAR Flags;              /* IP_FLAG_DF, or 0; no other */
    UCHAR OptionsSize;        /* IPv4 only: bytes of IP options; at most 40 are possible */
    UCHAR Reserved[6];        /* 0 */
    const void *Data;         /* the payload; copied */
    const UCHAR *OptionsData; /* in wire format (RFC 791); copied */
} OPENICMP_PROBE;             /* 96 bytes on x64, 88 on x86, aligned to 8 */

/* What came of a probe. */
typedef struct OPENICMP_RESULT {
    ULONGLONG Context;          /* of the probe */
    ULONGLONG Sent;             /* when it was sent; 0 if it was not */
    ULONGLONG Received;         /* when the answer was received, as Sent; 0 without one */
    ULONGLONG RoundTrip;        /* nanoseconds between the two; 0 without an answer */
    OPENICMP_ADDRESS Responder; /* who answered: sent the echo reply or the ICMP error. Family 0: nobody */
    IP_STATUS Status; /* IP_SUCCESS: an echo reply; or what the ICMP error says, IP_REQ_TIMED_OUT, ... */
    ULONG Error;     /* why it was not sent, or was given up: a Win32 error, with Status IP_GENERAL_FAILURE */
    ULONG DataSize;  /* bytes of payload in the echo reply */
    UCHAR DataEqual; /* 1: they are those of the probe, no more and no less; otherwise 0 */
    UCHAR IcmpType;  /* of the answer, in the numbers of ICMP or ICMPv6, as Responder's family says */
    UCHAR IcmpCode;  /* likewise */
    UCHAR Ttl;       /* or hop limit, with which the answer arrived; 0 if that is not known */
    UCHAR Tos;       /* or traffic class of the answer */
    UCHAR Flags;     /* of its IPv4 header: bit 0 more fragments, bit 1 (IP_FLAG_DF) */
    UCHAR OptionsSize; /* bytes of IPv4 options in the answer, such as a recorded route */
    UCHAR Options[40]; /* in wire format (RFC 791); 0 behind OptionsSize */
    UCHAR Reserved[9]; /* 0 */
} OPENICMP_RESULT;     /* 128 bytes, aligned to 8 */

/*
 * Makes a batch; NULL for the default options. Memory for MaxOutstanding probes is reserved (about 0.5 KB
 * each) and used as it is needed. To be closed with OpenIcmpCloseBatch.
 *
 * NULL on failure; last error: ERROR_INVALID_PARAMETER for a cbSize that is none, a MaxOutstanding out of
 * range or a member that this version does not know; ERROR_ACCESS_DENIED if nothing lets the process send
 * ICMP, or nothing but the system's own functions; ERROR_NOT_SUPPORTED if OPENICMP_TRANSPORT asks for
 * something else; ERROR_NOT_ENOUGH_MEMORY.
 */
OPENICMP_BATCH WINAPI OpenIcmpCreateBatch(const OPENICMP_BATCH_OPTIONS *Options);

/*
 * Sends probes, in order, and does not wait for answers.
 *
 * - Probes, Count: the array. 0 probes are allowed.
 * - Accepted: gets how many of them, from the first on, were accepted; always, but may be NULL. Each of
 *   these has its one result, even if it could not be sent: bad options, no route, no such source address
 *   and a family that cannot be reached here are results.
 *
 * TRUE if all were accepted. FALSE with a last error that is about Probes[*Accepted], which like all behind
 * it was not looked at any further:
 * - ERROR_NOT_ENOUGH_QUOTA: MaxOutstanding probes are accepted and not collected. Collect, and submit the
 *   rest.
 * - ERROR_NOT_ENOUGH_MEMORY: memory, or numbers by which to tell answers apart, are short for now. As above.
 * - ERROR_INVALID_PARAMETER: a family that is none, a source of the other family, Timeout 0, a NULL with a
 *   size, a flag or a reserved member that this version does not know; or Probes is NULL.
 * - ERROR_INVALID_HANDLE: no batch, or one that has been closed meanwhile.
 *
 * A probe to a broadcast or multicast address is over with its first answer.
 */
BOOL WINAPI OpenIcmpSubmit(OPENICMP_BATCH Batch, const OPENICMP_PROBE *Probes, DWORD Count, DWORD *Accepted);

/*
 * Takes results: waits until there is one, and then takes all there are, in the order in which they came to
 * be, as far as there is room.
 *
 * - Results, Capacity: the array, and how many it has room for; at least 1.
 * - Timeout: how long to wait, in milliseconds; 0 not at all, INFINITE as long as it takes.
 * - Collected: gets how many there were; always.
 *
 * TRUE if there was at least one. FALSE with 0 of them and last error
 * - WAIT_TIMEOUT: none came in that time;
 * - ERROR_NO_MORE_ITEMS: none will: all that was accepted is collected. At once, so that a loop that
 *   collects until then ends with this error. A thread that collects what others submit has to be told by
 *   them to go on.
 * - ERROR_INVALID_PARAMETER: Results or Collected is NULL, or Capacity is 0;
 * - ERROR_INVALID_HANDLE: no batch;
 * - ERROR_OPERATION_ABORTED: it was closed during the wait.
 *
 * Each result goes to one call.
 */
BOOL WINAPI OpenIcmpCollect(OPENICMP_BATCH Batch, OPENICMP_RESULT *Results, DWORD Capacity, DWORD Timeout,
                            DWORD *Collected);

/*
 * Gives up probes that are still out: each has a result at once, with Error ERROR_OPERATION_ABORTED. Those
 * that are over have the result that they have. Takes time in proportion to MaxOutstanding.
 *
 * - Context: those that have this context; NULL: all. Probes that other threads submit meanwhile may be
 *   among them.
 * - Cancelled: gets how many there were; may be NULL.
 *
 * TRUE, also if there were none. FALSE with last error ERROR_INVALID_HANDLE: no batch.
 */
BOOL WINAPI OpenIcmpCancel(OPENICMP_BATCH Batch, const ULONGLONG *Context, DWORD *Cancelled);

/*
 * Closes a batch: what is out is given up and what was not collected is lost. Threads that wait in
 * OpenIcmpCollect return with ERROR_OPERATION_ABORTED, and one in OpenIcmpSubmit stops. Does not wait for
 * them. A batch that is open when the DLL is unloaded is closed by that.
 *
 * FALSE with last error ERROR_INVALID_HANDLE: no batch, or closed before.
 */
BOOL WINAPI OpenIcmpCloseBatch(OPENICMP_BATCH Batch);

/* ---- What there is ---- */

/* How a family is reached. */
#define OPENICMP_SOCKETS_NONE   0 /* not at all */
#define OPENICMP_SOCKETS_RAW    1 /* raw sockets, which take privileges */
#define OPENICMP_SOCKETS_PING   2 /* Linux ping sockets, which take net.ipv4.ping_group_range */
#define OPENICMP_SOCKETS_SYSTEM 3 /* the system's own ICMP functions: no batches then, and no exact times */

#define OPENICMP_KERNEL_TIMES   0x1 /* the kernel notes when an answer is received */
#define OPENICMP_ALL_ERRORS     0x2 /* ICMP errors arrive, which traceroute needs */

/* What OpenIcmpQuery tells. */
typedef struct OPENICMP_INFORMATION {
    ULONG cbSize; /* in: sizeof(OPENICMP_INFORMATION), or that of an older header; out: how much was filled */
    ULONG VersionMajor;   /* of the DLL: the first number, */
    ULONG VersionMinor;   /* the second, */
    ULONG VersionPatch;   /* and the third */
    ULONG TransportError; /* 0, or why no batch can be made: a Win32 error */
    ULONG IPv4Sockets;    /* how IPv4 is reached: OPENICMP_SOCKETS_... */
    ULONG IPv6Sockets;    /* how IPv6 is reached */
    ULONG Flags;          /* OPENICMP_KERNEL_TIMES, OPENICMP_ALL_ERRORS */
    /* What the environment variable OPENICMP_TRANSPORT calls it: "host", "winsock", "system"; "" for none. */
    char Transport[32];
} OPENICMP_INFORMATION; /* 64 bytes, aligned to 4 */

/*
 * Tells which version this is, and by which transport it sends: of the requests that are under way, or, if
 * there are no ICMP handles and batches, of those that there would be now. Opens that for a moment then,
 * which takes some time.
 *
 * FALSE with last error ERROR_INVALID_PARAMETER if Information is NULL or its cbSize less than 4.
 */
BOOL WINAPI OpenIcmpQuery(OPENICMP_INFORMATION *Information);

#ifdef __cplusplus
}
#endif

#endif
