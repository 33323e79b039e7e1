/*
 * The winsock transport, put together: start-up, sending, and the table of its functions.
 */
#include "transport/winsock.h"

#include "os/os.h"
#include "transport/winsock_receiver.h"
#include "transport/winsock_sockets.h"

#include <string.h>
#include <ws2tcpip.h>

#include <icmpapi.h>

struct winsock_transport {
    struct transport base; /* first: a transport is a winsock_transport */
    struct winsock_pool pool;
};

/* Sets an integer option unless it has that value already; `*known` is what the socket has. */
static bool option_set(SOCKET handle, int level, int option, int value, int *known)
{
    if (*known == value) {
        return true;
    }
    *known = -1;
    if (setsockopt(handle, level, option, (const char *)&value, sizeof(value)) != 0) {
        return false;
    }
    *known = value;
    return true;
}

static bool ip_options_set(struct winsock_socket *socket, const struct transport_message *message)
{
    size_t length = message->options_bytes;
    if (socket->options_bytes == length &&
        (length == 0 || memcmp(socket->options, message->options, length) == 0)) {
        return true;
    }
    if (setsockopt(socket->handle, IPPROTO_IP, IP_OPTIONS, (const char *)message->options, (int)length) !=
        0) {
        return false; /* the system has kept what was set before */
    }
    if (length > 0) {
        memcpy(socket->options, message->options, length);
    }
    socket->options_bytes = length;
    return true;
}

/* Makes the socket send as `message` wants it. 0 or the error. */
static uint32_t configure(const struct winsock_pool *pool, struct winsock_socket *socket,
                          const struct transport_message *message)
{
    SOCKET handle = socket->handle;
    int ttl = message->ttl != 0 ? message->ttl : pool->default_ttl;
    if (!ip_options_set(socket, message)) {
        return IP_BAD_OPTION;
    }
    if (!option_set(handle, IPPROTO_IP, IP_TTL, ttl, &socket->ttl) ||
        !option_set(handle, IPPROTO_IP, IP_TOS, message->tos, &socket->tos) ||
        !option_set(handle, IPPROTO_IP, IP_DONTFRAGMENT, message->dont_fragment, &socket->dont_fragment) ||
        !option_set(handle, SOL_SOCKET, SO_BROADCAST, message->broadcast, &socket->broadcast)) {
        return winsock_error(WSAGetLastError());
    }
    return 0;
}

static uint32_t send_with(struct winsock_socket *socket, const struct transport_message *message)
{
    struct sockaddr_in destination = {.sin_family = AF_INET};
    destination.sin_addr.s_addr = ip_address_to_v4(&message->destination);
    message->sending(message->context);
    if (sendto(socket->handle, (const char *)message->bytes, (int)message->length_bytes, 0,
               (struct sockaddr *)&destination, sizeof(destination)) >= 0) {
        return 0;
    }
    int wsa_error = WSAGetLastError();
    if (wsa_error == WSAEACCES && !message->broadcast) {
        return TRANSPORT_NEEDS_BROADCAST;
    }
    if (wsa_error == WSAEMSGSIZE && !message->dont_fragment) {
        return IP_GENERAL_FAILURE; /* longer than any datagram may be */
    }
    return winsock_error(wsa_error);
}

static uint32_t winsock_send(struct transport *transport, const struct transport_message *message)
{
    struct winsock_pool *pool = &((struct winsock_transport *)transport)->pool;
    struct winsock_socket *socket;
    uint32_t error = winsock_pool_take(pool, ip_address_to_v4(&message->source), &socket);
    if (error != 0) {
        return error;
    }
    error = configure(pool, socket, message);
    if (error == 0) {
        error = send_with(socket, message);
    }
    winsock_pool_give_back(pool, socket);
    return error;
}

static struct transport_receiver *winsock_open_receiver(struct transport *transport)
{
    return winsock_receiver_open(&((struct winsock_transport *)transport)->pool);
}

static void winsock_close(struct transport *transport)
{
    winsock_pool_close(&((struct winsock_transport *)transport)->pool);
    os_free(transport);
}

static const struct transport_operations operations = {
    .send = winsock_send,
    .receiver_open = winsock_open_receiver,
    .receive = winsock_receive,
    .rest = winsock_rest,
    .discard = winsock_discard,
    .wake = winsock_wake,
    .close = winsock_close,
};

/* Once for as long as the DLL is loaded, and never undone: the last user may leave in DllMain, where
 * WSACleanup must not be called. */
static bool winsock_is_started(void)
{
    static volatile LONG started;
    WSADATA data;
    if (started == 0 && WSAStartup(MAKEWORD(2, 2), &data) == 0) {
        started = 1;
    }
    return started != 0;
}

uint32_t winsock_open(struct transport **transport)
{
    if (!winsock_is_started()) {
        return ERROR_NOT_SUPPORTED;
    }
    struct winsock_transport *winsock = os_alloc(sizeof(*winsock));
    if (winsock == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    uint32_t error = winsock_pool_open(&winsock->pool);
    if (error != 0) {
        os_free(winsock);
        return error;
    }
    winsock->base.operations = &operations;
    winsock->base.has_ipv4 = true;
    winsock->base.rewrites_identifier = winsock->pool.ping_sockets;
    winsock->base.name =
        winsock->pool.ping_sockets ? "winsock (Linux ping sockets)" : "winsock (raw sockets)";
    *transport = &winsock->base;
    return 0;
}
