/*
 * openicmp-host.dll: the way from openicmp.dll to openicmp-host.so, which Wine opens only for a DLL of the same name that
 * is marked as one of its own.
 */
#ifndef OPENICMP_HOST_DLL_H
#define OPENICMP_HOST_DLL_H

#include "host/protocol.h"

/* Calls a function of the .so. Any thread may. */
typedef void host_call_function(enum host_function function, void *parameters);

/* The one function that the DLL exports; its name, its parameters and what they mean stay for ever. `protocol` is the
 * caller's HOST_PROTOCOL. NULL with *call set, if all three agree; otherwise why not, in words that go with the DLL. */
const char *openicmp_host_connect(uint32_t protocol, host_call_function **call);
typedef const char *host_connect_function(uint32_t protocol, host_call_function **call);
#define HOST_CONNECT_NAME "openicmp_host_connect"

#endif
