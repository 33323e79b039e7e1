/*
 * Receives packets from the sockets of the winsock transport. Does not look into them.
 */
#include "transport/winsock_receiver.h"

#include "os/os.h"

#include <string.h>

/* How many packets to take at a time. Under Wine each takes two calls of wineserver, and the first is not to wait long for
 * the last. */
#define BATCH_PACKETS_MAX 32

/* How soon to try a socket again that refused to receive. */
#define RETRY_MS 10

struct winsock_slot {
    struct winsock_socket *socket;
    OVERLAPPED
    overlapped; /* hEvent is a manual-reset event, set while nothing is posted or something has come */
    bool posted;
    DWORD flags;                  /* Wine writes to it when the receive ends */
    union winsock_address sender; /* of an ICMPv6 message */
    int sender_bytes;
    uint8_t buffer[WINSOCK_PACKET_BYTES_MAX];
};

/* ---- Slots ---- */

static struct winsock_slot *slot_open(struct winsock_socket *source)
{
    struct winsock_slot *slot = os_alloc(sizeof(*slot));
    if (slot == NULL) {
        return NULL;
    }
    slot->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (slot->overlapped.hEvent == NULL) {
        os_free(slot);
        return NULL;
    }
    slot->socket = source;
    return slot;
}

/* Posts a receive. True when a packet was there already. */
static bool slot_post(struct winsock_slot *slot)
{
    HANDLE event = slot->overlapped.hEvent;
    slot->overlapped = (OVERLAPPED){.hEvent = event};
    slot->flags = 0;
    slot->sender_bytes = sizeof(slot->sender);
    WSABUF buffer = {.len = sizeof(slot->buffer), .buf = (char *)slot->buffer};
    /* An IPv4 packet says itself where it comes from. */
    bool v6 = slot->socket->source.family == IP_FAMILY_V6;
    if (WSARecvFrom(slot->socket->handle, &buffer, 1, NULL, &slot->flags, v6 ? &slot->sender.any : NULL,
                    v6 ? &slot->sender_bytes : NULL, &slot->overlapped, NULL) == 0) {
        return slot->overlapped.InternalHigh > 0;
    }
    slot->posted = WSAGetLastError() == WSA_IO_PENDING;
    return false;
}

/* Takes the result of a posted receive, waiting for it if asked to. True when it brought a packet. */
static bool slot_finish(struct winsock_slot *slot, bool wait)
{
    DWORD received;
    slot->posted = false;
    return GetOverlappedResult((HANDLE)slot->socket->handle, &slot->overlapped, &received, wait) &&
           received > 0;
}

/* Withdraws a posted receive. True when a packet had come before. */
static bool slot_withdraw(struct winsock_slot *slot)
{
    CancelIoEx((HANDLE)slot->socket->handle, &slot->overlapped);
    return slot_finish(slot, true);
}

/* ---- Batches: packets that are handed over together ---- */

struct batch {
    struct transport_receiver *receiver;
    struct transport_packet *packets;
    size_t capacity;
    size_t count;
    size_t used_bytes; /* of the receiver's store */
};

static struct batch batch_of(struct transport_receiver *receiver, struct transport_packet *packets,
                             size_t capacity)
{
    return (struct batch){
        .receiver = receiver,
        .packets = packets,
        .capacity = capacity < BATCH_PACKETS_MAX ? capacity : BATCH_PACKETS_MAX,
    };
}

static bool batch_has_room(const struct batch *batch)
{
    return batch->count < batch->capacity &&
           sizeof(batch->receiver->store) - batch->used_bytes >= WINSOCK_PACKET_BYTES_MAX;
}

/* Adds the packet that a slot has received, whose buffer is free again then. There is room. */
static void batch_add(struct batch *batch, const struct winsock_slot *slot)
{
    bool v6 = slot->socket->source.family == IP_FAMILY_V6;
    size_t length_bytes = slot->overlapped.InternalHigh;
    uint8_t *bytes = batch->receiver->store + batch->used_bytes;
    memcpy(bytes, slot->buffer, length_bytes);
    batch->used_bytes += length_bytes;
    struct transport_packet *packet = &batch->packets[batch->count++];
    *packet = (struct transport_packet){
        .form = v6 ? TRANSPORT_MESSAGE : TRANSPORT_IPV4_PACKET,
        .bytes = bytes,
        .length_bytes = length_bytes,
        .received_ns = os_now_ns(),
    };
    if (v6) {
        packet->peer = winsock_address_to_ip(&slot->sender);
    }
}

/* Takes what is there already for a slot, as far as there is room. If there is more room than that, a receive is posted
 * afterwards. */
static void batch_take(struct batch *batch, struct winsock_slot *slot)
{
    while (!slot->posted && batch_has_room(batch) && slot_post(slot)) {
        batch_add(batch, slot);
    }
}

/* ---- Receivers ---- */

static void slots_close(struct transport_receiver *receiver)
{
    for (size_t i = 0; i < receiver->slot_count; i++) {
        struct winsock_slot *slot = receiver->slots[i];
        if (slot->posted) {
            slot_withdraw(slot);
        }
        if (!receiver->pool->ping_sockets) {
            winsock_socket_close(slot->socket);
        }
        CloseHandle(slot->overlapped.hEvent);
        os_free(slot);
    }
}

/* Adds a slot with a socket of its own. False without memory or handles. */
static bool own_slot_open(struct transport_receiver *receiver, enum ip_family family)
{
    struct winsock_socket *own = winsock_receiving_socket_open(family);
    if (own == NULL) {
        return false;
    }
    struct winsock_slot *slot = slot_open(own);
    if (slot == NULL) {
        winsock_socket_close(own);
        return false;
    }
    receiver->slots[receiver->slot_count++] = slot;
    return true;
}

/* The slots of a receiver with sockets of its own. False without memory or handles; then close the slots. */
static bool own_slots_open(struct transport_receiver *receiver)
{
    const struct winsock_pool *pool = receiver->pool;
    return pool->ping_sockets || (own_slot_open(receiver, IP_FAMILY_V4) &&
                                  (!pool->has_ipv6 || own_slot_open(receiver, IP_FAMILY_V6)));
}

/* Makes a slot for each ping socket that this receiver does not know yet. */
static void slots_complete(struct transport_receiver *receiver)
{
    struct winsock_pool *pool = receiver->pool;
    if (!pool->ping_sockets) {
        return;
    }
    AcquireSRWLockShared(&pool->lock);
    struct winsock_socket *newest = pool->newest;
    ReleaseSRWLockShared(&pool->lock);
    /* The known ones are the older end of the list. */
    struct winsock_socket *known =
        receiver->slot_count > 0 ? receiver->slots[receiver->slot_count - 1]->socket : NULL;
    while (receiver->slot_count < WINSOCK_RECEIVING_MAX) {
        struct winsock_socket *oldest_unknown = NULL;
        for (struct winsock_socket *s = newest; s != NULL && s != known; s = s->next) {
            oldest_unknown = s;
        }
        struct winsock_slot *slot = oldest_unknown != NULL ? slot_open(oldest_unknown) : NULL;
        if (slot == NULL) {
            return;
        }
        receiver->slots[receiver->slot_count++] = slot;
        known = oldest_unknown;
    }
}

struct transport_receiver *winsock_receiver_open(struct winsock_pool *pool)
{
    struct transport_receiver *receiver = os_alloc(sizeof(*receiver));
    if (receiver == NULL) {
        return NULL;
    }
    receiver->pool = pool;
    receiver->wake = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (receiver->wake == NULL) {
        goto cleanup_memory;
    }
    if (!own_slots_open(receiver)) {
        goto cleanup_slots;
    }
    AcquireSRWLockExclusive(&pool->lock);
    receiver->next = pool->newest_receiver;
    pool->newest_receiver = receiver;
    ReleaseSRWLockExclusive(&pool->lock);
    return receiver;

cleanup_slots:
    slots_close(receiver);
    CloseHandle(receiver->wake);
cleanup_memory:
    os_free(receiver);
    return NULL;
}

void winsock_receiver_close(struct transport_receiver *receiver)
{
    slots_close(receiver);
    CloseHandle(receiver->wake);
    os_free(receiver);
}

void winsock_discard(struct transport_receiver *receiver)
{
    if (receiver->pool->ping_sockets) {
        return; /* they are shared, and hold nothing but answers to our own requests */
    }
    /* A new socket is empty. Reading the old one empty could take very long. */
    for (size_t i = 0; i < receiver->slot_count; i++) {
        struct winsock_slot *slot = receiver->slots[i];
        struct winsock_socket *fresh = winsock_receiving_socket_open(slot->socket->source.family);
        if (fresh != NULL) {
            winsock_socket_close(slot->socket);
            slot->socket = fresh;
        }
    }
}

void winsock_wake(struct transport_receiver *receiver)
{
    SetEvent(receiver->wake);
}

size_t winsock_rest(struct transport_receiver *receiver, struct transport_packet *packets, size_t capacity)
{
    struct batch batch = batch_of(receiver, packets, capacity);
    for (size_t i = 0; i < receiver->slot_count; i++) {
        struct winsock_slot *slot = receiver->slots[i];
        if (slot->posted && batch_has_room(&batch) && slot_withdraw(slot)) {
            batch_add(&batch, slot);
        }
    }
    return batch.count;
}

size_t winsock_receive(struct transport_receiver *receiver, uint64_t deadline_ns,
                       struct transport_packet *packets, size_t capacity)
{
    struct batch batch = batch_of(receiver, packets, capacity);
    for (;;) {
        HANDLE handles[MAXIMUM_WAIT_OBJECTS];
        struct winsock_slot *waiting[MAXIMUM_WAIT_OBJECTS];
        DWORD waiting_count = 0;

        slots_complete(receiver);
        for (size_t i = 0; i < receiver->slot_count; i++) {
            struct winsock_slot *slot = receiver->slots[i];
            batch_take(&batch, slot);
            if (slot->posted) {
                handles[waiting_count] = slot->overlapped.hEvent;
                waiting[waiting_count++] = slot;
            }
        }
        if (batch.count > 0) {
            return batch.count;
        }
        /* Last, because of several that are set, the wait tells of the first: packets go before a wake-up. */
        handles[waiting_count] = receiver->wake;

        uint32_t timeout_ms = os_ms_until(deadline_ns);
        bool all_posted = waiting_count == receiver->slot_count && receiver->slot_count > 0;
        if (!all_posted && timeout_ms > RETRY_MS) {
            timeout_ms = RETRY_MS;
        }
        DWORD ended = WaitForMultipleObjects(waiting_count + 1, handles, FALSE, timeout_ms) - WAIT_OBJECT_0;
        if (ended < waiting_count) {
            if (slot_finish(waiting[ended], false)) {
                batch_add(&batch, waiting[ended]);
                batch_take(&batch, waiting[ended]);
                return batch.count;
            }
        } else if (ended == waiting_count) {
            return 0;
        } else if (os_ms_until(deadline_ns) == 0) {
            return winsock_rest(receiver, packets, capacity);
        } else if (ended == WAIT_FAILED - WAIT_OBJECT_0) {
            SleepEx(RETRY_MS, FALSE); /* someone has closed our handles; do not burn the processor as well */
        }
    }
}
