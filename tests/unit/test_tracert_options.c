/* The command line of samples/tracert: what is read, which values are refused, and with what words. */
#include "support/cmocka_main.h"

#include "../../samples/tracert/options.h"

static struct tracert_options options;
static char message[256];

static void assert_result(const char *line, enum arguments_result expected, const char *expected_message)
{
    static char words[256];
    char *argv[32] = {"tracert"};
    int argc = 1;

    assert_true(strlen(line) < sizeof(words));
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    enum arguments_result result = tracert_options_parse(&options, argc, argv, message, sizeof(message));
    assert_string_equal(message, expected_message);
    assert_int_equal(result, expected);
}

static void assert_parses(const char *line)
{
    assert_result(line, ARGUMENTS_OK, "");
}

static void assert_refused(const char *line, const char *expected_message)
{
    assert_result(line, ARGUMENTS_INVALID, expected_message);
}

static void test_target_alone_leaves_the_defaults_of_windows(void **state)
{
    (void)state;
    assert_parses("host");
    assert_string_equal(options.target, "host");
    assert_null(options.source);
    assert_int_equal(options.max_hops, 30);
    assert_int_equal(options.timeout_ms, 4000);
    assert_int_equal(options.family, ANY_FAMILY);
    assert_int_equal(options.route.hop_count, 0);
    assert_int_equal(options.interval_ms, 1000);
    assert_int_equal(options.count, 0);
    assert_false(options.numeric || options.sequential || options.precise || options.watch);
}

static void test_every_option_reaches_its_field(void **state)
{
    (void)state;
    assert_parses("-d /H 5 -w 100 -S ::1 -6 --sequential --precise host");
    assert_true(options.numeric && options.sequential && options.precise);
    assert_int_equal(options.max_hops, 5);
    assert_int_equal(options.timeout_ms, 100);
    assert_string_equal(options.source, "::1");
    assert_int_equal(options.family, IPV6);
    assert_parses("-4 --watch --count 3 --interval=10 host");
    assert_int_equal(options.family, IPV4);
    assert_true(options.watch);
    assert_int_equal(options.count, 3);
    assert_int_equal(options.interval_ms, 10);
}

static void test_values_out_of_range_are_refused(void **state)
{
    (void)state;
    assert_parses("-h 255 -w 4294967295 host");
    assert_refused("-h 0 host", "Bad value for option -h, valid range is from 1 to 255.");
    assert_refused("-h 256 host", "Bad value for option -h, valid range is from 1 to 255.");
    assert_refused("-w 0 host", "Bad value for option -w, valid range is from 1 to 4294967295.");
    assert_refused("--watch --count 0 host",
                   "Bad value for option --count, valid range is from 1 to 4294967295.");
    assert_refused("--watch --interval 9 host",
                   "Bad value for option --interval, valid range is from 10 to 3600000.");
}

static void test_loose_source_route_is_for_ipv4_and_may_end_with_the_target(void **state)
{
    (void)state;
    assert_parses("-j a b host");
    assert_int_equal(options.route.hop_count, 2);
    assert_false(options.route.strict);
    assert_string_equal(options.target, "host");
    assert_int_equal(options.family, IPV4);
    assert_refused("-6 -j a host", "The option -j is only supported for IPv4.");
    assert_refused("-j 1 2 3 4 5 6 7 8 9 host", "Option -j takes at most 8 hosts and the target.");
    assert_refused("-j a -j b host", "Only one source route can be given.");
}

static void test_way_back_is_known_but_refused(void **state)
{
    (void)state;
    assert_refused("-R host", "Option -R needs a routing header that RFC 5095 has abolished.");
    assert_refused("-4 -R host", "The option -R is only supported for IPv6.");
}

static void test_options_that_do_not_go_together_are_refused(void **state)
{
    (void)state;
    assert_refused("--sequential --watch host", "Only one of --sequential and --watch can be given.");
    assert_refused("--count 3 host", "--count needs --watch.");
}

static void test_help_unknown_options_and_operands(void **state)
{
    (void)state;
    assert_result("", ARGUMENTS_HELP, "");
    assert_result("/?", ARGUMENTS_HELP, "");
    assert_result("--help", ARGUMENTS_HELP, "");
    assert_result("-k a host", ARGUMENTS_UNKNOWN, "Bad option -k.");
    assert_refused("host other", "Bad parameter other.");
    assert_refused("-d", "A target name or address is missing.");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_alone_leaves_the_defaults_of_windows),
        cmocka_unit_test(test_every_option_reaches_its_field),
        cmocka_unit_test(test_values_out_of_range_are_refused),
        cmocka_unit_test(test_loose_source_route_is_for_ipv4_and_may_end_with_the_target),
        cmocka_unit_test(test_way_back_is_known_but_refused),
        cmocka_unit_test(test_options_that_do_not_go_together_are_refused),
        cmocka_unit_test(test_help_unknown_options_and_operands),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
