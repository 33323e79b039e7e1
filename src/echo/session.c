/*
 * The table of sessions by handle value, and the marks by which our kernel objects are told from others,
 * those for IPv6 from those for IPv4, and those of sessions without an engine from the rest.
 *
 * A look-up that finds the value in the table asks the kernel nothing: that would cost more than the rest
 * of a request. So a handle that was closed with CloseHandle goes on working until its value turns up
 * again, which harms nobody; only closing makes sure, because it would close another object.
 */
#include "echo/session.h"

#include "os/win32_types.h"
#include "trace/trace.h"

struct session {
    struct table_entry entry; /* first: an entry is a session; the key is the handle */
    struct engine *engine;    /* or NULL */
    enum ip_family family;
    uint64_t number; /* no other session of this process has it */
};

/* Guarded by echo_lock. */
static struct table sessions;
#define PURGE_MIN 64
static size_t purge_at =
    PURGE_MIN; /* from this many sessions on, it is worth while to look for closed ones */
static uint64_t next_number;
static uint32_t mark; /* of the objects of kind 0, a multiple of KINDS; 0: not chosen yet */

/* Kinds of sessions: IPv6 or not, without an engine or not. A duplicate has nothing else to be known by. */
#define KIND_V6             1
#define KIND_WITHOUT_ENGINE 2
#define KINDS               4

static uint32_t kind_of(enum ip_family family, bool has_engine)
{
    return (family == IP_FAMILY_V6 ? KIND_V6 : 0) | (has_engine ? 0 : KIND_WITHOUT_ENGINE);
}

static uint32_t own_mark(uint32_t kind)
{
    os_lock_acquire(&echo_lock);
    if (mark == 0) {
        /* no maximum count that anybody else would ask for */
        mark = (os_random() & (INT32_MAX - (KINDS - 1))) | 0x10000;
    }
    uint32_t chosen = mark;
    os_lock_release(&echo_lock);
    return chosen | kind;
}

/* Whether the handle is of one of our objects, of any kind. */
static bool is_ours(os_handle handle)
{
    enum os_token token = OS_TOKEN_FOREIGN;
    for (uint32_t kind = 0; token == OS_TOKEN_FOREIGN && kind < KINDS; kind++) {
        token = os_token_identify(handle, own_mark(kind));
    }
    return token == OS_TOKEN_OURS;
}

/* Takes a session out of the table. The lock is held; NULL when there is none with that handle. */
static struct session *take_out(os_handle handle)
{
    struct table_entry *entry = table_find(&sessions, handle);
    if (entry != NULL) {
        table_remove(&sessions, entry);
    }
    return (struct session *)entry;
}

static void session_free(struct session *session)
{
    if (session == NULL) {
        return;
    }
    if (session->engine != NULL) {
        engine_release(session->engine);
    }
    os_free(session);
}

/* What has to be known of a session to find it again, when it may have been freed meanwhile and its handle's
 * value may have come again. */
struct session_reference {
    os_handle handle;
    uint64_t number;
};

struct session_references {
    struct session_reference *items;
    size_t count;
};

static void refer_to(struct table_entry *entry, void *context)
{
    struct session_references *references = context;
    references->items[references->count++] =
        (struct session_reference){(os_handle)entry->key, ((struct session *)entry)->number};
}

/* All sessions, if they are enough to look for closed ones among them; otherwise none. Free the items. */
static struct session_references references_take(void)
{
    struct session_references references = {0};
    os_lock_acquire(&echo_lock);
    if (sessions.count >= purge_at) {
        references.items = os_alloc(sessions.count * sizeof(*references.items));
    }
    if (references.items != NULL) {
        table_visit(&sessions, refer_to, &references);
    }
    os_lock_release(&echo_lock);
    return references;
}

static void free_if_still_there(const struct session_reference *reference)
{
    os_lock_acquire(&echo_lock);
    struct session *session = (struct session *)table_find(&sessions, reference->handle);
    if (session != NULL && session->number == reference->number) {
        table_remove(&sessions, &session->entry);
    } else {
        session = NULL;
    }
    os_lock_release(&echo_lock);
    session_free(session);
}

/* Frees the sessions whose handles programs have closed with CloseHandle. It asks the kernel about each
 * session, so it does so only when their number has doubled. */
static void purge_closed(void)
{
    struct session_references references = references_take();
    for (size_t i = 0; i < references.count; i++) {
        if (!is_ours(references.items[i].handle)) {
            free_if_still_there(&references.items[i]);
        }
    }
    if (references.items != NULL) {
        os_free(references.items);
        os_lock_acquire(&echo_lock);
        purge_at = sessions.count > PURGE_MIN / 2 ? sessions.count * 2 : PURGE_MIN;
        os_lock_release(&echo_lock);
    }
}

/* Becomes a user of the current engine, or of a new one, if that can carry the family. 0 or the error. */
static uint32_t acquire_engine(enum ip_family family, struct engine **engine)
{
    uint32_t error = engine_acquire(engine);
    if (error != 0) {
        return error;
    }
    const struct transport *transport = (*engine)->transport;
    if (family == IP_FAMILY_V6 ? transport->has_ipv6 : transport->has_ipv4) {
        return 0;
    }
    trace("no IPv%d: transport %s cannot carry it", family, transport->name);
    engine_release(*engine);
    return ERROR_NOT_SUPPORTED;
}

/* Adds a session and gives its handle. It takes over the caller's use of the engine, unless this fails. */
static uint32_t add(enum ip_family family, struct engine *engine, os_handle *handle)
{
    struct session *session = os_alloc(sizeof(*session));
    if (session == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    session->family = family;
    session->engine = engine;
    *handle = os_token_open(own_mark(kind_of(family, engine != NULL)));
    if (*handle == 0) {
        goto cleanup_session;
    }
    session->entry.key = *handle;
    os_lock_acquire(&echo_lock);
    /* A session under the same value was closed with CloseHandle. */
    struct session *stale = take_out(*handle);
    session->number = next_number++;
    bool inserted = table_insert(&sessions, &session->entry);
    os_lock_release(&echo_lock);
    session_free(stale);
    if (!inserted) {
        goto cleanup_token;
    }
    purge_closed();
    return 0;

cleanup_token:
    os_handle_close(*handle);
cleanup_session:
    os_free(session);
    return ERROR_NOT_ENOUGH_MEMORY;
}

uint32_t session_open(enum ip_family family, os_handle *handle)
{
    struct engine *engine;
    uint32_t error = acquire_engine(family, &engine);
    if (error != 0) {
        return error;
    }
    error = add(family, engine, handle);
    if (error != 0) {
        engine_release(engine);
    }
    return error;
}

uint32_t session_open_without_engine(enum ip_family family, os_handle *handle)
{
    return add(family, NULL, handle);
}

uint32_t session_close(os_handle handle)
{
    /* Out of the table before it is closed: the next handle of another thread may have the same value. */
    bool ours = is_ours(handle);
    os_lock_acquire(&echo_lock);
    struct session *session = take_out(handle);
    os_lock_release(&echo_lock);
    if (ours) {
        os_handle_close(handle);
    }
    session_free(session);
    return ours ? 0 : ERROR_INVALID_HANDLE;
}

/* What session_acquire does with a handle that is not in the table for that family. */
static uint32_t acquire_duplicate(os_handle handle, enum ip_family family, struct engine **engine)
{
    enum os_token token = os_token_identify(handle, own_mark(kind_of(family, true)));
    if (token == OS_TOKEN_OURS) {
        return acquire_engine(family, engine);
    }
    if (token == OS_TOKEN_FOREIGN) {
        token = os_token_identify(handle, own_mark(kind_of(family, false)));
    }
    *engine = NULL;
    switch (token) {
    case OS_TOKEN_OURS:
        return 0;
    case OS_TOKEN_FOREIGN:
        return ERROR_INVALID_PARAMETER;
    default:
        return ERROR_INVALID_HANDLE;
    }
}

uint32_t session_acquire(os_handle handle, enum ip_family family, struct engine **engine)
{
    os_lock_acquire(&echo_lock);
    struct session *session = (struct session *)table_find(&sessions, handle);
    bool found = session != NULL && session->family == family;
    if (found) {
        *engine = session->engine;
        if (*engine != NULL) {
            engine_add_user(*engine);
        }
    }
    os_lock_release(&echo_lock);
    return found ? 0 : acquire_duplicate(handle, family, engine);
}

static void forget(struct table_entry *entry)
{
    os_free(entry);
}

void session_abandon(void)
{
    table_clear(&sessions, forget);
}
