/*
 * A request: one echo request on its way, from the moment it gets its key until its outcome is known.
 *
 * Requests belong to the engine, not to the thread that made them: a thread that is terminated in mid-call
 * leaves behind a request, and no pointer into its stack. The reply buffer of a synchronous request is
 * written by its own thread only.
 */
#ifndef OPENICMP_ECHO_REQUEST_H
#define OPENICMP_ECHO_REQUEST_H

#include "echo/engine.h"
#include "echo/reply.h"

enum request_state {
    REQUEST_OUTSTANDING, /* in the pending table */
    REQUEST_ANSWERED,    /* `answer` is there */
    REQUEST_EXPIRED,     /* given up */
};

struct request {
    struct table_entry entry; /* in engine->pending; the key is identifier and sequence */
    struct deadline deadline; /* when the worker may give it up; later than when its own thread does */
    struct request *next_free;

    enum request_state state;
    bool any_responder; /* broadcast and multicast: whoever answers */
    bool source_route;  /* quoted destinations may be hops */
    bool receives;      /* its own thread receives; counted in engine->receiving while outstanding */
    uint32_t destination_be;
    uint64_t sent_ns; /* just before it was sent */

    struct listener *listener;    /* what its own thread sleeps in, or NULL: */
    struct os_condition answered; /* then this */

    struct echo_answer answer; /* its pointers lead into `copy`, or into its own thread's listener */
    void *copy;                /* made by another thread than its own; freed with the request */
};

/* A blank request. NULL without memory. The lock is not held. */
struct request *request_new(struct engine *engine);
/* Gives it back, with what it holds. The lock is held, and it is in no table. */
void request_recycle(struct engine *engine, struct request *request);
/* Frees the requests of an engine that nobody uses any more. */
void request_free_all(struct engine *engine);

/* The request in which `deadline` lies. */
struct request *request_of_deadline(struct deadline *deadline);

#endif
