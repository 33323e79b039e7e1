/*
 * The DLL is unloaded with a batch open (openicmp.h). This program does not import the DLL, so the last FreeLibrary really
 * unloads it.
 */
#include "win/support/async_echo.h"
#include "win/support/dll.h"
#include "win/support/module.h"

#include <openicmp.h>

#define PROBES 8

/* The functions for batches, of a DLL that has been loaded. */
struct functions {
    __typeof__(&OpenIcmpCreateBatch) create;
    __typeof__(&OpenIcmpSubmit) submit;
    __typeof__(&OpenIcmpCollect) collect;
    __typeof__(&OpenIcmpCloseBatch) close;
};

/* Loads the DLL. Asserts. */
static struct dll load(struct functions *functions)
{
    struct dll dll;

    assert_true(dll_load(&dll));
    *functions = (struct functions){
        FUNCTION_OF(dll.module, OpenIcmpCreateBatch),
        FUNCTION_OF(dll.module, OpenIcmpSubmit),
        FUNCTION_OF(dll.module, OpenIcmpCollect),
        FUNCTION_OF(dll.module, OpenIcmpCloseBatch),
    };
    assert_true(functions->create != NULL && functions->submit != NULL && functions->collect != NULL &&
                functions->close != NULL);
    return dll;
}

/* A batch in which probes are out, or over and not collected. Asserts. */
static OPENICMP_BATCH used_batch(const struct functions *functions, IPAddr destination)
{
    static char data[500]; /* for which a probe has memory of its own */
    OPENICMP_PROBE probes[PROBES];
    OPENICMP_BATCH batch = functions->create(NULL);
    DWORD accepted;

    assert_non_null(batch);
    memset(probes, 0, sizeof(probes));
    for (DWORD i = 0; i < PROBES; i++) {
        probes[i].Destination.V4.Family = AF_INET;
        memcpy(probes[i].Destination.V4.Address, &destination, sizeof(destination));
        probes[i].Timeout = 300;
        probes[i].Data = data;
        probes[i].DataSize = sizeof(data);
    }
    assert_true(functions->submit(batch, probes, PROBES, &accepted));
    return batch;
}

static void test_a_dll_with_probes_out_goes_when_their_time_is_up(void **state)
{
    (void)state;
    for (int times = 0; times < 2; times++) {
        struct functions functions;
        struct dll dll = load(&functions);

        used_batch(&functions, SILENT);
        assert_true(FreeLibrary(dll.module));
        assert_true(dll_is_loaded()); /* the worker is at it */
        assert_true(dll_goes());
    }
}

static void test_a_dll_with_results_that_nobody_collects_goes(void **state)
{
    struct functions functions;
    struct dll dll = load(&functions);
    OPENICMP_BATCH batch = used_batch(&functions, LOCALHOST);
    OPENICMP_RESULT result;
    DWORD collected;

    (void)state;
    assert_true(functions.collect(batch, &result, 1, PATIENCE_MS, &collected));
    assert_true(FreeLibrary(dll.module));
    assert_true(dll_goes());
}

static void test_a_batch_does_not_live_on_in_a_dll_that_is_loaded_again(void **state)
{
    struct functions functions;
    struct dll dll = load(&functions);
    OPENICMP_BATCH batch = used_batch(&functions, LOCALHOST);

    (void)state;
    assert_true(FreeLibrary(dll.module));
    assert_true(dll_goes());
    dll = load(&functions);
    assert_false(functions.close(batch));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    batch = used_batch(&functions, LOCALHOST);
    assert_true(functions.close(batch));
    assert_true(FreeLibrary(dll.module));
    assert_true(dll_goes());
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dll_with_probes_out_goes_when_their_time_is_up),
        cmocka_unit_test(test_a_dll_with_results_that_nobody_collects_goes),
        cmocka_unit_test(test_a_batch_does_not_live_on_in_a_dll_that_is_loaded_again),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
