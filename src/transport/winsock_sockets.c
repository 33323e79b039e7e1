/*
 * Opens, pools and configures the raw sockets of the winsock transport.
 */
#include "transport/winsock_sockets.h"

#include "os/os.h"
#include "trace/trace.h"
#include "transport/send_failure.h"
#include "transport/winsock_receiver.h"

#include <string.h>

/* Room for the answers to a burst of requests that nobody has read yet; systems cut it to what they allow. */
#define RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)

/* How long a sender waits for a socket when all that there may be are taken. Sending takes microseconds; all
 * of them stay taken only when their threads were terminated. */
#define TAKE_TIMEOUT_MS 1000

static const struct {
    int wsa_error;
    enum send_failure failure;
} failures[] = {
    {WSAENETUNREACH, SEND_NO_ROUTE},
    {WSAENETDOWN, SEND_NO_ROUTE},
    {WSAEHOSTUNREACH, SEND_UNREACHABLE},
    {WSAEHOSTDOWN, SEND_UNREACHABLE},
    {WSAEADDRNOTAVAIL, SEND_FOREIGN_SOURCE},
    {WSAENOBUFS, SEND_NO_MEMORY},
    {WSAEMFILE, SEND_NO_MEMORY},
    {WSA_NOT_ENOUGH_MEMORY, SEND_NO_MEMORY},
    {WSAEAFNOSUPPORT, SEND_NOT_SUPPORTED},
    {WSAEPROTONOSUPPORT, SEND_NOT_SUPPORTED},
    {WSAESOCKTNOSUPPORT, SEND_NOT_SUPPORTED},
    {WSAEMSGSIZE, SEND_TOO_BIG},
};

uint32_t winsock_error(int wsa_error)
{
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        if (failures[i].wsa_error == wsa_error) {
            return send_failure_error(failures[i].failure);
        }
    }
    return send_failure_error(SEND_FAILED);
}

int winsock_address_from(union winsock_address *result, const struct ip_address *address)
{
    memset(result, 0, sizeof(*result));
    if (address->family == IP_FAMILY_V4) {
        result->v4.sin_family = AF_INET;
        result->v4.sin_addr.s_addr = ip_address_to_v4(address);
        return sizeof(result->v4);
    }
    result->v6.sin6_family = AF_INET6;
    memcpy(&result->v6.sin6_addr, address->bytes, sizeof(result->v6.sin6_addr));
    result->v6.sin6_scope_id = address->scope_id;
    return sizeof(result->v6);
}

struct ip_address winsock_address_to_ip(const union winsock_address *address)
{
    return address->any.sa_family == AF_INET6
               ? ip_address_v6(&address->v6.sin6_addr, address->v6.sin6_scope_id)
               : ip_address_v4(address->v4.sin_addr.s_addr);
}

struct ip_address winsock_any_address(enum ip_family family)
{
    return (struct ip_address){.family = (uint8_t)family};
}

/* A socket bound to `source`, that nobody has seen yet. Its `next` and `busy` are the caller's to set. NULL with a Win32
 * error. */
static struct winsock_socket *socket_open(const struct ip_address *source, uint32_t *error)
{
    struct winsock_socket *opened = os_alloc(sizeof(*opened));
    if (opened == NULL) {
        *error = ERROR_NOT_ENOUGH_MEMORY;
        return NULL;
    }
    bool v6 = source->family == IP_FAMILY_V6;
    opened->handle = WSASocketW(v6 ? AF_INET6 : AF_INET, SOCK_RAW, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, NULL,
                                0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (opened->handle == INVALID_SOCKET) {
        int wsa_error = WSAGetLastError();
        *error = wsa_error == WSAEACCES ? ERROR_ACCESS_DENIED : winsock_error(wsa_error);
        goto cleanup_memory;
    }
    /* Bound even to no address in particular: Windows refuses to receive on a raw socket that was neither
     * bound nor used to send. */
    union winsock_address address;
    int address_bytes = winsock_address_from(&address, source);
    if (bind(opened->handle, &address.any, address_bytes) != 0) {
        *error = winsock_error(WSAGetLastError());
        goto cleanup_socket;
    }
    opened->source = *source;
    opened->ttl = opened->multicast_hops = opened->tos = opened->dont_fragment = opened->broadcast = -1;
    return opened;

cleanup_socket:
    closesocket(opened->handle);
cleanup_memory:
    os_free(opened);
    return NULL;
}

static int receive_buffer_set(struct winsock_socket *opened, int bytes)
{
    return setsockopt(opened->handle, SOL_SOCKET, SO_RCVBUF, (const char *)&bytes, sizeof(bytes));
}

/* Only raw sockets know IP_HDRINCL: Wine refuses it (WSAEINVAL, tried with Wine 8) when it has put a Linux
 * ping socket in the place of the raw socket that it may not open. */
static bool is_ping_socket(struct winsock_socket *opened)
{
    DWORD off = 0;
    return setsockopt(opened->handle, IPPROTO_IP, IP_HDRINCL, (const char *)&off, sizeof(off)) != 0;
}

/* The TTL or hop limit that the system has set on a new socket. */
static int default_ttl(const struct winsock_socket *opened, int level, int option)
{
    int ttl;
    int length = sizeof(ttl);
    if (getsockopt(opened->handle, level, option, (char *)&ttl, &length) != 0 || ttl < 1 || ttl > UINT8_MAX) {
        return 128; /* what Windows has */
    }
    return ttl;
}

/* Opens the first socket of the pool for that family. 0 or a Win32 error. */
static uint32_t open_first(struct winsock_pool *pool, enum ip_family family)
{
    const struct ip_address any = winsock_any_address(family);
    uint32_t error;
    struct winsock_socket *first = socket_open(&any, &error);
    if (first == NULL) {
        return error;
    }
    first->next = pool->newest;
    pool->newest = first;
    pool->count++;
    return 0;
}

/* ICMPv6 messages are sent with a checksum of 0, and the system fills it in, as RFC 3542 section 3.1 demands. So do Vista
 * and later; XP and 2003 did not (golang/go issue 6320, about KB 947369; mdlayher/ndp issue 23, where Windows sends them
 * right without IPV6_CHECKSUM). Never tried by this project: no Wine up to 10 has ICMPv6 in Winsock. */
static void open_ipv6(struct winsock_pool *pool)
{
    if (pool->ping_sockets) {
        trace("winsock: no IPv6 without the right to open raw sockets");
        return;
    }
    uint32_t error = open_first(pool, IP_FAMILY_V6);
    if (error != 0) {
        trace("winsock: no IPv6, a raw ICMPv6 socket gives error %lu", (unsigned long)error);
        return;
    }
    pool->default_hop_limit = default_ttl(pool->newest, IPPROTO_IPV6, IPV6_UNICAST_HOPS);
    receive_buffer_set(pool->newest, 0);
    pool->has_ipv6 = true;
}

uint32_t winsock_pool_open(struct winsock_pool *pool)
{
    uint32_t error = open_first(pool, IP_FAMILY_V4);
    if (error != 0) {
        return error;
    }
    pool->default_ttl = default_ttl(pool->newest, IPPROTO_IP, IP_TTL);
    pool->ping_sockets = is_ping_socket(pool->newest);
    receive_buffer_set(pool->newest, pool->ping_sockets ? RECEIVE_BUFFER_BYTES : 0);
    open_ipv6(pool);
    return 0;
}

struct winsock_socket *winsock_receiving_socket_open(enum ip_family family)
{
    const struct ip_address any = winsock_any_address(family);
    uint32_t error;
    struct winsock_socket *opened = socket_open(&any, &error);
    if (opened == NULL) {
        return NULL;
    }
    receive_buffer_set(opened, RECEIVE_BUFFER_BYTES);
    return opened;
}

void winsock_socket_close(struct winsock_socket *socket)
{
    closesocket(socket->handle);
    os_free(socket);
}

void winsock_pool_close(struct winsock_pool *pool)
{
    while (pool->newest_receiver != NULL) {
        struct transport_receiver *last = pool->newest_receiver;
        pool->newest_receiver = last->next;
        winsock_receiver_close(last);
    }
    while (pool->newest != NULL) {
        struct winsock_socket *last = pool->newest;
        pool->newest = last->next;
        winsock_socket_close(last);
    }
}

static bool is_bound_to(const struct winsock_socket *socket, const struct ip_address *source)
{
    return ip_address_equal(&socket->source, source) && socket->source.scope_id == source->scope_id;
}

/* The first socket that is free and bound to `source`, or NULL. The lock is held. */
static struct winsock_socket *find_free(struct winsock_pool *pool, const struct ip_address *source)
{
    struct winsock_socket *candidate = pool->newest;
    while (candidate != NULL && (candidate->busy || !is_bound_to(candidate, source))) {
        candidate = candidate->next;
    }
    return candidate;
}

/* Takes a free socket; NULL when there is none and another may be opened. */
static struct winsock_socket *take_free(struct winsock_pool *pool, const struct ip_address *source,
                                        bool *full)
{
    AcquireSRWLockExclusive(&pool->lock);
    struct winsock_socket *found = find_free(pool, source);
    *full = pool->ping_sockets && pool->count >= WINSOCK_RECEIVING_MAX;
    if (found == NULL && *full) {
        SleepConditionVariableSRW(&pool->given_back, &pool->lock, TAKE_TIMEOUT_MS, 0);
        found = find_free(pool, source);
    }
    if (found != NULL) {
        found->busy = true;
    }
    ReleaseSRWLockExclusive(&pool->lock);
    return found;
}

/* Puts a new socket, taken, into the list. */
static void add_taken(struct winsock_pool *pool, struct winsock_socket *fresh)
{
    fresh->busy = true;
    AcquireSRWLockExclusive(&pool->lock);
    fresh->next = pool->newest;
    pool->newest = fresh;
    pool->count++;
    struct transport_receiver *receiver = pool->newest_receiver;
    ReleaseSRWLockExclusive(&pool->lock);
    /* Who waits already must wait for this socket, too, before anything is sent with it. */
    for (; pool->ping_sockets && receiver != NULL; receiver = receiver->next) {
        winsock_wake(receiver);
    }
}

uint32_t winsock_pool_take(struct winsock_pool *pool, const struct ip_address *source,
                           struct winsock_socket **taken)
{
    bool full;
    *taken = take_free(pool, source, &full);
    if (*taken != NULL) {
        return 0;
    }
    if (full) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }

    uint32_t error;
    struct winsock_socket *fresh = socket_open(source, &error);
    if (fresh == NULL) {
        return error;
    }
    receive_buffer_set(fresh, pool->ping_sockets ? RECEIVE_BUFFER_BYTES : 0);
    add_taken(pool, fresh);
    *taken = fresh;
    return 0;
}

void winsock_pool_give_back(struct winsock_pool *pool, struct winsock_socket *socket)
{
    AcquireSRWLockExclusive(&pool->lock);
    socket->busy = false;
    ReleaseSRWLockExclusive(&pool->lock);
    WakeConditionVariable(&pool->given_back);
}
