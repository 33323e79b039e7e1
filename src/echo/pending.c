/*
 * The pending table.
 */
#include "echo/pending.h"

#include "echo/identifier.h"

/* Gives the request the next key that no outstanding request has. False when every key is taken. */
static bool take_key(struct engine *engine, struct request *request)
{
    bool own = listener_is_own(request->listener);
    if (!own && engine->pending.count >= identifier_capacity(engine)) {
        return false;
    }
    do {
        request->entry.key = own ? listener_next_key(request->listener) : identifier_next_key(engine);
    } while (table_find(&engine->pending, request->entry.key) != NULL);
    return true;
}

bool pending_insert(struct engine *engine, struct request *request)
{
    if (!take_key(engine, request)) {
        return false;
    }
    if (!table_insert(&engine->pending, &request->entry)) {
        return false;
    }
    if (!deadline_insert(&engine->deadlines, &request->deadline)) {
        table_remove(&engine->pending, &request->entry);
        return false;
    }
    request->state = REQUEST_OUTSTANDING;
    engine->relying += request->relies;
    engine->probing += request->is_probe;
    if (engine->gathering && engine->probing < engine->relying) {
        os_condition_wake(&engine->worker_changed);
    }
    return true;
}

void pending_remove(struct engine *engine, struct request *request)
{
    table_remove(&engine->pending, &request->entry);
    deadline_remove(&engine->deadlines, &request->deadline);
    engine->relying -= request->relies;
    engine->probing -= request->is_probe;
}

bool pending_has(const struct request *request)
{
    return request->deadline.position != 0;
}

struct request *pending_find(struct engine *engine, uint32_t key)
{
    return (struct request *)table_find(&engine->pending, key);
}

struct request *pending_match(struct engine *engine, uint32_t key)
{
    return pending_find(engine, engine->transport->rewrites_identifier
                                    ? key_of(IDENTIFIER_REWRITTEN, key_sequence(key))
                                    : key);
}

struct request *pending_first_due(struct engine *engine)
{
    struct deadline *first = deadline_first(&engine->deadlines);
    return first != NULL ? request_of_deadline(first) : NULL;
}

uint32_t pending_key(const struct request *request)
{
    return (uint32_t)request->entry.key;
}
