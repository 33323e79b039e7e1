/*
 * Opens and closes the host transport's network, and claims identifiers.
 */
#include "host/unix/network.h"

#include "host/unix/critical.h"
#include "host/unix/receiver.h"
#include "host/unix/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_if_open(int handle)
{
    if (handle >= 0) {
        close(handle);
    }
}

/* ---- Ping sockets ---- */

static void ping_close(struct ping_socket *socket)
{
    if (socket != NULL) {
        close(socket->handle);
        free(socket);
    }
}

static struct ping_socket *ping_open(int family, uint16_t identifier, int beside)
{
    struct ping_socket *socket = malloc(sizeof(*socket));
    if (socket == NULL) {
        return NULL;
    }
    *socket =
        (struct ping_socket){.dont_fragment = -1, .broadcast = -1, .hop_limit = -1, .traffic_class = -1};
    pthread_mutex_init(&socket->lock, NULL);
    socket->handle = sockets_open_ping(network_family(family), identifier, beside);
    if (socket->handle < 0) {
        free(socket);
        return NULL;
    }
    return socket;
}

bool network_pings_open(struct network *network, uint16_t identifier)
{
    int beside = -1;
    for (int family = 0; family < FAMILIES; family++) {
        if (network->mode[family] == HOST_MODE_PING) {
            struct ping_socket *socket = ping_open(family, identifier, beside);
            if (socket == NULL) {
                network_pings_close(network, identifier);
                return false;
            }
            network->pings[family]->by_identifier[identifier] = socket;
            beside = socket->handle;
        }
    }
    return true;
}

struct ping_socket *network_ping_socket(const struct network *network, int family, uint16_t identifier)
{
    return network->pings[family]->by_identifier[identifier];
}

void network_pings_close(struct network *network, uint16_t identifier)
{
    for (int family = 0; family < FAMILIES; family++) {
        if (network->mode[family] == HOST_MODE_PING) {
            ping_close(network_ping_socket(network, family, identifier));
            network->pings[family]->by_identifier[identifier] = NULL;
        }
    }
}

/* Every receiver without an identifier of its own waits for them. The lock is held. */
static bool pings_share(struct network *network, uint16_t identifier)
{
    for (int family = 0; family < FAMILIES; family++) {
        if (network->mode[family] == HOST_MODE_PING) {
            int handle = network_ping_socket(network, family, identifier)->handle;
            struct epoll_event event = {.events = EPOLLIN};
            event.data.u64 = network_ping_event(handle, family);
            if (epoll_ctl(network->pings_ready, EPOLL_CTL_ADD, handle, &event) != 0) {
                return false; /* closing them takes those out that are in */
            }
        }
    }
    return true;
}

/* ---- Closing ---- */

/* In a critical section. */
static void close_network(struct network *network)
{
    while (network->newest_receiver != NULL) {
        struct receiver *last = network->newest_receiver;
        network->newest_receiver = last->next;
        receiver_close(last);
    }
    for (size_t i = 0; i < network->identifier_count; i++) {
        network_pings_close(network, network->identifiers[i]);
    }
    for (int family = 0; family < FAMILIES; family++) {
        if (network->pings[family] != NULL) {
            munmap(network->pings[family], sizeof(struct ping_table));
        }
        for (int i = 0; i < RAW_SENDERS; i++) {
            close_if_open(network->raw_senders[family][i]);
        }
    }
    close_if_open(network->pings_ready);
    free(network);
}

void network_close(struct network *network)
{
    struct critical section = critical_begin();
    close_network(network);
    critical_end(&section);
}

/* ---- Opening ---- */

/* Whether the system lets us use what we receive with: a sandbox may have a socket, but no recvmmsg. */
static bool can_receive(int handle)
{
    char byte;
    struct iovec part = {&byte, sizeof(byte)};
    struct mmsghdr header = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
    return recvmmsg(handle, &header, 1, MSG_DONTWAIT, NULL) >= 0 || errno == EAGAIN;
}

/* The lock is held, or nobody else knows the network yet. */
static int open_raw_sender(struct network *network, int family, bool dont_fragment, bool broadcast)
{
    atomic_int *place = &network->raw_senders[family][(dont_fragment ? 1 : 0) + (broadcast ? 2 : 0)];
    if (*place < 0) {
        *place = sockets_open_raw_sender(network_family(family), dont_fragment, broadcast);
    }
    return *place;
}

/* Opens the first raw socket of a family. False and errno when it may not. */
static bool open_raw(struct network *network, int family)
{
    int handle = open_raw_sender(network, family, false, false);
    if (handle < 0) {
        return false;
    }
    if (!can_receive(handle)) {
        int error = errno;
        close(handle);
        network->raw_senders[family][0] = -1;
        errno = error;
        return false;
    }
    return true;
}

int network_raw_sender(struct network *network, int family, bool dont_fragment, bool broadcast)
{
    if (family == V6) {
        dont_fragment = broadcast = false;
    }
    int handle = network->raw_senders[family][(dont_fragment ? 1 : 0) + (broadcast ? 2 : 0)];
    if (handle < 0) {
        struct critical section = critical_enter(&network->lock);
        handle = open_raw_sender(network, family, dont_fragment, broadcast);
        int error = errno;
        critical_leave(&section, &network->lock);
        errno = error;
    }
    return handle;
}

/* Prepares for ping sockets of a family. False and errno when there may be none. */
static bool open_ping(struct network *network, int family)
{
    int handle = sockets_try_ping(network_family(family));
    if (handle < 0) {
        return false;
    }
    bool usable = can_receive(handle);
    int error = errno;
    close(handle);
    if (!usable) {
        errno = error;
        return false;
    }
    if (network->pings_ready < 0) {
        network->pings_ready = epoll_create1(EPOLL_CLOEXEC);
        if (network->pings_ready < 0) {
            return false;
        }
    }
    void *table = mmap(NULL, sizeof(struct ping_table), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (table == MAP_FAILED) {
        return false;
    }
    network->pings[family] = table;
    return true;
}

static void open_family(struct network *network, int family, struct host_family_state *state)
{
    memset(state, 0, sizeof(*state));
    if (open_raw(network, family)) {
        state->mode = HOST_MODE_RAW;
    } else {
        const char *why_not_raw = strerror(errno);
        if (open_ping(network, family)) {
            state->mode = HOST_MODE_PING;
            snprintf(state->reason, sizeof(state->reason), "raw sockets: %s", why_not_raw);
        } else {
            snprintf(state->reason, sizeof(state->reason), "raw sockets: %s, ping sockets: %s", why_not_raw,
                     strerror(errno));
        }
    }
    network->mode[family] = (enum host_mode)state->mode;
}

/* In a critical section. */
static struct network *open_network(struct host_family_state *ipv4, struct host_family_state *ipv6)
{
    struct network *network = calloc(1, sizeof(*network));
    if (network == NULL) {
        return NULL;
    }
    pthread_mutex_init(&network->lock, NULL);
    for (int i = 0; i < FAMILIES * RAW_SENDERS; i++) {
        network->raw_senders[i / RAW_SENDERS][i % RAW_SENDERS] = -1;
    }
    network->pings_ready = -1;
    open_family(network, V4, ipv4);
    open_family(network, V6, ipv6);
    if (network->mode[V4] == HOST_MODE_NONE && network->mode[V6] == HOST_MODE_NONE) {
        close_network(network);
        return NULL;
    }
    return network;
}

struct network *network_open(struct host_family_state *ipv4, struct host_family_state *ipv6)
{
    struct critical section = critical_begin();
    struct network *network = open_network(ipv4, ipv6);
    critical_end(&section);
    return network;
}

/* ---- Identifiers ---- */

static bool is_claimed(const struct network *network, uint16_t identifier)
{
    for (size_t i = 0; i < network->identifier_count; i++) {
        if (network->identifiers[i] == identifier) {
            return true;
        }
    }
    return false;
}

bool network_is_free(const struct network *network, uint16_t identifier)
{
    const struct receiver *receiver = network->newest_receiver;
    while (receiver != NULL && receiver->identifier != identifier) {
        receiver = receiver->next;
    }
    return receiver == NULL && !is_claimed(network, identifier);
}

/* The lock is held. */
static bool claim(struct network *network, uint16_t identifier)
{
    if (is_claimed(network, identifier)) {
        return true;
    }
    if (!network_is_free(network, identifier) || !network_pings_open(network, identifier)) {
        return false;
    }
    if (!pings_share(network, identifier)) {
        network_pings_close(network, identifier);
        return false;
    }
    network->identifiers[network->identifier_count++] = identifier;
    for (struct receiver *receiver = network->newest_receiver; receiver != NULL; receiver = receiver->next) {
        receiver_set_filters(receiver);
    }
    return true;
}

bool network_claim(struct network *network, uint16_t identifier)
{
    struct critical section = critical_enter(&network->lock);
    bool claimed = claim(network, identifier);
    critical_leave(&section, &network->lock);
    return claimed;
}
