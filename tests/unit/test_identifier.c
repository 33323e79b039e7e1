/*
 * What echo/identifier.h promises: keys whose identifiers the transport has granted, as many as are needed,
 * used in turn.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "echo/identifier.h"
#include "echo/pending.h"
#include "unit/support/echo_fixture.h"

#define SEQUENCES 65536
#define RING      4

/* How long a claim that was refused is not repeated. */
#define CLAIM_AGAIN_MS 1000

/* Whether each identifier was granted the last time it was asked for. */
static bool granted[SEQUENCES];
static bool refuse_all;

static bool remember_grant(uint16_t identifier)
{
    granted[identifier] = !refuse_all;
    return granted[identifier];
}

static const struct fake_network_hooks remembering_hooks = {.identifier_claim = remember_grant};

static int set_up(void **state)
{
    fixture_set_up(state);
    os_posix_stop_clock();
    memset(granted, 0, sizeof(granted));
    refuse_all = false;
    fake_network_hook(remembering_hooks);
    struct engine *engine;
    if (engine_acquire(&engine) != 0) {
        return -1;
    }
    *state = engine;
    return 0;
}

/* The next key, claiming ahead as call_send does. */
static uint32_t take(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    uint32_t key = identifier_next_key(engine);
    os_lock_release(&echo_lock);
    identifier_claim_ahead(engine);
    return key;
}

static uint32_t take_many(struct engine *engine, size_t count)
{
    uint32_t key = 0;
    for (size_t i = 0; i < count; i++) {
        key = take(engine);
    }
    return key;
}

static size_t capacity(struct engine *engine)
{
    os_lock_acquire(&echo_lock);
    size_t keys = identifier_capacity(engine);
    os_lock_release(&echo_lock);
    return keys;
}

/* ---- The first ---- */

static void test_an_engine_begins_with_one_identifier(void **state)
{
    struct engine *engine = *state;

    assert_int_equal(fake_network_claims(), 1);
    assert_int_equal(fake_network_granted(), 1);
    assert_true(granted[key_identifier(take(engine))]);
    assert_int_equal(capacity(engine), SEQUENCES);
}

static bool refuse(uint16_t identifier)
{
    (void)identifier;
    return false;
}

static void test_an_engine_that_is_granted_no_identifier_is_refused(void **state)
{
    struct engine *engine = NULL;

    (void)state;
    fake_network_hook((struct fake_network_hooks){.identifier_claim = refuse});
    assert_int_equal(engine_acquire(&engine), ERROR_NOT_ENOUGH_MEMORY);
    assert_in_range(fake_network_claims(), 2, 100);
    assert_int_equal(fake_network_opened(), 1);
    assert_int_equal(fake_network_closed(), 1);
    assert_int_equal(os_posix_allocations(), 0);
}

static bool grant_the_fifth(uint16_t identifier)
{
    (void)identifier;
    return fake_network_claims() == 5;
}

static void test_an_identifier_that_is_refused_is_replaced_by_another(void **state)
{
    struct engine *engine = NULL;

    (void)state;
    fake_network_hook((struct fake_network_hooks){.identifier_claim = grant_the_fifth});
    assert_int_equal(engine_acquire(&engine), 0);
    assert_int_equal(fake_network_claims(), 5);
    engine_release(engine);
}

static void test_an_engine_begins_at_another_sequence_each_time(void **state)
{
    uint16_t first[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct engine *engine = NULL;
        assert_int_equal(engine_acquire(&engine), 0);
        first[i] = key_sequence(take(engine));
        engine_release(engine);
    }
    assert_int_not_equal(first[0], first[1]);
}

static void test_identifier_0_is_not_asked_for(void **state)
{
    struct engine *engine = *state;

    take_many(engine, SEQUENCES / 2 - 1);
    os_posix_set_random(
        0x10000); /* whose lower half would be the identifier; the network panics if asked for 0 */
    take(engine);
    assert_int_equal(fake_network_granted(), 2);
}

/* ---- Turns ---- */

static void test_the_sequences_of_an_identifier_are_used_up_before_the_next(void **state)
{
    struct engine *engine = *state;

    for (size_t turn = 0; turn < 3 * RING; turn++) {
        uint32_t first = take(engine);
        for (size_t i = 1; i < SEQUENCES; i++) {
            uint32_t key = take(engine);
            assert_int_equal(key_identifier(key), key_identifier(first));
            assert_int_equal(key_sequence(key), (uint16_t)(key_sequence(first) + i));
        }
    }
}

static void test_four_identifiers_take_turns(void **state)
{
    struct engine *engine = *state;
    uint16_t turns[3 * RING];

    for (size_t turn = 0; turn < 3 * RING; turn++) {
        turns[turn] = key_identifier(take_many(engine, SEQUENCES));
        assert_true(granted[turns[turn]]);
        for (size_t before = turn < RING ? 0 : turn - RING + 1; before < turn; before++) {
            assert_int_not_equal(turns[turn], turns[before]);
        }
        assert_true(turn < RING || turns[turn] == turns[turn - RING]);
    }
    assert_int_equal(fake_network_claims(), RING);
}

static void test_an_identifier_is_claimed_when_half_of_the_present_one_is_used(void **state)
{
    struct engine *engine = *state;

    take_many(engine, SEQUENCES / 2 - 1);
    assert_int_equal(fake_network_claims(), 1);
    take(engine);
    assert_int_equal(fake_network_claims(), 2);
    take_many(engine, SEQUENCES / 2);
    assert_int_equal(fake_network_claims(), 2);
    take_many(engine, SEQUENCES / 2);
    assert_int_equal(fake_network_claims(), 3);
}

static void test_when_the_next_identifier_is_refused_the_present_one_goes_on(void **state)
{
    struct engine *engine = *state;

    refuse_all = true;
    uint32_t first = take(engine);
    assert_int_equal(take_many(engine, SEQUENCES), first);
}

static void test_a_refused_claim_is_not_repeated_at_once(void **state)
{
    struct engine *engine = *state;

    refuse_all = true;
    take_many(engine, SEQUENCES / 2);
    size_t claims = fake_network_claims();
    os_posix_advance_clock((CLAIM_AGAIN_MS - 1) * OS_NS_PER_MS);
    take_many(engine, 10);
    assert_int_equal(fake_network_claims(), claims);

    refuse_all = false;
    os_posix_advance_clock(OS_NS_PER_MS);
    take_many(engine, 10);
    assert_int_equal(fake_network_claims(), claims + 1);
    assert_int_equal(capacity(engine), 2 * SEQUENCES);
}

static void test_without_memory_an_identifier_is_not_claimed(void **state)
{
    struct engine *engine = *state;

    take_many(engine, SEQUENCES / 2 - 1);
    os_posix_fail_allocation(1);
    take(engine);
    assert_true(os_posix_allocation_has_failed());
    assert_int_equal(fake_network_claims(), 1);
    os_posix_advance_clock(CLAIM_AGAIN_MS * OS_NS_PER_MS);
    take(engine);
    assert_int_equal(fake_network_claims(), 2);
}

/* ---- Claims that take long ---- */

static struct gate claim_gate;
static size_t claims_held; /* so many more claims wait before the gate */

static bool hold_claim(uint16_t identifier)
{
    if (claims_held > 0) {
        claims_held--;
        gate_pass(&claim_gate);
    }
    return remember_grant(identifier);
}

static void claim_ahead(void *engine)
{
    identifier_claim_ahead(engine);
}

/* Uses half of the first identifier, and has a thread claim the next, which takes until the gate opens. */
static struct os_posix_thread *start_long_claim(struct engine *engine)
{
    take_many(engine, SEQUENCES / 2 - 1);
    claim_gate = (struct gate){0};
    claims_held = 1;
    fake_network_hook((struct fake_network_hooks){.identifier_claim = hold_claim});
    os_lock_acquire(&echo_lock);
    identifier_next_key(engine);
    os_lock_release(&echo_lock);
    struct os_posix_thread *thread = os_posix_thread_start(claim_ahead, engine);
    assert_soon(gate_waiting(&claim_gate) == 1);
    return thread;
}

static void test_while_one_thread_claims_the_others_go_on_with_what_there_is(void **state)
{
    struct engine *engine = *state;

    struct os_posix_thread *thread = start_long_claim(engine);
    uint16_t first = key_identifier(take(engine));
    for (size_t i = 0; i < SEQUENCES; i++) {
        assert_int_equal(key_identifier(take(engine)), first);
    }
    assert_int_equal(fake_network_claims(), 2);
    gate_open(&claim_gate);
    os_posix_thread_join(thread);
    assert_int_equal(capacity(engine), 2 * SEQUENCES);
}

static void test_when_the_thread_that_claims_does_not_come_back_another_claims(void **state)
{
    struct engine *engine = *state;

    struct os_posix_thread *thread = start_long_claim(engine);
    os_posix_advance_clock(CLAIM_AGAIN_MS * OS_NS_PER_MS);
    take(engine);
    assert_int_equal(fake_network_claims(), 3);
    assert_int_equal(capacity(engine), 2 * SEQUENCES);

    gate_open(&claim_gate); /* it was only slow: what it brings is welcome all the same */
    os_posix_thread_join(thread);
    assert_int_equal(capacity(engine), 3 * SEQUENCES);
}

static void test_an_identifier_that_two_threads_claim_is_in_the_ring_once(void **state)
{
    struct engine *engine = *state;

    os_posix_set_random(0x1234);
    struct os_posix_thread *thread = start_long_claim(engine);
    os_posix_advance_clock(CLAIM_AGAIN_MS * OS_NS_PER_MS);
    os_posix_set_random(0x1234);
    take(engine);
    gate_open(&claim_gate);
    os_posix_thread_join(thread);
    assert_int_equal(fake_network_granted(), 3);
    assert_int_equal(capacity(engine), 2 * SEQUENCES);
}

/* ---- Many outstanding ---- */

#define MANY 300000

static struct request *requests;

static int many_set_up(void **state)
{
    requests = calloc(MANY, sizeof(*requests));
    return requests != NULL ? set_up(state) : -1;
}

/* Takes out what is left, which is not the engine's to free. */
static int many_tear_down(void **state)
{
    struct engine *engine = *state;
    struct request *left;
    os_lock_acquire(&echo_lock);
    while ((left = pending_first_due(engine)) != NULL) {
        pending_remove(engine, left);
    }
    os_lock_release(&echo_lock);
    free(requests);
    return fixture_engine_tear_down(state);
}

/* As a call does it. */
static bool insert(struct engine *engine, struct request *request)
{
    *request = (struct request){.deadline.due_ns = 1};
    os_lock_acquire(&echo_lock);
    bool inserted = pending_insert(engine, request);
    os_lock_release(&echo_lock);
    identifier_claim_ahead(engine);
    return inserted;
}

static void test_more_than_262144_requests_may_be_outstanding(void **state)
{
    struct engine *engine = *state;

    for (size_t i = 0; i < MANY; i++) {
        assert_true(insert(engine, &requests[i]));
        assert_true(granted[key_identifier(pending_key(&requests[i]))]);
    }
    assert_int_equal(engine_outstanding(engine), MANY);
    os_lock_acquire(&echo_lock);
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(pending_find(engine, pending_key(&requests[i])), &requests[i]);
    }
    os_lock_release(&echo_lock);
}

static void test_the_ring_grows_when_half_of_its_keys_are_outstanding(void **state)
{
    struct engine *engine = *state;
    size_t inserted = 0;

    for (size_t identifiers = 1; identifiers <= 2 * RING; identifiers++) {
        for (; inserted <= identifiers * SEQUENCES / 2; inserted++) {
            /* Up to four, identifiers are claimed for their turns, too: at half of the present one's. */
            assert_in_range(fake_network_granted(), identifiers, identifiers + 1);
            assert_true(insert(engine, &requests[inserted]));
        }
        assert_true(fake_network_granted() >= identifiers + 1);
    }
    assert_int_equal(fake_network_granted(), 2 * RING + 1);
}

static void test_without_another_identifier_65536_requests_are_all(void **state)
{
    struct engine *engine = *state;

    refuse_all = true;
    for (size_t i = 0; i < SEQUENCES; i++) {
        assert_true(insert(engine, &requests[i]));
    }
    assert_false(insert(engine, &requests[SEQUENCES]));
    os_lock_acquire(&echo_lock);
    pending_remove(engine, &requests[4711]);
    os_lock_release(&echo_lock);
    assert_true(insert(engine, &requests[SEQUENCES]));
    assert_int_equal(pending_key(&requests[SEQUENCES]), pending_key(&requests[4711]));
    assert_false(insert(engine, &requests[4711]));
}

/* ---- Against a model ---- */

#define MODEL_SLOTS (1U << 19)

/* When each key was used last, by open addressing. */
static struct {
    uint32_t key;
    uint32_t step; /* 0: never */
} model[MODEL_SLOTS];

static uint32_t model_random;

static uint32_t random_below(uint32_t limit)
{
    model_random = model_random * 1664525 + 1013904223;
    return (model_random >> 8) % limit;
}

/* Returns when the key was used before, 0 for never. */
static uint32_t model_use(uint32_t key, uint32_t step)
{
    uint32_t slot = key * 2654435761U >> (32 - 19);
    while (model[slot].step != 0 && model[slot].key != key) {
        slot = (slot + 1) % MODEL_SLOTS;
    }
    uint32_t before = model[slot].step;
    model[slot].key = key;
    model[slot].step = step;
    return before;
}

static bool refuse_often(uint16_t identifier)
{
    granted[identifier] = random_below(20) == 0;
    return granted[identifier];
}

static void test_keys_come_again_only_after_many_others_whatever_is_granted(void **state)
{
    struct engine *engine = *state;
    size_t outstanding = 0; /* requests[0, outstanding) */
    uint32_t uses = 0;

    model_random = 20240607;
    memset(model, 0, sizeof(model));
    fake_network_hook((struct fake_network_hooks){.identifier_claim = refuse_often});
    for (size_t phase = 0; phase < 12; phase++) {
        size_t aim = random_below(100000); /* towards so many outstanding requests */
        for (size_t step = 0; step < 60000; step++) {
            bool up = outstanding == 0 || random_below(10) < (outstanding < aim ? 9U : 2U);
            if (!up) {
                size_t victim = random_below((uint32_t)outstanding);
                os_lock_acquire(&echo_lock);
                pending_remove(engine, &requests[victim]);
                /* The last one takes its place; the heap and the table must not keep the old one. */
                struct request *last = &requests[--outstanding];
                if (victim != outstanding) {
                    uint64_t key = last->entry.key;
                    pending_remove(engine, last);
                    requests[victim] = (struct request){.entry.key = key, .deadline.due_ns = 1};
                    assert_true(table_insert(&engine->pending, &requests[victim].entry));
                    assert_true(deadline_insert(&engine->deadlines, &requests[victim].deadline));
                }
                os_lock_release(&echo_lock);
                continue;
            }
            size_t keys = capacity(engine);
            bool inserted = insert(engine, &requests[outstanding]);
            assert_int_equal(inserted, outstanding < keys);
            if (inserted) {
                uint32_t key = pending_key(&requests[outstanding++]);
                uint32_t before = model_use(key, ++uses);
                assert_true(granted[key_identifier(key)]);
                assert_true(before == 0 || uses - before >= SEQUENCES - outstanding ||
                            outstanding >= SEQUENCES);
            }
            os_posix_advance_clock(random_below(100) * OS_NS_PER_MS / 10);
        }
    }
    assert_in_range(fake_network_granted(), 3, 10);
}

/* ---- Transports that grant everything ---- */

static int unclaimed_set_up(void **state)
{
    fixture_set_up(state);
    fake_network_want_claims(false);
    struct engine *engine;
    if (engine_acquire(&engine) != 0) {
        return -1;
    }
    *state = engine;
    return 0;
}

static void test_where_nothing_has_to_be_claimed_every_identifier_will_do(void **state)
{
    struct engine *engine = *state;

    for (size_t turn = 0; turn < RING; turn++) {
        take_many(engine, SEQUENCES);
    }
    assert_int_equal(capacity(engine), RING * SEQUENCES);
    assert_int_equal(fake_network_claims(), 0);
}

static int rewriting_set_up(void **state)
{
    fixture_set_up(state);
    fake_network_rewrite_identifiers(true);
    struct engine *engine;
    if (engine_acquire(&engine) != 0) {
        return -1;
    }
    *state = engine;
    return 0;
}

static void test_where_the_system_rewrites_identifiers_there_is_one_and_none_is_claimed(void **state)
{
    struct engine *engine = *state;

    for (size_t turn = 0; turn < RING; turn++) {
        assert_int_equal(key_identifier(take_many(engine, SEQUENCES)), IDENTIFIER_REWRITTEN);
    }
    assert_int_equal(capacity(engine), SEQUENCES);
    assert_int_equal(fake_network_claims(), 0);
}

/* ---- In calls ---- */

static void test_calls_claim_the_next_identifier_before_the_present_one_is_used_up(void **state)
{
    struct engine *engine = *state;

    os_lock_acquire(&echo_lock);
    for (size_t i = 0; i < SEQUENCES / 2 - 1; i++) {
        identifier_next_key(engine);
    }
    os_lock_release(&echo_lock);
    struct caller caller;
    caller_set(&caller, engine, HOST, "hello", 1000);
    caller_run(&caller);
    assert_true(caller_has_own_reply(&caller));
    assert_int_equal(fake_network_claims(), 2);
    caller_set(&caller, engine, HOST, "hello", 1000);
    caller_run(&caller);
    assert_true(caller_has_own_reply(&caller));
    assert_int_equal(fake_network_claims(), 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_engine_begins_with_one_identifier, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_engine_that_is_granted_no_identifier_is_refused,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_an_identifier_that_is_refused_is_replaced_by_another,
                                        fixture_set_up, fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_an_engine_begins_at_another_sequence_each_time, fixture_set_up,
                                        fixture_tear_down),
        cmocka_unit_test_setup_teardown(test_identifier_0_is_not_asked_for, set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_sequences_of_an_identifier_are_used_up_before_the_next,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_four_identifiers_take_turns, set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_identifier_is_claimed_when_half_of_the_present_one_is_used,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_when_the_next_identifier_is_refused_the_present_one_goes_on,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_refused_claim_is_not_repeated_at_once, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_memory_an_identifier_is_not_claimed, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_while_one_thread_claims_the_others_go_on_with_what_there_is,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_when_the_thread_that_claims_does_not_come_back_another_claims,
                                        set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_identifier_that_two_threads_claim_is_in_the_ring_once, set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_more_than_262144_requests_may_be_outstanding, many_set_up,
                                        many_tear_down),
        cmocka_unit_test_setup_teardown(test_the_ring_grows_when_half_of_its_keys_are_outstanding,
                                        many_set_up, many_tear_down),
        cmocka_unit_test_setup_teardown(test_without_another_identifier_65536_requests_are_all, many_set_up,
                                        many_tear_down),
        cmocka_unit_test_setup_teardown(test_keys_come_again_only_after_many_others_whatever_is_granted,
                                        many_set_up, many_tear_down),
        cmocka_unit_test_setup_teardown(test_where_nothing_has_to_be_claimed_every_identifier_will_do,
                                        unclaimed_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_where_the_system_rewrites_identifiers_there_is_one_and_none_is_claimed, rewriting_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_calls_claim_the_next_identifier_before_the_present_one_is_used_up, set_up,
            fixture_engine_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
