/*
 * The worker thread: receives while anything is outstanding, parks when nothing is, and ends when it has been
 * parked for a while or when the engine is retired.
 *
 * It polls nothing. It keeps the DLL loaded as long as it lives.
 */
#include "echo/worker.h"

#include "echo/pending.h"
#include "echo/receive.h"

/* How long a parked worker waits for work. Short enough that a DLL that was unloaded by its program soon
 * goes. */
#define PARKED_NS (1000 * OS_NS_PER_MS)

/* Gives up the requests that are overdue. Their threads do that themselves, so these have been terminated, or
 * have been held up for very long. The lock is held. */
static void give_up_overdue(struct engine *engine)
{
    uint64_t now_ns = os_now_ns();
    struct deadline *first;
    while ((first = deadline_first(&engine->deadlines)) != NULL && first->due_ns <= now_ns) {
        struct request *request = request_of_deadline(first);
        pending_remove(engine, request);
        request->state = REQUEST_EXPIRED;
    }
}

/* Nothing is outstanding: stops receiving and sleeps until somebody needs the worker. False when nobody did
 * for a while, or the engine is retired. The lock is held. */
static bool park(struct engine *engine, struct listener *listener)
{
    /* A receive left behind would take the replies of callers who receive for themselves. */
    os_lock_release(&echo_lock);
    receive_rest(engine, listener);
    os_lock_acquire(&echo_lock);
    if (deadline_first(&engine->deadlines) != NULL) {
        return true;
    }
    engine->worker = WORKER_PARKED;
    engine->receiving--;
    uint64_t until_ns = os_now_ns() + PARKED_NS;
    while (engine->worker == WORKER_PARKED && !engine->retired && os_now_ns() < until_ns) {
        os_condition_wait(&engine->worker_wanted, &echo_lock, until_ns);
    }
    return engine->worker == WORKER_RECEIVING;
}

/* Until park says that it is time to go. The lock is held. */
static void work(struct engine *engine, struct listener *listener)
{
    engine->worker = WORKER_RECEIVING;
    engine->worker_listener = listener;
    engine->receiving++;
    for (;;) {
        struct deadline *first = deadline_first(&engine->deadlines);
        if (first == NULL) {
            if (!park(engine, listener)) {
                break;
            }
            continue;
        }
        uint64_t due_ns = first->due_ns;
        os_lock_release(&echo_lock);
        receive_batch(engine, listener, due_ns, NULL);
        os_lock_acquire(&echo_lock);
        give_up_overdue(engine);
    }
    engine->worker_listener = NULL;
    listener_give_back(engine, listener);
}

static void worker_main(void *argument)
{
    struct engine *engine = argument;
    struct listener *listener = listener_take(engine);

    os_lock_acquire(&echo_lock);
    if (listener != NULL) {
        work(engine, listener);
    }
    engine->worker = WORKER_NONE;
    bool retired = engine->retired;
    os_lock_release(&echo_lock);
    if (retired) {
        engine_free(engine);
    }
}

bool worker_engage(struct engine *engine)
{
    switch (engine->worker) {
    case WORKER_RECEIVING:
        return true;
    case WORKER_PARKED:
        engine->worker = WORKER_RECEIVING;
        engine->receiving++;
        os_condition_wake(&engine->worker_wanted);
        return true;
    case WORKER_STARTING:
        return false;
    case WORKER_NONE:
        break;
    }
    engine->worker = WORKER_STARTING;
    os_lock_release(&echo_lock);
    bool started = os_thread_start(worker_main, engine);
    os_lock_acquire(&echo_lock);
    if (!started) {
        engine->worker = WORKER_NONE;
    }
    return false;
}
