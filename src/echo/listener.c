/*
 * Opens listeners, and keeps those that are free.
 */
#include "echo/listener.h"

#include "echo/engine.h"
#include "echo/pending.h"

/* Packets that came while nobody was receiving would be read, and counted, into the time of the next reply: a
 * listener that was not in use for this long is emptied first. */
#define STALE_NS (50 * OS_NS_PER_MS)

/* How many may have an identifier. The kernel offers every ICMP packet to every raw socket, which takes some 0.4 us for
 * each (tried); to be woken by the worker takes as long as 20 of that. */
#define OWN_MAX 8

/* How soon to try again when none can be had. */
#define OWN_AGAIN_NS (1000 * OS_NS_PER_MS)

/* Opens its receiver. The lock is not held. */
static bool open_receiver(struct engine *engine, uint16_t identifier, void *listener)
{
    struct listener *opened = listener;
    opened->receiver = engine->transport->operations->receiver_open(engine->transport, identifier);
    opened->identifier = identifier;
    return opened->receiver != NULL;
}

static struct listener *listener_new(struct engine *engine, bool own)
{
    struct listener *listener = os_alloc(sizeof(*listener));
    if (listener == NULL) {
        return NULL;
    }
    bool opened =
        own ? identifier_find(engine, open_receiver, listener) != 0 : open_receiver(engine, 0, listener);
    if (!opened) {
        os_free(listener);
        return NULL;
    }
    listener->next_sequence = own ? (uint16_t)os_random() : 0;
    return listener;
}

/* NULL when there is none. The lock is held. */
static struct listener *take_first(struct listener **list)
{
    struct listener *first = *list;
    if (first != NULL) {
        *list = first->next_free;
    }
    return first;
}

/* The lock is not held. */
static struct listener *without_old_packets(struct engine *engine, struct listener *listener)
{
    if (os_now_ns() - listener->rested_ns > STALE_NS) {
        engine->transport->operations->discard(listener->receiver);
    }
    return listener;
}

struct listener *listener_take(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    struct listener *listener = take_first(&engine->listeners.free);
    os_lock_release(&echo_lock);
    return listener != NULL ? without_old_packets(engine, listener) : listener_new(engine, false);
}

/* Whether there may be one more. It counts from now on. The lock is held. */
static bool may_be_more(struct listener_pool *pool)
{
    if (pool->own_count == OWN_MAX || os_now_ns() < pool->own_again_ns) {
        return false;
    }
    pool->own_count++;
    return true;
}

struct listener *listener_take_own(struct engine *engine)
{
    if (!engine->transport->own_identifiers) {
        return NULL;
    }
    struct listener_pool *pool = &engine->listeners;
    os_lock_acquire(&echo_lock);
    struct listener *listener = take_first(&pool->free_own);
    bool more = listener == NULL && may_be_more(pool);
    os_lock_release(&echo_lock);
    if (listener != NULL) {
        return without_old_packets(engine, listener);
    }
    if (!more) {
        return NULL;
    }
    listener = listener_new(engine, true);
    if (listener == NULL) {
        os_lock_acquire(&echo_lock);
        pool->own_count--;
        pool->own_again_ns = os_now_ns() + OWN_AGAIN_NS;
        os_lock_release(&echo_lock);
    }
    return listener;
}

void listener_give_back(struct engine *engine, struct listener *listener)
{
    struct listener **list =
        listener_is_own(listener) ? &engine->listeners.free_own : &engine->listeners.free;
    listener->rested_ns = os_now_ns();
    listener->next_free = *list;
    *list = listener;
}

uint32_t listener_next_key(struct listener *listener)
{
    return key_of(listener->identifier, listener->next_sequence++);
}

static void free_all(struct listener **list)
{
    struct listener *listener;
    while ((listener = take_first(list)) != NULL) {
        os_free(listener);
    }
}

void listener_free_all(struct engine *engine)
{
    free_all(&engine->listeners.free);
    free_all(&engine->listeners.free_own);
}
