/*
 * The network in memory. Knows the layout of IPv4 and ICMP as far as it has to build packets; builds them byte by byte
 * and without src/wire, but for the checksum, so that the two do not share mistakes.
 */
#include "unit/support/fake_network.h"

#include "echo/engine.h"
#include "unit/support/os_posix.h"
#include "wire/checksum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 10000

/* As sockets do, a receiver that nobody uses holds so many packets, and loses what comes then. */
#define RESTING_PACKETS_MAX 1000

struct packet {
    struct packet *next;
    struct transport_packet packet; /* its pointers lead into `content` */
    uint8_t content[];
};

struct packet_list {
    struct packet *first;
    struct packet *last;
    size_t count;
};

struct transport_receiver {
    struct transport_receiver *next;
    struct fake_transport *transport;
    size_t number;
    uint16_t identifier; /* its own; 0: none */
    bool in_use;
    bool waiting;       /* its thread sleeps: */
    uint64_t until_ns;  /* until then at the longest */
    uint64_t listening; /* if shared, takes what comes; the older one has the smaller number. 0: does not */
    bool woken;
    bool resting;
    struct packet_list taken; /* has come, and was not given out yet */
    struct packet_list given;
    struct os_condition changed;
};

struct fake_transport {
    struct transport transport; /* first */
    struct transport_operations operations;
    bool granted[65536]; /* by identifier */
    struct fake_transport *next;
    struct transport_receiver *receivers;
    size_t receiver_count;
    struct packet_list unread; /* if shared: what no receiver has taken yet */
};

/* Taken after echo_lock, never before it. Guards everything below, receivers and transports. */
static struct os_lock network_lock;
static struct fake_network_hooks hooks;
static struct fake_transport *transports;
static struct fake_sent *sent_messages;
static size_t sent_count;
static size_t opened;
static size_t closed;
static size_t claims;
static size_t granted;
static size_t receivers;
static size_t receives;
static size_t exchanges;
static size_t discards;
static uint64_t listening_order;
static bool rewrite_identifiers;
static bool carry_ipv4 = true;
static bool carry_ipv6 = true;
static bool want_claims = true;
static bool provide_exchange;
static bool own_identifiers;
static bool kernel_times;
static bool fail_receivers;
static bool single_packets;

static void panic(const char *what)
{
    fprintf(stderr, "fake_network: %s\n", what);
    abort();
}

static void *allocate(size_t size_bytes)
{
    void *memory = calloc(1, size_bytes);
    if (memory == NULL) {
        panic("the test itself ran out of memory");
    }
    return memory;
}

static void require_no_lock(void)
{
    if (os_posix_holds(&echo_lock)) {
        panic("echo_lock is held in a call that may block");
    }
}

static void append(struct packet_list *list, struct packet *packet)
{
    packet->next = NULL;
    if (list->first == NULL) {
        list->first = packet;
    } else {
        list->last->next = packet;
    }
    list->last = packet;
    list->count++;
}

/* NULL when there is none. */
static struct packet *take_first(struct packet_list *list)
{
    struct packet *packet = list->first;
    if (packet != NULL) {
        list->first = packet->next;
        list->count--;
    }
    return packet;
}

static void free_packets(struct packet_list *list)
{
    struct packet *packet;
    while ((packet = take_first(list)) != NULL) {
        free(packet);
    }
}

static struct fake_network_hooks current_hooks(void)
{
    os_lock_acquire(&network_lock);
    struct fake_network_hooks current = hooks;
    os_lock_release(&network_lock);
    return current;
}

/* ---- Identifiers ---- */

/* Whether the identifier is a receiver's own. The lock is held. */
static bool is_own(const struct fake_transport *transport, uint16_t identifier)
{
    const struct transport_receiver *receiver = transport->receivers;
    while (receiver != NULL && receiver->identifier != identifier) {
        receiver = receiver->next;
    }
    return receiver != NULL;
}

/* What an identifier claim gives, and one for a receiver's own. */
static bool grant(struct fake_transport *transport, uint16_t identifier)
{
    os_lock_acquire(&network_lock);
    claims++;
    if (is_own(transport, identifier)) {
        os_lock_release(&network_lock);
        return false;
    }
    if (transport->transport.rewrites_identifier || identifier == 0 || transport->granted[identifier]) {
        panic("an identifier is claimed that cannot be, or that the engine has");
    }
    bool (*hook)(uint16_t) = hooks.identifier_claim;
    os_lock_release(&network_lock);

    bool is_granted = hook == NULL || hook(identifier);
    os_lock_acquire(&network_lock);
    transport->granted[identifier] = is_granted;
    granted += is_granted;
    os_lock_release(&network_lock);
    return is_granted;
}

static bool fake_identifier_claim(struct transport *base, uint16_t identifier)
{
    require_no_lock();
    return grant((struct fake_transport *)(void *)base, identifier);
}

static void require_granted(struct fake_transport *transport, const struct transport_message *message)
{
    uint16_t identifier = (uint16_t)(message->bytes[4] << 8 | message->bytes[5]);
    os_lock_acquire(&network_lock);
    bool may_be_used = transport->granted[identifier] || transport->operations.identifier_claim == NULL ||
                       transport->transport.rewrites_identifier;
    os_lock_release(&network_lock);
    if (!may_be_used) {
        panic("an identifier is used that was not granted");
    }
}

/* ---- Sending ---- */

static void require_family(const struct transport *transport, const struct transport_message *message)
{
    bool v6 = message->destination.family == IP_FAMILY_V6;
    if (!(v6 ? transport->has_ipv6 : transport->has_ipv4) ||
        (!ip_address_is_unspecified(&message->source) &&
         message->source.family != message->destination.family)) {
        panic("a message is sent between addresses that cannot be");
    }
    if (message->bytes[0] != (v6 ? 128 : 8) || message->bytes[1] != 0 ||
        (v6 && (message->bytes[2] != 0 || message->bytes[3] != 0 || message->options_bytes > 0))) {
        panic("a message is sent that is no echo request of its family");
    }
}

static uint32_t fake_send(struct transport *transport, const struct transport_message *message)
{
    require_no_lock();
    if (message->length_bytes < 8 || message->options_bytes > 40) {
        panic("a message is sent that can be no ICMP message, or has too many options");
    }
    require_family(transport, message);
    require_granted((struct fake_transport *)(void *)transport, message);
    if (hooks.prepare != NULL) {
        hooks.prepare();
    }
    message->sending(message->context);
    struct fake_sent *sent = allocate(sizeof(*sent) + message->length_bytes);
    sent->message = *message;
    memcpy(sent->bytes, message->bytes, message->length_bytes);
    sent->message.bytes = sent->bytes;
    if (message->options_bytes > 0) {
        memcpy(sent->options, message->options, message->options_bytes);
    }
    sent->message.options = sent->options;
    sent->identifier = (uint16_t)(sent->bytes[4] << 8 | sent->bytes[5]);
    sent->sequence = (uint16_t)(sent->bytes[6] << 8 | sent->bytes[7]);

    os_lock_acquire(&network_lock);
    sent->next = sent_messages;
    sent_messages = sent;
    sent_count++;
    uint32_t (*hook)(const struct fake_sent *) = hooks.send;
    os_lock_release(&network_lock);
    return hook != NULL ? hook(sent) : fake_network_echo(sent);
}

uint32_t fake_network_echo(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_reply(sent);
    fake_network_deliver(&answer);
    return 0;
}

uint32_t fake_network_silence(const struct fake_sent *sent)
{
    (void)sent;
    return 0;
}

size_t fake_network_sent_count(void)
{
    os_lock_acquire(&network_lock);
    size_t count = sent_count;
    os_lock_release(&network_lock);
    return count;
}

const struct fake_sent *fake_network_sent(size_t count)
{
    for (int waited_ms = 0; fake_network_sent_count() < count; waited_ms++) {
        if (waited_ms == WAIT_MS) {
            panic("a message that the test waits for is not sent");
        }
        os_posix_pause();
    }
    os_lock_acquire(&network_lock);
    const struct fake_sent *sent = sent_messages; /* the newest first */
    for (size_t newer = sent_count - count; newer > 0; newer--) {
        sent = sent->next;
    }
    os_lock_release(&network_lock);
    return sent;
}

/* ---- Answers ---- */

static bool is_v6(const struct fake_answer *answer)
{
    return answer->source.family == IP_FAMILY_V6;
}

struct fake_answer fake_reply(const struct fake_sent *sent)
{
    bool v6 = sent->message.destination.family == IP_FAMILY_V6;
    return (struct fake_answer){
        .form = v6 ? TRANSPORT_MESSAGE : TRANSPORT_IPV4_PACKET,
        .source = sent->message.destination,
        .destination = sent->message.source,
        .type = v6 ? 129 : 0,
        .ttl = 64,
        .protocol = v6 ? 58 : 1,
        .identifier = sent->identifier,
        .sequence = sent->sequence,
        .data = sent->bytes + 8,
        .data_bytes = sent->message.length_bytes - 8,
    };
}

struct fake_answer fake_error(const struct fake_sent *sent, struct ip_address router, uint8_t type,
                              uint8_t code)
{
    struct fake_answer answer = fake_reply(sent);
    answer.source = router;
    answer.type = type;
    answer.code = code;
    answer.is_error = true;
    answer.quoted_destination = sent->message.destination;
    return answer;
}

static void store_be16(uint8_t *bytes, size_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

/* Writes an IPv4 header. Returns how long it is. */
static size_t build_header_v4(uint8_t *bytes, const struct fake_answer *answer, const uint8_t *options,
                              size_t options_bytes, size_t payload_bytes)
{
    size_t header_bytes = 20 + options_bytes;
    bytes[0] = (uint8_t)(0x40 | header_bytes / 4);
    bytes[1] = answer->tos;
    store_be16(bytes + 2, header_bytes + payload_bytes);
    store_be16(bytes + 6, answer->fragment_word);
    bytes[8] = answer->ttl;
    bytes[9] = answer->protocol;
    memcpy(bytes + 12, answer->source.bytes, 4);
    memcpy(bytes + 16, answer->destination.bytes, 4);
    if (options_bytes > 0) {
        memcpy(bytes + 20, options, options_bytes);
    }
    return header_bytes;
}

/* Writes the IPv6 header of a quoted request. Returns how long it is. */
static size_t build_header_v6(uint8_t *bytes, const struct fake_answer *answer, size_t payload_bytes)
{
    bytes[0] = 0x60;
    store_be16(bytes + 4, payload_bytes);
    bytes[6] = 58;
    bytes[7] = 1; /* the hop limit that is left */
    memcpy(bytes + 24, answer->quoted_destination.bytes, 16);
    return 40;
}

/* Writes the ICMP header of the request that an error is about. Returns how long it is. */
static size_t build_request_header(uint8_t *bytes, const struct fake_answer *answer)
{
    bytes[0] = is_v6(answer) ? 128 : 8;
    store_be16(bytes + 4, answer->identifier);
    store_be16(bytes + 6, answer->sequence);
    return 8;
}

/* Writes what an error quotes. Returns how long it is. */
static size_t build_quote(uint8_t *bytes, const struct fake_answer *answer)
{
    struct fake_answer quoted = {.destination = answer->quoted_destination, .protocol = 1, .ttl = 1};
    size_t header_bytes = is_v6(answer) ? build_header_v6(bytes, answer, 8)
                                        : build_header_v4(bytes, &quoted, answer->quoted_options,
                                                          answer->quoted_options_bytes, 8);
    return header_bytes + build_request_header(bytes + header_bytes, answer);
}

/* Writes the ICMP message. Returns how long it is. */
static size_t build_message(uint8_t *bytes, const struct fake_answer *answer)
{
    size_t length_bytes = 8;
    bytes[0] = answer->type;
    bytes[1] = answer->code;
    if (answer->is_error) {
        length_bytes += build_quote(bytes + length_bytes, answer);
    } else {
        store_be16(bytes + 4, answer->identifier);
        store_be16(bytes + 6, answer->sequence);
        if (answer->data_bytes > 0) {
            memcpy(bytes + 8, answer->data, answer->data_bytes);
        }
        length_bytes += answer->data_bytes;
    }
    if (!is_v6(answer)) { /* of ICMPv6 the system has seen to it */
        store_be16(bytes + 2, checksum_compute(bytes, length_bytes) ^ (answer->bad_checksum ? 1U : 0U));
    }
    return length_bytes;
}

/* What a transport knows when it gives an answer out without its header. */
static struct transport_packet headerless(const struct fake_answer *answer)
{
    return (struct transport_packet){
        .form = answer->form,
        .peer = answer->source,
        .ttl = answer->ttl,
        .tos = answer->tos,
        .options = answer->options,
        .options_bytes = answer->options_bytes,
    };
}

/* Puts the packet of an answer into `bytes`, which is large enough. */
static struct transport_packet build(const struct fake_answer *answer, uint8_t *bytes)
{
    struct transport_packet packet = headerless(answer);
    switch (answer->form) {
    case TRANSPORT_IPV4_PACKET: {
        size_t header_bytes = 20 + answer->options_bytes;
        size_t message_bytes = build_message(bytes + header_bytes, answer);
        build_header_v4(bytes, answer, answer->options, answer->options_bytes, message_bytes);
        packet = (struct transport_packet){.length_bytes = header_bytes + message_bytes};
        break;
    }
    case TRANSPORT_MESSAGE:
        packet.length_bytes = build_message(bytes, answer);
        break;
    case TRANSPORT_ERROR:
        packet.length_bytes = build_request_header(bytes, answer);
        packet.destination = answer->quoted_destination;
        packet.icmp_type = answer->type;
        packet.icmp_code = answer->code;
        break;
    }
    packet.bytes = bytes;
    return packet;
}

/* Who takes a shared packet that comes next: the one that has listened longest; NULL when nobody listens. */
static struct transport_receiver *taker(const struct fake_transport *transport)
{
    struct transport_receiver *oldest = NULL;
    for (struct transport_receiver *receiver = transport->receivers; receiver != NULL;
         receiver = receiver->next) {
        if (receiver->listening != 0 && (oldest == NULL || receiver->listening < oldest->listening)) {
            oldest = receiver;
        }
    }
    return oldest;
}

static struct transport_receiver *receiver_of_number(const struct fake_transport *transport, size_t number)
{
    struct transport_receiver *receiver = transport->receivers;
    while (receiver != NULL && receiver->number != number) {
        receiver = receiver->next;
    }
    if (receiver == NULL) {
        panic("there is no receiver of that number");
    }
    return receiver;
}

static struct packet *packet_new(const struct transport_packet *original)
{
    struct packet *packet = allocate(sizeof(*packet) + original->length_bytes + original->options_bytes);
    packet->packet = *original;
    packet->packet.bytes = packet->content;
    packet->packet.options = packet->content + original->length_bytes;
    memcpy(packet->content, original->bytes, original->length_bytes);
    if (original->options_bytes > 0) {
        memcpy(packet->content + original->length_bytes, original->options, original->options_bytes);
    }
    return packet;
}

static void deliver_to_receiver(struct transport_receiver *receiver, const struct transport_packet *packet)
{
    if (receiver->resting && receiver->taken.count >= RESTING_PACKETS_MAX) {
        return;
    }
    append(&receiver->taken, packet_new(packet));
    receiver->listening = 0;
    os_condition_wake(&receiver->changed);
}

/* To all receivers that want what answers this identifier; 0: to all. */
static void deliver_to_receivers(struct fake_transport *transport, const struct transport_packet *packet,
                                 uint16_t identifier)
{
    uint16_t owner = is_own(transport, identifier) ? identifier : 0;
    for (struct transport_receiver *receiver = transport->receivers; receiver != NULL;
         receiver = receiver->next) {
        if (identifier == 0 || receiver->identifier == owner) {
            deliver_to_receiver(receiver, packet);
        }
    }
}

/* To the receiver of that number; or, for NULL, as the transport does it with what answers this identifier. */
static void deliver_to_transport(struct fake_transport *transport, const struct transport_packet *packet,
                                 uint16_t identifier, const size_t *number)
{
    if (number != NULL) {
        deliver_to_receiver(receiver_of_number(transport, *number), packet);
    } else if (!transport->transport.rewrites_identifier) {
        deliver_to_receivers(transport, packet, identifier);
    } else if (taker(transport) != NULL) {
        deliver_to_receiver(taker(transport), packet);
    } else {
        append(&transport->unread, packet_new(packet));
    }
}

static void deliver(const struct transport_packet *packet, uint16_t identifier, const size_t *number)
{
    os_lock_acquire(&network_lock);
    for (struct fake_transport *transport = transports; transport != NULL; transport = transport->next) {
        deliver_to_transport(transport, packet, identifier, number);
    }
    os_lock_release(&network_lock);
}

void fake_network_deliver_packet(const struct transport_packet *packet)
{
    deliver(packet, 0, NULL);
}

static void deliver_bytes(const uint8_t *bytes, size_t length_bytes, const size_t *number)
{
    struct transport_packet packet = {
        .form = TRANSPORT_IPV4_PACKET, .bytes = bytes, .length_bytes = length_bytes};
    deliver(&packet, 0, number);
}

void fake_network_deliver_bytes(const uint8_t *bytes, size_t length_bytes)
{
    deliver_bytes(bytes, length_bytes, NULL);
}

void fake_network_deliver_bytes_to(size_t receiver, const uint8_t *bytes, size_t length_bytes)
{
    deliver_bytes(bytes, length_bytes, &receiver);
}

static void deliver_answer(const struct fake_answer *answer, const size_t *number)
{
    uint8_t *bytes = allocate(60 + 8 + 60 + 8 + answer->data_bytes); /* the longest of each part */
    struct transport_packet packet = build(answer, bytes);
    deliver(&packet, answer->identifier, number);
    free(bytes);
}

void fake_network_deliver(const struct fake_answer *answer)
{
    deliver_answer(answer, NULL);
}

void fake_network_deliver_to(size_t receiver, const struct fake_answer *answer)
{
    deliver_answer(answer, &receiver);
}

/* ---- Receiving ---- */

static struct transport_receiver *fake_receiver_open(struct transport *base, uint16_t identifier)
{
    require_no_lock();
    struct fake_transport *transport = (struct fake_transport *)(void *)base;
    if (identifier != 0 && !transport->transport.own_identifiers) {
        panic("a receiver is opened with an identifier that it cannot have");
    }
    os_lock_acquire(&network_lock);
    bool fail = fail_receivers;
    size_t number = transport->receiver_count++;
    void (*hook)(size_t) = hooks.receiver_open;
    os_lock_release(&network_lock);
    if (hook != NULL) {
        hook(number);
    }
    fail = fail || (identifier != 0 && !grant(transport, identifier));
    struct transport_receiver *receiver = fail ? NULL : os_alloc(sizeof(*receiver));
    if (receiver == NULL) {
        os_lock_acquire(&network_lock);
        transport->granted[identifier] = false;
        os_lock_release(&network_lock);
        return NULL;
    }
    os_lock_acquire(&network_lock);
    receiver->transport = transport;
    receiver->number = number;
    receiver->identifier = identifier;
    receiver->resting = true;
    receiver->next = transport->receivers;
    transport->receivers = receiver;
    receivers++;
    os_lock_release(&network_lock);
    return receiver;
}

/* The receiver's thread begins to use it: what it was given before is gone. The lock is held. */
static void use_begin(struct transport_receiver *receiver)
{
    if (receiver->in_use) {
        panic("two threads use one receiver at once");
    }
    receiver->in_use = true;
    free_packets(&receiver->given);
}

/* Gives out what is in `list`. The lock is held. */
static size_t give(struct transport_receiver *receiver, struct packet_list *list,
                   struct transport_packet *packets, size_t capacity)
{
    size_t count = 0;
    uint64_t now_ns = os_now_ns();
    while (list->first != NULL && count < (single_packets ? 1 : capacity)) {
        struct packet *packet = take_first(list);
        append(&receiver->given, packet);
        packet->packet.received_ns = now_ns;
        packets[count++] = packet->packet;
    }
    return count;
}

static size_t fake_receive(struct transport_receiver *receiver, uint64_t deadline_ns,
                           struct transport_packet *packets, size_t capacity)
{
    require_no_lock();
    void (*hook)(size_t, uint64_t) = current_hooks().receive;
    if (hook != NULL) {
        hook(receiver->number, deadline_ns);
    }
    size_t count = 0;
    os_lock_acquire(&network_lock);
    receives++;
    use_begin(receiver);
    receiver->resting = false;
    for (;;) {
        struct packet_list *list =
            receiver->taken.first != NULL ? &receiver->taken : &receiver->transport->unread;
        count = give(receiver, list, packets, capacity);
        if (count > 0) {
            receiver->listening = 0;
            break;
        }
        if (receiver->woken) {
            break; /* and goes on listening */
        }
        if (os_now_ns() >= deadline_ns) {
            receiver->listening = 0;
            break;
        }
        if (receiver->listening == 0) {
            receiver->listening = ++listening_order;
        }
        receiver->waiting = true;
        receiver->until_ns = deadline_ns;
        os_condition_wait(&receiver->changed, &network_lock, deadline_ns);
        receiver->waiting = false;
    }
    if (count == 0) {
        receiver->woken = false;
    }
    receiver->in_use = false;
    os_lock_release(&network_lock);
    void (*after)(size_t, size_t) = current_hooks().received;
    if (after != NULL) {
        after(receiver->number, count);
    }
    return count;
}

static size_t fake_exchange(struct transport_receiver *receiver, const struct transport_message *message,
                            uint64_t deadline_ns, struct transport_packet *packets, size_t capacity,
                            uint32_t *error)
{
    os_lock_acquire(&network_lock);
    exchanges++;
    os_lock_release(&network_lock);
    *error = fake_send(&receiver->transport->transport, message);
    return *error == 0 ? fake_receive(receiver, deadline_ns, packets, capacity) : 0;
}

static size_t fake_rest(struct transport_receiver *receiver, struct transport_packet *packets,
                        size_t capacity)
{
    require_no_lock();
    void (*hook)(size_t) = current_hooks().rest;
    if (hook != NULL) {
        hook(receiver->number);
    }
    os_lock_acquire(&network_lock);
    use_begin(receiver);
    receiver->listening = 0;
    receiver->resting = true;
    /* What is not shared stays, and is lost for nobody. */
    size_t count = receiver->transport->transport.rewrites_identifier
                       ? give(receiver, &receiver->taken, packets, capacity)
                       : 0;
    receiver->in_use = false;
    os_lock_release(&network_lock);
    return count;
}

static void fake_discard(struct transport_receiver *receiver)
{
    require_no_lock();
    os_lock_acquire(&network_lock);
    use_begin(receiver);
    if (!receiver->resting) {
        panic("packets are discarded from a receiver that is not at rest");
    }
    discards++;
    if (!receiver->transport->transport.rewrites_identifier) {
        free_packets(&receiver->taken);
    }
    receiver->in_use = false;
    os_lock_release(&network_lock);
}

static void fake_wake(struct transport_receiver *receiver)
{
    require_no_lock();
    void (*hook)(size_t) = current_hooks().wake;
    if (hook != NULL) {
        hook(receiver->number);
    }
    os_lock_acquire(&network_lock);
    receiver->woken = true;
    os_condition_wake(&receiver->changed);
    os_lock_release(&network_lock);
}

/* ---- Opening and closing ---- */

static void fake_close(struct transport *base)
{
    require_no_lock();
    struct fake_transport *transport = (struct fake_transport *)(void *)base;
    os_lock_acquire(&network_lock);
    struct fake_transport **link = &transports;
    while (*link != transport) {
        link = &(*link)->next;
    }
    *link = transport->next;
    closed++;
    os_lock_release(&network_lock);

    while (transport->receivers != NULL) {
        struct transport_receiver *receiver = transport->receivers;
        transport->receivers = receiver->next;
        if (receiver->in_use) {
            panic("a transport is closed with a thread in it");
        }
        free_packets(&receiver->taken);
        free_packets(&receiver->given);
        os_free(receiver);
    }
    free_packets(&transport->unread);
    os_free(transport);
}

static const struct transport_operations operations = {
    .send = fake_send,
    .receiver_open = fake_receiver_open,
    .receive = fake_receive,
    .exchange = fake_exchange,
    .rest = fake_rest,
    .discard = fake_discard,
    .wake = fake_wake,
    .identifier_claim = fake_identifier_claim,
    .close = fake_close,
};

uint32_t transport_open(struct transport **transport)
{
    require_no_lock();
    uint32_t (*hook)(void) = current_hooks().open;
    uint32_t error = hook != NULL ? hook() : 0;
    if (error != 0) {
        return error;
    }
    struct fake_transport *fresh = os_alloc(sizeof(*fresh));
    if (fresh == NULL) {
        return 8; /* ERROR_NOT_ENOUGH_MEMORY */
    }
    fresh->transport.operations = &fresh->operations;
    fresh->operations = operations;
    fresh->transport.name = "fake";
    os_lock_acquire(&network_lock);
    fresh->transport.has_ipv4 = carry_ipv4;
    fresh->transport.has_ipv6 = carry_ipv6;
    fresh->transport.rewrites_identifier = rewrite_identifiers;
    fresh->transport.kernel_times = kernel_times;
    fresh->transport.own_identifiers = own_identifiers && !rewrite_identifiers;
    if (!want_claims) {
        fresh->operations.identifier_claim = NULL;
    }
    if (!provide_exchange) {
        fresh->operations.exchange = NULL;
    }
    fresh->next = transports;
    transports = fresh;
    opened++;
    os_lock_release(&network_lock);
    *transport = &fresh->transport;
    return 0;
}

/* Whether the test program is run over that kind of transport. */
static bool is_variant(const char *variant)
{
    const char *wanted = getenv("FAKE_NETWORK");
    return wanted != NULL && strcmp(wanted, variant) == 0;
}

void fake_network_reset(void)
{
    if (transports != NULL) {
        panic("a transport was left open");
    }
    while (sent_messages != NULL) {
        struct fake_sent *sent = sent_messages;
        sent_messages = sent->next;
        free(sent);
    }
    hooks = (struct fake_network_hooks){0};
    sent_count = 0;
    opened = 0;
    closed = 0;
    claims = 0;
    granted = 0;
    receivers = 0;
    receives = 0;
    exchanges = 0;
    discards = 0;
    rewrite_identifiers = false;
    carry_ipv4 = true;
    carry_ipv6 = true;
    want_claims = true;
    provide_exchange = is_variant("exchange") || is_variant("own");
    own_identifiers = is_variant("own");
    kernel_times = false;
    fail_receivers = false;
    single_packets = false;
}

void fake_network_hook(struct fake_network_hooks wanted)
{
    os_lock_acquire(&network_lock);
    hooks = wanted;
    os_lock_release(&network_lock);
}

static void set(bool *setting, bool value)
{
    os_lock_acquire(&network_lock);
    *setting = value;
    os_lock_release(&network_lock);
}

void fake_network_rewrite_identifiers(bool rewrite)
{
    set(&rewrite_identifiers, rewrite);
}

void fake_network_carry(bool ipv4, bool ipv6)
{
    set(&carry_ipv4, ipv4);
    set(&carry_ipv6, ipv6);
}

void fake_network_want_claims(bool want)
{
    set(&want_claims, want);
}

void fake_network_tell_kernel_times(bool tell)
{
    set(&kernel_times, tell);
}

void fake_network_provide_exchange(bool provide)
{
    set(&provide_exchange, provide);
}

void fake_network_allow_own_identifiers(bool allow)
{
    set(&own_identifiers, allow);
}

void fake_network_fail_receivers(bool fail)
{
    set(&fail_receivers, fail);
}

void fake_network_single_packets(bool single)
{
    set(&single_packets, single);
}

/* ---- Counts ---- */

static size_t get(const size_t *count)
{
    os_lock_acquire(&network_lock);
    size_t value = *count;
    os_lock_release(&network_lock);
    return value;
}

size_t fake_network_opened(void)
{
    return get(&opened);
}

size_t fake_network_closed(void)
{
    return get(&closed);
}

size_t fake_network_claims(void)
{
    return get(&claims);
}

size_t fake_network_granted(void)
{
    return get(&granted);
}

size_t fake_network_receivers(void)
{
    return get(&receivers);
}

size_t fake_network_receives(void)
{
    return get(&receives);
}

size_t fake_network_exchanges(void)
{
    return get(&exchanges);
}

size_t fake_network_discards(void)
{
    return get(&discards);
}

size_t fake_network_listening(void)
{
    size_t count = 0;
    os_lock_acquire(&network_lock);
    for (struct fake_transport *transport = transports; transport != NULL; transport = transport->next) {
        for (struct transport_receiver *receiver = transport->receivers; receiver != NULL;
             receiver = receiver->next) {
            count += receiver->waiting;
        }
    }
    os_lock_release(&network_lock);
    return count;
}

size_t fake_network_unread(void)
{
    size_t count = 0;
    os_lock_acquire(&network_lock);
    for (struct fake_transport *transport = transports; transport != NULL; transport = transport->next) {
        count += transport->unread.count;
        for (struct transport_receiver *receiver = transport->receivers; receiver != NULL;
             receiver = receiver->next) {
            count += receiver->taken.count;
        }
    }
    os_lock_release(&network_lock);
    return count;
}

uint64_t fake_network_waits_until(size_t number)
{
    uint64_t until_ns = 0;
    os_lock_acquire(&network_lock);
    for (struct fake_transport *transport = transports; transport != NULL; transport = transport->next) {
        for (struct transport_receiver *receiver = transport->receivers; receiver != NULL;
             receiver = receiver->next) {
            if (receiver->number == number && receiver->waiting && !receiver->woken) {
                until_ns = receiver->until_ns;
            }
        }
    }
    os_lock_release(&network_lock);
    return until_ns;
}

bool fake_network_idle(void)
{
    bool idle = true;
    os_lock_acquire(&network_lock);
    for (struct fake_transport *transport = transports; transport != NULL; transport = transport->next) {
        bool shared = transport->transport.rewrites_identifier;
        for (struct transport_receiver *receiver = transport->receivers; receiver != NULL;
             receiver = receiver->next) {
            idle = idle && receiver->resting && (!shared || receiver->taken.first == NULL);
        }
    }
    os_lock_release(&network_lock);
    return idle;
}
