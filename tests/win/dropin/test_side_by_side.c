/*
 * Our iphlpapi.dll and the system's in one process: who comes when, and whom a program gets that asks for
 * "iphlpapi.dll", whichever way it does.
 *
 * This program imports neither. Most tests are about a process in which nothing has been called yet: they are skipped if
 * another test has run in theirs.
 */
#include "win/support/image.h"
#include "win/support/module.h"
#include "win/support/process.h"
#include "win/support/requests.h"

#include <iphlpapi.h>

#define THREADS 8
#define ROUNDS  20

static struct image ours;

/* The system's, if it is loaded. */
static HMODULE systems(void)
{
    char path[MAX_PATH];
    UINT length = GetSystemDirectoryA(path, sizeof(path));

    assert_true(length > 0 && length < sizeof(path) - 20);
    strcat(path, "\\iphlpapi.dll");
    return GetModuleHandleA(path);
}

static int load_ours(void **state)
{
    (void)state;
    ours = image_load_beside_program("iphlpapi.dll");
    return 0;
}

static void skip_unless_first(void)
{
    if (systems() != NULL) {
        skip();
    }
}

/* Calls a function of the system's through a module. */
static bool calls_the_systems(HMODULE module)
{
    DWORD(WINAPI * function)(DWORD *) = FUNCTION_OF(module, GetNumberOfInterfaces);
    DWORD count = 0;

    return function != NULL && function(&count) == NO_ERROR && count > 0;
}

/* Whether a module's ICMP functions are those of openicmp.dll. */
static bool pings_by_openicmp(HMODULE module)
{
    FARPROC function = GetProcAddress(module, "IcmpSendEcho2");
    HMODULE openicmp = GetModuleHandleA("openicmp.dll");

    return function != NULL && openicmp != NULL && GetProcAddress(openicmp, "IcmpSendEcho2") == function;
}

static void test_systems_dll_comes_with_the_first_call_of_a_function_of_its(void **state)
{
    (void)state;
    skip_unless_first();
    assert_true(pings_by_openicmp(ours.module));
    assert_null(systems());
    assert_true(calls_the_systems(ours.module));
    assert_non_null(systems());
    assert_true(systems() != ours.module);
}

static void assert_every_way_leads_to_ours(void)
{
    static const char *const names[] = {"iphlpapi.dll", "IPHLPAPI.DLL", "Iphlpapi.dll", "iphlpapi",
                                        "IpHlpApi"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        HMODULE module = LoadLibraryA(names[i]);

        assert_true(module == ours.module);
        assert_true(GetModuleHandleA(names[i]) == ours.module);
        assert_true(pings_by_openicmp(module));
        FreeLibrary(module);
    }
}

/* Functions that no Wine has. */
static const char *const lacking[] = {
    "CreateFlVirtualInterface",   "DeleteFlVirtualInterface",
    "FlushIpNetTable2",           "GetFlVirtualInterfaceTable",
    "GetNetworkConnectivityHint", "GetInterfaceDnsSettings",
    "ConvertCompartmentGuidToId", "ConvertRemoteInterfaceLuidToIndex",
    "GetOwnerModuleFromTcpEntry", "GetIpNetworkConnectionBandwidthEstimates",
};
#define LACKING_COUNT (sizeof(lacking) / sizeof(lacking[0]))

/* With as many arguments as each takes. */
static DWORD call_lacking(size_t i)
{
    typedef DWORD(WINAPI * with1)(ULONG_PTR);
    typedef DWORD(WINAPI * with2)(ULONG_PTR, ULONG_PTR);
    typedef DWORD(WINAPI * with3)(ULONG_PTR, ULONG_PTR, ULONG_PTR);
    typedef DWORD(WINAPI * with4)(ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR);
    typedef DWORD(WINAPI * with5)(ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR);
    static const int counts[LACKING_COUNT] = {1, 1, 2, 2, 1, 5, 2, 3, 4, 3};
    void (*function)(void) = (void (*)(void))GetProcAddress(ours.module, lacking[i]);

    switch (counts[i]) {
    case 1:
        return ((with1)function)(0);
    case 2:
        return ((with2)function)(0, 0);
    case 3:
        return ((with3)function)(0, 0, 0);
    case 4:
        return ((with4)function)(0, 0, 0, 0);
    default:
        return ((with5)function)(0, 0, 0, 0, 0);
    }
}

static void test_program_gets_ours_by_name_before_and_after_the_systems_is_loaded(void **state)
{
    (void)state;
    skip_unless_first();
    assert_every_way_leads_to_ours();
    assert_true(calls_the_systems(ours.module));
    assert_every_way_leads_to_ours();
    /* Directly after the system's was looked at: the function is not there, and does nothing. */
    assert_int_equal(call_lacking(0), ERROR_CALL_NOT_IMPLEMENTED);
    assert_every_way_leads_to_ours();
}

/* As WinMTR: from start to finish again and again, and with functions of the system's in between. */
static void test_program_that_loads_and_frees_it_gets_ours_again(void **state)
{
    (void)state;
    skip_unless_first();
    FreeLibrary(ours.module);
    assert_null(GetModuleHandleA("iphlpapi.dll"));
    for (int i = 0; i < ROUNDS; i++) {
        HMODULE module = LoadLibraryA("Iphlpapi.dll");

        assert_non_null(module);
        assert_true(pings_by_openicmp(module));
        assert_true(i < ROUNDS / 2 || calls_the_systems(module));
        FreeLibrary(module);
    }
    ours = image_load_beside_program("iphlpapi.dll");
}

static HANDLE start;
static volatile LONG wrong;

static DWORD WINAPI call_them_all(void *unused)
{
    (void)unused;
    WaitForSingleObject(start, INFINITE);
    for (size_t i = 0; i < LACKING_COUNT; i++) {
        if (call_lacking(i) != ERROR_CALL_NOT_IMPLEMENTED || !calls_the_systems(ours.module)) {
            InterlockedIncrement(&wrong);
        }
    }
    return 0;
}

static DWORD WINAPI load_by_name(void *unused)
{
    (void)unused;
    WaitForSingleObject(start, INFINITE);
    for (int i = 0; i < 200; i++) {
        HMODULE module = LoadLibraryA("iphlpapi.dll");

        if (module != ours.module) {
            InterlockedIncrement(&wrong);
        }
        FreeLibrary(module);
    }
    return 0;
}

/* In a process of its own, in which nothing has been called yet. Returns how much went wrong. */
static int race(void)
{
    HANDLE threads[2 * THREADS];

    load_ours(NULL);
    start = CreateEventW(NULL, TRUE, FALSE, NULL);
    for (int i = 0; i < THREADS; i++) {
        threads[2 * i] = CreateThread(NULL, 0, call_them_all, NULL, 0, NULL);
        threads[2 * i + 1] = CreateThread(NULL, 0, load_by_name, NULL, 0, NULL);
    }
    SetEvent(start);
    WaitForMultipleObjects(2 * THREADS, threads, TRUE, 20000);
    return wrong;
}

static void test_many_threads_may_make_the_first_call_while_others_load_it(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(child_join(child_start("race", 0), 30000), 0);
    }
}

/* Wine's ws2_32 asks iphlpapi.dll for what getaddrinfo needs, and the system's iphlpapi.dll asks others in turn. */
static void test_systems_dlls_get_along_with_ours(void **state)
{
    struct addrinfo *found = NULL;
    WSADATA data;

    (void)state;
    assert_int_equal(WSAStartup(MAKEWORD(2, 2), &data), 0);
    assert_true(calls_the_systems(ours.module));
    assert_int_equal(getaddrinfo("127.0.0.1", "80", NULL, &found), 0);
    assert_non_null(found);
    freeaddrinfo(found);
    WSACleanup();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_systems_dll_comes_with_the_first_call_of_a_function_of_its),
        cmocka_unit_test(test_program_gets_ours_by_name_before_and_after_the_systems_is_loaded),
        cmocka_unit_test(test_program_that_loads_and_frees_it_gets_ours_again),
        cmocka_unit_test(test_many_threads_may_make_the_first_call_while_others_load_it),
        cmocka_unit_test(test_systems_dlls_get_along_with_ours),
    };

    if (argc == 4 && strcmp(argv[1], "--child") == 0) {
        return race();
    }
    return cmocka_run(argc, argv, tests, load_ours, NULL);
}
