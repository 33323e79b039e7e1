/*
 * The life of a synchronous request on the thread that makes it.
 *
 * A caller who is alone receives for itself. Whoever finds another thread receiving engages the worker and
 * sleeps until it is given its answer; when its time is up it has one look at the network itself, so that a
 * reply that came in time counts even if nobody has had time to read it.
 */
#include "echo/synchronous.h"

#include "echo/pending.h"
#include "echo/receive.h"
#include "echo/worker.h"
#include "trace/trace.h"
#include "wire/icmpv4.h"
#include "wire/ipv4.h"
#include "wire/ipv4_options.h"

#include <string.h>

/* The longest IPv4 packet there can be. */
#define DATAGRAM_BYTES_MAX 65535

/* Messages up to this length need no memory from the heap. */
#define SMALL_MESSAGE_BYTES 1500

/* Packets that came while nobody was receiving would be read, and counted, into the time of the next reply.
 * So a lone caller clears them away first when nobody has received for STALE_NS, but not for longer than
 * CLEAR_NS. */
#define STALE_NS (50 * OS_NS_PER_MS)
#define CLEAR_NS (10 * OS_NS_PER_MS)

/* How much later than the caller itself the worker gives a request up. */
#define OVERDUE_NS (1000 * OS_NS_PER_MS)

/* Broadcast and multicast: others than the destination answer. */
static bool is_for_many(uint32_t address_be)
{
    uint8_t first_byte;
    memcpy(&first_byte, &address_be, 1);
    return (first_byte & 0xf0) == 0xe0 || address_be == UINT32_MAX;
}

/* What is wrong with a call, as an IP_STATUS. */
static uint32_t check(const struct echo_call *call)
{
    switch (ipv4_options_check(call->options, call->options_bytes)) {
    case IPV4_OPTIONS_TOO_BIG:
        return IP_OPTION_TOO_BIG;
    case IPV4_OPTIONS_MALFORMED:
        return IP_BAD_OPTION;
    case IPV4_OPTIONS_OK:
        break;
    }
    size_t header_bytes = IPV4_HEADER_MIN_BYTES + ((call->options_bytes + 3U) & ~3U);
    if (header_bytes + ICMPV4_HEADER_BYTES + call->data_bytes > DATAGRAM_BYTES_MAX) {
        return IP_GENERAL_FAILURE;
    }
    return IP_SUCCESS;
}

/* ---- Sending ---- */

/* Sends the request. 0, or the error for the program. */
static uint32_t send_request(struct engine *engine, struct request *request, const struct echo_call *call,
                             const uint8_t *bytes, size_t length_bytes)
{
    struct transport_message message = {
        .destination_be = call->destination_be,
        .source_be = call->source_be,
        .bytes = bytes,
        .length_bytes = length_bytes,
        .options = call->options,
        .options_bytes = call->options_bytes,
        .ttl = call->ttl,
        .tos = call->tos,
        .dont_fragment = call->dont_fragment,
        .broadcast = request->any_responder,
    };
    uint32_t error = engine->transport->operations->send(engine->transport, &message);
    if (error == TRANSPORT_NEEDS_BROADCAST) {
        /* Only the system's routes tell that this is the broadcast address of some network. */
        os_lock_acquire(&echo_lock);
        request->any_responder = true;
        os_lock_release(&echo_lock);
        message.broadcast = true;
        error = engine->transport->operations->send(engine->transport, &message);
    }
    return error;
}

/* ---- Waiting ---- */

/* Takes the request out if it is still outstanding. The lock is held. */
static void withdraw(struct engine *engine, struct request *request)
{
    if (request->state == REQUEST_OUTSTANDING) {
        pending_remove(engine, request);
        request->state = REQUEST_EXPIRED;
    }
}

/* Decides who receives the answer, before the request is sent: the calling thread, in request->listener, or
 * the worker; and makes it outstanding in the same step, since the worker parks when nothing is. False without
 * memory. */
static bool prepare_to_wait(struct engine *engine, struct request *request, uint64_t timeout_ns)
{
    os_lock_acquire(&echo_lock);
    request->receives = engine->receiving == 0 || !worker_engage(engine);
    request->sent_ns = os_now_ns();
    request->deadline.due_ns = request->sent_ns + timeout_ns + OVERDUE_NS;
    bool stale = engine->received_ns + STALE_NS < request->sent_ns;
    bool receives = request->receives;
    bool inserted = pending_insert(engine, request);
    os_lock_release(&echo_lock);
    if (!inserted || !receives) {
        return inserted;
    }
    struct listener *listener = listener_take(engine);
    if (listener == NULL) {
        os_lock_acquire(&echo_lock);
        withdraw(engine, request);
        os_lock_release(&echo_lock);
        return false;
    }
    os_lock_acquire(&echo_lock);
    request->listener = listener;
    os_lock_release(&echo_lock);
    if (stale) {
        receive_clear(engine, listener, os_now_ns() + CLEAR_NS);
    }
    return true;
}

/* Sleeps until the worker has delivered the answer, and looks for it when the deadline has passed without.
 * The lock is held, but released meanwhile. True when there is nothing more to wait for. */
static bool wait_for_worker(struct engine *engine, struct request *request, uint64_t deadline_ns)
{
    if (os_now_ns() < deadline_ns) {
        os_condition_wait(&request->answered, &echo_lock, deadline_ns);
        return false;
    }
    os_lock_release(&echo_lock);
    struct listener *listener = listener_take(engine);
    if (listener != NULL) {
        receive_clear(engine, listener, deadline_ns + CLEAR_NS);
    }
    os_lock_acquire(&echo_lock);
    if (listener != NULL) {
        listener_give_back(engine, listener);
    }
    return true;
}

/* Receives for itself. The lock is held, but released meanwhile. True when the deadline has passed and
 * nothing that had come until then is left unread. */
static bool wait_for_network(struct engine *engine, struct request *request, uint64_t deadline_ns)
{
    os_lock_release(&echo_lock);
    size_t count = receive_batch(engine, request->listener, deadline_ns, request);
    uint64_t now_ns = os_now_ns();
    os_lock_acquire(&echo_lock);
    return count == 0 ? now_ns >= deadline_ns : now_ns >= deadline_ns + CLEAR_NS;
}

static void wait_for_outcome(struct engine *engine, struct request *request, uint64_t deadline_ns)
{
    os_lock_acquire(&echo_lock);
    bool over = false;
    while (request->state == REQUEST_OUTSTANDING && !over) {
        over = request->listener != NULL ? wait_for_network(engine, request, deadline_ns)
                                         : wait_for_worker(engine, request, deadline_ns);
    }
    withdraw(engine, request);
    os_lock_release(&echo_lock);
}

/* ---- The whole of it ---- */

/* Gets the request under way and waits for its outcome. 0, or why it never got under way. */
static uint32_t exchange(struct engine *engine, struct request *request, const struct echo_call *call,
                         uint8_t *message, size_t message_bytes)
{
    uint64_t timeout_ns = (call->timeout_ms > 0 ? call->timeout_ms : 1) * OS_NS_PER_MS;
    request->destination_be = call->destination_be;
    request->any_responder = is_for_many(call->destination_be);
    request->source_route = ipv4_options_have_source_route(call->options, call->options_bytes);
    if (!prepare_to_wait(engine, request, timeout_ns)) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    os_lock_acquire(&echo_lock);
    request->sent_ns = os_now_ns(); /* not before old packets were cleared away */
    os_lock_release(&echo_lock);
    icmpv4_build_echo_request(message, message_bytes, pending_identifier(request), pending_sequence(request));
    uint32_t error = send_request(engine, request, call, message, message_bytes);
    if (error == 0) {
        wait_for_outcome(engine, request, request->sent_ns + timeout_ns);
        return 0;
    }
    os_lock_acquire(&echo_lock);
    withdraw(engine, request);
    os_lock_release(&echo_lock);
    return error;
}

/* The calling thread stops receiving, and the request is over. */
static void finish(struct engine *engine, struct request *request)
{
    if (request->listener != NULL) {
        receive_rest(engine, request->listener);
    }
    os_lock_acquire(&echo_lock);
    if (request->listener != NULL) {
        listener_give_back(engine, request->listener);
    }
    request_recycle(engine, request);
    os_lock_release(&echo_lock);
}

static void trace_outcome(const struct request *request, const struct echo_call *call, uint32_t error)
{
    if (!trace_enabled()) {
        return;
    }
    const struct echo_answer *answer = &request->answer;
    struct trace_address destination = trace_address(call->destination_be);
    if (request->state == REQUEST_ANSWERED) {
        trace("echo %s id %u seq %u, %u bytes: status %lu from %s, %u bytes, ttl %u, %llu us, error %lu",
              destination.text, pending_identifier(request), pending_sequence(request), call->data_bytes,
              (unsigned long)answer->status, trace_address(answer->responder_be).text,
              (unsigned int)answer->data_bytes, answer->ttl,
              (unsigned long long)(answer->round_trip_ns / 1000), (unsigned long)error);
    } else {
        trace("echo %s id %u seq %u, %u bytes: no answer, error %lu", destination.text,
              pending_identifier(request), pending_sequence(request), call->data_bytes, (unsigned long)error);
    }
}

/* Sends the message, of which the payload is filled in, and writes the reply buffer. Returns the error as
 * echo_synchronous gives it: 0 when there is a reply. */
static uint32_t perform(struct engine *engine, const struct echo_call *call, uint8_t *message,
                        size_t message_bytes)
{
    struct request *request = request_new(engine);
    if (request == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    uint32_t error = exchange(engine, request, call, message, message_bytes);
    if (error == 0 && request->state == REQUEST_EXPIRED) {
        error = IP_REQ_TIMED_OUT;
    }
    if (error == 0 && request->answer.status == IP_NO_RESOURCES) {
        error = IP_NO_RESOURCES; /* it came, and was lost for want of memory */
    }
    if (error == 0) {
        uint32_t status = reply_write(call->reply, call->reply_bytes, &request->answer, 0);
        error = status == request->answer.status ? 0 : status; /* an ICMP error is a reply, too */
    } else if (error >= IP_STATUS_BASE) {
        reply_write_failure(call->reply, error);
    }
    trace_outcome(request, call, error);
    finish(engine, request);
    return error;
}

uint32_t echo_synchronous(struct engine *engine, const struct echo_call *call, uint32_t *error)
{
    *error = check(call);
    if (*error != IP_SUCCESS) {
        reply_write_failure(call->reply, *error);
        return 0;
    }
    uint8_t small[SMALL_MESSAGE_BYTES];
    size_t message_bytes = ICMPV4_HEADER_BYTES + (size_t)call->data_bytes;
    uint8_t *message = message_bytes <= sizeof(small) ? small : os_alloc(message_bytes);
    if (message == NULL) {
        *error = ERROR_NOT_ENOUGH_MEMORY;
        return 0;
    }
    if (call->data_bytes > 0) {
        memcpy(message + ICMPV4_HEADER_BYTES, call->data, call->data_bytes);
    }
    *error = perform(engine, call, message, message_bytes);
    if (message != small) {
        os_free(message);
    }
    return *error == 0 ? 1 : 0;
}
