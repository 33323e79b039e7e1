/*
 * What a broadcast or multicast request has been answered with so far (behaviour.md 3.1): copies of the answers, one for each
 * responder, in the order in which they came.
 *
 * It takes no more than fits the reply buffer, so nobody can make it grow beyond a few times that. It must not know
 * requests. Not thread-safe: while the request is outstanding, echo_lock is held; then its one owner uses it.
 */
#ifndef OPENICMP_ECHO_COLLECTION_H
#define OPENICMP_ECHO_COLLECTION_H

#include "echo/reply.h"
#include "echo/table.h"

struct collection;

/* An empty one for a reply buffer of `reply_bytes`, at least that of an ICMP_ECHO_REPLY, and a request that carried
 * `data_bytes`. NULL without memory. */
struct collection *collection_new(size_t reply_bytes, size_t data_bytes);
/* NULL is allowed. */
void collection_free(struct collection *collection);

/* Takes a copy of an answer, unless its responder has answered before. False when that was the last: no other echo reply
 * would fit, or this one did not, or there is no memory for it. */
bool collection_add(struct collection *collection, const struct echo_answer *answer);

/* How many answers there are: 0 to 65,535. NULL: 0. */
uint32_t collection_count(const struct collection *collection);

/* Calls `visit` for each answer, in order. */
void collection_visit(const struct collection *collection,
                      void (*visit)(const struct echo_answer *answer, const void *context),
                      const void *context);

/* Copies the round-trip times of all answers, in order. */
void collection_times(const struct collection *collection, uint64_t *times_ns);

/* How many bytes of the reply buffer the answers take; at least one is there. */
size_t collection_bytes(const struct collection *collection);
/* Writes the answers, of which there is at least one, into the reply buffer, with `reserved` in the first one's Reserved
 * member. */
void collection_write(const struct collection *collection, void *buffer, uint16_t reserved);

#endif
