/*
 * Runs the routines of asynchronous requests on the threads that made them.
 */
#include "echo/apc.h"

/* Guarded by echo_lock, except where it says otherwise. */
struct apc_thread {
    struct apc_thread *next;         /* in `threads` */
    os_handle handle;                /* not guarded: set once */
    size_t references;               /* the thread's own, one for each expected routine, and passing ones */
    size_t expected;                 /* routines that have not begun to run */
    struct request_list ready;       /* whose routines can run */
    bool queued_by_other;            /* an APC is on its way into the thread's queue, or in it */
    bool queued_by_drain;            /* one that a drain has queued itself is in it */
    bool gone;                       /* the thread has ended */
    bool keeps_module;               /* while routines are expected or running */
    unsigned int depth;              /* drains on the thread's stack; not guarded: the thread's own */
    struct apc_thread *next_to_tell; /* in the worker's list; not guarded: the worker's own */
};

/* All records; a record leaves when nothing refers to it any more. */
static struct apc_thread *threads;
static size_t thread_count;
static size_t reclaim_at = 64; /* from this many records on, it is worth while to look for ended threads */

/* ---- References ---- */

/* The lock is held. */
static void let_go(struct apc_thread *thread)
{
    if (--thread->references > 0) {
        return;
    }
    struct apc_thread **link = &threads;
    while (*link != thread) {
        link = &(*link)->next;
    }
    *link = thread->next;
    thread_count--;
    os_handle_close(thread->handle);
    os_free(thread);
}

static void release_module(void *nothing)
{
    (void)nothing;
    os_module_release();
}

/* Gives up the routines that a thread that has ended will never run. The lock is held, but released
 * meanwhile; the caller has a reference. */
static void give_up_routines(struct apc_thread *thread)
{
    struct request *request;
    while ((request = request_list_take_first(&thread->ready)) != NULL) {
        thread->expected--;
        let_go(thread);
        os_lock_release(&echo_lock);
        request_finish(request);
        os_lock_acquire(&echo_lock);
    }
    if (thread->expected == 0 && thread->keeps_module) {
        thread->keeps_module = false;
        os_lock_release(&echo_lock);
        /* This code may be in the DLL for the last time, so a thread that brings a reference of its own
         * releases it. */
        os_thread_start(release_module, NULL);
        os_lock_acquire(&echo_lock);
    }
}

/* The thread has ended. The lock is held, but released meanwhile. */
static void bury(struct apc_thread *thread)
{
    if (!thread->gone) {
        thread->gone = true;
        give_up_routines(thread);
        let_go(thread); /* its own reference */
    }
}

/* ---- The record of the calling thread ---- */

static void reclaim(bool idle_too);

static struct apc_thread *own_record(void)
{
    struct apc_thread *thread = os_thread_value();
    if (thread != NULL) {
        return thread;
    }
    thread = os_alloc(sizeof(*thread));
    if (thread == NULL) {
        return NULL;
    }
    thread->handle = os_thread_open();
    if (thread->handle == 0) {
        goto cleanup_memory;
    }
    if (!os_thread_value_set(thread)) {
        goto cleanup_handle;
    }
    thread->references = 1;
    os_lock_acquire(&echo_lock);
    thread->next = threads;
    threads = thread;
    bool many = ++thread_count >= reclaim_at;
    os_lock_release(&echo_lock);
    if (many) {
        reclaim(true);
    }
    return thread;

cleanup_handle:
    os_handle_close(thread->handle);
cleanup_memory:
    os_free(thread);
    return NULL;
}

struct apc_thread *apc_thread_expect(void)
{
    struct apc_thread *thread = own_record();
    if (thread == NULL) {
        return NULL;
    }
    /* Only this thread, and who finds it ended, changes keeps_module. */
    if (!thread->keeps_module && !os_module_keep()) {
        return NULL;
    }
    os_lock_acquire(&echo_lock);
    thread->keeps_module = true;
    thread->expected++;
    thread->references++;
    os_lock_release(&echo_lock);
    return thread;
}

/* Whether the module may be released, now that a routine less is expected. The lock is held. */
static bool stops_keeping_module(struct apc_thread *thread)
{
    bool stops = thread->expected == 0 && thread->depth == 0 && thread->keeps_module;
    if (stops) {
        thread->keeps_module = false;
    }
    return stops;
}

void apc_thread_unexpect(struct apc_thread *thread)
{
    os_lock_acquire(&echo_lock);
    thread->expected--;
    bool release = stops_keeping_module(thread);
    let_go(thread);
    os_lock_release(&echo_lock);
    if (release) {
        os_module_release(); /* the program that is calling us keeps it loaded */
    }
}

/* ---- Running routines ---- */

static void OS_CALLBACK drain_for_other(uintptr_t argument);
static void OS_CALLBACK drain_again(uintptr_t argument);

/* Queues an APC for a thread with routines that are ready. The caller has set queued_by_other, and has a reference. The
 * lock is not held. */
static void queue_drain(struct apc_thread *thread)
{
    if (!os_apc_queue(thread->handle, drain_for_other, (uintptr_t)thread)) {
        bool ended = os_thread_has_ended(thread->handle);
        os_lock_acquire(&echo_lock);
        thread->queued_by_other = false; /* if the thread lives, the worker tries again when it parks */
        if (ended) {
            bury(thread);
        }
        os_lock_release(&echo_lock);
    }
}

/* Runs the routine of a request on its thread. Recycles the request first: the routine may never return. */
static void run(struct request *request)
{
    struct notification notification = request->notification;
    struct echo_io_status io_status = request->io_status;
    request_finish(request);
    notification.routine(notification.context, &io_status, 0);
}

/* If a routine waits alertably, the others that are ready run inside that wait, as separate APCs would. */
static void queue_again(struct apc_thread *thread)
{
    if (!os_apc_queue(thread->handle, drain_again, (uintptr_t)thread)) {
        os_lock_acquire(&echo_lock);
        thread->queued_by_drain = false;
        os_lock_release(&echo_lock);
    }
}

/* Runs what is ready. The lock is held on entry, and released. */
static void drain(struct apc_thread *thread)
{
    struct request *request;
    thread->depth++;
    /* While another thread is queueing an APC, what is ready is left to that: it must not find nothing to do, nor come
     * when the DLL has gone. */
    while (!thread->queued_by_other && (request = request_list_take_first(&thread->ready)) != NULL) {
        bool more = thread->ready.first != NULL && !thread->queued_by_drain;
        thread->queued_by_drain = thread->queued_by_drain || more;
        thread->expected--;
        let_go(thread); /* its own reference is left */
        os_lock_release(&echo_lock);
        if (more) {
            queue_again(thread);
        }
        run(request);
        os_lock_acquire(&echo_lock);
    }
    thread->depth--;
    bool release = stops_keeping_module(thread);
    os_lock_release(&echo_lock);
    if (release) {
        os_module_release_after_apc();
    }
}

static void OS_CALLBACK drain_for_other(uintptr_t argument)
{
    struct apc_thread *thread = (struct apc_thread *)argument;
    os_lock_acquire(&echo_lock);
    thread->queued_by_other = false;
    drain(thread);
}

static void OS_CALLBACK drain_again(uintptr_t argument)
{
    struct apc_thread *thread = (struct apc_thread *)argument;
    os_lock_acquire(&echo_lock);
    thread->queued_by_drain = false;
    drain(thread);
}

bool apc_thread_lives(struct apc_thread *thread)
{
    bool ended = os_thread_has_ended(thread->handle);
    os_lock_acquire(&echo_lock);
    if (ended) {
        bury(thread);
    }
    bool lives = !thread->gone; /* one that is about to end is as good as ended */
    os_lock_release(&echo_lock);
    return lives;
}

/* Adds a request to what its thread has to run. True when an APC has to be queued for it, and the caller is the one to do
 * it; the thread has a reference more then. */
static bool make_ready(struct apc_thread *thread, struct request *request)
{
    os_lock_acquire(&echo_lock);
    request_list_append(&thread->ready, request);
    bool wants_apc = !thread->queued_by_other && !thread->queued_by_drain && !thread->gone;
    if (wants_apc) {
        thread->queued_by_other = true;
        thread->references++;
    } else if (thread->gone) {
        thread->references++;
        give_up_routines(thread);
        let_go(thread);
    }
    os_lock_release(&echo_lock);
    return wants_apc;
}

void apc_deliver(struct request_list *requests)
{
    struct apc_thread *first = NULL;
    struct apc_thread **end = &first;
    struct request *request;
    while ((request = request_list_take_first(requests)) != NULL) {
        struct apc_thread *thread = request->notification.thread;
        if (make_ready(thread, request)) {
            thread->next_to_tell = NULL;
            *end = thread;
            end = &thread->next_to_tell;
        }
    }
    /* Only now: a thread that waits begins to run its routines at once, and shall find all of them. */
    while (first != NULL) {
        struct apc_thread *thread = first;
        first = thread->next_to_tell;
        queue_drain(thread);
        os_lock_acquire(&echo_lock);
        let_go(thread);
        os_lock_release(&echo_lock);
    }
}

/* ---- The end of threads ---- */

void apc_thread_ends(void)
{
    struct apc_thread *thread = os_thread_value();
    if (thread != NULL) {
        os_thread_value_set(NULL);
        os_lock_acquire(&echo_lock);
        bury(thread);
        os_lock_release(&echo_lock);
    }
}

/* The next record behind `after` (NULL: the first) whose thread is to be looked at, with a reference; the
 * reference on `after` is dropped. The lock is held. */
static struct apc_thread *next_to_look_at(struct apc_thread *after, bool idle_too)
{
    struct apc_thread *thread = after != NULL ? after->next : threads;
    while (thread != NULL && (thread->gone || (!thread->keeps_module && !idle_too))) {
        thread = thread->next;
    }
    if (thread != NULL) {
        thread->references++;
    }
    if (after != NULL) {
        let_go(after);
    }
    return thread;
}

static void reclaim(bool idle_too)
{
    os_lock_acquire(&echo_lock);
    struct apc_thread *thread = next_to_look_at(NULL, idle_too);
    while (thread != NULL) {
        os_lock_release(&echo_lock);
        bool ended = os_thread_has_ended(thread->handle);
        os_lock_acquire(&echo_lock);
        if (ended) {
            bury(thread);
        } else if (thread->ready.first != NULL && !thread->queued_by_other && !thread->queued_by_drain) {
            /* Its APC could not be queued, for want of memory perhaps. */
            thread->queued_by_other = true;
            os_lock_release(&echo_lock);
            queue_drain(thread);
            os_lock_acquire(&echo_lock);
        }
        thread = next_to_look_at(thread, idle_too);
    }
    reclaim_at = thread_count * 2 > 64 ? thread_count * 2 : 64;
    os_lock_release(&echo_lock);
}

void apc_reclaim(void)
{
    reclaim(false);
}

void apc_abandon(void)
{
    while (threads != NULL) {
        threads->references = 1;
        let_go(threads);
    }
}
