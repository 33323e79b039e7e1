/* The command line of samples/ping: what is read, which values are refused, and with what words. */
#include "support/cmocka_main.h"

#include "../../samples/ping/options.h"

static struct ping_options options;
static char message[256];

/* Parses the words of line, as a shell would split them. */
static enum arguments_result parse(const char *line)
{
    static char words[512];
    char *argv[64] = {"ping"};
    int argc = 1;

    assert_true(strlen(line) < sizeof(words));
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    return ping_options_parse(&options, argc, argv, message, sizeof(message));
}

static void assert_parses(const char *line)
{
    enum arguments_result result = parse(line);
    assert_string_equal(message, "");
    assert_int_equal(result, ARGUMENTS_OK);
}

static void assert_refused(const char *line, const char *expected_message)
{
    enum arguments_result result = parse(line);
    assert_string_equal(message, expected_message);
    assert_int_equal(result, ARGUMENTS_INVALID);
}

static void test_target_alone_leaves_the_defaults_of_windows(void **state)
{
    (void)state;
    assert_parses("127.0.0.1");
    assert_string_equal(options.target, "127.0.0.1");
    assert_null(options.source);
    assert_int_equal(options.count, 4);
    assert_int_equal(options.size_bytes, 32);
    assert_int_equal(options.ttl, 128);
    assert_int_equal(options.tos, 0);
    assert_int_equal(options.timeout_ms, 4000);
    assert_int_equal(ping_options_ip_bytes(&options), 0);
    assert_false(options.forever || options.dont_fragment || options.resolve_address);
}

static void test_every_option_reaches_its_field(void **state)
{
    (void)state;
    assert_parses("-t -a -f -n 7 -l 100 -i 5 -v 16 -r 2 -s 1 -w 250 -S 10.0.0.1 -4 host");
    assert_true(options.forever);
    assert_true(options.resolve_address);
    assert_true(options.dont_fragment);
    assert_int_equal(options.count, 7);
    assert_int_equal(options.size_bytes, 100);
    assert_int_equal(options.ttl, 5);
    assert_int_equal(options.tos, 16);
    assert_int_equal(options.record_routes, 2);
    assert_int_equal(options.timestamps, 1);
    assert_int_equal(options.timeout_ms, 250);
    assert_string_equal(options.source, "10.0.0.1");
    assert_string_equal(options.target, "host");
}

static void test_precise_and_graph_are_ours(void **state)
{
    (void)state;
    assert_parses("host");
    assert_false(options.precise || options.graph);
    assert_parses("--precise host /graph");
    assert_true(options.precise && options.graph);
}

static void test_target_may_stand_before_between_and_after_options(void **state)
{
    (void)state;
    assert_parses("host -n 2 -f");
    assert_string_equal(options.target, "host");
    assert_parses("-n 2 host -f");
    assert_string_equal(options.target, "host");
    assert_parses("-n 2 -f host");
    assert_string_equal(options.target, "host");
}

static void test_slash_is_as_good_as_a_dash(void **state)
{
    (void)state;
    assert_parses("/n 3 /f host");
    assert_int_equal(options.count, 3);
    assert_true(options.dont_fragment);
}

static void test_case_of_letters_matters_for_s_only(void **state)
{
    (void)state;
    assert_parses("-N 3 -F -L 8 host");
    assert_int_equal(options.count, 3);
    assert_true(options.dont_fragment);
    assert_int_equal(options.size_bytes, 8);

    assert_parses("-s 4 host");
    assert_int_equal(options.timestamps, 4);
    assert_null(options.source);
    assert_parses("-S 4 host");
    assert_int_equal(options.timestamps, 0);
    assert_string_equal(options.source, "4");
}

static void test_capital_r_is_not_record_route(void **state)
{
    (void)state;
    assert_int_equal(parse("-R 4 host"), ARGUMENTS_UNKNOWN);
    assert_string_equal(message, "Bad option -R.");
}

static void test_last_of_repeated_options_counts(void **state)
{
    (void)state;
    assert_parses("-n 3 -n 5 host");
    assert_int_equal(options.count, 5);
}

/* One option's limits: both are accepted, what lies beyond is refused with the line that Windows prints. */
static void assert_range(const char *name, const char *min, const char *max, const char *below,
                         const char *above)
{
    const char *good[] = {min, max};
    const char *bad[] = {below, above, "-1", "+1", "x", "1x", "0x10", "1.5", "99999999999999999999999"};
    char line[128];
    char expected[128];

    snprintf(expected, sizeof(expected), "Bad value for option %s, valid range is from %s to %s.", name, min,
             max);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(line, sizeof(line), "%s %s host", name, good[i]);
        assert_parses(line);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(line, sizeof(line), "%s %s host", name, bad[i]);
        assert_refused(line, expected);
    }
}

static void test_count_is_1_to_4294967295(void **state)
{
    (void)state;
    assert_range("-n", "1", "4294967295", "0", "4294967296");
    assert_parses("-n 4294967295 host");
    assert_true(options.count == UINT32_MAX);
}

static void test_size_is_0_to_65500(void **state)
{
    (void)state;
    assert_range("-l", "0", "65500", "-1", "65501");
}

static void test_ttl_is_1_to_255(void **state)
{
    (void)state;
    assert_range("-i", "1", "255", "0", "256");
}

static void test_tos_is_0_to_255(void **state)
{
    (void)state;
    assert_range("-v", "0", "255", "-1", "256");
}

static void test_record_route_is_1_to_9(void **state)
{
    (void)state;
    assert_range("-r", "1", "9", "0", "10");
}

static void test_timestamps_are_1_to_4(void **state)
{
    (void)state;
    assert_range("-s", "1", "4", "0", "5");
}

static void test_timeout_is_0_to_4294967295(void **state)
{
    (void)state;
    assert_range("-w", "0", "4294967295", "-1", "4294967296");
}

static void test_bad_value_names_the_option_as_it_was_typed(void **state)
{
    (void)state;
    assert_refused("/N 0 host", "Bad value for option /N, valid range is from 1 to 4294967295.");
}

static void test_empty_value_is_a_bad_value(void **state)
{
    (void)state;
    char *argv[] = {"ping", "-l", "", "host"};
    assert_int_equal(ping_options_parse(&options, 4, argv, message, sizeof(message)), ARGUMENTS_INVALID);
    assert_string_equal(message, "Bad value for option -l, valid range is from 0 to 65500.");
}

static void test_option_at_the_end_misses_its_value(void **state)
{
    (void)state;
    assert_refused("host -n", "Value must be supplied for option -n.");
    assert_refused("host -S", "Value must be supplied for option -S.");
    assert_refused("host -j", "Value must be supplied for option -j.");
    assert_refused("-k -n 1 host", "Value must be supplied for option -k.");
}

static void test_no_arguments_and_question_mark_ask_for_help(void **state)
{
    (void)state;
    assert_int_equal(parse(""), ARGUMENTS_HELP);
    assert_string_equal(message, "");
    assert_int_equal(parse("-?"), ARGUMENTS_HELP);
    assert_int_equal(parse("host /?"), ARGUMENTS_HELP);
    assert_string_equal(message, "");
}

static void test_unknown_options_are_named(void **state)
{
    static const char *const unknown[] = {"-q", "/x", "--help", "-nt", "-", "/", "-n1", "-\xe9"};
    char expected[64];
    char line[64];
    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        snprintf(line, sizeof(line), "%s host", unknown[i]);
        snprintf(expected, sizeof(expected), "Bad option %s.", unknown[i]);
        assert_int_equal(parse(line), ARGUMENTS_UNKNOWN);
        assert_string_equal(message, expected);
    }
}

static void test_second_target_is_refused(void **state)
{
    (void)state;
    assert_refused("host other", "Bad parameter other.");
}

static void test_options_without_a_target_are_refused(void **state)
{
    (void)state;
    assert_refused("-n 1", "IP address must be specified.");
    assert_refused("-j a", "IP address must be specified.");
    assert_refused("-j a b -n 1", "IP address must be specified.");
}

static void test_the_family_is_open_unless_an_option_decides_it(void **state)
{
    (void)state;
    assert_parses("-t -a -n 7 -l 100 -i 5 -w 250 -S a host");
    assert_int_equal(options.family, ANY_FAMILY);
    assert_parses("-4 host");
    assert_int_equal(options.family, IPV4);
    assert_parses("-6 host");
    assert_int_equal(options.family, IPV6);
}

static void test_options_for_ipv4_only_decide_the_family(void **state)
{
    static const char *const lines[] = {"-f h", "-v 1 h", "-r 1 h", "-s 1 h", "-j a h", "-k a h", "-F h"};

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_parses(lines[i]);
        assert_int_equal(options.family, IPV4);
    }
}

static void test_options_of_the_other_family_are_refused(void **state)
{
    (void)state;
    assert_refused("-4 -6 host", "The option -6 is only supported for IPv6.");
    assert_refused("-6 -4 host", "The option -4 is only supported for IPv4.");
    assert_refused("-6 /F host", "The option /F is only supported for IPv4.");
    assert_refused("-6 -v 1 host", "The option -v is only supported for IPv4.");
    assert_refused("-6 -j a host", "The option -j is only supported for IPv4.");
    assert_refused("-r 1 -6 host", "The option -6 is only supported for IPv6.");
    assert_parses("-6 -6 -i 3 host");
}

static void test_overlong_argument_is_cut_in_the_message(void **state)
{
    char name[400];
    char *argv[] = {"ping", name};
    char small[16];
    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    name[0] = '-';
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(ping_options_parse(&options, 2, argv, small, sizeof(small)), ARGUMENTS_UNKNOWN);
    assert_string_equal(small, "Bad option -xxx");
}

static void test_host_list_at_the_end_ends_with_the_target(void **state)
{
    (void)state;
    assert_parses("-j a b c");
    assert_int_equal(options.route.hop_count, 2);
    assert_string_equal(options.route.hops[0], "a");
    assert_string_equal(options.route.hops[1], "b");
    assert_string_equal(options.target, "c");
    assert_false(options.route.strict);
}

static void test_host_list_ends_with_the_next_option(void **state)
{
    (void)state;
    assert_parses("-k a b -n 1 c");
    assert_true(options.route.strict);
    assert_int_equal(options.route.hop_count, 2);
    assert_string_equal(options.route.hops[1], "b");
    assert_string_equal(options.target, "c");
}

static void test_host_list_after_the_target_takes_all_hosts(void **state)
{
    (void)state;
    assert_parses("c -j a b");
    assert_int_equal(options.route.hop_count, 2);
    assert_string_equal(options.target, "c");
}

static void test_host_list_takes_eight_hosts_and_the_target(void **state)
{
    (void)state;
    assert_parses("-j 1 2 3 4 5 6 7 8 t");
    assert_int_equal(options.route.hop_count, 8);
    assert_string_equal(options.route.hops[7], "8");
    assert_string_equal(options.target, "t");
    assert_int_equal(ping_options_ip_bytes(&options), 39);

    assert_refused("-j 1 2 3 4 5 6 7 8 9 t", "Option -j takes at most 8 hosts and the target.");
    assert_refused("-k 1 2 3 4 5 6 7 8 9 10 11 t", "Option -k takes at most 8 hosts and the target.");
    assert_refused("-j 1 2 3 4 5 6 7 8 9 -n 1 t", "Option -j takes at most 8 hosts and the target.");
    assert_refused("t -j 1 2 3 4 5 6 7 8 9", "Option -j takes at most 8 hosts and the target.");
}

static void test_second_source_route_is_refused(void **state)
{
    (void)state;
    assert_refused("-j a -k b t", "Only one source route can be given.");
    assert_refused("-j a -j b t", "Only one source route can be given.");
}

static void test_ip_options_together_must_fit_into_40_bytes(void **state)
{
    (void)state;
    assert_parses("-s 4 host"); /* 4 + 4 * 8 */
    assert_int_equal(ping_options_ip_bytes(&options), 36);
    assert_parses("-r 6 -s 1 host"); /* 27 + 12 */
    assert_int_equal(ping_options_ip_bytes(&options), 39);
    assert_refused("-r 7 -s 1 host", "Options -r, -s, -j and -k do not fit into one IP header together.");
    assert_refused("-r 9 -j a t", "Options -r, -s, -j and -k do not fit into one IP header together.");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_alone_leaves_the_defaults_of_windows),
        cmocka_unit_test(test_every_option_reaches_its_field),
        cmocka_unit_test(test_precise_and_graph_are_ours),
        cmocka_unit_test(test_target_may_stand_before_between_and_after_options),
        cmocka_unit_test(test_slash_is_as_good_as_a_dash),
        cmocka_unit_test(test_case_of_letters_matters_for_s_only),
        cmocka_unit_test(test_capital_r_is_not_record_route),
        cmocka_unit_test(test_last_of_repeated_options_counts),
        cmocka_unit_test(test_count_is_1_to_4294967295),
        cmocka_unit_test(test_size_is_0_to_65500),
        cmocka_unit_test(test_ttl_is_1_to_255),
        cmocka_unit_test(test_tos_is_0_to_255),
        cmocka_unit_test(test_record_route_is_1_to_9),
        cmocka_unit_test(test_timestamps_are_1_to_4),
        cmocka_unit_test(test_timeout_is_0_to_4294967295),
        cmocka_unit_test(test_bad_value_names_the_option_as_it_was_typed),
        cmocka_unit_test(test_empty_value_is_a_bad_value),
        cmocka_unit_test(test_option_at_the_end_misses_its_value),
        cmocka_unit_test(test_no_arguments_and_question_mark_ask_for_help),
        cmocka_unit_test(test_unknown_options_are_named),
        cmocka_unit_test(test_second_target_is_refused),
        cmocka_unit_test(test_options_without_a_target_are_refused),
        cmocka_unit_test(test_the_family_is_open_unless_an_option_decides_it),
        cmocka_unit_test(test_options_for_ipv4_only_decide_the_family),
        cmocka_unit_test(test_options_of_the_other_family_are_refused),
        cmocka_unit_test(test_overlong_argument_is_cut_in_the_message),
        cmocka_unit_test(test_host_list_at_the_end_ends_with_the_target),
        cmocka_unit_test(test_host_list_ends_with_the_next_option),
        cmocka_unit_test(test_host_list_after_the_target_takes_all_hosts),
        cmocka_unit_test(test_host_list_takes_eight_hosts_and_the_target),
        cmocka_unit_test(test_second_source_route_is_refused),
        cmocka_unit_test(test_ip_options_together_must_fit_into_40_bytes),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
