/*
 * What echo/event.h promises: the right event is set, whatever the program does to its handles, and few
 * system calls are made. The tests play both parts, the threads that send and the worker; the worker itself
 * is in test_asynchronous.c.
 */
#include "support/cmocka_main.h"

#include "unit/support/echo_fixture.h"

#include <stdlib.h>

/* Times of event.c: how long a look at a handle is trusted, when it is looked at again, how long idle events
 * are kept. */
#define TRUST_MS 2
#define DOUBT_MS 10
#define IDLE_MS  100
#define IDLE_MAX 256

/* More than enough completions for an event to be trusted. */
#define PROOFS 20

/* As far as trust goes, everything here happens at the same moment, unless a test moves the clock. */
static int set_up(void **state)
{
    int result = fixture_engine_set_up(state);
    os_posix_stop_clock();
    return result;
}

static struct event_use use_of(struct engine *engine, os_handle handle)
{
    struct event_use use;
    assert_int_equal(event_open(engine, handle, &use), 0);
    return use;
}

/* The requests of these uses are over, in one batch. */
static void finish(struct engine *engine, const struct event_use *uses, size_t count)
{
    struct event_batch batch = {0};
    for (size_t i = 0; i < count; i++) {
        event_batch_add(&batch, &uses[i]);
    }
    event_batch_set(engine, &batch);
}

static void finish_one(struct engine *engine, struct event_use use)
{
    finish(engine, &use, 1);
}

/* What the worker does between two receives. */
static void tend(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    event_tend(engine);
    os_lock_release(&echo_lock);
}

static uint64_t due_ns(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    uint64_t due = event_due_ns(engine);
    os_lock_release(&echo_lock);
    return due;
}

/* The system calls that were made since the last time. */
static struct os_posix_event_calls calls(void)
{
    static struct os_posix_event_calls before;
    struct os_posix_event_calls now = os_posix_event_calls();
    struct os_posix_event_calls since = {
        .compares = now.compares - before.compares,
        .duplicates = now.duplicates - before.duplicates,
        .resets = now.resets - before.resets,
        .sets = now.sets - before.sets,
        .closes = now.closes - before.closes,
    };
    before = now;
    return since;
}

#define assert_calls(...)                                                                                    \
    do {                                                                                                     \
        struct os_posix_event_calls expected_calls = {__VA_ARGS__};                                          \
        struct os_posix_event_calls actual_calls = calls();                                                  \
        assert_int_equal(actual_calls.compares, expected_calls.compares);                                    \
        assert_int_equal(actual_calls.duplicates, expected_calls.duplicates);                                \
        assert_int_equal(actual_calls.resets, expected_calls.resets);                                        \
        assert_int_equal(actual_calls.sets, expected_calls.sets);                                            \
        assert_int_equal(actual_calls.closes, expected_calls.closes);                                        \
    } while (0)

/* An event of whose handle the engine has seen that the program keeps it open, with a request outstanding
 * until the test ends it. The next use looks at the handle, and those that follow it do not. The event is
 * unsignalled, and has been cleared since it was set last. */
struct trusted {
    os_handle handle;
    os_handle another; /* handle of the event, for the test to look at it when the first is closed */
    struct event_use outstanding;
};

static struct trusted trusted_event(struct engine *engine)
{
    struct trusted trusted = {.handle = os_posix_open_event(false)};
    trusted.another = os_posix_duplicate(trusted.handle);
    trusted.outstanding = use_of(engine, trusted.handle);
    for (int i = 0; i < PROOFS; i++) {
        finish_one(engine, use_of(engine, trusted.handle));
    }
    struct event_use first = use_of(engine, trusted.handle);
    struct event_use second = use_of(engine, trusted.handle);
    assert_int_not_equal(first.trust, 0);
    assert_int_not_equal(second.trust, 0);
    event_close(engine, &first);
    event_close(engine, &second);
    os_posix_advance_clock(DOUBT_MS * OS_NS_PER_MS);
    tend(engine); /* nothing is in doubt any more */
    os_posix_advance_clock(TRUST_MS * OS_NS_PER_MS);
    calls();
    return trusted;
}

static void trusted_end(struct engine *engine, const struct trusted *trusted)
{
    finish_one(engine, trusted->outstanding);
    os_posix_close(trusted->another);
}

/* Closes a handle and opens another event, which gets the same value. */
static os_handle reopened(os_handle handle)
{
    os_posix_close(handle);
    os_handle again = os_posix_open_event(false);
    assert_int_equal(again, handle);
    return again;
}

static void assert_set(os_handle event)
{
    assert_true(os_posix_event_is_set(event));
    os_posix_reset_event(event);
}

static void assert_not_set(os_handle event)
{
    assert_false(os_posix_event_is_set(event));
}

/* ---- What a request costs ---- */

static void test_of_64_events_that_are_used_again_and_again_each_use_costs_3_calls(void **state)
{
    os_handle events[64];

    calls();
    for (size_t i = 0; i < 64; i++) {
        events[i] = os_posix_open_event(false);
        finish_one(*state, use_of(*state, events[i]));
    }
    assert_calls(.duplicates = 64, .resets = 64, .sets = 64);
    for (size_t i = 0; i < 1000; i++) {
        finish_one(*state, use_of(*state, events[i % 64]));
    }
    assert_calls(.compares = 1000, .resets = 1000, .sets = 1000);
    for (size_t i = 0; i < 64; i++) {
        assert_set(events[i]);
        os_posix_close(events[i]);
    }
}

static void test_of_an_event_that_is_shared_a_use_costs_a_small_part_of_a_call(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct event_use uses[64];

    for (int times = 0; times < 100; times++) {
        for (size_t i = 0; i < 64; i++) {
            uses[i] = use_of(*state, trusted.handle);
        }
        finish(*state, uses, 64);
        assert_set(trusted.handle);
    }
    /* In each round it is looked at, set and cleared once; in the first one the last look was too long
     * ago. */
    assert_calls(.compares = 101, .resets = 99, .sets = 100);
    os_posix_close(trusted.handle);
    trusted_end(*state, &trusted);
}

static void test_an_event_that_is_shared_is_looked_at_for_each_use_until_it_is_trusted(void **state)
{
    os_handle event = os_posix_open_event(false);
    struct event_use outstanding = use_of(*state, event);
    struct event_use uses[64];

    for (size_t i = 0; i < 64; i++) {
        uses[i] = use_of(*state, event);
        assert_int_equal(uses[i].trust, 0);
    }
    calls();
    finish(*state, uses, 64);
    assert_calls(.compares = 1, .sets = 1);
    finish_one(*state, outstanding);
    assert_calls(.sets = 1);
    os_posix_close(event);
}

static void test_an_event_is_looked_at_for_each_use_where_calls_are_fast(void **state)
{
    os_handle event = os_posix_open_event(false);
    struct event_use uses[64];

    os_posix_calls_are_slow(false);
    struct event_use outstanding = use_of(*state, event);
    calls();
    for (int times = 0; times < PROOFS; times++) {
        for (size_t i = 0; i < 64; i++) {
            uses[i] = use_of(*state, event);
        }
        finish(*state, uses, 64);
    }
    assert_calls(.compares = PROOFS * 64, .resets = PROOFS - 1, .sets = PROOFS);
    os_posix_close(event);
    calls();
    finish_one(*state, outstanding); /* and nobody looks at a handle that may be closed */
    assert_calls(.sets = 1);
}

static void test_where_handles_cannot_be_compared_each_use_has_a_handle_of_its_own(void **state)
{
    os_handle event = os_posix_open_event(false);
    struct event_use uses[2];

    os_posix_events_comparable(false);
    calls();
    for (int times = 0; times < PROOFS; times++) {
        uses[0] = use_of(*state, event);
        uses[1] = use_of(*state, event);
        finish(*state, uses, 2);
        assert_int_equal(os_posix_event_handles(event), 1);
    }
    assert_calls(.duplicates = 2 * PROOFS, .resets = 2 * PROOFS, .sets = 2 * PROOFS, .closes = 2 * PROOFS);
    os_posix_close(event);
}

/* ---- Clearing ---- */

static void test_an_event_that_nobody_uses_is_cleared_whoever_has_set_it(void **state)
{
    for (int times = 0; times < 3; times++) {
        os_handle event = os_posix_open_event(true);
        struct event_use use = use_of(*state, event);
        assert_not_set(event);
        finish_one(*state, use);
        assert_set(event);
        os_posix_set_event(event);
        use = use_of(*state, event);
        assert_not_set(event);
        finish_one(*state, use);
        os_posix_close(event);
    }
}

static void test_a_shared_event_is_cleared_by_the_first_use_after_it_was_set(void **state)
{
    for (int i = 0; i < 2; i++) {
        bool trust = i == 1;
        os_posix_calls_are_slow(trust);
        os_handle event = os_posix_open_event(false);
        struct event_use outstanding = use_of(*state, event);
        for (int times = 0; times < 2 * PROOFS; times++) {
            finish_one(*state, use_of(*state, event));
            assert_true(os_posix_event_is_set(event));
            struct event_use first = use_of(*state, event);
            assert_not_set(event);
            calls();
            struct event_use second = use_of(*state, event);
            assert_int_equal(calls().resets, 0);
            assert_true(times < PROOFS || (second.trust != 0) == trust);
            finish_one(*state, first);
            finish_one(*state, second);
        }
        finish_one(*state, outstanding);
        os_posix_close(event);
    }
}

static struct engine *hook_engine;
static os_handle hook_event;
static struct event_use hook_use;

/* Another thread sends with the event that is about to be set. */
static void use_before_set(void)
{
    os_posix_on_event_set(NULL);
    hook_use = use_of(hook_engine, hook_event);
}

static void test_an_event_that_is_set_just_after_it_was_cleared_is_cleared_by_the_next_use(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct event_use use = use_of(*state, trusted.handle);

    hook_engine = *state;
    hook_event = trusted.handle;
    os_posix_on_event_set(use_before_set);
    finish_one(*state, use);
    assert_true(os_posix_event_is_set(trusted.handle));
    use = use_of(*state, trusted.handle);
    assert_not_set(trusted.handle);
    finish_one(*state, use);
    finish_one(*state, hook_use);
    os_posix_close(trusted.handle);
    trusted_end(*state, &trusted);
}

/* The program is woken, and sends again before the worker has noted that it has set the event. */
static void use_when_set(void)
{
    os_posix_on_event_set(NULL);
    os_posix_set_event(hook_event);
    hook_use = use_of(hook_engine, hook_event);
    assert_not_set(hook_event);
}

static void test_an_event_is_cleared_for_a_thread_that_it_has_just_woken(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct event_use use = use_of(*state, trusted.handle);

    hook_engine = *state;
    hook_event = trusted.handle;
    os_posix_on_event_set(use_when_set);
    finish_one(*state, use);
    finish_one(*state, hook_use);
    os_posix_close(trusted.handle);
    trusted_end(*state, &trusted);
}

/* Another thread sends with the event while one is about to clear it. */
static void use_before_clear(void)
{
    os_posix_on_event_call(OS_POSIX_RESET, NULL);
    hook_use = use_of(hook_engine, hook_event);
    assert_not_set(hook_event);
}

static void test_an_event_is_cleared_for_a_use_that_comes_while_another_thread_clears_it(void **state)
{
    os_handle event = os_posix_open_event(false);

    finish_one(*state, use_of(*state, event));
    hook_engine = *state;
    hook_event = event;
    os_posix_on_event_call(OS_POSIX_RESET, use_before_clear);
    struct event_use use = use_of(*state, event);
    finish_one(*state, use);
    finish_one(*state, hook_use);
    os_posix_close(event);
}

static void finish_before_lock(void)
{
    os_posix_on_lock(NULL);
    finish_one(hook_engine, hook_use);
}

/* The next time that the thread takes the lock, it has cleared the event. */
static void finish_after_clear(void)
{
    os_posix_on_event_call(OS_POSIX_RESET, NULL);
    os_posix_on_lock(finish_before_lock);
}

static void test_an_event_that_is_set_before_it_is_noted_as_cleared_is_cleared_by_the_next_use(void **state)
{
    struct trusted trusted = trusted_event(*state);

    hook_engine = *state;
    hook_use = use_of(*state, trusted.handle);
    finish_one(*state, use_of(*state, trusted.handle));
    os_posix_on_event_call(OS_POSIX_RESET, finish_after_clear);
    struct event_use first = use_of(*state, trusted.handle);
    assert_true(os_posix_event_is_set(trusted.handle));
    struct event_use second = use_of(*state, trusted.handle);
    assert_not_set(trusted.handle);
    finish_one(*state, first);
    finish_one(*state, second);
    os_posix_close(trusted.handle);
    trusted_end(*state, &trusted);
}

/* ---- Handles that are closed ---- */

static void test_an_event_whose_handle_was_closed_is_set_and_no_other_that_got_its_value(void **state)
{
    struct event_use uses[3];
    os_handle event = os_posix_open_event(false);
    os_handle another = os_posix_duplicate(event);

    for (size_t i = 0; i < 3; i++) {
        uses[i] = use_of(*state, event);
    }
    os_handle stranger = reopened(event);
    for (size_t i = 0; i < 3; i++) {
        finish_one(*state, uses[i]);
        assert_set(another);
        assert_not_set(stranger);
    }
    os_posix_close(another);
    os_posix_close(stranger);
}

static void test_requests_with_one_value_for_two_events_each_set_their_own(void **state)
{
    os_handle event = os_posix_open_event(false);
    os_handle another = os_posix_duplicate(event);
    struct event_use first = use_of(*state, event);

    event = reopened(event);
    struct event_use second = use_of(*state, event);
    struct event_use third = use_of(*state, event);
    finish_one(*state, first);
    assert_set(another);
    assert_not_set(event);
    finish_one(*state, third);
    assert_set(event);
    finish_one(*state, second);
    assert_set(event);
    assert_not_set(another);
    os_posix_close(event);
    os_posix_close(another);
}

/* A library that makes a handle for each call, and closes it right afterwards. */
static void test_of_many_requests_with_one_value_for_many_events_each_sets_its_own(void **state)
{
    os_handle events[100];
    struct event_use uses[100];

    for (size_t i = 0; i < 100; i++) {
        events[i] = os_posix_open_event(false);
    }
    os_handle value = os_posix_duplicate(events[0]);
    for (size_t i = 0; i < 100; i++) {
        uses[i] = use_of(*state, value);
        os_posix_close(value);
        assert_int_equal(os_posix_duplicate(events[(i + 1) % 100]), value);
    }
    os_posix_close(value);
    for (size_t i = 0; i < 100; i++) {
        finish_one(*state, uses[i]);
        assert_set(events[i]);
        for (size_t j = 0; j < 100; j++) {
            assert_not_set(events[j]);
        }
    }
    for (size_t i = 0; i < 100; i++) {
        os_posix_close(events[i]);
    }
}

static void test_an_idle_event_is_let_go_when_its_value_means_another_one(void **state)
{
    os_handle event = os_posix_open_event(false);
    os_handle another = os_posix_duplicate(event);

    finish_one(*state, use_of(*state, event));
    assert_set(another);
    assert_int_equal(os_posix_event_handles(another), 3);
    event = reopened(event);
    struct event_use use = use_of(*state, event);
    assert_int_equal(os_posix_event_handles(another), 1);
    finish_one(*state, use);
    assert_set(event);
    assert_not_set(another);
    os_posix_close(event);
    os_posix_close(another);
}

static void test_a_value_that_was_an_events_is_refused_when_it_is_none_any_more(void **state)
{
    struct event_use use;
    os_handle idle = os_posix_open_event(false);
    finish_one(*state, use_of(*state, idle));
    os_posix_close(idle);
    assert_int_equal(event_open(*state, idle, &use), ERROR_INVALID_HANDLE);
    os_handle event =
        os_posix_open_event(false); /* takes the value of the engine's handle, which is closed by now */
    os_handle semaphore = os_posix_open_semaphore(7);
    assert_int_equal(semaphore, idle);
    assert_int_equal(event_open(*state, semaphore, &use), ERROR_INVALID_HANDLE);
    os_posix_close(event);
    os_posix_close(semaphore);

    os_handle used = os_posix_open_event(false);
    struct event_use outstanding = use_of(*state, used);
    os_posix_close(used);
    assert_int_equal(event_open(*state, used, &use), ERROR_INVALID_HANDLE);
    finish_one(*state, outstanding);
    assert_int_equal(os_posix_handles(), 0);
}

static void test_two_handles_of_an_event_are_as_good_as_one(void **state)
{
    os_handle event = os_posix_open_event(false);
    os_handle another = os_posix_duplicate(event);
    struct event_use uses[] = {use_of(*state, event), use_of(*state, another), use_of(*state, event)};

    os_posix_close(another);
    for (size_t i = 0; i < 3; i++) {
        finish_one(*state, uses[i]);
        assert_set(event);
    }
    os_posix_close(event);
}

/* ---- Trust ---- */

static void test_a_look_at_a_handle_is_trusted_for_2_ms(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct event_use uses[4];

    uses[0] = use_of(*state, trusted.handle);
    assert_calls(.compares = 1);
    os_posix_advance_clock(TRUST_MS * OS_NS_PER_MS - 1);
    uses[1] = use_of(*state, trusted.handle);
    assert_calls(0);
    os_posix_advance_clock(1);
    uses[2] = use_of(*state, trusted.handle);
    assert_calls(.compares = 1);
    uses[3] = use_of(*state, trusted.handle);
    assert_calls(0);
    finish(*state, uses, 4);
    os_posix_close(trusted.handle);
    trusted_end(*state, &trusted);
}

static void test_a_handle_that_was_used_on_trust_is_looked_at_when_10_ms_have_passed(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct event_use uses[] = {use_of(*state, trusted.handle), use_of(*state, trusted.handle)};

    assert_int_equal(due_ns(*state), os_now_ns() + DOUBT_MS * OS_NS_PER_MS);
    os_posix_advance_clock(DOUBT_MS * OS_NS_PER_MS - 1);
    calls();
    tend(*state);
    assert_calls(0);
    os_posix_advance_clock(1);
    tend(*state);
    assert_calls(.compares = 1);
    assert_int_equal(due_ns(*state), OS_NEVER);
    /* The requests may have been made without a look, but they are not in doubt any more. */
    os_handle stranger = reopened(trusted.handle);
    finish(*state, uses, 2);
    assert_calls(.sets = 1);
    assert_set(trusted.another);
    assert_not_set(stranger);
    os_posix_close(stranger);
    trusted_end(*state, &trusted);
}

static void test_when_a_trusted_handle_means_another_event_neither_waits_in_vain(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct event_use looked_at = use_of(*state, trusted.handle);
    struct event_use before = use_of(*state, trusted.handle);
    os_handle again = reopened(trusted.handle);
    struct event_use after = use_of(*state, again);

    assert_int_equal(looked_at.trust, 0);
    assert_int_not_equal(after.trust, 0);
    finish_one(*state, looked_at);
    assert_set(trusted.another);
    assert_not_set(again);
    finish_one(*state, after);
    assert_set(again);
    assert_set(trusted.another);
    finish_one(*state, before);
    assert_set(again);
    assert_set(trusted.another);
    os_posix_close(again);
    trusted_end(*state, &trusted);
}

static void test_when_a_trusted_handle_is_found_to_mean_another_event_it_is_remembered_which(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct event_use looked_at = use_of(*state, trusted.handle);
    os_handle second = reopened(trusted.handle);
    os_handle another_second = os_posix_duplicate(second);
    struct event_use use = use_of(*state, second);

    assert_int_not_equal(use.trust, 0);
    os_posix_advance_clock(DOUBT_MS * OS_NS_PER_MS);
    tend(*state);
    os_handle third = reopened(second);
    finish_one(*state, use);
    assert_set(another_second);
    assert_not_set(third);
    finish_one(*state, looked_at);
    os_posix_close(another_second);
    os_posix_close(third);
    trusted_end(*state, &trusted);
}

/* Asserts that the program is not trusted any more: each of the uses looks at the handle. */
static void assert_distrust(struct engine *engine, os_handle event)
{
    calls();
    struct event_use uses[] = {use_of(engine, event), use_of(engine, event)};
    assert_calls(.compares = 2);
    finish(engine, uses, 2);
    assert_calls(.sets = 1);
}

static void test_a_trusted_handle_that_is_no_events_any_more_is_refused_when_it_is_to_be_cleared(void **state)
{
    struct trusted other = trusted_event(*state);
    struct trusted trusted = trusted_event(*state);
    struct event_use looked_at = use_of(*state, trusted.handle);
    struct event_use use = use_of(*state, trusted.handle);

    finish_one(*state, use);
    os_posix_close(trusted.handle);
    calls();
    assert_int_equal(event_open(*state, trusted.handle, &use), ERROR_INVALID_HANDLE);
    assert_int_equal(calls().compares, 0);
    assert_distrust(*state, other.handle);
    finish_one(*state, looked_at);
    assert_set(trusted.another);
    os_posix_close(other.handle);
    trusted_end(*state, &other);
    trusted_end(*state, &trusted);
}

static void test_who_closes_a_handle_in_use_is_not_trusted_any_more(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct trusted closed = trusted_event(*state);
    struct event_use use;

    os_posix_close(closed.handle);
    assert_int_equal(event_open(*state, closed.handle, &use), ERROR_INVALID_HANDLE);
    assert_distrust(*state, trusted.handle);
    os_posix_close(trusted.handle);
    trusted_end(*state, &trusted);
    trusted_end(*state, &closed);
}

static void test_who_closes_a_handle_used_on_trust_is_not_trusted_any_more(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct trusted closed = trusted_event(*state);
    struct event_use looked_at = use_of(*state, closed.handle);
    struct event_use use = use_of(*state, closed.handle);

    os_posix_close(closed.handle);
    finish_one(*state, looked_at);
    trusted_end(*state, &closed);
    finish_one(*state, use); /* the last one */
    assert_distrust(*state, trusted.handle);
    os_posix_close(trusted.handle);
    trusted_end(*state, &trusted);
}

static void test_who_closes_a_handle_that_is_not_in_use_is_trusted_as_before(void **state)
{
    struct trusted trusted = trusted_event(*state);
    os_handle event = os_posix_open_event(false);

    finish_one(*state, use_of(*state, event));
    event = reopened(event);
    finish_one(*state, use_of(*state, event));
    struct event_use uses[] = {use_of(*state, trusted.handle), use_of(*state, trusted.handle)};
    assert_int_not_equal(uses[1].trust, 0);
    finish(*state, uses, 2);
    os_posix_close(event);
    os_posix_close(trusted.handle);
    trusted_end(*state, &trusted);
}

static void test_a_use_on_trust_that_was_refused_raises_no_doubts_later(void **state)
{
    struct trusted other = trusted_event(*state);
    struct trusted trusted = trusted_event(*state);
    struct event_use uses[] = {use_of(*state, trusted.handle), use_of(*state, trusted.handle)};

    assert_int_not_equal(uses[1].trust, 0);
    event_close(*state, &uses[1]);
    finish_one(*state, uses[0]);
    finish_one(*state, trusted.outstanding);
    os_handle again = reopened(trusted.handle); /* which was not in use */
    finish_one(*state, use_of(*state, again));
    uses[0] = use_of(*state, other.handle);
    uses[1] = use_of(*state, other.handle);
    assert_int_not_equal(uses[1].trust, 0);
    finish(*state, uses, 2);
    os_posix_close(again);
    os_posix_close(trusted.another);
    os_posix_close(other.handle);
    trusted_end(*state, &other);
}

/* Another thread uses the event on trust while the worker looks at its handle. */
static void use_while_looking(void)
{
    os_posix_on_event_call(OS_POSIX_COMPARE, NULL);
    hook_use = use_of(hook_engine, hook_event);
}

static void test_a_look_at_a_handle_says_nothing_of_uses_that_came_later(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct event_use uses[] = {use_of(*state, trusted.handle), use_of(*state, trusted.handle)};

    hook_engine = *state;
    hook_event = trusted.handle;
    os_posix_on_event_call(OS_POSIX_COMPARE, use_while_looking);
    os_posix_advance_clock(TRUST_MS * OS_NS_PER_MS - 1);
    finish_one(*state, uses[1]);
    assert_int_not_equal(hook_use.trust, 0);
    assert_int_equal(due_ns(*state), os_now_ns() + DOUBT_MS * OS_NS_PER_MS);
    calls();
    finish_one(*state, hook_use);
    assert_calls(.compares = 1, .sets = 1);
    finish_one(*state, uses[0]);
    os_posix_close(trusted.handle);
    trusted_end(*state, &trusted);
}

static struct event_use hook_new_use;

/* The same, and then the handle comes to mean another event, which a third thread notices. */
static void use_and_reopen_while_looking(void)
{
    use_while_looking();
    reopened(hook_event);
    os_posix_advance_clock(TRUST_MS * OS_NS_PER_MS);
    hook_new_use = use_of(hook_engine, hook_event);
}

static void test_a_look_at_a_handle_that_has_changed_since_says_nothing_of_it(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct event_use uses[] = {use_of(*state, trusted.handle), use_of(*state, trusted.handle)};
    struct engine *engine = *state;

    hook_engine = engine;
    hook_event = trusted.handle;
    os_posix_on_event_call(OS_POSIX_COMPARE, use_and_reopen_while_looking);
    finish_one(engine, uses[1]);
    assert_int_not_equal(hook_use.trust, 0);
    assert_int_equal(hook_new_use.trust, 0);
    assert_int_equal(engine->events.doubtful.count, 0);
    assert_set(trusted.another);
    assert_not_set(hook_event);
    finish_one(engine, hook_new_use);
    assert_set(hook_event);
    assert_not_set(trusted.another);
    finish_one(engine, hook_use);
    assert_set(trusted.another);
    assert_set(hook_event);
    finish_one(engine, uses[0]);
    os_posix_close(hook_event);
    trusted_end(engine, &trusted);
}

/* ---- Two threads at once ---- */

static void use_at_once(void)
{
    os_posix_on_event_call(OS_POSIX_DUPLICATE, NULL);
    os_posix_on_event_call(OS_POSIX_COMPARE, NULL);
    hook_use = use_of(hook_engine, hook_event);
}

static void test_two_threads_that_bring_a_new_event_at_once_both_use_it(void **state)
{
    os_handle event = os_posix_open_event(false);

    hook_engine = *state;
    hook_event = event;
    os_posix_on_event_call(OS_POSIX_DUPLICATE, use_at_once);
    struct event_use use = use_of(*state, event);
    assert_int_equal(os_posix_event_handles(event), 3);
    finish_one(*state, use);
    assert_set(event);
    finish_one(*state, hook_use);
    assert_set(event);
    assert_int_equal(os_posix_event_handles(event), 2); /* one of the two is kept */
    os_posix_close(event);
}

static void test_two_threads_that_bring_an_idle_event_at_once_both_use_it(void **state)
{
    os_handle event = os_posix_open_event(false);

    finish_one(*state, use_of(*state, event));
    hook_engine = *state;
    hook_event = event;
    os_posix_on_event_call(OS_POSIX_COMPARE, use_at_once);
    struct event_use use = use_of(*state, event);
    assert_int_equal(hook_use.trust, 0);
    assert_int_equal(os_posix_event_handles(event), 2);
    finish_one(*state, hook_use);
    assert_set(event);
    finish_one(*state, use);
    assert_set(event);
    os_posix_close(event);
}

static void test_of_two_threads_that_bring_an_idle_event_at_once_both_look_at_its_handle(void **state)
{
    struct trusted trusted = trusted_event(*state);

    struct event_use use = use_of(*state, trusted.handle);
    finish_one(*state, use);
    finish_one(*state, trusted.outstanding);
    hook_engine = *state;
    hook_event = trusted.handle;
    os_posix_on_event_call(OS_POSIX_COMPARE, use_at_once);
    calls();
    use = use_of(*state, trusted.handle);
    assert_int_equal(calls().compares, 2);
    finish_one(*state, use);
    os_posix_close(trusted.handle);
    trusted.outstanding = hook_use;
    trusted_end(*state, &trusted);
}

/* The worker finds out in between. */
static void tend_meanwhile(void)
{
    os_posix_on_event_call(OS_POSIX_DUPLICATE, NULL);
    tend(hook_engine);
}

static void test_two_threads_that_find_a_trusted_value_changed_at_once_are_of_one_mind(void **state)
{
    struct trusted trusted = trusted_event(*state);
    struct event_use uses[] = {use_of(*state, trusted.handle), use_of(*state, trusted.handle)};
    os_handle again = reopened(trusted.handle);

    os_posix_advance_clock(DOUBT_MS * OS_NS_PER_MS);
    hook_engine = *state;
    os_posix_on_event_call(OS_POSIX_DUPLICATE, tend_meanwhile);
    finish_one(*state, uses[1]);
    assert_set(trusted.another);
    assert_set(again);
    finish_one(*state, uses[0]);
    assert_set(trusted.another);
    assert_not_set(again);
    os_posix_close(again);
    trusted_end(*state, &trusted);
}

static void test_two_threads_that_find_a_value_changed_at_once_both_use_the_new_event(void **state)
{
    os_handle event = os_posix_open_event(false);
    os_handle another = os_posix_duplicate(event);
    struct event_use old = use_of(*state, event);

    event = reopened(event);
    hook_engine = *state;
    hook_event = event;
    os_posix_on_event_call(OS_POSIX_COMPARE, use_at_once);
    struct event_use use = use_of(*state, event);
    finish_one(*state, use);
    assert_set(event);
    finish_one(*state, hook_use);
    assert_set(event);
    assert_not_set(another);
    finish_one(*state, old);
    assert_set(another);
    assert_not_set(event);
    os_posix_close(event);
    os_posix_close(another);
}

/* ---- What is kept, and for how long ---- */

static void test_of_idle_events_the_256_used_last_are_kept(void **state)
{
    os_handle events[IDLE_MAX + 10];

    for (size_t i = 0; i < IDLE_MAX + 10; i++) {
        events[i] = os_posix_open_event(false);
    }
    for (size_t i = 0; i < IDLE_MAX; i++) {
        finish_one(*state, use_of(*state, events[i]));
    }
    finish_one(*state, use_of(*state, events[0])); /* so that it is not the one used longest ago */
    for (size_t i = IDLE_MAX; i < IDLE_MAX + 10; i++) {
        finish_one(*state, use_of(*state, events[i]));
    }
    for (size_t i = 0; i < IDLE_MAX + 10; i++) {
        assert_int_equal(os_posix_event_handles(events[i]), i >= 1 && i <= 10 ? 1 : 2);
        os_posix_close(events[i]);
    }
}

static void test_an_event_that_is_not_used_for_100_ms_is_let_go(void **state)
{
    os_handle event = os_posix_open_event(false);
    struct event_use uses[2];

    for (int times = 0; times < 2; times++) {
        uses[0] = use_of(*state, event);
        uses[1] = use_of(*state, event);
        finish_one(*state, uses[0]);
        os_posix_advance_clock(IDLE_MS * OS_NS_PER_MS);
        tend(*state);
        assert_int_equal(os_posix_event_handles(event), 2);
        finish_one(*state, uses[1]);
        assert_int_equal(due_ns(*state), os_now_ns() + IDLE_MS * OS_NS_PER_MS);
        os_posix_advance_clock(IDLE_MS * OS_NS_PER_MS - 1);
        tend(*state);
        assert_int_equal(os_posix_event_handles(event), 2);
    }
    os_posix_advance_clock(1);
    tend(*state);
    assert_int_equal(os_posix_event_handles(event), 1);
    assert_int_equal(due_ns(*state), OS_NEVER);
    os_posix_close(event);
}

static void test_closing_what_is_idle_leaves_what_is_in_use(void **state)
{
    os_handle idle = os_posix_open_event(false);
    os_handle used = os_posix_open_event(false);
    struct event_use outstanding = use_of(*state, used);

    os_posix_stop_clock();
    finish_one(*state, use_of(*state, idle));
    os_posix_advance_clock(IDLE_MS * OS_NS_PER_MS);
    tend(*state);
    assert_int_equal(os_posix_event_handles(idle), 1);
    assert_int_equal(os_posix_event_handles(used), 2);
    finish_one(*state, outstanding);
    assert_set(used);
    os_posix_close(idle);
    os_posix_close(used);
}

static void test_after_a_refusal_nothing_is_kept(void **state)
{
    os_handle event = os_posix_open_event(false);
    struct event_use use = use_of(*state, event);

    event_close(*state, &use);
    assert_int_equal(os_posix_event_handles(event), 1);
    finish_one(*state, use_of(*state, event));
    use = use_of(*state, event); /* one that was idle */
    event_close(*state, &use);
    assert_int_equal(os_posix_event_handles(event), 1);
    struct event_use outstanding = use_of(*state, event);
    use = use_of(*state, event);
    event_close(*state, &use);
    finish_one(*state, outstanding);
    assert_int_equal(os_posix_event_handles(event), 2);
    os_posix_close(event);
}

static void test_when_an_engine_goes_it_lets_go_of_events_that_terminated_threads_have_used(void **state)
{
    struct engine *engine;
    os_handle event = os_posix_open_event(false);

    (void)state;
    assert_int_equal(engine_acquire(&engine), 0);
    use_of(engine, event);
    finish_one(engine, use_of(engine, event));
    assert_int_equal(os_posix_event_handles(event), 2);
    engine_release(engine);
    assert_int_equal(os_posix_event_handles(event), 1);
    os_posix_close(event);
}

static void test_engines_know_nothing_of_each_others_events(void **state)
{
    struct engine *first;
    struct engine *second;
    os_handle event = os_posix_open_event(false);

    (void)state;
    assert_int_equal(engine_acquire(&first), 0);
    struct event_use outstanding = use_of(first, event);
    first->worker = WORKER_PARKED; /* so that it stays when it is retired */
    engine_release(first);
    assert_int_equal(engine_acquire(&second), 0);
    assert_ptr_not_equal(first, second);
    calls();
    struct event_use use = use_of(second, event);
    assert_calls(.duplicates = 1, .resets = 1);
    finish_one(second, use);
    assert_set(event);
    engine_release(second);
    finish_one(first, outstanding);
    assert_set(event);
    engine_free(first);
    os_posix_close(event);
}

/* ---- Failures ---- */

static void test_whatever_the_system_refuses_a_use_is_refused_or_works(void **state)
{
    size_t refused = 0;

    for (size_t nth = 1; nth <= 4; nth++) {
        struct engine *engine;
        struct event_use use;
        os_handle event = os_posix_open_event(false);
        assert_int_equal(engine_acquire(&engine), 0);
        os_posix_fail_call(nth);
        uint32_t error = event_open(engine, event, &use);
        os_posix_fail_call(0);
        if (error == 0) {
            struct event_use second = use_of(engine, event);
            finish_one(engine, use);
            assert_set(event);
            finish_one(engine, second);
            assert_set(event);
        } else {
            assert_int_equal(error, ERROR_NOT_ENOUGH_MEMORY);
            refused++;
        }
        engine_release(engine);
        assert_int_equal(os_posix_event_handles(event), 1);
        os_posix_close(event);
    }
    assert_int_equal(refused, 2); /* its memory and its handle; without memory for the table it works */
    (void)state;
}

/* ---- Against a model ---- */

#define MODEL_EVENTS 6
#define MODEL_USES   40
#define MODEL_STEPS  20000

/* An event of the model: the test's own handle to it, which stays, and what the program passes. */
struct model_event {
    os_handle own;
    os_handle passed; /* 0: closed */
};

static uint32_t model_random;

static uint32_t random_below(uint32_t limit)
{
    model_random = model_random * 1664525 + 1013904223;
    return (model_random >> 8) % limit;
}

struct model {
    struct engine *engine;
    bool patient; /* the program waits before it closes a handle that it has passed */
    struct model_event events[MODEL_EVENTS];
    struct event_use uses[MODEL_USES];
    size_t used[MODEL_USES]; /* the event of the use */
    size_t use_count;
    size_t trusted; /* uses on trust */
};

static void model_submit(struct model *model)
{
    size_t index = random_below(MODEL_EVENTS);
    struct model_event *event = &model->events[index];
    if (model->use_count == MODEL_USES) {
        return;
    }
    if (event->passed == 0) {
        event->passed =
            os_posix_duplicate(event->own); /* the value of one that was closed, if there is one */
    }
    struct event_use use = use_of(model->engine, event->passed);
    model->trusted += use.trust != 0;
    model->used[model->use_count] = index;
    model->uses[model->use_count++] = use;
}

/* Some requests are over: their events are set, and no others. */
static void model_finish(struct model *model)
{
    struct event_batch batch = {0};
    bool expected[MODEL_EVENTS] = {false};
    for (size_t i = 0; i < MODEL_EVENTS; i++) {
        os_posix_reset_event(model->events[i].own);
    }
    for (uint32_t count = random_below(8); count > 0 && model->use_count > 0; count--) {
        size_t index = random_below((uint32_t)model->use_count);
        event_batch_add(&batch, &model->uses[index]);
        expected[model->used[index]] = true;
        model->uses[index] = model->uses[--model->use_count];
        model->used[index] = model->used[model->use_count];
    }
    event_batch_set(model->engine, &batch);
    for (size_t i = 0; i < MODEL_EVENTS; i++) {
        assert_int_equal(os_posix_event_is_set(model->events[i].own), expected[i]);
    }
}

static bool model_uses(const struct model *model, size_t event)
{
    for (size_t i = 0; i < model->use_count; i++) {
        if (model->used[i] == event) {
            return true;
        }
    }
    return false;
}

static void model_close(struct model *model)
{
    size_t index = random_below(MODEL_EVENTS);
    struct model_event *event = &model->events[index];
    if (event->passed == 0) {
        return;
    }
    if (model->patient) {
        if (model_uses(model, index) && random_below(500) > 0) {
            return; /* else it would soon be trusted no more */
        }
        os_posix_advance_clock(DOUBT_MS * OS_NS_PER_MS);
        tend(model->engine);
        os_posix_advance_clock(TRUST_MS * OS_NS_PER_MS);
    }
    os_posix_close(event->passed);
    event->passed = 0;
}

static void model_step(struct model *model)
{
    switch (random_below(40)) {
    case 0:
        model_close(model);
        break;
    case 1:
    case 2:
        os_posix_advance_clock(random_below(5) * OS_NS_PER_MS);
        break;
    case 3:
        tend(model->engine);
        break;
    default:
        if (random_below(3) == 0) {
            model_finish(model);
        } else {
            model_submit(model);
        }
        break;
    }
}

/* Returns how many uses were on trust. */
static size_t check_model(struct engine *engine, bool patient)
{
    struct model model = {.engine = engine, .patient = patient};

    model_random = 1;
    for (size_t i = 0; i < MODEL_EVENTS; i++) {
        model.events[i].own = os_posix_open_event(false);
    }
    for (int step = 0; step < MODEL_STEPS; step++) {
        model_step(&model);
    }
    while (model.use_count > 0) {
        model_finish(&model);
    }
    os_posix_advance_clock(IDLE_MS * OS_NS_PER_MS);
    tend(engine);
    for (size_t i = 0; i < MODEL_EVENTS; i++) {
        if (model.events[i].passed != 0) {
            os_posix_close(model.events[i].passed);
        }
        assert_int_equal(os_posix_event_handles(model.events[i].own), 1);
        os_posix_close(model.events[i].own);
    }
    return model.trusted;
}

static void test_random_uses_agree_with_a_model_where_every_handle_is_looked_at(void **state)
{
    os_posix_calls_are_slow(false);
    assert_int_equal(check_model(*state, false), 0);
}

static void test_random_uses_agree_with_a_model_where_handles_are_trusted(void **state)
{
    assert_in_range(check_model(*state, true), 1000, MODEL_STEPS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_of_64_events_that_are_used_again_and_again_each_use_costs_3_calls, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_of_an_event_that_is_shared_a_use_costs_a_small_part_of_a_call,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_event_that_is_shared_is_looked_at_for_each_use_until_it_is_trusted, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_event_is_looked_at_for_each_use_where_calls_are_fast, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_where_handles_cannot_be_compared_each_use_has_a_handle_of_its_own, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_event_that_nobody_uses_is_cleared_whoever_has_set_it, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_shared_event_is_cleared_by_the_first_use_after_it_was_set,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_event_that_is_set_just_after_it_was_cleared_is_cleared_by_the_next_use, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_event_is_cleared_for_a_thread_that_it_has_just_woken, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_event_is_cleared_for_a_use_that_comes_while_another_thread_clears_it, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_event_that_is_set_before_it_is_noted_as_cleared_is_cleared_by_the_next_use, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_an_event_whose_handle_was_closed_is_set_and_no_other_that_got_its_value, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_requests_with_one_value_for_two_events_each_set_their_own,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_of_many_requests_with_one_value_for_many_events_each_sets_its_own, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_idle_event_is_let_go_when_its_value_means_another_one, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_value_that_was_an_events_is_refused_when_it_is_none_any_more,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_two_handles_of_an_event_are_as_good_as_one, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_look_at_a_handle_is_trusted_for_2_ms, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_handle_that_was_used_on_trust_is_looked_at_when_10_ms_have_passed, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_when_a_trusted_handle_means_another_event_neither_waits_in_vain,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_when_a_trusted_handle_is_found_to_mean_another_event_it_is_remembered_which, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_trusted_handle_that_is_no_events_any_more_is_refused_when_it_is_to_be_cleared, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_who_closes_a_handle_in_use_is_not_trusted_any_more, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_who_closes_a_handle_used_on_trust_is_not_trusted_any_more,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_who_closes_a_handle_that_is_not_in_use_is_trusted_as_before,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_use_on_trust_that_was_refused_raises_no_doubts_later, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_look_at_a_handle_says_nothing_of_uses_that_came_later, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_look_at_a_handle_that_has_changed_since_says_nothing_of_it,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_two_threads_that_bring_a_new_event_at_once_both_use_it, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_two_threads_that_bring_an_idle_event_at_once_both_use_it, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_of_two_threads_that_bring_an_idle_event_at_once_both_look_at_its_handle, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_two_threads_that_find_a_trusted_value_changed_at_once_are_of_one_mind, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_two_threads_that_find_a_value_changed_at_once_both_use_the_new_event, set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_of_idle_events_the_256_used_last_are_kept, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_event_that_is_not_used_for_100_ms_is_let_go, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_closing_what_is_idle_leaves_what_is_in_use, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_after_a_refusal_nothing_is_kept, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_when_an_engine_goes_it_lets_go_of_events_that_terminated_threads_have_used, fixture_set_up,
            fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_engines_know_nothing_of_each_others_events, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_whatever_the_system_refuses_a_use_is_refused_or_works,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_random_uses_agree_with_a_model_where_every_handle_is_looked_at,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_random_uses_agree_with_a_model_where_handles_are_trusted, set_up,
                                        fixture_engine_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
