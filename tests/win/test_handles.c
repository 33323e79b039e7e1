/*
 * The ICMP handle: a genuine kernel handle, and whatever programs pass in its place (behaviour.md 2.1, 2.2,
 * 2.3 rows 1 and 1b, Q14, Q15, Q22).
 */
#include "win/support/process.h"
#include "win/support/requests.h"

/* ---- What is no ICMP handle ---- */

/* Objects of other kinds that a program may mistake for an ICMP handle. */
enum { EVENT, SEMAPHORE, FILE_ON_DISK, THREAD, PROCESS, SOCKET_OBJECT, OBJECT_COUNT };

static const char *const object_names[] = {"event", "semaphore", "file", "thread", "process", "socket"};

static int open_objects(void **state)
{
    static HANDLE objects[OBJECT_COUNT];
    WCHAR path[MAX_PATH];
    WSADATA data;

    WSAStartup(MAKEWORD(2, 2), &data);
    GetModuleFileNameW(NULL, path, MAX_PATH);
    objects[EVENT] = CreateEventW(NULL, TRUE, FALSE, NULL);
    objects[SEMAPHORE] = CreateSemaphoreW(NULL, 0, 1, NULL);
    objects[FILE_ON_DISK] = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    objects[THREAD] = OpenThread(SYNCHRONIZE, FALSE, GetCurrentThreadId());
    objects[PROCESS] = OpenProcess(SYNCHRONIZE, FALSE, GetCurrentProcessId());
    objects[SOCKET_OBJECT] = (HANDLE)socket(AF_INET, SOCK_DGRAM, 0);
    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        if (objects[i] == NULL || objects[i] == INVALID_HANDLE_VALUE) {
            return -1;
        }
    }
    *state = objects;
    return 0;
}

/* Values that are handles of nothing, now or ever. */
static const uintptr_t garbage[] = {0, 1, 2, 3, 0xdeadbeef, 0x7ffffffc, (uintptr_t)-4096};

static bool is_open(HANDLE handle)
{
    DWORD flags;

    return GetHandleInformation(handle, &flags) != 0;
}

/* The last error of a ping with a bad handle, which must return 0 and leave the buffer alone. */
static DWORD error_of_ping_with(enum sender sender, HANDLE handle)
{
    char data[8] = "";
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data)];
    struct request request = {.handle = handle,
                              .destination = LOCALHOST,
                              .data = data,
                              .data_bytes = sizeof(data),
                              .reply = reply,
                              .reply_bytes = sizeof(reply),
                              .timeout_ms = TIMEOUT_MS};
    DWORD replies, error;

    memset(reply, 0xa5, sizeof(reply));
    replies = request_send_by(sender, &request);
    error = GetLastError();
    assert_int_equal(replies, 0);
    assert_true(bytes_are(reply, sizeof(reply), 0xa5));
    return error;
}

static void test_create_gives_neither_null_nor_invalid_handle_value(void **state)
{
    HANDLE handle = IcmpCreateFile();

    (void)state;
    assert_non_null(handle);
    assert_ptr_not_equal(handle, INVALID_HANDLE_VALUE);
    assert_true(IcmpCloseHandle(handle));
}

static void test_handle_is_a_kernel_handle(void **state)
{
    HANDLE handle = open_handle();

    (void)state;
    assert_true(is_open(handle));
    assert_true(IcmpCloseHandle(handle));
    assert_false(is_open(handle));
}

/* Programs keep it in 32-bit variables: it must come back whole from one, whether with a sign or without. */
static void test_handle_fits_32_bits(void **state)
{
    HANDLE handle = open_handle();

    (void)state;
    assert_true((HANDLE)(uintptr_t)(uint32_t)(uintptr_t)handle == handle);
    assert_true((HANDLE)(intptr_t)(int32_t)(intptr_t)handle == handle);
    assert_true(IcmpCloseHandle(handle));
}

static void test_handle_is_not_inheritable(void **state)
{
    HANDLE handle = open_handle();
    DWORD flags = HANDLE_FLAG_INHERIT;

    (void)state;
    assert_true(GetHandleInformation(handle, &flags));
    assert_int_equal(flags & HANDLE_FLAG_INHERIT, 0);
    assert_true(IcmpCloseHandle(handle));
}

static void test_many_handles_may_be_open_at_once(void **state)
{
    HANDLE handles[100];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        handles[i] = open_handle();
        for (size_t j = 0; j < i; j++) {
            assert_ptr_not_equal(handles[i], handles[j]);
        }
    }
    for (size_t i = 0; i < 100; i++) {
        assert_true(ping(handles[i], LOCALHOST));
        assert_true(IcmpCloseHandle(handles[i]));
    }
}

/* ---- Closing ---- */

static void test_closing_twice_fails_with_invalid_handle(void **state)
{
    HANDLE handle = open_handle();

    (void)state;
    assert_true(IcmpCloseHandle(handle));
    SetLastError(POISON_ERROR);
    assert_false(IcmpCloseHandle(handle));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
}

static void assert_close_refuses(HANDLE handle)
{
    SetLastError(POISON_ERROR);
    assert_false(IcmpCloseHandle(handle));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
}

static void test_closing_null_fails_with_invalid_handle(void **state)
{
    (void)state;
    assert_close_refuses(NULL);
}

static void test_closing_invalid_handle_value_fails_with_invalid_handle(void **state)
{
    (void)state;
    assert_close_refuses(INVALID_HANDLE_VALUE);
}

static void test_closing_garbage_fails_with_invalid_handle(void **state)
{
    HANDLE open = open_handle(); /* so that there is something to look up in */

    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        assert_close_refuses((HANDLE)garbage[i]);
    }
    for (intptr_t pseudo = -6; pseudo < -1; pseudo++) { /* the current process, thread and tokens */
        assert_close_refuses((HANDLE)pseudo);
    }
    assert_true(IcmpCloseHandle(open));
}

static void test_closing_other_objects_fails_and_leaves_them_open(void **state)
{
    HANDLE *objects = *state;

    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        assert_close_refuses(objects[i]);
        if (!is_open(objects[i])) {
            fail_msg("IcmpCloseHandle has closed a %s", object_names[i]);
        }
    }
}

static void test_closing_one_handle_leaves_the_others_working(void **state)
{
    HANDLE first = open_handle();
    HANDLE second = open_handle();

    (void)state;
    assert_true(IcmpCloseHandle(first));
    assert_true(ping(second, LOCALHOST));
    assert_true(IcmpCloseHandle(second));
}

/* ---- CloseHandle on it (Q14) ---- */

static void test_close_handle_accepts_an_icmp_handle_which_is_closed_then(void **state)
{
    HANDLE handle = open_handle();

    (void)state;
    assert_true(CloseHandle(handle));
    assert_false(is_open(handle));
    assert_close_refuses(handle);
}

static void test_close_handle_on_one_handle_leaves_the_others_working(void **state)
{
    HANDLE first = open_handle();
    HANDLE second = open_handle();

    (void)state;
    assert_true(CloseHandle(first));
    assert_true(ping(second, LOCALHOST));
    assert_true(IcmpCloseHandle(second));
    second = open_handle();
    assert_true(ping(second, LOCALHOST));
    assert_true(IcmpCloseHandle(second));
}

static void test_object_that_takes_over_the_value_of_a_closed_handle_is_left_open(void **state)
{
    HANDLE handle = open_handle();
    HANDLE events[64];
    bool taken_over = false;

    (void)state;
    assert_true(CloseHandle(handle));
    for (size_t i = 0; i < 64; i++) {
        events[i] = CreateEventW(NULL, TRUE, FALSE, NULL);
        assert_non_null(events[i]);
        taken_over |= events[i] == handle;
    }
    if (!taken_over) {
        skip(); /* Wine and Windows both give freed values out again, but need not */
    }
    assert_close_refuses(handle);
    assert_true(is_open(handle));
    for (size_t i = 0; i < 64; i++) {
        assert_true(CloseHandle(events[i]));
    }
}

static void test_handle_that_takes_over_the_value_of_a_closed_one_works(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        HANDLE closed = open_handle();

        assert_true(CloseHandle(closed));
        HANDLE handle = open_handle();
        assert_true(ping(handle, LOCALHOST));
        assert_true(IcmpCloseHandle(handle));
        assert_close_refuses(handle);
    }
}

/* ---- Duplicates ---- */

static HANDLE duplicate_of(HANDLE handle)
{
    HANDLE duplicate = NULL;

    assert_true(DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &duplicate, 0, FALSE,
                                DUPLICATE_SAME_ACCESS));
    return duplicate;
}

static void test_duplicated_handle_pings(void **state)
{
    HANDLE handle = open_handle();
    HANDLE duplicate = duplicate_of(handle);

    (void)state;
    assert_true(ping(duplicate, LOCALHOST));
    assert_true(ping(handle, LOCALHOST));
    assert_true(IcmpCloseHandle(duplicate));
    assert_true(ping(handle, LOCALHOST));
    assert_true(IcmpCloseHandle(handle));
}

static void test_duplicate_outlives_the_original(void **state)
{
    HANDLE handle = open_handle();
    HANDLE duplicate = duplicate_of(handle);

    (void)state;
    assert_true(IcmpCloseHandle(handle));
    assert_true(ping(duplicate, LOCALHOST));
    assert_true(IcmpCloseHandle(duplicate));
    assert_close_refuses(duplicate);
}

/* ---- Sending with something else ---- */

static void test_sending_with_invalid_handle_value_is_an_invalid_parameter(void **state)
{
    (void)state;
    for (enum sender sender = 0; sender < SENDER_COUNT; sender++) {
        assert_int_equal(error_of_ping_with(sender, INVALID_HANDLE_VALUE), ERROR_INVALID_PARAMETER);
    }
}

static void test_sending_with_null_is_an_invalid_handle(void **state)
{
    (void)state;
    for (enum sender sender = 0; sender < SENDER_COUNT; sender++) {
        assert_int_equal(error_of_ping_with(sender, NULL), ERROR_INVALID_HANDLE);
    }
}

static void test_sending_with_garbage_is_an_invalid_handle(void **state)
{
    HANDLE open = open_handle();

    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        assert_int_equal(error_of_ping_with(BY_SEND_ECHO, (HANDLE)garbage[i]), ERROR_INVALID_HANDLE);
    }
    assert_true(IcmpCloseHandle(open));
}

/* Those of the current process, thread and tokens are handles in some functions and none in others. */
static void test_sending_with_a_pseudo_handle_fails(void **state)
{
    (void)state;
    for (intptr_t pseudo = -6; pseudo < -1; pseudo++) {
        DWORD error = error_of_ping_with(BY_SEND_ECHO, (HANDLE)pseudo);

        assert_true(error == ERROR_INVALID_HANDLE || error == ERROR_INVALID_PARAMETER);
    }
}

static void test_sending_with_a_closed_handle_is_an_invalid_handle(void **state)
{
    HANDLE handle = open_handle();

    (void)state;
    assert_true(ping(handle, LOCALHOST));
    assert_true(IcmpCloseHandle(handle));
    assert_int_equal(error_of_ping_with(BY_SEND_ECHO, handle), ERROR_INVALID_HANDLE);
}

static void test_sending_with_other_objects_is_an_invalid_parameter(void **state)
{
    HANDLE *objects = *state;
    HANDLE open = open_handle();

    for (size_t i = 0; i < OBJECT_COUNT; i++) {
        for (enum sender sender = 0; sender < SENDER_COUNT; sender++) {
            assert_int_equal(error_of_ping_with(sender, objects[i]), ERROR_INVALID_PARAMETER);
        }
        assert_true(is_open(objects[i]));
    }
    assert_true(IcmpCloseHandle(open));
}

/* ---- What is left behind ---- */

static void test_open_handles_can_be_counted(void **state)
{
    DWORD before = handles_open();
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

    (void)state;
    assert_int_equal(handles_open(), before + 1);
    CloseHandle(event);
    assert_int_equal(handles_open(), before);
}

static void test_thousand_handles_opened_and_closed_leave_no_handle_behind(void **state)
{
    DWORD before;

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_true(IcmpCloseHandle(open_handle()));
    }
    before = handles_open();
    for (int i = 0; i < 1000; i++) {
        assert_true(IcmpCloseHandle(open_handle()));
    }
    assert_int_equal(handles_open(), before);
}

static void test_two_hundred_handles_that_pinged_leave_no_handle_behind(void **state)
{
    DWORD before = 0;

    (void)state;
    for (int i = 0; i < 205; i++) {
        HANDLE handle;

        if (i == 5) {
            before = handles_open();
        }
        handle = open_handle();
        assert_true(ping(handle, LOCALHOST));
        assert_true(IcmpCloseHandle(handle));
    }
    assert_int_equal(handles_open(), before);
}

/* Programs that use CloseHandle and nothing else. What belongs to such a handle may go later, but it goes. */
static void test_thousand_handles_closed_with_close_handle_leave_no_handle_behind(void **state)
{
    DWORD before;

    (void)state;
    assert_true(CloseHandle(open_handle()));
    before = handles_open();
    for (int i = 0; i < 1000; i++) {
        assert_true(CloseHandle(open_handle()));
    }
    assert_true(handles_open() <= before);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_gives_neither_null_nor_invalid_handle_value),
        cmocka_unit_test(test_handle_is_a_kernel_handle),
        cmocka_unit_test(test_handle_fits_32_bits),
        cmocka_unit_test(test_handle_is_not_inheritable),
        cmocka_unit_test(test_many_handles_may_be_open_at_once),
        cmocka_unit_test(test_closing_twice_fails_with_invalid_handle),
        cmocka_unit_test(test_closing_null_fails_with_invalid_handle),
        cmocka_unit_test(test_closing_invalid_handle_value_fails_with_invalid_handle),
        cmocka_unit_test(test_closing_garbage_fails_with_invalid_handle),
        cmocka_unit_test_setup(test_closing_other_objects_fails_and_leaves_them_open, open_objects),
        cmocka_unit_test(test_closing_one_handle_leaves_the_others_working),
        cmocka_unit_test(test_close_handle_accepts_an_icmp_handle_which_is_closed_then),
        cmocka_unit_test(test_close_handle_on_one_handle_leaves_the_others_working),
        cmocka_unit_test(test_object_that_takes_over_the_value_of_a_closed_handle_is_left_open),
        cmocka_unit_test(test_handle_that_takes_over_the_value_of_a_closed_one_works),
        cmocka_unit_test(test_duplicated_handle_pings),
        cmocka_unit_test(test_duplicate_outlives_the_original),
        cmocka_unit_test(test_sending_with_invalid_handle_value_is_an_invalid_parameter),
        cmocka_unit_test(test_sending_with_null_is_an_invalid_handle),
        cmocka_unit_test(test_sending_with_garbage_is_an_invalid_handle),
        cmocka_unit_test(test_sending_with_a_pseudo_handle_fails),
        cmocka_unit_test(test_sending_with_a_closed_handle_is_an_invalid_handle),
        cmocka_unit_test_setup(test_sending_with_other_objects_is_an_invalid_parameter, open_objects),
        cmocka_unit_test(test_open_handles_can_be_counted),
        cmocka_unit_test(test_thousand_handles_opened_and_closed_leave_no_handle_behind),
        cmocka_unit_test(test_two_hundred_handles_that_pinged_leave_no_handle_behind),
        cmocka_unit_test(test_thousand_handles_closed_with_close_handle_leave_no_handle_behind),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
