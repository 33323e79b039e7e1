/*
 * A client that uses the functions as mtr does (behaviour.md 5): imports iphlpapi.dll; one thread sends all probes with
 * a routine, waits alertably in between, and never closes its handle; reply buffers have room for the structure and
 * the payload, and not a byte more; of the options only the TTL is set; a count of 0 means that the last error is the
 * status.
 */
#include "win/support/async_echo.h"
#include "win/support/guarded.h"
#include "win/support/icmp6.h"
#include "win/support/peer.h"

#define PROBES        60
#define HOPS          6
#define PAYLOAD_BYTES 36 /* mtr's packets have 64 bytes */

/* A probe of mtr. */
struct probe {
    struct guarded reply;
    BYTE payload[PAYLOAD_BYTES];
    IP_OPTION_INFORMATION options;
    DWORD replies;
    DWORD status;
    IPAddr from;
    DWORD round_trip_ms;
    bool done;
};

static LONG done_count;

static void WINAPI probe_is_done(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct probe *probe = context;
    ICMP_ECHO_REPLY reply;

    (void)io_status;
    (void)reserved;
    /* mtr tells it the size of the structure alone. */
    probe->replies = IcmpParseReplies(probe->reply.bytes, sizeof(ICMP_ECHO_REPLY));
    if (probe->replies > 0) {
        reply = reply_in(probe->reply.bytes);
        probe->status = reply.Status;
        probe->from = reply.Address;
        probe->round_trip_ms = reply.RoundTripTime;
    } else {
        probe->status = GetLastError();
    }
    probe->done = true;
    done_count++;
}

/* A path of HOPS routers to SILENT, which is the peer: it says that the TTL has expired until that is high enough. Of
 * the second router nothing is ever heard. */
static void behave_as_path(struct peer *peer, const struct seen_request *seen)
{
    if (seen->ttl >= HOPS) {
        peer_echo(peer, seen);
    } else if (seen->ttl != 2) {
        peer_error(peer, seen, 11, 0);
    }
}

static void send_probe(HANDLE icmp, struct probe *probe, const struct peer_tag *tag, BYTE ttl)
{
    probe->reply = guarded_alloc(sizeof(ICMP_ECHO_REPLY) + PAYLOAD_BYTES);
    memcpy(probe->payload, tag, sizeof(*tag));
    probe->options.Ttl = ttl;
    assert_int_equal(IcmpSendEcho2(icmp, NULL, probe_is_done, probe, SILENT, probe->payload, PAYLOAD_BYTES,
                                   &probe->options, probe->reply.bytes, (DWORD)probe->reply.length, 1000),
                     0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
}

static void test_path_is_traced_with_many_probes_at_once_as_mtr_does(void **state)
{
    static struct probe probes[PROBES];
    HANDLE icmp = IcmpCreateFile(); /* for the life of the process */
    HANDLE command = auto_reset_event();
    struct peer_tag tag = peer_tag_new();
    struct peer peer;
    double until_ms = now_ms() + PATIENCE_MS;

    (void)state;
    assert_true(icmp != INVALID_HANDLE_VALUE);
    peer_start(&peer, LOOPBACK(7, 7, 7), tag, behave_as_path, NULL);
    for (int i = 0; i < PROBES; i++) {
        send_probe(icmp, &probes[i], &tag, (BYTE)(1 + i % HOPS));
        WaitForSingleObjectEx(command, 1, TRUE);
    }
    while (done_count < PROBES && now_ms() < until_ms) {
        WaitForSingleObjectEx(command, 100, TRUE);
    }
    peer_stop(&peer);

    for (int i = 0; i < PROBES; i++) {
        BYTE ttl = probes[i].options.Ttl;

        assert_true(probes[i].done);
        assert_true(guarded_front_is_intact(&probes[i].reply));
        if (ttl == 2) {
            assert_int_equal(probes[i].replies, 0);
            assert_int_equal(probes[i].status, IP_REQ_TIMED_OUT);
            continue;
        }
        assert_int_equal(probes[i].replies, 1);
        assert_int_equal(probes[i].status, ttl < HOPS ? IP_TTL_EXPIRED_TRANSIT : IP_SUCCESS);
        assert_int_equal(probes[i].from, LOOPBACK(7, 7, 7));
        assert_true(probes[i].round_trip_ms <= 1000);
        guarded_free(&probes[i].reply);
    }
}

static void WINAPI probe6_is_done(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct probe *probe = context;

    (void)io_status;
    (void)reserved;
    probe->replies = Icmp6ParseReplies(probe->reply.bytes, sizeof(ICMPV6_ECHO_REPLY));
    probe->status = probe->replies > 0 ? reply6_in(probe->reply.bytes).Status : GetLastError();
    probe->done = true;
    done_count++;
}

static void test_ipv6_probes_are_sent_at_once_as_mtr_does(void **state)
{
    static struct probe probes[PROBES];
    HANDLE icmp = open_handle6();
    struct sockaddr_in6 source = short_address6(0);
    struct sockaddr_in6 destination = short_address6(1);
    double until_ms = now_ms() + PATIENCE_MS;

    (void)state;
    done_count = 0;
    for (int i = 0; i < PROBES; i++) {
        probes[i].reply = guarded_alloc(sizeof(ICMPV6_ECHO_REPLY) + PAYLOAD_BYTES);
        probes[i].options.Ttl = (BYTE)(1 + i % HOPS);
        assert_int_equal(Icmp6SendEcho2(icmp, NULL, probe6_is_done, &probes[i], &source, &destination,
                                        probes[i].payload, PAYLOAD_BYTES, &probes[i].options,
                                        probes[i].reply.bytes, (DWORD)probes[i].reply.length, 1000),
                         0);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    }
    while (done_count < PROBES && now_ms() < until_ms) {
        SleepEx(100, TRUE);
    }
    for (int i = 0; i < PROBES; i++) {
        assert_true(probes[i].done);
        assert_int_equal(probes[i].replies, 1);
        assert_int_equal(probes[i].status, IP_SUCCESS);
        assert_true(guarded_front_is_intact(&probes[i].reply));
        guarded_free(&probes[i].reply);
    }
}

/* What is wrong is told by the last error at once, never 0. */
static void test_bad_probe_is_refused_with_an_error_that_mtr_knows(void **state)
{
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + PAYLOAD_BYTES];
    HANDLE icmp = IcmpCreateFile();
    struct probe probe = {.done = false};

    (void)state;
    SetLastError(0);
    assert_int_equal(IcmpSendEcho2(icmp, NULL, probe_is_done, &probe, 0, probe.payload, PAYLOAD_BYTES,
                                   &probe.options, reply, sizeof(reply), 1000),
                     0);
    assert_int_equal(GetLastError(), ERROR_INVALID_NETNAME); /* "address not available" */
    assert_int_equal(IcmpSendEcho2(icmp, NULL, probe_is_done, &probe, LOCALHOST, probe.payload, PAYLOAD_BYTES,
                                   &probe.options, reply, 4, 1000),
                     0);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER); /* "invalid argument" */
    assert_int_equal(SleepEx(0, TRUE), 0);
    assert_false(probe.done);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_is_traced_with_many_probes_at_once_as_mtr_does),
        cmocka_unit_test(test_ipv6_probes_are_sent_at_once_as_mtr_does),
        cmocka_unit_test(test_bad_probe_is_refused_with_an_error_that_mtr_knows),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
