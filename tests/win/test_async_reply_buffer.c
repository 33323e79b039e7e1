/*
 * The reply buffers of asynchronous requests: nothing is written outside of them, nor behind the used part inside, and
 * they may be as small as possible and lie anywhere (behaviour.md 2.3 #16-18, 3).
 */
#include "win/support/async_echo.h"
#include "win/support/icmp_handle.h"
#include "win/support/guarded.h"

/* The sizes that the matrix goes through. */
#define SIZES 201

/* The ways to learn of the outcome. */
enum mode { SYNCHRONOUS, BY_EVENT, BY_ROUTINE };

static volatile LONG routine_runs;
static IO_STATUS_BLOCK last_io_status;

static void WINAPI count_run(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    (void)context, (void)reserved;
    last_io_status = *io_status;
    InterlockedIncrement(&routine_runs);
}

/* Sends and waits for the outcome. The error of a request that was refused, or, synchronously, of one that was not
 * answered; 0 otherwise. */
static DWORD exchange(struct request *request, enum mode mode, HANDLE event)
{
    LONG runs_before = routine_runs;

    request->event = mode == BY_EVENT ? event : NULL;
    request->routine = mode == BY_ROUTINE ? count_run : NULL;
    if (request_send(request) == 1 || GetLastError() != ERROR_IO_PENDING) {
        return GetLastError();
    }
    assert_int_not_equal(mode, SYNCHRONOUS);
    assert_true(mode == BY_EVENT ? event_is_set_soon(event)
                                 : run_routines_until(&routine_runs, runs_before + 1));
    return 0;
}

/* One field of the matrix: a buffer of `size` bytes in front of the end of memory. */
static void assert_stays_inside(struct guarded *reply, WORD data_bytes, size_t size, enum mode mode,
                                HANDLE event)
{
    BYTE data[100];
    struct request request = {.handle = icmp,
                              .destination = LOCALHOST,
                              .data = data,
                              .data_bytes = data_bytes,
                              .reply = reply->bytes,
                              .reply_bytes = (DWORD)size,
                              .timeout_ms = PATIENCE_MS};
    size_t wanted = sizeof(ICMP_ECHO_REPLY) + data_bytes;
    size_t used = size >= wanted ? wanted : size >= sizeof(ICMP_ECHO_REPLY) ? sizeof(ICMP_ECHO_REPLY) : 0;
    DWORD error;

    fill_pattern(data, sizeof(data), (unsigned int)size);
    error = exchange(&request, mode, event);
    assert_true(guarded_is_intact_from(reply, used));
    if (used == 0) {
        assert_int_equal(error, ERROR_INVALID_PARAMETER);
        return;
    }
    assert_int_equal(error, mode == SYNCHRONOUS && used < wanted ? IP_GENERAL_FAILURE : 0);
    assert_int_equal(reply_in(reply->bytes).Status, used < wanted ? IP_GENERAL_FAILURE : IP_SUCCESS);
    assert_int_equal(reply_in(reply->bytes).DataSize, used < wanted ? 0 : data_bytes);
    if (used == wanted) {
        assert_memory_equal(reply->bytes + sizeof(ICMP_ECHO_REPLY), data, data_bytes);
    }
    if (mode == BY_ROUTINE) {
        assert_int_equal(last_io_status.Information, used);
    }
}

static void assert_every_size_stays_inside(enum mode mode)
{
    static const WORD data_bytes[] = {0, 1, 8, 32, 100};
    HANDLE event = auto_reset_event();
    struct guarded reply = guarded_alloc(SIZES);

    for (size_t i = 0; i < sizeof(data_bytes) / sizeof(data_bytes[0]); i++) {
        for (size_t size = 0; size < SIZES; size++) {
            guarded_resize(&reply, size);
            guarded_reset(&reply);
            assert_stays_inside(&reply, data_bytes[i], size, mode, event);
        }
    }
    guarded_free(&reply);
    CloseHandle(event);
}

static void test_synchronous_replies_stay_inside_buffers_of_every_size(void **state)
{
    (void)state;
    assert_every_size_stays_inside(SYNCHRONOUS);
}

static void test_event_replies_stay_inside_buffers_of_every_size(void **state)
{
    (void)state;
    assert_every_size_stays_inside(BY_EVENT);
}

static void test_routine_replies_stay_inside_buffers_of_every_size(void **state)
{
    (void)state;
    assert_every_size_stays_inside(BY_ROUTINE);
}

/* A time-out writes the structure and nothing else, whatever there is room for. */
static void assert_timeouts_stay_inside(enum mode mode)
{
    HANDLE event = auto_reset_event();
    struct guarded reply = guarded_alloc(SIZES);
    BYTE data[32] = {0};

    for (size_t size = sizeof(ICMP_ECHO_REPLY); size < SIZES; size += 7) {
        struct request request = {.handle = icmp,
                                  .destination = SILENT,
                                  .data = data,
                                  .data_bytes = sizeof(data),
                                  .reply_bytes = (DWORD)size,
                                  .timeout_ms = 1};

        guarded_resize(&reply, size);
        guarded_reset(&reply);
        request.reply = reply.bytes;
        assert_int_equal(exchange(&request, mode, event), mode == SYNCHRONOUS ? IP_REQ_TIMED_OUT : 0);
        assert_true(guarded_is_intact_from(&reply, sizeof(ICMP_ECHO_REPLY)));
        assert_int_equal(reply_in(reply.bytes).Status, IP_REQ_TIMED_OUT);
    }
    guarded_free(&reply);
    CloseHandle(event);
}

static void test_timeouts_stay_inside_buffers_of_every_size(void **state)
{
    (void)state;
    for (enum mode mode = SYNCHRONOUS; mode <= BY_ROUTINE; mode++) {
        assert_timeouts_stay_inside(mode);
    }
}

static void test_buffers_may_lie_at_any_address(void **state)
{
    static BYTE memory[16 + sizeof(ICMP_ECHO_REPLY) + ECHO_DATA_BYTES + 16];
    HANDLE event = auto_reset_event();

    (void)state;
    for (enum mode mode = SYNCHRONOUS; mode <= BY_ROUTINE; mode++) {
        for (size_t offset = 0; offset < 16; offset++) {
            BYTE *reply = memory + 8 + offset;
            BYTE unaligned_data[1 + ECHO_DATA_BYTES];
            struct request request = {.handle = icmp,
                                      .destination = LOCALHOST,
                                      .data = unaligned_data + 1,
                                      .data_bytes = ECHO_DATA_BYTES,
                                      .reply = reply,
                                      .reply_bytes = sizeof(ICMP_ECHO_REPLY) + ECHO_DATA_BYTES,
                                      .timeout_ms = PATIENCE_MS};

            fill_pattern(unaligned_data, sizeof(unaligned_data), (unsigned int)offset);
            memset(memory, UNWRITTEN_BYTE, sizeof(memory));
            assert_int_equal(exchange(&request, mode, event), 0);
            assert_int_equal(reply_in(reply).Status, IP_SUCCESS);
            assert_ptr_equal(reply_in(reply).Data, reply + sizeof(ICMP_ECHO_REPLY));
            assert_memory_equal(reply + sizeof(ICMP_ECHO_REPLY), unaligned_data + 1, ECHO_DATA_BYTES);
            assert_true(bytes_are(memory, 8 + offset, UNWRITTEN_BYTE));
            assert_true(bytes_are(reply + request.reply_bytes,
                                  (size_t)(memory + sizeof(memory) - (reply + request.reply_bytes)),
                                  UNWRITTEN_BYTE));
        }
    }
    CloseHandle(event);
}

/* Programs give sizes that are larger than their buffers (behaviour.md 2.3 #18): what is not needed is not touched,
 * though it is not even there. */
static void test_sizes_larger_than_the_buffer_are_harmless(void **state)
{
    HANDLE event = auto_reset_event();

    (void)state;
    for (enum mode mode = SYNCHRONOUS; mode <= BY_ROUTINE; mode++) {
        struct guarded reply = guarded_alloc(sizeof(ICMP_ECHO_REPLY) + ECHO_DATA_BYTES);
        BYTE data[ECHO_DATA_BYTES] = {0};
        struct request request = {.handle = icmp,
                                  .destination = LOCALHOST,
                                  .data = data,
                                  .data_bytes = sizeof(data),
                                  .reply = reply.bytes,
                                  .reply_bytes = (DWORD)reply.length + 10,
                                  .timeout_ms = PATIENCE_MS};

        assert_int_equal(exchange(&request, mode, event), 0);
        assert_int_equal(reply_in(reply.bytes).Status, IP_SUCCESS);
        guarded_reset(&reply);
        request.reply_bytes = UINT32_MAX;
        assert_int_equal(exchange(&request, mode, event), 0);
        assert_int_equal(reply_in(reply.bytes).Status, IP_SUCCESS);
        guarded_free(&reply);
    }
    CloseHandle(event);
}

static void assert_unwritten_after_completion(enum mode mode)
{
    HANDLE event = auto_reset_event();
    struct async_echo *echo = async_echo_new(icmp, LOCALHOST, PATIENCE_MS);

    assert_int_equal(exchange(&echo->request, mode, event), 0);
    memset(echo->reply, 0x11, sizeof(echo->reply));
    Sleep(NOT_HAPPENING_MS);
    assert_true(bytes_are(echo->reply, sizeof(echo->reply), 0x11));
    CloseHandle(event);
}

static void test_nobody_writes_to_a_buffer_after_completion(void **state)
{
    (void)state;
    for (enum mode mode = SYNCHRONOUS; mode <= BY_ROUTINE; mode++) {
        assert_unwritten_after_completion(mode);
    }
}

/* Whoever frees the buffer while the request is outstanding makes a mistake, but shall not die by it on a thread that
 * it does not know. */
static void test_buffer_that_was_freed_too_early_does_not_end_the_process(void **state)
{
    HANDLE event = auto_reset_event();

    (void)state;
    for (enum mode mode = BY_EVENT; mode <= BY_ROUTINE; mode++) {
        struct guarded reply = guarded_alloc(100);
        LONG runs_before = routine_runs;
        struct request request = {.handle = icmp,
                                  .destination = SILENT,
                                  .reply = reply.bytes,
                                  .reply_bytes = 100,
                                  .timeout_ms = 100,
                                  .event = mode == BY_EVENT ? event : NULL,
                                  .routine = mode == BY_ROUTINE ? count_run : NULL};

        assert_int_equal(request_send(&request), 0);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
        guarded_free(&reply);
        assert_true(mode == BY_EVENT ? event_is_set_soon(event)
                                     : run_routines_until(&routine_runs, runs_before + 1));
    }
    assert_true(ping(icmp, LOCALHOST));
    CloseHandle(event);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synchronous_replies_stay_inside_buffers_of_every_size),
        cmocka_unit_test(test_event_replies_stay_inside_buffers_of_every_size),
        cmocka_unit_test(test_routine_replies_stay_inside_buffers_of_every_size),
        cmocka_unit_test(test_timeouts_stay_inside_buffers_of_every_size),
        cmocka_unit_test(test_buffers_may_lie_at_any_address),
        cmocka_unit_test(test_sizes_larger_than_the_buffer_are_harmless),
        cmocka_unit_test(test_nobody_writes_to_a_buffer_after_completion),
        cmocka_unit_test(test_buffer_that_was_freed_too_early_does_not_end_the_process),
    };

    return cmocka_run(argc, argv, tests, open_icmp, close_icmp);
}
