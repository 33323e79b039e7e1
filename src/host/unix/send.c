/*
 * Sends. Knows echo messages only as far as Linux wants to know which socket has their identifier.
 */
#include "host/unix/send.h"

#include "host/unix/critical.h"
#include "host/unix/receiver.h"
#include "wire/bytes.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* How often a ping socket may report something else than the result of what is being sent. */
#define PENDING_ERRORS_MAX 16

/* How long to wait, in all, for room in the system's queues. */
#define NO_ROOM_RETRIES_MAX 1000
#define NO_ROOM_PAUSE_NS    1000000L

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/* A message as sendmsg wants it. */
struct outgoing {
    union address destination;
    struct iovec part;
    struct msghdr header;
    /* TTL, TOS, source, options; or hop limit, traffic class, not to be fragmented, source. */
    _Alignas(struct cmsghdr) uint8_t control[4 * CMSG_SPACE(40)];
};

int send_family(const struct host_message *message)
{
    return message->destination.family == IP_FAMILY_V4 ? V4 : V6;
}

uint16_t send_identifier(const struct host_message *message)
{
    /* RFC 792, RFC 4443: type, code, checksum, identifier. */
    const uint8_t *bytes = (const uint8_t *)(uintptr_t)message->bytes;
    return message->length_bytes >= 6 ? bytes_load_be16(bytes + 4) : 0;
}

static socklen_t socket_address(union address *result, const struct ip_address *address)
{
    memset(result, 0, sizeof(*result));
    if (address->family == IP_FAMILY_V4) {
        result->ipv4.sin_family = AF_INET;
        memcpy(&result->ipv4.sin_addr, address->bytes, sizeof(result->ipv4.sin_addr));
        return sizeof(result->ipv4);
    }
    result->ipv6.sin6_family = AF_INET6;
    memcpy(&result->ipv6.sin6_addr, address->bytes, sizeof(result->ipv6.sin6_addr));
    result->ipv6.sin6_scope_id = address->scope_id;
    return sizeof(result->ipv6);
}

/* ---- What travels with a message ---- */

static void add_control(struct outgoing *outgoing, int level, int type, const void *data, size_t length)
{
    struct cmsghdr header = {.cmsg_len = CMSG_LEN(length), .cmsg_level = level, .cmsg_type = type};
    uint8_t *place = outgoing->control + outgoing->header.msg_controllen;
    memcpy(place, &header, sizeof(header));
    memcpy(place + CMSG_LEN(0), data, length);
    outgoing->header.msg_controllen += CMSG_SPACE(length);
}

static void add_number(struct outgoing *outgoing, int level, int type, int value)
{
    add_control(outgoing, level, type, &value, sizeof(value));
}

static void add_ipv4_control(struct outgoing *outgoing, const struct host_message *message)
{
    if (message->ttl != 0) {
        add_number(outgoing, IPPROTO_IP, IP_TTL, message->ttl);
    }
    if (message->tos != 0) {
        add_number(outgoing, IPPROTO_IP, IP_TOS, message->tos);
    }
    if (message->source.family != 0) {
        struct in_pktinfo source = {0};
        memcpy(&source.ipi_spec_dst, message->source.bytes, sizeof(source.ipi_spec_dst));
        add_control(outgoing, IPPROTO_IP, IP_PKTINFO, &source, sizeof(source));
    }
    if (message->options_bytes > 0) {
        add_control(outgoing, IPPROTO_IP, IP_RETOPTS, (const void *)(uintptr_t)message->options,
                    message->options_bytes);
    }
}

static void add_ipv6_control(struct outgoing *outgoing, const struct host_message *message,
                             enum host_mode mode)
{
    /* What ping sockets have set on them, raw ones get with each message. */
    if (mode == HOST_MODE_RAW && message->ttl != 0) {
        add_number(outgoing, IPPROTO_IPV6, IPV6_HOPLIMIT, message->ttl);
    }
    if (mode == HOST_MODE_RAW && message->tos != 0) {
        add_number(outgoing, IPPROTO_IPV6, IPV6_TCLASS, message->tos);
    }
    if (mode == HOST_MODE_RAW && message->dont_fragment) {
        add_number(outgoing, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
    }
    if (message->source.family != 0) {
        struct in6_pktinfo source = {0};
        memcpy(&source.ipi6_addr, message->source.bytes, sizeof(source.ipi6_addr));
        /* A link-local source belongs to a link. */
        source.ipi6_ifindex =
            message->source.scope_id != 0 ? message->source.scope_id : message->destination.scope_id;
        add_control(outgoing, IPPROTO_IPV6, IPV6_PKTINFO, &source, sizeof(source));
    }
}

static void prepare(struct outgoing *outgoing, const struct host_message *message, enum host_mode mode)
{
    socklen_t name_bytes = socket_address(&outgoing->destination, &message->destination);
    outgoing->part = (struct iovec){(void *)(uintptr_t)message->bytes, message->length_bytes};
    outgoing->header = (struct msghdr){
        .msg_name = &outgoing->destination,
        .msg_namelen = name_bytes,
        .msg_iov = &outgoing->part,
        .msg_iovlen = 1,
        .msg_control = outgoing->control,
    };
    if (message->destination.family == IP_FAMILY_V4) {
        add_ipv4_control(outgoing, message);
    } else {
        add_ipv6_control(outgoing, message, mode);
    }
}

/* ---- Why it failed ---- */

static const struct {
    int error;
    enum send_failure failure;
} failures[] = {
    {ENETUNREACH, SEND_NO_ROUTE},     {ENETDOWN, SEND_NO_ROUTE},
    {ENODEV, SEND_NO_ROUTE},                                          /* there is no such link */
    {ENXIO, SEND_NO_ROUTE},           {EADDRNOTAVAIL, SEND_NO_ROUTE}, /* no address of ours to send from */
    {EHOSTUNREACH, SEND_UNREACHABLE}, {EHOSTDOWN, SEND_UNREACHABLE},
    {ENOBUFS, SEND_NO_MEMORY},        {ENOMEM, SEND_NO_MEMORY},
    {EMFILE, SEND_NO_MEMORY},         {ENFILE, SEND_NO_MEMORY},
    {EAGAIN, SEND_NO_MEMORY},         {EAFNOSUPPORT, SEND_NOT_SUPPORTED},
};

/* Whether no interface of ours has this address. Sending says that it is invalid, or that there is no route from it. */
static bool is_foreign(const struct ip_address *source)
{
    union address address;
    socklen_t length = socket_address(&address, source);
    int handle = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (handle < 0) {
        return false;
    }
    bool foreign = bind(handle, &address.any, length) != 0;
    close(handle);
    return foreign;
}

static enum send_failure failure_of(int error, const struct host_message *message)
{
    if (message->source.family != 0 && is_foreign(&message->source)) {
        return SEND_FOREIGN_SOURCE;
    }
    if (error == EINVAL && message->options_bytes > 0) {
        return SEND_BAD_OPTION;
    }
    if (error == EACCES && message->destination.family == IP_FAMILY_V4 && !message->broadcast) {
        return SEND_NEEDS_BROADCAST; /* or a route that prohibits: then it fails once more */
    }
    if (error == EMSGSIZE && message->dont_fragment) {
        return SEND_TOO_BIG;
    }
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (failures[i].error == error) {
            return failures[i].failure;
        }
    }
    return SEND_FAILED;
}

/* ---- Sending ---- */

/* 0 or the error. */
static int try_to_send(int handle, const struct outgoing *outgoing, int flags)
{
    return sendmsg(handle, &outgoing->header, flags | MSG_NOSIGNAL) >= 0 ? 0 : errno;
}

static bool set(int handle, int level, int option, int value)
{
    return setsockopt(handle, level, option, &value, sizeof(value)) == 0;
}

/* Sets an option unless it has that value already; `*known` is what the socket has. */
static void set_if_new(int handle, int level, int option, int value, int *known)
{
    if (*known != value) {
        *known = set(handle, level, option, value) ? value : -1;
    }
}

static int fragmentation(const struct host_message *message)
{
    return message->dont_fragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
}

/* Makes the socket send as `message` wants it. Its lock is held. */
static void configure_ping(struct ping_socket *socket, const struct host_message *message)
{
    if (message->destination.family == IP_FAMILY_V4) {
        set_if_new(socket->handle, IPPROTO_IP, IP_MTU_DISCOVER, fragmentation(message),
                   &socket->dont_fragment);
        set_if_new(socket->handle, SOL_SOCKET, SO_BROADCAST, message->broadcast, &socket->broadcast);
        return;
    }
    set_if_new(socket->handle, IPPROTO_IPV6, IPV6_DONTFRAG, message->dont_fragment, &socket->dont_fragment);
    set_if_new(socket->handle, IPPROTO_IPV6, IPV6_TCLASS, message->tos, &socket->traffic_class);
    if (socket->hop_limit != message->ttl) {
        int value = message->ttl != 0 ? message->ttl : -1; /* the default */
        bool done = set(socket->handle, IPPROTO_IPV6, IPV6_UNICAST_HOPS, value) &&
                    set(socket->handle, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, value);
        socket->hop_limit = done ? message->ttl : -1;
    }
}

/* 0 or the error of this message. An ICMP error about an earlier one makes a send fail that has nothing to do with it,
 * without sending: once, so what is left after some attempts is about this one. */
static int send_by_ping(struct ping_socket *socket, const struct outgoing *outgoing,
                        const struct host_message *message)
{
    int error = 0;
    struct critical section = critical_enter(&socket->lock);
    configure_ping(socket, message);
    for (int attempt = 0; attempt <= PENDING_ERRORS_MAX; attempt++) {
        error = try_to_send(socket->handle, outgoing, MSG_DONTWAIT);
        if (error == 0 || error == EAGAIN) {
            break;
        }
    }
    critical_leave(&section, &socket->lock);
    return error;
}

/* The raw socket to send from, for a receiver with an identifier of its own, or for others (NULL). -1 and errno when there
 * is none. */
static int raw_sender(struct network *network, struct receiver *own, const struct host_message *message)
{
    int family = send_family(message);
    if (own == NULL) {
        return network_raw_sender(network, family, message->dont_fragment, message->broadcast);
    }
    if (family == V4) {
        set_if_new(own->raw[V4], IPPROTO_IP, IP_MTU_DISCOVER, fragmentation(message), &own->dont_fragment);
        set_if_new(own->raw[V4], SOL_SOCKET, SO_BROADCAST, message->broadcast, &own->broadcast);
    }
    return own->raw[family];
}

/* 0 or the error. */
static int send_once(struct network *network, struct receiver *own, const struct outgoing *outgoing,
                     const struct host_message *message)
{
    int family = send_family(message);
    if (network->mode[family] == HOST_MODE_RAW) {
        int handle = raw_sender(network, own, message);
        return handle >= 0 ? try_to_send(handle, outgoing, 0) : errno;
    }
    struct ping_socket *socket = network_ping_socket(network, family, send_identifier(message));
    return socket != NULL ? send_by_ping(socket, outgoing, message) : EINVAL;
}

enum send_failure send_message(struct network *network, struct receiver *receiver,
                               const struct host_message *message)
{
    struct receiver *own = receiver != NULL && receiver->identifier != 0 ? receiver : NULL;
    enum host_mode mode = network->mode[send_family(message)];
    struct outgoing outgoing;
    if (mode == HOST_MODE_NONE || message->options_bytes > 40) {
        return mode == HOST_MODE_NONE ? SEND_NOT_SUPPORTED : SEND_BAD_OPTION;
    }
    prepare(&outgoing, message, mode);
    int error = send_once(network, own, &outgoing, message);
    /* A burst fills the queues, and waits until they are emptier. */
    for (int retry = 0;
         retry < NO_ROOM_RETRIES_MAX && (error == EAGAIN || error == ENOBUFS || error == EINTR); retry++) {
        if (error != EINTR) {
            nanosleep(&(struct timespec){.tv_nsec = NO_ROOM_PAUSE_NS}, NULL);
        }
        error = send_once(network, own, &outgoing, message);
    }
    return error == 0 ? SEND_OK : failure_of(error, message);
}
