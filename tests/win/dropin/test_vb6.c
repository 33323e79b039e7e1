/*
 * A client as those in Visual Basic 6, VBA and AutoHotkey that were copied from each other for decades (behaviour.md 5):
 * "Declare ... Lib "icmp.dll"", so that each function is looked up by itself; handles in integers of 32 bits; a buffer
 * that is declared as structure and text in one, with a data size of 32 bits and too large; no options; the status decides,
 * not the result.
 */
#include "win/support/module.h"
#include "win/support/requests.h"

/* Type ICMP_ECHO_REPLY of the samples, with what a pointer takes here. */
struct vb_echo_reply {
    LONG address;
    LONG status;
    LONG round_trip_time;
    LONG data_size; /* DataSize and Reserved, as one */
    ULONG_PTR data_pointer;
    IP_OPTION_INFORMATION options;
    char data[250];
};

/* What a Declare statement does at each call. */
#define DECLARED(function) FUNCTION_OF(LoadLibraryA("icmp.dll"), function)

static LONG icmp_create_file(void)
{
    return (LONG)(LONG_PTR)DECLARED(IcmpCreateFile)();
}

static LONG icmp_send_echo(LONG icmp, LONG address, char *data, LONG options, struct vb_echo_reply *reply,
                           LONG timeout_ms)
{
    return (LONG)DECLARED(IcmpSendEcho)((HANDLE)(LONG_PTR)icmp, (IPAddr)address, data, (WORD)strlen(data),
                                        (PIP_OPTION_INFORMATION)(LONG_PTR)options, reply, sizeof(*reply),
                                        (DWORD)timeout_ms);
}

static LONG icmp_close_handle(LONG icmp)
{
    return DECLARED(IcmpCloseHandle)((HANDLE)(LONG_PTR)icmp);
}

/* Function Ping(...) of the samples: opens, pings, closes, and gives the status. */
static LONG vb_ping(LONG address, char *data, LONG timeout_ms, struct vb_echo_reply *reply)
{
    LONG icmp = icmp_create_file();

    memset(reply, 0, sizeof(*reply));
    if (icmp == -1) {
        return -1;
    }
    icmp_send_echo(icmp, address, data, 0, reply, timeout_ms);
    assert_true(icmp_close_handle(icmp));
    return reply->status;
}

static void test_handles_are_integers_and_the_status_is_in_the_buffer_as_in_vb6(void **state)
{
    char data[] = "Echo This";
    struct vb_echo_reply reply;

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(vb_ping((LONG)LOCALHOST, data, TIMEOUT_MS, &reply), IP_SUCCESS);
        assert_int_equal(reply.address, (LONG)LOCALHOST);
        assert_int_equal(reply.data_size, strlen(data)); /* also the upper half: Reserved is 0 */
        assert_int_equal(memcmp(reply.data, data, strlen(data)), 0);
        assert_true(reply.data_pointer == (ULONG_PTR)reply.data);
    }
    assert_int_equal(vb_ping((LONG)SILENT, data, 50, &reply), IP_REQ_TIMED_OUT);
    assert_int_equal(icmp_close_handle(0), FALSE);
    assert_int_equal(icmp_close_handle(-1), FALSE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handles_are_integers_and_the_status_is_in_the_buffer_as_in_vb6),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
