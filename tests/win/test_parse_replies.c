/*
 * IcmpParseReplies (behaviour.md 2.5, Q7, Q11).
 */
#include "win/support/guarded.h"
#include "win/support/requests.h"

/* Parses a reply that stands alone at the end of memory, and returns the count. The last error is
 * POISON_ERROR before; the structure is what it was, but for Reserved. */
static DWORD parse(WORD reserved, DWORD status, DWORD size, WORD *reserved_after)
{
    struct guarded buffer = guarded_alloc(sizeof(ICMP_ECHO_REPLY));
    ICMP_ECHO_REPLY before, after;
    DWORD count, error;

    fill_pattern(&before, sizeof(before), 6);
    before.Reserved = reserved;
    before.Status = status;
    memcpy(buffer.bytes, &before, sizeof(before));
    SetLastError(POISON_ERROR);
    count = IcmpParseReplies(buffer.bytes, size);
    error = GetLastError();

    after = reply_in(buffer.bytes);
    *reserved_after = after.Reserved;
    after.Reserved = reserved;
    assert_memory_equal(&after, &before, sizeof(before));
    assert_true(guarded_front_is_intact(&buffer));
    guarded_free(&buffer);
    SetLastError(error);
    return count;
}

static void test_no_reply_and_status_0_give_0_and_last_error_0(void **state)
{
    WORD reserved;

    (void)state;
    assert_int_equal(parse(0, 0, sizeof(ICMP_ECHO_REPLY), &reserved), 0);
    assert_int_equal(GetLastError(), 0);
    assert_int_equal(reserved, 0);
}

static void test_no_reply_and_a_status_give_0_and_the_status_as_last_error(void **state)
{
    static const DWORD statuses[] = {IP_REQ_TIMED_OUT, IP_GENERAL_FAILURE, 12345, 1, 0xffffffff};
    WORD reserved;

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        assert_int_equal(parse(0, statuses[i], sizeof(ICMP_ECHO_REPLY), &reserved), 0);
        assert_int_equal(GetLastError(), statuses[i]);
    }
}

static void test_replies_give_their_number_and_leave_the_last_error(void **state)
{
    static const DWORD statuses[] = {IP_SUCCESS, IP_TTL_EXPIRED_TRANSIT, 12345};
    WORD reserved;

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        assert_int_equal(parse(1, statuses[i], sizeof(ICMP_ECHO_REPLY), &reserved), 1);
        assert_int_equal(GetLastError(), POISON_ERROR);
        assert_int_equal(reserved, 0);
    }
}

static void test_more_replies_than_there_is_room_for_are_believed_and_not_walked(void **state)
{
    static const WORD counts[] = {2, 3, 255, 65535};
    WORD reserved;

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        assert_int_equal(parse(counts[i], 0, sizeof(ICMP_ECHO_REPLY), &reserved), counts[i]);
        assert_int_equal(GetLastError(), POISON_ERROR);
        assert_int_equal(reserved, 0);
    }
}

static void test_size_is_not_looked_at(void **state)
{
    static const DWORD sizes[] = {1, 28, 36, 40, 65791, 0xffffffff};
    WORD reserved;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(parse(1, 0, sizes[i], &reserved), 1);
        assert_int_equal(reserved, 0);
    }
}

static void test_second_call_gives_0_and_the_status(void **state)
{
    ICMP_ECHO_REPLY reply = {.Reserved = 2, .Status = IP_TTL_EXPIRED_TRANSIT};

    (void)state;
    assert_int_equal(IcmpParseReplies(&reply, sizeof(reply)), 2);
    SetLastError(POISON_ERROR);
    assert_int_equal(IcmpParseReplies(&reply, sizeof(reply)), 0);
    assert_int_equal(GetLastError(), IP_TTL_EXPIRED_TRANSIT);
}

static void test_buffer_may_be_aligned_in_any_way(void **state)
{
    ICMP_ECHO_REPLY reply = {.Reserved = 1};
    BYTE buffer[sizeof(reply) + 8];

    (void)state;
    for (size_t offset = 0; offset < 8; offset++) {
        memcpy(buffer + offset, &reply, sizeof(reply));
        assert_int_equal(IcmpParseReplies(buffer + offset, sizeof(reply)), 1);
        assert_int_equal(reply_in(buffer + offset).Reserved, 0);
    }
}

static void assert_is_refused(void *buffer, DWORD size)
{
    SetLastError(POISON_ERROR);
    assert_int_equal(IcmpParseReplies(buffer, size), 0);
    assert_true(GetLastError() == ERROR_INVALID_PARAMETER || GetLastError() == ERROR_GEN_FAILURE);
}

static void test_no_buffer_is_refused(void **state)
{
    (void)state;
    assert_is_refused(NULL, sizeof(ICMP_ECHO_REPLY));
    assert_is_refused(NULL, 0);
}

static void test_buffer_of_size_0_is_refused_and_untouched(void **state)
{
    ICMP_ECHO_REPLY reply = {.Reserved = 1};

    (void)state;
    assert_is_refused(&reply, 0);
    assert_int_equal(reply.Reserved, 1);
}

/* ---- After a synchronous request ---- */

/* Pings, and returns the buffer. */
static void send_and_forget(IPAddr destination, DWORD timeout_ms, BYTE reply[sizeof(ICMP_ECHO_REPLY) + 4])
{
    HANDLE handle = open_handle();
    struct request request = {.handle = handle,
                              .destination = destination,
                              .data = (char[]){"abcd"},
                              .data_bytes = 4,
                              .reply = reply,
                              .reply_bytes = sizeof(ICMP_ECHO_REPLY) + 4,
                              .timeout_ms = timeout_ms};

    request_send(&request);
    assert_true(IcmpCloseHandle(handle));
    SetLastError(POISON_ERROR);
}

static void test_reply_of_a_synchronous_request_is_parsed_already(void **state)
{
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 4];
    ICMP_ECHO_REPLY first;

    (void)state;
    send_and_forget(LOCALHOST, TIMEOUT_MS, reply);
    assert_int_equal(IcmpParseReplies(reply, sizeof(reply)), 0);
    assert_int_equal(GetLastError(), 0);
    first = reply_in(reply); /* which such programs read nevertheless */
    assert_int_equal(first.Address, LOCALHOST);
    assert_memory_equal(first.Data, "abcd", 4);
}

static void test_timeout_of_a_synchronous_request_is_the_last_error(void **state)
{
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 4];

    (void)state;
    send_and_forget(SILENT, 10, reply);
    assert_int_equal(IcmpParseReplies(reply, sizeof(reply)), 0);
    assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_reply_and_status_0_give_0_and_last_error_0),
        cmocka_unit_test(test_no_reply_and_a_status_give_0_and_the_status_as_last_error),
        cmocka_unit_test(test_replies_give_their_number_and_leave_the_last_error),
        cmocka_unit_test(test_more_replies_than_there_is_room_for_are_believed_and_not_walked),
        cmocka_unit_test(test_size_is_not_looked_at),
        cmocka_unit_test(test_second_call_gives_0_and_the_status),
        cmocka_unit_test(test_buffer_may_be_aligned_in_any_way),
        cmocka_unit_test(test_no_buffer_is_refused),
        cmocka_unit_test(test_buffer_of_size_0_is_refused_and_untouched),
        cmocka_unit_test(test_reply_of_a_synchronous_request_is_parsed_already),
        cmocka_unit_test(test_timeout_of_a_synchronous_request_is_the_last_error),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
