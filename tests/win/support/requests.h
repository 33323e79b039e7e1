/*
 * What the tests of the exported functions share: addresses, ways to call, and short checks.
 *
 * Functions that call the API are inline here, so that a test program which uses none of them imports no DLL
 * of ours. Checks marked so use cmocka's assertions, which only the main thread of a test may.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_REQUESTS_H
#define OPENICMP_TESTS_WIN_SUPPORT_REQUESTS_H

#include "support/cmocka_main.h"

#include <stdbool.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <winternl.h>

#define PIO_APC_ROUTINE_DEFINED
#include <icmpapi.h>

/* 127.a.b.c in network byte order. All of 127.0.0.0/8 answers, but for SILENT. */
#define LOOPBACK(a, b, c) ((IPAddr)(127u | (unsigned)(a) << 8 | (unsigned)(b) << 16 | (unsigned)(c) << 24))
#define LOCALHOST         LOOPBACK(0, 0, 1)
/* The broadcast address of the loopback network. Linux takes requests to it and does not answer them (its
 * net.ipv4.icmp_echo_ignore_broadcasts is 1 unless someone changes it). What a peer answers is over at once only if the reply
 * buffer has no room for a second reply. */
#define SILENT     LOOPBACK(255, 255, 255)

#define TIMEOUT_MS 5000 /* for what is answered at once */

/* No error that any of the functions sets. */
#define POISON_ERROR 0x20000abcu

/* Every argument of the functions that send. */
struct request {
    HANDLE handle;
    HANDLE event;
    PIO_APC_ROUTINE routine;
    void *context;
    IPAddr source;
    IPAddr destination;
    void *data;
    WORD data_bytes;
    IP_OPTION_INFORMATION *options;
    void *reply;
    DWORD reply_bytes;
    DWORD timeout_ms;
};

/* The functions that send. */
enum sender { BY_SEND_ECHO, BY_SEND_ECHO2, BY_SEND_ECHO2_EX, SENDER_COUNT };

/* Makes the call; the last error is POISON_ERROR before it. What a function has no parameter for is left
 * out. */
static inline DWORD request_send_by(enum sender sender, const struct request *r)
{
    SetLastError(POISON_ERROR);
    switch (sender) {
    case BY_SEND_ECHO:
        return IcmpSendEcho(r->handle, r->destination, r->data, r->data_bytes, r->options, r->reply,
                            r->reply_bytes, r->timeout_ms);
    case BY_SEND_ECHO2:
        return IcmpSendEcho2(r->handle, r->event, r->routine, r->context, r->destination, r->data,
                             r->data_bytes, r->options, r->reply, r->reply_bytes, r->timeout_ms);
    default:
        return IcmpSendEcho2Ex(r->handle, r->event, r->routine, r->context, r->source, r->destination,
                               r->data, r->data_bytes, r->options, r->reply, r->reply_bytes, r->timeout_ms);
    }
}

static inline DWORD request_send(const struct request *request)
{
    return request_send_by(BY_SEND_ECHO2_EX, request);
}

/* A handle to ping with. Asserts. */
static inline HANDLE open_handle(void)
{
    HANDLE handle = IcmpCreateFile();

    if (handle == INVALID_HANDLE_VALUE) {
        fail_msg("IcmpCreateFile: error %lu (the tests need the right to open ICMP sockets)", GetLastError());
    }
    return handle;
}

/* How often a ping is tried that nobody answers. */
#define PING_ATTEMPTS 3

/* Pings an address and says whether the reply was what it should be. For any thread.
 *
 * A raw socket sees what all programs on the network send, and when those are many and the machine is busy, a reply is lost.
 * So a ping that times out, and only that, is tried again. Tests of whether replies get lost do not use this. */
static inline bool ping(HANDLE handle, IPAddr destination)
{
    char data[] = "are you there?";
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data)];
    struct request request = {.handle = handle,
                              .destination = destination,
                              .data = data,
                              .data_bytes = sizeof(data),
                              .reply = reply,
                              .reply_bytes = sizeof(reply),
                              .timeout_ms = TIMEOUT_MS};
    ICMP_ECHO_REPLY first;
    DWORD replies = request_send(&request);

    for (int attempt = 1; replies == 0 && GetLastError() == IP_REQ_TIMED_OUT && attempt < PING_ATTEMPTS;
         attempt++) {
        print_message("a ping was not answered\n");
        replies = request_send(&request);
    }
    if (replies != 1 || GetLastError() != 0) {
        return false;
    }
    memcpy(&first, reply, sizeof(first));
    return first.Status == IP_SUCCESS && first.Address == destination && first.DataSize == sizeof(data) &&
           memcmp(reply + sizeof(first), data, sizeof(data)) == 0;
}

/* The reply at the start of a buffer of any alignment. */
static inline ICMP_ECHO_REPLY reply_in(const void *buffer)
{
    ICMP_ECHO_REPLY reply;

    memcpy(&reply, buffer, sizeof(reply));
    return reply;
}

static inline bool bytes_are(const void *bytes, size_t count, BYTE value)
{
    const BYTE *b = bytes;

    for (size_t i = 0; i < count; i++) {
        if (b[i] != value) {
            return false;
        }
    }
    return true;
}

/* Bytes of which no two stretches are alike. */
static inline void fill_pattern(void *bytes, size_t count, unsigned seed)
{
    BYTE *b = bytes;
    unsigned state = seed * 2654435761u + 1;

    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        b[i] = (BYTE)(state >> 24);
    }
}

/* Milliseconds, with fractions, for measuring how long something took. */
static inline double now_ms(void)
{
    LARGE_INTEGER counter, frequency;

    QueryPerformanceCounter(&counter);
    QueryPerformanceFrequency(&frequency);
    return (double)counter.QuadPart * 1000.0 / (double)frequency.QuadPart;
}

#endif
