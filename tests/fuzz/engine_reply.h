/*
 * What a reply buffer must look like when a request is over, for fuzzing the engine: worked out once more, and without
 * src/echo/reply.c. Knows nothing of requests.
 */
#ifndef OPENICMP_TESTS_ENGINE_REPLY_H
#define OPENICMP_TESTS_ENGINE_REPLY_H

#include "echo/reply.h"

#include <stdbool.h>

/* A reply buffer, and what was in it before the call. */
struct reply_buffer {
    enum ip_family family;
    uint8_t *bytes;
    const uint8_t *before;
    size_t size;
};

/* How large the structure is that every reply begins with. */
size_t reply_structure_bytes(enum ip_family family);

/* Whether an answer has room in a buffer. */
bool reply_has_room(const struct reply_buffer *buffer, const struct echo_answer *answer);
/* Whether the buffer, which has the room, holds the answer and nothing else, with a round-trip time of `age_ms` at most and
 * `reserved` in its Reserved member if it has one. */
bool reply_shows(const struct reply_buffer *buffer, const struct echo_answer *answer, uint64_t age_ms,
                 uint16_t reserved);
/* Whether it holds nothing but an IP_STATUS. */
bool reply_is_failure(const struct reply_buffer *buffer, uint32_t status);
/* The IP_STATUS in it. */
uint32_t reply_status(const struct reply_buffer *buffer);
/* Whether it is as it was before. */
bool reply_is_untouched(const struct reply_buffer *buffer);

#endif
