/*
 * A client that uses the functions as OpenJDK's InetAddress.isReachable does (behaviour.md 5): imports iphlpapi.dll,
 * opens a handle for each question, sends synchronously, by IcmpSendEcho2Ex if it has an interface's address, waits a
 * second at least and compares the time itself, and takes certain errors for "no" and others for an exception.
 */
#include "win/support/guarded.h"
#include "win/support/icmp6.h"

#define JDK_DATA_BYTES  32
#define JDK_MINIMUM_MS  1000
#define JDK_REPLY_BYTES (sizeof(ICMP_ECHO_REPLY) + JDK_DATA_BYTES + 8)

enum answer { NO, YES, EXCEPTION };

static enum answer is_reachable(IPAddr address, IPAddr interface_address, DWORD timeout_ms)
{
    HANDLE icmp = IcmpCreateFile();
    char data[JDK_DATA_BYTES] = "is there anybody out there";
    BYTE buffer[JDK_REPLY_BYTES];
    DWORD wait_ms = max(timeout_ms, JDK_MINIMUM_MS);
    enum answer answer = NO;
    DWORD replies;

    if (icmp == INVALID_HANDLE_VALUE) {
        return EXCEPTION;
    }
    if (interface_address == 0) {
        replies = IcmpSendEcho(icmp, address, data, sizeof(data), NULL, buffer, sizeof(buffer), wait_ms);
    } else {
        replies = IcmpSendEcho2Ex(icmp, NULL, NULL, NULL, interface_address, address, data, sizeof(data),
                                  NULL, buffer, sizeof(buffer), wait_ms);
    }
    if (replies == 0) {
        switch (WSAGetLastError()) { /* which is the last error */
        case ERROR_NETWORK_UNREACHABLE:
        case ERROR_HOST_UNREACHABLE:
        case ERROR_INVALID_NETNAME:
        case IP_REQ_TIMED_OUT:
            break;
        default:
            answer = EXCEPTION;
            break;
        }
    } else {
        ICMP_ECHO_REPLY reply = reply_in(buffer);

        if (reply.Status == IP_SUCCESS && reply.RoundTripTime <= timeout_ms) {
            answer = YES;
        }
    }
    IcmpCloseHandle(icmp);
    return answer;
}

static void test_reachable_is_told_from_unreachable_as_jdk_does(void **state)
{
    double before_ms = now_ms();

    (void)state;
    assert_int_equal(is_reachable(LOCALHOST, 0, 100), YES);
    assert_int_equal(is_reachable(LOOPBACK(1, 2, 3), LOOPBACK(3, 2, 1), 100), YES);
    assert_int_equal(is_reachable(SILENT, 0, 100), NO);
    assert_true(now_ms() - before_ms >= JDK_MINIMUM_MS);
    assert_int_equal(is_reachable(0, 0, 100), NO);
    /* An address that no interface of this machine has. */
    assert_int_equal(is_reachable(LOCALHOST, 0x010200c0u, 100), NO);
}

/* For IPv6 the buffer has room for structure and data exactly, nobody has set the scope of the source, which is no address,
 * and any result but 0 is a yes. */
static void test_ipv6_address_is_reachable_as_jdk_asks(void **state)
{
    HANDLE icmp = open_handle6();
    struct guarded buffer = guarded_alloc(REPLY6_BYTES + JDK_DATA_BYTES);
    struct sockaddr_in6 source = short_address6(0);
    struct sockaddr_in6 destination = short_address6(1);
    char data[JDK_DATA_BYTES] = "is there anybody out there";

    (void)state;
    source.sin6_scope_id = 0xdeadbeef;
    assert_int_not_equal(Icmp6SendEcho2(icmp, NULL, NULL, NULL, &source, &destination, data, sizeof(data),
                                        NULL, buffer.bytes, (DWORD)buffer.length, JDK_MINIMUM_MS),
                         0);
    assert_true(reply6_in(buffer.bytes).RoundTripTime <= JDK_MINIMUM_MS);
    assert_true(guarded_front_is_intact(&buffer));
    guarded_free(&buffer);
    assert_true(IcmpCloseHandle(icmp));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reachable_is_told_from_unreachable_as_jdk_does),
        cmocka_unit_test(test_ipv6_address_is_reachable_as_jdk_asks),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
