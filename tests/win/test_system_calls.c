/*
 * The system provider hands calls on as the program made them, and gives back what it gets (src/system/provider.h).
 *
 * The system's functions are played by the test: at the start of each, in this process, stands a jump to one of here. So this
 * works for functions, too, that the system only pretends to have. This program does not import the DLL.
 */
#include "win/support/dll.h"
#include "win/support/image.h"
#include "win/support/module.h"
#include "win/support/requests.h"

/* ---- The system ---- */

#define SYSTEM_HANDLE  ((HANDLE)(uintptr_t)0x7654)
#define SYSTEM_HANDLE6 ((HANDLE)(uintptr_t)0x6666)
#define RESULT         4711
#define ERROR_GIVEN    12345

/* What it was called with. */
static struct call {
    const char *function; /* NULL: it was not */
    HANDLE handle, event;
    PIO_APC_ROUTINE routine;
    void *context;
    IPAddr source, destination;
    struct sockaddr_in6 *source6, *destination6;
    void *data;
    ULONG_PTR data_bytes; /* without a gap behind it: calls are compared byte by byte */
    IP_OPTION_INFORMATION *options;
    void *reply;
    DWORD reply_bytes, timeout_ms;
} call;
static int opened, closed;
static bool refuses; /* to open handles */

static DWORD seen(const struct call *what)
{
    call = *what;
    SetLastError(ERROR_GIVEN);
    return RESULT;
}

static HANDLE WINAPI create(void)
{
    opened++;
    SetLastError(ERROR_GIVEN);
    return refuses ? INVALID_HANDLE_VALUE : SYSTEM_HANDLE;
}

static HANDLE WINAPI create6(void)
{
    create();
    return refuses ? INVALID_HANDLE_VALUE : SYSTEM_HANDLE6;
}

static BOOL WINAPI close_handle(HANDLE handle)
{
    closed += handle == SYSTEM_HANDLE || handle == SYSTEM_HANDLE6;
    return TRUE;
}

static DWORD WINAPI send1(HANDLE handle, IPAddr destination, LPVOID data, WORD data_bytes,
                          PIP_OPTION_INFORMATION options, LPVOID reply, DWORD reply_bytes, DWORD timeout_ms)
{
    return seen(&(struct call){"IcmpSendEcho", handle, NULL, NULL, NULL, 0, destination, NULL, NULL, data,
                               data_bytes, options, reply, reply_bytes, timeout_ms});
}

static DWORD WINAPI send2(HANDLE handle, HANDLE event, PIO_APC_ROUTINE routine, PVOID context,
                          IPAddr destination, LPVOID data, WORD data_bytes, PIP_OPTION_INFORMATION options,
                          LPVOID reply, DWORD reply_bytes, DWORD timeout_ms)
{
    return seen(&(struct call){"IcmpSendEcho2", handle, event, routine, context, 0, destination, NULL, NULL,
                               data, data_bytes, options, reply, reply_bytes, timeout_ms});
}

static DWORD WINAPI send2_ex(HANDLE handle, HANDLE event, PIO_APC_ROUTINE routine, PVOID context,
                             IPAddr source, IPAddr destination, LPVOID data, WORD data_bytes,
                             PIP_OPTION_INFORMATION options, LPVOID reply, DWORD reply_bytes,
                             DWORD timeout_ms)
{
    return seen(&(struct call){"IcmpSendEcho2Ex", handle, event, routine, context, source, destination, NULL,
                               NULL, data, data_bytes, options, reply, reply_bytes, timeout_ms});
}

static DWORD WINAPI send6(HANDLE handle, HANDLE event, PIO_APC_ROUTINE routine, PVOID context,
                          struct sockaddr_in6 *source, struct sockaddr_in6 *destination, LPVOID data,
                          WORD data_bytes, PIP_OPTION_INFORMATION options, LPVOID reply, DWORD reply_bytes,
                          DWORD timeout_ms)
{
    return seen(&(struct call){"Icmp6SendEcho2", handle, event, routine, context, 0, 0, source, destination,
                               data, data_bytes, options, reply, reply_bytes, timeout_ms});
}

static void put_jump(FARPROC from, void (*to)(void))
{
#ifdef __x86_64__
    BYTE code[12] = {0x48, 0xb8, [10] = 0xff, 0xe0}; /* movabs $to, %rax; jmp *%rax */
    memcpy(code + 2, &to, sizeof(to));
#else
    BYTE code[5] = {0xe9}; /* jmp to */
    DWORD distance = (DWORD)(uintptr_t)to - ((DWORD)(uintptr_t)from + sizeof(code));
    memcpy(code + 1, &distance, sizeof(distance));
#endif
    void *place = (void *)(uintptr_t)from;
    DWORD protection;

    assert_non_null(place);
    assert_true(VirtualProtect(place, sizeof(code), PAGE_EXECUTE_READWRITE, &protection));
    memcpy(place, code, sizeof(code));
    VirtualProtect(place, sizeof(code), protection, &protection);
    FlushInstructionCache(GetCurrentProcess(), place, sizeof(code));
}

static int play_the_system(void **state)
{
    HMODULE system = image_load_of_system("iphlpapi.dll").module;

    (void)state;
    SetEnvironmentVariableA("OPENICMP_TRANSPORT", "system");
    put_jump(GetProcAddress(system, "IcmpCreateFile"), (void (*)(void))create);
    put_jump(GetProcAddress(system, "Icmp6CreateFile"), (void (*)(void))create6);
    put_jump(GetProcAddress(system, "IcmpCloseHandle"), (void (*)(void))close_handle);
    put_jump(GetProcAddress(system, "IcmpSendEcho"), (void (*)(void))send1);
    put_jump(GetProcAddress(system, "IcmpSendEcho2"), (void (*)(void))send2);
    put_jump(GetProcAddress(system, "IcmpSendEcho2Ex"), (void (*)(void))send2_ex);
    put_jump(GetProcAddress(system, "Icmp6SendEcho2"), (void (*)(void))send6);
    return 0;
}

/* ---- The tests ---- */

/* Values that nobody has made from others, and pointers to nothing: whoever used one would crash. */
#define EVENT       ((HANDLE)(uintptr_t)0x11114)
#define ROUTINE     ((PIO_APC_ROUTINE)(uintptr_t)0x22222)
#define CONTEXT     ((void *)(uintptr_t)0x33333)
#define SOURCE      0x44444444u
#define DESTINATION 0x55555555u
#define DATA        ((void *)(uintptr_t)0x66666)
#define DATA_BYTES  0x7777
#define OPTIONS     ((PIP_OPTION_INFORMATION)(uintptr_t)0x88888)
#define REPLY       ((void *)(uintptr_t)0x99999)
#define REPLY_BYTES 0xaaaaaaaau
#define TIME        0xbbbbbbbbu

static int load(void **state)
{
    static struct dll dll;

    opened = closed = 0;
    refuses = false;
    *state = &dll;
    return dll_load(&dll) ? 0 : -1;
}

static int unload(void **state)
{
    const struct dll *dll = *state;

    return FreeLibrary(dll->module) && dll_goes() ? 0 : -1;
}

static HANDLE open_by(const struct dll *dll)
{
    HANDLE handle = dll->create();

    assert_ptr_not_equal(handle, INVALID_HANDLE_VALUE);
    return handle;
}

static void assert_handed_on(const char *function, DWORD result, const struct call *expected)
{
    assert_int_equal(GetLastError(), ERROR_GIVEN);
    assert_int_equal(result, RESULT);
    assert_non_null(call.function);
    assert_string_equal(call.function, function);
    call.function = NULL;
    assert_memory_equal(&call, expected, sizeof(call));
}

/* A call with that handle is going to be made. */
static struct call expected_call(HANDLE handle)
{
    call.function = NULL;
    return (struct call){.handle = handle,
                         .data = DATA,
                         .data_bytes = DATA_BYTES,
                         .options = OPTIONS,
                         .reply = REPLY,
                         .reply_bytes = REPLY_BYTES,
                         .timeout_ms = TIME};
}

static void test_arguments_of_IcmpSendEcho_and_what_it_gives_are_untouched(void **state)
{
    const struct dll *dll = *state;
    HANDLE own = open_by(dll);
    struct call expected = expected_call(SYSTEM_HANDLE);

    expected.destination = DESTINATION;
    assert_handed_on("IcmpSendEcho",
                     FUNCTION_OF(dll->module, IcmpSendEcho)(own, DESTINATION, DATA, DATA_BYTES, OPTIONS,
                                                            REPLY, REPLY_BYTES, TIME),
                     &expected);
    assert_true(dll->close(own));
}

static void test_arguments_of_IcmpSendEcho2_and_what_it_gives_are_untouched(void **state)
{
    const struct dll *dll = *state;
    HANDLE own = open_by(dll);
    struct call expected = expected_call(SYSTEM_HANDLE);

    expected.event = EVENT;
    expected.routine = ROUTINE;
    expected.context = CONTEXT;
    expected.destination = DESTINATION;
    assert_handed_on("IcmpSendEcho2",
                     FUNCTION_OF(dll->module, IcmpSendEcho2)(own, EVENT, ROUTINE, CONTEXT, DESTINATION, DATA,
                                                             DATA_BYTES, OPTIONS, REPLY, REPLY_BYTES, TIME),
                     &expected);
    assert_true(dll->close(own));
}

static void test_arguments_of_IcmpSendEcho2Ex_and_what_it_gives_are_untouched(void **state)
{
    const struct dll *dll = *state;
    HANDLE own = open_by(dll);
    struct call expected = expected_call(SYSTEM_HANDLE);

    expected.event = EVENT;
    expected.routine = ROUTINE;
    expected.context = CONTEXT;
    expected.source = SOURCE;
    expected.destination = DESTINATION;
    assert_handed_on("IcmpSendEcho2Ex",
                     dll->send(own, EVENT, ROUTINE, CONTEXT, SOURCE, DESTINATION, DATA, DATA_BYTES, OPTIONS,
                               REPLY, REPLY_BYTES, TIME),
                     &expected);
    assert_true(dll->close(own));
}

static void test_arguments_of_Icmp6SendEcho2_and_what_it_gives_are_untouched(void **state)
{
    const struct dll *dll = *state;
    HANDLE own = FUNCTION_OF(dll->module, Icmp6CreateFile)();
    struct call expected = expected_call(SYSTEM_HANDLE6);
    struct sockaddr_in6 source = {.sin6_family = AF_INET6}, destination = {.sin6_family = AF_INET6};

    assert_ptr_not_equal(own, INVALID_HANDLE_VALUE);
    expected.event = EVENT;
    expected.routine = ROUTINE;
    expected.context = CONTEXT;
    expected.source6 = &source;
    expected.destination6 = &destination;
    assert_handed_on("Icmp6SendEcho2",
                     FUNCTION_OF(dll->module, Icmp6SendEcho2)(own, EVENT, ROUTINE, CONTEXT, &source,
                                                              &destination, DATA, DATA_BYTES, OPTIONS, REPLY,
                                                              REPLY_BYTES, TIME),
                     &expected);
    assert_true(dll->close(own));
}

static void test_handles_of_the_other_family_and_garbage_do_not_reach_the_system(void **state)
{
    const struct dll *dll = *state;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    HANDLE v4 = open_by(dll);
    HANDLE v6 = FUNCTION_OF(dll->module, Icmp6CreateFile)();
    const HANDLE wrong[] = {NULL, INVALID_HANDLE_VALUE, SYSTEM_HANDLE, (HANDLE)(uintptr_t)0xdeadbeef, v6};

    call.function = NULL;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        DWORD error = wrong[i] == v6 || wrong[i] == INVALID_HANDLE_VALUE ? ERROR_INVALID_PARAMETER
                                                                         : ERROR_INVALID_HANDLE;

        SetLastError(POISON_ERROR);
        assert_int_equal(FUNCTION_OF(dll->module, IcmpSendEcho)(wrong[i], DESTINATION, DATA, DATA_BYTES,
                                                                OPTIONS, REPLY, REPLY_BYTES, TIME),
                         0);
        assert_int_equal(GetLastError(), error);
    }
    assert_int_equal(FUNCTION_OF(dll->module, Icmp6SendEcho2)(v4, EVENT, ROUTINE, CONTEXT, &address, &address,
                                                              DATA, DATA_BYTES, OPTIONS, REPLY, REPLY_BYTES,
                                                              TIME),
                     0);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_null(call.function);
    assert_true(dll->close(v4));
    assert_true(dll->close(v6));
}

static void test_one_handle_of_the_systems_serves_a_family_until_the_dll_is_unloaded(void **state)
{
    struct dll dll;

    (void)state;
    opened = closed = 0;
    assert_true(dll_load(&dll));
    for (int i = 0; i < 5; i++) {
        HANDLE first = open_by(&dll), second = open_by(&dll);

        assert_true(dll.close(first));
        assert_true(dll.close(second));
    }
    assert_int_equal(opened, 1);
    assert_int_equal(closed, 0);
    assert_true(dll.close(FUNCTION_OF(dll.module, Icmp6CreateFile)()));
    assert_int_equal(opened, 2);
    assert_true(FreeLibrary(dll.module));
    assert_true(dll_goes());
    assert_int_equal(closed, 2);
}

static void test_without_a_handle_of_the_systems_there_is_none(void **state)
{
    const struct dll *dll = *state;

    refuses = true;
    SetLastError(POISON_ERROR);
    assert_ptr_equal(dll->create(), INVALID_HANDLE_VALUE);
    assert_int_equal(GetLastError(), ERROR_NOT_SUPPORTED);
    assert_int_equal(opened, 1);
    refuses = false;
    assert_true(dll->close(open_by(dll)));
}

static void test_nothing_goes_to_the_system_if_a_transport_is_asked_for(void **state)
{
    const struct dll *dll = *state;

    SetEnvironmentVariableA("OPENICMP_TRANSPORT", "none of that name");
    assert_ptr_equal(dll->create(), INVALID_HANDLE_VALUE);
    assert_int_equal(GetLastError(), ERROR_NOT_SUPPORTED);
    assert_int_equal(opened, 0);
    SetEnvironmentVariableA("OPENICMP_TRANSPORT", "system");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arguments_of_IcmpSendEcho_and_what_it_gives_are_untouched, load,
                                        unload),
        cmocka_unit_test_setup_teardown(test_arguments_of_IcmpSendEcho2_and_what_it_gives_are_untouched, load,
                                        unload),
        cmocka_unit_test_setup_teardown(test_arguments_of_IcmpSendEcho2Ex_and_what_it_gives_are_untouched,
                                        load, unload),
        cmocka_unit_test_setup_teardown(test_arguments_of_Icmp6SendEcho2_and_what_it_gives_are_untouched,
                                        load, unload),
        cmocka_unit_test_setup_teardown(test_handles_of_the_other_family_and_garbage_do_not_reach_the_system,
                                        load, unload),
        cmocka_unit_test(test_one_handle_of_the_systems_serves_a_family_until_the_dll_is_unloaded),
        cmocka_unit_test_setup_teardown(test_without_a_handle_of_the_systems_there_is_none, load, unload),
        cmocka_unit_test_setup_teardown(test_nothing_goes_to_the_system_if_a_transport_is_asked_for, load,
                                        unload),
    };

    return cmocka_run(argc, argv, tests, play_the_system, NULL);
}
