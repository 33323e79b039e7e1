/*
 * Asynchronous requests that are refused at once, and what a request may be made of (behaviour.md 2.3, 2.4, Q10).
 */
#include "win/support/async_echo.h"
#include "win/support/guarded.h"
#include "win/support/icmp_handle.h"
#include "win/support/process.h"

/* ---- Refused at once ---- */

/* Makes a good request bad. */
typedef void (*spoiler)(struct request *request);

/* With an event: 0 and `error`; the event stays as it was, also if it is not set; nobody writes to the buffer. With a
 * routine: the same, and it never runs. */
static void assert_refused(spoiler spoil, DWORD error)
{
    struct async_echo *echo = event_echo_new(icmp, manual_reset_event(), LOCALHOST, 10);
    struct async_echo *with_routine = routine_echo_new(icmp, LOCALHOST, 10);

    spoil(&echo->request);
    assert_int_equal(request_send(&echo->request), 0);
    assert_int_equal(GetLastError(), error);
    spoil(&with_routine->request);
    assert_int_equal(request_send(&with_routine->request), 0);
    assert_int_equal(GetLastError(), error);

    assert_int_equal(SleepEx(NOT_HAPPENING_MS, TRUE), 0);
    assert_int_equal(with_routine->runs, 0);
    assert_false(event_is_set(echo->request.event));
    assert_true(bytes_are(echo->reply, sizeof(echo->reply), UNWRITTEN_BYTE));
    assert_true(bytes_are(with_routine->reply, sizeof(with_routine->reply), UNWRITTEN_BYTE));
    CloseHandle(echo->request.event);
}

static void take_no_handle(struct request *request)
{
    request->handle = NULL;
}

static void take_invalid_handle(struct request *request)
{
    request->handle = INVALID_HANDLE_VALUE;
}

static void take_garbage_for_handle(struct request *request)
{
    request->handle = (HANDLE)(uintptr_t)0x1237654;
}

static void take_event_for_handle(struct request *request)
{
    static HANDLE event;

    event = event != NULL ? event : CreateEventW(NULL, FALSE, FALSE, NULL);
    request->handle = event;
}

static void test_handle_that_is_none_is_refused(void **state)
{
    (void)state;
    assert_refused(take_no_handle, ERROR_INVALID_HANDLE);
    assert_refused(take_garbage_for_handle, ERROR_INVALID_HANDLE);
}

static void test_invalid_handle_value_is_refused_as_a_parameter(void **state)
{
    (void)state;
    assert_refused(take_invalid_handle, ERROR_INVALID_PARAMETER);
}

static void test_handle_of_another_kind_is_refused(void **state)
{
    (void)state;
    assert_refused(take_event_for_handle, ERROR_INVALID_PARAMETER);
}

static void take_no_buffer(struct request *request)
{
    request->reply = NULL;
}

static void take_no_bytes(struct request *request)
{
    request->reply_bytes = 0;
}

static void take_neither(struct request *request)
{
    request->reply = NULL;
    request->reply_bytes = 0;
}

static void take_less_than_a_structure(struct request *request)
{
    request->reply_bytes = sizeof(ICMP_ECHO_REPLY) - 1;
}

static void test_no_buffer_is_refused(void **state)
{
    (void)state;
    assert_refused(take_no_buffer, ERROR_INVALID_PARAMETER);
    assert_refused(take_no_bytes, ERROR_INVALID_PARAMETER);
    assert_refused(take_neither, ERROR_INVALID_PARAMETER);
}

static void test_buffer_smaller_than_the_structure_is_refused(void **state)
{
    (void)state;
    assert_refused(take_less_than_a_structure, ERROR_INVALID_PARAMETER);
}

static void take_destination_0(struct request *request)
{
    request->destination = 0;
}

static void test_destination_0_is_refused(void **state)
{
    (void)state;
    assert_refused(take_destination_0, ERROR_INVALID_NETNAME);
}

static void take_foreign_source(struct request *request)
{
    request->source = 0x01010101;
}

static void test_foreign_source_address_is_refused(void **state)
{
    (void)state;
    assert_refused(take_foreign_source, ERROR_INVALID_NETNAME);
}

static void take_no_data(struct request *request)
{
    request->data = NULL;
}

static void test_missing_data_is_refused(void **state)
{
    (void)state;
    assert_refused(take_no_data, ERROR_INVALID_PARAMETER);
}

static void take_too_much_data(struct request *request)
{
    static BYTE data[65535];

    request->data = data;
    request->data_bytes = 65508;
}

static void test_data_longer_than_a_datagram_is_refused(void **state)
{
    (void)state;
    assert_refused(take_too_much_data, IP_GENERAL_FAILURE);
}

static void take_too_many_options(struct request *request)
{
    static BYTE bytes[44] = {7, 43, 4};
    static IP_OPTION_INFORMATION options = {.OptionsSize = 44, .OptionsData = bytes};

    request->options = &options;
}

static void take_malformed_options(struct request *request)
{
    static BYTE bytes[4] = {7, 77, 4, 0};
    static IP_OPTION_INFORMATION options = {.OptionsSize = 4, .OptionsData = bytes};

    request->options = &options;
}

static void take_missing_options(struct request *request)
{
    static IP_OPTION_INFORMATION options = {.OptionsSize = 4};

    request->options = &options;
}

static void test_bad_options_are_refused(void **state)
{
    (void)state;
    assert_refused(take_too_many_options, IP_OPTION_TOO_BIG);
    assert_refused(take_malformed_options, IP_BAD_OPTION);
    assert_refused(take_missing_options, ERROR_INVALID_PARAMETER);
}

/* Refused by the checks that come before anything is done with the event (Q10). */
static void test_event_that_was_set_stays_set_when_arguments_are_refused(void **state)
{
    static const spoiler spoilers[] = {take_no_handle, take_no_buffer, take_destination_0, take_no_data};
    HANDLE event = manual_reset_event();

    (void)state;
    SetEvent(event);
    for (size_t i = 0; i < sizeof(spoilers) / sizeof(spoilers[0]); i++) {
        struct async_echo *echo = event_echo_new(icmp, event, LOCALHOST, 10);

        spoilers[i](&echo->request);
        assert_int_equal(request_send(&echo->request), 0);
        assert_int_not_equal(GetLastError(), ERROR_IO_PENDING);
        assert_true(event_is_set(event));
    }
    CloseHandle(event);
}

static void test_refused_requests_leave_no_handles_behind(void **state)
{
    HANDLE event = auto_reset_event();
    DWORD before = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        struct async_echo *echo = event_echo_new(icmp, event, LOCALHOST, 10);
        struct async_echo *other = routine_echo_new(icmp, LOCALHOST, 10);

        take_foreign_source(&echo->request);
        take_foreign_source(&other->request);
        assert_int_equal(request_send(&echo->request), 0);
        assert_int_equal(request_send(&other->request), 0);
        echo->request.source = other->request.source = 0;
        echo->request.destination = other->request.destination = 0;
        assert_int_equal(request_send(&echo->request), 0);
        assert_int_equal(request_send(&other->request), 0);
        /* The worker parks meanwhile. When it wakes for the first time, Wine's Winsock makes an event for its thread. */
        if (i == 5 || i == 20) {
            Sleep(50);
            before = handles_open();
        }
    }
    assert_true(handles_fall_to(before, PATIENCE_MS));
    CloseHandle(event);
}

static void test_good_request_after_refused_ones_works(void **state)
{
    struct async_echo *bad = routine_echo_new(icmp, LOCALHOST, 10);
    struct async_echo *good = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

    (void)state;
    take_foreign_source(&bad->request);
    assert_int_equal(request_send(&bad->request), 0);
    async_echo_send(good);
    assert_true(run_routines_until(&good->runs, 1));
    assert_true(async_echo_is_answered(good));
    assert_int_equal(bad->runs, 0);
}

/* ---- Events that are none ---- */

static void assert_event_is_refused(HANDLE event)
{
    struct async_echo *echo = event_echo_new(icmp, event, LOCALHOST, 10);

    assert_int_equal(request_send(&echo->request), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    echo->request.routine = note_run; /* which does not take its place */
    assert_int_equal(request_send(&echo->request), 0);
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    assert_int_equal(SleepEx(50, TRUE), 0);
    assert_true(async_echo_is_unwritten(echo));
    assert_int_equal(echo->runs, 0);
}

static void test_garbage_for_an_event_is_refused(void **state)
{
    (void)state;
    assert_event_is_refused((HANDLE)(uintptr_t)0x7654324);
    assert_event_is_refused((HANDLE)(uintptr_t)3);
    assert_event_is_refused((HANDLE)(uintptr_t)(UINTPTR_MAX - 15));
    assert_event_is_refused(INVALID_HANDLE_VALUE);
}

static void test_closed_event_is_refused(void **state)
{
    HANDLE event = auto_reset_event();

    (void)state;
    CloseHandle(event);
    assert_event_is_refused(event);
}

static void test_handle_of_another_kind_for_an_event_is_refused(void **state)
{
    HANDLE thread;
    HANDLE others[] = {CreateMutexW(NULL, FALSE, NULL), CreateSemaphoreW(NULL, 0, 5, NULL),
                       CreateWaitableTimerW(NULL, FALSE, NULL)};

    (void)state;
    assert_true(DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &thread, 0,
                                FALSE, DUPLICATE_SAME_ACCESS));
    assert_event_is_refused(thread);
    CloseHandle(thread);
    for (size_t i = 0; i < 3; i++) {
        assert_event_is_refused(others[i]);
        CloseHandle(others[i]);
    }
    assert_event_is_refused(icmp);
    assert_event_is_refused(GetCurrentThread());
}

static void test_refused_events_are_left_as_they_are(void **state)
{
    HANDLE semaphore = CreateSemaphoreW(NULL, 0, 5, NULL);
    DWORD before;
    LONG count = 7;

    (void)state;
    assert_event_is_refused(semaphore);
    before = handles_open();
    assert_event_is_refused(semaphore);
    assert_int_equal(handles_open(), before);
    assert_true(ReleaseSemaphore(semaphore, 1, &count));
    assert_int_equal(count, 0);
    CloseHandle(semaphore);
}

/* ---- What belongs to the program again when the call returns ---- */

static void test_data_may_be_overwritten_right_after_the_call(void **state)
{
    HANDLE event = auto_reset_event();

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct async_echo *echo = event_echo_new(icmp, event, LOCALHOST, PATIENCE_MS);
        BYTE scratch[ECHO_DATA_BYTES];

        memcpy(scratch, echo->data, sizeof(scratch));
        echo->request.data = scratch;
        async_echo_send(echo);
        memset(scratch, 0xee, sizeof(scratch));
        echo->request.data = echo->data; /* with which the answer is compared */
        assert_true(event_is_set_soon(event));
        assert_true(async_echo_is_answered(echo));
    }
    CloseHandle(event);
}

static void test_data_may_be_freed_right_after_the_call(void **state)
{
    HANDLE event = auto_reset_event();

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct async_echo *echo = event_echo_new(icmp, event, LOCALHOST, PATIENCE_MS);
        struct guarded data = guarded_alloc(sizeof(echo->data));

        memcpy(data.bytes, echo->data, sizeof(echo->data));
        echo->request.data = data.bytes;
        async_echo_send(echo);
        guarded_free(&data);
        echo->request.data = echo->data;
        assert_true(event_is_set_soon(event));
        assert_true(async_echo_is_answered(echo));
    }
    CloseHandle(event);
}

static void test_data_of_65500_bytes_may_be_freed_right_after_the_call(void **state)
{
    static BYTE wanted[65500];
    static BYTE reply[sizeof(ICMP_ECHO_REPLY) + sizeof(wanted)];
    HANDLE event = auto_reset_event();

    (void)state;
    fill_pattern(wanted, sizeof(wanted), 1);
    for (int i = 0; i < 10; i++) {
        struct guarded data = guarded_alloc(sizeof(wanted));
        struct request request = {.handle = icmp,
                                  .event = event,
                                  .destination = LOCALHOST,
                                  .data = data.bytes,
                                  .data_bytes = sizeof(wanted),
                                  .reply = reply,
                                  .reply_bytes = sizeof(reply),
                                  .timeout_ms = PATIENCE_MS};

        memset(reply, UNWRITTEN_BYTE, sizeof(reply));
        memcpy(data.bytes, wanted, sizeof(wanted));
        assert_int_equal(request_send(&request), 0);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
        guarded_free(&data);
        assert_true(event_is_set_soon(event));
        assert_int_equal(reply_in(reply).DataSize, sizeof(wanted));
        assert_memory_equal(reply + sizeof(ICMP_ECHO_REPLY), wanted, sizeof(wanted));
    }
    CloseHandle(event);
}

static void test_data_may_lie_in_read_only_memory(void **state)
{
    struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);
    struct guarded data = guarded_alloc(sizeof(echo->data));

    (void)state;
    memcpy(data.bytes, echo->data, sizeof(echo->data));
    guarded_make_read_only(&data);
    echo->request.data = data.bytes;
    async_echo_send(echo);
    assert_true(run_routines_until(&echo->runs, 1));
    assert_true(async_echo_is_answered(echo));
    guarded_free(&data);
}

/* As VirtualBox does: the data lies in the reply buffer, at any place of it. */
static void test_data_may_lie_in_the_reply_buffer(void **state)
{
    HANDLE event = auto_reset_event();

    (void)state;
    for (size_t offset = 0; offset + ECHO_DATA_BYTES <= sizeof(((struct async_echo *)0)->reply); offset++) {
        struct async_echo *echo = event_echo_new(icmp, event, LOCALHOST, PATIENCE_MS);
        ICMP_ECHO_REPLY reply;

        memcpy(echo->reply + offset, echo->data, ECHO_DATA_BYTES);
        echo->request.data = echo->reply + offset;
        async_echo_send(echo);
        assert_true(event_is_set_soon(event));
        reply = reply_in(echo->reply);
        assert_int_equal(reply.Status, IP_SUCCESS);
        assert_int_equal(reply.DataSize, ECHO_DATA_BYTES);
        assert_memory_equal(echo->reply + sizeof(reply), echo->data, ECHO_DATA_BYTES);
    }
    CloseHandle(event);
}

static void test_options_may_be_overwritten_right_after_the_call(void **state)
{
    HANDLE event = auto_reset_event();

    (void)state;
    for (int i = 0; i < 50; i++) {
        struct async_echo *echo = event_echo_new(icmp, event, LOCALHOST, PATIENCE_MS);
        BYTE record_route[] = {7, 7, 4, 0, 0, 0, 0, 0};
        IP_OPTION_INFORMATION options = {
            .Ttl = 9, .OptionsSize = sizeof(record_route), .OptionsData = record_route};

        echo->request.options = &options;
        async_echo_send(echo);
        memset(record_route, 0xee, sizeof(record_route));
        memset(&options, 0xee, sizeof(options));
        assert_true(event_is_set_soon(event));
        assert_int_equal(reply_in(echo->reply).Status, IP_SUCCESS);
        assert_int_equal(reply_in(echo->reply).Options.OptionsSize, sizeof(record_route));
        assert_int_equal(echo->reply[sizeof(ICMP_ECHO_REPLY)], 7);
    }
    CloseHandle(event);
}

static void test_no_data_is_no_error(void **state)
{
    struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS);

    (void)state;
    echo->request.data = NULL;
    echo->request.data_bytes = 0;
    async_echo_send(echo);
    assert_true(event_is_set_soon(echo->request.event));
    echo->request.data = echo->data;
    assert_true(async_echo_is_answered(echo));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handle_that_is_none_is_refused),
        cmocka_unit_test(test_invalid_handle_value_is_refused_as_a_parameter),
        cmocka_unit_test(test_handle_of_another_kind_is_refused),
        cmocka_unit_test(test_no_buffer_is_refused),
        cmocka_unit_test(test_buffer_smaller_than_the_structure_is_refused),
        cmocka_unit_test(test_destination_0_is_refused),
        cmocka_unit_test(test_foreign_source_address_is_refused),
        cmocka_unit_test(test_missing_data_is_refused),
        cmocka_unit_test(test_data_longer_than_a_datagram_is_refused),
        cmocka_unit_test(test_bad_options_are_refused),
        cmocka_unit_test(test_event_that_was_set_stays_set_when_arguments_are_refused),
        cmocka_unit_test(test_refused_requests_leave_no_handles_behind),
        cmocka_unit_test(test_good_request_after_refused_ones_works),
        cmocka_unit_test(test_garbage_for_an_event_is_refused),
        cmocka_unit_test(test_closed_event_is_refused),
        cmocka_unit_test(test_handle_of_another_kind_for_an_event_is_refused),
        cmocka_unit_test(test_refused_events_are_left_as_they_are),
        cmocka_unit_test(test_data_may_be_overwritten_right_after_the_call),
        cmocka_unit_test(test_data_may_be_freed_right_after_the_call),
        cmocka_unit_test(test_data_of_65500_bytes_may_be_freed_right_after_the_call),
        cmocka_unit_test(test_data_may_lie_in_read_only_memory),
        cmocka_unit_test(test_data_may_lie_in_the_reply_buffer),
        cmocka_unit_test(test_options_may_be_overwritten_right_after_the_call),
        cmocka_unit_test(test_no_data_is_no_error),
    };

    return cmocka_run(argc, argv, tests, open_icmp, close_icmp);
}
