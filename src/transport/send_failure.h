/*
 * Why a message could not be sent, and what the program hears of it: the same for every transport, whatever the system
 * below calls it.
 *
 * It must not know any system's error numbers.
 */
#ifndef OPENICMP_TRANSPORT_SEND_FAILURE_H
#define OPENICMP_TRANSPORT_SEND_FAILURE_H

#include <stdint.h>

/* The values are part of what the halves of the host transport say to each other (host/protocol.h). */
enum send_failure {
    SEND_OK,
    SEND_NEEDS_BROADCAST, /* the destination is a broadcast address, and the message did not say so */
    SEND_NO_ROUTE,        /* no route, or the interface is down */
    SEND_UNREACHABLE,     /* there is a route, and it says unreachable */
    SEND_FOREIGN_SOURCE,  /* no interface has the source address */
    SEND_NO_MEMORY,       /* nor buffers, nor handles */
    SEND_NOT_SUPPORTED,   /* the system does not have this family */
    SEND_TOO_BIG,         /* longer than the MTU, and not to be fragmented */
    SEND_BAD_OPTION,      /* IPv4 options that the system refuses */
    SEND_FAILED,          /* forbidden by a firewall, longer than any datagram may be, and anything else */
};

/* What transport_send returns for it: 0, TRANSPORT_NEEDS_BROADCAST, a Win32 error or an IP_STATUS. behaviour.md 4.3. */
uint32_t send_failure_error(enum send_failure failure);

#endif
