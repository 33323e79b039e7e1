/*
 * Our iphlpapi.dll has all that programs may import from the system's.
 *
 * Nothing is called here. Both DLLs lie in this process side by side, as they do in a program.
 */
#include "win/support/both_dlls.h"

#include "support/cmocka_main.h"

static void test_every_export_of_the_systems_is_there(void **state)
{
    (void)state;
    assert_true(systems.exports->NumberOfNames > 150);
    for (DWORD i = 0; i < systems.exports->NumberOfNames; i++) {
        const char *name = image_name_at(&systems, i);

        if (GetProcAddress(ours.module, name) == NULL) {
            fail_msg("%s is missing", name);
        }
    }
}

/* What is ours. */
static const char *const forwards[] = {
    "GetIpErrorString", "IcmpCloseHandle", "IcmpCreateFile", "IcmpParseReplies", "IcmpSendEcho",
    "IcmpSendEcho2",    "IcmpSendEcho2Ex", "do_echo_rep",    "do_echo_req",      "register_icmp",
};

static bool is_forward(const char *name)
{
    for (size_t i = 0; i < sizeof(forwards) / sizeof(forwards[0]); i++) {
        if (strcmp(name, forwards[i]) == 0) {
            return true;
        }
    }
    return strncmp(name, "Icmp6", 5) == 0;
}

static void test_icmp_functions_are_forwards_to_openicmp_and_nothing_else_is(void **state)
{
    DWORD forwarded = 0;

    (void)state;
    for (DWORD i = 0; i < ours.exports->NumberOfNames; i++) {
        const char *name = image_name_at(&ours, i);
        const char *forward = image_forward_of_name(&ours, i);

        if (forward == NULL) {
            continue;
        }
        forwarded++;
        assert_true(is_forward(name));
        assert_int_equal(strncmp(forward, "openicmp.", strlen("openicmp.")), 0);
        assert_string_equal(forward + strlen("openicmp."), name);
        if (GetProcAddress(ours.module, name) == NULL) {
            fail_msg("openicmp.dll lacks %s", name);
        }
    }
    assert_true(forwarded >= sizeof(forwards) / sizeof(forwards[0]));
}

/* Under the names that they have in 32-bit Windows and in Wine, and on x64 also under those of 64-bit Windows. */
static void test_filter_functions_have_the_names_of_every_windows(void **state)
{
    (void)state;
    assert_non_null(GetProcAddress(ours.module, "_PfCreateInterface@24"));
    assert_non_null(GetProcAddress(ours.module, "_PfDeleteLog@0"));
#ifdef _WIN64
    assert_non_null(GetProcAddress(ours.module, "PfCreateInterface"));
    assert_non_null(GetProcAddress(ours.module, "PfDeleteLog"));
#else
    assert_null(GetProcAddress(ours.module, "PfCreateInterface"));
#endif
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_export_of_the_systems_is_there),
        cmocka_unit_test(test_icmp_functions_are_forwards_to_openicmp_and_nothing_else_is),
        cmocka_unit_test(test_filter_functions_have_the_names_of_every_windows),
    };

    return cmocka_run(argc, argv, tests, load_both_dlls, NULL);
}
