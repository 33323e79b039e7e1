/*
 * What wire/status.h promises: each row of behaviour.md section 4.1. The numbers are written out, so that a
 * wrong constant in ipexport.h shows here as well.
 */
#include "support/cmocka_main.h"

#include "wire/status.h"

/* Fails unless every code of the type, from `first_code` on, has this status. */
static void assert_codes_from(uint8_t type, unsigned int first_code, uint32_t status)
{
    unsigned int code;

    for (code = first_code; code <= 255; code++)
        assert_int_equal(status_from_icmpv4(type, (uint8_t)code), status);
}

static void test_an_echo_reply_is_success_whatever_its_code(void **state)
{
    (void)state;
    assert_codes_from(0, 0, 0);
}

static void test_each_code_of_destination_unreachable_has_its_status(void **state)
{
    static const uint32_t statuses[] = {
        11002, /* 0 net */
        11003, /* 1 host */
        11004, /* 2 protocol */
        11005, /* 3 port */
        11009, /* 4 fragmentation needed */
        11012, /* 5 source route failed */
        11002, /* 6 net unknown */
        11003, /* 7 host unknown */
        11003, /* 8 source host isolated */
        11002, /* 9 net prohibited */
        11003, /* 10 host prohibited */
        11002, /* 11 net for this type of service */
        11003, /* 12 host for this type of service */
        11003, /* 13 communication prohibited */
        11003, /* 14 host precedence violation */
        11003, /* 15 precedence cut-off */
    };
    unsigned int code;

    (void)state;
    for (code = 0; code < sizeof(statuses) / sizeof(statuses[0]); code++)
        assert_int_equal(status_from_icmpv4(3, (uint8_t)code), statuses[code]);
}

static void test_a_code_of_destination_unreachable_that_no_rfc_has_is_host_unreachable(void **state)
{
    (void)state;
    assert_codes_from(3, 16, 11003);
}

static void test_a_source_quench_is_reported_whatever_its_code(void **state)
{
    (void)state;
    assert_codes_from(4, 0, 11016);
}

static void test_time_exceeded_is_transit_unless_it_is_reassembly(void **state)
{
    (void)state;
    assert_int_equal(status_from_icmpv4(11, 0), 11013);
    assert_int_equal(status_from_icmpv4(11, 1), 11014);
    assert_codes_from(11, 2, 11013);
}

static void test_a_parameter_problem_is_reported_whatever_its_code(void **state)
{
    (void)state;
    assert_codes_from(12, 0, 11015);
}

static void test_every_other_type_is_ignored(void **state)
{
    unsigned int type;

    (void)state;
    for (type = 1; type <= 255; type++) {
        if (type != 3 && type != 4 && type != 11 && type != 12)
            assert_codes_from((uint8_t)type, 0, STATUS_NONE);
    }
}

static void test_ignored_is_no_status_of_windows(void **state)
{
    (void)state;
    assert_true(STATUS_NONE == UINT32_MAX);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_echo_reply_is_success_whatever_its_code),
        cmocka_unit_test(test_each_code_of_destination_unreachable_has_its_status),
        cmocka_unit_test(test_a_code_of_destination_unreachable_that_no_rfc_has_is_host_unreachable),
        cmocka_unit_test(test_a_source_quench_is_reported_whatever_its_code),
        cmocka_unit_test(test_time_exceeded_is_transit_unless_it_is_reassembly),
        cmocka_unit_test(test_a_parameter_problem_is_reported_whatever_its_code),
        cmocka_unit_test(test_every_other_type_is_ignored),
        cmocka_unit_test(test_ignored_is_no_status_of_windows),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
