/*
 * The host transport: under Wine, the sockets of Linux itself, without Winsock and wineserver in between. Both families,
 * with privilege or without.
 */
#ifndef OPENICMP_TRANSPORT_HOST_H
#define OPENICMP_TRANSPORT_HOST_H

#include "transport/transport.h"

/* Opens it. 0; ERROR_NOT_SUPPORTED where there is no Wine, no library, or one of another version;
 * ERROR_ACCESS_DENIED when the library may open no socket; ERROR_NOT_ENOUGH_MEMORY. The trace says why. */
uint32_t host_open(struct transport **transport);

#endif
