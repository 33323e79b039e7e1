/*
 * A client that uses the functions as Rainmeter's ping plug-in does (behaviour.md 5). In its old generation each measure
 * loads "ICMP.DLL" for itself, pings on a thread without data or a look at the result, reads the status in the buffer,
 * and ends the thread by TerminateThread if the skin is closed meanwhile. In its new one the thread holds a reference of
 * the library, and gives it back with its own end.
 */
#include "win/support/module.h"
#include "win/support/requests.h"

#define MEASURES 6

struct measure {
    HMODULE module;
    IPAddr destination;
    DWORD timeout_ms;
    HANDLE thread;
    volatile DWORD value;  /* what the skin shows: the round-trip time, or `timeout_ms` */
    volatile LONG sending; /* from here on it can be terminated: before, it may have the loader's lock */
    volatile LONG updated;
};

/* Pings with the functions that it looks up for itself, as each update does. */
static void update(struct measure *measure)
{
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 32];
    HANDLE icmp = FUNCTION_OF(measure->module, IcmpCreateFile)();
    __typeof__(&IcmpSendEcho) send = FUNCTION_OF(measure->module, IcmpSendEcho);

    memset(reply, 0, sizeof(reply));
    measure->sending = 1;
    send(icmp, measure->destination, NULL, 0, NULL, reply, sizeof(reply), measure->timeout_ms);
    measure->value =
        reply_in(reply).Status == IP_REQ_TIMED_OUT ? measure->timeout_ms : reply_in(reply).RoundTripTime;
    FUNCTION_OF(measure->module, IcmpCloseHandle)(icmp);
    InterlockedIncrement(&measure->updated);
}

static DWORD WINAPI update_of_old_generation(void *context)
{
    update(context);
    return 0;
}

static DWORD WINAPI update_of_new_generation(void *context)
{
    struct measure *measure = context;
    HMODULE module = measure->module;

    update(measure);
    FreeLibraryAndExitThread(module, 0);
}

static void start(struct measure *measure, LPTHREAD_START_ROUTINE run)
{
    measure->thread = CreateThread(NULL, 0, run, measure, 0, NULL);
    assert_non_null(measure->thread);
}

static void join(struct measure *measure)
{
    assert_int_equal(WaitForSingleObject(measure->thread, 20000), WAIT_OBJECT_0);
    CloseHandle(measure->thread);
    assert_int_equal(measure->updated, 1);
}

/* The old generation: skins are closed in the middle of a ping, and loaded again. */
static void test_measures_are_terminated_in_a_ping_and_loaded_again_as_in_rainmeter(void **state)
{
    (void)state;
    for (int i = 0; i < MEASURES; i++) {
        struct measure closed = {
            .module = LoadLibraryA("ICMP.DLL"), .destination = SILENT, .timeout_ms = 60000};
        struct measure silent = {.module = LoadLibraryA("ICMP.DLL"), .destination = SILENT, .timeout_ms = 50};
        struct measure answered = {
            .module = LoadLibraryA("ICMP.DLL"), .destination = LOCALHOST, .timeout_ms = TIMEOUT_MS};

        start(&closed, update_of_old_generation);
        start(&silent, update_of_old_generation);
        start(&answered, update_of_old_generation);
        while (!closed.sending) {
            Sleep(1);
        }
        Sleep(100);
        TerminateThread(closed.thread, 0);
        CloseHandle(closed.thread);
        assert_true(FreeLibrary(closed.module));
        join(&silent);
        join(&answered);
        assert_int_equal(silent.value, 50);
        assert_in_range(answered.value, 0, TIMEOUT_MS - 1);
        assert_true(FreeLibrary(silent.module));
        assert_true(FreeLibrary(answered.module));
    }
}

static void test_threads_free_the_library_that_they_ping_with_as_in_rainmeter(void **state)
{
    (void)state;
    for (int i = 0; i < MEASURES; i++) {
        struct measure measures[2] = {{.destination = SILENT, .timeout_ms = 50},
                                      {.destination = LOCALHOST, .timeout_ms = TIMEOUT_MS}};

        for (size_t j = 0; j < 2; j++) {
            measures[j].module = LoadLibraryA("iphlpapi.dll");
            start(&measures[j], update_of_new_generation);
        }
        join(&measures[0]);
        join(&measures[1]);
        assert_int_equal(measures[0].value, 50);
        assert_in_range(measures[1].value, 0, TIMEOUT_MS - 1);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measures_are_terminated_in_a_ping_and_loaded_again_as_in_rainmeter),
        cmocka_unit_test(test_threads_free_the_library_that_they_ping_with_as_in_rainmeter),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
