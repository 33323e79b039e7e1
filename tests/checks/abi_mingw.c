/*
 * Programs that were built with mingw-w64's own headers lay their structures out as ours do.
 *
 * Compiled only, by headers.sh, for it must not see include/: where mingw-w64's headers are wrong
 * (docs/behaviour.md section 1.4) nothing is asserted.
 */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <iphlpapi.h>
#include <icmpapi.h>
#include <winternl.h>

#ifdef OPENICMP_IPEXPORT_H
    #error "this is about mingw-w64's headers: compile it without include/ in the search path"
#endif

#define ABI_OF_MINGW_HEADERS
#include "../support/abi_asserts.h"
