/*
 * The Internet checksum (RFC 1071), fast enough for a payload of 64 KiB on every echo.
 *
 * It must not know any packet's layout.
 */
#include "wire/checksum.h"

#include <string.h>

#include "wire/bytes.h"

/* One's complement addition: a carry out of the top comes back in at the bottom. */
static uint64_t add_with_end_around_carry(uint64_t sum, uint64_t addend)
{
    sum += addend;
    return sum + (sum < addend);
}

/* The 8 bytes at `p` as this machine reads them, at any alignment. */
static uint64_t load_native64(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return word;
}

uint16_t checksum_compute(const void *data, size_t length_bytes)
{
    const uint8_t *bytes = (const uint8_t *)data;
    uint64_t even_words = 0;
    uint64_t odd_words = 0;
    uint64_t sum;
    uint16_t native_checksum;

    /*
     * RFC 1071 section 2 allows three things at once: to sum words of any multiple of 16 bits and fold them
     * in the end, to sum in this machine's byte order as long as the result is stored in the same, and to
     * sum in any grouping. Two sums, so that the processor need not wait for one addition to start the next.
     */
    while (length_bytes >= 16) {
        even_words = add_with_end_around_carry(even_words, load_native64(bytes));
        odd_words = add_with_end_around_carry(odd_words, load_native64(bytes + 8));
        bytes += 16;
        length_bytes -= 16;
    }
    sum = add_with_end_around_carry(even_words, odd_words);

    /* What is left, padded with zeros, which add nothing. */
    if (length_bytes > 0) {
        uint8_t tail[16] = {0};

        memcpy(tail, bytes, length_bytes);
        sum = add_with_end_around_carry(sum, load_native64(tail));
        sum = add_with_end_around_carry(sum, load_native64(tail + 8));
    }

    sum = (sum >> 32) + (sum & UINT32_MAX); /* at most 33 bits remain */
    sum = (sum >> 32) + (sum & UINT32_MAX); /* 32 */
    sum = (sum >> 16) + (sum & UINT16_MAX); /* 17 */
    sum = (sum >> 16) + (sum & UINT16_MAX); /* 16 */

    native_checksum = (uint16_t)~sum;
    return bytes_load_be16(&native_checksum);
}
