/*
 * What the functions that send accept, and how they refuse the rest (behaviour.md 2.3, 4.3, Q1, Q2, Q11, Q17,
 * Q18, Q19).
 */
#include "win/support/requests.h"

#include <stdlib.h>

/* A request that is fine, to be spoilt by the test in one point. */
struct fixture {
    struct request request;
    BYTE data[32];
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 200];
    IP_OPTION_INFORMATION options;
};

static int set_up(void **state)
{
    static struct fixture f;

    f = (struct fixture){.options = {.Ttl = 64}};
    f.request = (struct request){.handle = open_handle(),
                                 .destination = LOCALHOST,
                                 .data = f.data,
                                 .data_bytes = sizeof(f.data),
                                 .reply = f.reply,
                                 .reply_bytes = sizeof(f.reply),
                                 .timeout_ms = TIMEOUT_MS};
    fill_pattern(f.data, sizeof(f.data), 1);
    memset(f.reply, 0xa5, sizeof(f.reply));
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    return IcmpCloseHandle(f->request.handle) ? 0 : -1;
}

static bool reply_is_untouched(const struct fixture *f)
{
    return bytes_are(f->reply, sizeof(f->reply), 0xa5);
}

static int routine_calls;

static void NTAPI count_call(void *context, PIO_STATUS_BLOCK status, ULONG reserved)
{
    (void)context, (void)status, (void)reserved;
    routine_calls++;
}

/* Sends the request through one function and checks that it is refused at once: 0, the error, nothing
 * written, event and routine left alone. */
static void assert_refused_by(struct fixture *f, enum sender sender, DWORD error)
{
    double start_ms = now_ms();
    DWORD replies = request_send_by(sender, &f->request);
    DWORD last_error = GetLastError();

    assert_int_equal(replies, 0);
    assert_int_equal(last_error, error);
    assert_true(now_ms() - start_ms < TIMEOUT_MS / 2);
    assert_true(reply_is_untouched(f));
    if (f->request.event != NULL) {
        assert_int_equal(WaitForSingleObject(f->request.event, 0), WAIT_TIMEOUT);
    }
    assert_int_equal(SleepEx(0, TRUE), 0);
    assert_int_equal(routine_calls, 0);
}

/* The same with every function that sends, synchronously, with an event, with a routine, and with both. */
static void assert_refused(struct fixture *f, DWORD error)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

    assert_non_null(event);
    assert_refused_by(f, BY_SEND_ECHO, error);
    for (enum sender sender = BY_SEND_ECHO2; sender < SENDER_COUNT; sender++) {
        for (int kind = 0; kind < 4; kind++) {
            f->request.event = (kind & 1) != 0 ? event : NULL;
            f->request.routine = (kind & 2) != 0 ? count_call : NULL;
            assert_refused_by(f, sender, error);
        }
    }
    CloseHandle(event);
}

/* Sends the request through every function, synchronously, and checks that it is answered. */
static void assert_answered(struct fixture *f)
{
    for (enum sender sender = 0; sender < SENDER_COUNT; sender++) {
        ICMP_ECHO_REPLY reply;

        memset(f->reply, 0xa5, sizeof(f->reply));
        assert_int_equal(request_send_by(sender, &f->request), 1);
        assert_int_equal(GetLastError(), 0);
        reply = reply_in(f->reply);
        assert_int_equal(reply.Status, IP_SUCCESS);
        assert_int_equal(reply.Address, f->request.destination);
        assert_int_equal(reply.DataSize, f->request.data_bytes);
        if (f->request.data_bytes > 0) {
            assert_memory_equal(reply.Data, f->data, f->request.data_bytes);
        }
    }
}

/* Sends the request and checks that it failed with an IP_STATUS, which is then in the buffer, too. */
static void assert_fails_with_status(struct fixture *f, DWORD status)
{
    for (enum sender sender = 0; sender < SENDER_COUNT; sender++) {
        memset(f->reply, 0xa5, sizeof(f->reply));
        assert_int_equal(request_send_by(sender, &f->request), 0);
        assert_int_equal(GetLastError(), status);
        assert_int_equal(reply_in(f->reply).Status, status);
    }
}

/* ---- Reply buffer ---- */

static void test_reply_buffer_null_is_an_invalid_parameter(void **state)
{
    struct fixture *f = *state;

    f->request.reply = NULL;
    assert_refused(f, ERROR_INVALID_PARAMETER);
}

static void test_reply_size_0_is_an_invalid_parameter(void **state)
{
    struct fixture *f = *state;

    f->request.reply_bytes = 0;
    assert_refused(f, ERROR_INVALID_PARAMETER);
}

static void test_reply_buffer_null_of_size_0_is_an_invalid_parameter(void **state)
{
    struct fixture *f = *state;

    f->request.reply = NULL;
    f->request.reply_bytes = 0;
    assert_refused(f, ERROR_INVALID_PARAMETER);
}

static void test_reply_size_less_than_the_structure_is_an_invalid_parameter(void **state)
{
    struct fixture *f = *state;

    f->request.data_bytes = 0;
    for (DWORD size = 1; size < sizeof(ICMP_ECHO_REPLY); size++) {
        f->request.reply_bytes = size;
        assert_refused(f, ERROR_INVALID_PARAMETER);
    }
}

/* ---- Request data ---- */

static void test_no_request_data_is_sent_as_an_empty_request(void **state)
{
    struct fixture *f = *state;

    f->request.data = NULL;
    f->request.data_bytes = 0;
    assert_answered(f);
}

static void test_request_size_0_is_an_empty_request_whatever_the_data(void **state)
{
    struct fixture *f = *state;

    f->request.data_bytes = 0;
    assert_answered(f);
    f->request.data = (void *)(uintptr_t)1; /* not to be looked at */
    assert_answered(f);
}

static void test_request_data_null_with_a_size_is_an_invalid_parameter(void **state)
{
    struct fixture *f = *state;

    f->request.data = NULL;
    assert_refused(f, ERROR_INVALID_PARAMETER);
    f->request.data_bytes = 1;
    assert_refused(f, ERROR_INVALID_PARAMETER);
}

/* A ping of `size` bytes: replies, the last error, and whether the data came back as they went. */
struct big_ping {
    DWORD replies;
    DWORD error;
    DWORD status;
    bool same_data;
};

static struct big_ping ping_of_size(HANDLE handle, WORD size)
{
    DWORD reply_bytes = (DWORD)sizeof(ICMP_ECHO_REPLY) + 65536;
    BYTE *data = malloc(65536);
    BYTE *reply = malloc(reply_bytes);
    struct request request = {.handle = handle,
                              .destination = LOCALHOST,
                              .data = data,
                              .data_bytes = size,
                              .reply = reply,
                              .reply_bytes = reply_bytes,
                              .timeout_ms = TIMEOUT_MS};
    struct big_ping result;
    ICMP_ECHO_REPLY first;

    assert_non_null(data);
    assert_non_null(reply);
    fill_pattern(data, size, size);
    memset(reply, 0xa5, reply_bytes);
    result.replies = request_send(&request);
    result.error = GetLastError();
    first = reply_in(reply);
    result.status = first.Status;
    result.same_data = first.DataSize == size && memcmp(reply + sizeof(first), data, size) == 0;
    free(reply);
    free(data);
    return result;
}

static void test_requests_of_65500_bytes_work(void **state)
{
    struct fixture *f = *state;
    static const WORD sizes[] = {1472, 1473, 8192, 65499, 65500};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct big_ping result = ping_of_size(f->request.handle, sizes[i]);

        assert_int_equal(result.replies, 1);
        assert_int_equal(result.error, 0);
        assert_true(result.same_data);
    }
}

/* What fits a datagram may work or fail, what does not must fail; all of it cleanly. */
static void test_requests_of_more_than_65500_bytes_work_or_are_a_general_failure(void **state)
{
    struct fixture *f = *state;
    static const WORD sizes[] = {65501, 65506, 65507, 65508, 65527, 65534, 65535};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct big_ping result = ping_of_size(f->request.handle, sizes[i]);

        if (result.replies == 1) {
            assert_true(sizes[i] <= 65507);
            assert_int_equal(result.error, 0);
            assert_true(result.same_data);
        } else {
            assert_int_equal(result.replies, 0);
            assert_int_equal(result.error, IP_GENERAL_FAILURE);
            assert_int_equal(result.status, IP_GENERAL_FAILURE);
        }
    }
}

/* ---- Addresses ---- */

static void test_destination_0_is_an_invalid_netname(void **state)
{
    struct fixture *f = *state;

    f->request.destination = 0;
    assert_refused(f, ERROR_INVALID_NETNAME);
}

static void assert_source_is_refused(struct fixture *f, IPAddr source)
{
    f->request.source = source;
    assert_refused_by(f, BY_SEND_ECHO2_EX, ERROR_INVALID_NETNAME);
}

static void test_source_that_is_not_ours_is_an_invalid_netname(void **state)
{
    struct fixture *f = *state;

    assert_source_is_refused(f, inet_addr("1.1.1.1"));
}

static void test_source_refused_once_does_not_spoil_the_next_request(void **state)
{
    struct fixture *f = *state;

    assert_source_is_refused(f, inet_addr("1.1.1.1"));
    f->request.source = 0;
    assert_answered(f);
}

static void test_source_0_lets_the_system_choose(void **state)
{
    struct fixture *f = *state;

    f->request.source = 0;
    f->request.destination = LOOPBACK(0, 0, 77);
    assert_answered(f);
}

static void test_source_of_ours_is_accepted(void **state)
{
    struct fixture *f = *state;

    f->request.source = LOCALHOST;
    assert_answered(f);
    f->request.source = LOOPBACK(0, 0, 2);
    assert_answered(f);
    f->request.destination = LOOPBACK(9, 8, 7);
    assert_answered(f);
}

/* ---- Options ---- */

static void test_no_options_are_the_defaults(void **state)
{
    struct fixture *f = *state;

    f->request.options = NULL;
    assert_answered(f);
}

static void test_options_of_all_zero_are_accepted(void **state)
{
    struct fixture *f = *state;

    f->options = (IP_OPTION_INFORMATION){0};
    f->request.options = &f->options;
    assert_answered(f);
}

static void test_ttl_0_beside_other_settings_is_accepted(void **state)
{
    struct fixture *f = *state;

    f->options = (IP_OPTION_INFORMATION){.Tos = 0x10, .Flags = IP_FLAG_DF};
    f->request.options = &f->options;
    assert_answered(f);
}

static void test_options_data_is_not_looked_at_when_its_size_is_0(void **state)
{
    struct fixture *f = *state;

    f->options.OptionsData = (PUCHAR)(uintptr_t)1;
    f->request.options = &f->options;
    assert_answered(f);
}

static void test_options_data_null_with_a_size_is_an_invalid_parameter(void **state)
{
    struct fixture *f = *state;

    f->options.OptionsSize = 4;
    f->request.options = &f->options;
    assert_refused(f, ERROR_INVALID_PARAMETER);
}

static void test_more_than_40_bytes_of_options_are_too_big(void **state)
{
    struct fixture *f = *state;
    UCHAR data[255];

    memset(data, 1, sizeof(data)); /* "no operation" each */
    f->options.OptionsData = data;
    f->request.options = &f->options;
    f->options.OptionsSize = 40;
    assert_answered(f);
    f->options.OptionsSize = 41;
    assert_fails_with_status(f, IP_OPTION_TOO_BIG);
    f->options.OptionsSize = 255;
    assert_fails_with_status(f, IP_OPTION_TOO_BIG);
}

static void test_malformed_options_are_bad_options(void **state)
{
    struct fixture *f = *state;
    struct {
        UCHAR size;
        UCHAR bytes[8];
    } malformed[] = {
        {1, {7}},                            /* without a length */
        {4, {7, 0, 4, 0}},                   /* shorter than itself */
        {4, {7, 1, 4, 0}},                   /* again */
        {4, {7, 8, 4, 0}},                   /* longer than there are bytes */
        {3, {0x94, 4, 0}},                   /* again */
        {8, {7, 7, 3, 0, 0, 0, 0, 0}},       /* its pointer leads in front of its data */
        {8, {7, 7, 200, 0, 0, 0, 0, 0}},     /* behind it */
        {8, {0x44, 8, 4, 0, 0, 0, 0, 0}},    /* in front of its data */
        {8, {1, 1, 1, 1, 7, 3, 4, 200}},     /* good ones first; there is no operation 200 of no length */
        {7, {0x83, 7, 9, 127, 0, 0, 1}},     /* behind it */
        {8, {0x44, 8, 5, 0x0f, 0, 0, 0, 0}}, /* a timestamp of no known kind */
    };

    f->request.options = &f->options;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        f->options.OptionsSize = malformed[i].size;
        f->options.OptionsData = malformed[i].bytes;
        assert_fails_with_status(f, IP_BAD_OPTION);
    }
    f->options.OptionsSize = 0;
    assert_answered(f);
}

/* ---- Time-outs ---- */

static void test_timeout_0_waits_a_little(void **state)
{
    struct fixture *f = *state;
    DWORD replies, error;

    f->request.timeout_ms = 0;
    for (enum sender sender = 0; sender < SENDER_COUNT; sender++) {
        double start_ms = now_ms();

        replies = request_send_by(sender, &f->request);
        error = GetLastError();
        assert_true(now_ms() - start_ms < TIMEOUT_MS);
        if (replies == 1) {
            assert_int_equal(error, 0);
            assert_int_equal(reply_in(f->reply).Status, IP_SUCCESS);
        } else {
            assert_int_equal(replies, 0);
            assert_int_equal(error, IP_REQ_TIMED_OUT);
            assert_int_equal(reply_in(f->reply).Status, IP_REQ_TIMED_OUT);
        }
    }
}

/* Loopback must be able to answer: of many, at least one does. */
static void test_timeout_0_is_enough_for_loopback_to_answer(void **state)
{
    struct fixture *f = *state;

    bool answered = false;

    f->request.timeout_ms = 0;
    for (int i = 0; i < 200 && !answered; i++) {
        answered = request_send(&f->request) == 1;
    }
    assert_true(answered);
}

static void test_timeout_0_does_not_hang_when_nobody_answers(void **state)
{
    struct fixture *f = *state;
    double start_ms = now_ms();

    f->request.timeout_ms = 0;
    f->request.destination = SILENT;
    assert_int_equal(request_send(&f->request), 0);
    assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
    assert_true(now_ms() - start_ms < TIMEOUT_MS);
}

static void test_longest_timeouts_are_accepted(void **state)
{
    struct fixture *f = *state;
    static const DWORD timeouts[] = {0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};

    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        f->request.timeout_ms = timeouts[i];
        assert_answered(f);
    }
}

/* If the deadline overflowed, it would come at once. */
static DWORD WINAPI ping_silent_for_ever(void *argument)
{
    const struct request *request = argument;

    return request_send(request);
}

static void test_longest_timeout_does_not_come_early(void **state)
{
    struct fixture *f = *state;
    HANDLE thread;

    f->request.destination = SILENT;
    f->request.timeout_ms = 0xffffffff;
    thread = CreateThread(NULL, 0, ping_silent_for_ever, &f->request, 0, NULL);
    assert_non_null(thread);
    assert_int_equal(WaitForSingleObject(thread, 700), WAIT_TIMEOUT);
    TerminateThread(thread, 0);
    WaitForSingleObject(thread, TIMEOUT_MS);
    CloseHandle(thread);
    assert_true(reply_is_untouched(f));
}

/* ---- Not quite asynchronous requests; the others are in test_async_arguments.c ---- */

static void test_context_without_event_and_routine_is_synchronous(void **state)
{
    struct fixture *f = *state;

    f->request.context = f;
    assert_answered(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reply_buffer_null_is_an_invalid_parameter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reply_size_0_is_an_invalid_parameter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reply_buffer_null_of_size_0_is_an_invalid_parameter, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_reply_size_less_than_the_structure_is_an_invalid_parameter,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_request_data_is_sent_as_an_empty_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_request_size_0_is_an_empty_request_whatever_the_data, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_request_data_null_with_a_size_is_an_invalid_parameter, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_requests_of_65500_bytes_work, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_requests_of_more_than_65500_bytes_work_or_are_a_general_failure,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_destination_0_is_an_invalid_netname, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_source_that_is_not_ours_is_an_invalid_netname, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_source_refused_once_does_not_spoil_the_next_request, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_source_0_lets_the_system_choose, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_source_of_ours_is_accepted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_options_are_the_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_options_of_all_zero_are_accepted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ttl_0_beside_other_settings_is_accepted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_options_data_is_not_looked_at_when_its_size_is_0, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_options_data_null_with_a_size_is_an_invalid_parameter, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_more_than_40_bytes_of_options_are_too_big, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_malformed_options_are_bad_options, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timeout_0_waits_a_little, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timeout_0_is_enough_for_loopback_to_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timeout_0_does_not_hang_when_nobody_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_longest_timeouts_are_accepted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_longest_timeout_does_not_come_early, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_context_without_event_and_routine_is_synchronous, set_up,
                                        tear_down),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
