/*
 * The worker thread: receives while anybody relies on it, parks when nobody has for a moment, and ends when
 * it has been parked for a while or when the engine is retired.
 *
 * It polls nothing. It keeps the DLL loaded as long as it lives.
 */
#include "echo/worker.h"

#include "echo/apc.h"
#include "echo/completion.h"
#include "echo/pending.h"
#include "echo/receive.h"

/* How long the worker goes on receiving when nobody relies on it any more: parking costs more than a little
 * patience. */
#define LINGER_NS (20 * OS_NS_PER_MS)

/* How long a parked worker waits for work. Short enough that a DLL that was unloaded by its program soon
 * goes. */
#define PARKED_NS (1000 * OS_NS_PER_MS)

/* How long to wait for a worker that is on its way. It comes, late if the machine is very busy, unless it has been ended
 * because the process is ending. */
#define COMING_NS (10000 * OS_NS_PER_MS)

/* How long replies may lie unread that nobody waits for. Receivers have room for many more than come in that time. */
#define GATHER_NS (1 * OS_NS_PER_MS)

/* So many packets in one receive have gathered: there may be more of them. */
#define GATHERED 16

/* How long requests may stay outstanding beyond their time while there are packets to be read first. */
#define OVERDUE_NS (10 * OS_NS_PER_MS)

/* Gives up the requests that were due before `now_ns`. The lock is held. */
static void give_up(struct engine *engine, uint64_t now_ns, struct request_list *completed)
{
    struct request *request;
    while ((request = pending_first_due(engine)) != NULL && request->deadline.due_ns <= now_ns) {
        pending_remove(engine, request);
        request->state = REQUEST_EXPIRED;
        if (request->asynchronous) {
            request_list_append(completed, request);
        } else {
            os_condition_wake(&request->answered);
        }
    }
}

static bool has_work(const struct engine *engine)
{
    return engine->relying > 0 || engine->answered.first != NULL || completion_due_ns(engine) != OS_NEVER;
}

/* Until when the worker may sleep in its receive, `limit_ns` at the longest. The lock is held. */
static uint64_t sleep_until(struct engine *engine, uint64_t limit_ns)
{
    if (engine->answered.first != NULL) {
        return 0;
    }
    struct request *first = pending_first_due(engine);
    uint64_t due_ns = first != NULL ? first->deadline.due_ns : OS_NEVER;
    uint64_t events_ns = event_due_ns(engine);
    due_ns = events_ns < due_ns ? events_ns : due_ns;
    uint64_t completion_ns = completion_due_ns(engine);
    due_ns = completion_ns < due_ns ? completion_ns : due_ns;
    return due_ns < limit_ns ? due_ns : limit_ns;
}

/* To be woken for each reply costs as much as to send a request. While nobody waits for the results of probes, because
 * the program is sending more of them, their replies are left to gather; they lose nothing, if their times are the
 * kernel's. The lock is held, but released meanwhile. */
static void gather(struct engine *engine)
{
    uint64_t until_ns = os_now_ns() + GATHER_NS;
    uint64_t completion_ns = completion_due_ns(engine);
    until_ns = completion_ns < until_ns ? completion_ns : until_ns;
    engine->gathering = true;
    while (engine->collecting == 0 && engine->probing == engine->relying && engine->answered.first == NULL &&
           !engine->retired && os_now_ns() < until_ns) {
        os_condition_wait(&engine->worker_changed, &echo_lock, until_ns);
    }
    engine->gathering = false;
}

/* Receives once, not beyond `until_ns`, and completes what can be. True if there were few packets, with the results of
 * probes. The lock is held, but not meanwhile. */
static bool receive_and_complete(struct engine *engine, struct listener *listener, uint64_t until_ns)
{
    struct request_list completed = {0};
    struct receive_role role = {.completed = &completed};
    engine->worker_due_ns = until_ns;
    os_lock_release(&echo_lock);

    uint64_t before_ns = os_now_ns();
    size_t count = receive_batch(engine, listener, until_ns, &role);
    uint64_t now_ns = os_now_ns();
    /* Until when it is known, if nothing came, that nothing was left to be read. */
    uint64_t empty_ns = until_ns > before_ns && until_ns <= now_ns ? until_ns : before_ns;

    os_lock_acquire(&echo_lock);
    engine->worker_due_ns = 0;
    /* A reply that came in time counts, so nothing is given up while there are packets left to be read; but
     * not for ever, if they keep coming. */
    give_up(engine, count == 0 ? empty_ns : now_ns - OVERDUE_NS, &completed);
    struct request *request;
    while ((request = request_list_take_first(&engine->answered)) != NULL) {
        request_list_append(&completed, request);
    }
    os_lock_release(&echo_lock);

    bool few_probes = count < GATHERED && completed.first != NULL && completed.first->is_probe;
    completion_tell(engine, &completed);
    os_lock_acquire(&echo_lock);
    event_tend(engine);
    return few_probes;
}

/* Sleeps without receiving until somebody needs the worker. False when nobody did for a while, or the engine
 * is retired: then there is no worker any more. The lock is held, but released meanwhile. */
static bool park(struct engine *engine, struct listener *listener)
{
    os_lock_release(&echo_lock);
    receive_rest(engine, listener);
    apc_reclaim();
    os_lock_acquire(&echo_lock);
    if (has_work(engine)) {
        return true;
    }
    engine->worker = WORKER_PARKED;
    uint64_t until_ns = os_now_ns() + PARKED_NS;
    while (engine->worker == WORKER_PARKED && !engine->retired && os_now_ns() < until_ns) {
        uint64_t events_ns = event_due_ns(engine);
        if (events_ns <= os_now_ns()) {
            event_tend(engine); /* somebody may have called meanwhile */
        } else {
            os_condition_wait(&engine->worker_changed, &echo_lock,
                              events_ns < until_ns ? events_ns : until_ns);
        }
    }
    if (engine->worker == WORKER_PARKED) {
        engine->worker = WORKER_NONE;
        engine->worker_listener = NULL;
        listener_give_back(engine, listener);
        return false;
    }
    os_lock_release(&echo_lock);
    engine->transport->operations->discard(listener->receiver);
    os_lock_acquire(&echo_lock);
    engine->worker = WORKER_RECEIVING;
    os_condition_wake(&engine->worker_changed);
    return true;
}

static void worker_main(void *argument)
{
    struct engine *engine = argument;

    os_lock_acquire(&echo_lock);
    struct listener *listener = engine->worker_listener;
    engine->worker = WORKER_RECEIVING;
    os_condition_wake(&engine->worker_changed);
    uint64_t linger_until_ns = os_now_ns() + LINGER_NS;
    for (;;) {
        bool working = has_work(engine);
        if (working || (!engine->retired && os_now_ns() < linger_until_ns)) {
            uint64_t limit_ns = working ? OS_NEVER : linger_until_ns;
            bool few_probes = receive_and_complete(engine, listener, sleep_until(engine, limit_ns));
            if (few_probes && engine->transport->kernel_times) {
                gather(engine);
            }
            if (working || few_probes) {
                linger_until_ns = os_now_ns() + LINGER_NS;
            }
        } else if (park(engine, listener)) {
            linger_until_ns = os_now_ns() + LINGER_NS;
        } else {
            break;
        }
    }
    bool last = engine->retired && engine->users == 0;
    os_lock_release(&echo_lock);
    if (last) {
        engine_free(engine);
    }
}

/* The lock is held, but released meanwhile. */
static void start(struct engine *engine)
{
    engine->worker = WORKER_STARTING;
    os_lock_release(&echo_lock);
    struct listener *listener = listener_take(engine);
    os_lock_acquire(&echo_lock);
    engine->worker_listener = listener;
    os_lock_release(&echo_lock);

    bool started = listener != NULL && os_thread_start(worker_main, engine);

    os_lock_acquire(&echo_lock);
    if (!started) {
        engine->worker = WORKER_NONE;
        engine->worker_listener = NULL;
        if (listener != NULL) {
            listener_give_back(engine, listener);
        }
    } else if (engine->worker == WORKER_STARTING) {
        engine->worker = WORKER_STARTED;
    }
    os_condition_wake(&engine->worker_changed);
}

bool worker_engage(struct engine *engine)
{
    if (engine->worker == WORKER_NONE) {
        start(engine);
    } else if (engine->worker == WORKER_PARKED) {
        engine->worker = WORKER_WAKING;
        os_condition_wake(&engine->worker_changed);
    }
    return engine->worker == WORKER_RECEIVING;
}

bool worker_require(struct engine *engine)
{
    uint64_t until_ns = os_now_ns() + COMING_NS;
    for (;;) {
        worker_engage(engine);
        if (engine->worker == WORKER_STARTED || engine->worker == WORKER_RECEIVING) {
            return true;
        }
        if (engine->worker == WORKER_NONE || os_now_ns() >= until_ns) {
            return false;
        }
        if (engine->worker != WORKER_PARKED) { /* it may have been so quick that it has parked already */
            os_condition_wait(&engine->worker_changed, &echo_lock, until_ns);
        }
    }
}

struct transport_receiver *worker_call(struct engine *engine)
{
    worker_engage(engine);
    return engine->worker_listener != NULL ? engine->worker_listener->receiver : NULL;
}

struct transport_receiver *worker_expect(struct engine *engine, uint64_t due_ns)
{
    if (due_ns >= engine->worker_due_ns) {
        return NULL;
    }
    engine->worker_due_ns = due_ns;
    return worker_call(engine);
}
