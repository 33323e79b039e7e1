/*
 * A client that uses the functions as Mozilla VPN does (behaviour.md 5): imports iphlpapi.dll; pings are sent without a
 * look at the result, each before the last one is answered, all with one auto-reset event and one reply buffer, which is
 * packed and so not aligned; the data, a sequence number of its own, are read behind the structure and by its pointer;
 * the handle is closed on a thread of its own, while requests are outstanding, and another is opened at once.
 */
#include "win/support/async_echo.h"
#include "win/support/icmp6.h"

#define SESSIONS 5
#define PINGS    20

#pragma pack(push, 1)
/* One byte off, as where the compiler of the real one happened to put it. */
struct ping_buffer {
    BYTE odd;
    ICMP_ECHO_REPLY reply;
    WORD payload;
    BYTE error[8];
    IO_STATUS_BLOCK io_status;
};
#pragma pack(pop)

static DWORD WINAPI close_handle(void *handle)
{
    return !IcmpCloseHandle(handle);
}

static void test_reconnecting_with_one_event_and_one_buffer_as_mozilla_vpn_does(void **state)
{
    static struct ping_buffer buffer;
    HANDLE event = auto_reset_event();
    HANDLE closers[SESSIONS];
    WORD sequence = 0;
    int seen = 0;

    (void)state;
    for (int session = 0; session < SESSIONS; session++) {
        HANDLE icmp = IcmpCreateFile();

        assert_true(icmp != INVALID_HANDLE_VALUE);
        for (int i = 0; i < PINGS; i++) {
            sequence++;
            IcmpSendEcho2(icmp, event, NULL, NULL, LOCALHOST, &sequence, sizeof(sequence), NULL,
                          &buffer.reply, sizeof(buffer) - offsetof(struct ping_buffer, reply), 10000);
            assert_int_equal(GetLastError(), ERROR_IO_PENDING);
            /* Not for every one: some are outstanding when the next goes out. */
            if (i % 3 == 0 && event_is_set_soon(event)) {
                DWORD replies = IcmpParseReplies(&buffer.reply, sizeof(buffer));
                ICMP_ECHO_REPLY reply = reply_in(&buffer.reply);

                assert_in_range(replies, 0,
                                1); /* 0 if the next reply came in between, and was counted already */
                assert_int_equal(reply.Status, IP_SUCCESS);
                assert_true(reply.Data == (void *)&buffer.payload);
                assert_in_range(buffer.payload, 1, sequence);
                seen++;
            }
        }
        if (session == SESSIONS - 1) {
            /* One to which nothing answers. */
            IcmpSendEcho2(icmp, event, NULL, NULL, SILENT, &sequence, sizeof(sequence), NULL, &buffer.reply,
                          sizeof(buffer) - offsetof(struct ping_buffer, reply), 300);
        }
        closers[session] = CreateThread(NULL, 0, close_handle, icmp, 0, NULL);
        assert_non_null(closers[session]);
    }
    assert_int_equal(WaitForMultipleObjects(SESSIONS, closers, TRUE, PATIENCE_MS), WAIT_OBJECT_0);
    for (int session = 0; session < SESSIONS; session++) {
        DWORD failed = 1;

        assert_true(GetExitCodeThread(closers[session], &failed));
        assert_int_equal(failed, 0);
        CloseHandle(closers[session]);
    }
    assert_int_equal(seen, SESSIONS * ((PINGS + 2) / 3));
    while (event_is_set_soon(event) && reply_in(&buffer.reply).Status != IP_REQ_TIMED_OUT) {
    }
    assert_int_equal(reply_in(&buffer.reply).Status, IP_REQ_TIMED_OUT);
    CloseHandle(event);
}

/* For IPv6 it is the same, but that the data can only be read behind the structure. */
static void test_ipv6_pings_with_one_event_and_one_buffer_as_mozilla_vpn_does(void **state)
{
    static BYTE buffer[1 + REPLY6_BYTES + sizeof(WORD) + 8 + sizeof(IO_STATUS_BLOCK)];
    BYTE *reply = buffer + 1;
    HANDLE event = auto_reset_event();
    HANDLE icmp = open_handle6();
    struct sockaddr_in6 source = short_address6(0);
    struct sockaddr_in6 destination = short_address6(1);

    (void)state;
    for (WORD sequence = 1; sequence <= PINGS; sequence++) {
        WORD payload;

        Icmp6SendEcho2(icmp, event, NULL, NULL, &source, &destination, &sequence, sizeof(sequence), NULL,
                       reply, sizeof(buffer) - 1, 10000);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
        assert_true(event_is_set_soon(event));
        assert_int_equal(Icmp6ParseReplies(reply, sizeof(buffer) - 1), 1);
        memcpy(&payload, reply + REPLY6_BYTES, sizeof(payload));
        assert_int_equal(payload, sequence);
    }
    assert_true(IcmpCloseHandle(icmp));
    CloseHandle(event);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reconnecting_with_one_event_and_one_buffer_as_mozilla_vpn_does),
        cmocka_unit_test(test_ipv6_pings_with_one_event_and_one_buffer_as_mozilla_vpn_does),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
