/*
 * Claims identifiers, and takes keys from them in turn.
 */
#include "echo/identifier.h"

#include "echo/engine.h"
#include "echo/pending.h"
#include "os/win32_types.h"
#include "trace/trace.h"

/* How many keys an identifier has. */
#define SEQUENCES 65536

/* So many identifiers take turns, one after the other, however few requests are outstanding. */
#define RING_IDENTIFIERS 4

/* How many identifiers are tried when one is claimed. */
#define CLAIM_TRIES 16

/* How soon to try again when none of them was granted. A claim that takes longer is given up: its thread
 * may have been terminated. */
#define CLAIM_AGAIN_NS (1000 * OS_NS_PER_MS)

/* Whether the identifier is in the ring. The lock is held. */
static bool is_claimed(const struct identifier_ring *ring, uint16_t value)
{
    struct identifier *identifier = ring->present;
    for (size_t i = 0; i < ring->count; i++) {
        if (identifier->value == value) {
            return true;
        }
        identifier = identifier->next;
    }
    return false;
}

/* Puts it into the ring, to be the next. False when it is there already. The lock is held. */
static bool add(struct identifier_ring *ring, struct identifier *identifier)
{
    if (is_claimed(ring, identifier->value)) {
        return false;
    }
    if (ring->present == NULL) {
        identifier->next = identifier;
        ring->present = identifier;
    } else {
        identifier->fresh = true;
        identifier->next = ring->present->next;
        ring->present->next = identifier;
    }
    ring->count++;
    return true;
}

uint16_t identifier_find(struct engine *engine,
                         bool (*grant)(struct engine *engine, uint16_t identifier, void *context),
                         void *context)
{
    for (int tries = 0; tries < CLAIM_TRIES; tries++) {
        uint16_t value = (uint16_t)os_random();
        os_lock_acquire(&echo_lock);
        bool claimed = is_claimed(&engine->identifiers, value);
        os_lock_release(&echo_lock);
        /* 0 is never asked for: it stands for "any" where systems tell sockets apart by it. */
        if (value != 0 && !claimed && grant(engine, value, context)) {
            return value;
        }
    }
    trace("no identifier of %d is granted", CLAIM_TRIES);
    return 0;
}

static bool transport_grants(struct engine *engine, uint16_t identifier, void *context)
{
    (void)context;
    return engine->transport->operations->identifier_claim == NULL ||
           engine->transport->operations->identifier_claim(engine->transport, identifier);
}

/* Has the transport grant an identifier that is not in the ring. 0 when it grants none. */
static uint16_t claim_value(struct engine *engine)
{
    return engine->transport->rewrites_identifier ? IDENTIFIER_REWRITTEN
                                                  : identifier_find(engine, transport_grants, NULL);
}

/* Adds an identifier to the ring. False without memory, or when the transport grants none. The lock is not
 * held. */
static bool claim(struct engine *engine)
{
    struct identifier *identifier = os_alloc(sizeof(*identifier));
    if (identifier == NULL) {
        return false;
    }
    identifier->value = claim_value(engine);
    os_lock_acquire(&echo_lock);
    bool added = identifier->value != 0 && add(&engine->identifiers, identifier);
    if (added) {
        engine->identifiers.claim_again_ns = 0;
    }
    os_lock_release(&echo_lock);
    if (!added) {
        os_free(identifier);
    }
    return added;
}

uint32_t identifier_open(struct engine *engine)
{
    engine->identifiers.first_sequence = (uint16_t)os_random();
    return claim(engine) ? 0 : ERROR_NOT_ENOUGH_MEMORY;
}

void identifier_close(struct engine *engine)
{
    struct identifier_ring *ring = &engine->identifiers;
    for (; ring->count > 0; ring->count--) {
        struct identifier *next = ring->present->next;
        os_free(ring->present);
        ring->present = next;
    }
}

size_t identifier_capacity(const struct engine *engine)
{
    return engine->identifiers.count * SEQUENCES;
}

/* The lock is held. */
static bool needs_more(const struct engine *engine)
{
    const struct identifier_ring *ring = &engine->identifiers;
    if (engine->transport->rewrites_identifier) {
        return false;
    }
    return engine->pending.count > identifier_capacity(engine) / 2 ||
           (ring->count < RING_IDENTIFIERS && ring->used >= SEQUENCES / 2 && !ring->present->next->fresh);
}

void identifier_claim_ahead(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    bool needed = needs_more(engine);
    if (needed) {
        uint64_t now_ns = os_now_ns();
        needed = now_ns >= engine->identifiers.claim_again_ns;
        if (needed) {
            engine->identifiers.claim_again_ns = now_ns + CLAIM_AGAIN_NS;
        }
    }
    os_lock_release(&echo_lock);
    if (needed) {
        claim(engine);
    }
}

uint32_t identifier_next_key(struct engine *engine)
{
    struct identifier_ring *ring = &engine->identifiers;
    if (ring->used == SEQUENCES) {
        ring->present = ring->present->next;
        ring->present->fresh = false;
        ring->used = 0;
    }
    return key_of(ring->present->value, (uint16_t)(ring->first_sequence + ring->used++));
}
