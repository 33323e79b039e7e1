/*
 * Icmp6ParseReplies (behaviour.md 2.7, Q8). Nothing is sent, so it needs no IPv6.
 */
#include "win/support/guarded.h"
#include "win/support/icmp6.h"

/* Parses a reply that stands alone at the end of memory. The last error is POISON_ERROR before; the
 * structure is what it was afterwards. */
static DWORD parse(DWORD status, DWORD size)
{
    struct guarded buffer = guarded_alloc(REPLY6_BYTES);
    ICMPV6_ECHO_REPLY before;
    DWORD count, error;

    fill_pattern(&before, sizeof(before), 6);
    before.Status = status;
    memcpy(buffer.bytes, &before, sizeof(before));
    SetLastError(POISON_ERROR);
    count = Icmp6ParseReplies(buffer.bytes, size);
    error = GetLastError();
    assert_memory_equal(buffer.bytes, &before, sizeof(before));
    assert_true(guarded_front_is_intact(&buffer));
    guarded_free(&buffer);
    SetLastError(error);
    return count;
}

static void test_success_and_hop_limit_exceeded_are_one_reply_and_leave_the_last_error(void **state)
{
    static const DWORD statuses[] = {IP_SUCCESS, IP_HOP_LIMIT_EXCEEDED};

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        for (int times = 0; times < 2; times++) {
            assert_int_equal(parse(statuses[i], REPLY6_BYTES), 1);
            assert_int_equal(GetLastError(), POISON_ERROR);
        }
    }
}

static void test_every_other_status_is_no_reply_and_becomes_the_last_error(void **state)
{
    static const DWORD statuses[] = {IP_REQ_TIMED_OUT, IP_GENERAL_FAILURE, IP_DEST_NO_ROUTE, 12345, 1,
                                     0xffffffff};

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        assert_int_equal(parse(statuses[i], REPLY6_BYTES), 0);
        assert_int_equal(GetLastError(), statuses[i]);
    }
}

static void test_an_all_zero_structure_is_a_reply(void **state)
{
    BYTE zeros[REPLY6_BYTES] = {0};

    (void)state;
    SetLastError(POISON_ERROR);
    assert_int_equal(Icmp6ParseReplies(zeros, sizeof(zeros)), 1);
    assert_int_equal(GetLastError(), POISON_ERROR);
}

static void test_the_size_is_not_looked_at(void **state)
{
    static const DWORD sizes[] = {1, REPLY6_BYTES - 1, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(parse(IP_SUCCESS, sizes[i]), 1);
        assert_int_equal(GetLastError(), POISON_ERROR);
    }
}

static void test_no_buffer_is_a_general_failure_of_windows(void **state)
{
    BYTE zeros[REPLY6_BYTES] = {0};

    (void)state;
    SetLastError(POISON_ERROR);
    assert_int_equal(Icmp6ParseReplies(NULL, sizeof(zeros)), 0);
    assert_int_equal(GetLastError(), ERROR_GEN_FAILURE);
    SetLastError(POISON_ERROR);
    assert_int_equal(Icmp6ParseReplies(zeros, 0), 0);
    assert_int_equal(GetLastError(), ERROR_GEN_FAILURE);
}

static void test_the_buffer_may_lie_anywhere(void **state)
{
    BYTE memory[8 + REPLY6_BYTES] = {0};

    (void)state;
    for (size_t at = 0; at < 8; at++) {
        assert_int_equal(Icmp6ParseReplies(memory + at, REPLY6_BYTES), 1);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_success_and_hop_limit_exceeded_are_one_reply_and_leave_the_last_error),
        cmocka_unit_test(test_every_other_status_is_no_reply_and_becomes_the_last_error),
        cmocka_unit_test(test_an_all_zero_structure_is_a_reply),
        cmocka_unit_test(test_the_size_is_not_looked_at),
        cmocka_unit_test(test_no_buffer_is_a_general_failure_of_windows),
        cmocka_unit_test(test_the_buffer_may_lie_anywhere),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
