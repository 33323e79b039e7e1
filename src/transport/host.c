/*
 * The functions of the host transport: from the engine's structures to the library's, and back. Portable.
 *
 * All that is received lies in memory of the receiver's; the library keeps nothing between two calls.
 */
#include "transport/host.h"

#include "os/os.h"
#include "os/win32_types.h"
#include "trace/trace.h"
#include "transport/host_link.h"
#include "transport/send_failure.h"

#include <stdio.h>

struct host_transport {
    struct transport base; /* first: a transport is a host_transport */
    uint64_t network;
    struct os_lock lock; /* guards the list of receivers, for a few instructions */
    struct transport_receiver *newest_receiver;
    char name[64];
};

struct transport_receiver {
    struct transport_receiver *next; /* in the transport's list */
    uint64_t receiver;
    size_t capacity; /* how many packets it has room for */
    struct host_packet packets[HOST_BATCH_MAX];
    uint8_t buffer[]; /* capacity * HOST_SLOT_BYTES, most of which is never touched */
};

static struct host_transport *of(struct transport *transport)
{
    return (struct host_transport *)transport;
}

/* ---- Sending ---- */

static struct host_message message_of(const struct transport_message *message)
{
    struct host_message result = {
        .bytes = (uintptr_t)message->bytes,
        .options = (uintptr_t)message->options,
        .length_bytes = (uint32_t)message->length_bytes,
        .options_bytes = (uint32_t)message->options_bytes,
        .destination = message->destination,
        .ttl = message->ttl,
        .tos = message->tos,
        .dont_fragment = message->dont_fragment,
        .broadcast = message->broadcast,
    };
    if (!ip_address_is_unspecified(&message->source)) {
        result.source = message->source;
    }
    return result;
}

static uint32_t host_send(struct transport *transport, const struct transport_message *message)
{
    struct host_send_call call = {.network = of(transport)->network, .message = message_of(message)};
    message->sending(message->context);
    host_link_call(HOST_SEND, &call);
    return send_failure_error((enum send_failure)call.failure);
}

/* ---- Receiving ---- */

static struct transport_receiver *host_receiver_open(struct transport *transport, uint16_t identifier)
{
    struct host_transport *host = of(transport);
    /* Who waits for one answer at a time has no use for more. */
    size_t capacity = identifier != 0 ? 1 : HOST_BATCH_MAX;
    struct transport_receiver *receiver = os_alloc(sizeof(*receiver) + capacity * HOST_SLOT_BYTES);
    if (receiver == NULL) {
        return NULL;
    }
    receiver->capacity = capacity;
    struct host_receiver_open_call call = {.network = host->network, .identifier = identifier};
    host_link_call(HOST_RECEIVER_OPEN, &call);
    if (call.receiver == 0) {
        os_free(receiver);
        return NULL;
    }
    receiver->receiver = call.receiver;
    os_lock_acquire(&host->lock);
    receiver->next = host->newest_receiver;
    host->newest_receiver = receiver;
    os_lock_release(&host->lock);
    return receiver;
}

static struct host_reception reception_of(struct transport_receiver *receiver, uint64_t deadline_ns,
                                          size_t capacity)
{
    uint64_t now_ns = os_now_ns();
    uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    return (struct host_reception){
        .packets = (uintptr_t)receiver->packets,
        .buffer = (uintptr_t)receiver->buffer,
        .timeout_ns = deadline_ns != OS_NEVER ? left_ns : UINT64_MAX,
        .capacity = (uint32_t)(capacity < receiver->capacity ? capacity : receiver->capacity),
    };
}

/* Hands over what came in. */
static size_t deliver(const struct transport_receiver *receiver, const struct host_reception *reception,
                      struct transport_packet *packets)
{
    uint64_t now_ns = reception->count > 0 ? os_now_ns() : 0;
    for (size_t i = 0; i < reception->count; i++) {
        const struct host_packet *packet = &receiver->packets[i];
        packets[i] = (struct transport_packet){
            .form = (enum transport_form)packet->form,
            .bytes = receiver->buffer + packet->offset,
            .length_bytes = packet->length_bytes,
            .received_ns = packet->age_ns < now_ns ? now_ns - packet->age_ns : 0,
            .peer = packet->peer,
            .ttl = packet->ttl,
            .tos = packet->tos,
            .options = packet->options,
            .options_bytes = packet->options_bytes,
            .destination = packet->destination,
            .icmp_type = packet->icmp_type,
            .icmp_code = packet->icmp_code,
        };
    }
    return reception->count;
}

static size_t host_receive(struct transport_receiver *receiver, uint64_t deadline_ns,
                           struct transport_packet *packets, size_t capacity)
{
    struct host_receive_call call = {.receiver = receiver->receiver};
    do {
        call.reception = reception_of(receiver, deadline_ns, capacity);
        host_link_call(HOST_RECEIVE, &call);
        /* The library's clock may be a little quicker than ours. */
    } while (call.reception.count == 0 && !call.reception.woken && os_now_ns() < deadline_ns);
    return deliver(receiver, &call.reception, packets);
}

static size_t host_exchange(struct transport_receiver *receiver, const struct transport_message *message,
                            uint64_t deadline_ns, struct transport_packet *packets, size_t capacity,
                            uint32_t *error)
{
    struct host_exchange_call call = {
        .receiver = receiver->receiver,
        .message = message_of(message),
        .reception = reception_of(receiver, deadline_ns, capacity),
    };
    message->sending(message->context);
    host_link_call(HOST_EXCHANGE, &call);
    *error = send_failure_error((enum send_failure)call.failure);
    return deliver(receiver, &call.reception, packets);
}

/* What is received is handed over at once: nothing is kept back. */
static size_t host_rest(struct transport_receiver *receiver, struct transport_packet *packets,
                        size_t capacity)
{
    (void)receiver;
    (void)packets;
    (void)capacity;
    return 0;
}

static void host_discard(struct transport_receiver *receiver)
{
    struct host_receiver_call call = {receiver->receiver};
    host_link_call(HOST_DISCARD, &call);
}

static void host_wake(struct transport_receiver *receiver)
{
    struct host_receiver_call call = {receiver->receiver};
    host_link_call(HOST_WAKE, &call);
}

/* ---- Opening and closing ---- */

static bool host_claim(struct transport *transport, uint16_t identifier)
{
    struct host_claim_call call = {.network = of(transport)->network, .identifier = identifier};
    host_link_call(HOST_CLAIM, &call);
    return call.claimed != 0;
}

static void host_close(struct transport *transport)
{
    struct host_transport *host = of(transport);
    struct host_close_call call = {host->network};
    host_link_call(HOST_CLOSE, &call);
    while (host->newest_receiver != NULL) {
        struct transport_receiver *last = host->newest_receiver;
        host->newest_receiver = last->next;
        os_free(last);
    }
    os_free(host);
}

static const struct transport_operations operations = {
    .send = host_send,
    .receiver_open = host_receiver_open,
    .receive = host_receive,
    .exchange = host_exchange,
    .rest = host_rest,
    .discard = host_discard,
    .wake = host_wake,
    .identifier_claim = host_claim,
    .close = host_close,
};

static const char *mode_name(uint32_t mode)
{
    static const char *const names[] = {
        [HOST_MODE_NONE] = "none",
        [HOST_MODE_RAW] = "raw sockets",
        [HOST_MODE_PING] = "ping sockets",
    };
    return mode <= HOST_MODE_PING ? names[mode] : "?";
}

static enum transport_sockets sockets_of(uint32_t mode)
{
    switch (mode) {
    case HOST_MODE_RAW:
        return TRANSPORT_SOCKETS_RAW;
    case HOST_MODE_PING:
        return TRANSPORT_SOCKETS_PING;
    default:
        return TRANSPORT_SOCKETS_NONE;
    }
}

static void trace_reason(const char *family, const struct host_family_state *state)
{
    if (state->reason[0] != '\0') {
        trace("host: %s: %s; %.*s", family, mode_name(state->mode), (int)sizeof(state->reason),
              state->reason);
    }
}

uint32_t host_open(struct transport **transport)
{
    if (!host_link_open()) {
        return ERROR_NOT_SUPPORTED;
    }
    struct host_transport *host = os_alloc(sizeof(*host));
    if (host == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    struct host_open_call call = {0};
    host_link_call(HOST_OPEN, &call);
    trace_reason("IPv4", &call.ipv4);
    trace_reason("IPv6", &call.ipv6);
    if (call.network == 0) {
        trace("host: ICMP sockets are refused: give the program CAP_NET_RAW, or its user's group a place in "
              "net.ipv4.ping_group_range");
        os_free(host);
        return ERROR_ACCESS_DENIED;
    }
    host->network = call.network;
    host->base.operations = &operations;
    host->base.has_ipv4 = call.ipv4.mode != HOST_MODE_NONE;
    host->base.has_ipv6 = call.ipv6.mode != HOST_MODE_NONE;
    host->base.keeps_time = true;
    host->base.own_identifiers = true;
    host->base.ipv4_sockets = sockets_of(call.ipv4.mode);
    host->base.ipv6_sockets = sockets_of(call.ipv6.mode);
    host->base.kernel_times = true;
    host->base.all_errors = true;
    snprintf(host->name, sizeof(host->name), "host (IPv4: %s, IPv6: %s)", mode_name(call.ipv4.mode),
             mode_name(call.ipv6.mode));
    host->base.name = host->name;
    *transport = &host->base;
    return 0;
}
