/*
 * Opens, pools and configures the raw sockets of the winsock transport.
 */
#include "transport/winsock_sockets.h"

#include "os/os.h"
#include "transport/send_failure.h"
#include "transport/winsock_receiver.h"

#include <ws2tcpip.h>

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

/* A socket bound to `source_be`, that nobody has seen yet. Its `next` and `busy` are the caller's to set. */
static uint32_t socket_open(uint32_t source_be, struct winsock_socket **result)
{
    struct winsock_socket *opened = os_alloc(sizeof(*opened));
    if (opened == NULL) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    uint32_t error;
    opened->handle = WSASocketW(AF_INET, SOCK_RAW, IPPROTO_ICMP, NULL, 0,
                                WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (opened->handle == INVALID_SOCKET) {
        int wsa_error = WSAGetLastError();
        error = wsa_error == WSAEACCES ? ERROR_ACCESS_DENIED : winsock_error(wsa_error);
        goto cleanup_memory;
    }
    /* Bound even to no address in particular: Windows refuses to receive on a raw socket that was neither
     * bound nor used to send. */
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = source_be;
    if (bind(opened->handle, (struct sockaddr *)&address, sizeof(address)) != 0) {
        error = winsock_error(WSAGetLastError());
        goto cleanup_socket;
    }
    opened->source_be = source_be;
    opened->ttl = opened->tos = opened->dont_fragment = opened->broadcast = -1;
    *result = opened;
    return 0;

cleanup_socket:
    closesocket(opened->handle);
cleanup_memory:
    os_free(opened);
    return error;
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

uint32_t winsock_pool_open(struct winsock_pool *pool)
{
    struct winsock_socket *first;
    uint32_t error = socket_open(0, &first);
    if (error != 0) {
        return error;
    }
    int length = sizeof(pool->default_ttl);
    if (getsockopt(first->handle, IPPROTO_IP, IP_TTL, (char *)&pool->default_ttl, &length) != 0 ||
        pool->default_ttl < 1 || pool->default_ttl > UINT8_MAX) {
        pool->default_ttl = 128; /* what Windows has */
    }
    pool->ping_sockets = is_ping_socket(first);
    receive_buffer_set(first, pool->ping_sockets ? RECEIVE_BUFFER_BYTES : 0);
    pool->newest = first;
    pool->count = 1;
    return 0;
}

struct winsock_socket *winsock_receiving_socket_open(void)
{
    struct winsock_socket *opened;
    if (socket_open(0, &opened) != 0) {
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

/* The first socket that is free and bound to `source_be`, or NULL. The lock is held. */
static struct winsock_socket *find_free(struct winsock_pool *pool, uint32_t source_be)
{
    struct winsock_socket *candidate = pool->newest;
    while (candidate != NULL && (candidate->busy || candidate->source_be != source_be)) {
        candidate = candidate->next;
    }
    return candidate;
}

/* Takes a free socket; NULL when there is none and another may be opened. */
static struct winsock_socket *take_free(struct winsock_pool *pool, uint32_t source_be, bool *full)
{
    AcquireSRWLockExclusive(&pool->lock);
    struct winsock_socket *found = find_free(pool, source_be);
    *full = pool->ping_sockets && pool->count >= WINSOCK_RECEIVING_MAX;
    if (found == NULL && *full) {
        SleepConditionVariableSRW(&pool->given_back, &pool->lock, TAKE_TIMEOUT_MS, 0);
        found = find_free(pool, source_be);
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

uint32_t winsock_pool_take(struct winsock_pool *pool, uint32_t source_be, struct winsock_socket **taken)
{
    bool full;
    *taken = take_free(pool, source_be, &full);
    if (*taken != NULL) {
        return 0;
    }
    if (full) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }

    struct winsock_socket *fresh;
    uint32_t error = socket_open(source_be, &fresh);
    if (error != 0) {
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
