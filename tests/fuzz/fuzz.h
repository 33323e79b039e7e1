/*
 * What the fuzz targets share. A target is one file, tests/fuzz/NAME.c, with one function, LLVMFuzzerTestOneInput, which
 * libFuzzer calls with one input after another. It must not know what any of them tests.
 */
#ifndef OPENICMP_TESTS_FUZZ_H
#define OPENICMP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Has to give the same for the same input. Returns 0. `data` are exactly `size` bytes: the address sanitizer finds whoever
 * reads beyond them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, and so makes a finding of the input, unless `condition` holds. */
#define fuzz_require(condition)                                                                              \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                   \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

/* `size` bytes of memory; the sanitizer guards its end, and its beginning if `size` is not 0. The caller frees it. */
static inline uint8_t *fuzz_allocate(size_t size)
{
    uint8_t *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL) {
        fprintf(stderr, "the target itself ran out of memory\n");
        abort();
    }
    return memory;
}

static inline uint8_t *fuzz_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_allocate(size);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

/* Whether `[inner, inner + inner_size)` lies inside `[outer, outer + outer_size)`. */
static inline int fuzz_inside(const void *inner, size_t inner_size, const void *outer, size_t outer_size)
{
    uintptr_t from = (uintptr_t)inner;
    uintptr_t start = (uintptr_t)outer;
    return from >= start && from - start <= outer_size && inner_size <= outer_size - (from - start);
}

#endif
