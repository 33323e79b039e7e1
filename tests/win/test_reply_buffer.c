/*
 * What is written to a reply buffer and what is not: layout, sizes, alignment, overlap (behaviour.md 2.3 rows
 * 16 to 18, 3.1, 3.2, 3.7, 3.12, 3.13).
 */
#include "win/support/guarded.h"
#include "win/support/requests.h"

#include <stdlib.h>

#define STRUCTURE_BYTES ((DWORD)sizeof(ICMP_ECHO_REPLY))

static const WORD payloads[] = {0, 1, 8, 32, 100};
#define PAYLOAD_COUNT (sizeof(payloads) / sizeof(payloads[0]))

static HANDLE handle;
static BYTE data[256];

static int set_up(void **state)
{
    (void)state;
    handle = open_handle();
    fill_pattern(data, sizeof(data), 3);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return IcmpCloseHandle(handle) ? 0 : -1;
}

static struct request request_of(WORD data_bytes, void *reply, DWORD reply_bytes)
{
    return (struct request){.handle = handle,
                            .destination = LOCALHOST,
                            .data = data,
                            .data_bytes = data_bytes,
                            .reply = reply,
                            .reply_bytes = reply_bytes,
                            .timeout_ms = TIMEOUT_MS};
}

/* Sends a request whose reply must fit, and checks the reply. */
static void assert_fits(const struct request *request)
{
    ICMP_ECHO_REPLY reply;
    BYTE *behind = (BYTE *)request->reply + STRUCTURE_BYTES;

    assert_int_equal(request_send(request), 1);
    assert_int_equal(GetLastError(), 0);
    reply = reply_in(request->reply);
    assert_int_equal(reply.Status, IP_SUCCESS);
    assert_int_equal(reply.Address, LOCALHOST);
    assert_int_equal(reply.DataSize, request->data_bytes);
    assert_int_equal(reply.Options.OptionsSize, 0);
    assert_ptr_equal(reply.Data, behind);
    if (request->data_bytes > 0) {
        assert_memory_equal(behind, data, request->data_bytes);
    }
}

/* Sends a request whose reply must not fit, and checks that just the structure is written, all zero but for
 * the status. */
static void assert_does_not_fit(const struct request *request)
{
    ICMP_ECHO_REPLY expected;

    memset(&expected, 0, sizeof(expected));
    expected.Status = IP_GENERAL_FAILURE;
    assert_int_equal(request_send(request), 0);
    assert_int_equal(GetLastError(), IP_GENERAL_FAILURE);
    assert_memory_equal(request->reply, &expected, sizeof(expected));
}

/* ---- Sizes ---- */

static void test_structure_and_data_are_room_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAYLOAD_COUNT; i++) {
        struct guarded buffer = guarded_alloc(STRUCTURE_BYTES + payloads[i]);
        struct request request = request_of(payloads[i], buffer.bytes, (DWORD)buffer.length);

        assert_fits(&request);
        assert_true(guarded_front_is_intact(&buffer));
        guarded_free(&buffer);
    }
}

static void test_one_byte_less_than_structure_and_data_is_a_general_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAYLOAD_COUNT; i++) {
        struct guarded buffer;
        struct request request;

        if (payloads[i] == 0) {
            continue; /* less than the structure is another matter */
        }
        buffer = guarded_alloc(STRUCTURE_BYTES + payloads[i] - 1u);
        request = request_of(payloads[i], buffer.bytes, (DWORD)buffer.length);
        assert_does_not_fit(&request);
        assert_true(guarded_is_intact_from(&buffer, STRUCTURE_BYTES));
        guarded_free(&buffer);
    }
}

/* Every size from the structure's on. The memory ends with the size while that is too small, else with what
 * may be written. */
static void assert_sizes_are_kept(WORD payload)
{
    struct guarded buffer = guarded_alloc(STRUCTURE_BYTES + payload);

    for (DWORD size = STRUCTURE_BYTES; size <= STRUCTURE_BYTES + 200; size++) {
        bool fits = size >= STRUCTURE_BYTES + payload;
        struct request request;

        guarded_resize(&buffer, fits ? STRUCTURE_BYTES + payload : size);
        guarded_reset(&buffer);
        request = request_of(payload, buffer.bytes, size);
        if (fits) {
            assert_fits(&request);
            assert_true(guarded_front_is_intact(&buffer));
        } else {
            assert_does_not_fit(&request);
            assert_true(guarded_is_intact_from(&buffer, STRUCTURE_BYTES));
        }
    }
    guarded_free(&buffer);
}

static void test_nothing_is_written_beyond_an_empty_reply_whatever_the_size(void **state)
{
    (void)state;
    assert_sizes_are_kept(0);
}

static void test_nothing_is_written_beyond_1_byte_of_data_whatever_the_size(void **state)
{
    (void)state;
    assert_sizes_are_kept(1);
}

static void test_nothing_is_written_beyond_8_bytes_of_data_whatever_the_size(void **state)
{
    (void)state;
    assert_sizes_are_kept(8);
}

static void test_nothing_is_written_beyond_32_bytes_of_data_whatever_the_size(void **state)
{
    (void)state;
    assert_sizes_are_kept(32);
}

static void test_nothing_is_written_beyond_100_bytes_of_data_whatever_the_size(void **state)
{
    (void)state;
    assert_sizes_are_kept(100);
}

static void test_size_may_promise_more_memory_than_there_is_anywhere(void **state)
{
    static const DWORD sizes[] = {65791, 0x7fffffff, 0x80000000, 0xffffffff};
    struct guarded buffer = guarded_alloc(STRUCTURE_BYTES + 32);

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct request request = request_of(32, buffer.bytes, sizes[i]);

        guarded_reset(&buffer);
        assert_fits(&request);
        assert_true(guarded_front_is_intact(&buffer));
    }
    guarded_free(&buffer);
}

static void test_data_follows_the_structure_in_a_larger_buffer_and_the_rest_is_untouched(void **state)
{
    struct guarded buffer = guarded_alloc(8192);
    struct request request = request_of(32, buffer.bytes, 8192);

    (void)state;
    assert_fits(&request);
    assert_true(guarded_is_intact_from(&buffer, STRUCTURE_BYTES + 32));
    guarded_free(&buffer);
}

static void test_timeout_writes_the_structure_only(void **state)
{
    struct guarded buffer = guarded_alloc(STRUCTURE_BYTES);
    struct request request = request_of(32, buffer.bytes, STRUCTURE_BYTES + 32 + 8);

    (void)state;
    request.destination = SILENT;
    request.timeout_ms = 10;
    assert_int_equal(request_send(&request), 0);
    assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
    assert_int_equal(reply_in(buffer.bytes).Status, IP_REQ_TIMED_OUT);
    assert_true(guarded_front_is_intact(&buffer));
    guarded_free(&buffer);
}

static void test_full_size_reply_ends_with_its_buffer(void **state)
{
    struct guarded buffer = guarded_alloc(STRUCTURE_BYTES + 65500);
    struct request request = request_of(65500, buffer.bytes, (DWORD)buffer.length);
    BYTE *full = malloc(65500);

    (void)state;
    assert_non_null(full);
    fill_pattern(full, 65500, 4);
    request.data = full;
    assert_int_equal(request_send(&request), 1);
    assert_int_equal(reply_in(buffer.bytes).DataSize, 65500);
    assert_memory_equal(buffer.bytes + STRUCTURE_BYTES, full, 65500);
    assert_true(guarded_front_is_intact(&buffer));
    free(full);
    guarded_free(&buffer);
}

/* ---- Alignment ---- */

static void test_buffer_may_be_aligned_in_any_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAYLOAD_COUNT; i++) {
        for (size_t offset = 0; offset < 8; offset++) {
            size_t length = STRUCTURE_BYTES + payloads[i];
            struct guarded buffer = guarded_alloc(length + 16);
            BYTE *reply = buffer.pages + 64 + offset; /* pages begin at a multiple of 4096 */
            struct request request = request_of(payloads[i], reply, (DWORD)length);

            assert_fits(&request);
            assert_true(bytes_are(buffer.pages, 64 + offset, GUARDED_FILL));
            assert_true(bytes_are(reply + length, buffer.pages_bytes - 64 - offset - length, GUARDED_FILL));
            guarded_free(&buffer);
        }
    }
}

static void test_buffer_may_be_aligned_in_any_way_for_a_timeout(void **state)
{
    (void)state;
    for (size_t offset = 0; offset < 8; offset++) {
        struct guarded buffer = guarded_alloc(64);
        struct request request = request_of(8, buffer.pages + offset, STRUCTURE_BYTES + 8);

        request.destination = SILENT;
        request.timeout_ms = 1;
        assert_int_equal(request_send(&request), 0);
        assert_int_equal(reply_in(buffer.pages + offset).Status, IP_REQ_TIMED_OUT);
        assert_true(bytes_are(buffer.pages, offset, GUARDED_FILL));
        assert_true(bytes_are(buffer.pages + offset + STRUCTURE_BYTES, 1000, GUARDED_FILL));
        guarded_free(&buffer);
    }
}

static void test_request_data_may_be_aligned_in_any_way_and_is_not_read_beyond_its_size(void **state)
{
    (void)state;
    for (WORD size = 0; size <= 16; size++) {
        struct guarded memory = guarded_alloc(size);
        BYTE reply[sizeof(ICMP_ECHO_REPLY) + 16];
        struct request request = request_of(size, reply, sizeof(reply));

        if (size > 0) {
            memcpy(memory.bytes, data, size);
        }
        request.data = memory.bytes;
        assert_fits(&request);
        guarded_free(&memory);
    }
}

/* ---- What is read, and when ---- */

static void test_request_data_and_options_are_not_written_to(void **state)
{
    struct guarded memory = guarded_alloc(256);
    IP_OPTION_INFORMATION *options = (IP_OPTION_INFORMATION *)(void *)memory.pages;
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 40 + 32];
    struct request request = request_of(32, reply, sizeof(reply));

    (void)state;
    *options = (IP_OPTION_INFORMATION){.Ttl = 9, .OptionsSize = 4, .OptionsData = memory.pages + 64};
    memset(options->OptionsData, IP_OPT_NOP, 4);
    memcpy(memory.bytes, data, 32);
    guarded_make_read_only(&memory);
    request.options = options;
    request.data = memory.bytes;
    assert_int_equal(request_send(&request), 1);
    guarded_free(&memory);
}

/* Sends 64 bytes that lie in the reply buffer itself, from `offset` on. */
static void assert_data_may_overlap_at(size_t offset)
{
    struct guarded buffer = guarded_alloc(STRUCTURE_BYTES + 64);
    struct request request = request_of(64, buffer.bytes, (DWORD)buffer.length);

    memcpy(buffer.bytes + offset, data, 64);
    request.data = buffer.bytes + offset;
    assert_fits(&request);
    assert_true(guarded_front_is_intact(&buffer));
    guarded_free(&buffer);
}

static void test_request_data_may_lie_in_the_reply_buffer(void **state)
{
    (void)state;
    for (size_t offset = 0; offset <= STRUCTURE_BYTES; offset++) {
        assert_data_may_overlap_at(offset);
    }
}

static void test_options_may_lie_in_the_reply_buffer(void **state)
{
    struct guarded buffer = guarded_alloc(STRUCTURE_BYTES + 64);
    struct request request = request_of(64, buffer.bytes, (DWORD)buffer.length);
    IP_OPTION_INFORMATION options = {.Ttl = 9, .OptionsSize = 4, .OptionsData = buffer.bytes + 40};

    (void)state;
    memset(buffer.bytes, IP_OPT_NOP, buffer.length);
    memcpy(buffer.bytes, &options, sizeof(options));
    request.options = (IP_OPTION_INFORMATION *)(void *)buffer.bytes;
    assert_fits(&request);
    guarded_free(&buffer);
}

/* The same memory is used again, as by every loop that pings: nothing of the last reply may stay. */
static void test_buffer_may_be_used_again(void **state)
{
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 100];
    struct request request = request_of(100, reply, sizeof(reply));

    (void)state;
    assert_fits(&request);
    request.destination = SILENT;
    request.timeout_ms = 1;
    assert_int_equal(request_send(&request), 0);
    assert_int_equal(reply_in(reply).DataSize, 0);
    assert_null(reply_in(reply).Data);
    assert_int_equal(reply_in(reply).Address, 0);
    request = request_of(1, reply, sizeof(reply));
    assert_fits(&request);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_structure_and_data_are_room_enough, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_byte_less_than_structure_and_data_is_a_general_failure,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_written_beyond_an_empty_reply_whatever_the_size,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_written_beyond_1_byte_of_data_whatever_the_size,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_written_beyond_8_bytes_of_data_whatever_the_size,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_written_beyond_32_bytes_of_data_whatever_the_size,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_written_beyond_100_bytes_of_data_whatever_the_size,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_size_may_promise_more_memory_than_there_is_anywhere, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_data_follows_the_structure_in_a_larger_buffer_and_the_rest_is_untouched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timeout_writes_the_structure_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_full_size_reply_ends_with_its_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_buffer_may_be_aligned_in_any_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_buffer_may_be_aligned_in_any_way_for_a_timeout, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            test_request_data_may_be_aligned_in_any_way_and_is_not_read_beyond_its_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_request_data_and_options_are_not_written_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_request_data_may_lie_in_the_reply_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_options_may_lie_in_the_reply_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_buffer_may_be_used_again, set_up, tear_down),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
