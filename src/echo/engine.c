/*
 * The life of the engine, and its free lists.
 */
#include "echo/engine.h"

#include "echo/request.h"
#include "os/win32_types.h"

struct os_lock echo_lock;

static struct engine *current; /* guarded by echo_lock */

void engine_add_user(struct engine *engine)
{
    engine->users++;
}

/* Becomes a user of the current engine. NULL when there is none. */
static struct engine *join_current(void)
{
    os_lock_acquire(&echo_lock);
    struct engine *engine = current;
    if (engine != NULL) {
        engine_add_user(engine);
    }
    os_lock_release(&echo_lock);
    return engine;
}

uint32_t engine_acquire(struct engine **engine)
{
    *engine = join_current();
    if (*engine != NULL) {
        return 0;
    }
    /* Opening takes system calls, so it is done without the lock; of two threads that come at once, one
     * throws its engine away. */
    struct engine *fresh = os_alloc(sizeof(*fresh));
    if (fresh == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    uint32_t error = transport_open(&fresh->transport);
    if (error != 0) {
        os_free(fresh);
        return error;
    }
    error = identifier_open(fresh);
    if (error != 0) {
        engine_free(fresh);
        return error;
    }
    os_lock_acquire(&echo_lock);
    bool first = current == NULL;
    if (first) {
        current = fresh;
    }
    *engine = current;
    engine_add_user(*engine);
    os_lock_release(&echo_lock);
    if (!first) {
        engine_free(fresh);
    }
    return 0;
}

/* The last user leaves: the engine is no longer the current one, and its worker, if there is one, is to end. Returns the
 * receiver to wake for that. The lock is held. */
static struct transport_receiver *retire(struct engine *engine)
{
    engine->retired = true;
    current = NULL;
    os_condition_wake(&engine->worker_changed);
    return engine->worker_listener != NULL ? engine->worker_listener->receiver : NULL;
}

void engine_release(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    if (engine->users == 1) {
        struct transport_receiver *sleeper = retire(engine);
        os_lock_release(&echo_lock);
        engine_wake(engine, sleeper); /* as its last user, or else the worker might have freed it */
        os_lock_acquire(&echo_lock);
    }
    bool last = --engine->users == 0 && engine->worker == WORKER_NONE;
    os_lock_release(&echo_lock);
    if (last) {
        engine_free(engine);
    }
}

void engine_free(struct engine *engine)
{
    engine->transport->operations->close(engine->transport);
    while (engine->free_listeners != NULL) {
        struct listener *last = engine->free_listeners;
        engine->free_listeners = last->next_free;
        os_free(last);
    }
    request_free_all(engine);
    identifier_close(engine);
    table_clear(&engine->pending, NULL);
    deadline_clear(&engine->deadlines);
    os_free(engine);
}

void engine_abandon(void)
{
    struct engine *engine = current;
    current = NULL;
    if (engine != NULL) {
        engine_free(engine);
    }
}

/* Packets that came while nobody was receiving would be read, and counted, into the time of the next reply: a
 * listener that was not in use for this long is emptied first. */
#define STALE_NS (50 * OS_NS_PER_MS)

static struct listener *listener_new(struct engine *engine)
{
    struct listener *listener = os_alloc(sizeof(*listener));
    if (listener == NULL) {
        return NULL;
    }
    listener->receiver = engine->transport->operations->receiver_open(engine->transport);
    if (listener->receiver == NULL) {
        os_free(listener);
        return NULL;
    }
    return listener;
}

struct listener *listener_take(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    struct listener *listener = engine->free_listeners;
    if (listener != NULL) {
        engine->free_listeners = listener->next_free;
    }
    os_lock_release(&echo_lock);
    if (listener == NULL) {
        return listener_new(engine);
    }
    if (os_now_ns() - listener->rested_ns > STALE_NS) {
        engine->transport->operations->discard(listener->receiver);
    }
    return listener;
}

void engine_wake(struct engine *engine, struct transport_receiver *receiver)
{
    if (receiver != NULL) {
        engine->transport->operations->wake(receiver);
    }
}

void listener_give_back(struct engine *engine, struct listener *listener)
{
    listener->rested_ns = os_now_ns();
    listener->next_free = engine->free_listeners;
    engine->free_listeners = listener;
}
