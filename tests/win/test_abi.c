/*
 * Programs built for Windows' ICMP API fit our DLLs: layouts, values, prototypes, and what the DLLs export.
 *
 * The first three at compile time, the last by reading the loaded DLLs' own tables. Nothing is sent.
 */
#include "win/support/image.h"

#include "support/cmocka_main.h"

#include <winsock2.h>
#include <ws2tcpip.h>
#include <winternl.h>

#define PIO_APC_ROUTINE_DEFINED
#include <icmpapi.h>
#include <openicmp.h>

#include "support/abi_asserts.h"
#include "support/extension_asserts.h"

#ifndef OPENICMP_IPEXPORT_H
    #error "this is about our headers: include/ must come first in the search path"
#endif

/* ---- Prototypes, from the documentation: return type, calling convention and every parameter ---- */

#define ASSERT_PROTOTYPE(function, ...)                                                                      \
    _Static_assert(_Generic(&(function), __VA_ARGS__ : 1, default : 0), "prototype of " #function)

typedef HANDLE(WINAPI *create_fn)(void);
typedef BOOL(WINAPI *close_fn)(HANDLE);
typedef DWORD(WINAPI *send_fn)(HANDLE, IPAddr, LPVOID, WORD, PIP_OPTION_INFORMATION, LPVOID, DWORD, DWORD);
typedef DWORD(WINAPI *send2_fn)(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IPAddr, LPVOID, WORD,
                                PIP_OPTION_INFORMATION, LPVOID, DWORD, DWORD);
typedef DWORD(WINAPI *send2ex_fn)(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, IPAddr, IPAddr, LPVOID, WORD,
                                  PIP_OPTION_INFORMATION, LPVOID, DWORD, DWORD);
typedef DWORD(WINAPI *send6_fn)(HANDLE, HANDLE, PIO_APC_ROUTINE, PVOID, struct sockaddr_in6 *,
                                struct sockaddr_in6 *, LPVOID, WORD, PIP_OPTION_INFORMATION, LPVOID, DWORD,
                                DWORD);
typedef DWORD(WINAPI *parse_fn)(LPVOID, DWORD);

ASSERT_PROTOTYPE(IcmpCreateFile, create_fn);
ASSERT_PROTOTYPE(Icmp6CreateFile, create_fn);
ASSERT_PROTOTYPE(IcmpCloseHandle, close_fn);
ASSERT_PROTOTYPE(IcmpSendEcho, send_fn);
ASSERT_PROTOTYPE(IcmpSendEcho2, send2_fn);
ASSERT_PROTOTYPE(IcmpSendEcho2Ex, send2ex_fn);
ASSERT_PROTOTYPE(Icmp6SendEcho2, send6_fn);
ASSERT_PROTOTYPE(IcmpParseReplies, parse_fn);
ASSERT_PROTOTYPE(Icmp6ParseReplies, parse_fn);

typedef DWORD(WINAPI *times_fn)(const void *, DWORD, ULONGLONG *, DWORD);
typedef OPENICMP_BATCH(WINAPI *create_batch_fn)(const OPENICMP_BATCH_OPTIONS *);
typedef BOOL(WINAPI *submit_fn)(OPENICMP_BATCH, const OPENICMP_PROBE *, DWORD, DWORD *);
typedef BOOL(WINAPI *collect_fn)(OPENICMP_BATCH, OPENICMP_RESULT *, DWORD, DWORD, DWORD *);
typedef BOOL(WINAPI *cancel_fn)(OPENICMP_BATCH, const ULONGLONG *, DWORD *);
typedef BOOL(WINAPI *close_batch_fn)(OPENICMP_BATCH);
typedef BOOL(WINAPI *query_fn)(OPENICMP_INFORMATION *);

ASSERT_PROTOTYPE(OpenIcmpRoundTripTimes, times_fn);
ASSERT_PROTOTYPE(OpenIcmpCreateBatch, create_batch_fn);
ASSERT_PROTOTYPE(OpenIcmpSubmit, submit_fn);
ASSERT_PROTOTYPE(OpenIcmpCollect, collect_fn);
ASSERT_PROTOTYPE(OpenIcmpCancel, cancel_fn);
ASSERT_PROTOTYPE(OpenIcmpCloseBatch, close_batch_fn);
ASSERT_PROTOTYPE(OpenIcmpQuery, query_fn);

/* ---- What the DLLs export ---- */

/* icmp.dll's exports by ordinal, from 1 (behaviour.md 1.2: the order of the DLLs of Windows). */
static const char *const icmp_exports[] = {
    "IcmpCloseHandle", "IcmpCreateFile", "IcmpParseReplies", "IcmpSendEcho2",
    "IcmpSendEcho",    "do_echo_rep",    "do_echo_req",      "register_icmp",
};
#define ICMP_EXPORT_COUNT (sizeof(icmp_exports) / sizeof(icmp_exports[0]))

/* What openicmp.dll must export beyond these; it may export more. */
static const char *const openicmp_extra_exports[] = {
    "Icmp6CreateFile", "Icmp6ParseReplies",      "Icmp6SendEcho2",  "IcmpSendEcho2Ex",
    "OpenIcmpCancel",  "OpenIcmpCloseBatch",     "OpenIcmpCollect", "OpenIcmpCreateBatch",
    "OpenIcmpQuery",   "OpenIcmpRoundTripTimes", "OpenIcmpSubmit",
};
#define OPENICMP_EXTRA_EXPORT_COUNT (sizeof(openicmp_extra_exports) / sizeof(openicmp_extra_exports[0]))

static void assert_exported(HMODULE module, const char *name)
{
    if (GetProcAddress(module, name) == NULL) {
        fail_msg("%s is not exported", name);
    }
}

static void test_openicmp_exports_every_name_undecorated(void **state)
{
    struct image openicmp = image_load("openicmp.dll");

    (void)state;
    for (size_t i = 0; i < ICMP_EXPORT_COUNT; i++) {
        assert_exported(openicmp.module, icmp_exports[i]);
    }
    for (size_t i = 0; i < OPENICMP_EXTRA_EXPORT_COUNT; i++) {
        assert_exported(openicmp.module, openicmp_extra_exports[i]);
    }
    for (DWORD i = 0; i < openicmp.exports->NumberOfNames; i++) {
        assert_null(strchr(image_name_at(&openicmp, i), '@'));
    }
}

/* Loaders search the names by bisection; linkers have been seen to sort them before they cut the @N off. */
static void test_export_names_are_sorted(void **state)
{
    struct image images[] = {image_load("openicmp.dll"), image_load("icmp.dll"), image_load("iphlpapi.dll")};

    (void)state;
    for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
        for (DWORD name = 1; name < images[i].exports->NumberOfNames; name++) {
            assert_true(strcmp(image_name_at(&images[i], name - 1), image_name_at(&images[i], name)) < 0);
        }
    }
}

static void test_icmp_exports_exactly_eight_names_with_ordinals_1_to_8(void **state)
{
    struct image icmp = image_load("icmp.dll");

    (void)state;
    assert_int_equal(icmp.exports->Base, 1);
    assert_int_equal(icmp.exports->NumberOfFunctions, ICMP_EXPORT_COUNT);
    assert_int_equal(icmp.exports->NumberOfNames, ICMP_EXPORT_COUNT);
    for (DWORD i = 0; i < ICMP_EXPORT_COUNT; i++) {
        assert_true(icmp.ordinals_of_names[i] < ICMP_EXPORT_COUNT);
        assert_string_equal(image_name_at(&icmp, i), icmp_exports[icmp.ordinals_of_names[i]]);
    }
}

static void test_icmp_is_nothing_but_forwards_to_openicmp(void **state)
{
    struct image icmp = image_load("icmp.dll");

    (void)state;
    for (DWORD i = 0; i < icmp.exports->NumberOfNames; i++) {
        const char *forward = image_forward_of_name(&icmp, i);

        assert_non_null(forward);
        if (strncmp(forward, "openicmp.", strlen("openicmp.")) != 0) {
            fail_msg("%s goes to %s: this is not our icmp.dll (Wine needs WINEDLLOVERRIDES=icmp=n)",
                     image_name_at(&icmp, i), forward);
        }
        assert_string_equal(forward + strlen("openicmp."), image_name_at(&icmp, i));
    }
}

/* One engine per process: a handle made through one DLL works through the other. */
static void test_icmp_and_openicmp_give_the_same_functions_by_name_and_by_ordinal(void **state)
{
    struct image icmp = image_load("icmp.dll");
    struct image openicmp = image_load("openicmp.dll");

    (void)state;
    for (DWORD i = 0; i < ICMP_EXPORT_COUNT; i++) {
        FARPROC function = GetProcAddress(openicmp.module, icmp_exports[i]);

        assert_non_null(function);
        assert_true(GetProcAddress(icmp.module, icmp_exports[i]) == function);
        assert_true(GetProcAddress(icmp.module, MAKEINTRESOURCEA(i + 1)) == function);
    }
}

static void test_icmp_lacks_what_only_iphlpapi_has(void **state)
{
    struct image icmp = image_load("icmp.dll");

    (void)state;
    assert_null(GetProcAddress(icmp.module, "IcmpSendEcho2Ex"));
    assert_null(GetProcAddress(icmp.module, "Icmp6CreateFile"));
    assert_null(GetProcAddress(icmp.module, "Icmp6SendEcho2"));
    assert_null(GetProcAddress(icmp.module, "Icmp6ParseReplies"));
}

static void test_only_openicmp_has_the_extension(void **state)
{
    struct image facades[] = {image_load("icmp.dll"), image_load("iphlpapi.dll")};

    (void)state;
    for (size_t i = 0; i < sizeof(facades) / sizeof(facades[0]); i++) {
        for (DWORD name = 0; name < facades[i].exports->NumberOfNames; name++) {
            assert_int_not_equal(strncmp(image_name_at(&facades[i], name), "OpenIcmp", 8), 0);
        }
    }
}

static void test_the_dlls_carry_version_information(void **state)
{
    (void)state;
    assert_non_null(
        FindResourceA(image_load("openicmp.dll").module, MAKEINTRESOURCEA(1), MAKEINTRESOURCEA(16)));
    assert_non_null(FindResourceA(image_load("icmp.dll").module, MAKEINTRESOURCEA(1), MAKEINTRESOURCEA(16)));
    assert_non_null(
        FindResourceA(image_load("iphlpapi.dll").module, MAKEINTRESOURCEA(1), MAKEINTRESOURCEA(16)));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openicmp_exports_every_name_undecorated),
        cmocka_unit_test(test_export_names_are_sorted),
        cmocka_unit_test(test_icmp_exports_exactly_eight_names_with_ordinals_1_to_8),
        cmocka_unit_test(test_icmp_is_nothing_but_forwards_to_openicmp),
        cmocka_unit_test(test_icmp_and_openicmp_give_the_same_functions_by_name_and_by_ordinal),
        cmocka_unit_test(test_icmp_lacks_what_only_iphlpapi_has),
        cmocka_unit_test(test_only_openicmp_has_the_extension),
        cmocka_unit_test(test_the_dlls_carry_version_information),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
