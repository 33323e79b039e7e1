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
/* How many bytes it takes up in there. */
size_t reply_bytes_shown(const struct reply_buffer *buffer, const struct echo_answer *answer);

/* Of several replies, which are IPv4: whether the one of that number shows the answer, with the options and data just before
 * `*end`; if so, that becomes where they begin. The options of an error may be left out. */
bool reply_shows_of_many(const struct reply_buffer *buffer, size_t number, size_t *end,
                         const struct echo_answer *answer, uint64_t age_ms, uint16_t reserved);
/* The Address of the one of that number. */
uint32_t reply_address(const struct reply_buffer *buffer, size_t number);
/* Whether the bytes from `from` to `to` are as they were before. */
bool reply_is_untouched_between(const struct reply_buffer *buffer, size_t from, size_t to);

/* Whether it holds nothing but an IP_STATUS. */
bool reply_is_failure(const struct reply_buffer *buffer, uint32_t status);
/* The IP_STATUS in it. */
uint32_t reply_status(const struct reply_buffer *buffer);
/* Whether it is as it was before. */
bool reply_is_untouched(const struct reply_buffer *buffer);

#endif
