/*
 * OpenIcmpRoundTripTimes and OpenIcmpQuery (openicmp.h).
 */
#include "win/support/async_echo.h"
#include "win/support/icmp6.h"

#include <openicmp.h>

#include <limits.h>

#define NONE 0xfffffffffffffffeULL

/* Whether the time is one that fits the milliseconds in a reply. */
static bool fits(ULONGLONG nanoseconds, ULONG milliseconds)
{
    return nanoseconds > 0 && nanoseconds / 1000000 == milliseconds;
}

static void test_a_synchronous_reply_has_its_exact_time(void **state)
{
    HANDLE icmp = open_handle();
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 8];
    ULONGLONG times[2];

    (void)state;
    for (int i = 0; i < 100; i++) {
        times[0] = times[1] = NONE;
        assert_int_equal(IcmpSendEcho(icmp, LOCALHOST, "12345678", 8, NULL, reply, sizeof(reply), TIMEOUT_MS),
                         1);
        SetLastError(POISON_ERROR);
        assert_int_equal(OpenIcmpRoundTripTimes(reply, sizeof(reply), times, 2), 1);
        assert_int_equal(GetLastError(), POISON_ERROR);
        assert_true(fits(times[0], reply_in(reply).RoundTripTime));
        assert_true(times[1] == NONE);
    }
    assert_true(IcmpCloseHandle(icmp));
}

static void test_many_asynchronous_replies_have_their_exact_times(void **state)
{
    HANDLE icmp = open_handle();
    struct async_echo *echoes[200];
    HANDLE event = auto_reset_event();
    DWORD timed_out = 0;

    (void)state;
    for (DWORD i = 0; i < 200; i++) {
        echoes[i] = i % 2 == 0 ? event_echo_new(icmp, event, LOOPBACK(7, 7, i + 1), TIMEOUT_MS)
                               : routine_echo_new(icmp, LOOPBACK(7, 7, i + 1), TIMEOUT_MS);
        async_echo_send(echoes[i]);
    }
    for (DWORD i = 0; i < 200; i++) {
        double until_ms = now_ms() + PATIENCE_MS;
        while (async_echo_status(echoes[i]) == UNWRITTEN_STATUS && now_ms() < until_ms) {
            SleepEx(1, TRUE);
        }
    }
    for (int i = 0; i < 20; i++) {
        SleepEx(5, TRUE);
    }
    for (DWORD i = 0; i < 200; i++) {
        const struct request *r = &echoes[i]->request;
        ULONGLONG time = NONE;
        if (async_echo_is_timed_out(echoes[i])) {
            timed_out++;
            continue;
        }
        assert_true(async_echo_is_answered(echoes[i]));
        if (i % 3 == 0) {
            assert_int_equal(IcmpParseReplies(r->reply, r->reply_bytes), 1);
        }
        assert_int_equal(OpenIcmpRoundTripTimes(r->reply, r->reply_bytes, &time, 1), 1);
        assert_true(fits(time, reply_in(r->reply).RoundTripTime));
    }
    assert_in_range(timed_out, 0, 20);
    assert_true(IcmpCloseHandle(icmp));
}

static void test_an_ipv6_reply_has_its_exact_time(void **state)
{
    HANDLE icmp = open_handle6();
    struct request6 *r = request6_new(icmp);
    ULONGLONG time = NONE;

    (void)state;
    assert_int_equal(request6_send(r), 1);
    assert_int_equal(OpenIcmpRoundTripTimes(r->reply, r->reply_bytes, &time, 1), 1);
    assert_true(fits(time, reply6_in(r->reply).RoundTripTime));
    assert_true(IcmpCloseHandle(icmp));
}

static void assert_not_found(const void *reply, DWORD reply_bytes)
{
    ULONGLONG time = NONE;

    SetLastError(POISON_ERROR);
    assert_int_equal(OpenIcmpRoundTripTimes(reply, reply_bytes, &time, 1), 0);
    assert_int_equal(GetLastError(), ERROR_NOT_FOUND);
    assert_true(time == NONE);
}

static void test_what_holds_no_replies_any_more_is_not_found(void **state)
{
    HANDLE icmp = open_handle();
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 8];
    BYTE elsewhere[sizeof(reply)];

    (void)state;
    memset(elsewhere, 0, sizeof(elsewhere));
    assert_not_found(elsewhere, sizeof(elsewhere));
    assert_int_equal(IcmpSendEcho(icmp, LOCALHOST, "12345678", 8, NULL, reply, sizeof(reply), TIMEOUT_MS), 1);
    assert_int_equal(OpenIcmpRoundTripTimes(reply, sizeof(reply), NULL, 0), 1);
    memcpy(elsewhere, reply, sizeof(reply));
    assert_not_found(elsewhere, sizeof(elsewhere));
    reply[0] ^= 1;
    assert_not_found(reply, sizeof(reply));
    reply[0] ^= 1;
    assert_int_equal(OpenIcmpRoundTripTimes(reply, sizeof(reply), NULL, 0), 1);
    assert_int_equal(IcmpSendEcho(icmp, SILENT, "12345678", 8, NULL, reply, sizeof(reply), 50), 0);
    assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
    assert_not_found(reply, sizeof(reply));
    assert_true(IcmpCloseHandle(icmp));
}

static void test_arguments_that_cannot_be_are_refused(void **state)
{
    BYTE reply[100] = {0};
    ULONGLONG time;

    (void)state;
    SetLastError(POISON_ERROR);
    assert_int_equal(OpenIcmpRoundTripTimes(NULL, sizeof(reply), &time, 1), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    SetLastError(POISON_ERROR);
    assert_int_equal(OpenIcmpRoundTripTimes(reply, 10, &time, 1), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    SetLastError(POISON_ERROR);
    assert_int_equal(OpenIcmpRoundTripTimes(reply, sizeof(reply), NULL, 1), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_not_found(reply, ULONG_MAX);
}

/* ---- The query ---- */

static void test_the_query_tells_version_and_transport(void **state)
{
    OPENICMP_INFORMATION information;
    char wanted[32];

    (void)state;
    memset(&information, 0xa5, sizeof(information));
    information.cbSize = sizeof(information);
    SetLastError(POISON_ERROR);
    assert_true(OpenIcmpQuery(&information));
    assert_int_equal(information.cbSize, sizeof(information));
    assert_int_equal(information.VersionMajor, OPENICMP_TESTED_MAJOR);
    assert_int_equal(information.VersionMinor, OPENICMP_TESTED_MINOR);
    assert_int_equal(information.VersionPatch, OPENICMP_TESTED_PATCH);
    assert_int_equal(information.TransportError, 0);
    assert_in_range(information.IPv4Sockets, OPENICMP_SOCKETS_RAW, OPENICMP_SOCKETS_PING);
    if (GetEnvironmentVariableA("OPENICMP_TRANSPORT", wanted, sizeof(wanted)) > 0) {
        assert_string_equal(information.Transport, wanted);
    }
    if (strcmp(information.Transport, "host") == 0) {
        assert_int_equal(information.Flags, OPENICMP_KERNEL_TIMES | OPENICMP_ALL_ERRORS);
    } else {
        assert_string_equal(information.Transport, "winsock");
        assert_int_equal(information.Flags & OPENICMP_KERNEL_TIMES, 0);
    }
}

static void test_a_query_fills_as_much_as_it_is_given(void **state)
{
    OPENICMP_INFORMATION information;

    (void)state;
    for (ULONG size = 4; size < sizeof(information); size++) {
        memset(&information, 0xa5, sizeof(information));
        information.cbSize = size;
        assert_true(OpenIcmpQuery(&information));
        assert_int_equal(information.cbSize, size);
        assert_true(bytes_are((BYTE *)&information + size, sizeof(information) - size, 0xa5));
    }
    information.cbSize = 1000; /* a later version's */
    assert_true(OpenIcmpQuery(&information));
    assert_int_equal(information.cbSize, sizeof(information));
    information.cbSize = 3;
    assert_false(OpenIcmpQuery(&information));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_false(OpenIcmpQuery(NULL));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
}

/* What the query tells when OPENICMP_TRANSPORT is set to that. Asserts. */
static OPENICMP_INFORMATION query_with(const char *transport)
{
    OPENICMP_INFORMATION information = {.cbSize = sizeof(information)};
    char before[32] = "";

    GetEnvironmentVariableA("OPENICMP_TRANSPORT", before, sizeof(before));
    assert_true(SetEnvironmentVariableA("OPENICMP_TRANSPORT", transport));
    assert_true(OpenIcmpQuery(&information));
    SetEnvironmentVariableA("OPENICMP_TRANSPORT", before[0] != '\0' ? before : NULL);
    return information;
}

static void test_a_query_tells_why_nothing_can_be_sent(void **state)
{
    OPENICMP_INFORMATION information = query_with("pigeons");

    (void)state;
    assert_int_equal(information.TransportError, ERROR_NOT_SUPPORTED);
    assert_int_equal(information.IPv4Sockets, OPENICMP_SOCKETS_NONE);
    assert_int_equal(information.IPv6Sockets, OPENICMP_SOCKETS_NONE);
    assert_string_equal(information.Transport, "");
    assert_int_equal(information.VersionMinor, OPENICMP_TESTED_MINOR);
}

static void test_a_query_tells_that_the_system_does_the_work(void **state)
{
    OPENICMP_INFORMATION information = query_with("system");

    (void)state;
    assert_int_equal(information.TransportError, ERROR_NOT_SUPPORTED);
    assert_int_equal(information.IPv4Sockets, OPENICMP_SOCKETS_SYSTEM);
    assert_int_equal(information.Flags, 0);
    assert_string_equal(information.Transport, "system");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_synchronous_reply_has_its_exact_time),
        cmocka_unit_test(test_many_asynchronous_replies_have_their_exact_times),
        cmocka_unit_test(test_an_ipv6_reply_has_its_exact_time),
        cmocka_unit_test(test_what_holds_no_replies_any_more_is_not_found),
        cmocka_unit_test(test_arguments_that_cannot_be_are_refused),
        cmocka_unit_test(test_the_query_tells_version_and_transport),
        cmocka_unit_test(test_a_query_fills_as_much_as_it_is_given),
        cmocka_unit_test(test_a_query_tells_why_nothing_can_be_sent),
        cmocka_unit_test(test_a_query_tells_that_the_system_does_the_work),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
