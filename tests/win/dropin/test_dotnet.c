/*
 * A client that uses the functions as .NET's Ping does (behaviour.md 5): P/Invoke of iphlpapi.dll; options always
 * given, 128 and DF; a reply buffer of 65,791 bytes that is never parsed; asynchronously with a manual-reset event that
 * the thread pool waits for.
 */
#include "win/support/icmp6.h"
#include "win/support/module.h"

#include <stdlib.h>

#define REPLY_BYTES  (65535 + 256)
#define BUFFER_BYTES 32

/* What System.Net.NetworkInformation.Ping has. */
struct dotnet_ping {
    HANDLE(WINAPI *create)(void);
    BOOL(WINAPI *close)(HANDLE);
    __typeof__(&IcmpSendEcho2) send;
    HANDLE icmp;
    HANDLE event;
    HANDLE wait;      /* of the thread pool */
    BYTE *request;    /* allocated for each ping, freed when it is complete */
    BYTE *reply;      /* kept */
    HANDLE completed; /* stands for the Task */
    ICMP_ECHO_REPLY result;
    BYTE received[BUFFER_BYTES];
};

static void dotnet_open(struct dotnet_ping *ping)
{
    HMODULE iphlpapi = LoadLibraryA("iphlpapi.dll");

    memset(ping, 0, sizeof(*ping));
    assert_non_null(iphlpapi);
    ping->create = FUNCTION_OF(iphlpapi, IcmpCreateFile);
    ping->close = FUNCTION_OF(iphlpapi, IcmpCloseHandle);
    ping->send = FUNCTION_OF(iphlpapi, IcmpSendEcho2);
    ping->icmp = ping->create();
    assert_true(ping->icmp != INVALID_HANDLE_VALUE);
    ping->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    ping->completed = CreateEventW(NULL, FALSE, FALSE, NULL);
    ping->reply = malloc(REPLY_BYTES);
}

static void dotnet_dispose(struct dotnet_ping *ping)
{
    CloseHandle(ping->event);
    CloseHandle(ping->completed);
    free(ping->reply);
    assert_true(ping->close(ping->icmp));
}

/* What becomes a PingReply. */
static void read_reply(struct dotnet_ping *ping)
{
    memcpy(&ping->result, ping->reply, sizeof(ping->result));
    if (ping->result.Status == IP_SUCCESS) {
        memcpy(ping->received, ping->result.Data, min(ping->result.DataSize, sizeof(ping->received)));
    }
    free(ping->request);
    ping->request = NULL;
}

static VOID CALLBACK event_is_set(PVOID context, BOOLEAN timed_out)
{
    struct dotnet_ping *ping = context;

    (void)timed_out;
    read_reply(ping);
    SetEvent(ping->completed);
}

/* Returns the Win32 error that would become an exception, or 0. */
static DWORD dotnet_send(struct dotnet_ping *ping, bool asynchronously, IPAddr address, DWORD timeout_ms)
{
    IP_OPTION_INFORMATION options = {.Ttl = 128, .Flags = IP_FLAG_DF};
    HANDLE event = asynchronously ? ping->event : NULL;
    DWORD error = 0;

    ping->request = malloc(BUFFER_BYTES);
    memcpy(ping->request, "abcdefghijklmnopqrstuvwabcdefghi", BUFFER_BYTES);
    if (asynchronously) {
        ResetEvent(event);
        RegisterWaitForSingleObject(&ping->wait, event, event_is_set, ping, INFINITE, WT_EXECUTEONLYONCE);
    }
    if (ping->send(ping->icmp, event, NULL, NULL, address, ping->request, BUFFER_BYTES, &options, ping->reply,
                   REPLY_BYTES, timeout_ms) == 0) {
        error = GetLastError();
    }
    if (!asynchronously && (error == 0 || error >= IP_STATUS_BASE)) {
        read_reply(ping);
        error = 0;
    } else if (error == ERROR_IO_PENDING) {
        assert_int_equal(WaitForSingleObject(ping->completed, 20000), WAIT_OBJECT_0);
        error = 0;
    }
    if (asynchronously) {
        UnregisterWaitEx(ping->wait, INVALID_HANDLE_VALUE);
    }
    return error;
}

static void assert_replied(const struct dotnet_ping *ping)
{
    assert_int_equal(ping->result.Status, IP_SUCCESS);
    assert_int_equal(ping->result.Address, LOCALHOST);
    assert_int_equal(ping->result.DataSize, BUFFER_BYTES);
    assert_memory_equal(ping->received, "abcdefghijklmnopqrstuvwabcdefghi", BUFFER_BYTES);
    assert_int_equal(ping->result.Options.Ttl, 64);
}

static void test_one_ping_object_sends_and_awaits_as_dotnet_does(void **state)
{
    struct dotnet_ping ping;

    (void)state;
    dotnet_open(&ping);
    for (int i = 0; i < 5; i++) {
        bool asynchronously = i % 2 != 0;

        assert_int_equal(dotnet_send(&ping, asynchronously, LOCALHOST, TIMEOUT_MS), 0);
        assert_replied(&ping);
        assert_int_equal(dotnet_send(&ping, asynchronously, SILENT, 50), 0);
        assert_int_equal(ping.result.Status, IP_REQ_TIMED_OUT);
        /* A PingException. */
        assert_int_equal(dotnet_send(&ping, asynchronously, 0, TIMEOUT_MS), ERROR_INVALID_NETNAME);
        free(ping.request);
    }
    dotnet_dispose(&ping);
}

/* For IPv6 it gives a source of 28 bytes of zero, family and all, and reads the data behind a structure of 36 bytes. */
static void test_ping_of_an_ipv6_address_as_dotnet_does(void **state)
{
    HMODULE iphlpapi = LoadLibraryA("iphlpapi.dll");
    struct sockaddr_in6 destination = short_address6(1);
    IP_OPTION_INFORMATION options = {.Ttl = 128, .Flags = IP_FLAG_DF};
    BYTE source[28] = {0};
    BYTE *reply = malloc(REPLY_BYTES);
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE icmp;
    ICMPV6_ECHO_REPLY result;

    (void)state;
    IcmpCloseHandle(open_handle6()); /* skips */
    icmp = FUNCTION_OF(iphlpapi, Icmp6CreateFile)();
    assert_int_equal(FUNCTION_OF(iphlpapi, Icmp6SendEcho2)(icmp, NULL, NULL, NULL,
                                                           (struct sockaddr_in6 *)source, &destination,
                                                           "abcdefghijklmnopqrstuvwabcdefghi", BUFFER_BYTES,
                                                           &options, reply, REPLY_BYTES, TIMEOUT_MS),
                     1);
    result = reply6_in(reply);
    assert_int_equal(result.Status, IP_SUCCESS);
    assert_memory_equal(result.Address.sin6_addr, &destination.sin6_addr, 16);
    assert_memory_equal(reply + REPLY6_BYTES, "abcdefghijklmnopqrstuvwabcdefghi", BUFFER_BYTES);

    memset(reply, 0, REPLY_BYTES);
    assert_int_equal(FUNCTION_OF(iphlpapi, Icmp6SendEcho2)(icmp, event, NULL, NULL,
                                                           (struct sockaddr_in6 *)source, &destination,
                                                           "abcdefghijklmnopqrstuvwabcdefghi", BUFFER_BYTES,
                                                           &options, reply, REPLY_BYTES, TIMEOUT_MS),
                     0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    assert_int_equal(WaitForSingleObject(event, 20000), WAIT_OBJECT_0);
    assert_int_equal(reply6_in(reply).Status, IP_SUCCESS);
    assert_memory_equal(reply + REPLY6_BYTES, "abcdefghijklmnopqrstuvwabcdefghi", BUFFER_BYTES);
    assert_true(FUNCTION_OF(iphlpapi, IcmpCloseHandle)(icmp));
    CloseHandle(event);
    free(reply);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_ping_object_sends_and_awaits_as_dotnet_does),
        cmocka_unit_test(test_ping_of_an_ipv6_address_as_dotnet_does),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
