/*
 * The main function of a test program. A test file, tests/unit/test_NAME.c or tests/win/test_NAME.c, looks like this:
 *
 *     #include "support/cmocka_main.h"
 *
 *     static void test_sum_of_nothing_is_zero(void **state)
 *     {
 *         (void)state;
 *         assert_int_equal(checksum_of("", 0), 0xffff);
 *     }
 *
 *     int main(int argc, char **argv)
 *     {
 *         const struct CMUnitTest tests[] = {
 *             cmocka_unit_test(test_sum_of_nothing_is_zero),
 *         };
 *         return cmocka_run(argc, argv, tests, NULL, NULL);
 *     }
 *
 * CMake reads the functions' names from the cmocka_unit_test lines (with or without set-up and tear-down), and runs
 * the program once for each, as: test_NAME --filter FUNCTION. Without arguments the program runs all of its tests.
 */
#ifndef OPENICMP_TESTS_CMOCKA_MAIN_H
#define OPENICMP_TESTS_CMOCKA_MAIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Runs an array of tests between an optional group set-up and tear-down. Returns main's result: 0 if all passed. */
#define cmocka_run(argc, argv, tests, setup, teardown)                                                       \
    cmocka_run_tests(argc, argv, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

static inline int cmocka_run_tests(int argc, char **argv, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction setup, CMFixtureFunction teardown)
{
    if (argc == 3 && strcmp(argv[1], "--filter") == 0) {
        size_t i = 0;

        /* cmocka itself takes a run of no tests for a success. */
        while (i < count && strcmp(tests[i].name, argv[2]) != 0)
            i++;
        if (i == count) {
            fprintf(stderr, "no test is named %s\n", argv[2]);
            return 1;
        }
        cmocka_set_test_filter(argv[2]);
    } else if (argc != 1) {
        fprintf(stderr, "usage: %s [--filter TEST]\n", argv[0]);
        return 1;
    }
    return _cmocka_run_group_tests("tests", tests, count, setup, teardown) == 0 ? 0 : 1;
}

#endif
