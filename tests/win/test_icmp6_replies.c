/*
 * Replies to IPv6 requests, synchronous and not (behaviour.md 2.6, 3.11), from ::1.
 */
#include "win/support/guarded.h"
#include "win/support/icmp6.h"

#include <stdlib.h>

#define PATIENCE_MS 20000

/* ---- Synchronous ---- */

static void test_a_reply_brings_address_and_data(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    assert_int_equal(request6_send(r), 1);
    assert_int_equal(GetLastError(), 0);
    assert_true(request6_is_answered(r));
    assert_true(IcmpCloseHandle(handle));
}

static void test_a_buffer_of_exactly_structure_and_data_is_enough_at_any_address(void **state)
{
    HANDLE handle = open_handle6();

    (void)state;
    for (WORD data_bytes = 0; data_bytes < 9;
         data_bytes++) { /* ends at the end of memory: so it begins anywhere */
        struct guarded buffer = guarded_alloc(REPLY6_BYTES + (size_t)data_bytes);
        struct request6 *r = request6_new(handle);
        r->data_bytes = data_bytes;
        r->reply = buffer.bytes;
        r->reply_bytes = REPLY6_BYTES + (DWORD)data_bytes;
        assert_int_equal(request6_send(r), 1);
        memcpy(r->reply_memory, buffer.bytes, buffer.length);
        assert_true(request6_is_answered(r));
        assert_true(guarded_front_is_intact(&buffer));
        guarded_free(&buffer);
    }
    IcmpCloseHandle(handle);
}

static void test_a_reply_that_does_not_fit_is_a_general_failure(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    r->reply_bytes = REPLY6_BYTES + REQUEST6_DATA_BYTES - 1;
    assert_int_equal(request6_send(r), 0);
    assert_int_equal(GetLastError(), IP_GENERAL_FAILURE);
    assert_true(request6_has_failed(r, IP_GENERAL_FAILURE));
    IcmpCloseHandle(handle);
}

static void test_a_reply_size_larger_than_the_buffer_does_no_harm(void **state)
{
    HANDLE handle = open_handle6();
    struct guarded buffer = guarded_alloc(REPLY6_BYTES + REQUEST6_DATA_BYTES);
    struct request6 *r = request6_new(handle);

    (void)state;
    r->reply = buffer.bytes;
    r->reply_bytes = REPLY6_BYTES + REQUEST6_DATA_BYTES + 10;
    assert_int_equal(request6_send(r), 1);
    guarded_free(&buffer);
    IcmpCloseHandle(handle);
}

static void test_data_of_every_length_comes_back(void **state)
{
    static const WORD lengths[] = {0, 1, 31, 1452, 1453, 8192, 65500, 65527};
    static BYTE data[65527];
    static BYTE reply[REPLY6_BYTES + sizeof(data)];
    HANDLE handle = open_handle6();

    (void)state;
    fill_pattern(data, sizeof(data), 3);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct request6 *r = request6_new(handle);
        memset(reply, 0, sizeof(reply));
        r->data = data;
        r->data_bytes = lengths[i];
        r->reply = reply;
        r->reply_bytes = sizeof(reply);
        assert_int_equal(request6_send(r), 1);
        assert_int_equal(reply6_in(reply).Status, IP_SUCCESS);
        assert_memory_equal(reply + REPLY6_BYTES, data, lengths[i]);
    }
    IcmpCloseHandle(handle);
}

static void test_data_may_lie_in_the_reply_buffer(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);

    (void)state;
    memcpy(r->reply_memory, r->data_memory, REQUEST6_DATA_BYTES);
    r->data = r->reply_memory;
    assert_int_equal(request6_send(r), 1);
    r->data = r->data_memory;
    assert_true(request6_is_answered(r));
    IcmpCloseHandle(handle);
}

static void test_both_families_work_side_by_side(void **state)
{
    HANDLE handle6 = open_handle6();
    HANDLE handle = open_handle();

    (void)state;
    for (int times = 0; times < 3; times++) {
        struct request6 *r = request6_new(handle6);
        assert_int_equal(request6_send(r), 1);
        assert_true(request6_is_answered(r));
        assert_true(ping(handle, LOCALHOST));
    }
    IcmpCloseHandle(handle6);
    IcmpCloseHandle(handle);
}

/* ---- Events and routines ---- */

static void test_an_event_is_set_when_the_reply_is_there(void **state)
{
    HANDLE handle = open_handle6();
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    struct request6 *r = request6_new(handle);

    (void)state;
    r->event = event;
    assert_int_equal(request6_send(r), 0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    assert_int_equal(WaitForSingleObject(event, PATIENCE_MS), WAIT_OBJECT_0);
    assert_true(request6_is_answered(r));
    SetLastError(POISON_ERROR);
    assert_int_equal(Icmp6ParseReplies(r->reply, r->reply_bytes), 1);
    assert_int_equal(GetLastError(), POISON_ERROR);
    CloseHandle(event);
    IcmpCloseHandle(handle);
}

/* What a routine was told. */
struct told {
    volatile LONG times;
    IO_STATUS_BLOCK io_status;
    ULONG reserved;
};

static void NTAPI remember(void *context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct told *told = context;

    told->io_status = *io_status;
    told->reserved = reserved;
    told->times++;
}

/* Sends the request with a routine, and waits until that has run. */
static struct told run_with_routine(struct request6 *r)
{
    static struct told told;

    told = (struct told){0};
    r->routine = remember;
    r->context = &told;
    assert_int_equal(request6_send(r), 0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    assert_int_equal(told.times, 0);
    assert_int_equal(SleepEx(PATIENCE_MS, TRUE), WAIT_IO_COMPLETION);
    assert_int_equal(told.times, 1);
    return told;
}

static void test_a_routine_is_told_of_structure_and_data(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);
    struct told told = run_with_routine(r);

    (void)state;
    assert_int_equal(told.io_status.Status, 0);
    assert_int_equal(told.io_status.Information, REPLY6_BYTES + REQUEST6_DATA_BYTES);
    assert_int_equal(told.reserved, 0);
    assert_true(request6_is_answered(r));
    IcmpCloseHandle(handle);
}

static void test_a_routine_is_told_of_an_invalid_parameter_for_a_hop_limit_of_0(void **state)
{
    HANDLE handle = open_handle6();
    struct request6 *r = request6_new(handle);
    struct told told;

    (void)state;
    r->options = &r->options_memory;
    told = run_with_routine(r);
    assert_int_equal((DWORD)told.io_status.Status, 0xc000000d); /* STATUS_INVALID_PARAMETER */
    assert_int_equal(told.io_status.Information, REPLY6_BYTES);
    assert_true(request6_has_failed(r, IP_GENERAL_FAILURE));
    IcmpCloseHandle(handle);
}

static void test_with_event_and_routine_only_the_event_is_set(void **state)
{
    HANDLE handle = open_handle6();
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    struct request6 *r = request6_new(handle);
    struct told told = {0};

    (void)state;
    r->event = event;
    r->routine = remember;
    r->context = &told;
    assert_int_equal(request6_send(r), 0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    assert_int_equal(WaitForSingleObjectEx(event, PATIENCE_MS, TRUE), WAIT_OBJECT_0);
    assert_int_equal(SleepEx(100, TRUE), 0);
    assert_int_equal(told.times, 0);
    assert_true(request6_is_answered(r));
    CloseHandle(event);
    IcmpCloseHandle(handle);
}

static void test_a_request_completes_after_its_handle_was_closed(void **state)
{
    HANDLE handle = open_handle6();
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    struct request6 *r = request6_new(handle);

    (void)state;
    r->event = event;
    assert_int_equal(request6_send(r), 0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    assert_true(IcmpCloseHandle(handle));
    assert_int_equal(WaitForSingleObject(event, PATIENCE_MS), WAIT_OBJECT_0);
    assert_true(request6_is_answered(r));
    CloseHandle(event);
}

/* ---- Many ---- */

#define MANY 2000

struct many {
    BYTE data[8];
    BYTE reply[REPLY6_BYTES + 8];
};

static volatile LONG many_told;

static void NTAPI count_told(void *context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    (void)context, (void)io_status, (void)reserved;
    many_told++;
}

static void test_of_many_requests_each_gets_its_own_reply(void **state)
{
    HANDLE handle = open_handle6();
    struct many *many = calloc(MANY, sizeof(*many));
    struct request6 *r = request6_new(handle);
    double until_ms;

    (void)state;
    assert_non_null(many);
    many_told = 0;
    for (unsigned int i = 0; i < MANY; i++) {
        fill_pattern(many[i].data, sizeof(many[i].data), i);
        r->data = many[i].data;
        r->data_bytes = sizeof(many[i].data);
        r->reply = many[i].reply;
        r->reply_bytes = sizeof(many[i].reply);
        r->timeout_ms = PATIENCE_MS;
        r->routine = count_told;
        assert_int_equal(request6_send(r), 0);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    }
    until_ms = now_ms() + 2 * PATIENCE_MS;
    while (many_told < MANY && now_ms() < until_ms) {
        SleepEx(100, TRUE);
    }
    assert_int_equal(many_told, MANY);
    for (unsigned int i = 0; i < MANY; i++) {
        assert_int_equal(reply6_in(many[i].reply).Status, IP_SUCCESS);
        assert_memory_equal(many[i].reply + REPLY6_BYTES, many[i].data, sizeof(many[i].data));
    }
    free(many);
    IcmpCloseHandle(handle);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reply_brings_address_and_data),
        cmocka_unit_test(test_a_buffer_of_exactly_structure_and_data_is_enough_at_any_address),
        cmocka_unit_test(test_a_reply_that_does_not_fit_is_a_general_failure),
        cmocka_unit_test(test_a_reply_size_larger_than_the_buffer_does_no_harm),
        cmocka_unit_test(test_data_of_every_length_comes_back),
        cmocka_unit_test(test_data_may_lie_in_the_reply_buffer),
        cmocka_unit_test(test_both_families_work_side_by_side),
        cmocka_unit_test(test_an_event_is_set_when_the_reply_is_there),
        cmocka_unit_test(test_a_routine_is_told_of_structure_and_data),
        cmocka_unit_test(test_a_routine_is_told_of_an_invalid_parameter_for_a_hop_limit_of_0),
        cmocka_unit_test(test_with_event_and_routine_only_the_event_is_set),
        cmocka_unit_test(test_a_request_completes_after_its_handle_was_closed),
        cmocka_unit_test(test_of_many_requests_each_gets_its_own_reply),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
