/*
 * Maps ICMP types and codes to IP_STATUS, by table.
 *
 * The rows are those of docs/behaviour.md section 4.1. This file must not know messages, only their numbers.
 */
#include "wire/status.h"

#include <stddef.h>

#include <ipexport.h>

#include "wire/icmpv4.h"

/* In place of a code: every code that no row above it names. */
#define ANY_CODE (-1)

/* Searched from the top: a type's ANY_CODE comes after its codes, and the commonest answers come first. */
static const struct {
    uint8_t type;
    int16_t code;
    uint16_t status;
} icmpv4_statuses[] = {
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

uint32_t status_from_icmpv4(uint8_t type, uint8_t code)
{
    size_t i;

    for (i = 0; i < sizeof(icmpv4_statuses) / sizeof(icmpv4_statuses[0]); i++) {
        if (icmpv4_statuses[i].type == type &&
            (icmpv4_statuses[i].code == ANY_CODE || icmpv4_statuses[i].code == code))
            return icmpv4_statuses[i].status;
    }
    return STATUS_NONE;
}
