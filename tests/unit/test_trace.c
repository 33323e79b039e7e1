/*
 * What trace/trace.h promises, and the line that echo traces for each request.
 */
#include "support/cmocka_main.h"

#include "trace/trace.h"
#include "unit/support/echo_fixture.h"

static int turn_tracing_on(void **state)
{
    (void)state;
    os_posix_set_environment("OPENICMP_TRACE", "1");
    return 0;
}

static void assert_printed(const char *text)
{
    if (strstr(os_posix_printed(), text) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", text, os_posix_printed());
    }
}

static size_t printed_lines(void)
{
    size_t count = 0;
    for (const char *c = os_posix_printed(); *c != '\0'; c++) {
        count += *c == '\n';
    }
    return count;
}

static void run(struct engine *engine, uint32_t (*hook)(const struct fake_sent *), uint32_t timeout_ms)
{
    static struct caller caller;
    fake_network_hook((struct fake_network_hooks){.send = hook});
    caller_set(&caller, engine, HOST, "12345", timeout_ms);
    caller_run(&caller);
}

static void test_a_reply_is_traced_in_one_line(void **state)
{
    char line[100];

    run(*state, NULL, 1000);
    const struct fake_sent *sent = fake_network_sent(1);
    snprintf(line, sizeof(line), "echo 192.0.2.1 id %u seq %u: status 0 from 192.0.2.1, 5 bytes, ttl 64",
             sent->identifier, sent->sequence);
    assert_int_equal(printed_lines(), 1);
    assert_printed("openicmp: ");
    assert_printed(line);
}

static void test_a_time_out_is_traced_in_one_line(void **state)
{
    run(*state, fake_network_silence, 1);
    assert_int_equal(printed_lines(), 1);
    assert_printed("echo 192.0.2.1 ");
    assert_printed("no answer, error 11010");
}

static uint32_t refuse(const struct fake_sent *sent)
{
    (void)sent;
    return ERROR_NETWORK_UNREACHABLE;
}

static void test_a_send_that_fails_is_traced_in_one_line(void **state)
{
    run(*state, refuse, 1000);
    assert_int_equal(printed_lines(), 1);
    assert_printed("error 1231");
}

static void test_a_line_that_is_too_long_is_cut_and_still_ends(void **state)
{
    (void)state;
    trace("%0500d", 1);
    assert_int_equal(printed_lines(), 1);
    assert_in_range(strlen(os_posix_printed()), 200, 256);
    trace("%d", 2);
    assert_int_equal(printed_lines(), 2);
}

static void test_addresses_are_written_with_dots(void **state)
{
    (void)state;
    assert_string_equal(trace_address(address_be(192, 0, 2, 1)).text, "192.0.2.1");
    assert_string_equal(trace_address(0).text, "0.0.0.0");
    assert_string_equal(trace_address(UINT32_MAX).text, "255.255.255.255");
}

static struct gate all_here;

static void trace_much(void *argument)
{
    (void)argument;
    gate_pass(&all_here);
    for (int i = 0; i < 20; i++) {
        trace("%s", "a line of some length that is not to be mixed with another");
    }
}

static void test_lines_of_several_threads_are_not_mixed(void **state)
{
    struct os_posix_thread *threads[4];
    const char *line = os_posix_printed();

    (void)state;
    all_here = (struct gate){0};
    for (size_t i = 0; i < 4; i++) {
        threads[i] = os_posix_thread_start(trace_much, NULL);
    }
    gate_open(&all_here);
    for (size_t i = 0; i < 4; i++) {
        os_posix_thread_join(threads[i]);
    }
    assert_int_equal(printed_lines(), 80);
    for (size_t i = 0; i < 80; i++) {
        assert_int_equal(strncmp(line, "openicmp: ", 10), 0);
        line = strchr(line, '\n') + 1;
        assert_int_equal(strncmp(line - 9, " another\n", 9), 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_reply_is_traced_in_one_line, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_time_out_is_traced_in_one_line, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_send_that_fails_is_traced_in_one_line, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_that_is_too_long_is_cut_and_still_ends,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_addresses_are_written_with_dots, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_lines_of_several_threads_are_not_mixed, fixture_engine_set_up,
                                        fixture_engine_tear_down),
    };
    return cmocka_run(argc, argv, tests, turn_tracing_on, NULL);
}
