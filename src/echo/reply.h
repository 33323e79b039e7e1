/*
 * Writes reply buffers: the structures, options and data that a program finds when its request is over
 * (behaviour.md 3).
 *
 * Nothing is written beyond structure + options + data, and the buffer may be aligned in any way.
 */
#ifndef OPENICMP_ECHO_REPLY_H
#define OPENICMP_ECHO_REPLY_H

#include "os/win32_types.h"
#include "wire/ip_address.h"

#include <stddef.h>
#include <stdint.h>

/* What came back for a request: an echo reply, or an ICMP error. The pointers are the giver's. */
struct echo_answer {
    uint32_t status; /* IP_STATUS */
    struct ip_address responder;
    uint8_t ttl; /* of the packet that came */
    uint8_t tos;
    uint8_t flags;                /* of its IPv4 header: bit 0 MF, bit 1 DF, as IP_FLAG_DF; 0 for IPv6 */
    uint8_t options_bytes;        /* 0 to 40 */
    uint8_t icmp_type, icmp_code; /* in the numbers of ICMP or ICMPv6, as `responder.family` says */
    uint64_t round_trip_ns;
    const uint8_t *options; /* of its IPv4 header; none for IPv6 */
    const uint8_t *data;    /* echoed payload; none for an ICMP error */
    size_t data_bytes;      /* 0 to 65,535 */
};

/* The smallest reply buffer that a call accepts: an ICMP_ECHO_REPLY, or for IPv6 an ICMPV6_ECHO_REPLY. */
size_t reply_bytes_min(enum ip_family family);

/* Writes `answer` as the only reply, in the structure of its responder's family, with `reserved` in the
 * Reserved member of an IPv4 one. `buffer_bytes` is at least reply_bytes_min and may be larger than the
 * real buffer. Returns the IP_STATUS that now stands in the buffer: that of the answer, or
 * IP_GENERAL_FAILURE, as by reply_write_failure, when the answer does not fit. */
uint32_t reply_write(void *buffer, size_t buffer_bytes, const struct echo_answer *answer, uint16_t reserved);

/* How many bytes an answer takes in a reply buffer that is large enough. */
size_t reply_bytes_of(const struct echo_answer *answer);

/* An answer as it goes into `room_bytes`, at least its family's reply_bytes_min: an ICMP error without its
 * options, if they do not fit. */
struct echo_answer reply_cut_to_fit(const struct echo_answer *answer, size_t room_bytes);

/* Writes the ICMP_ECHO_REPLY of an answer to one place, and its options and data to another, where there is
 * room for them. */
void reply_place(void *structure, uint8_t *rest, const struct echo_answer *answer, uint16_t reserved);

/* Writes the outcome of a request that nothing answered, reply_bytes_min bytes: all zero but for Status. */
void reply_write_failure(void *buffer, enum ip_family family, uint32_t status);

#endif
