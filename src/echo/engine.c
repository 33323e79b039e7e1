/*
 * The life of the engine.
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
    request_free_all(engine);
    listener_free_all(engine);
    event_close_all(engine);
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

void engine_wake(struct engine *engine, struct transport_receiver *receiver)
{
    if (receiver != NULL) {
        engine->transport->operations->wake(receiver);
    }
}
