/*
 * How the exported functions leave the stack of x86, and the three that nobody documents (behaviour.md 1.2,
 * Q26).
 */
#include "win/support/requests.h"
#include "win/support/stack.h"

#include <openicmp.h>

static FARPROC exported(const char *name)
{
    HMODULE openicmp = LoadLibraryA("openicmp.dll");
    FARPROC function;

    assert_non_null(openicmp);
    function = GetProcAddress(openicmp, name);
    if (function == NULL) {
        fail_msg("%s is not exported", name);
    }
    return function;
}

/* ---- The three ---- */

typedef DWORD(WINAPI *without_arguments)(void);
typedef DWORD(WINAPI *with_ten_arguments)(ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR,
                                          ULONG_PTR, ULONG_PTR, ULONG_PTR, ULONG_PTR);

/* By way of a function type that fits them all, which keeps compilers from warning. */
#define AS(type, function) ((type)(void (*)(void))(function))

static void test_register_icmp_is_not_implemented(void **state)
{
    without_arguments function = AS(without_arguments, exported("register_icmp"));

    (void)state;
    SetLastError(POISON_ERROR);
    assert_int_equal(function(), 0);
    assert_int_equal(GetLastError(), ERROR_CALL_NOT_IMPLEMENTED);
}

static void assert_not_implemented(const char *name, ULONG_PTR a)
{
    with_ten_arguments function = AS(with_ten_arguments, exported(name));

    SetLastError(POISON_ERROR);
    assert_int_equal(function(a, a, a, a, a, a, a, a, a, a), 0);
    assert_int_equal(GetLastError(), ERROR_CALL_NOT_IMPLEMENTED);
}

static void test_do_echo_req_is_not_implemented_whatever_it_is_given(void **state)
{
    (void)state;
    assert_not_implemented("do_echo_req", 0);
    assert_not_implemented("do_echo_req", (ULONG_PTR)-1);
}

static void test_do_echo_rep_is_not_implemented_whatever_it_is_given(void **state)
{
    (void)state;
    assert_not_implemented("do_echo_rep", 0);
    assert_not_implemented("do_echo_rep", (ULONG_PTR)-1);
}

/* ---- The stack of x86 ---- */

#ifdef __i386__

static void assert_takes(const char *name, unsigned int bytes)
{
    /* Arguments that every function refuses: no handle, no buffer. */
    static const DWORD none[PUSHED] = {0};
    DWORD result;
    unsigned int taken = stack_bytes_taken_by(exported(name), none, &result);

    if (taken != bytes) {
        fail_msg("%s takes %u bytes off the stack, not %u", name, taken, bytes);
    }
    if (result != 0 && strcmp(name, "IcmpCreateFile") == 0) {
        assert_true(IcmpCloseHandle((HANDLE)(uintptr_t)result));
    } else {
        assert_int_equal(result, 0);
    }
}

static void test_every_function_takes_its_arguments_off_the_stack(void **state)
{
    (void)state;
    assert_takes("IcmpCreateFile", 0);
    assert_takes("IcmpCloseHandle", 4);
    assert_takes("IcmpParseReplies", 8);
    assert_takes("IcmpSendEcho", 32);
    assert_takes("IcmpSendEcho2", 44);
    assert_takes("IcmpSendEcho2Ex", 48);
    assert_takes("register_icmp", 0);
    assert_takes("OpenIcmpRoundTripTimes", 16);
    assert_takes("OpenIcmpSubmit", 16);
    assert_takes("OpenIcmpCollect", 20);
    assert_takes("OpenIcmpCancel", 12);
    assert_takes("OpenIcmpCloseBatch", 4);
    assert_takes("OpenIcmpQuery", 4);
    assert_takes("do_echo_req", 40);
    assert_takes("do_echo_rep", 40);
}

static void test_a_batch_that_is_made_takes_its_arguments_off_the_stack(void **state)
{
    static const DWORD no_options[PUSHED] = {0};
    DWORD batch;

    (void)state;
    assert_int_equal(stack_bytes_taken_by(exported("OpenIcmpCreateBatch"), no_options, &batch), 4);
    assert_true(OpenIcmpCloseBatch((OPENICMP_BATCH)(uintptr_t)batch));
}

static void test_a_ping_that_is_answered_takes_its_arguments_off_the_stack(void **state)
{
    BYTE data[8] = "pingping";
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data)];
    HANDLE handle = open_handle();
    const DWORD arguments[PUSHED] = {(DWORD)(uintptr_t)handle,
                                     LOCALHOST,
                                     (DWORD)(uintptr_t)data,
                                     sizeof(data),
                                     0,
                                     (DWORD)(uintptr_t)reply,
                                     sizeof(reply),
                                     TIMEOUT_MS};
    DWORD replies;

    (void)state;
    assert_int_equal(stack_bytes_taken_by(exported("IcmpSendEcho"), arguments, &replies), 32);
    assert_int_equal(replies, 1);
    assert_int_equal(reply_in(reply).DataSize, sizeof(data));
    assert_true(IcmpCloseHandle(handle));
}

#else

static void test_every_function_takes_its_arguments_off_the_stack(void **state)
{
    (void)state;
    skip(); /* a question of x86 only */
}

static void test_a_batch_that_is_made_takes_its_arguments_off_the_stack(void **state)
{
    (void)state;
    skip();
}

static void test_a_ping_that_is_answered_takes_its_arguments_off_the_stack(void **state)
{
    (void)state;
    skip();
}

#endif

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_register_icmp_is_not_implemented),
        cmocka_unit_test(test_do_echo_req_is_not_implemented_whatever_it_is_given),
        cmocka_unit_test(test_do_echo_rep_is_not_implemented_whatever_it_is_given),
        cmocka_unit_test(test_every_function_takes_its_arguments_off_the_stack),
        cmocka_unit_test(test_a_batch_that_is_made_takes_its_arguments_off_the_stack),
        cmocka_unit_test(test_a_ping_that_is_answered_takes_its_arguments_off_the_stack),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
