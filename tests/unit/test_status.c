/*
 * What wire/status.h promises: each row of behaviour.md sections 4.1 and 4.2. The numbers are written out, so that a
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

static void test_an_icmpv6_echo_reply_is_success_whatever_its_code(void **state)
{
    unsigned int code;

    (void)state;
    for (code = 0; code <= 255; code++)
        assert_int_equal(status_from_icmpv6(129, (uint8_t)code), 0);
}

static void test_each_code_of_icmpv6_has_its_status(void **state)
{
    static const struct {
        uint8_t type;
        uint8_t first_code, last_code;
        uint32_t status;
    } rows[] = {
        {1, 0, 0, 11002},   /* no route */
        {1, 1, 1, 11004},   /* prohibited */
        {1, 2, 2, 11045},   /* beyond scope of source */
        {1, 3, 3, 11003},   /* address unreachable */
        {1, 4, 4, 11005},   /* port unreachable */
        {1, 5, 5, 11044},   /* source address failed policy */
        {1, 6, 6, 11040},   /* reject route */
        {1, 7, 7, 11042},   /* error in source routing header */
        {1, 8, 255, 11003}, /* codes that came later */
        {2, 0, 255, 11009}, /* packet too big */
        {3, 0, 0, 11013},   /* hop limit exceeded */
        {3, 1, 1, 11014},   /* reassembly */
        {3, 2, 255, 11041}, /* time exceeded otherwise */
        {4, 0, 255, 11015}, /* parameter problem */
    };
    size_t i;
    unsigned int code;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (code = rows[i].first_code; code <= rows[i].last_code; code++)
            assert_int_equal(status_from_icmpv6(rows[i].type, (uint8_t)code), rows[i].status);
    }
}

static void test_every_other_type_of_icmpv6_is_ignored(void **state)
{
    unsigned int type;

    (void)state;
    for (type = 0; type <= 255; type++) {
        if ((type < 1 || type > 4) && type != 129)
            assert_int_equal(status_from_icmpv6((uint8_t)type, 0), STATUS_NONE);
    }
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
        cmocka_unit_test(test_an_icmpv6_echo_reply_is_success_whatever_its_code),
        cmocka_unit_test(test_each_code_of_icmpv6_has_its_status),
        cmocka_unit_test(test_every_other_type_of_icmpv6_is_ignored),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
