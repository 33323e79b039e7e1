/*
 * What the tests of the IPv6 functions share: addresses, a request that is fine, and what a reply holds.
 *
 * Functions that call the API are inline here, as in requests.h. Checks marked so use cmocka's assertions,
 * which only the main thread of a test may. So do skips: where no transport can carry IPv6, there is
 * nothing to test.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_ICMP6_H
#define OPENICMP_TESTS_WIN_SUPPORT_ICMP6_H

#include "win/support/requests.h"

#define REQUEST6_DATA_BYTES 32
#define REPLY6_BYTES        36 /* sizeof(ICMPV6_ECHO_REPLY) on Windows, as others have measured it */

/* What reply buffers are filled with. */
#define UNWRITTEN6 0xa5

/* Every argument of Icmp6SendEcho2, and the memory that they point to. */
struct request6 {
    HANDLE handle;
    HANDLE event;
    PIO_APC_ROUTINE routine;
    void *context;
    struct sockaddr_in6 *source;
    struct sockaddr_in6 *destination;
    void *data;
    WORD data_bytes;
    IP_OPTION_INFORMATION *options;
    void *reply;
    DWORD reply_bytes;
    DWORD timeout_ms;

    struct sockaddr_in6 source_memory, destination_memory;
    BYTE data_memory[REQUEST6_DATA_BYTES];
    IP_OPTION_INFORMATION options_memory;
    BYTE reply_memory[REPLY6_BYTES + REQUEST6_DATA_BYTES + 100];
};

/* An address with nothing but its last two bytes: ::, ::1, ::ffff. */
static inline struct sockaddr_in6 short_address6(unsigned int end)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};

    address.sin6_addr.u.Byte[14] = (BYTE)(end >> 8);
    address.sin6_addr.u.Byte[15] = (BYTE)end;
    return address;
}

/* A handle to ping with. Skips the test where there is no IPv6. Asserts. */
static inline HANDLE open_handle6(void)
{
    HANDLE handle = Icmp6CreateFile();

    if (handle == INVALID_HANDLE_VALUE && GetLastError() == ERROR_NOT_SUPPORTED) {
        skip();
    }
    if (handle == INVALID_HANDLE_VALUE) {
        fail_msg("Icmp6CreateFile: error %lu", GetLastError());
    }
    return handle;
}

/* A request to ::1 from whatever address, with data, without options, and with a buffer that nobody has
 * written to: to be spoilt by the test in one point. It lies where the next one will. */
static inline struct request6 *request6_new(HANDLE handle)
{
    static struct request6 r;

    r = (struct request6){.handle = handle,
                          .source = &r.source_memory,
                          .destination = &r.destination_memory,
                          .data = r.data_memory,
                          .data_bytes = sizeof(r.data_memory),
                          .reply = r.reply_memory,
                          .reply_bytes = sizeof(r.reply_memory),
                          .timeout_ms = TIMEOUT_MS,
                          .source_memory = short_address6(0),
                          .destination_memory = short_address6(1)};
    fill_pattern(r.data_memory, sizeof(r.data_memory), 6);
    memset(r.reply_memory, UNWRITTEN6, sizeof(r.reply_memory));
    return &r;
}

/* Makes the call; the last error is POISON_ERROR before it. */
static inline DWORD request6_send(const struct request6 *r)
{
    SetLastError(POISON_ERROR);
    return Icmp6SendEcho2(r->handle, r->event, r->routine, r->context, r->source, r->destination, r->data,
                          r->data_bytes, r->options, r->reply, r->reply_bytes, r->timeout_ms);
}

/* The reply at the start of a buffer of any alignment. */
static inline ICMPV6_ECHO_REPLY reply6_in(const void *buffer)
{
    ICMPV6_ECHO_REPLY reply;

    memcpy(&reply, buffer, sizeof(reply));
    return reply;
}

/* Whether nobody has written to the reply buffer from `offset` on. */
static inline bool request6_is_unwritten_from(const struct request6 *r, size_t offset)
{
    return bytes_are(r->reply_memory + offset, sizeof(r->reply_memory) - offset, UNWRITTEN6);
}

/* Whether the reply buffer holds the reply of ::1 to this request, and nothing was written behind it. */
static inline bool request6_is_answered(const struct request6 *r)
{
    static const BYTE loopback[16] = {[15] = 1};
    ICMPV6_ECHO_REPLY reply = reply6_in(r->reply_memory);

    return reply.Status == IP_SUCCESS && memcmp(reply.Address.sin6_addr, loopback, 16) == 0 &&
           reply.Address.sin6_port == 0 && reply.Address.sin6_flowinfo == 0 &&
           reply.Address.sin6_scope_id == 0 && reply.RoundTripTime < TIMEOUT_MS &&
           (r->data_bytes == 0 || memcmp(r->reply_memory + REPLY6_BYTES, r->data, r->data_bytes) == 0) &&
           request6_is_unwritten_from(r, REPLY6_BYTES + (size_t)r->data_bytes);
}

/* Whether the reply buffer says that the request failed with `status`, and nothing was written behind that.
 */
static inline bool request6_has_failed(const struct request6 *r, DWORD status)
{
    ICMPV6_ECHO_REPLY expected;

    memset(&expected, 0, sizeof(expected));
    expected.Status = status;
    return memcmp(r->reply_memory, &expected, sizeof(expected)) == 0 &&
           request6_is_unwritten_from(r, REPLY6_BYTES);
}

#endif
