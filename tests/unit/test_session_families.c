/*
 * What echo/session.h promises of the two families of addresses: each handle is for one of them.
 */
#include "support/cmocka_main.h"

#include "echo/session.h"
#include "unit/support/echo_fixture.h"

static const enum ip_family families[] = {IP_FAMILY_V4, IP_FAMILY_V6};

#define OTHER_FAMILY(family) ((family) == IP_FAMILY_V4 ? IP_FAMILY_V6 : IP_FAMILY_V4)

static os_handle open_session(enum ip_family family)
{
    os_handle handle = 0;
    assert_int_equal(session_open(family, &handle), 0);
    assert_int_not_equal(handle, 0);
    return handle;
}

/* That the handle works, for its family alone. */
static void assert_is_of(os_handle handle, enum ip_family family)
{
    struct engine *engine;
    assert_int_equal(session_acquire(handle, family, &engine), 0);
    engine_release(engine);
    assert_int_equal(session_acquire(handle, OTHER_FAMILY(family), &engine), ERROR_INVALID_PARAMETER);
}

static void test_a_handle_is_good_for_its_own_family_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        os_handle handle = open_session(families[i]);
        assert_is_of(handle, families[i]);
        assert_int_equal(session_close(handle), 0);
    }
}

static void test_a_duplicate_is_good_for_the_same_family(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        os_handle handle = open_session(families[i]);
        os_handle duplicate = os_posix_duplicate(handle);
        assert_is_of(duplicate, families[i]);
        assert_int_equal(session_close(handle), 0);
        assert_is_of(duplicate, families[i]); /* with an engine of its own for each call */
        assert_int_equal(session_close(duplicate), 0);
        assert_int_equal(os_posix_handles(), 0);
    }
}

static void test_a_value_that_now_is_a_duplicate_of_the_other_family_is_good_for_that(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        os_handle original = open_session(OTHER_FAMILY(families[i]));
        os_handle handle = open_session(families[i]);
        os_posix_close(handle); /* behind our back */
        assert_int_equal(os_posix_duplicate(original), handle);
        struct engine *engine;
        assert_int_equal(session_acquire(handle, OTHER_FAMILY(families[i]), &engine), 0);
        engine_release(engine);
        assert_int_equal(session_close(handle), 0);
        assert_int_equal(session_close(original), 0);
        assert_int_equal(os_posix_handles(), 0);
    }
}

static void test_sessions_of_both_families_share_the_engine(void **state)
{
    struct engine *engines[2];

    (void)state;
    os_handle v4 = open_session(IP_FAMILY_V4);
    os_handle v6 = open_session(IP_FAMILY_V6);
    assert_int_equal(session_acquire(v4, IP_FAMILY_V4, &engines[0]), 0);
    assert_int_equal(session_acquire(v6, IP_FAMILY_V6, &engines[1]), 0);
    assert_ptr_equal(engines[0], engines[1]);
    engine_release(engines[0]);
    engine_release(engines[1]);
    assert_int_equal(session_close(v4), 0);
    assert_is_of(v6, IP_FAMILY_V6);
    assert_int_equal(session_close(v6), 0);
    assert_int_equal(fake_network_opened(), 1);
}

static void test_closed_handles_of_both_families_are_found_and_freed(void **state)
{
    (void)state;
    os_posix_reuse_tokens(false);
    os_handle kept[] = {open_session(IP_FAMILY_V4), open_session(IP_FAMILY_V6)};
    for (size_t i = 0; i < 2000; i++) {
        os_posix_close(open_session(families[i % 2]));
    }
    assert_is_of(kept[0], IP_FAMILY_V4);
    assert_is_of(kept[1], IP_FAMILY_V6);
    assert_in_range(os_posix_allocations(), 1, 1000);
    assert_int_equal(session_close(kept[0]), 0);
    assert_int_equal(session_close(kept[1]), 0);
    session_abandon(); /* the table, and sessions that nobody has looked for yet */
    engine_abandon();
}

static void test_a_family_that_the_transport_cannot_carry_is_not_supported(void **state)
{
    os_handle handle;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fake_network_carry(families[i] == IP_FAMILY_V4, families[i] == IP_FAMILY_V6);
        assert_int_equal(session_open(OTHER_FAMILY(families[i]), &handle), ERROR_NOT_SUPPORTED);
        assert_int_equal(os_posix_handles(), 0);
        assert_int_equal(fake_network_opened(), fake_network_closed());
        handle = open_session(families[i]);
        assert_is_of(handle, families[i]);
        assert_int_equal(session_close(handle), 0);
    }
}

static void test_a_duplicate_of_a_family_that_is_not_carried_any_more_is_not_supported(void **state)
{
    struct engine *engine;

    (void)state;
    os_handle handle = open_session(IP_FAMILY_V6);
    os_handle duplicate = os_posix_duplicate(handle);
    assert_int_equal(session_close(handle), 0);
    fake_network_carry(true, false);
    assert_int_equal(session_acquire(duplicate, IP_FAMILY_V6, &engine), ERROR_NOT_SUPPORTED);
    assert_int_equal(fake_network_opened(), fake_network_closed());
    assert_int_equal(session_close(duplicate), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_handle_is_good_for_its_own_family_only, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_duplicate_is_good_for_the_same_family, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_value_that_now_is_a_duplicate_of_the_other_family_is_good_for_that, fixture_set_up,
            fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_sessions_of_both_families_share_the_engine, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_closed_handles_of_both_families_are_found_and_freed,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_family_that_the_transport_cannot_carry_is_not_supported,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_duplicate_of_a_family_that_is_not_carried_any_more_is_not_supported, fixture_set_up,
            fixture_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
