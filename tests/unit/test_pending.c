/*
 * What echo/pending.h promises: keys that no other outstanding request has, and requests that are found by them.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "echo/pending.h"
#include "unit/support/echo_fixture.h"

#define MANY 150000

static struct request *requests;

static int allocate_requests(void **state)
{
    (void)state;
    requests = calloc(MANY, sizeof(*requests));
    return requests != NULL ? 0 : -1;
}

static int free_requests(void **state)
{
    (void)state;
    free(requests);
    return 0;
}

/* An engine whose system rewrites identifiers. */
static int acquire_rewriting(void **state)
{
    fake_network_rewrite_identifiers(true);
    struct engine *engine;
    if (engine_acquire(&engine) != 0) {
        return -1;
    }
    *state = engine;
    return 0;
}

static int rewriting_set_up(void **state)
{
    fixture_set_up(state);
    return acquire_rewriting(state);
}

/* The same, and the sequences are about to wrap. */
static int wrapping_set_up(void **state)
{
    fixture_set_up(state);
    os_posix_set_random(UINT16_MAX - 255);
    return acquire_rewriting(state);
}

/* Takes out what a test that failed has left, which is not the engine's to free. */
static int tear_down(void **state)
{
    struct engine *engine = *state;
    struct request *left;
    os_lock_acquire(&echo_lock);
    while ((left = pending_first_due(engine)) != NULL) {
        pending_remove(engine, left);
    }
    os_lock_release(&echo_lock);
    return fixture_engine_tear_down(state);
}

static struct request *fresh_request(size_t number)
{
    requests[number] = (struct request){.deadline.due_ns = number * 7919 % 1000};
    return &requests[number];
}

static bool insert(struct engine *engine, size_t number)
{
    os_lock_acquire(&echo_lock);
    bool inserted = pending_insert(engine, fresh_request(number));
    os_lock_release(&echo_lock);
    identifier_claim_ahead(engine); /* as calls do */
    return inserted;
}

static void remove_request(struct engine *engine, size_t number)
{
    os_lock_acquire(&echo_lock);
    pending_remove(engine, &requests[number]);
    os_lock_release(&echo_lock);
}

static struct request *find(struct engine *engine, uint16_t identifier, uint16_t sequence)
{
    os_lock_acquire(&echo_lock);
    struct request *found = pending_match(engine, key_of(identifier, sequence));
    os_lock_release(&echo_lock);
    return found;
}

static void assert_found(struct engine *engine, size_t number)
{
    const struct request *request = &requests[number];
    assert_ptr_equal(find(engine, key_identifier(pending_key(request)), key_sequence(pending_key(request))),
                     request);
    os_lock_acquire(&echo_lock);
    assert_ptr_equal(pending_find(engine, pending_key(request)), request);
    os_lock_release(&echo_lock);
}

static void test_requests_from_before_and_after_the_wrap_of_the_sequences_are_found(void **state)
{
    struct engine *engine = *state;

    for (size_t number = 0; number < 1000; number++) {
        assert_true(insert(engine, number));
    }
    for (size_t number = 0; number < 1000; number++) {
        assert_ptr_equal(find(engine, 0x7777, key_sequence(pending_key(&requests[number]))),
                         &requests[number]);
    }
    for (size_t number = 0; number < 1000; number++) {
        remove_request(engine, number);
    }
}

static void test_with_nothing_outstanding_nothing_is_found(void **state)
{
    struct engine *engine = *state;

    assert_null(find(engine, 0, 0));
    os_lock_acquire(&echo_lock);
    assert_null(pending_first_due(engine));
    os_lock_release(&echo_lock);
}

static void test_more_than_65536_outstanding_requests_have_keys_of_their_own(void **state)
{
    struct engine *engine = *state;

    for (size_t number = 0; number < MANY; number++) {
        assert_true(insert(engine, number));
        assert_int_equal(requests[number].state, REQUEST_OUTSTANDING);
    }
    assert_int_equal(engine_outstanding(engine), MANY);
    for (size_t number = 0; number < MANY; number++) {
        assert_found(engine, number);
    }
    for (size_t number = 0; number < MANY; number += 2) {
        remove_request(engine, number);
    }
    for (size_t number = 0; number < MANY; number++) {
        if (number % 2 == 0) {
            assert_null(find(engine, key_identifier(pending_key(&requests[number])),
                             key_sequence(pending_key(&requests[number]))));
        } else {
            assert_found(engine, number);
        }
    }
    for (size_t number = 1; number < MANY; number += 2) {
        remove_request(engine, number);
    }
}

static void test_the_first_to_come_due_is_found_until_the_last_is_gone(void **state)
{
    struct engine *engine = *state;
    uint64_t previous_ns = 0;

    for (size_t number = 0; number < 100; number++) {
        assert_true(insert(engine, number));
    }
    for (size_t left = 100; left > 0; left--) {
        os_lock_acquire(&echo_lock);
        struct request *first = pending_first_due(engine);
        assert_non_null(first);
        assert_true(first->deadline.due_ns >= previous_ns);
        previous_ns = first->deadline.due_ns;
        pending_remove(engine, first);
        os_lock_release(&echo_lock);
    }
    assert_int_equal(engine_outstanding(engine), 0);
}

static void test_requests_that_rely_on_the_worker_are_counted_while_they_are_outstanding(void **state)
{
    struct engine *engine = *state;

    for (size_t number = 0; number < 10; number++) {
        fresh_request(number);
        requests[number].relies = number % 3 == 0;
        os_lock_acquire(&echo_lock);
        assert_true(pending_insert(engine, &requests[number]));
        os_lock_release(&echo_lock);
        assert_int_equal(engine_relying(engine), number / 3 + 1);
    }
    for (size_t number = 0; number < 10; number++) {
        remove_request(engine, number);
        assert_int_equal(engine_relying(engine), 3 - number / 3);
    }
}

static void test_where_the_system_rewrites_identifiers_they_do_not_matter(void **state)
{
    struct engine *engine = *state;

    for (size_t number = 0; number < 100; number++) {
        assert_true(insert(engine, number));
    }
    for (size_t number = 0; number < 100; number++) {
        assert_ptr_equal(find(engine, (uint16_t)number, key_sequence(pending_key(&requests[number]))),
                         &requests[number]);
        remove_request(engine, number);
    }
}

static void test_where_the_system_rewrites_identifiers_65536_requests_are_all(void **state)
{
    struct engine *engine = *state;
    const size_t all = 65536;

    for (size_t number = 0; number < all; number++) {
        assert_true(insert(engine, number));
    }
    assert_false(insert(engine, all));
    for (size_t number = 0; number < all; number++) {
        assert_ptr_equal(find(engine, 0, (uint16_t)key_sequence(pending_key(&requests[number]))),
                         &requests[number]);
    }
    remove_request(engine, 4711);
    assert_true(insert(engine, all));
    assert_int_equal(key_sequence(pending_key(&requests[all])), key_sequence(pending_key(&requests[4711])));
    assert_false(insert(engine, all + 1));
    for (size_t number = 0; number <= all; number++) {
        if (number != 4711) {
            remove_request(engine, number);
        }
    }
}

static void test_without_memory_a_request_does_not_become_outstanding(void **state)
{
    struct engine *engine = *state;

    for (size_t nth = 1; nth <= 2; nth++) { /* the table, the heap */
        os_posix_fail_allocation(nth);
        assert_false(insert(engine, 0));
        assert_true(os_posix_allocation_has_failed());
        assert_int_equal(engine_outstanding(engine), 0);
        assert_null(
            find(engine, key_identifier(pending_key(&requests[0])), key_sequence(pending_key(&requests[0]))));
        table_clear(&engine->pending, NULL);
    }
    assert_true(insert(engine, 0));
    remove_request(engine, 0);
}

static void test_unloading_frees_the_requests_of_callers_who_were_terminated(void **state)
{
    struct engine *engine = NULL;

    (void)state;
    assert_int_equal(engine_acquire(&engine), 0);
    for (int times = 0; times < 3; times++) {
        struct request *request = request_new(engine);
        assert_non_null(request);
        os_lock_acquire(&echo_lock);
        assert_true(pending_insert(engine, request));
        os_lock_release(&echo_lock);
    }
    engine_abandon();
    assert_int_equal(os_posix_allocations(), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_requests_from_before_and_after_the_wrap_of_the_sequences_are_found, wrapping_set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(test_with_nothing_outstanding_nothing_is_found, fixture_engine_set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_more_than_65536_outstanding_requests_have_keys_of_their_own,
                                        fixture_engine_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_first_to_come_due_is_found_until_the_last_is_gone,
                                        fixture_engine_set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_requests_that_rely_on_the_worker_are_counted_while_they_are_outstanding,
            fixture_engine_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_where_the_system_rewrites_identifiers_they_do_not_matter,
                                        rewriting_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_where_the_system_rewrites_identifiers_65536_requests_are_all,
                                        rewriting_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_memory_a_request_does_not_become_outstanding,
                                        fixture_engine_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unloading_frees_the_requests_of_callers_who_were_terminated,
                                        fixture_set_up, fixture_tear_down),
    };
    return cmocka_run(argc, argv, tests, allocate_requests, free_requests);
}
