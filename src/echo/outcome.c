/*
 * Turns the state of a request that is over into a reply buffer, an error and a line of trace.
 */
#include "echo/outcome.h"

#include "echo/pending.h"
#include "trace/trace.h"

size_t outcome_bytes(const struct request *request, size_t reply_bytes)
{
    size_t bytes = request->state == REQUEST_ANSWERED ? reply_bytes_of(&request->answer) : REPLY_BYTES_MIN;
    return bytes <= reply_bytes ? bytes : REPLY_BYTES_MIN;
}

static void trace_outcome(const struct request *request, uint32_t error)
{
    if (!trace_enabled()) {
        return;
    }
    const struct echo_answer *answer = &request->answer;
    struct trace_address destination = trace_address(&request->destination);
    unsigned int identifier = key_identifier(pending_key(request));
    unsigned int sequence = key_sequence(pending_key(request));
    if (request->state == REQUEST_ANSWERED) {
        trace("echo %s id %u seq %u: status %lu from %s, %u bytes, ttl %u, %llu us, error %lu",
              destination.text, identifier, sequence, (unsigned long)answer->status,
              trace_address(&answer->responder).text, (unsigned int)answer->data_bytes, answer->ttl,
              (unsigned long long)(answer->round_trip_ns / 1000), (unsigned long)error);
    } else {
        trace("echo %s id %u seq %u: no answer, error %lu", destination.text, identifier, sequence,
              (unsigned long)error);
    }
}

uint32_t outcome_write(const struct request *request, void *reply, size_t reply_bytes, uint16_t reserved)
{
    uint32_t error;
    if (request->state == REQUEST_ANSWERED) {
        uint32_t status = reply_write(reply, reply_bytes, &request->answer, reserved);
        error = status == request->answer.status ? 0 : status;
    } else {
        error = request->state == REQUEST_FAILED ? request->answer.status : IP_REQ_TIMED_OUT;
        reply_write_failure(reply, error);
    }
    trace_outcome(request, error);
    return error;
}

void outcome_trace_refusal(const struct echo_call *call, uint32_t error)
{
    if (trace_enabled()) {
        trace("echo %s, %u bytes: refused, error %lu", trace_address(&call->destination).text,
              call->data_bytes, (unsigned long)error);
    }
}
