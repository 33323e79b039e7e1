/*
 * What an ICMP message means in Windows' terms: type and code to IP_STATUS.
 *
 * For the engine. It must not know messages, only their numbers.
 */
#ifndef OPENICMP_WIRE_STATUS_H
#define OPENICMP_WIRE_STATUS_H

#include <stdint.h>

/* No answer to an echo: keep waiting. Not an IP_STATUS. */
#define STATUS_NONE UINT32_MAX

/*
 * The IP_STATUS (ipexport.h) with which an ICMPv4 message of this type and code (RFC 792, RFC 1122 section
 * 3.2.2.1, RFC 1812 section 5.2.7.1) completes the echo request that it answers or quotes: IP_SUCCESS for an
 * echo reply, STATUS_NONE for types that complete none. Codes that the RFCs do not have are mapped like the
 * most general one of their type.
 *
 * Total: every type and every code gives a result. No state: safe on any thread.
 */
uint32_t status_from_icmpv4(uint8_t type, uint8_t code);

/* The same for ICMPv6 (RFC 4443 sections 3 and 4.2). */
uint32_t status_from_icmpv6(uint8_t type, uint8_t code);

#endif
