/*
 * A client that uses the functions as VirtualBox's NAT does (behaviour.md 5): iphlpapi.dll by GetProcAddress; one handle;
 * a pump thread of its own, on which all requests are made and all routines run; the request's data lie in the reply
 * buffer; what the guest set goes out, and the guest gets what the reply's header says.
 */
#include "win/support/async_echo.h"
#include "win/support/icmp6.h"
#include "win/support/module.h"
#include "win/support/peer.h"

#define PINGS           40
#define GUEST_BYTES     48
#define XP_NEEDED_BYTES 16 /* what VirtualBox adds for Windows XP */

/* A ping of the guest. */
struct guest_ping {
    struct nat *nat;
    IP_OPTION_INFORMATION options;
    BYTE data[GUEST_BYTES];
    DWORD refused; /* the error, if it was */
    ICMP_ECHO_REPLY reply;
    BYTE replied[GUEST_BYTES];
    DWORD replies;
    BYTE *buffer;
};

struct nat {
    HANDLE icmp;
    __typeof__(&IcmpSendEcho2) send;
    __typeof__(&IcmpParseReplies) parse;
    struct guest_ping pings[PINGS];
    struct peer_tag tag;
    LONG outstanding;
};

static void WINAPI guest_gets_reply(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct guest_ping *ping = context;

    (void)io_status;
    (void)reserved;
    ping->replies = ping->nat->parse(ping->buffer, sizeof(ICMP_ECHO_REPLY) + GUEST_BYTES + XP_NEEDED_BYTES);
    ping->reply = reply_in(ping->buffer);
    if (ping->reply.DataSize <= GUEST_BYTES && ping->reply.DataSize > 0) {
        memcpy(ping->replied, ping->reply.Data, ping->reply.DataSize);
    }
    free(ping->buffer);
    ping->nat->outstanding--;
}

/* Runs on the pump thread. */
static void guest_sends(struct nat *nat, struct guest_ping *ping)
{
    const DWORD bytes = sizeof(ICMP_ECHO_REPLY) + GUEST_BYTES + XP_NEEDED_BYTES;
    BYTE *data;

    ping->nat = nat;
    ping->buffer = malloc(bytes);
    data = ping->buffer + sizeof(ICMP_ECHO_REPLY);
    memcpy(data, ping->data, GUEST_BYTES);
    nat->outstanding++;
    if (nat->send(nat->icmp, NULL, guest_gets_reply, ping, SILENT, data, GUEST_BYTES, &ping->options,
                  ping->buffer, bytes, 2000) == 0 &&
        GetLastError() != ERROR_IO_PENDING) {
        ping->refused = GetLastError();
        nat->outstanding--;
    }
}

static DWORD WINAPI pump(void *context)
{
    struct nat *nat = context;
    double until_ms = now_ms() + PATIENCE_MS;

    for (int i = 0; i < PINGS; i++) {
        guest_sends(nat, &nat->pings[i]);
        if (i % 8 == 7) {
            SleepEx(1, TRUE);
        }
    }
    while (nat->outstanding > 0 && now_ms() < until_ms) {
        SleepEx(100, TRUE);
    }
    return 0;
}

/* A host whose replies show that the TTL and TOS of the guest have gone out: it says "expired" if not. */
static void behave_as_host(struct peer *peer, const struct seen_request *seen)
{
    if (seen->ttl == 77) {
        peer_echo(peer, seen);
    } else {
        peer_error(peer, seen, 11, 0);
    }
}

static void test_guest_pings_through_a_pump_thread_as_in_virtualbox(void **state)
{
    HMODULE iphlpapi = LoadLibraryA("iphlpapi.dll");
    static struct nat nat;
    struct peer peer;

    (void)state;
    nat.icmp = FUNCTION_OF(iphlpapi, IcmpCreateFile)();
    nat.send = FUNCTION_OF(iphlpapi, IcmpSendEcho2);
    nat.parse = FUNCTION_OF(iphlpapi, IcmpParseReplies);
    nat.tag = peer_tag_new();
    for (int i = 0; i < PINGS; i++) {
        fill_pattern(nat.pings[i].data, GUEST_BYTES, (unsigned int)i);
        memcpy(nat.pings[i].data, &nat.tag, sizeof(nat.tag));
        nat.pings[i].options.Ttl = i % 4 == 0 ? 3 : 77;
    }
    peer_start(&peer, LOOPBACK(9, 9, 9), nat.tag, behave_as_host, NULL);
    run_on_thread(pump, &nat);
    peer_stop(&peer);

    assert_int_equal(nat.outstanding, 0);
    for (int i = 0; i < PINGS; i++) {
        const struct guest_ping *ping = &nat.pings[i];

        assert_int_equal(ping->refused, 0);
        assert_int_equal(ping->replies, 1);
        assert_int_equal(ping->reply.Address, LOOPBACK(9, 9, 9));
        if (ping->options.Ttl == 3) {
            assert_int_equal(ping->reply.Status, IP_TTL_EXPIRED_TRANSIT);
        } else {
            assert_int_equal(ping->reply.Status, IP_SUCCESS);
            assert_int_equal(ping->reply.DataSize, GUEST_BYTES);
            assert_memory_equal(ping->replied, ping->data, GUEST_BYTES);
            assert_true(ping->reply.Options.Ttl > 0);
        }
    }
}

static LONG replies6;

static void WINAPI guest_gets_reply6(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    BYTE *buffer = context;

    (void)io_status;
    (void)reserved;
    replies6 += (LONG)Icmp6ParseReplies(buffer, sizeof(ICMPV6_ECHO_REPLY) + GUEST_BYTES);
}

/* For IPv6 it fills the reply buffer with a5 first, so that it sees what was written; the request's data lie in it, too. */
static void test_guest_pings_an_ipv6_address_as_in_virtualbox(void **state)
{
    HANDLE icmp = open_handle6();
    struct sockaddr_in6 source = short_address6(0);
    struct sockaddr_in6 destination = short_address6(1);
    IP_OPTION_INFORMATION options = {.Ttl = 77};
    BYTE buffer[sizeof(ICMPV6_ECHO_REPLY) + GUEST_BYTES + XP_NEEDED_BYTES];
    BYTE data[GUEST_BYTES];

    (void)state;
    fill_pattern(data, sizeof(data), 6);
    memset(buffer, 0xa5, sizeof(buffer));
    memcpy(buffer + sizeof(ICMPV6_ECHO_REPLY), data, sizeof(data));
    assert_int_equal(Icmp6SendEcho2(icmp, NULL, guest_gets_reply6, buffer, &source, &destination,
                                    buffer + sizeof(ICMPV6_ECHO_REPLY), GUEST_BYTES, &options, buffer,
                                    sizeof(buffer), 2000),
                     0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    assert_true(run_routines_until(&replies6, 1));
    assert_int_equal(reply6_in(buffer).Status, IP_SUCCESS);
    assert_memory_equal(reply6_in(buffer).Address.sin6_addr, &destination.sin6_addr, 16);
    assert_memory_equal(buffer + sizeof(ICMPV6_ECHO_REPLY), data, sizeof(data));
    assert_true(bytes_are(buffer + sizeof(buffer) - XP_NEEDED_BYTES, XP_NEEDED_BYTES, 0xa5));
    assert_true(IcmpCloseHandle(icmp));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guest_pings_through_a_pump_thread_as_in_virtualbox),
        cmocka_unit_test(test_guest_pings_an_ipv6_address_as_in_virtualbox),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
