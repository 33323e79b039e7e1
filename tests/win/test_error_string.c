/*
 * GetIpErrorString (behaviour.md 2.8, Q9): texts of ours for each IP_STATUS, the system's for other errors, and
 * lengths in characters that suit callers who count the end of the text as well as those who do not.
 */
#include "win/support/guarded.h"
#include "win/support/requests.h"

#include <iphlpapi.h>

#define TEXT_CHARACTERS 256

/* Whether ipexport.h has a name for it. */
static bool is_status(IP_STATUS status)
{
    return status == IP_SUCCESS || (status >= IP_BUF_TOO_SMALL && status <= IP_NO_FURTHER_SENDS) ||
           (status >= IP_DEST_UNREACHABLE && status <= IP_DEST_SCOPE_MISMATCH) ||
           status == IP_GENERAL_FAILURE || status == IP_PENDING;
}

static void test_every_status_has_a_text_of_its_own(void **state)
{
    static WCHAR texts[IP_PENDING + 1][TEXT_CHARACTERS];

    (void)state;
    for (IP_STATUS status = 0; status <= IP_PENDING; status++) {
        DWORD size = TEXT_CHARACTERS;

        if (!is_status(status)) {
            continue;
        }
        assert_int_equal(GetIpErrorString(status, texts[status], &size), NO_ERROR);
        assert_in_range(size, 8, 80);
        assert_int_equal(wcslen(texts[status]), size);
        assert_int_equal(texts[status][size - 1], L'.');
        for (IP_STATUS other = 0; other < status; other++) {
            assert_int_not_equal(wcscmp(texts[status], texts[other]), 0);
        }
    }
    assert_int_equal(wcscmp(texts[IP_REQ_TIMED_OUT], L"Request timed out."), 0);
}

static void test_too_small_a_buffer_is_told_how_much_it_needs_and_left_alone(void **state)
{
    const DWORD length = (DWORD)wcslen(L"Request timed out.");
    WCHAR text[TEXT_CHARACTERS];

    (void)state;
    for (DWORD room = 0; room <= length; room++) {
        DWORD size = room;

        memset(text, 0xa5, sizeof(text));
        assert_int_equal(GetIpErrorString(IP_REQ_TIMED_OUT, text, &size), ERROR_INSUFFICIENT_BUFFER);
        assert_int_equal(size, length + 1);
        assert_true(bytes_are(text, sizeof(text), 0xa5));
    }
}

/* Whoever passes the characters that the buffer has, as programs do, gets no character too many. */
static void test_a_buffer_that_just_fits_is_filled_and_nothing_behind_it(void **state)
{
    const DWORD length = (DWORD)wcslen(L"Request timed out.");
    struct guarded guarded = guarded_alloc((length + 1) * sizeof(WCHAR));
    DWORD size = length + 1;

    (void)state;
    assert_int_equal(GetIpErrorString(IP_REQ_TIMED_OUT, (WCHAR *)guarded.bytes, &size), NO_ERROR);
    assert_int_equal(size, length);
    assert_int_equal(wcscmp((WCHAR *)guarded.bytes, L"Request timed out."), 0);
    assert_true(guarded_front_is_intact(&guarded));
    guarded_free(&guarded);
}

static void test_asking_without_a_buffer_tells_the_size_for_the_second_call(void **state)
{
    WCHAR text[TEXT_CHARACTERS];
    DWORD size = 0;

    (void)state;
    assert_int_equal(GetIpErrorString(IP_GENERAL_FAILURE, NULL, &size), ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(GetIpErrorString(IP_GENERAL_FAILURE, text, &size), NO_ERROR);
    assert_int_equal(wcslen(text), size);
}

static void test_nothing_to_write_to_is_an_error(void **state)
{
    WCHAR text[TEXT_CHARACTERS];
    DWORD size = TEXT_CHARACTERS;

    (void)state;
    assert_int_equal(GetIpErrorString(IP_SUCCESS, text, NULL), ERROR_INVALID_PARAMETER);
    assert_int_equal(GetIpErrorString(IP_SUCCESS, NULL, &size), ERROR_INVALID_PARAMETER);
    assert_int_equal(size, TEXT_CHARACTERS);
}

static void test_other_errors_have_the_systems_text_without_its_line_break(void **state)
{
    WCHAR expected[TEXT_CHARACTERS];
    WCHAR text[TEXT_CHARACTERS];
    DWORD size = TEXT_CHARACTERS;

    (void)state;
    assert_true(FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                               ERROR_HOST_UNREACHABLE, 0, expected, TEXT_CHARACTERS, NULL) > 0);
    assert_int_equal(GetIpErrorString(ERROR_HOST_UNREACHABLE, text, &size), NO_ERROR);
    assert_int_equal(wcslen(text), size);
    assert_int_equal(wcsncmp(text, expected, size), 0);
    assert_int_equal(wcsspn(expected + size, L"\r\n "), wcslen(expected + size));
    assert_null(wcspbrk(text, L"\r\n"));
}

static void test_a_number_that_nobody_knows_is_an_error(void **state)
{
    WCHAR text[TEXT_CHARACTERS];
    DWORD size = TEXT_CHARACTERS;

    (void)state;
    memset(text, 0xa5, sizeof(text));
    assert_int_equal(GetIpErrorString(12345678, text, &size), ERROR_MR_MID_NOT_FOUND);
    assert_true(bytes_are(text, sizeof(text), 0xa5));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_a_text_of_its_own),
        cmocka_unit_test(test_too_small_a_buffer_is_told_how_much_it_needs_and_left_alone),
        cmocka_unit_test(test_a_buffer_that_just_fits_is_filled_and_nothing_behind_it),
        cmocka_unit_test(test_asking_without_a_buffer_tells_the_size_for_the_second_call),
        cmocka_unit_test(test_nothing_to_write_to_is_an_error),
        cmocka_unit_test(test_other_errors_have_the_systems_text_without_its_line_break),
        cmocka_unit_test(test_a_number_that_nobody_knows_is_an_error),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
