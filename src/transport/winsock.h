/*
 * The winsock transport: raw sockets of Winsock, on Windows, ReactOS and any Wine, for IPv4 and, on
 * Windows, IPv6.
 */
#ifndef OPENICMP_TRANSPORT_WINSOCK_H
#define OPENICMP_TRANSPORT_WINSOCK_H

#include "transport/transport.h"

/* Opens it. 0; ERROR_ACCESS_DENIED without the right to open raw sockets (Windows: Administrator; Wine:
 * CAP_NET_RAW or a net.ipv4.ping_group_range with the user's group in it); ERROR_NOT_SUPPORTED without IPv4;
 * ERROR_NOT_ENOUGH_MEMORY. */
uint32_t winsock_open(struct transport **transport);

#endif
