/* What the samples share: command lines by a table, addresses, text, times and charts. */
#include "support/cmocka_main.h"

#include "../../samples/common/address.h"
#include "../../samples/common/arguments.h"
#include "../../samples/common/chart.h"
#include "../../samples/common/duration.h"

struct read_options {
    bool quiet;
    bool json;
    uint32_t rate;
    uint32_t lower;
    uint32_t upper;
    const char *file;
    const char *operands[4];
    size_t operand_count;
};

#define FIELD(name) offsetof(struct read_options, name)

static const struct option table[] = {
    {.name = "q", .kind = OPTION_FLAG, .offset = FIELD(quiet)},
    {.name = "json", .kind = OPTION_FLAG, .offset = FIELD(json)},
    {.name = "rate", .kind = OPTION_NUMBER, .min = 1, .max = 1000, .offset = FIELD(rate)},
    {.name = "s", .kind = OPTION_NUMBER, .min = 0, .max = 9, .offset = FIELD(lower)},
    {.name = "S", .kind = OPTION_NUMBER, .min = 0, .max = 9, .offset = FIELD(upper)},
    {.name = "x", .kind = OPTION_FLAG, .exact_case = true, .offset = FIELD(quiet)},
    {.name = "file", .kind = OPTION_TEXT, .offset = FIELD(file)},
    {.name = "4", .kind = OPTION_FAMILY, .family = IPV4},
    {.name = "6", .kind = OPTION_FAMILY, .family = IPV6},
    {.name = "?", .kind = OPTION_HELP},
    {.name = "help", .kind = OPTION_HELP},
};

static enum arguments_result take_operand(struct arguments *in, void *into, const char *operand)
{
    struct read_options *options = into;
    if (options->operand_count == COUNT_OF(options->operands))
        return arguments_refuse(in, "Bad parameter %s.", operand);
    options->operands[options->operand_count++] = operand;
    return ARGUMENTS_OK;
}

static struct read_options options;
static struct arguments in;
static char message[128];

static enum arguments_result read_line(const char *line)
{
    static const struct syntax syntax = {table, COUNT_OF(table), take_operand};
    static char words[256];
    char *argv[32] = {"program"};
    int argc = 1;

    assert_true(strlen(line) < sizeof(words));
    strcpy(words, line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    memset(&options, 0, sizeof(options));
    arguments_start(&in, argc, argv, message, sizeof(message));
    return arguments_read(&in, &syntax, &options);
}

static void assert_result(const char *line, enum arguments_result expected, const char *expected_message)
{
    enum arguments_result result = read_line(line);
    assert_string_equal(message, expected_message);
    assert_int_equal(result, expected);
}

static void test_words_follow_two_dashes_or_a_slash(void **state)
{
    (void)state;
    assert_result("--json --rate 5 --file a", ARGUMENTS_OK, "");
    assert_true(options.json);
    assert_int_equal(options.rate, 5);
    assert_string_equal(options.file, "a");
    assert_result("/json /rate 6 /file b", ARGUMENTS_OK, "");
    assert_true(options.json);
    assert_int_equal(options.rate, 6);
    assert_string_equal(options.file, "b");
    assert_result("-json", ARGUMENTS_UNKNOWN, "Bad option -json.");
    assert_result("--JSON", ARGUMENTS_UNKNOWN, "Bad option --JSON.");
    assert_result("--jso", ARGUMENTS_UNKNOWN, "Bad option --jso.");
    assert_result("--jsonx", ARGUMENTS_UNKNOWN, "Bad option --jsonx.");
    assert_result("--", ARGUMENTS_UNKNOWN, "Bad option --.");
    assert_result("-", ARGUMENTS_UNKNOWN, "Bad option -.");
    assert_result("--q", ARGUMENTS_UNKNOWN, "Bad option --q.");
}

static void test_words_take_values_behind_an_equals_sign(void **state)
{
    (void)state;
    assert_result("--rate=7 --file=x=y a", ARGUMENTS_OK, "");
    assert_int_equal(options.rate, 7);
    assert_string_equal(options.file, "x=y");
    assert_string_equal(options.operands[0], "a");
    assert_result("--file=", ARGUMENTS_OK, "");
    assert_string_equal(options.file, "");
    assert_result("--rate=0", ARGUMENTS_INVALID,
                  "Bad value for option --rate=0, valid range is from 1 to 1000.");
    assert_result("--rate=", ARGUMENTS_INVALID,
                  "Bad value for option --rate=, valid range is from 1 to 1000.");
    assert_result("--json=yes", ARGUMENTS_UNKNOWN, "Bad option --json=yes.");
    assert_result("-s=1", ARGUMENTS_UNKNOWN, "Bad option -s=1.");
    assert_result("--help=1", ARGUMENTS_UNKNOWN, "Bad option --help=1.");
}

static void test_case_of_a_letter_matters_if_both_are_options_or_one_is_exact(void **state)
{
    (void)state;
    assert_result("-s 1 -S 2 -Q", ARGUMENTS_OK, "");
    assert_int_equal(options.lower, 1);
    assert_int_equal(options.upper, 2);
    assert_true(options.quiet);
    assert_result("-x", ARGUMENTS_OK, "");
    assert_result("-X", ARGUMENTS_UNKNOWN, "Bad option -X.");
}

static void test_operands_and_values_are_told_apart(void **state)
{
    (void)state;
    assert_result("a --file -q b", ARGUMENTS_OK, "");
    assert_false(options.quiet);
    assert_string_equal(options.file, "-q");
    assert_int_equal(options.operand_count, 2);
    assert_result("a b c d e", ARGUMENTS_INVALID, "Bad parameter e.");
    assert_result("a --rate", ARGUMENTS_INVALID, "Value must be supplied for option --rate.");
}

static void test_help_ends_the_reading(void **state)
{
    (void)state;
    assert_result("-? --nonsense", ARGUMENTS_HELP, "");
    assert_result("/? --nonsense", ARGUMENTS_HELP, "");
    assert_result("--help --nonsense", ARGUMENTS_HELP, "");
}

static void test_the_family_is_kept_beside_the_options(void **state)
{
    (void)state;
    assert_result("a", ARGUMENTS_OK, "");
    assert_int_equal(in.family, ANY_FAMILY);
    assert_result("-6 a -6", ARGUMENTS_OK, "");
    assert_int_equal(in.family, IPV6);
    assert_result("-6 /4", ARGUMENTS_INVALID, "The option /4 is only supported for IPv4.");
}

static void test_numbers_are_decimal_digits_within_their_range(void **state)
{
    uint32_t number = 77;
    (void)state;
    assert_true(parse_number("0", 0, 5, &number));
    assert_int_equal(number, 0);
    assert_true(parse_number("4294967295", 0, UINT32_MAX, &number));
    assert_int_equal(number, UINT32_MAX);
    assert_true(parse_number("007", 0, 9, &number));
    assert_int_equal(number, 7);
    static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "4294967296", "6x"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(parse_number(bad[i], 0, UINT32_MAX, &number));
    assert_false(parse_number("2", 3, 5, &number));
    assert_false(parse_number("6", 3, 5, &number));
    assert_int_equal(number, 7);
}

static void assert_address(const char *given, enum family family, const char *expected)
{
    union address address;
    char text[ADDRESS_TEXT_BYTES];
    assert_true(address_parse(&address, given, family));
    address_to_text(&address, text);
    assert_string_equal(text, expected);
    assert_int_equal(address_is_ipv6(&address), strchr(expected, ':') != NULL);
}

static void test_addresses_of_both_families_are_read_and_written(void **state)
{
    (void)state;
    assert_address("127.0.0.1", ANY_FAMILY, "127.0.0.1");
    assert_address("127.1", IPV4, "127.0.0.1");
    assert_address("2001:DB8::0:1", ANY_FAMILY, "2001:db8::1");
    assert_address("::1", IPV6, "::1");
    assert_address("fe80::1%7", ANY_FAMILY, "fe80::1%7");
}

static void test_names_and_the_other_family_are_no_addresses(void **state)
{
    union address address;
    (void)state;
    assert_false(address_parse(&address, "localhost", ANY_FAMILY));
    assert_false(address_parse(&address, "256.0.0.1", ANY_FAMILY));
    assert_false(address_parse(&address, "127.0.0.1", IPV6));
    assert_false(address_parse(&address, "::1", IPV4));
}

static void test_no_address_is_a_question_mark(void **state)
{
    union address none = {0};
    char text[ADDRESS_TEXT_BYTES];
    (void)state;
    address_to_text(&none, text);
    assert_string_equal(text, "?");
}

static void test_addresses_are_equal_if_family_bytes_and_known_scopes_are(void **state)
{
    static const uint8_t one[16] = {0xfe, 0x80, [15] = 1};
    static const uint8_t other[16] = {0xfe, 0x80, [15] = 2};
    union address first = address_of_v6(one, 1);
    union address second;
    (void)state;
    assert_true(address_equal(&first, &first));
    assert_false(address_equal(&first, (second = address_of_v6(other, 1), &second)));
    assert_false(address_equal(&first, (second = address_of_v6(one, 2), &second)));
    assert_true(address_equal(&first, (second = address_of_v6(one, 0), &second)));
    assert_true(address_equal(&second, &first));
    assert_false(address_equal(&first, (second = address_of_v4(1), &second)));
    first = address_of_v4(1);
    assert_true(address_equal(&first, &second));
    assert_false(address_equal(&first, (second = address_of_v4(2), &second)));
}

static void test_text_that_does_not_fit_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 8; size++) {
        char bytes[8];
        struct text text = text_in(bytes, size);
        text_add(&text, "%s", "ab▁");
        assert_string_equal(text.bytes, size > 5 ? "ab▁" : size > 2 ? "ab" : size == 2 ? "a" : "");
        assert_int_equal(text.used, strlen(text.bytes));
    }
}

static void test_columns_are_characters_in_padding_and_cutting(void **state)
{
    char bytes[32];
    struct text text = text_in(bytes, sizeof(bytes));
    (void)state;
    text_add(&text, "é▁");
    assert_int_equal(text_columns(text.bytes), 2);
    text_pad(&text, 4);
    assert_string_equal(text.bytes, "é▁  ");
    text_pad(&text, 3);
    assert_string_equal(text.bytes, "é▁  ");
    text_cut(&text, 5);
    assert_string_equal(text.bytes, "é▁  ");
    text_cut(&text, 1);
    assert_string_equal(text.bytes, "é");
    text_add(&text, "x");
    assert_string_equal(text.bytes, "éx");
    text_cut(&text, 0);
    assert_string_equal(text.bytes, "");
}

static void assert_duration(void (*add)(struct text *, uint64_t), uint64_t value, const char *expected)
{
    char bytes[64];
    struct text text = text_in(bytes, sizeof(bytes));
    add(&text, value);
    assert_string_equal(bytes, expected);
}

static void test_milliseconds_have_microseconds_behind_the_point(void **state)
{
    (void)state;
    assert_duration(duration_add_ms, 0, "0.000");
    assert_duration(duration_add_ms, 999, "0.000");
    assert_duration(duration_add_ms, 1000, "0.001");
    assert_duration(duration_add_ms, 12345678, "12.345");
    assert_duration(duration_add_ms, UINT64_MAX, "18446744073709.551");
}

static void test_short_milliseconds_have_four_digits(void **state)
{
    (void)state;
    assert_duration(duration_add_short_ms, 0, "0.000");
    assert_duration(duration_add_short_ms, 123999, "0.123");
    assert_duration(duration_add_short_ms, 9999999, "9.999");
    assert_duration(duration_add_short_ms, 10000000, "10.00");
    assert_duration(duration_add_short_ms, 99999999, "99.99");
    assert_duration(duration_add_short_ms, 100000000, "100.0");
    assert_duration(duration_add_short_ms, 999999999, "999.9");
    assert_duration(duration_add_short_ms, 4000000000, "4000");
}

static void test_clocks_show_hours_only_if_there_are_any(void **state)
{
    (void)state;
    assert_duration(duration_add_clock, 0, "0:00");
    assert_duration(duration_add_clock, 7, "0:07");
    assert_duration(duration_add_clock, 754, "12:34");
    assert_duration(duration_add_clock, 3599, "59:59");
    assert_duration(duration_add_clock, 3723, "1:02:03");
    assert_duration(duration_add_clock, 360000, "100:00:00");
}

static void test_bars_are_eighths_of_the_highest(void **state)
{
    (void)state;
    assert_string_equal(chart_bar(0, 800), "▁");
    assert_string_equal(chart_bar(99, 800), "▁");
    assert_string_equal(chart_bar(100, 800), "▂");
    assert_string_equal(chart_bar(699, 800), "▇");
    assert_string_equal(chart_bar(700, 800), "█");
    assert_string_equal(chart_bar(800, 800), "█");
    assert_string_equal(chart_bar(0, 0), "▁");
    assert_string_equal(chart_bar(0, 3), "▁");
    assert_string_equal(chart_bar(3, 3), "█");
    assert_string_equal(chart_bar(UINT64_MAX - 1, UINT64_MAX), "█");
    assert_string_equal(chart_bar(9, 1), "█");
}

static void assert_chart(const struct chart *chart, size_t columns, uint64_t longest, const char *expected)
{
    char bytes[4 * CHART_MAX_COLUMNS];
    struct text text = text_in(bytes, sizeof(bytes));
    assert_int_equal(chart_longest_ns(chart, columns), longest);
    chart_write(chart, &text, columns, longest);
    assert_string_equal(bytes, expected);
}

static void test_chart_shows_the_newest_and_what_was_lost(void **state)
{
    static struct chart chart;
    (void)state;
    chart = (struct chart){.added = 0};
    assert_chart(&chart, 10, 0, "");
    chart_add(&chart, CHART_LOST);
    assert_chart(&chart, 10, 0, "x");
    chart_add(&chart, 800);
    chart_add(&chart, 100);
    chart_add(&chart, 400);
    assert_chart(&chart, 10, 800, "x█▂▅");
    assert_chart(&chart, 2, 400, "▃█");
    assert_chart(&chart, 0, 0, "");
}

static void test_chart_forgets_what_is_older_than_it_is_wide(void **state)
{
    static struct chart chart;
    (void)state;
    chart = (struct chart){.added = 0};
    chart_add(&chart, 1000000);
    for (size_t i = 0; i < CHART_MAX_COLUMNS; i++)
        chart_add(&chart, 8);
    assert_int_equal(chart_longest_ns(&chart, SIZE_MAX), 8);
    chart_add(&chart, 4);
    assert_chart(&chart, 2, 8, "█▅");
}

static void test_chart_takes_times_that_come_later(void **state)
{
    static struct chart chart;
    (void)state;
    chart = (struct chart){.added = 0};
    uint64_t first = chart_add(&chart, CHART_PENDING);
    uint64_t second = chart_add(&chart, CHART_PENDING);
    assert_chart(&chart, 5, 0, "  ");
    chart_set(&chart, second, 8);
    assert_chart(&chart, 5, 8, " █");
    chart_set(&chart, first, CHART_LOST);
    assert_chart(&chart, 5, 8, "x█");
    for (size_t i = 2; i < CHART_MAX_COLUMNS + 1; i++)
        chart_add(&chart, 8);
    chart_set(&chart, first, 80); /* too late */
    chart_set(&chart, chart.added, 80);
    assert_int_equal(chart_longest_ns(&chart, SIZE_MAX), 8);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_follow_two_dashes_or_a_slash),
        cmocka_unit_test(test_words_take_values_behind_an_equals_sign),
        cmocka_unit_test(test_case_of_a_letter_matters_if_both_are_options_or_one_is_exact),
        cmocka_unit_test(test_operands_and_values_are_told_apart),
        cmocka_unit_test(test_help_ends_the_reading),
        cmocka_unit_test(test_the_family_is_kept_beside_the_options),
        cmocka_unit_test(test_numbers_are_decimal_digits_within_their_range),
        cmocka_unit_test(test_addresses_of_both_families_are_read_and_written),
        cmocka_unit_test(test_names_and_the_other_family_are_no_addresses),
        cmocka_unit_test(test_no_address_is_a_question_mark),
        cmocka_unit_test(test_addresses_are_equal_if_family_bytes_and_known_scopes_are),
        cmocka_unit_test(test_text_that_does_not_fit_is_cut_between_characters),
        cmocka_unit_test(test_columns_are_characters_in_padding_and_cutting),
        cmocka_unit_test(test_milliseconds_have_microseconds_behind_the_point),
        cmocka_unit_test(test_short_milliseconds_have_four_digits),
        cmocka_unit_test(test_clocks_show_hours_only_if_there_are_any),
        cmocka_unit_test(test_bars_are_eighths_of_the_highest),
        cmocka_unit_test(test_chart_shows_the_newest_and_what_was_lost),
        cmocka_unit_test(test_chart_forgets_what_is_older_than_it_is_wide),
        cmocka_unit_test(test_chart_takes_times_that_come_later),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
