/*
 * The table of sessions by handle value, and the mark by which our kernel objects are told from others.
 *
 * A look-up that finds the value in the table asks the kernel nothing: that would cost more than the rest of
 * a request. So a handle that was closed with CloseHandle goes on working until its value turns up again,
 * which harms nobody; only closing makes sure, because it would close another object.
 */
#include "echo/session.h"

#include "os/win32_types.h"

#define PURGE_MIN 64

struct session {
    struct table_entry entry; /* first: an entry is a session; the key is the handle */
    struct engine *engine;
    uint64_t number; /* counted from the first */
};

/* Guarded by echo_lock. */
static struct table sessions;
static uint64_t opened;
static size_t purge_at = PURGE_MIN; /* when to look for closed ones: from this many sessions on */
static uint32_t mark;               /* 0: not chosen yet */

static uint32_t own_mark(void)
{
    os_lock_acquire(&echo_lock);
    if (mark == 0) {
        mark = (os_random() & INT32_MAX) | 0x10000; /* no maximum count that anybody else would ask for */
    }
    uint32_t chosen = mark;
    os_lock_release(&echo_lock);
    return chosen;
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
    if (session != NULL) {
        engine_release(session->engine);
        os_free(session);
    }
}

/* Frees the sessions whose handles programs have closed with CloseHandle. Asks the kernel about each of them,
 * so it is done only when their number has doubled. */
static void purge_closed(void)
{
    os_lock_acquire(&echo_lock);
    size_t count = sessions.count;
    uint64_t *handles = count >= purge_at ? os_alloc(count * sizeof(*handles)) : NULL;
    if (handles != NULL) {
        count = table_keys(&sessions, handles, count);
        purge_at = count * 2;
    }
    uint64_t newest = opened; /* a value may come again meanwhile, as that of a newer session */
    os_lock_release(&echo_lock);

    for (size_t i = 0; handles != NULL && i < count; i++) {
        if (os_token_identify((os_handle)handles[i], mark) != OS_TOKEN_OURS) {
            os_lock_acquire(&echo_lock);
            struct session *closed = (struct session *)table_find(&sessions, handles[i]);
            if (closed != NULL && closed->number <= newest) {
                table_remove(&sessions, &closed->entry);
            } else {
                closed = NULL;
            }
            os_lock_release(&echo_lock);
            session_free(closed);
        }
    }
    if (handles != NULL) {
        os_lock_acquire(&echo_lock);
        purge_at = sessions.count < PURGE_MIN / 2 ? PURGE_MIN : sessions.count * 2;
        os_lock_release(&echo_lock);
    }
    os_free(handles);
}

uint32_t session_open(os_handle *handle)
{
    struct session *session = os_alloc(sizeof(*session));
    if (session == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    uint32_t error = engine_acquire(&session->engine);
    if (error != 0) {
        goto cleanup_session;
    }
    error = ERROR_NOT_ENOUGH_MEMORY;
    *handle = os_token_open(own_mark());
    if (*handle == 0) {
        goto cleanup_engine;
    }
    session->entry.key = *handle;
    os_lock_acquire(&echo_lock);
    /* A session under the same value was closed with CloseHandle. */
    struct session *stale = take_out(*handle);
    session->number = ++opened;
    bool inserted = table_insert(&sessions, &session->entry);
    os_lock_release(&echo_lock);
    session_free(stale);
    if (!inserted) {
        goto cleanup_token;
    }
    purge_closed();
    return 0;

cleanup_token:
    os_token_close(*handle);
cleanup_engine:
    engine_release(session->engine);
cleanup_session:
    os_free(session);
    return error;
}

uint32_t session_close(os_handle handle)
{
    /* Out of the table before it is closed: the next handle of another thread may have the same value. */
    enum os_token token = os_token_identify(handle, own_mark());
    os_lock_acquire(&echo_lock);
    struct session *session = take_out(handle);
    os_lock_release(&echo_lock);
    if (token == OS_TOKEN_OURS) {
        os_token_close(handle);
    }
    session_free(session);
    return token == OS_TOKEN_OURS ? 0 : ERROR_INVALID_HANDLE;
}

uint32_t session_acquire(os_handle handle, struct engine **engine)
{
    os_lock_acquire(&echo_lock);
    struct session *session = (struct session *)table_find(&sessions, handle);
    if (session != NULL) {
        *engine = session->engine;
        engine_add_user(*engine);
    }
    os_lock_release(&echo_lock);
    if (session != NULL) {
        return 0;
    }
    switch (os_token_identify(handle, own_mark())) {
    case OS_TOKEN_OURS:
        return engine_acquire(engine); /* a duplicate */
    case OS_TOKEN_FOREIGN:
        return ERROR_INVALID_PARAMETER;
    default:
        return ERROR_INVALID_HANDLE;
    }
}

static void forget(struct table_entry *entry)
{
    os_free(entry);
}

void session_abandon(void)
{
    table_clear(&sessions, forget);
}
