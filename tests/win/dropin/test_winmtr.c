/*
 * A client that uses the functions as WinMTR does (behaviour.md 5): LoadLibrary of "ICMP.DLL", in another generation of
 * "Iphlpapi.dll"; one handle for thirty threads, one for each hop, which send synchronously with DF; a count above 0
 * says that there is a status, 0 that there is a last error; at the end FreeLibrary.
 */
#include "win/support/module.h"
#include "win/support/peer.h"
#include "win/support/requests.h"

#define HOPS        30
#define ROUNDS      3
#define REPLY_BYTES 8192
#define DATA_BYTES  64

struct trace {
    HANDLE icmp;
    __typeof__(&IcmpSendEcho) send;
    struct peer_tag tag;
};

/* A line of its window. */
struct hop {
    const struct trace *trace;
    BYTE ttl;
    HANDLE thread;
    DWORD sent;
    DWORD returned;
    DWORD errors;
    IPAddr address;
    DWORD status;
};

static DWORD WINAPI trace_hop(void *context)
{
    struct hop *hop = context;
    BYTE reply[REPLY_BYTES];
    BYTE data[DATA_BYTES] = {0};

    memcpy(data, &hop->trace->tag, sizeof(hop->trace->tag));
    for (int i = 0; i < ROUNDS; i++) {
        IP_OPTION_INFORMATION options = {.Ttl = hop->ttl, .Flags = IP_FLAG_DF};
        DWORD replies = hop->trace->send(hop->trace->icmp, SILENT, data, sizeof(data), &options, reply,
                                         sizeof(reply), 5000);

        hop->sent++;
        if (replies != 0) {
            hop->status = reply_in(reply).Status;
            switch (hop->status) {
            case IP_SUCCESS:
            case IP_TTL_EXPIRED_TRANSIT:
                hop->returned++;
                hop->address = reply_in(reply).Address;
                break;
            default:
                hop->errors++;
                break;
            }
        } else {
            hop->errors++;
        }
    }
    return 0;
}

/* The host is behind ten routers. */
static void behave_as_path(struct peer *peer, const struct seen_request *seen)
{
    if (seen->ttl > 10) {
        peer_echo(peer, seen);
    } else {
        peer_error(peer, seen, 11, 0);
    }
}

static void trace_with(const char *dll, struct hop hops[HOPS])
{
    HMODULE module = LoadLibraryA(dll);
    struct trace trace;
    struct peer peer;

    assert_non_null(module);
    trace.icmp = FUNCTION_OF(module, IcmpCreateFile)();
    trace.send = FUNCTION_OF(module, IcmpSendEcho);
    trace.tag = peer_tag_new();
    assert_true(trace.icmp != INVALID_HANDLE_VALUE);
    peer_start(&peer, LOOPBACK(5, 5, 5), trace.tag, behave_as_path, NULL);
    for (BYTE i = 0; i < HOPS; i++) {
        hops[i] = (struct hop){.trace = &trace, .ttl = (BYTE)(i + 1)};
        hops[i].thread = CreateThread(NULL, 0, trace_hop, &hops[i], 0, NULL);
        assert_non_null(hops[i].thread);
    }
    for (int i = 0; i < HOPS; i++) {
        assert_int_equal(WaitForSingleObject(hops[i].thread, 40000), WAIT_OBJECT_0);
        CloseHandle(hops[i].thread);
    }
    peer_stop(&peer);
    assert_true(FUNCTION_OF(module, IcmpCloseHandle)(trace.icmp));
    assert_true(FreeLibrary(module));
}

static void test_thirty_threads_trace_on_one_handle_as_in_winmtr(void **state)
{
    static const char *const generations[] = {"ICMP.DLL", "Iphlpapi.dll"};
    static struct hop hops[HOPS];

    (void)state;
    for (size_t generation = 0; generation < 2; generation++) {
        trace_with(generations[generation], hops);
        for (int i = 0; i < HOPS; i++) {
            assert_int_equal(hops[i].sent, ROUNDS);
            assert_int_equal(hops[i].returned, ROUNDS);
            assert_int_equal(hops[i].errors, 0);
            assert_int_equal(hops[i].address, LOOPBACK(5, 5, 5));
            assert_int_equal(hops[i].status, hops[i].ttl > 10 ? IP_SUCCESS : IP_TTL_EXPIRED_TRANSIT);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thirty_threads_trace_on_one_handle_as_in_winmtr),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
