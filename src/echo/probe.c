/*
 * Keeps probes, and reads their results off them.
 */
#include "echo/probe.h"

#include <string.h>

bool probe_pool_open(struct probe_pool *pool, size_t capacity)
{
    *pool = (struct probe_pool){.capacity = capacity};
    pool->probes = os_alloc(capacity * sizeof(*pool->probes));
    return pool->probes != NULL;
}

/* Frees what it holds. */
static void let_go(struct probe *probe)
{
    if (probe->data != probe->short_data) {
        os_free(probe->data);
    }
    probe->data = NULL;
    os_free(probe->request.copy);
    probe->request.copy = NULL;
}

void probe_pool_close(struct probe_pool *pool)
{
    for (size_t i = 0; i < pool->touched; i++) {
        let_go(&pool->probes[i]);
    }
    os_free(pool->probes);
}

struct probe *probe_take(struct probe_pool *pool)
{
    struct request *request = request_list_take_first(&pool->free);
    if (request == NULL && pool->touched < pool->capacity) {
        request = &pool->probes[pool->touched++].request;
    }
    if (request == NULL) {
        return NULL;
    }
    struct probe *probe = probe_of(request);
    probe->request = (struct request){.asynchronous = true, .is_probe = true, .relies = true};
    return probe;
}

void probe_give_back(struct probe_pool *pool, struct probe *probe)
{
    request_list_append(&pool->free, &probe->request);
}

struct probe *probe_of(struct request *request)
{
    return (struct probe *)(void *)request;
}

bool probe_keep_data(struct probe *probe, const struct echo_call *call)
{
    probe->data =
        call->data_bytes <= sizeof(probe->short_data) ? probe->short_data : os_alloc(call->data_bytes);
    if (probe->data == NULL) {
        return false;
    }
    if (call->data_bytes > 0) {
        memcpy(probe->data, call->data, call->data_bytes);
    }
    return true;
}

void probe_settle(struct probe *probe)
{
    struct request *request = &probe->request;
    struct echo_answer *answer = &request->answer;
    if (request->state == REQUEST_ANSWERED) {
        probe->data_equal =
            answer->status == IP_SUCCESS && answer->data_bytes == request->data_bytes &&
            (answer->data_bytes == 0 || memcmp(answer->data, probe->data, answer->data_bytes) == 0);
        if (answer->options_bytes > 0) {
            memcpy(probe->options, answer->options, answer->options_bytes);
        }
        answer->options = probe->options;
        answer->data = NULL;
    }
    let_go(probe);
}

static uint32_t status_of_failure(uint32_t error)
{
    return error < IP_STATUS_BASE ? IP_GENERAL_FAILURE : error;
}

struct batch_result probe_result(const struct probe *probe)
{
    const struct request *request = &probe->request;
    struct batch_result result = {.context = probe->context, .sent_ns = request->sent_ns};
    switch (request->state) {
    case REQUEST_ANSWERED:
        result.status = request->answer.status;
        result.answer = &request->answer;
        result.data_equal = probe->data_equal;
        break;
    case REQUEST_FAILED:
        result.status = status_of_failure(request->answer.status);
        result.error = request->answer.status < IP_STATUS_BASE ? request->answer.status : 0;
        break;
    default:
        result.status = IP_REQ_TIMED_OUT;
        break;
    }
    return result;
}
