/*
 * Checks, builds and sends: what every echo request needs before anybody waits for it.
 */
#include "echo/call.h"

#include "echo/pending.h"
#include "echo/receive.h"
#include "echo/worker.h"
#include "wire/echo_header.h"
#include "wire/icmpv4.h"
#include "wire/icmpv6.h"
#include "wire/ipv4.h"
#include "wire/ipv4_options.h"

#include <string.h>

/* What the 16 bits for it can say: the length of an IPv4 packet (RFC 791), of what follows an IPv6 header (RFC 8200). */
#define LENGTH_FIELD_MAX 65535

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
    size_t counted_header_bytes = call->destination.family == IP_FAMILY_V4
                                      ? IPV4_HEADER_MIN_BYTES + ((call->options_bytes + 3U) & ~3U)
                                      : 0;
    if (counted_header_bytes + ECHO_HEADER_BYTES + call->data_bytes > LENGTH_FIELD_MAX) {
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
    request->data_bytes = call->data_bytes;
    request->reply_bytes = call->reply_bytes;
    request->any_responder = ip_address_is_for_many(&call->destination);
    request->hop_limit_0 = call->hop_limit_0;
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
    message->length_bytes = ECHO_HEADER_BYTES + (size_t)call->data_bytes;
    message->bytes =
        message->length_bytes <= sizeof(message->small) ? message->small : os_alloc(message->length_bytes);
    if (message->bytes == NULL) {
        return false;
    }
    if (call->data_bytes > 0) {
        memcpy(message->bytes + ECHO_HEADER_BYTES, call->data, call->data_bytes);
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

static void build(struct echo_message *message, enum ip_family family, uint32_t key)
{
    void (*build_echo_request)(uint8_t *, size_t, uint16_t, uint16_t) =
        family == IP_FAMILY_V6 ? icmpv6_build_echo_request : icmpv4_build_echo_request;
    build_echo_request(message->bytes, message->length_bytes, key_identifier(key), key_sequence(key));
}

static uint32_t send_once(struct engine *engine, const struct transport_message *message, uint64_t timeout_ns,
                          struct request *own)
{
    if (own == NULL || engine->transport->operations->exchange == NULL) {
        return engine->transport->operations->send(engine->transport, message);
    }
    /* The clock starts anew in there, so it may be that this ends a little early. */
    struct receive_role role = {.own = own};
    return receive_exchange(engine, own->listener, message, own->sent_ns + timeout_ns, &role);
}

uint32_t call_send(struct engine *engine, const struct echo_call *call, struct echo_message *message,
                   uint32_t key, struct request *own)
{
    if (call->hop_limit_0) {
        return IP_GENERAL_FAILURE;
    }
    if (own == NULL || !listener_is_own(own->listener)) {
        identifier_claim_ahead(engine); /* before the clock starts */
    }
    build(message, call->destination.family, key);
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
    uint32_t error = send_once(engine, &sent, sending.timeout_ns, own);
    if (error == TRANSPORT_NEEDS_BROADCAST) {
        expect_any_responder(engine, key);
        sent.broadcast = true;
        error = send_once(engine, &sent, sending.timeout_ns, own);
    }
    return error;
}
