/*
 * The Internet checksum (RFC 1071).
 *
 * For ICMP messages and whatever else carries it. It must not know any packet's layout.
 */
#ifndef OPENICMP_WIRE_CHECKSUM_H
#define OPENICMP_WIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * The Internet checksum of `length_bytes` bytes at `data`: the complement of the one's complement sum of
 * their 16-bit words, an odd last byte being the high half of a word (RFC 1071 section 1).
 *
 * To fill in a checksum, set its field to zero, compute, and put the result there with bytes_store_be16. To
 * verify one, compute over the data with the checksum in it: the result is 0 if and only if it is right.
 *
 * `data` may have any alignment and is only read; it may be NULL if `length_bytes` is 0, of which the
 * checksum is 0xffff. Any length is summed exactly. No state: safe on any thread.
 */
uint16_t checksum_compute(const void *data, size_t length_bytes);

#endif
