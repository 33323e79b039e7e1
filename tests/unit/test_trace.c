/*
 * What trace/trace.h promises, and the line that echo traces for each request.
 */
#include "support/cmocka_main.h"

#include <arpa/inet.h>

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

static void assert_written(struct ip_address address, const char *expected)
{
    assert_string_equal(trace_address(&address).text, expected);
}

static void test_ipv4_addresses_are_written_with_dots(void **state)
{
    (void)state;
    assert_written(address_v4(192, 0, 2, 1), "192.0.2.1");
    assert_written(ip_address_v4(0), "0.0.0.0");
    assert_written(ip_address_v4(UINT32_MAX), "255.255.255.255");
}

static void test_no_address_is_written_as_such(void **state)
{
    (void)state;
    assert_written((struct ip_address){0}, "none");
}

/* Against inet_ntop, which has written IPv6 addresses in the way of RFC 5952 since before it; but for those
 * that hold an IPv4 address, whose first 80 bits are 0. */
static void test_ipv6_addresses_are_written_as_by_the_c_library(void **state)
{
    (void)state;
    for (unsigned int zeros = 0; zeros < 256; zeros++) { /* every choice of groups that are zero */
        uint8_t bytes[16];
        char expected[64];
        for (size_t group = 0; group < 8; group++) {
            unsigned int value = (zeros >> group & 1) != 0 ? 0 : 0xf0b1U >> (group % 4 * 4);
            bytes[2 * group] = (uint8_t)(value >> 8);
            bytes[2 * group + 1] = (uint8_t)value;
        }
        if ((zeros & 0x1f) != 0x1f) {
            assert_written(ip_address_v6(bytes, 0), inet_ntop(AF_INET6, bytes, expected, sizeof(expected)));
        }
    }
}

static void test_ipv6_addresses_of_special_meaning_are_written_short(void **state)
{
    static const uint8_t unspecified[16];
    static const uint8_t loopback[16] = {[15] = 1};

    (void)state;
    assert_written(ip_address_v6(unspecified, 0), "::");
    assert_written(ip_address_v6(loopback, 0), "::1");
}

static void test_the_longest_address_is_written_with_its_scope(void **state)
{
    uint8_t bytes[16];

    (void)state;
    memset(bytes, 0xff, sizeof(bytes));
    bytes[1] = 0xf2; /* link-local multicast */
    assert_written(ip_address_v6(bytes, UINT32_MAX), "fff2:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295");
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
        cmocka_unit_test(test_ipv4_addresses_are_written_with_dots),
        cmocka_unit_test(test_no_address_is_written_as_such),
        cmocka_unit_test(test_ipv6_addresses_are_written_as_by_the_c_library),
        cmocka_unit_test(test_ipv6_addresses_of_special_meaning_are_written_short),
        cmocka_unit_test(test_the_longest_address_is_written_with_its_scope),
        cmocka_unit_test_setup_teardown(test_lines_of_several_threads_are_not_mixed, fixture_engine_set_up,
                                        fixture_engine_tear_down),
    };
    return cmocka_run(argc, argv, tests, turn_tracing_on, NULL);
}
