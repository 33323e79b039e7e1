/*
 * How iphlpapi.dll passes a call on (src/facade/system_function.S): the function behind gets what the caller gave, the
 * first time, when it has to be found, and every other time.
 *
 * The code is the same as in the DLL; facade_find is played by the test, and spoils whatever it may.
 */
#include "support/cmocka_main.h"

#include "win/support/probe.h"

#include "facade/facade.h"

#define FRAMES 8

static unsigned int finds;
static const char *name_asked_for;
static void *frames[FRAMES];

void *facade_find(struct facade_entry *entry)
{
    finds++;
    name_asked_for = entry->name;
    CaptureStackBackTrace(0, FRAMES, frames, NULL);
    entry->target = (void *)(ULONG_PTR)probe_target;
#ifdef __x86_64__
    __asm__ __volatile__(
        "pcmpeqd %%xmm0, %%xmm0\n\tmovaps %%xmm0, %%xmm1\n\tmovaps %%xmm0, %%xmm2\n\t"
        "movaps %%xmm0, %%xmm3\n\tmovq $-1, %%rcx\n\tmovq %%rcx, %%rdx\n\tmovq %%rcx, %%r8\n\t"
        "movq %%rcx, %%r9" ::
            : "rcx", "rdx", "r8", "r9", "xmm0", "xmm1", "xmm2", "xmm3");
#endif
    return entry->target;
}

/* The entry of the probe wants one. */
DWORD facade_lacks_error(void)
{
    return ERROR_CALL_NOT_IMPLEMENTED;
}

static struct probe_arguments arguments_like(unsigned int seed)
{
    struct probe_arguments arguments;
    uint8_t *bytes = (uint8_t *)&arguments;

    for (size_t i = 0; i < sizeof(arguments); i++) {
        bytes[i] = (uint8_t)(i * 37 + seed);
    }
    return arguments;
}

/* Called once before and once after the function has been found; the tests run in one process or each in its own. */
static void test_function_gets_every_argument_and_returns_to_the_caller(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 3; i++) {
        struct probe_arguments arguments = arguments_like(i);

        memset(&probe_got, 0, sizeof(probe_got));
        assert_int_equal(probe_call(&arguments, system_Probe), PROBE_RESULT);
        assert_memory_equal(&probe_got, &arguments, sizeof(arguments));
    }
}

static void test_function_is_looked_for_by_its_name_and_once(void **state)
{
    struct probe_arguments arguments = arguments_like(0);

    (void)state;
    probe_call(&arguments, system_Probe);
    probe_call(&arguments, system_Probe);
    assert_int_equal(finds, 1);
    assert_string_equal(name_asked_for, "Probe");
}

/* So that debuggers and exception handlers find their way through a call that is being looked for. */
static void test_stack_can_be_walked_while_the_function_is_looked_for(void **state)
{
    struct probe_arguments arguments = arguments_like(0);

    (void)state;
#ifdef __x86_64__
    probe_call(&arguments, system_Probe);
    /* From the inside: facade_find, the code under test, and the caller. */
    assert_true((uintptr_t)frames[2] == arguments.returns_to);
#else
    (void)arguments;
    skip(); /* x86 has no tables for it */
#endif
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_function_gets_every_argument_and_returns_to_the_caller),
        cmocka_unit_test(test_function_is_looked_for_by_its_name_and_once),
        cmocka_unit_test(test_stack_can_be_walked_while_the_function_is_looked_for),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
