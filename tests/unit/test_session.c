/*
 * What echo/session.h and echo/engine.h promise: handles of all kinds, and an engine that lives as long as it has
 * users.
 */
#include "support/cmocka_main.h"

#include "echo/session.h"
#include "unit/support/echo_fixture.h"

static os_handle open_session(void)
{
    os_handle handle = 0;
    assert_int_equal(session_open(IP_FAMILY_V4, &handle), 0);
    assert_int_not_equal(handle, 0);
    return handle;
}

static struct engine *acquire(os_handle handle)
{
    struct engine *engine = NULL;
    assert_int_equal(session_acquire(handle, IP_FAMILY_V4, &engine), 0);
    assert_non_null(engine);
    return engine;
}

static void assert_is_no_handle(os_handle handle)
{
    struct engine *engine;
    assert_int_equal(session_acquire(handle, IP_FAMILY_V4, &engine), ERROR_INVALID_HANDLE);
    assert_int_equal(session_close(handle), ERROR_INVALID_HANDLE);
}

static void test_a_session_can_be_opened_used_and_closed(void **state)
{
    (void)state;
    os_handle handle = open_session();
    engine_release(acquire(handle));
    engine_release(acquire(handle));
    assert_int_equal(fake_network_opened(), 1);
    assert_int_equal(fake_network_closed(), 0);
    assert_int_equal(session_close(handle), 0);
    assert_int_equal(fake_network_closed(), 1);
    assert_is_no_handle(handle);
}

static void test_garbage_is_no_handle(void **state)
{
    static const os_handle garbage[] = {0,           1,         4, 5, 0xdeadbeef, 0x7fffffff, (os_handle)-2,
                                        UINTPTR_MAX, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        assert_is_no_handle(garbage[i]);
    }
    os_handle handle = open_session();
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        if (garbage[i] != handle) {
            assert_is_no_handle(garbage[i]);
        }
    }
    engine_release(acquire(handle));
    assert_int_equal(session_close(handle), 0);
}

static void test_a_handle_of_something_else_is_refused_and_stays_open(void **state)
{
    struct engine *engine;

    (void)state;
    os_handle session = open_session();
    os_handle handles[] = {os_posix_open_foreign(), os_posix_open_semaphore(1),
                           os_posix_open_semaphore(INT32_MAX)};
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        assert_int_equal(session_acquire(handles[i], IP_FAMILY_V4, &engine), ERROR_INVALID_PARAMETER);
        assert_int_equal(session_close(handles[i]), ERROR_INVALID_HANDLE);
    }
    assert_int_equal(os_posix_handles(), 4);
    for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        os_posix_close(handles[i]);
    }
    assert_int_equal(session_close(session), 0);
}

static void test_all_sessions_share_one_engine(void **state)
{
    (void)state;
    os_handle first = open_session();
    os_handle second = open_session();
    assert_int_not_equal(first, second);
    struct engine *engine = acquire(first);
    assert_ptr_equal(acquire(second), engine);
    engine_release(engine);
    engine_release(engine);
    assert_int_equal(session_close(first), 0);
    assert_ptr_equal(acquire(second), engine);
    engine_release(engine);
    assert_int_equal(session_close(second), 0);
    assert_int_equal(fake_network_opened(), 1);
}

static void test_the_engine_goes_with_its_last_user_and_comes_back(void **state)
{
    (void)state;
    for (size_t times = 1; times <= 3; times++) {
        os_handle handle = open_session();
        struct engine *engine = acquire(handle);
        assert_int_equal(session_close(handle), 0);
        assert_int_equal(fake_network_opened(), times);
        assert_int_equal(fake_network_closed(), times - 1); /* a call is under way */
        engine_release(engine);
        assert_int_equal(fake_network_closed(), times);
    }
}

static void test_a_session_that_opens_while_a_call_of_a_closed_one_is_under_way_joins_its_engine(void **state)
{
    (void)state;
    os_handle handle = open_session();
    struct engine *engine = acquire(handle);
    assert_int_equal(session_close(handle), 0);
    os_handle next = open_session();
    assert_ptr_equal(acquire(next), engine);
    engine_release(engine);
    engine_release(engine);
    assert_int_equal(session_close(next), 0);
    assert_int_equal(fake_network_opened(), 1);
}

static void test_a_duplicate_of_a_handle_works_while_the_session_is_open_and_after(void **state)
{
    (void)state;
    os_handle handle = open_session();
    os_handle duplicate = os_posix_duplicate(handle);
    struct engine *engine = acquire(handle);
    assert_ptr_equal(acquire(duplicate), engine);
    engine_release(engine);
    engine_release(engine);
    assert_int_equal(session_close(handle), 0);
    assert_int_equal(fake_network_closed(), 1);

    engine_release(acquire(duplicate));
    assert_int_equal(fake_network_opened(), 2);
    assert_int_equal(fake_network_closed(), 2);
    assert_int_equal(session_close(duplicate), 0);
    assert_is_no_handle(duplicate);
}

static void test_closing_a_duplicate_leaves_the_session_alone(void **state)
{
    (void)state;
    os_handle handle = open_session();
    os_handle duplicate = os_posix_duplicate(handle);
    assert_int_equal(session_close(duplicate), 0);
    assert_is_no_handle(duplicate);
    engine_release(acquire(handle));
    assert_int_equal(fake_network_opened(), 1);
    assert_int_equal(session_close(handle), 0);
}

static void test_a_duplicate_has_transport_opens_errors(void **state)
{
    struct engine *engine;

    (void)state;
    os_handle handle = open_session();
    os_handle duplicate = os_posix_duplicate(handle);
    assert_int_equal(session_close(handle), 0);
    os_posix_fail_allocation(1);
    assert_int_equal(session_acquire(duplicate, IP_FAMILY_V4, &engine), ERROR_NOT_ENOUGH_MEMORY);
    assert_int_equal(session_close(duplicate), 0);
}

static void test_a_handle_closed_behind_our_back_cannot_be_closed_again(void **state)
{
    (void)state;
    os_handle handle = open_session();
    os_posix_close(handle);
    assert_int_equal(session_close(handle), ERROR_INVALID_HANDLE);
    assert_int_equal(fake_network_closed(), 1); /* but we have noticed */
    assert_is_no_handle(handle);
}

static void test_a_value_that_now_belongs_to_another_object_is_not_closed(void **state)
{
    struct engine *engine;

    (void)state;
    os_handle handle = open_session();
    os_posix_close(handle);
    os_handle foreign = os_posix_open_foreign();
    assert_int_equal(foreign, handle);
    assert_int_equal(session_close(handle), ERROR_INVALID_HANDLE);
    assert_int_equal(os_posix_handles(), 1);
    assert_int_equal(session_acquire(handle, IP_FAMILY_V4, &engine), ERROR_INVALID_PARAMETER);
    assert_int_equal(fake_network_closed(), 1);
    os_posix_close(foreign);
}

static void test_a_value_that_comes_again_belongs_to_the_new_session_alone(void **state)
{
    (void)state;
    os_handle handle = open_session();
    os_posix_close(handle);
    assert_int_equal(open_session(), handle);
    engine_release(acquire(handle));
    assert_int_equal(session_close(handle), 0);
    assert_int_equal(fake_network_opened(), 1);
    assert_int_equal(fake_network_closed(), 1); /* the first session does not keep it */
    assert_is_no_handle(handle);
}

static void test_handles_that_are_only_closed_behind_our_back_do_not_pile_up(void **state)
{
    size_t most = 0;

    (void)state;
    os_posix_reuse_tokens(false);
    os_handle kept = open_session();
    size_t before = os_posix_allocations();
    for (int times = 0; times < 5000; times++) {
        os_posix_close(open_session());
        size_t now = os_posix_allocations();
        most = now > most ? now : most;
    }
    assert_in_range(most - before, 0, 200);
    engine_release(acquire(kept));
    assert_int_equal(session_close(kept), 0);
    assert_int_equal(fake_network_closed(), 0); /* until somebody looks */
    session_abandon();
    engine_abandon();
}

static void test_many_open_sessions_are_kept_while_closed_ones_are_looked_for(void **state)
{
    static os_handle handles[2000];
    const size_t count = sizeof(handles) / sizeof(handles[0]);

    (void)state;
    os_posix_reuse_tokens(false);
    for (size_t i = 0; i < count; i++) {
        handles[i] = open_session();
        os_posix_close(open_session());
    }
    for (size_t i = 0; i < count; i++) {
        engine_release(acquire(handles[i]));
        assert_int_equal(session_close(handles[i]), 0);
    }
    assert_int_equal(fake_network_opened(), 1);
    session_abandon();
    engine_abandon();
}

static os_handle closed_one;
static os_handle came_instead;

static void reopen(os_handle handle)
{
    if (handle == closed_one && came_instead == 0) {
        os_posix_reuse_tokens(true);
        session_open(IP_FAMILY_V4, &came_instead);
    }
}

static void test_a_value_that_comes_again_while_closed_handles_are_looked_for_keeps_its_session(void **state)
{
    static os_handle handles[10000]; /* earlier tests may have raised the number at which it looks */
    size_t count = 0;

    (void)state;
    os_posix_reuse_tokens(false);
    closed_one = open_session();
    came_instead = 0;
    os_posix_close(closed_one);
    os_posix_on_identify(reopen);
    while (came_instead == 0 && count < 10000) {
        handles[count++] = open_session();
    }
    os_posix_on_identify(NULL);
    assert_int_equal(came_instead, closed_one);
    while (count > 0) {
        assert_int_equal(session_close(handles[--count]), 0);
    }
    engine_release(acquire(came_instead));
    assert_int_equal(fake_network_closed(), 0); /* its session keeps the engine */
    assert_int_equal(session_close(came_instead), 0);
    assert_int_equal(fake_network_opened(), 1);
}

static void test_without_memory_a_session_is_refused_and_nothing_is_left(void **state)
{
    size_t refused = 0;
    os_handle handle;

    (void)state;
    for (size_t nth = 1;; nth++) {
        session_abandon(); /* so that the table of sessions needs memory each time */
        os_posix_fail_allocation(nth);
        uint32_t error = session_open(IP_FAMILY_V4, &handle);
        if (error == 0 && !os_posix_allocation_has_failed()) {
            break;
        }
        if (error == 0) {
            assert_int_equal(session_close(handle), 0);
            continue;
        }
        refused++;
        assert_int_equal(error, ERROR_NOT_ENOUGH_MEMORY);
        assert_int_equal(os_posix_handles(), 0);
        assert_int_equal(os_posix_allocations(), 0);
        assert_int_equal(fake_network_opened(), fake_network_closed());
    }
    assert_int_equal(refused, 5); /* session, engine, transport, identifier, table */
    os_posix_fail_allocation(0);
    assert_int_equal(session_close(handle), 0);
}

static void test_looking_for_closed_handles_without_memory_does_no_harm(void **state)
{
    os_handle handles[100];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        handles[i] = open_session();
    }
    for (size_t i = 0; i < 100; i++) {
        os_handle handle;
        os_posix_fail_allocation(2); /* the list of handles, or a bigger table */
        assert_int_equal(session_open(IP_FAMILY_V4, &handle), 0);
        os_posix_fail_allocation(0);
        assert_int_equal(session_close(handle), 0);
        assert_int_equal(session_close(handles[i]), 0);
    }
}

static void test_a_session_needs_a_kernel_object(void **state)
{
    os_handle handle;

    (void)state;
    os_posix_fail_tokens(true);
    assert_int_equal(session_open(IP_FAMILY_V4, &handle), ERROR_NOT_ENOUGH_MEMORY);
    assert_int_equal(fake_network_closed(), 1);
}

static uint32_t access_denied(void)
{
    return ERROR_ACCESS_DENIED;
}

static void test_a_session_needs_a_transport(void **state)
{
    os_handle handle;

    (void)state;
    fake_network_hook((struct fake_network_hooks){.open = access_denied});
    assert_int_equal(session_open(IP_FAMILY_V4, &handle), ERROR_ACCESS_DENIED);
    assert_int_equal(os_posix_handles(), 0);
    fake_network_hook((struct fake_network_hooks){0});
    assert_int_equal(session_close(open_session()), 0);
}

static void test_without_random_numbers_of_its_own_a_semaphore_is_still_no_session(void **state)
{
    struct engine *engine;

    (void)state;
    os_handle handle = open_session();
    for (uint32_t maximum = 1; maximum < 0x10000; maximum = maximum * 2 + 1) {
        os_handle semaphore = os_posix_open_semaphore(maximum);
        assert_int_equal(session_acquire(semaphore, IP_FAMILY_V4, &engine), ERROR_INVALID_PARAMETER);
        os_posix_close(semaphore);
    }
    assert_int_equal(session_close(handle), 0);
}

/* ---- Several threads ---- */

static struct gate both_are_there;

static uint32_t wait_for_the_other(void)
{
    gate_pass(&both_are_there);
    return 0;
}

static void open_one(void *handle)
{
    session_open(IP_FAMILY_V4, handle);
}

static void test_two_threads_that_open_the_first_session_share_one_engine(void **state)
{
    os_handle handles[2] = {0};
    struct os_posix_thread *threads[2];

    (void)state;
    both_are_there = (struct gate){0};
    fake_network_hook((struct fake_network_hooks){.open = wait_for_the_other});
    for (size_t i = 0; i < 2; i++) {
        threads[i] = os_posix_thread_start(open_one, &handles[i]);
    }
    assert_soon(gate_waiting(&both_are_there) == 2);
    gate_open(&both_are_there);
    for (size_t i = 0; i < 2; i++) {
        os_posix_thread_join(threads[i]);
    }
    struct engine *engine = acquire(handles[0]);
    assert_ptr_equal(acquire(handles[1]), engine);
    assert_int_equal(fake_network_opened(), 2);
    assert_int_equal(fake_network_closed(), 1); /* the one too many */
    engine_release(engine);
    engine_release(engine);
    assert_int_equal(session_close(handles[0]), 0);
    assert_int_equal(session_close(handles[1]), 0);
}

static void open_and_close_many(void *argument)
{
    size_t *failures = argument;
    for (int times = 0; times < 500; times++) {
        os_handle handle;
        struct engine *engine;
        if (session_open(IP_FAMILY_V4, &handle) != 0) {
            (*failures)++;
            continue;
        }
        if (session_acquire(handle, IP_FAMILY_V4, &engine) != 0) {
            (*failures)++;
        } else {
            engine_release(engine);
        }
        *failures += session_close(handle) != 0;
    }
}

static void test_many_threads_open_and_close_at_once(void **state)
{
    size_t failures[8] = {0};
    struct os_posix_thread *threads[8];

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        threads[i] = os_posix_thread_start(open_and_close_many, &failures[i]);
    }
    for (size_t i = 0; i < 8; i++) {
        os_posix_thread_join(threads[i]);
        assert_int_equal(failures[i], 0);
    }
    assert_int_equal(os_posix_handles(), 0);
}

static void test_unloading_frees_what_sessions_left_open_hold(void **state)
{
    (void)state;
    os_handle handle = open_session();
    os_handle other = open_session();
    engine_release(acquire(handle));
    session_abandon();
    engine_abandon();
    assert_int_equal(os_posix_allocations(), 0);
    assert_int_equal(os_posix_handles(), 2); /* the handles are the program's */
    os_posix_close(handle);
    os_posix_close(other);
}

static void test_unloading_without_an_engine_does_nothing(void **state)
{
    (void)state;
    session_abandon();
    engine_abandon();
    assert_int_equal(fake_network_opened(), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_session_can_be_opened_used_and_closed, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_garbage_is_no_handle, fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_handle_of_something_else_is_refused_and_stays_open,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_all_sessions_share_one_engine, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_the_engine_goes_with_its_last_user_and_comes_back,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_session_that_opens_while_a_call_of_a_closed_one_is_under_way_joins_its_engine,
            fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_duplicate_of_a_handle_works_while_the_session_is_open_and_after, fixture_set_up,
            fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_closing_a_duplicate_leaves_the_session_alone, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_duplicate_has_transport_opens_errors, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_handle_closed_behind_our_back_cannot_be_closed_again,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_value_that_now_belongs_to_another_object_is_not_closed,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_value_that_comes_again_belongs_to_the_new_session_alone,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_handles_that_are_only_closed_behind_our_back_do_not_pile_up,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_many_open_sessions_are_kept_while_closed_ones_are_looked_for,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_value_that_comes_again_while_closed_handles_are_looked_for_keeps_its_session,
            fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_without_memory_a_session_is_refused_and_nothing_is_left,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_looking_for_closed_handles_without_memory_does_no_harm,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_session_needs_a_kernel_object, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_a_session_needs_a_transport, fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(
            test_without_random_numbers_of_its_own_a_semaphore_is_still_no_session, fixture_set_up,
            fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_two_threads_that_open_the_first_session_share_one_engine,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_many_threads_open_and_close_at_once, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_unloading_frees_what_sessions_left_open_hold, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_unloading_without_an_engine_does_nothing, fixture_set_up,
                                        fixture_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
