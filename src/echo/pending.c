/*
 * The pending table and the keys of requests.
 */
#include "echo/pending.h"

/* Where the identifier is not ours to choose, all keys have this one, and there are 65,536 of them. */
#define REWRITTEN_IDENTIFIER 1
#define REWRITTEN_KEYS       65536

/* Keys are counted through, starting anywhere, over the life of the process, so that a late reply finds
 * another request under its key only after four thousand million others. The lock is held. */
static uint32_t key_take(const struct engine *engine)
{
    static bool started;
    static uint32_t next;
    if (!started) {
        started = true;
        next = os_random();
    }
    uint32_t key = next++;
    return engine->transport->rewrites_identifier ? key_of(REWRITTEN_IDENTIFIER, key_sequence(key)) : key;
}

bool pending_insert(struct engine *engine, struct request *request)
{
    if (engine->transport->rewrites_identifier && engine->pending.count >= REWRITTEN_KEYS) {
        return false;
    }
    do {
        request->entry.key = key_take(engine);
    } while (table_find(&engine->pending, request->entry.key) != NULL);

    if (!table_insert(&engine->pending, &request->entry)) {
        return false;
    }
    if (!deadline_insert(&engine->deadlines, &request->deadline)) {
        table_remove(&engine->pending, &request->entry);
        return false;
    }
    request->state = REQUEST_OUTSTANDING;
    engine->relying += request->relies;
    return true;
}

void pending_remove(struct engine *engine, struct request *request)
{
    table_remove(&engine->pending, &request->entry);
    deadline_remove(&engine->deadlines, &request->deadline);
    engine->relying -= request->relies;
}

struct request *pending_find(struct engine *engine, uint32_t key)
{
    return (struct request *)table_find(&engine->pending, key);
}

struct request *pending_match(struct engine *engine, uint32_t key)
{
    return pending_find(engine, engine->transport->rewrites_identifier
                                    ? key_of(REWRITTEN_IDENTIFIER, key_sequence(key))
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
