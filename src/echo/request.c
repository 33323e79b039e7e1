/*
 * Makes and recycles requests, and keeps them in lists.
 */
#include "echo/request.h"

#include "echo/pending.h"

void request_list_append(struct request_list *list, struct request *request)
{
    request->next = NULL;
    if (list->first == NULL) {
        list->first = request;
    } else {
        list->last->next = request;
    }
    list->last = request;
}

struct request *request_list_take_first(struct request_list *list)
{
    struct request *request = list->first;
    if (request != NULL) {
        list->first = request->next;
    }
    return request;
}

struct request *request_new(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    struct request *request = engine->free_requests;
    if (request != NULL) {
        engine->free_requests = request->next;
    }
    os_lock_release(&echo_lock);
    if (request == NULL) {
        request = os_alloc(sizeof(*request));
        if (request == NULL) {
            return NULL;
        }
    }
    *request = (struct request){.engine = engine};
    return request;
}

void request_recycle(struct engine *engine, struct request *request)
{
    os_free(request->copy);
    collection_free(request->collection); /* which takes too long for the lock */
    os_lock_acquire(&echo_lock);
    if (request->listener != NULL) {
        listener_give_back(engine, request->listener);
    }
    request->next = engine->free_requests;
    engine->free_requests = request;
    os_lock_release(&echo_lock);
}

void request_finish(struct request *request)
{
    struct engine *engine = request->engine;
    request_recycle(engine, request);
    engine_release(engine);
}

void request_free_all(struct engine *engine)
{
    /* Those of threads that were terminated in mid-call are still in the pending table, or lost if they had
     * been given up before. */
    struct request *request;
    while ((request = pending_first_due(engine)) != NULL) {
        pending_remove(engine, request);
        request_recycle(engine, request);
    }
    while ((request = engine->free_requests) != NULL) {
        engine->free_requests = request->next;
        os_free(request);
    }
}

struct request *request_of_deadline(struct deadline *deadline)
{
    return (struct request *)(void *)((char *)deadline - offsetof(struct request, deadline));
}
