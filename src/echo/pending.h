/*
 * The pending table: which requests are outstanding, by identifier and sequence, and when each is to be given
 * up.
 *
 * Every function that takes an engine is called with the lock held.
 */
#ifndef OPENICMP_ECHO_PENDING_H
#define OPENICMP_ECHO_PENDING_H

#include "echo/request.h"

/* A key is the identifier and the sequence of an echo request, in host order. */
static inline uint32_t key_of(uint16_t identifier, uint16_t sequence)
{
    return (uint32_t)identifier << 16 | sequence;
}
static inline uint16_t key_identifier(uint32_t key)
{
    return (uint16_t)(key >> 16);
}
static inline uint16_t key_sequence(uint32_t key)
{
    return (uint16_t)key;
}

/* Gives the request a key that no outstanding request has, and makes it outstanding until request->deadline.
 * False without memory, or when every key is taken. */
bool pending_insert(struct engine *engine, struct request *request);
/* Takes a request out that is outstanding. */
void pending_remove(struct engine *engine, struct request *request);
/* Whether a request is outstanding that may never have been so. */
bool pending_has(const struct request *request);
/* The outstanding request with this key, NULL without one. */
struct request *pending_find(struct engine *engine, uint32_t key);
/* The outstanding request that a message with this key answers, NULL without one. It is that of the same key,
 * except where the system has replaced the identifier. */
struct request *pending_match(struct engine *engine, uint32_t key);
/* The outstanding request that comes due first; NULL when there is none. */
struct request *pending_first_due(struct engine *engine);

uint32_t pending_key(const struct request *request);

#endif
