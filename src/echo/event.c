/*
 * Keeps our handles of the program's events, and finds out when a handle value means another event than
 * before.
 */
#include "echo/event.h"

#include "echo/engine.h"
#include "os/win32_types.h"
#include "trace/trace.h"

/* How many events are kept that nobody uses, and for how long: what is kept cannot go away when the program
 * closes it. */
#define IDLE_MAX 256
#define IDLE_NS  (100 * OS_NS_PER_MS)

/* An event is used on trust only when its handle was looked at within this time, and is looked at again this
 * long afterwards. */
#define TRUST_NS (2 * OS_NS_PER_MS)
#define DOUBT_NS (10 * OS_NS_PER_MS)

/* How often the worker has to have found the program's handle still open, with requests outstanding, before
 * the event is used on trust. */
#define PROOFS 16

struct event {
    struct table_entry entry; /* first: an entry is an event; the key is the program's handle, set once */
    struct event *previous;   /* in `list`: */
    struct event *next;
    struct event_list *list; /* idle, doubtful, or NULL: none */
    uint64_t listed_ns;      /* since when it is in there */

    os_handle own;    /* our handle; not guarded: set once */
    os_handle other;  /* of the event that uses on trust may have meant instead; 0: none */
    size_t users;     /* requests, and threads that look at it */
    bool known;       /* in the table: the program's handle may still mean this event */
    uint64_t sets;    /* how often we have set it, or nearly */
    uint64_t cleared; /* what `sets` was before it was cleared last */

    uint64_t trusted;    /* how often it was used on trust */
    uint64_t confirmed;  /* so many of these times it was looked at later, and was the right one */
    uint64_t looked_ns;  /* when the program's handle was looked at last; 0: not since it was idle */
    unsigned int proofs; /* how often the worker has found that open with requests outstanding */

    /* In the worker's batch. Not guarded: the worker's own. */
    struct event *next_in_batch;
    size_t batch_uses;    /* 0: it is in none */
    uint64_t batch_trust; /* the last of the uses on trust that end with it */
};

/* ---- Lists: the lock is held ---- */

static void list_append(struct event_list *list, struct event *event)
{
    event->list = list;
    event->listed_ns = os_now_ns();
    event->next = NULL;
    event->previous = list->last;
    *(list->last != NULL ? &list->last->next : &list->first) = event;
    list->last = event;
    list->count++;
}

/* Takes it out of the list that it is in, if any. */
static void list_remove(struct event *event)
{
    struct event_list *list = event->list;
    if (list == NULL) {
        return;
    }
    *(event->previous != NULL ? &event->previous->next : &list->first) = event->next;
    *(event->next != NULL ? &event->next->previous : &list->last) = event->previous;
    list->count--;
    event->list = NULL;
}

/* ---- The end of events ---- */

/* Nobody can come to use it any more. NULL is none. The lock is not held. */
static void event_free(struct event *event)
{
    if (event == NULL) {
        return;
    }
    os_handle_close(event->own);
    if (event->other != 0) {
        os_handle_close(event->other);
    }
    os_free(event);
}

/* The lock is held. */
static void forget(struct engine *engine, struct event *event)
{
    list_remove(event);
    if (event->known) {
        table_remove(&engine->events.table, &event->entry);
        event->known = false;
    }
}

/* Ends uses. When they were the last, the event is kept if `keep`, or goes. Returns one to free, or NULL. The
 * lock is held. */
static struct event *end_uses(struct engine *engine, struct event *event, size_t uses, bool keep)
{
    event->users -= uses;
    if (event->users > 0) {
        return NULL;
    }
    event->confirmed = event->trusted; /* what is over raises no doubts */
    event->looked_ns = 0;
    list_remove(event);
    if (event->known && keep) {
        list_append(&engine->events.idle, event);
        if (engine->events.idle.count <= IDLE_MAX) {
            return NULL;
        }
        event = engine->events.idle.first;
    }
    forget(engine, event);
    return event;
}

/* ---- What the program's handle means ---- */

/* The program's handle does not mean this event any more. The caller is one of its users. The lock is not
 * held. */
static void disown(struct engine *engine, struct event *event)
{
    os_handle other = 0;
    os_lock_acquire(&echo_lock);
    if (event->known && event->trusted > event->confirmed) {
        /* Uses on trust may have meant what the handle means now. */
        os_lock_release(&echo_lock);
        os_event_duplicate((os_handle)event->entry.key, &other);
        os_lock_acquire(&echo_lock);
    }
    bool known = event->known;
    bool in_use = known && (event->users > 1 || event->trusted > event->confirmed);
    if (known) {
        forget(engine, event);
        event->other = other;
        engine->events.distrusted = engine->events.distrusted || in_use;
    }
    os_lock_release(&echo_lock);
    if (!known && other != 0) {
        os_handle_close(other); /* another thread has found out, too */
    }
    if (in_use) {
        trace("event %#lx was closed while requests were outstanding", (unsigned long)event->entry.key);
    }
}

/* Whether the program's handle still means this event; if not, the event is disowned. The caller is one of
 * its users. The lock is not held. */
static bool still_means(struct engine *engine, struct event *event)
{
    os_lock_acquire(&echo_lock);
    uint64_t trusted = event->trusted;
    uint64_t looked_ns = os_now_ns();
    os_lock_release(&echo_lock);
    if (!os_event_same((os_handle)event->entry.key, event->own)) {
        disown(engine, event);
        return false;
    }
    os_lock_acquire(&echo_lock);
    event->confirmed = trusted;
    event->looked_ns = looked_ns;
    list_remove(event);
    if (event->known && event->trusted > trusted) {
        list_append(&engine->events.doubtful, event);
    }
    os_lock_release(&echo_lock);
    return true;
}

/* ---- Uses ---- */

/* Whether a request may use the event without a look at the handle. The lock is held. */
static bool is_trusted(const struct engine *engine, const struct event *event)
{
    return event->proofs >= PROOFS && !engine->events.distrusted && os_now_ns() - event->looked_ns < TRUST_NS;
}

/* What is left to do before a request may use an event that is known. */
struct precautions {
    bool look;  /* at the handle */
    bool clear; /* the event */
    uint64_t sets;
};

/* Uses the event that is known by this handle. False when there is none. The lock is not held. */
static bool use_known(struct engine *engine, os_handle handle, struct event_use *use,
                      struct precautions *precautions)
{
    os_lock_acquire(&echo_lock);
    struct event *event = (struct event *)table_find(&engine->events.table, handle);
    if (event != NULL) {
        if (event->users++ == 0) {
            list_remove(
                event); /* it was idle: that it is to be looked at and cleared follows from the rest */
        }
        precautions->look = !is_trusted(engine, event);
        precautions->clear = event->sets > event->cleared;
        precautions->sets = event->sets;
        *use = (struct event_use){.event = event};
        if (!precautions->look) {
            use->trust = ++event->trusted;
            if (event->list == NULL) {
                list_append(&engine->events.doubtful, event);
            }
        }
    }
    os_lock_release(&echo_lock);
    return event != NULL;
}

/* Does that. False when the handle does not mean this event any more. The lock is not held. */
static bool take_precautions(struct engine *engine, struct event *event,
                             const struct precautions *precautions)
{
    if (precautions->look && !still_means(engine, event)) {
        return false;
    }
    if (!precautions->clear) {
        return true;
    }
    if (os_event_reset((os_handle)event->entry.key) != 0) {
        disown(engine, event);
        return false;
    }
    os_lock_acquire(&echo_lock);
    if (event->cleared < precautions->sets) {
        event->cleared = precautions->sets;
    }
    os_lock_release(&echo_lock);
    return true;
}

/* Uses an event that may have become known in the meantime, by a handle of its own. The lock is not held. */
static uint32_t use_new(struct engine *engine, os_handle handle, struct event_use *use)
{
    struct event *event = os_alloc(sizeof(*event));
    if (event == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    uint32_t error = os_event_duplicate(handle, &event->own);
    if (error != 0) {
        goto cleanup_memory;
    }
    error = os_event_reset(event->own);
    if (error != 0) {
        goto cleanup_handle;
    }
    event->entry.key = handle;
    event->users = 1;
    *use = (struct event_use){.event = event};
    os_lock_acquire(&echo_lock);
    event->known = os_events_comparable() && table_find(&engine->events.table, handle) == NULL &&
                   table_insert(&engine->events.table, &event->entry);
    os_lock_release(&echo_lock);
    return 0;

cleanup_handle:
    os_handle_close(event->own);
cleanup_memory:
    os_free(event);
    return error;
}

uint32_t event_open(struct engine *engine, os_handle handle, struct event_use *use)
{
    struct precautions precautions;
    if (use_known(engine, handle, use, &precautions)) {
        if (take_precautions(engine, use->event, &precautions)) {
            return 0;
        }
        event_close(engine, use);
    }
    return use_new(engine, handle, use);
}

void event_close(struct engine *engine, const struct event_use *use)
{
    os_lock_acquire(&echo_lock);
    /* Not kept, for there may be no worker to close it later. */
    struct event *last = end_uses(engine, use->event, 1, false);
    os_lock_release(&echo_lock);
    event_free(last);
}

/* ---- The worker ---- */

void event_batch_add(struct event_batch *batch, const struct event_use *use)
{
    struct event *event = use->event;
    if (event->batch_uses++ == 0) {
        event->next_in_batch = NULL;
        *(batch->first != NULL ? &batch->last->next_in_batch : &batch->first) = event;
        batch->last = event;
        event->batch_trust = 0;
    }
    if (use->trust > event->batch_trust) {
        event->batch_trust = use->trust;
    }
}

bool event_batch_is_shared(const struct event_batch *batch)
{
    for (const struct event *event = batch->first; event != NULL; event = event->next_in_batch) {
        if (event->users <= event->batch_uses) {
            return false;
        }
    }
    return true;
}

/* Whether one of the batch's uses on trust may have meant another event. The lock is held. */
static bool is_doubtful(const struct event *event)
{
    return event->batch_trust > event->confirmed;
}

/* Whether a look at the handle tells if the program keeps it open while requests are outstanding. Not on
 * Windows itself, where a system call costs next to nothing, and where it may be held against a process that
 * somebody looks at a handle after it was closed (strict handle checks). The lock is held. */
static bool wants_proof(const struct engine *engine, const struct event *event)
{
    return os_calls_are_slow() && event->known && event->users > event->batch_uses &&
           event->proofs < PROOFS && !engine->events.distrusted;
}

/* Looks at the handle before the event is set, if that is worth while. The lock is not held. */
static void look_before_set(struct engine *engine, struct event *event)
{
    os_lock_acquire(&echo_lock);
    bool prove = wants_proof(engine, event);
    bool look = prove || (event->known && is_doubtful(event));
    os_lock_release(&echo_lock);
    if (look && still_means(engine, event) && prove) {
        os_lock_acquire(&echo_lock);
        event->proofs++;
        os_lock_release(&echo_lock);
    }
}

static void batch_set_one(struct engine *engine, struct event *event)
{
    look_before_set(engine, event);
    os_lock_acquire(&echo_lock);
    event->sets++; /* before it is set, for a thread that is woken and sends again */
    os_handle other = is_doubtful(event) ? event->other : 0;
    os_lock_release(&echo_lock);

    os_event_set(event->own);
    if (other != 0) {
        os_event_set(other);
    }

    os_lock_acquire(&echo_lock);
    event->sets++; /* and afterwards, for a thread that has cleared it in between */
    size_t uses = event->batch_uses;
    event->batch_uses = 0;
    struct event *last = end_uses(engine, event, uses, true);
    os_lock_release(&echo_lock);
    event_free(last);
}

void event_batch_set(struct engine *engine, const struct event_batch *batch)
{
    struct event *event = batch->first;
    while (event != NULL) {
        struct event *next = event->next_in_batch;
        batch_set_one(engine, event);
        event = next;
    }
}

static uint64_t due_ns(const struct event_list *list, uint64_t after_ns)
{
    return list->first != NULL ? list->first->listed_ns + after_ns : OS_NEVER;
}

uint64_t event_due_ns(const struct engine *engine)
{
    uint64_t idle_ns = due_ns(&engine->events.idle, IDLE_NS);
    uint64_t doubtful_ns = due_ns(&engine->events.doubtful, DOUBT_NS);
    return idle_ns < doubtful_ns ? idle_ns : doubtful_ns;
}

/* Closes those that nobody has used since `until_ns`. The lock is held, but released meanwhile. */
static void close_idle(struct engine *engine, uint64_t until_ns)
{
    struct event *event;
    while ((event = engine->events.idle.first) != NULL && event->listed_ns <= until_ns) {
        forget(engine, event);
        os_lock_release(&echo_lock);
        event_free(event);
        os_lock_acquire(&echo_lock);
    }
}

/* Looks at the handles that were used on trust and not looked at since `until_ns`. The lock is held, but
 * released meanwhile. */
static void look_at_doubtful(struct engine *engine, uint64_t until_ns)
{
    struct event *event;
    while ((event = engine->events.doubtful.first) != NULL && event->listed_ns <= until_ns) {
        event->users++;
        os_lock_release(&echo_lock);
        still_means(engine, event);
        os_lock_acquire(&echo_lock);
        struct event *last = end_uses(engine, event, 1, true);
        os_lock_release(&echo_lock);
        event_free(last);
        os_lock_acquire(&echo_lock);
    }
}

void event_tend(struct engine *engine)
{
    if (event_due_ns(engine) == OS_NEVER) {
        return;
    }
    uint64_t now_ns = os_now_ns();
    close_idle(engine, now_ns - IDLE_NS);
    look_at_doubtful(engine, now_ns - DOUBT_NS);
}

static void entry_free(struct table_entry *entry)
{
    event_free((struct event *)entry);
}

void event_close_all(struct engine *engine)
{
    table_clear(&engine->events.table, entry_free);
}
