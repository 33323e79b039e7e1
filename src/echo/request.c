/*
 * Makes and recycles requests.
 */
#include "echo/request.h"

#include "echo/pending.h"

struct request *request_new(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    struct request *request = engine->free_requests;
    if (request != NULL) {
        engine->free_requests = request->next_free;
    }
    os_lock_release(&echo_lock);
    if (request == NULL) {
        return os_alloc(sizeof(*request));
    }
    *request = (struct request){0};
    return request;
}

void request_recycle(struct engine *engine, struct request *request)
{
    os_free(request->copy);
    request->copy = NULL;
    request->next_free = engine->free_requests;
    engine->free_requests = request;
}

void request_free_all(struct engine *engine)
{
    /* Those of threads that were terminated in mid-call are still in the pending table, or lost if they had
     * been given up before. */
    struct request *request;
    while ((request = pending_any(engine)) != NULL) {
        pending_remove(engine, request);
        request_recycle(engine, request);
    }
    while ((request = engine->free_requests) != NULL) {
        engine->free_requests = request->next_free;
        os_free(request);
    }
}

struct request *request_of_deadline(struct deadline *deadline)
{
    return (struct request *)(void *)((char *)deadline - offsetof(struct request, deadline));
}
