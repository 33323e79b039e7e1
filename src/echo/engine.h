/*
 * The engine: everything that echo remembers about the network and the requests on their way, and who may
 * touch it.
 *
 * There is one engine at a time. It comes into being, with its transport, when the first session opens, and
 * goes when the last user has left: each session is a user, and each call that is under way. What is inside
 * is for the files of this folder only.
 */
#ifndef OPENICMP_ECHO_ENGINE_H
#define OPENICMP_ECHO_ENGINE_H

#include "echo/deadline.h"
#include "echo/event.h"
#include "echo/identifier.h"
#include "echo/listener.h"
#include "echo/table.h"
#include "os/os.h"
#include "transport/transport.h"

/* The only lock of echo. It guards the sessions, the current engine, and every member of struct engine and
 * struct request that does not say otherwise. Held for a few instructions at a time: never while sending,
 * receiving or waiting, and no other lock is taken under it. */
extern struct os_lock echo_lock;

enum worker_state {
    WORKER_NONE,     /* there is no thread */
    WORKER_STARTING, /* someone is making it */
    WORKER_STARTED,  /* it is there: nothing is lost from now on, but it has yet to run */
    WORKER_RECEIVING,
    WORKER_PARKED, /* it sleeps, because nobody needs it */
    WORKER_WAKING, /* it has been told that somebody does */
};

/* A list of requests in order. Empty when all-zero. */
struct request_list {
    struct request *first;
    struct request *last;
};

/* The program is to be told of these requests, whose reply buffers are written, by setting their events. */
struct announcement {
    struct event_batch events;
    struct request_list requests;
    size_t count;
    uint64_t last_ns; /* when events were set last */
};

struct engine {
    struct transport *transport; /* not guarded: set once */
    size_t users;
    bool retired; /* the last user leaves, or has left; a new session makes a new engine */

    struct identifier_ring identifiers;
    struct table pending; /* outstanding requests by key; pending.c */
    struct deadline_heap deadlines;
    struct request *free_requests;
    struct listener_pool listeners;
    struct events events; /* that requests are to set; event.c */

    size_t relying;    /* outstanding requests that rely on the worker */
    size_t probing;    /* how many of these are probes of batches */
    size_t collecting; /* threads that wait for results of batches */
    bool gathering;    /* the worker does not receive for a moment, as long as only probes rely on it */

    enum worker_state worker;
    struct listener *worker_listener;   /* while there is a worker */
    uint64_t worker_due_ns;             /* until when it sleeps in a receive; 0 while it does not */
    struct os_condition worker_changed; /* its state has, or who waits, or the engine is retired */
    struct announcement announcement;   /* not guarded: the worker's own */
    struct request_list answered; /* asynchronous requests whose outcome others have learnt, for the worker */
};

/* Becomes a user of the current engine, or of a new one. 0, or the error of transport_open or identifier_open. */
uint32_t engine_acquire(struct engine **engine);
/* The same for an engine that has users. The lock is held. */
void engine_add_user(struct engine *engine);
/* Stops being a user. */
void engine_release(struct engine *engine);
/* Frees a retired engine that has no users: for the worker, if that is the last to leave. */
void engine_free(struct engine *engine);

/* The DLL is being unloaded and none of its threads is left: frees the current engine, whoever uses it. */
void engine_abandon(void);

/* Wakes a receiver of the engine; NULL: none. That is a system call, so the lock is not held. */
void engine_wake(struct engine *engine, struct transport_receiver *receiver);

#endif
