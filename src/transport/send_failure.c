/*
 * The error that the program sees for each reason why a message could not be sent.
 */
#include "transport/send_failure.h"

#include "os/win32_types.h"
#include "transport/transport.h"

static const uint32_t errors[] = {
    [SEND_OK] = 0,
    [SEND_NEEDS_BROADCAST] = TRANSPORT_NEEDS_BROADCAST,
    [SEND_NO_ROUTE] = ERROR_NETWORK_UNREACHABLE,
    [SEND_UNREACHABLE] = ERROR_HOST_UNREACHABLE,
    [SEND_FOREIGN_SOURCE] = ERROR_INVALID_NETNAME,
    [SEND_NO_MEMORY] = ERROR_NOT_ENOUGH_MEMORY,
    [SEND_NOT_SUPPORTED] = ERROR_NOT_SUPPORTED,
    [SEND_TOO_BIG] = IP_PACKET_TOO_BIG,
    [SEND_BAD_OPTION] = IP_BAD_OPTION,
    [SEND_FAILED] = IP_GENERAL_FAILURE,
};

uint32_t send_failure_error(enum send_failure failure)
{
    return (size_t)failure < sizeof(errors) / sizeof(errors[0]) ? errors[failure] : IP_GENERAL_FAILURE;
}
