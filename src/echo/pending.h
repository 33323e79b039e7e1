/*
 * The pending table: which requests are outstanding, by identifier and sequence, and when each is to be given
 * up.
 *
 * Every function is called with the lock held.
 */
#ifndef OPENICMP_ECHO_PENDING_H
#define OPENICMP_ECHO_PENDING_H

#include "echo/request.h"

/* Gives the request an identifier and sequence that no outstanding request has, and makes it outstanding
 * until request->deadline. False without memory, or when every key is taken. */
bool pending_insert(struct engine *engine, struct request *request);
/* Takes a request out that is outstanding. */
void pending_remove(struct engine *engine, struct request *request);
/* The outstanding request with this key, NULL without one. */
struct request *pending_find(struct engine *engine, uint16_t identifier, uint16_t sequence);
/* Some outstanding request; NULL when there is none. */
struct request *pending_any(struct engine *engine);

uint16_t pending_identifier(const struct request *request);
uint16_t pending_sequence(const struct request *request);

#endif
