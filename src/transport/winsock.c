/*
 * The winsock transport, put together: start-up, sending, and the table of its functions.
 */
#include "transport/winsock.h"

#include "os/os.h"
#include "trace/trace.h"
#include "transport/send_failure.h"
#include "transport/winsock_receiver.h"
#include "transport/winsock_sockets.h"

#include <string.h>

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

/* Multicast has a TTL or hop limit of its own, which is 1 unless it is set (RFC 1112 section 6.1, RFC 3493
 * section 5.2). */
static bool multicast_hops_set(struct winsock_socket *socket, const struct transport_message *message,
                               int level, int option)
{
    return option_set(socket->handle, level, option, message->ttl != 0 ? message->ttl : 1,
                      &socket->multicast_hops);
}

static bool configure_v4(const struct winsock_pool *pool, struct winsock_socket *socket,
                         const struct transport_message *message)
{
    SOCKET handle = socket->handle;
    int ttl = message->ttl != 0 ? message->ttl : pool->default_ttl;
    if (ip_address_is_for_many(&message->destination) &&
        !multicast_hops_set(socket, message, IPPROTO_IP, IP_MULTICAST_TTL)) {
        return false;
    }
    return option_set(handle, IPPROTO_IP, IP_TTL, ttl, &socket->ttl) &&
           option_set(handle, IPPROTO_IP, IP_TOS, message->tos, &socket->tos) &&
           option_set(handle, IPPROTO_IP, IP_DONTFRAGMENT, message->dont_fragment, &socket->dont_fragment) &&
           option_set(handle, SOL_SOCKET, SO_BROADCAST, message->broadcast, &socket->broadcast);
}

static bool hop_limit_set(const struct winsock_pool *pool, struct winsock_socket *socket,
                          const struct transport_message *message)
{
    if (ip_address_is_for_many(&message->destination)) {
        return multicast_hops_set(socket, message, IPPROTO_IPV6, IPV6_MULTICAST_HOPS);
    }
    return option_set(socket->handle, IPPROTO_IPV6, IPV6_UNICAST_HOPS,
                      message->ttl != 0 ? message->ttl : pool->default_hop_limit, &socket->ttl);
}

static bool configure_v6(const struct winsock_pool *pool, struct winsock_socket *socket,
                         const struct transport_message *message)
{
    /* Windows' documentation knows the traffic class of what is received only. It is a wish, as TOS is there. */
    option_set(socket->handle, IPPROTO_IPV6, IPV6_TCLASS, message->tos, &socket->tos);
    return hop_limit_set(pool, socket, message) && option_set(socket->handle, IPPROTO_IPV6, IPV6_DONTFRAG,
                                                              message->dont_fragment, &socket->dont_fragment);
}

/* Makes the socket send as `message` wants it. 0 or the error. */
static uint32_t configure(const struct winsock_pool *pool, struct winsock_socket *socket,
                          const struct transport_message *message)
{
    bool v6 = message->destination.family == IP_FAMILY_V6;
    if (!v6 && !ip_options_set(socket, message)) {
        return send_failure_error(SEND_BAD_OPTION);
    }
    if (!(v6 ? configure_v6 : configure_v4)(pool, socket, message)) {
        return winsock_error(WSAGetLastError());
    }
    return 0;
}

static uint32_t send_with(struct winsock_socket *socket, const struct transport_message *message)
{
    union winsock_address destination;
    int destination_bytes = winsock_address_from(&destination, &message->destination);
    message->sending(message->context);
    if (sendto(socket->handle, (const char *)message->bytes, (int)message->length_bytes, 0, &destination.any,
               destination_bytes) >= 0) {
        return 0;
    }
    int wsa_error = WSAGetLastError();
    if (wsa_error == WSAEACCES && !message->broadcast && message->destination.family == IP_FAMILY_V4) {
        return send_failure_error(SEND_NEEDS_BROADCAST);
    }
    if (wsa_error == WSAEMSGSIZE && !message->dont_fragment) {
        return send_failure_error(SEND_FAILED); /* longer than any datagram may be */
    }
    return winsock_error(wsa_error);
}

static uint32_t winsock_send(struct transport *transport, const struct transport_message *message)
{
    struct winsock_pool *pool = &((struct winsock_transport *)transport)->pool;
    struct ip_address source = ip_address_is_unspecified(&message->source)
                                   ? winsock_any_address(message->destination.family)
                                   : message->source;
    struct winsock_socket *socket;
    uint32_t error = winsock_pool_take(pool, &source, &socket);
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

static struct transport_receiver *winsock_open_receiver(struct transport *transport, uint16_t identifier)
{
    (void)identifier; /* Winsock has no filter that could keep others away */
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
        if (error == ERROR_ACCESS_DENIED) {
            trace("winsock: ICMP sockets are refused. Windows: run as Administrator. Wine: give wineserver "
                  "CAP_NET_RAW, or its user's group a place in net.ipv4.ping_group_range");
        }
        os_free(winsock);
        return error;
    }
    winsock->base.operations = &operations;
    winsock->base.has_ipv4 = true;
    winsock->base.has_ipv6 = winsock->pool.has_ipv6;
    winsock->base.rewrites_identifier = winsock->pool.ping_sockets;
    winsock->base.ipv4_sockets = winsock->pool.ping_sockets ? TRANSPORT_SOCKETS_PING : TRANSPORT_SOCKETS_RAW;
    winsock->base.ipv6_sockets = winsock->pool.has_ipv6 ? TRANSPORT_SOCKETS_RAW : TRANSPORT_SOCKETS_NONE;
    winsock->base.all_errors = !winsock->pool.ping_sockets;
    winsock->base.name =
        winsock->pool.ping_sockets ? "winsock (Linux ping sockets)" : "winsock (raw sockets)";
    *transport = &winsock->base;
    return 0;
}
