/*
 * A request: one echo request on its way, from the moment it gets its key until its outcome has been told.
 *
 * Requests belong to the engine, not to the thread that made them: a thread that is terminated in mid-call
 * leaves behind a request, and no pointer into its stack. The reply buffer of a synchronous request is
 * written by its own thread only, that of an asynchronous one by the worker only.
 */
#ifndef OPENICMP_ECHO_REQUEST_H
#define OPENICMP_ECHO_REQUEST_H

#include "echo/collection.h"
#include "echo/engine.h"
#include "echo/reply.h"

enum request_state {
    REQUEST_OUTSTANDING, /* in the pending table */
    REQUEST_ANSWERED,    /* `answer` is there */
    REQUEST_EXPIRED,     /* given up */
    REQUEST_FAILED,      /* could not be sent; answer.status says why */
};

/* What a program's APC routine is told: the layout of IO_STATUS_BLOCK. */
struct echo_io_status {
    union {
        int32_t status; /* NTSTATUS */
        void *pointer;
    } result;
    uintptr_t information; /* bytes written to the reply buffer */
};

/* PIO_APC_ROUTINE. */
typedef void(OS_CALLBACK *echo_routine)(void *context, struct echo_io_status *io_status, uint32_t reserved);

/* How the program hears of the outcome of an asynchronous request: by an event or by a routine. */
struct notification {
    os_handle event; /* the program's handle, or 0: */
    union {
        struct {
            echo_routine routine;
            void *context;
            struct apc_thread *thread; /* which runs the routine */
        };
        struct event_use use; /* once an event is open, for which no routine runs */
    };
};

struct request {
    struct table_entry entry; /* in engine->pending; the key is identifier and sequence */
    struct deadline deadline; /* when the worker gives it up, at the latest */
    struct request *next;     /* in the list that it is in: free, to be completed, or ready for its routine */
    struct engine *engine;

    enum request_state state;
    bool asynchronous;
    bool is_probe;      /* of a batch */
    bool any_responder; /* broadcast and multicast: whoever answers; over IPv4, all who do */
    bool source_route;  /* quoted destinations may be hops */
    bool hop_limit_0;   /* as in its call */
    bool relies; /* on the worker, for its answer and for being given up; otherwise its own thread receives */
    uint16_t data_bytes; /* of the request */
    uint32_t reply_bytes;
    struct ip_address destination;
    uint64_t sent_ns; /* just before it was sent */

    struct echo_answer
        answer; /* its pointers lead into `copy`, or into the listener of the thread that completes it */
    void *copy; /* freed with the request, as is: */
    struct collection
        *collection; /* in place of `answer`, if it is not empty; NULL before the first answer */

    /* Synchronous. */
    struct listener *listener;    /* what its own thread sleeps in, or NULL: */
    struct os_condition answered; /* then this */

    /* Asynchronous. */
    union {
        void *reply;
        struct batch *batch; /* of a probe, for which the rest does not count */
    };
    struct notification notification;
    struct echo_io_status io_status;
};

void request_list_append(struct request_list *list, struct request *request);
/* NULL when the list is empty. */
struct request *request_list_take_first(struct request_list *list);

/* A blank request. NULL without memory. The lock is not held. */
struct request *request_new(struct engine *engine);
/* Gives it back, with its listener, which is at rest, and frees what it holds. The lock is not held, and it is in no table
 * and no list. */
void request_recycle(struct engine *engine, struct request *request);
/* Recycles an asynchronous request, which is over, and stops being the user of its engine. The lock is not
 * held. */
void request_finish(struct request *request);
/* Frees the requests of an engine that nobody uses any more. */
void request_free_all(struct engine *engine);

/* The request in which `deadline` lies. */
struct request *request_of_deadline(struct deadline *deadline);

#endif
