/*
 * Programs that load our DLLs from a folder which the loader does not search, as plug-ins are; and handles that go from
 * one of the three DLLs to another.
 *
 * This program imports none of them. Beside it lies a set of them, which is not to be taken.
 */
#include "win/support/module.h"
#include "win/support/requests.h"

/* The folder, with a backslash at its end, and what lies in it. */
static char folder[MAX_PATH];
static const char *const dlls[] = {"iphlpapi.dll", "icmp.dll", "openicmp.dll"};

struct path {
    char text[2 * MAX_PATH];
};

static struct path in(const char *where, const char *name)
{
    struct path path;

    snprintf(path.text, sizeof(path.text), "%s%s", where, name);
    return path;
}

static struct path beside_program(const char *name)
{
    char program[MAX_PATH];

    GetModuleFileNameA(NULL, program, sizeof(program));
    strrchr(program, '\\')[1] = '\0';
    return in(program, name);
}

static int fill_folder(void **state)
{
    char temporary[MAX_PATH];

    (void)state;
    if (GetTempPathA(sizeof(temporary), temporary) == 0 ||
        GetTempFileNameA(temporary, "icm", 0, folder) == 0 || !DeleteFileA(folder) ||
        !CreateDirectoryA(folder, NULL)) {
        return -1;
    }
    strcat(folder, "\\");
    for (size_t i = 0; i < sizeof(dlls) / sizeof(dlls[0]); i++) {
        if (!CopyFileA(beside_program(dlls[i]).text, in(folder, dlls[i]).text, TRUE)) {
            return -1;
        }
    }
    return 0;
}

static int empty_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(dlls) / sizeof(dlls[0]); i++) {
        DeleteFileA(in(folder, dlls[i]).text);
    }
    RemoveDirectoryA(folder);
    return 0;
}

static HMODULE load(struct path path)
{
    HMODULE module = LoadLibraryA(path.text);

    if (module == NULL) {
        fail_msg("%s cannot be loaded: error %lu", path.text, GetLastError());
    }
    return module;
}

static bool is_loaded_from(const char *name, const char *where)
{
    HMODULE module = GetModuleHandleA(name);
    char path[MAX_PATH];

    return module != NULL && GetModuleFileNameA(module, path, sizeof(path)) > 0 &&
           _stricmp(path, in(where, name).text) == 0;
}

/* Opens a handle by one DLL, pings by the second, closes by the third. */
static bool ping_by_three(HMODULE first, HMODULE second, HMODULE third)
{
    char data[] = "from hand to hand";
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data)];
    HANDLE icmp = FUNCTION_OF(first, IcmpCreateFile)();

    return icmp != INVALID_HANDLE_VALUE &&
           FUNCTION_OF(second, IcmpSendEcho)(icmp, LOCALHOST, data, sizeof(data), NULL, reply, sizeof(reply),
                                             TIMEOUT_MS) == 1 &&
           FUNCTION_OF(third, IcmpCloseHandle)(icmp);
}

static void assert_works_alone(const char *name)
{
    HMODULE module = load(in(folder, name));

    assert_non_null(GetProcAddress(module, "IcmpCreateFile"));
    assert_true(is_loaded_from("openicmp.dll", folder));
    assert_true(ping_by_three(module, module, module));
    FreeLibrary(module);
}

static void test_iphlpapi_finds_the_openicmp_that_lies_beside_it(void **state)
{
    (void)state;
    assert_works_alone("iphlpapi.dll");
}

static void test_icmp_finds_the_openicmp_that_lies_beside_it(void **state)
{
    (void)state;
    assert_works_alone("icmp.dll");
}

static void test_openicmp_goes_with_the_dll_that_brought_it(void **state)
{
    HMODULE module = load(in(folder, "iphlpapi.dll"));

    (void)state;
    assert_true(is_loaded_from("openicmp.dll", folder));
    FreeLibrary(module);
    assert_null(GetModuleHandleA("iphlpapi.dll"));
    assert_null(GetModuleHandleA("openicmp.dll"));
}

/* One engine per process: there is one already. */
static void test_openicmp_that_the_program_has_loaded_is_taken(void **state)
{
    HMODULE openicmp = load(beside_program("openicmp.dll"));
    HMODULE iphlpapi = load(in(folder, "iphlpapi.dll"));
    HMODULE icmp = load(in(folder, "icmp.dll"));

    (void)state;
    assert_false(is_loaded_from("openicmp.dll", folder));
    assert_true(ping_by_three(openicmp, iphlpapi, icmp));
    FreeLibrary(icmp);
    FreeLibrary(iphlpapi);
    FreeLibrary(openicmp);
}

static void test_handles_go_from_each_dll_to_each(void **state)
{
    HMODULE modules[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        modules[i] = load(beside_program(dlls[i]));
    }
    for (size_t i = 0; i < 27; i++) {
        assert_true(ping_by_three(modules[i / 9], modules[i / 3 % 3], modules[i % 3]));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iphlpapi_finds_the_openicmp_that_lies_beside_it),
        cmocka_unit_test(test_icmp_finds_the_openicmp_that_lies_beside_it),
        cmocka_unit_test(test_openicmp_goes_with_the_dll_that_brought_it),
        cmocka_unit_test(test_openicmp_that_the_program_has_loaded_is_taken),
        cmocka_unit_test(test_handles_go_from_each_dll_to_each),
    };

    return cmocka_run(argc, argv, tests, fill_folder, empty_folder);
}
