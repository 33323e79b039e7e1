/*
 * What Icmp6SendEcho2 accepts, and how it refuses the rest (behaviour.md 2.1, 2.3, 2.6, Q15).
 */
#include "win/support/icmp6.h"

static LONG routine_calls;

static void NTAPI count_call(void *context, PIO_STATUS_BLOCK status, ULONG reserved)
{
    (void)context, (void)status, (void)reserved;
    InterlockedIncrement(&routine_calls);
}

/* Sends the request synchronously, with an event, with a routine and with both, and checks each time that
 * it is refused at once: 0, the error, nothing written, event and routine left alone. */
static void assert_refused(struct request6 *r, DWORD error)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

    assert_non_null(event);
    for (int kind = 0; kind < 4; kind++) {
        r->event = (kind & 1) != 0 ? event : NULL;
        r->routine = (kind & 2) != 0 ? count_call : NULL;
        assert_int_equal(request6_send(r), 0);
        assert_int_equal(GetLastError(), error);
        assert_true(request6_is_unwritten_from(r, 0));
        assert_int_equal(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
        assert_int_equal(SleepEx(0, TRUE), 0);
    }
    assert_int_equal(routine_calls, 0);
    CloseHandle(event);
}

static void assert_answered(struct request6 *r)
{
    assert_int_equal(request6_send(r), 1);
    assert_int_equal(GetLastError(), 0);
    assert_true(request6_is_answered(r));
}

/* ---- Handles ---- */

static void test_a_handle_or_not_supported_is_what_create_gives(void **state)
{
    HANDLE handle = Icmp6CreateFile();

    (void)state;
    if (handle == INVALID_HANDLE_VALUE) {
        assert_int_equal(GetLastError(), ERROR_NOT_SUPPORTED);
    } else {
        DWORD flags;
        assert_non_null(handle);
        assert_true(GetHandleInformation(handle, &flags));
        assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0);
        assert_true(IcmpCloseHandle(handle));
        assert_false(IcmpCloseHandle(handle));
        assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    }
}

static void test_invalid_handle_value_is_an_invalid_parameter(void **state)
{
    (void)state;
    assert_refused(request6_new(INVALID_HANDLE_VALUE), ERROR_INVALID_PARAMETER);
}

static void test_garbage_is_an_invalid_handle(void **state)
{
    static const ULONG_PTR garbage[] = {0, 1, 0xdeadbeec, 0x7ffffffc};

    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        assert_refused(request6_new((HANDLE)garbage[i]), ERROR_INVALID_HANDLE);
    }
}

static void test_an_event_for_a_handle_is_an_invalid_parameter(void **state)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

    (void)state;
    assert_refused(request6_new(event), ERROR_INVALID_PARAMETER);
    CloseHandle(event);
}

static void test_a_handle_for_ipv4_is_an_invalid_parameter(void **state)
{
    HANDLE handle = open_handle();
    HANDLE duplicate;

    (void)state;
    assert_refused(request6_new(handle), ERROR_INVALID_PARAMETER);
    assert_true(DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &duplicate, 0, FALSE,
                                DUPLICATE_SAME_ACCESS));
    assert_refused(request6_new(duplicate), ERROR_INVALID_PARAMETER);
    CloseHandle(duplicate);
    assert_true(ping(handle, LOCALHOST));
    assert_true(IcmpCloseHandle(handle));
}

static void test_a_handle_for_ipv6_is_an_invalid_parameter_for_ipv4(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 32];
    struct request request = {.handle = handle,
                              .destination = LOCALHOST,
                              .reply = reply,
                              .reply_bytes = sizeof(reply),
                              .timeout_ms = TIMEOUT_MS};

    (void)state;
    assert_int_equal(request_send(&request), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_answered(r);
    IcmpCloseHandle(handle);
}

static void test_a_duplicate_works_for_ipv6(void **state)
{
    HANDLE handle = open_handle6();
    HANDLE duplicate;

    (void)state;
    assert_true(DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &duplicate, 0, FALSE,
                                DUPLICATE_SAME_ACCESS));
    assert_true(IcmpCloseHandle(handle));
    assert_answered(request6_new(duplicate));
    assert_true(IcmpCloseHandle(duplicate));
}

/* ---- Buffers ---- */

static void test_no_reply_buffer_or_one_too_small_is_an_invalid_parameter(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    for (r->reply_bytes = 0; r->reply_bytes < REPLY6_BYTES; r->reply_bytes++) {
        assert_refused(r, ERROR_INVALID_PARAMETER);
    }
    r->reply = NULL;
    r->reply_bytes = sizeof(r->reply_memory);
    assert_refused(r, ERROR_INVALID_PARAMETER);
    r->reply_bytes = 0;
    assert_refused(r, ERROR_INVALID_PARAMETER);
    IcmpCloseHandle(handle);
}

static void test_missing_data_is_an_invalid_parameter(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    r->data = NULL;
    assert_refused(r, ERROR_INVALID_PARAMETER);
    IcmpCloseHandle(handle);
}

/* ---- Addresses ---- */

static void test_the_unspecified_destination_is_an_invalid_netname(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    r->destination_memory = short_address6(0);
    assert_refused(r, ERROR_INVALID_NETNAME);
    r->destination = NULL;
    assert_refused(r, ERROR_INVALID_NETNAME);
    IcmpCloseHandle(handle);
}

static void test_a_source_that_is_not_ours_is_an_invalid_netname(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    r->source_memory = short_address6(0xffff);
    assert_refused(r, ERROR_INVALID_NETNAME);
    assert_answered(request6_new(handle)); /* it has not spoilt the next request */
    IcmpCloseHandle(handle);
}

static void test_a_source_of_ours_is_accepted(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    r->source_memory = short_address6(1);
    assert_answered(r);
    IcmpCloseHandle(handle);
}

static void test_families_are_not_looked_at(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    r->source_memory.sin6_family = 0;
    r->destination_memory.sin6_family = 0;
    assert_answered(r);
    IcmpCloseHandle(handle);
}

static void test_no_source_lets_the_system_choose(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    r->source = NULL;
    assert_answered(r);
    IcmpCloseHandle(handle);
}

static void test_scopes_of_addresses_that_have_none_are_not_looked_at(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    r->source_memory.sin6_scope_id = 0xdeadbeef;
    r->destination_memory.sin6_scope_id = 0xdeadbeef;
    r->destination_memory.sin6_port = 0xbeef;
    r->destination_memory.sin6_flowinfo = 0xdeadbeef;
    assert_answered(r);
    IcmpCloseHandle(handle);
}

static void test_addresses_may_lie_anywhere(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);
    BYTE unaligned[2][sizeof(struct sockaddr_in6) + 1];

    (void)state;
    memcpy(unaligned[0] + 1, &r->source_memory, sizeof(r->source_memory));
    memcpy(unaligned[1] + 1, &r->destination_memory, sizeof(r->destination_memory));
    r->source = (void *)(unaligned[0] + 1);
    r->destination = (void *)(unaligned[1] + 1);
    assert_answered(r);
    IcmpCloseHandle(handle);
}

/* ---- Options ---- */

static void test_a_hop_limit_is_accepted(void **state)
{
    static const BYTE hop_limits[] = {1, 64, 255};
    HANDLE handle = open_handle6();

    (void)state;
    for (size_t i = 0; i < sizeof(hop_limits); i++) {
        struct request6 *r = request6_new(handle);
        r->options = &r->options_memory;
        r->options_memory.Ttl = hop_limits[i];
        assert_answered(r);
    }
    IcmpCloseHandle(handle);
}

static void test_a_hop_limit_of_0_is_a_general_failure(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    r->options = &r->options_memory;
    assert_int_equal(request6_send(r), 0);
    assert_int_equal(GetLastError(), IP_GENERAL_FAILURE);
    assert_true(request6_has_failed(r, IP_GENERAL_FAILURE));
    IcmpCloseHandle(handle);
}

static void test_flags_that_mean_nothing_and_ipv4_options_are_not_looked_at(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    r->options = &r->options_memory;
    r->options_memory = (IP_OPTION_INFORMATION){.Ttl = 64, .Tos = 8, .Flags = 0xff, .OptionsSize = 99};
    assert_answered(r);
    IcmpCloseHandle(handle);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_handle_or_not_supported_is_what_create_gives),
        cmocka_unit_test(test_invalid_handle_value_is_an_invalid_parameter),
        cmocka_unit_test(test_garbage_is_an_invalid_handle),
        cmocka_unit_test(test_an_event_for_a_handle_is_an_invalid_parameter),
        cmocka_unit_test(test_a_handle_for_ipv4_is_an_invalid_parameter),
        cmocka_unit_test(test_a_handle_for_ipv6_is_an_invalid_parameter_for_ipv4),
        cmocka_unit_test(test_a_duplicate_works_for_ipv6),
        cmocka_unit_test(test_no_reply_buffer_or_one_too_small_is_an_invalid_parameter),
        cmocka_unit_test(test_missing_data_is_an_invalid_parameter),
        cmocka_unit_test(test_the_unspecified_destination_is_an_invalid_netname),
        cmocka_unit_test(test_a_source_that_is_not_ours_is_an_invalid_netname),
        cmocka_unit_test(test_a_source_of_ours_is_accepted),
        cmocka_unit_test(test_families_are_not_looked_at),
        cmocka_unit_test(test_no_source_lets_the_system_choose),
        cmocka_unit_test(test_scopes_of_addresses_that_have_none_are_not_looked_at),
        cmocka_unit_test(test_addresses_may_lie_anywhere),
        cmocka_unit_test(test_a_hop_limit_is_accepted),
        cmocka_unit_test(test_a_hop_limit_of_0_is_a_general_failure),
        cmocka_unit_test(test_flags_that_mean_nothing_and_ipv4_options_are_not_looked_at),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
