/*
 * The words for what came of a request.
 */
#include "status.h"

#include <ipexport.h>

#include <stddef.h>

static const struct status {
    uint32_t status;
    const char *text;
} statuses[] = {
    {IP_SUCCESS, "answered"},
    {IP_REQ_TIMED_OUT, "no answer"},
    {IP_DEST_NET_UNREACHABLE, "net unreachable"},
    {IP_DEST_HOST_UNREACHABLE, "host unreachable"},
    {IP_DEST_PROT_UNREACHABLE, "prohibited or protocol unreachable"}, /* the one in IPv6, the other in IPv4 */
    {IP_DEST_PORT_UNREACHABLE, "port unreachable"},
    {IP_DEST_UNREACHABLE, "destination unreachable"},
    {IP_DEST_SCOPE_MISMATCH, "scope mismatch"},
    {IP_PACKET_TOO_BIG, "packet too big"},
    {IP_TTL_EXPIRED_TRANSIT, "TTL expired"},
    {IP_TTL_EXPIRED_REASSEM, "fragments missing"},
    {IP_TIME_EXCEEDED, "time exceeded"},
    {IP_PARAM_PROBLEM, "parameter problem"},
    {IP_BAD_HEADER, "bad header"},
    {IP_UNRECOGNIZED_NEXT_HEADER, "unrecognized next header"},
    {IP_SOURCE_QUENCH, "source quench"},
    {IP_BAD_ROUTE, "bad route"},
    {IP_ICMP_ERROR, "ICMP error"},
    {5, "access denied"},           /* ERROR_ACCESS_DENIED */
    {50, "family not supported"},   /* ERROR_NOT_SUPPORTED */
    {1214, "not a host's address"}, /* ERROR_INVALID_NETNAME */
    {1231, "no route"},             /* ERROR_NETWORK_UNREACHABLE */
    {1232, "no route to host"},     /* ERROR_HOST_UNREACHABLE */
};

const char *status_text(uint32_t status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status)
            return statuses[i].text;
    }
    return "failure";
}
