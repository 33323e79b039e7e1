/*
 * The identifiers of our echo requests, and the keys that are made of them: identifier and sequence. (Some listeners have
 * identifiers of their own, and make keys of these themselves: listener.h.)
 *
 * The transport has to grant an identifier before it is used. The engine has a ring of them; the 65,536
 * sequences of one are used up before the next one's turn comes, so that a late reply finds another request
 * under its key only after many others. More are claimed when the ring has too few for the requests that
 * are outstanding.
 */
#ifndef OPENICMP_ECHO_IDENTIFIER_H
#define OPENICMP_ECHO_IDENTIFIER_H

#include "os/os.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

/* One that the transport has granted. */
struct identifier {
    struct identifier *next; /* in the ring */
    uint16_t value;
    bool fresh; /* its turn has not come yet */
};

/* Guarded by echo_lock. */
struct identifier_ring {
    struct identifier *present; /* whose turn it is; NULL before the first is claimed */
    size_t count;
    uint16_t first_sequence; /* of every identifier's turn */
    uint32_t used;           /* how many sequences of the present identifier have had their turn */
    /* No claim before then: one is under way, or was refused a moment ago. */
    uint64_t claim_again_ns;
};

/* Where the system below replaces identifiers, all keys have this one. */
#define IDENTIFIER_REWRITTEN 1

/* Claims the first identifier of an engine that nobody else knows yet. 0; ERROR_NOT_ENOUGH_MEMORY without
 * memory, or when the transport grants none. */
uint32_t identifier_open(struct engine *engine);
/* Frees the ring. */
void identifier_close(struct engine *engine);

/* Claims another identifier if one will be needed soon, unless another thread is about to. That may take
 * system calls; others go on with what there is meanwhile. The lock is not held. */
void identifier_claim_ahead(struct engine *engine);

/* The first of some identifiers, none of them in the ring, that `grant` takes. 0 when it takes none. The lock is not
 * held. */
uint16_t identifier_find(struct engine *engine,
                         bool (*grant)(struct engine *engine, uint16_t identifier, void *context),
                         void *context);

/* How many keys there are at present. The lock is held. */
size_t identifier_capacity(const struct engine *engine);
/* The key whose turn is next, whether a request has it or not. The lock is held. */
uint32_t identifier_next_key(struct engine *engine);

#endif
