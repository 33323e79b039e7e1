/*
 * What echo/session.h promises of sessions that have no engine, beside those that have one.
 */
#include "support/cmocka_main.h"

#include "echo/session.h"
#include "unit/support/echo_fixture.h"

static const enum ip_family families[] = {IP_FAMILY_V4, IP_FAMILY_V6};

#define OTHER_FAMILY(family) ((family) == IP_FAMILY_V4 ? IP_FAMILY_V6 : IP_FAMILY_V4)

static os_handle open_without(enum ip_family family)
{
    os_handle handle = 0;
    assert_int_equal(session_open_without_engine(family, &handle), 0);
    assert_int_not_equal(handle, 0);
    return handle;
}

static void assert_is_without(os_handle handle, enum ip_family family)
{
    struct engine *engine = (struct engine *)&engine;
    assert_int_equal(session_acquire(handle, family, &engine), 0);
    assert_null(engine);
    assert_int_equal(session_acquire(handle, OTHER_FAMILY(family), &engine), ERROR_INVALID_PARAMETER);
}

static void assert_is_with(os_handle handle, enum ip_family family)
{
    struct engine *engine = NULL;
    assert_int_equal(session_acquire(handle, family, &engine), 0);
    assert_non_null(engine);
    engine_release(engine);
}

static uint32_t access_denied(void)
{
    return ERROR_ACCESS_DENIED;
}

static void test_it_needs_no_transport(void **state)
{
    (void)state;
    fake_network_hook((struct fake_network_hooks){.open = access_denied});
    for (size_t i = 0; i < 2; i++) {
        os_handle handle = open_without(families[i]);
        assert_is_without(handle, families[i]);
        assert_int_equal(session_close(handle), 0);
        assert_int_equal(session_close(handle), ERROR_INVALID_HANDLE);
        struct engine *engine;
        assert_int_equal(session_acquire(handle, families[i], &engine), ERROR_INVALID_HANDLE);
    }
    assert_int_equal(fake_network_opened(), 0);
    assert_int_equal(os_posix_handles(), 0);
}

static void test_a_duplicate_has_none_either_whatever_became_of_the_original(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        os_handle handle = open_without(families[i]);
        os_handle duplicate = os_posix_duplicate(handle);
        assert_is_without(duplicate, families[i]);
        assert_int_equal(session_close(handle), 0);
        assert_is_without(duplicate, families[i]);
        assert_int_equal(session_close(duplicate), 0);
    }
    assert_int_equal(fake_network_opened(), 0);
    assert_int_equal(os_posix_handles(), 0);
}

static void test_sessions_with_and_without_are_not_confused(void **state)
{
    (void)state;
    os_handle with = 0;
    assert_int_equal(session_open(IP_FAMILY_V4, &with), 0);
    os_handle without = open_without(IP_FAMILY_V4);
    os_handle duplicates[] = {os_posix_duplicate(with), os_posix_duplicate(without)};
    assert_is_with(with, IP_FAMILY_V4);
    assert_is_with(duplicates[0], IP_FAMILY_V4);
    assert_is_without(without, IP_FAMILY_V4);
    assert_is_without(duplicates[1], IP_FAMILY_V4);
    assert_int_equal(session_close(without), 0);
    assert_is_with(with, IP_FAMILY_V4);
    assert_int_equal(session_close(with), 0);
    assert_int_equal(session_close(duplicates[0]), 0);
    assert_int_equal(session_close(duplicates[1]), 0);
    assert_int_equal(os_posix_handles(), 0);
}

static void test_those_closed_behind_our_back_are_found_and_freed(void **state)
{
    (void)state;
    os_posix_reuse_tokens(false);
    os_handle kept = open_without(IP_FAMILY_V4);
    for (size_t i = 0; i < 2000; i++) {
        os_posix_close(open_without(families[i % 2]));
    }
    assert_is_without(kept, IP_FAMILY_V4);
    assert_in_range(os_posix_allocations(), 1, 1000);
    assert_int_equal(session_close(kept), 0);
}

static void test_without_a_kernel_object_there_is_none(void **state)
{
    os_handle handle;

    (void)state;
    os_posix_fail_tokens(true);
    assert_int_equal(session_open_without_engine(IP_FAMILY_V4, &handle), ERROR_NOT_ENOUGH_MEMORY);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_needs_no_transport, fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_duplicate_has_none_either_whatever_became_of_the_original,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_sessions_with_and_without_are_not_confused, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_those_closed_behind_our_back_are_found_and_freed, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_kernel_object_there_is_none, fixture_set_up,
                                        fixture_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
