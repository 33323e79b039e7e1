/*
 * The names of IP_STATUS values.
 */
#include "status.h"

#include <ipexport.h>

#include <stddef.h>

static const struct name {
    uint32_t status;
    const char *text;
} names[] = {
    {IP_DEST_NET_UNREACHABLE, "Destination net unreachable."},
    {IP_DEST_HOST_UNREACHABLE, "Destination host unreachable."},
    {IP_DEST_PROT_UNREACHABLE, "Destination protocol unreachable."},
    {IP_DEST_PORT_UNREACHABLE, "Destination port unreachable."},
    {IP_NO_RESOURCES, "No resources."},
    {IP_BAD_OPTION, "Bad IP option."},
    {IP_HW_ERROR, "Hardware error."},
    {IP_PACKET_TOO_BIG, "Packet needs to be fragmented but DF set."},
    {IP_REQ_TIMED_OUT, "Request timed out."},
    {IP_BAD_ROUTE, "Source route failed."},
    {IP_TTL_EXPIRED_TRANSIT, "TTL expired in transit."},
    {IP_TTL_EXPIRED_REASSEM, "TTL expired during reassembly."},
    {IP_PARAM_PROBLEM, "IP parameter problem."},
    {IP_SOURCE_QUENCH, "Source quench received."},
    {IP_OPTION_TOO_BIG, "IP options too big."},
    {IP_BAD_DESTINATION, "Bad destination."},
    {IP_GENERAL_FAILURE, "General failure."},
};

/* What is different in IPv6, or is not known in IPv4. */
static const struct name ipv6_names[] = {
    {IP_DEST_PROHIBITED, "Destination prohibited."},
    {IP_PACKET_TOO_BIG, "Packet too big."},
    {IP_DEST_UNREACHABLE, "Destination unreachable."},
    {IP_TIME_EXCEEDED, "Time exceeded."},
    {IP_BAD_HEADER, "Bad header."},
    {IP_UNRECOGNIZED_NEXT_HEADER, "Unrecognized next header."},
    {IP_ICMP_ERROR, "ICMP error."},
    {IP_DEST_SCOPE_MISMATCH, "Destination scope mismatch."},
};

static const char *find(const struct name *among, size_t count, uint32_t status)
{
    for (size_t i = 0; i < count; i++) {
        if (among[i].status == status)
            return among[i].text;
    }
    return NULL;
}

const char *status_sentence(uint32_t status, bool ipv6)
{
    const char *text = ipv6 ? find(ipv6_names, sizeof(ipv6_names) / sizeof(ipv6_names[0]), status) : NULL;
    return text != NULL ? text : find(names, sizeof(names) / sizeof(names[0]), status);
}
