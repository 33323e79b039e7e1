/*
 * Takes packets from the transport, has them read, and completes the requests that they answer.
 *
 * Any thread may receive, and each gives what it gets to whom it belongs. A packet answers a request only if
 * identifier and sequence are those of the request and it comes from where the request went (an ICMP error:
 * if the packet that it quotes went there). A request for many takes answers until it has as many as it can.
 */
#include "echo/receive.h"

#include "echo/candidate.h"
#include "echo/pending.h"
#include "echo/worker.h"

#include <string.h>

#define BATCH_PACKETS 64

static bool answers(const struct candidate *candidate, const struct request *request)
{
    if (candidate->answer.responder.family != request->destination.family) {
        return false;
    }
    if (!candidate->is_error) {
        return request->any_responder ||
               ip_address_equal(&candidate->answer.responder, &request->destination);
    }
    return ip_address_equal(&candidate->destination, &request->destination) ||
           (request->source_route && candidate->source_route);
}

/* Whether it waits for all who answer. Neither the IPv6 functions nor batches have a place for more than one reply. */
static bool collects(const struct request *request)
{
    return request->any_responder && request->destination.family == IP_FAMILY_V4 && !request->is_probe;
}

static struct echo_answer answer_of(const struct candidate *candidate, const struct request *request,
                                    uint64_t received_ns)
{
    struct echo_answer answer = candidate->answer;
    answer.round_trip_ns = received_ns > request->sent_ns ? received_ns - request->sent_ns : 0;
    return answer;
}

/* Moves what the answer points to into memory of the request. Without memory, the request has failed. */
static void answer_keep(struct request *request)
{
    struct echo_answer *answer = &request->answer;
    uint8_t *copy = os_alloc(answer->options_bytes + answer->data_bytes + 1);
    if (copy == NULL) {
        request->state = REQUEST_FAILED;
        answer->status = IP_NO_RESOURCES;
        return;
    }
    if (answer->options_bytes > 0) {
        memcpy(copy, answer->options, answer->options_bytes);
    }
    if (answer->data_bytes > 0) {
        memcpy(copy + answer->options_bytes, answer->data, answer->data_bytes);
    }
    answer->options = copy;
    answer->data = copy + answer->options_bytes;
    request->copy = copy;
}

/* Adds the answer to those of a request for many. True when the request is over with it. The lock is held. */
static bool collect(struct request *request, const struct echo_answer *answer)
{
    if (request->collection == NULL) {
        request->collection = collection_new(request->reply_bytes, request->data_bytes);
    }
    return request->collection == NULL || !collection_add(request->collection, answer);
}

/* Leaves the answer with a request that is not of this thread's role. Returns the receiver to wake, if its thread sleeps in
 * one. The lock is held. */
static struct transport_receiver *deliver(struct engine *engine, struct request *request)
{
    if (collection_count(request->collection) == 0) {
        answer_keep(request);
    }
    if (request->asynchronous) {
        request_list_append(&engine->answered, request);
        return worker_call(engine);
    }
    if (request->listener != NULL) {
        return request->listener->receiver;
    }
    os_condition_wake(&request->answered);
    return NULL;
}

/* The request is over, with this answer, which is the last one if there are others. Returns the receiver to wake, or NULL.
 * The lock is held. */
static struct transport_receiver *complete(struct engine *engine, struct request *request,
                                           const struct echo_answer *answer, const struct receive_role *role)
{
    pending_remove(engine, request);
    request->answer = *answer;
    request->state = REQUEST_ANSWERED;
    if (request->asynchronous && role->completed != NULL) {
        request_list_append(role->completed, request);
        return NULL;
    }
    return request != role->own ? deliver(engine, request) : NULL;
}

static void packet_handle(struct engine *engine, const struct transport_packet *packet,
                          const struct receive_role *role)
{
    struct candidate candidate;
    if (!candidate_read(packet, &candidate)) {
        return;
    }
    struct transport_receiver *sleeper = NULL;
    uint32_t key = key_of(candidate.identifier, candidate.sequence);
    os_lock_acquire(&echo_lock);
    struct request *request = pending_match(engine, key);
    if (request != NULL && answers(&candidate, request)) {
        struct echo_answer answer = answer_of(&candidate, request, packet->received_ns);
        if (!collects(request) || collect(request, &answer)) {
            sleeper = complete(engine, request, &answer, role);
        }
    }
    os_lock_release(&echo_lock);
    engine_wake(engine, sleeper);
}

static void packets_handle(struct engine *engine, const struct transport_packet *packets, size_t count,
                           const struct receive_role *role)
{
    for (size_t i = 0; i < count; i++) {
        packet_handle(engine, &packets[i], role);
    }
}

size_t receive_batch(struct engine *engine, struct listener *listener, uint64_t deadline_ns,
                     const struct receive_role *role)
{
    struct transport_packet packets[BATCH_PACKETS];
    /* Who waits for one reply shall have it before more packets are looked for. */
    size_t capacity = role->own == NULL ? BATCH_PACKETS : 1;
    size_t count = engine->transport->operations->receive(listener->receiver, deadline_ns, packets, capacity);
    packets_handle(engine, packets, count, role);
    return count;
}

uint32_t receive_exchange(struct engine *engine, struct listener *listener,
                          const struct transport_message *message, uint64_t deadline_ns,
                          const struct receive_role *role)
{
    struct transport_packet packet;
    uint32_t error = 0;
    size_t count =
        engine->transport->operations->exchange(listener->receiver, message, deadline_ns, &packet, 1, &error);
    packets_handle(engine, &packet, count, role);
    return error;
}

static const struct receive_role for_others = {.own = NULL, .completed = NULL};

void receive_rest(struct engine *engine, struct listener *listener)
{
    struct transport_packet packets[BATCH_PACKETS];
    size_t count;
    while ((count = engine->transport->operations->rest(listener->receiver, packets, BATCH_PACKETS)) > 0) {
        packets_handle(engine, packets, count, &for_others);
    }
}
