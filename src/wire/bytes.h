/*
 * Integers as they lie in a packet: big-endian, at any address.
 *
 * For the modules of this folder and for whoever else has to look into a packet. It must not know what the
 * integers mean.
 *
 * All functions are safe on any thread, and none of them checks a length: that is done by the caller, who
 * knows where the packet ends. They go byte by byte, because a cast to a wider pointer would be undefined
 * for an odd address; compilers turn each of them into one load or store and a byte swap.
 */
#ifndef OPENICMP_WIRE_BYTES_H
#define OPENICMP_WIRE_BYTES_H

#include <stdint.h>

/* The 16-bit integer in network order at `p` (2 readable bytes, any alignment), in host order. */
static inline uint16_t bytes_load_be16(const void *p)
{
    const uint8_t *bytes = (const uint8_t *)p;

    return (uint16_t)((bytes[0] << 8) | bytes[1]);
}

/* The 32-bit integer in network order at `p` (4 readable bytes, any alignment), in host order. */
static inline uint32_t bytes_load_be32(const void *p)
{
    const uint8_t *bytes = (const uint8_t *)p;

    return ((uint32_t)bytes[0] << 24) | ((uint32_t)bytes[1] << 16) | ((uint32_t)bytes[2] << 8) | bytes[3];
}

/* Puts `v`, given in host order, into the 2 writable bytes at `p` (any alignment) in network order. */
static inline void bytes_store_be16(void *p, uint16_t v)
{
    uint8_t *bytes = (uint8_t *)p;

    bytes[0] = (uint8_t)(v >> 8);
    bytes[1] = (uint8_t)v;
}

/* Puts `v`, given in host order, into the 4 writable bytes at `p` (any alignment) in network order. */
static inline void bytes_store_be32(void *p, uint32_t v)
{
    uint8_t *bytes = (uint8_t *)p;

    bytes[0] = (uint8_t)(v >> 24);
    bytes[1] = (uint8_t)(v >> 16);
    bytes[2] = (uint8_t)(v >> 8);
    bytes[3] = (uint8_t)v;
}

#endif
