/*
 * How the host transport reaches the Linux library behind it. host_link_wine.c does it in openicmp.dll; the native tests
 * call the library as it is.
 */
#ifndef OPENICMP_TRANSPORT_HOST_LINK_H
#define OPENICMP_TRANSPORT_HOST_LINK_H

#include "host/protocol.h"

#include <stdbool.h>

/* Finds the library, if that has not been tried before. False when it cannot be used; the trace has said why. Any thread
 * may call it, without a lock: it takes the loader's. */
bool host_link_open(void);

/* Calls one of its functions. The link is open. */
void host_link_call(enum host_function function, void *parameters);

/* The module that holds this code is being unloaded: lets go of the library. */
void host_link_unload(void);

#endif
