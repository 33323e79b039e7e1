/*
 * Turns the state of a request that is over into a reply buffer, an error and a line of trace.
 */
#include "echo/outcome.h"

#include "echo/pending.h"
#include "echo/round_trip.h"
#include "trace/trace.h"

/* Whether the outcome is what the collection has. A request whose time is up has nothing else. */
static bool has_collected(const struct request *request)
{
    return request->state != REQUEST_FAILED && collection_count(request->collection) > 0;
}

size_t outcome_bytes(const struct request *request)
{
    if (has_collected(request)) {
        return collection_bytes(request->collection);
    }
    size_t bytes_min = reply_bytes_min(request->destination.family);
    size_t bytes = request->state == REQUEST_ANSWERED ? reply_bytes_of(&request->answer) : bytes_min;
    return bytes <= request->reply_bytes ? bytes : bytes_min;
}

static void trace_answer(const struct request *request, const struct echo_answer *answer, uint32_t error)
{
    trace("echo %s id %u seq %u: status %lu from %s, %u bytes, ttl %u, %llu us, error %lu",
          trace_address(&request->destination).text, key_identifier(pending_key(request)),
          key_sequence(pending_key(request)), (unsigned long)answer->status,
          trace_address(&answer->responder).text, (unsigned int)answer->data_bytes, answer->ttl,
          (unsigned long long)(answer->round_trip_ns / 1000), (unsigned long)error);
}

static void trace_collected(const struct echo_answer *answer, const void *request)
{
    trace_answer(request, answer, 0);
}

void outcome_trace(const struct request *request, uint32_t error)
{
    if (!trace_enabled()) {
        return;
    }
    if (has_collected(request)) {
        collection_visit(request->collection, trace_collected, request);
    } else if (request->state == REQUEST_ANSWERED) {
        trace_answer(request, &request->answer, error);
    } else {
        trace("echo %s id %u seq %u: no answer, error %lu", trace_address(&request->destination).text,
              key_identifier(pending_key(request)), key_sequence(pending_key(request)), (unsigned long)error);
    }
}

/* Without memory for the times of several replies, they are not remembered. */
static void remember_collected(const struct collection *collection, const void *reply)
{
    uint32_t count = collection_count(collection);
    uint64_t single_ns = 0;
    uint64_t *times_ns = count > 1 ? os_alloc(count * sizeof(*times_ns)) : &single_ns;
    if (times_ns != NULL) {
        collection_times(collection, times_ns);
        round_trip_remember(reply, IP_FAMILY_V4, times_ns, count);
    }
}

static uint32_t write_collected(const struct request *request, void *reply, bool counted)
{
    uint32_t replies = collection_count(request->collection);
    collection_write(request->collection, reply, counted ? (uint16_t)replies : 0);
    remember_collected(request->collection, reply);
    return replies;
}

/* Returns the error. */
static uint32_t write_single(const struct request *request, void *reply, bool counted)
{
    if (request->state == REQUEST_ANSWERED) {
        uint32_t status = reply_write(reply, request->reply_bytes, &request->answer, counted ? 1 : 0);
        if (status != request->answer.status) {
            return status;
        }
        uint64_t time_ns = request->answer.round_trip_ns;
        round_trip_remember(reply, request->answer.responder.family, &time_ns, 1);
        return 0;
    }
    uint32_t error = request->state == REQUEST_FAILED ? request->answer.status : IP_REQ_TIMED_OUT;
    reply_write_failure(reply, request->destination.family, error);
    return error;
}

uint32_t outcome_write(const struct request *request, void *reply, bool counted, uint32_t *error)
{
    uint32_t replies;
    if (has_collected(request)) {
        *error = 0;
        replies = write_collected(request, reply, counted);
    } else {
        *error = write_single(request, reply, counted);
        replies = *error == 0 ? 1 : 0;
    }
    outcome_trace(request, *error);
    return replies;
}

void outcome_trace_refusal(const struct echo_call *call, uint32_t error)
{
    if (trace_enabled()) {
        trace("echo %s, %u bytes: refused, error %lu", trace_address(&call->destination).text,
              call->data_bytes, (unsigned long)error);
    }
}
