/*
 * The pending table and the keys of requests.
 */
#include "echo/pending.h"

/* Keys are identifier << 16 | sequence. They are counted through, starting anywhere, over the life of the
 * process, so that a late reply finds another request under its key only after four thousand million others. */
static uint32_t next_key;

static uint32_t key_take(const struct engine *engine)
{
    static bool started;
    static uint32_t first_identifier;
    if (!started) {
        started = true;
        next_key = os_random();
        first_identifier = next_key & 0xffff0000;
    }
    uint32_t key = next_key++;
    /* Where the identifier is not ours to choose, 65,536 sequences are all there is. */
    return engine->transport->rewrites_identifier ? first_identifier | (key & 0xffff) : key;
}

bool pending_insert(struct engine *engine, struct request *request)
{
    if (engine->transport->rewrites_identifier && engine->pending.count > UINT16_MAX) {
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
    if (request->receives) {
        engine->receiving++;
    }
    return true;
}

void pending_remove(struct engine *engine, struct request *request)
{
    table_remove(&engine->pending, &request->entry);
    deadline_remove(&engine->deadlines, &request->deadline);
    if (request->receives) {
        engine->receiving--;
    }
}

struct request *pending_find(struct engine *engine, uint16_t identifier, uint16_t sequence)
{
    struct request *any = pending_any(engine);
    if (any == NULL) {
        return NULL;
    }
    if (engine->transport->rewrites_identifier) {
        identifier = pending_identifier(any); /* they all have the same, and the answer has the system's */
    }
    return (struct request *)table_find(&engine->pending, (uint32_t)identifier << 16 | sequence);
}

struct request *pending_any(struct engine *engine)
{
    struct deadline *first = deadline_first(&engine->deadlines);
    return first != NULL ? request_of_deadline(first) : NULL;
}

uint16_t pending_identifier(const struct request *request)
{
    return (uint16_t)(request->entry.key >> 16);
}

uint16_t pending_sequence(const struct request *request)
{
    return (uint16_t)request->entry.key;
}
