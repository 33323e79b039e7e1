/* The command line of samples/sweep: what is read, which values are refused, and with what words. */
#include "support/cmocka_main.h"

#include "../../samples/sweep/options.h"

static struct sweep_options options;
static char message[256];

static int teardown(void **state)
{
    (void)state;
    sweep_options_free(&options);
    return 0;
}

/* Parses the words of line, as a shell would split them. */
static enum arguments_result parse(const char *line)
{
    static char words[512];
    char *argv[64] = {"sweep"};
    int argc = 1;

    sweep_options_free(&options);
    assert_true(strlen(line) < sizeof(words));
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    return sweep_options_parse(&options, argc, argv, message, sizeof(message));
}

static void assert_parses(const char *line)
{
    enum arguments_result result = parse(line);
    assert_string_equal(message, "");
    assert_int_equal(result, ARGUMENTS_OK);
}

static void assert_refused(const char *line, const char *expected_message)
{
    assert_int_equal(parse(line), ARGUMENTS_INVALID);
    assert_string_equal(message, expected_message);
}

static void test_a_target_alone_leaves_the_defaults(void **state)
{
    (void)state;
    assert_parses("192.0.2.0/24");
    assert_int_equal(options.source_count, 1);
    assert_string_equal(options.sources[0].text, "192.0.2.0/24");
    assert_false(options.sources[0].is_file);
    assert_int_equal(options.family, ANY_FAMILY);
    assert_int_equal(options.count, 1);
    assert_int_equal(options.retries, 1);
    assert_int_equal(options.interval_ms, 1000);
    assert_int_equal(options.timeout_ms, 1000);
    assert_int_equal(options.per_second, 0);
    assert_int_equal(options.max_outstanding, 1024);
    assert_int_equal(options.limit, 0);
    assert_int_equal(options.size_bytes, 32);
    assert_int_equal(options.ttl, 0);
    assert_int_equal(options.show, SHOW_ALIVE);
    assert_string_equal(options.format->name, "text");
    assert_false(options.quiet);
}

static void test_every_option_reaches_its_field(void **state)
{
    (void)state;
    assert_parses(
        "--count 3 --interval 20 --timeout 300 --rate 4000 --retries 5 --outstanding 600 --limit 7000 "
        "--size 80 --ttl 9 --show all --format json --quiet -6 target");
    assert_int_equal(options.count, 3);
    assert_int_equal(options.interval_ms, 20);
    assert_int_equal(options.timeout_ms, 300);
    assert_int_equal(options.per_second, 4000);
    assert_int_equal(options.retries, 5);
    assert_int_equal(options.max_outstanding, 600);
    assert_int_equal(options.limit, 7000);
    assert_int_equal(options.size_bytes, 80);
    assert_int_equal(options.ttl, 9);
    assert_int_equal(options.show, SHOW_ALL);
    assert_string_equal(options.format->name, "json");
    assert_true(options.quiet);
    assert_int_equal(options.family, IPV6);
}

static void test_pings_letters_mean_the_same(void **state)
{
    (void)state;
    assert_parses("-n 3 -w 300 -l 80 -i 9 -q -4 target --show=dead --format=csv");
    assert_int_equal(options.count, 3);
    assert_int_equal(options.timeout_ms, 300);
    assert_int_equal(options.size_bytes, 80);
    assert_int_equal(options.ttl, 9);
    assert_true(options.quiet);
    assert_int_equal(options.family, IPV4);
    assert_int_equal(options.show, SHOW_DEAD);
    assert_string_equal(options.format->name, "csv");
}

static void test_who_asks_more_than_once_repeats_only_when_told(void **state)
{
    (void)state;
    assert_parses("-n 2 target");
    assert_int_equal(options.retries, 0);
    assert_parses("-n 2 --retries 1 target");
    assert_int_equal(options.retries, 1);
    assert_parses("--retries 0 target");
    assert_int_equal(options.retries, 0);
}

static void test_targets_come_from_arguments_files_and_standard_input(void **state)
{
    (void)state;
    assert_parses("a @b --file c - d --file - @-");
    const struct target_source expected[] = {{"a", false}, {"b", true}, {"c", true}, {"-", true},
                                             {"d", false}, {"-", true}, {"-", true}};
    assert_int_equal(options.source_count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(options.sources[i].text, expected[i].text);
        assert_int_equal(options.sources[i].is_file, expected[i].is_file);
    }
}

static void test_without_arguments_help_is_given(void **state)
{
    (void)state;
    assert_int_equal(parse(""), ARGUMENTS_HELP);
    assert_int_equal(parse("-?"), ARGUMENTS_HELP);
    assert_int_equal(parse("target --help"), ARGUMENTS_HELP);
    assert_string_equal(message, "");
}

static void test_what_is_wrong_is_told(void **state)
{
    (void)state;
    assert_refused("-n 3", "A target must be specified.");
    assert_refused("@", "The name of a file must be supplied behind @.");
    assert_refused("target --file", "Value must be supplied for option --file.");
    assert_refused("target --format xml", "Bad value for option --format: text, csv or json.");
    assert_refused("target --format", "Value must be supplied for option --format.");
    assert_refused("target --show some", "Bad value for option --show: alive, dead or all.");
    assert_refused("target --show", "Value must be supplied for option --show.");
    assert_refused("target --rate 0", "Bad value for option --rate, valid range is from 1 to 10000000.");
    assert_refused("target --timeout 0", "Bad value for option --timeout, valid range is from 1 to 3600000.");
    assert_refused("target --count 0", "Bad value for option --count, valid range is from 1 to 4294967295.");
    assert_refused("target --outstanding 65537",
                   "Bad value for option --outstanding, valid range is from 1 to 65536.");
    assert_refused("target --limit -1", "Bad value for option --limit, valid range is from 1 to 4294967295.");
    assert_refused("target --size 65501", "Bad value for option --size, valid range is from 0 to 65500.");
    assert_refused("-4 -6 target", "The option -6 is only supported for IPv6.");
    assert_int_equal(parse("target --fast"), ARGUMENTS_UNKNOWN);
    assert_string_equal(message, "Bad option --fast.");
    assert_int_equal(parse("target /"), ARGUMENTS_UNKNOWN);
    assert_int_equal(parse("target --"), ARGUMENTS_UNKNOWN);
    assert_int_equal(parse("target -="), ARGUMENTS_UNKNOWN);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_a_target_alone_leaves_the_defaults, teardown),
        cmocka_unit_test_teardown(test_every_option_reaches_its_field, teardown),
        cmocka_unit_test_teardown(test_pings_letters_mean_the_same, teardown),
        cmocka_unit_test_teardown(test_who_asks_more_than_once_repeats_only_when_told, teardown),
        cmocka_unit_test_teardown(test_targets_come_from_arguments_files_and_standard_input, teardown),
        cmocka_unit_test_teardown(test_without_arguments_help_is_given, teardown),
        cmocka_unit_test_teardown(test_what_is_wrong_is_told, teardown),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
