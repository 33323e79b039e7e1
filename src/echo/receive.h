/*
 * From a packet to the request that it answers.
 */
#ifndef OPENICMP_ECHO_RECEIVE_H
#define OPENICMP_ECHO_RECEIVE_H

#include "echo/request.h"

/* For whom a thread receives. */
struct receive_role {
    struct request *own; /* the synchronous request of the calling thread, or NULL */
    /* The worker's: where the asynchronous requests go that were answered. NULL for others, who leave them to
     * the worker. */
    struct request_list *completed;
};

/* Receives until `deadline_ns`, a wake-up or some packets, and gives every packet to the request that it
 * answers. The answers of the role's own requests stay in the listener and are valid until that is used
 * again; other requests get copies, and their threads are woken. Returns how many packets there were; 0 means
 * that none was left. The lock is not held. */
size_t receive_batch(struct engine *engine, struct listener *listener, uint64_t deadline_ns,
                     const struct receive_role *role);

/* Sends, and if that gives 0 receives as receive_batch does, in one call of the transport, which has
 * `exchange`. Returns what sending gave. The lock is not held. */
uint32_t receive_exchange(struct engine *engine, struct listener *listener,
                          const struct transport_message *message, uint64_t deadline_ns,
                          const struct receive_role *role);

/* Stops listening with a listener, without losing what it took until now. The lock is not held. */
void receive_rest(struct engine *engine, struct listener *listener);

#endif
