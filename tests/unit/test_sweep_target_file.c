/* Files of targets, as samples/sweep reads them: what is a target, and what is said about files that are none. */
#include "support/cmocka_main.h"

#include "../../samples/sweep/target_file.h"

static char lines[4096]; /* all that came, each with a ; behind it */
static char message[512];

static bool keep(void *context, const char *text, char *fault, size_t fault_bytes)
{
    (void)context;
    if (strcmp(text, "bad") == 0) {
        snprintf(fault, fault_bytes, "that is bad");
        return false;
    }
    strcat(strcat(lines, text), ";");
    return true;
}

static bool read_bytes(const void *bytes, size_t count)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    rewind(file);
    lines[0] = message[0] = '\0';
    bool read = target_file_read(file, "list", keep, NULL, message, sizeof(message));
    fclose(file);
    return read;
}

static void assert_lines(const char *text, const char *expected)
{
    assert_true(read_bytes(text, strlen(text)));
    assert_string_equal(lines, expected);
    assert_string_equal(message, "");
}

static void assert_refused(const void *bytes, size_t count, const char *expected_message)
{
    assert_false(read_bytes(bytes, count));
    assert_string_equal(message, expected_message);
}

static void test_a_line_is_a_target(void **state)
{
    (void)state;
    assert_lines("192.0.2.1\n192.0.2.0/24\n", "192.0.2.1;192.0.2.0/24;");
    assert_lines("192.0.2.1\nlast", "192.0.2.1;last;");
}

static void test_lines_may_end_as_on_windows(void **state)
{
    (void)state;
    assert_lines("192.0.2.1\r\n\r\nb\r\n", "192.0.2.1;b;");
}

static void test_blanks_comments_and_empty_lines_are_nothing(void **state)
{
    (void)state;
    assert_lines("", "");
    assert_lines("\n\n", "");
    assert_lines("# all of them\n \t a \t # the first\n#b\n  \nc#\n", "a;c;");
}

static void test_a_byte_order_mark_is_nothing(void **state)
{
    (void)state;
    assert_lines("\xef\xbb\xbf"
                 "a\n",
                 "a;");
    assert_lines("\xef\xbb\xbf", "");
    assert_lines("a\nb\xc3\xbc\n", "a;b\xc3\xbc;");
}

static void test_a_comment_may_be_of_any_length(void **state)
{
    (void)state;
    static char text[1 << 20];
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "a # ", 4);
    memcpy(text + sizeof(text) - 4, "\nb\n", 3);
    assert_lines(text, "a;b;");
}

static void test_a_megabyte_without_a_line_end_is_refused(void **state)
{
    (void)state;
    static char text[1 << 20];
    memset(text, 'x', sizeof(text));
    memcpy(text, "a\n", 2);
    assert_refused(text, sizeof(text), "list, line 2: the line is too long for a target");
    assert_string_equal(lines, "a;");
}

static void test_a_file_of_utf16_is_refused(void **state)
{
    (void)state;
    assert_refused("\xff\xfe"
                   "a\0\n",
                   5, "list, line 1: this is not a text file in UTF-8");
    assert_refused("\xff\xfe", 2, "list, line 1: this is not a text file in UTF-8");
    assert_refused("a\nb\0c\n", 6, "list, line 2: this is not a text file in UTF-8");
}

static void test_a_fault_is_told_with_its_line(void **state)
{
    (void)state;
    assert_refused("a\n\nbad\nc\n", 9, "list, line 3: that is bad");
    assert_string_equal(lines, "a;");
}

static void test_a_file_that_cannot_be_read_is_told(void **state)
{
    (void)state;
    FILE *folder = fopen("/", "r");
    assert_non_null(folder);
    message[0] = '\0';
    assert_false(target_file_read(folder, "/", keep, NULL, message, sizeof(message)));
    fclose(folder);
    assert_true(strncmp(message, "/ cannot be read: ", 18) == 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_a_target),
        cmocka_unit_test(test_lines_may_end_as_on_windows),
        cmocka_unit_test(test_blanks_comments_and_empty_lines_are_nothing),
        cmocka_unit_test(test_a_byte_order_mark_is_nothing),
        cmocka_unit_test(test_a_comment_may_be_of_any_length),
        cmocka_unit_test(test_a_megabyte_without_a_line_end_is_refused),
        cmocka_unit_test(test_a_file_of_utf16_is_refused),
        cmocka_unit_test(test_a_fault_is_told_with_its_line),
        cmocka_unit_test(test_a_file_that_cannot_be_read_is_told),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
