/*
 * Programs that load the DLLs themselves, and let them go again (behaviour.md 1.2 "Load patterns", 5
 * consequences 1, 2 and 6).
 *
 * This program does not import a DLL of ours, so the last FreeLibrary really unloads it. The DLLs lie in the
 * program's folder.
 */
#include "win/support/process.h"
#include "win/support/requests.h"

#define ROUNDS 50

/* A DLL of ours, loaded, and what the tests call of it. */
struct api {
    HMODULE module;
    HANDLE(WINAPI *create)(void);
    BOOL(WINAPI *close)(HANDLE);
    DWORD(WINAPI *send)
    (HANDLE, IPAddr, LPVOID, WORD, PIP_OPTION_INFORMATION, LPVOID, DWORD, DWORD);
};

static FARPROC find(HMODULE module, const char *name)
{
    return GetProcAddress(module, name);
}

/* Whether a function lies in openicmp.dll. (Under Wine the name of a module does not tell: where Wine puts its
 * own icmp.dll in the place of ours, it calls that by the path of ours.) */
static bool is_ours(FARPROC function)
{
    HMODULE openicmp = GetModuleHandleA("openicmp.dll");
    MEMORY_BASIC_INFORMATION information;
    const void *address;

    memcpy(&address, &function, sizeof(address));
    return openicmp != NULL && VirtualQuery(address, &information, sizeof(information)) != 0 &&
           information.AllocationBase == (void *)openicmp;
}

/* Makes an api of a loaded module. False when functions are missing, or are not ours. For any thread. */
static bool api_find(struct api *api, HMODULE module)
{
    FARPROC create = find(module, "IcmpCreateFile");
    FARPROC close = find(module, "IcmpCloseHandle");
    FARPROC send = find(module, "IcmpSendEcho");

    api->module = module;
    memcpy(&api->create, &create, sizeof(create));
    memcpy(&api->close, &close, sizeof(close));
    memcpy(&api->send, &send, sizeof(send));
    return create != NULL && close != NULL && send != NULL && is_ours(create) && is_ours(close) &&
           is_ours(send);
}

/* The full path of a file in the program's own folder. */
struct path {
    char text[MAX_PATH];
};

static struct path beside_program(const char *name)
{
    struct path path;
    char *slash;

    GetModuleFileNameA(NULL, path.text, sizeof(path.text));
    slash = strrchr(path.text, '\\');
    assert_non_null(slash);
    assert_true((size_t)(slash + 1 - path.text) + strlen(name) < sizeof(path.text));
    strcpy(slash + 1, name);
    return path;
}

static bool module_is(HMODULE module, const char *path)
{
    char actual[MAX_PATH];

    GetModuleFileNameA(module, actual, sizeof(actual));
    return _stricmp(actual, path) == 0;
}

/* Loads a DLL of ours by its full path. Asserts. */
static struct api load(const char *name)
{
    struct path path = beside_program(name);
    struct api api;
    HMODULE module = LoadLibraryA(path.text);

    if (module == NULL) {
        fail_msg("%s cannot be loaded: error %lu", path.text, GetLastError());
    }
    assert_true(module_is(module, path.text));
    if (!api_find(&api, module)) {
        fail_msg("the functions of %s are not ours (Wine needs WINEDLLOVERRIDES=icmp=n)", path.text);
    }
    return api;
}

static bool is_loaded(const char *name)
{
    return GetModuleHandleA(name) != NULL;
}

/* Waits until openicmp.dll is gone: a thread of its own may keep it for a short while. */
static void assert_unloads(void)
{
    double until_ms = now_ms() + 10000;

    while (is_loaded("openicmp.dll") && now_ms() < until_ms) {
        Sleep(20);
    }
    assert_false(is_loaded("openicmp.dll"));
}

/* Pings with a handle; for any thread. */
static bool ping_with(const struct api *api, HANDLE handle)
{
    char data[] = "still there?";
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data)];

    return api->send(handle, LOCALHOST, data, sizeof(data), NULL, reply, sizeof(reply), TIMEOUT_MS) == 1 &&
           reply_in(reply).Status == IP_SUCCESS &&
           memcmp(reply + sizeof(ICMP_ECHO_REPLY), data, sizeof(data)) == 0;
}

/* Opens a handle, pings, closes. */
static bool ping_once(const struct api *api)
{
    HANDLE handle = api->create();
    bool answered = handle != INVALID_HANDLE_VALUE && ping_with(api, handle);

    return answered && api->close(handle);
}

static int check_that_nothing_is_loaded(void **state)
{
    (void)state;
    return is_loaded("openicmp.dll") ? -1 : 0;
}

/* ---- Coming and going ---- */

/* Loads, pings and frees ROUNDS times. The DLL is gone each time; but Wine 8 keeps openicmp.dll, once it has
 * looked up a forward of icmp.dll's. */
static void assert_comes_and_goes(const char *name)
{
    DWORD before = 0;

    for (int i = 0; i < ROUNDS + 2; i++) {
        struct api api;

        if (i == 2) {
            before = handles_open();
        }
        api = load(name);
        assert_true(ping_once(&api));
        assert_true(FreeLibrary(api.module));
        if (strcmp(name, "openicmp.dll") == 0) {
            assert_unloads();
        }
        assert_false(is_loaded(name));
    }
    assert_int_equal(handles_open(), before);
}

static void test_openicmp_is_loaded_and_unloaded_again_and_again(void **state)
{
    (void)state;
    assert_comes_and_goes("openicmp.dll");
}

static void test_icmp_is_loaded_and_unloaded_again_and_again(void **state)
{
    (void)state;
    assert_comes_and_goes("icmp.dll");
}

static void test_loading_and_unloading_without_a_ping_leaves_no_handle_behind(void **state)
{
    DWORD before;

    (void)state;
    assert_true(FreeLibrary(load("openicmp.dll").module));
    before = handles_open();
    for (int i = 0; i < ROUNDS; i++) {
        assert_true(FreeLibrary(load("openicmp.dll").module));
    }
    assert_int_equal(handles_open(), before);
}

static void test_unloading_with_a_handle_open_is_harmless(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct api api = load("openicmp.dll");
        HANDLE handle = api.create();
        DWORD flags;

        assert_true(ping_with(&api, handle));
        assert_true(FreeLibrary(api.module));
        assert_unloads();
        /* It was the program's, and is still. */
        assert_true(GetHandleInformation(handle, &flags));
        assert_true(CloseHandle(handle));
    }
}

static void test_unloading_with_handles_open_leaves_none_but_those_behind(void **state)
{
    DWORD before = 0;

    (void)state;
    for (int i = 0; i < 10; i++) {
        struct api api;
        HANDLE handles[3];

        if (i == 2) {
            before = handles_open();
        }
        api = load("openicmp.dll");
        for (size_t j = 0; j < 3; j++) {
            handles[j] = api.create();
        }
        assert_true(ping_with(&api, handles[1]));
        assert_true(FreeLibrary(api.module));
        assert_unloads();
        for (size_t j = 0; j < 3; j++) {
            assert_true(CloseHandle(handles[j]));
        }
    }
    assert_int_equal(handles_open(), before);
}

static void test_one_of_two_references_keeps_the_dll_working(void **state)
{
    struct api first = load("openicmp.dll");
    struct api second = load("openicmp.dll");
    HANDLE handle = first.create();

    (void)state;
    assert_true(FreeLibrary(first.module));
    assert_true(ping_with(&second, handle));
    assert_true(second.close(handle));
    assert_true(FreeLibrary(second.module));
    assert_unloads();
}

/* ---- Names ---- */

static void test_icmp_is_found_in_any_case(void **state)
{
    static const char *const names[] = {"ICMP.DLL", "Icmp.dll", "iCmP.dLl", "icmp.dll", "ICMP", "icmp"};
    struct path ours = beside_program("icmp.dll");

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        HMODULE module = LoadLibraryA(names[i]);
        struct api api;

        if (module == NULL || !module_is(module, ours.text) || !api_find(&api, module)) {
            fail_msg("%s is not ours (Wine needs WINEDLLOVERRIDES=icmp=n)", names[i]);
        }
        assert_true(ping_once(&api));
        assert_true(FreeLibrary(module));
        assert_false(is_loaded("icmp.dll"));
    }
}

static void test_handle_of_one_dll_works_through_the_other(void **state)
{
    struct api openicmp = load("openicmp.dll");
    struct api icmp = load("icmp.dll");
    HANDLE handle = icmp.create();

    (void)state;
    assert_true(ping_with(&openicmp, handle));
    assert_true(ping_with(&icmp, handle));
    assert_true(openicmp.close(handle));
    assert_true(FreeLibrary(icmp.module));
    assert_true(FreeLibrary(openicmp.module));
}

/* Without WSAStartup, which this program has not called. */
static void test_program_need_not_start_winsock(void **state)
{
    struct api api = load("openicmp.dll");
    SOCKET attempt = socket(AF_INET, SOCK_DGRAM, 0);

    (void)state;
    assert_true(attempt == INVALID_SOCKET && WSAGetLastError() == WSANOTINITIALISED);
    assert_true(ping_once(&api));
    assert_true(FreeLibrary(api.module));
}

/* ---- On many threads ---- */

struct visitor {
    HANDLE thread;
    struct path path;
    DWORD wrong;
};

static DWORD WINAPI load_ping_and_free(void *argument)
{
    struct visitor *visitor = argument;

    for (int i = 0; i < 20; i++) {
        HMODULE module = LoadLibraryA(visitor->path.text);
        struct api api;

        visitor->wrong += module == NULL || !api_find(&api, module) || !ping_once(&api);
        FreeLibrary(module);
    }
    return 0;
}

static void assert_threads_come_and_go(const char *name)
{
    struct visitor visitors[4] = {0};

    for (size_t i = 0; i < 4; i++) {
        visitors[i].path = beside_program(name);
        visitors[i].thread = CreateThread(NULL, 0, load_ping_and_free, &visitors[i], 0, NULL);
        assert_non_null(visitors[i].thread);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(WaitForSingleObject(visitors[i].thread, 40000), WAIT_OBJECT_0);
        CloseHandle(visitors[i].thread);
        assert_int_equal(visitors[i].wrong, 0);
    }
}

static void test_threads_load_openicmp_ping_and_unload_it_independently(void **state)
{
    (void)state;
    assert_threads_come_and_go("openicmp.dll");
    assert_unloads();
}

static void test_threads_load_icmp_ping_and_unload_it_independently(void **state)
{
    (void)state;
    assert_threads_come_and_go("icmp.dll");
    assert_false(is_loaded("icmp.dll"));
}

struct caller {
    HANDLE thread;
    const struct api *api;
    HANDLE icmp;
    IPAddr destination;
    DWORD timeout_ms;
    DWORD replies;
    volatile LONG calling; /* the thread has come as far as the call */
};

static DWORD WINAPI call_once(void *argument)
{
    struct caller *caller = argument;
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 8];

    caller->calling = 1;
    caller->replies = caller->api->send(caller->icmp, caller->destination, NULL, 0, NULL, reply,
                                        sizeof(reply), caller->timeout_ms);
    return 0;
}

static void test_dll_unloads_after_calls_on_many_threads(void **state)
{
    struct api api = load("openicmp.dll");
    struct caller callers[6];
    HANDLE icmp = api.create();

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        callers[i] = (struct caller){
            .api = &api, .icmp = icmp, .destination = i % 2 == 0 ? SILENT : LOCALHOST, .timeout_ms = 300};
        callers[i].thread = CreateThread(NULL, 0, call_once, &callers[i], 0, NULL);
        assert_non_null(callers[i].thread);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(WaitForSingleObject(callers[i].thread, 40000), WAIT_OBJECT_0);
        CloseHandle(callers[i].thread);
        assert_int_equal(callers[i].replies, i % 2);
    }
    assert_true(api.close(icmp));
    assert_true(FreeLibrary(api.module));
    assert_unloads();
    api = load("openicmp.dll");
    assert_true(ping_once(&api));
    assert_true(FreeLibrary(api.module));
}

/* Old Rainmeter does this: it terminates its thread in the call, and frees the library. */
static void test_unloading_after_a_thread_was_terminated_in_a_call_is_harmless(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct api api = load("openicmp.dll");
        struct caller caller = {
            .api = &api, .icmp = api.create(), .destination = SILENT, .timeout_ms = 60000};

        caller.thread = CreateThread(NULL, 0, call_once, &caller, 0, NULL);
        assert_non_null(caller.thread);
        /* Before that it may hold the loader's lock, which would go with it. */
        while (!caller.calling) {
            Sleep(1);
        }
        Sleep(100); /* it waits for the reply then */
        assert_true(TerminateThread(caller.thread, 1));
        assert_int_equal(WaitForSingleObject(caller.thread, TIMEOUT_MS), WAIT_OBJECT_0);
        CloseHandle(caller.thread);
        if (i % 2 == 0) {
            assert_true(api.close(caller.icmp));
        }
        assert_true(FreeLibrary(api.module));

        api = load("openicmp.dll");
        assert_true(ping_once(&api));
        assert_true(FreeLibrary(api.module));
        assert_unloads();
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        /* First: what others leave behind may include a started Winsock. */
        cmocka_unit_test_setup(test_program_need_not_start_winsock, check_that_nothing_is_loaded),
        cmocka_unit_test_setup(test_openicmp_is_loaded_and_unloaded_again_and_again,
                               check_that_nothing_is_loaded),
        cmocka_unit_test_setup(test_loading_and_unloading_without_a_ping_leaves_no_handle_behind,
                               check_that_nothing_is_loaded),
        cmocka_unit_test_setup(test_unloading_with_a_handle_open_is_harmless, check_that_nothing_is_loaded),
        cmocka_unit_test_setup(test_unloading_with_handles_open_leaves_none_but_those_behind,
                               check_that_nothing_is_loaded),
        cmocka_unit_test_setup(test_one_of_two_references_keeps_the_dll_working,
                               check_that_nothing_is_loaded),
        cmocka_unit_test_setup(test_threads_load_openicmp_ping_and_unload_it_independently,
                               check_that_nothing_is_loaded),
        cmocka_unit_test_setup(test_dll_unloads_after_calls_on_many_threads, check_that_nothing_is_loaded),
        cmocka_unit_test_setup(test_unloading_after_a_thread_was_terminated_in_a_call_is_harmless,
                               check_that_nothing_is_loaded),
        /* After one of these Wine keeps openicmp.dll. */
        cmocka_unit_test(test_icmp_is_loaded_and_unloaded_again_and_again),
        cmocka_unit_test(test_icmp_is_found_in_any_case),
        cmocka_unit_test(test_handle_of_one_dll_works_through_the_other),
        cmocka_unit_test(test_threads_load_icmp_ping_and_unload_it_independently),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
