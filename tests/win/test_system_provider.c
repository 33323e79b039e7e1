/*
 * The system provider: without a transport, the system's own functions do the work (docs/platforms.md). What the handles
 * are then, test_handles.c tells over it, too.
 *
 * What is asked of the system is no more than what every Windows and Wine 8 do.
 */
#include "win/support/async_echo.h"
#include "win/support/icmp6.h"
#include "win/support/image.h"
#include "win/support/module.h"

static HANDLE icmp;

static int take_system(void **state)
{
    (void)state;
    SetEnvironmentVariableA("OPENICMP_TRANSPORT", "system");
    icmp = IcmpCreateFile();
    return icmp != INVALID_HANDLE_VALUE ? 0 : -1;
}

static int leave_system(void **state)
{
    (void)state;
    return IcmpCloseHandle(icmp) ? 0 : -1;
}

/* ---- Requests ---- */

static void test_every_function_that_sends_brings_address_and_data(void **state)
{
    (void)state;
    for (enum sender sender = BY_SEND_ECHO; sender < SENDER_COUNT; sender++) {
        struct async_echo *echo = async_echo_new(icmp, LOCALHOST, TIMEOUT_MS);
        ICMP_ECHO_REPLY reply;

        assert_int_equal(request_send_by(sender, &echo->request), 1);
        reply = reply_in(echo->reply);
        assert_int_equal(reply.Status, IP_SUCCESS);
        assert_int_equal(reply.Address, LOCALHOST);
        assert_int_equal(reply.DataSize, sizeof(echo->data));
        assert_memory_equal(echo->reply + sizeof(reply), echo->data, sizeof(echo->data));
    }
}

static void test_errors_are_the_last_error(void **state)
{
    (void)state;
    for (enum sender sender = BY_SEND_ECHO; sender < SENDER_COUNT; sender++) {
        struct async_echo *echo = async_echo_new(icmp, LOCALHOST, TIMEOUT_MS);

        echo->request.reply_bytes = 0;
        assert_int_equal(request_send_by(sender, &echo->request), 0);
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
        assert_true(bytes_are(echo->reply, sizeof(echo->reply), UNWRITTEN_BYTE));
    }
}

static void test_event_is_set_and_replies_can_be_parsed(void **state)
{
    (void)state;
    for (enum sender sender = BY_SEND_ECHO2; sender < SENDER_COUNT; sender++) {
        struct async_echo *echo = event_echo_new(icmp, auto_reset_event(), LOCALHOST, PATIENCE_MS);

        assert_int_equal(request_send_by(sender, &echo->request), 0);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
        assert_true(event_is_set_soon(echo->request.event));
        assert_true(async_echo_is_answered(echo));
        assert_int_equal(IcmpParseReplies(echo->reply, sizeof(echo->reply)), 1);
        assert_int_equal(IcmpParseReplies(echo->reply, sizeof(echo->reply)), 0);
        assert_int_equal(GetLastError(), IP_SUCCESS);
    }
}

static void test_routine_runs_on_the_thread_that_asked_and_in_an_alertable_wait_only(void **state)
{
    (void)state;
    for (enum sender sender = BY_SEND_ECHO2; sender < SENDER_COUNT; sender++) {
        struct async_echo *echo = routine_echo_new(icmp, LOCALHOST, PATIENCE_MS);

        assert_int_equal(request_send_by(sender, &echo->request), 0);
        assert_int_equal(GetLastError(), ERROR_IO_PENDING);
        assert_true(async_echo_await_status(echo));
        assert_int_equal(echo->runs, 0);
        assert_true(run_routines_until(&echo->runs, 1));
        assert_int_equal(echo->thread_id, GetCurrentThreadId());
        assert_int_equal(echo->io_status.Status, 0);
        assert_int_equal(echo->io_status.Information, sizeof(ICMP_ECHO_REPLY) + sizeof(echo->data));
        assert_int_equal(echo->reserved, 0);
        assert_true(async_echo_is_answered(echo));
    }
}

static DWORD WINAPI ping_twenty_times(void *failures)
{
    for (int i = 0; i < 20; i++) {
        if (!ping(icmp, LOCALHOST)) {
            InterlockedIncrement(failures);
        }
    }
    return 0;
}

static void test_many_threads_share_a_handle(void **state)
{
    HANDLE threads[8];
    LONG failures = 0;

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        threads[i] = CreateThread(NULL, 0, ping_twenty_times, &failures, 0, NULL);
        assert_non_null(threads[i]);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(WaitForSingleObject(threads[i], 60000), WAIT_OBJECT_0);
        CloseHandle(threads[i]);
    }
    assert_int_equal(failures, 0);
}

/* ---- Handles ---- */

static void test_requests_complete_after_their_handle_was_closed(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        HANDLE own = open_handle();
        struct async_echo *event = event_echo_new(own, auto_reset_event(), LOCALHOST, PATIENCE_MS);
        struct async_echo *routine = routine_echo_new(own, LOCALHOST, PATIENCE_MS);

        async_echo_send(event);
        async_echo_send(routine);
        assert_true(i % 2 == 0 ? IcmpCloseHandle(own) : CloseHandle(own));
        assert_true(event_is_set_soon(event->request.event));
        assert_true(async_echo_is_answered(event));
        assert_true(run_routines_until(&routine->runs, 1));
        assert_true(async_echo_is_answered(routine));
    }
}

static void test_a_handle_of_the_system_itself_is_none_of_ours(void **state)
{
    HMODULE system = image_load_of_system("iphlpapi.dll").module;
    HANDLE(WINAPI * create)(void) = FUNCTION_OF(system, IcmpCreateFile);
    BOOL(WINAPI * close)(HANDLE) = FUNCTION_OF(system, IcmpCloseHandle);
    HANDLE foreign = create();

    (void)state;
    assert_ptr_not_equal(foreign, INVALID_HANDLE_VALUE);
    assert_false(IcmpCloseHandle(foreign));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    assert_true(close(foreign));
}

/* ---- The other DLLs ---- */

/* As programs get them; ctest has Wine take ours. */
static void test_handles_are_good_for_all_three_dlls(void **state)
{
    HMODULE by_icmp = LoadLibraryA("icmp.dll");
    HMODULE by_iphlpapi = LoadLibraryA("iphlpapi.dll");
    HANDLE own;

    (void)state;
    assert_non_null(by_icmp);
    assert_non_null(by_iphlpapi);
    own = FUNCTION_OF(by_icmp, IcmpCreateFile)();
    assert_ptr_not_equal(own, INVALID_HANDLE_VALUE);
    for (int i = 0; i < 3; i++) {
        struct async_echo *echo = async_echo_new(own, LOCALHOST, TIMEOUT_MS);
        HMODULE module = i == 0 ? by_icmp : by_iphlpapi;
        DWORD(WINAPI * send)
        (HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IPAddr, LPVOID, WORD, PIP_OPTION_INFORMATION, LPVOID, DWORD,
         DWORD) = i == 2 ? IcmpSendEcho2 : FUNCTION_OF(module, IcmpSendEcho2);

        assert_int_equal(send(own, NULL, NULL, NULL, LOCALHOST, echo->data, sizeof(echo->data), NULL,
                              echo->reply, sizeof(echo->reply), TIMEOUT_MS),
                         1);
    }
    assert_true(FUNCTION_OF(by_iphlpapi, IcmpCloseHandle)(own));
    assert_false(IcmpCloseHandle(own));
}

/* Whether the module that a program has got has our function. */
static bool pings_by_openicmp(HMODULE module)
{
    FARPROC ours = GetProcAddress(GetModuleHandleA("openicmp.dll"), "IcmpSendEcho2");

    return ours != NULL && GetProcAddress(module, "IcmpSendEcho2") == ours;
}

/* Though the system's has been loaded meanwhile. */
static void test_programs_that_ask_for_iphlpapi_get_ours_afterwards(void **state)
{
    static const char *const names[] = {"iphlpapi.dll", "IPHLPAPI.DLL", "iphlpapi"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_true(pings_by_openicmp(LoadLibraryA(names[i])));
        assert_true(pings_by_openicmp(GetModuleHandleA(names[i])));
    }
}

/* ---- IPv6 ---- */

static void test_ipv6_is_what_the_system_has_of_it(void **state)
{
    HMODULE system = image_load_of_system("iphlpapi.dll").module;
    HANDLE(WINAPI * create)(void) = FUNCTION_OF(system, Icmp6CreateFile);
    HANDLE foreign = create != NULL ? create() : INVALID_HANDLE_VALUE;
    HANDLE own;

    (void)state;
    SetLastError(POISON_ERROR);
    own = Icmp6CreateFile();
    if (foreign == INVALID_HANDLE_VALUE) { /* Wine 8 */
        assert_ptr_equal(own, INVALID_HANDLE_VALUE);
        assert_int_equal(GetLastError(), ERROR_NOT_SUPPORTED);
        return;
    }
    assert_ptr_not_equal(own, INVALID_HANDLE_VALUE);
    FUNCTION_OF(system, IcmpCloseHandle)(foreign);
    struct request6 *r = request6_new(own);
    assert_int_equal(request6_send(r), 1);
    assert_true(request6_is_answered(r));
    assert_int_equal(Icmp6ParseReplies(r->reply, r->reply_bytes), 1);
    assert_true(IcmpCloseHandle(own));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_function_that_sends_brings_address_and_data),
        cmocka_unit_test(test_errors_are_the_last_error),
        cmocka_unit_test(test_event_is_set_and_replies_can_be_parsed),
        cmocka_unit_test(test_routine_runs_on_the_thread_that_asked_and_in_an_alertable_wait_only),
        cmocka_unit_test(test_many_threads_share_a_handle),
        cmocka_unit_test(test_requests_complete_after_their_handle_was_closed),
        cmocka_unit_test(test_a_handle_of_the_system_itself_is_none_of_ours),
        cmocka_unit_test(test_handles_are_good_for_all_three_dlls),
        cmocka_unit_test(test_programs_that_ask_for_iphlpapi_get_ours_afterwards),
        cmocka_unit_test(test_ipv6_is_what_the_system_has_of_it),
    };

    return cmocka_run(argc, argv, tests, take_system, leave_system);
}
