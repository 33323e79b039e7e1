/*
 * From a packet to the request that it answers.
 */
#ifndef OPENICMP_ECHO_RECEIVE_H
#define OPENICMP_ECHO_RECEIVE_H

#include "echo/request.h"

/* Receives until `deadline_ns`, a wake-up or some packets, and gives every packet to the request that it
 * answers. The answer of `own` (NULL: none), the request of the calling thread, stays in the listener and is
 * valid until that is used again; other requests get copies, and their threads are woken. Returns how many
 * packets there were. The lock is not held. */
size_t receive_batch(struct engine *engine, struct listener *listener, uint64_t deadline_ns,
                     struct request *own);

/* Stops listening with a listener, without losing what it took until now. The lock is not held. */
void receive_rest(struct engine *engine, struct listener *listener);

/* Handles what has come until now, for as long as that takes but not beyond `until_ns`, and stops listening.
 * The lock is not held. */
void receive_clear(struct engine *engine, struct listener *listener, uint64_t until_ns);

#endif
