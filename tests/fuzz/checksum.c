/*
 * Any bytes, and the checksum of them: as RFC 1071 defines it, word by word.
 */
#include "fuzz/fuzz.h"

#include "wire/bytes.h"
#include "wire/checksum.h"

/* The definition, without any of the tricks. */
static uint16_t checksum_by_definition(const uint8_t *data, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

/* What is right stays right wherever it lies. */
static void check_alignment(const uint8_t *data, size_t size, uint16_t checksum)
{
    for (size_t shift = 1; shift < 8; shift += 2) {
        uint8_t *memory = fuzz_allocate(shift + size);
        if (size > 0) {
            memcpy(memory + shift, data, size);
        }
        fuzz_require(checksum_compute(memory + shift, size) == checksum);
        free(memory);
    }
}

/* Data with their checksum filled in are found to be right, and any bit that changes is noticed. */
static void check_verification(const uint8_t *data, size_t size)
{
    if (size < 4) {
        return;
    }
    uint8_t *message = fuzz_copy(data, size);
    bytes_store_be16(message + 2, 0);
    bytes_store_be16(message + 2, checksum_compute(message, size));
    fuzz_require(checksum_compute(message, size) == 0);
    for (size_t i = 0; i < 8; i++) {
        size_t at = (size_t)data[i % 4] * 257 % size;
        message[at] ^= (uint8_t)(1U << i);
        fuzz_require(checksum_compute(message, size) != 0);
        message[at] ^= (uint8_t)(1U << i);
    }
    free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint16_t checksum = checksum_compute(data, size);
    fuzz_require(checksum == checksum_by_definition(data, size));
    check_alignment(data, size, checksum);
    check_verification(data, size);
    return 0;
}
