/*
 * Maps ICMP types and codes to IP_STATUS, by table.
 *
 * The rows are those of docs/behaviour.md sections 4.1 and 4.2. This file must not know messages, only
 * their numbers.
 */
#include "wire/status.h"

#include <stddef.h>

#include <ipexport.h>

#include "wire/icmpv4.h"
#include "wire/icmpv6.h"

/* In place of a code: every code that no row above it names. */
#define ANY_CODE (-1)

/* Tables of these are searched from the top: a type's ANY_CODE comes after its codes, and the commonest
 * answers come first. */
struct row {
    uint8_t type;
    int16_t code;
    uint16_t status;
};

static const struct row icmpv4_statuses[] = {
    {ICMPV4_TYPE_ECHO_REPLY, ANY_CODE, IP_SUCCESS},
    /* Time exceeded: code 1 is about reassembly. */
    {ICMPV4_TYPE_TIME_EXCEEDED, 1, IP_TTL_EXPIRED_REASSEM},
    {ICMPV4_TYPE_TIME_EXCEEDED, ANY_CODE, IP_TTL_EXPIRED_TRANSIT},
    /* Destination unreachable. */
    {ICMPV4_TYPE_DESTINATION_UNREACHABLE, 0, IP_DEST_NET_UNREACHABLE},  /* net */
    {ICMPV4_TYPE_DESTINATION_UNREACHABLE, 2, IP_DEST_PROT_UNREACHABLE}, /* protocol */
    {ICMPV4_TYPE_DESTINATION_UNREACHABLE, 3, IP_DEST_PORT_UNREACHABLE}, /* port */
    {ICMPV4_TYPE_DESTINATION_UNREACHABLE, 4, IP_PACKET_TOO_BIG},        /* fragmentation needed and DF set */
    {ICMPV4_TYPE_DESTINATION_UNREACHABLE, 5, IP_BAD_ROUTE},             /* source route failed */
    {ICMPV4_TYPE_DESTINATION_UNREACHABLE, 6, IP_DEST_NET_UNREACHABLE},  /* net unknown */
    {ICMPV4_TYPE_DESTINATION_UNREACHABLE, 9, IP_DEST_NET_UNREACHABLE},  /* net administratively prohibited */
    {ICMPV4_TYPE_DESTINATION_UNREACHABLE, 11, IP_DEST_NET_UNREACHABLE}, /* net, for this type of service */
    {ICMPV4_TYPE_DESTINATION_UNREACHABLE, ANY_CODE, IP_DEST_HOST_UNREACHABLE},
    {ICMPV4_TYPE_SOURCE_QUENCH, ANY_CODE, IP_SOURCE_QUENCH},
    {ICMPV4_TYPE_PARAMETER_PROBLEM, ANY_CODE, IP_PARAM_PROBLEM},
};

/* The names that IPv6 has for some of the values are those of ipexport.h. */
static const struct row icmpv6_statuses[] = {
    {ICMPV6_TYPE_ECHO_REPLY, ANY_CODE, IP_SUCCESS},
    /* Time exceeded: code 1 is about reassembly. */
    {ICMPV6_TYPE_TIME_EXCEEDED, 0, IP_HOP_LIMIT_EXCEEDED},
    {ICMPV6_TYPE_TIME_EXCEEDED, 1, IP_REASSEMBLY_TIME_EXCEEDED},
    {ICMPV6_TYPE_TIME_EXCEEDED, ANY_CODE, IP_TIME_EXCEEDED},
    /* Destination unreachable. */
    {ICMPV6_TYPE_DESTINATION_UNREACHABLE, 0, IP_DEST_NO_ROUTE},
    {ICMPV6_TYPE_DESTINATION_UNREACHABLE, 1, IP_DEST_PROHIBITED},
    {ICMPV6_TYPE_DESTINATION_UNREACHABLE, 2, IP_DEST_SCOPE_MISMATCH}, /* beyond the scope of the source */
    {ICMPV6_TYPE_DESTINATION_UNREACHABLE, 4, IP_DEST_PORT_UNREACHABLE},
    {ICMPV6_TYPE_DESTINATION_UNREACHABLE, 5, IP_ICMP_ERROR},       /* source address failed a policy */
    {ICMPV6_TYPE_DESTINATION_UNREACHABLE, 6, IP_DEST_UNREACHABLE}, /* route that says reject */
    {ICMPV6_TYPE_DESTINATION_UNREACHABLE, 7, IP_BAD_HEADER},       /* source routing header (RFC 6554) */
    {ICMPV6_TYPE_DESTINATION_UNREACHABLE, ANY_CODE, IP_DEST_ADDR_UNREACHABLE},
    {ICMPV6_TYPE_PACKET_TOO_BIG, ANY_CODE, IP_PACKET_TOO_BIG},
    {ICMPV6_TYPE_PARAMETER_PROBLEM, ANY_CODE, IP_PARAMETER_PROBLEM},
};

static uint32_t look_up(const struct row *rows, size_t count, uint8_t type, uint8_t code)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (rows[i].type == type && (rows[i].code == ANY_CODE || rows[i].code == code))
            return rows[i].status;
    }
    return STATUS_NONE;
}

uint32_t status_from_icmpv4(uint8_t type, uint8_t code)
{
    return look_up(icmpv4_statuses, sizeof(icmpv4_statuses) / sizeof(icmpv4_statuses[0]), type, code);
}

uint32_t status_from_icmpv6(uint8_t type, uint8_t code)
{
    return look_up(icmpv6_statuses, sizeof(icmpv6_statuses) / sizeof(icmpv6_statuses[0]), type, code);
}
