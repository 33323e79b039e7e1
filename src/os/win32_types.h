/*
 * The Windows types, error numbers and IP_STATUS values that the engine speaks, on every system that it is
 * built on.
 *
 * On Windows they come from the SDK. Elsewhere (native tests, sanitizers, fuzzers) the numbers are given
 * here, so that echo needs no Win32 to be built.
 */
#ifndef OPENICMP_OS_WIN32_TYPES_H
#define OPENICMP_OS_WIN32_TYPES_H

#ifdef _WIN32
    #include <windef.h>
    #include <winerror.h>
#else
/* Values: winerror.h of the Windows SDK. */
enum {
    ERROR_SUCCESS = 0,
    ERROR_ACCESS_DENIED = 5,
    ERROR_INVALID_HANDLE = 6,
    ERROR_NOT_ENOUGH_MEMORY = 8,
    ERROR_NOT_SUPPORTED = 50,
    ERROR_INVALID_PARAMETER = 87,
    WAIT_TIMEOUT = 258,
    ERROR_NO_MORE_ITEMS = 259,
    ERROR_OPERATION_ABORTED = 995,
    ERROR_IO_PENDING = 997,
    ERROR_INVALID_NETNAME = 1214,
    ERROR_NETWORK_UNREACHABLE = 1231,
    ERROR_HOST_UNREACHABLE = 1232,
    ERROR_NOT_ENOUGH_QUOTA = 1816,
};
#endif

#include <ipexport.h>

#endif
