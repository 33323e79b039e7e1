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
    uint64_t round_trip_ns;
    uint8_t ttl; /* of the packet that came */
    uint8_t tos;
    uint8_t flags;          /* of its IPv4 header: bit 0 MF, bit 1 DF, as IP_FLAG_DF */
    const uint8_t *options; /* of its IPv4 header */
    size_t options_bytes;   /* 0 to 40 */
    const uint8_t *data;    /* echoed payload; none for an ICMP error */
    size_t data_bytes;      /* 0 to 65,535 */
};

/* The smallest reply buffer that a call accepts. */
#define REPLY_BYTES_MIN sizeof(ICMP_ECHO_REPLY)

/* Writes `answer` as the only reply, with `reserved` in its Reserved member. `buffer_bytes` is at least
 * REPLY_BYTES_MIN and may be larger than the real buffer. Returns the IP_STATUS that now stands in the
 * buffer: that of the answer, or IP_GENERAL_FAILURE, as by reply_write_failure, when the answer does not fit.
 */
uint32_t reply_write(void *buffer, size_t buffer_bytes, const struct echo_answer *answer, uint16_t reserved);

/* How many bytes an answer takes in a reply buffer that is large enough. */
size_t reply_bytes_of(const struct echo_answer *answer);

/* Writes the outcome of a request that nothing answered, REPLY_BYTES_MIN bytes: all zero but for Status. */
void reply_write_failure(void *buffer, uint32_t status);

#endif
