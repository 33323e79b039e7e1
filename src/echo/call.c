/*
 * Checks, builds and sends: what every echo request needs before anybody waits for it.
 */
#include "echo/call.h"

#include "echo/pending.h"
#include "echo/worker.h"
#include "wire/icmpv4.h"
#include "wire/ipv4.h"
#include "wire/ipv4_options.h"

#include <string.h>

/* The longest IPv4 packet there can be. */
#define DATAGRAM_BYTES_MAX 65535

/* A thread that receives for itself gives its request up itself. If it has not done so by then, it has been
 * terminated, and the worker does. */
#define ORPHAN_NS (1000 * OS_NS_PER_MS)

uint32_t call_check(const struct echo_call *call)
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

uint64_t call_timeout_ns(const struct echo_call *call)
{
    return (call->timeout_ms > 0 ? call->timeout_ms : 1) * OS_NS_PER_MS;
}

/* Starts the clock of a request: its round-trip time, and its time-out. The lock is held. */
static void start_clock(struct request *request, uint64_t timeout_ns)
{
    request->sent_ns = os_now_ns();
    request->deadline.due_ns = request->sent_ns + timeout_ns + (request->relies ? 0 : ORPHAN_NS);
}

bool call_begin(struct engine *engine, struct request *request, const struct echo_call *call,
                struct transport_receiver **sleeper)
{
    *sleeper = NULL;
    request->destination = call->destination;
    request->any_responder = ip_address_is_for_many(&call->destination);
    request->source_route = ipv4_options_have_source_route(call->options, call->options_bytes);
    start_clock(request, call_timeout_ns(call));
    if (!pending_insert(engine, request)) {
        return false;
    }
    if (request->relies) {
        *sleeper = worker_expect(engine, request->deadline.due_ns);
    }
    return true;
}

bool message_open(struct echo_message *message, const struct echo_call *call)
{
    message->length_bytes = ICMPV4_HEADER_BYTES + (size_t)call->data_bytes;
    message->bytes =
        message->length_bytes <= sizeof(message->small) ? message->small : os_alloc(message->length_bytes);
    if (message->bytes == NULL) {
        return false;
    }
    if (call->data_bytes > 0) {
        memcpy(message->bytes + ICMPV4_HEADER_BYTES, call->data, call->data_bytes);
    }
    return true;
}

void message_close(struct echo_message *message)
{
    if (message->bytes != message->small) {
        os_free(message->bytes);
    }
}

/* Only the system's routes tell that an address is the broadcast address of some network. */
static void expect_any_responder(struct engine *engine, uint32_t key)
{
    os_lock_acquire(&echo_lock);
    struct request *request = pending_find(engine, key);
    if (request != NULL) {
        request->any_responder = true;
    }
    os_lock_release(&echo_lock);
}

/* A message that is being sent. */
struct sending {
    struct engine *engine;
    uint32_t key;
    uint64_t timeout_ns;
};

/* Getting ready to send can take long, when a socket has to be opened first: the clock starts anew. */
static void restart_clock(void *context)
{
    const struct sending *sending = context;
    os_lock_acquire(&echo_lock);
    struct request *request = pending_find(sending->engine, sending->key);
    if (request != NULL) {
        deadline_remove(&sending->engine->deadlines, &request->deadline);
        start_clock(request, sending->timeout_ns);
        deadline_insert(&sending->engine->deadlines, &request->deadline); /* its place has just become free */
    }
    os_lock_release(&echo_lock);
}

uint32_t call_send(struct engine *engine, const struct echo_call *call, struct echo_message *message,
                   uint32_t key)
{
    icmpv4_build_echo_request(message->bytes, message->length_bytes, key_identifier(key), key_sequence(key));
    struct sending sending = {engine, key, call_timeout_ns(call)};
    struct transport_message sent = {
        .destination = call->destination,
        .source = call->source,
        .bytes = message->bytes,
        .length_bytes = message->length_bytes,
        .options = call->options,
        .options_bytes = call->options_bytes,
        .ttl = call->ttl,
        .tos = call->tos,
        .dont_fragment = call->dont_fragment,
        .broadcast = ip_address_is_for_many(&call->destination),
        .sending = restart_clock,
        .context = &sending,
    };
    uint32_t error = engine->transport->operations->send(engine->transport, &sent);
    if (error == TRANSPORT_NEEDS_BROADCAST) {
        expect_any_responder(engine, key);
        sent.broadcast = true;
        error = engine->transport->operations->send(engine->transport, &sent);
    }
    return error;
}
