/*
 * Listeners: receivers of the transport, each in use by one thread, or free.
 *
 * One without an identifier of its own hears of all requests whose keys come from the ring (identifier.h). Where the
 * transport can do it, there are also some that have an identifier of their own, and hear of nothing else: for threads
 * that each wait for one answer at the same time, and that are neither to wake each other nor to be woken by the worker.
 */
#ifndef OPENICMP_ECHO_LISTENER_H
#define OPENICMP_ECHO_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct transport_receiver;

struct listener {
    struct listener *next_free;
    struct transport_receiver *receiver;
    uint64_t rested_ns;     /* when it was last in use */
    uint16_t identifier;    /* its own; 0: none. Set once */
    uint16_t next_sequence; /* of its own identifier; belongs to the thread that uses it */
};

/* Whether it has an identifier of its own; NULL has not. */
static inline bool listener_is_own(const struct listener *listener)
{
    return listener != NULL && listener->identifier != 0;
}

/* Guarded by echo_lock. */
struct listener_pool {
    struct listener *free;
    struct listener *free_own;
    size_t own_count;      /* with an identifier, in use or not */
    uint64_t own_again_ns; /* no more of them before then: one could not be had a moment ago */
};

/* A free listener, or a new one, with no old packets in it. NULL without memory or handles. The lock is not held. */
struct listener *listener_take(struct engine *engine);

/* The same with an identifier of its own. NULL also where the transport has no such, and when there are as many of them in
 * use as is worth while: each makes every ICMP packet that comes to the machine a little dearer. */
struct listener *listener_take_own(struct engine *engine);

/* Puts a listener back that is at rest. The lock is held. */
void listener_give_back(struct engine *engine, struct listener *listener);

/* The next key of its own identifier. */
uint32_t listener_next_key(struct listener *listener);

/* Frees those that are free. The transport's receivers are its own affair. */
void listener_free_all(struct engine *engine);

#endif
