/*
 * Receives. Does not look into packets, and does not know what they answer.
 */
#include "host/unix/receiver.h"

#include "host/unix/critical.h"
#include "host/unix/packet.h"
#include "host/unix/sockets.h"
#include "transport/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000LL

/* How soon to try again what the system refuses: somebody may have closed our sockets. */
#define RETRY_NS 10000000L

/* How often to receive from a socket that reports errors instead. */
#define ATTEMPTS_MAX 8

/* How many ping sockets to look at in one round. The epoll instance gives each its turn. */
#define READY_MAX 8

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* ---- Opening and closing ---- */

/* The filter for its raw socket of this family. The network's lock is held. */
static void build_filter(const struct receiver *receiver, int family, struct filter *filter)
{
    const struct network *network = receiver->network;
    if (receiver->identifier != 0) {
        filter_build(filter, network_family(family), &receiver->identifier, 1);
    } else {
        filter_build(filter, network_family(family), network->identifiers, network->identifier_count);
    }
}

/* The network's lock is held. */
static bool open_handles(struct receiver *receiver)
{
    struct network *network = receiver->network;
    receiver->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (receiver->wake < 0) {
        return false;
    }
    for (int family = 0; family < FAMILIES; family++) {
        if (network->mode[family] == HOST_MODE_RAW) {
            struct filter filter;
            build_filter(receiver, family, &filter);
            receiver->raw[family] = sockets_open_raw_receiver(network_family(family), &filter);
            if (receiver->raw[family] < 0) {
                return false;
            }
        }
    }
    return receiver->identifier == 0 || network_pings_open(network, receiver->identifier);
}

/* In a critical section with the network's lock. */
static struct receiver *open_receiver(struct network *network, uint16_t identifier)
{
    if (identifier != 0 && !network_is_free(network, identifier)) {
        return NULL;
    }
    struct receiver *receiver = calloc(1, sizeof(*receiver));
    if (receiver == NULL) {
        return NULL;
    }
    receiver->network = network;
    receiver->identifier = identifier;
    receiver->wake = receiver->raw[V4] = receiver->raw[V6] = -1;
    receiver->dont_fragment = receiver->broadcast = -1;
    if (!open_handles(receiver)) {
        receiver_close(receiver);
        return NULL;
    }
    receiver->next = network->newest_receiver;
    network->newest_receiver = receiver;
    return receiver;
}

struct receiver *receiver_open(struct network *network, uint16_t identifier)
{
    struct critical section = critical_enter(&network->lock);
    struct receiver *receiver = open_receiver(network, identifier);
    critical_leave(&section, &network->lock);
    return receiver;
}

void receiver_close(struct receiver *receiver)
{
    if (receiver->wake >= 0) {
        close(receiver->wake);
    }
    for (int family = 0; family < FAMILIES; family++) {
        if (receiver->raw[family] >= 0) {
            close(receiver->raw[family]);
        }
    }
    if (receiver->identifier != 0) {
        network_pings_close(receiver->network, receiver->identifier);
    }
    free(receiver);
}

void receiver_set_filters(struct receiver *receiver)
{
    for (int family = 0; family < FAMILIES; family++) {
        if (receiver->raw[family] >= 0) {
            struct filter filter;
            build_filter(receiver, family, &filter);
            sockets_set_filter(receiver->raw[family], &filter);
        }
    }
}

/* Its own socket of this family, raw or ping; -1 when it has none. */
static int own_handle(const struct receiver *receiver, int family)
{
    if (receiver->identifier != 0 && receiver->network->mode[family] == HOST_MODE_PING) {
        return network_ping_socket(receiver->network, family, receiver->identifier)->handle;
    }
    return receiver->raw[family];
}

/* ---- Taking what is there ---- */

/* A batch: where to put packets, and how many there are already. */
struct batch {
    struct receiver *receiver;
    struct host_packet *packets;
    uint8_t *buffer;
    size_t count;
    size_t capacity;
    bool refused; /* the system would not let us receive or wait */
};

static struct batch batch_of(struct receiver *receiver, const struct host_reception *reception)
{
    return (struct batch){
        .receiver = receiver,
        .packets = (struct host_packet *)(uintptr_t)reception->packets,
        .buffer = (uint8_t *)(uintptr_t)reception->buffer,
        .capacity = reception->capacity < HOST_BATCH_MAX ? reception->capacity : HOST_BATCH_MAX,
    };
}

/* Prepares the headers of the slots that are still free. */
static void prepare(const struct batch *batch)
{
    struct receiver *receiver = batch->receiver;
    for (size_t i = batch->count; i < batch->capacity; i++) {
        receiver->parts[i] = (struct iovec){batch->buffer + i * HOST_SLOT_BYTES, HOST_SLOT_BYTES};
        receiver->headers[i].msg_hdr = (struct msghdr){
            .msg_name = &receiver->names[i],
            .msg_namelen = sizeof(receiver->names[i]),
            .msg_iov = &receiver->parts[i],
            .msg_iovlen = 1,
            .msg_control = receiver->control[i],
            .msg_controllen = sizeof(receiver->control[i]),
        };
    }
}

/* How many packets it received; -1 when the system refuses. A pending error of the socket, which is about some message of
 * before, is reported instead of packets, once: ICMP errors are read from the error queue. */
static int receive_some(int handle, struct mmsghdr *headers, size_t capacity, int flags)
{
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        int received = recvmmsg(handle, headers, (unsigned int)capacity, flags | MSG_DONTWAIT, NULL);
        if (received >= 0) {
            return received;
        }
        if (errno == EAGAIN || errno == EINTR) {
            return 0;
        }
    }
    return -1;
}

/* Takes what a socket has, as far as there is room. False when it had nothing. */
static bool take(struct batch *batch, int handle, uint8_t form)
{
    if (batch->count == batch->capacity) {
        return true;
    }
    struct receiver *receiver = batch->receiver;
    prepare(batch);
    size_t first = batch->count;
    int received = receive_some(handle, &receiver->headers[first], batch->capacity - first,
                                form == TRANSPORT_ERROR ? MSG_ERRQUEUE : 0);
    if (received <= 0) {
        batch->refused = batch->refused || received < 0;
        return false;
    }
    int64_t now = now_ns(CLOCK_REALTIME);
    for (size_t slot = first; slot < first + (size_t)received; slot++) {
        struct host_packet *packet = &batch->packets[batch->count];
        if (packet_describe(packet, form, &receiver->headers[slot], now)) {
            packet->offset = (uint32_t)(slot * HOST_SLOT_BYTES);
            batch->count++;
        }
    }
    return true;
}

/* In what form the packets of a raw socket come. */
static uint8_t raw_form(int family)
{
    return family == V4 ? TRANSPORT_IPV4_PACKET : TRANSPORT_MESSAGE;
}

static void take_from_ping(struct batch *batch, int handle, bool messages, bool errors)
{
    if (messages) {
        take(batch, handle, TRANSPORT_MESSAGE);
    }
    if (errors && !take(batch, handle, TRANSPORT_ERROR)) {
        /* A pending error without an entry in the queue would be reported for ever. */
        int error;
        socklen_t length = sizeof(error);
        getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &length);
    }
}

static void take_from_shared_pings(struct batch *batch)
{
    struct epoll_event ready[READY_MAX];
    int count = epoll_wait(batch->receiver->network->pings_ready, ready, READY_MAX, 0);
    batch->refused = batch->refused || (count < 0 && errno != EINTR);
    for (int i = 0; i < count; i++) {
        take_from_ping(batch, network_event_handle(ready[i].data.u64), (ready[i].events & EPOLLIN) != 0,
                       (ready[i].events & EPOLLERR) != 0);
    }
}

/* ---- Waiting ---- */

enum {
    POLL_WAKE,
    POLL_OWN, /* one for each family: its own socket */
    POLL_SHARED_PINGS = POLL_OWN + FAMILIES,
    POLL_COUNT
};

/* What to wait for. */
static void list_handles(const struct receiver *receiver, struct pollfd *handles)
{
    handles[POLL_WAKE] = (struct pollfd){.fd = receiver->wake, .events = POLLIN};
    for (int family = 0; family < FAMILIES; family++) {
        handles[POLL_OWN + family] = (struct pollfd){.fd = own_handle(receiver, family), .events = POLLIN};
    }
    handles[POLL_SHARED_PINGS] = (struct pollfd){
        .fd = receiver->identifier == 0 ? receiver->network->pings_ready : -1, .events = POLLIN};
}

/* Waits for any of them to be ready, until `deadline_ns` of the monotonic clock (INT64_MAX: for ever). 0 when the time is
 * up and none is. */
static int wait_for(struct pollfd *handles, int64_t deadline_ns)
{
    struct timespec timeout;
    if (deadline_ns != INT64_MAX) {
        int64_t left_ns = deadline_ns - now_ns(CLOCK_MONOTONIC);
        left_ns = left_ns > 0 ? left_ns : 0;
        timeout =
            (struct timespec){.tv_sec = left_ns / NS_PER_SECOND, .tv_nsec = (long)(left_ns % NS_PER_SECOND)};
    }
    return ppoll(handles, POLL_COUNT, deadline_ns != INT64_MAX ? &timeout : NULL, NULL);
}

static int64_t deadline_after(uint64_t timeout_ns)
{
    int64_t now = now_ns(CLOCK_MONOTONIC);
    return timeout_ns < (uint64_t)(INT64_MAX - now) ? now + (int64_t)timeout_ns : INT64_MAX;
}

static void take_ready(struct batch *batch, const struct pollfd *handles)
{
    for (int family = 0; family < FAMILIES; family++) {
        const struct pollfd *own = &handles[POLL_OWN + family];
        if (own->revents != 0 && batch->receiver->raw[family] >= 0) {
            take(batch, own->fd, raw_form(family));
        } else if (own->revents != 0) {
            take_from_ping(batch, own->fd, (own->revents & POLLIN) != 0, (own->revents & POLLERR) != 0);
        }
    }
    if (handles[POLL_SHARED_PINGS].revents != 0) {
        take_from_shared_pings(batch);
    }
}

/* True when somebody has called receiver_wake since. */
static bool take_wake(struct batch *batch)
{
    uint64_t wakes;
    if (read(batch->receiver->wake, &wakes, sizeof(wakes)) == sizeof(wakes)) {
        return true;
    }
    batch->refused = batch->refused || errno != EAGAIN;
    return false;
}

void receiver_receive(struct receiver *receiver, struct host_reception *reception)
{
    struct batch batch = batch_of(receiver, reception);
    struct pollfd handles[POLL_COUNT];
    int64_t deadline_ns = deadline_after(reception->timeout_ns);
    bool over = false;

    list_handles(receiver, handles);
    reception->woken = 0;
    while (!over && batch.count == 0) {
        int ready = wait_for(handles, deadline_ns);
        batch.refused = ready < 0 && errno != EINTR;
        if (ready > 0) {
            take_ready(&batch, handles);
            /* Only when there are no packets: else it is the next call that is to be woken. */
            if (batch.count == 0 && handles[POLL_WAKE].revents != 0) {
                over = take_wake(&batch);
                reception->woken = over;
            }
        } else {
            over = ready == 0;
        }
        if (batch.refused) {
            nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL);
            over = over || now_ns(CLOCK_MONOTONIC) >= deadline_ns;
        }
    }
    reception->count = (uint32_t)batch.count;
}

void receiver_receive_answer(struct receiver *receiver, int family, uint16_t identifier,
                             struct host_reception *reception)
{
    /* On loopback the answer is there as soon as the request is sent. It is the only one, as a rule. */
    struct batch batch = batch_of(receiver, reception);
    batch.capacity = 1;
    if (receiver->raw[family] >= 0) {
        take(&batch, receiver->raw[family], raw_form(family));
    } else {
        take(&batch, network_ping_socket(receiver->network, family, identifier)->handle, TRANSPORT_MESSAGE);
    }
    reception->woken = 0;
    reception->count = (uint32_t)batch.count;
    if (batch.count == 0) {
        receiver_receive(receiver, reception);
    }
}

static void discard(struct receiver *receiver, int handle, int flags)
{
    for (int i = 0; i < HOST_BATCH_MAX; i++) {
        receiver->headers[i].msg_hdr = (struct msghdr){0};
    }
    while (receive_some(handle, receiver->headers, HOST_BATCH_MAX, flags) == HOST_BATCH_MAX) {
    }
}

void receiver_discard(struct receiver *receiver)
{
    for (int family = 0; family < FAMILIES; family++) {
        int handle = own_handle(receiver, family);
        if (handle >= 0) {
            discard(receiver, handle, 0);
        }
        if (handle >= 0 && handle != receiver->raw[family]) {
            discard(receiver, handle, MSG_ERRQUEUE);
        }
    }
}

void receiver_wake(struct receiver *receiver)
{
    uint64_t one = 1;
    /* It fails only when it was woken 2^64 - 2 times already. */
    (void)!write(receiver->wake, &one, sizeof(one));
}
