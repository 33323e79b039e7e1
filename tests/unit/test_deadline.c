/*
 * What echo/deadline.h promises: the heap agrees with a naive search for the smallest.
 */
#include "support/cmocka_main.h"

#include "echo/deadline.h"
#include "unit/support/os_posix.h"

#define ITEMS 700

/* A generator whose sequence is the same everywhere, so that a failure can be repeated. */
static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % limit;
}

static struct deadline items[ITEMS];

static int set_up(void **state)
{
    (void)state;
    os_posix_reset();
    random_state = 1;
    memset(items, 0, sizeof(items));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return os_posix_allocations() == 0 ? 0 : -1;
}

/* The smallest of those that are in, by looking at all; UINT64_MAX when none is. */
static uint64_t naive_first(size_t *count)
{
    uint64_t first_ns = UINT64_MAX;
    *count = 0;
    for (size_t i = 0; i < ITEMS; i++) {
        if (items[i].position != 0) {
            (*count)++;
            first_ns = items[i].due_ns < first_ns ? items[i].due_ns : first_ns;
        }
    }
    return first_ns;
}

static void check(const struct deadline_heap *heap)
{
    size_t count;
    uint64_t first_ns = naive_first(&count);
    struct deadline *first = deadline_first(heap);

    assert_int_equal(heap->count, count);
    if (count == 0) {
        assert_null(first);
    } else {
        assert_non_null(first);
        assert_true(first->due_ns == first_ns);
    }
}

static void test_an_empty_heap_has_no_first(void **state)
{
    struct deadline_heap heap = {0};

    (void)state;
    assert_null(deadline_first(&heap));
    deadline_clear(&heap);
}

static void test_random_operations_agree_with_a_search(void **state)
{
    struct deadline_heap heap = {0};

    (void)state;
    for (int step = 0; step < 40000; step++) {
        /* Long stretches in which it fills, and in which it empties; many deadlines are equal. */
        bool filling = step / 2000 % 2 == 0;
        struct deadline *item = &items[random_below(ITEMS)];
        if (item->position == 0 && random_below(4) < (filling ? 4U : 1U)) {
            item->due_ns = random_below(2) == 0 ? random_below(50) : ((uint64_t)random_below(1000) << 40) + 7;
            assert_true(deadline_insert(&heap, item));
            assert_true(item->position > 0);
        } else if (random_below(4) == 0 && deadline_first(&heap) != NULL) {
            deadline_remove(&heap, deadline_first(&heap));
        } else if (!filling) {
            deadline_remove(&heap, item);
            assert_int_equal(item->position, 0);
        }
        check(&heap);
    }
    deadline_clear(&heap);
}

static void test_deadlines_come_out_in_order(void **state)
{
    struct deadline_heap heap = {0};
    uint64_t last_ns = 0;

    (void)state;
    for (size_t i = 0; i < ITEMS; i++) {
        items[i].due_ns = random_below(300);
        assert_true(deadline_insert(&heap, &items[i]));
    }
    for (size_t i = 0; i < ITEMS; i++) {
        struct deadline *first = deadline_first(&heap);
        assert_non_null(first);
        assert_true(first->due_ns >= last_ns);
        last_ns = first->due_ns;
        deadline_remove(&heap, first);
        assert_int_equal(first->position, 0);
    }
    assert_null(deadline_first(&heap));
    deadline_clear(&heap);
}

static void test_removing_a_deadline_that_is_in_no_heap_does_nothing(void **state)
{
    struct deadline_heap heap = {0};

    (void)state;
    assert_true(deadline_insert(&heap, &items[0]));
    deadline_remove(&heap, &items[1]);
    deadline_remove(&heap, &items[0]);
    deadline_remove(&heap, &items[0]);
    assert_int_equal(heap.count, 0);
    deadline_clear(&heap);
}

static void test_without_memory_nothing_is_inserted_and_nothing_is_lost(void **state)
{
    struct deadline_heap heap = {0};
    size_t refused = 0;

    (void)state;
    for (size_t i = 0; i < ITEMS; i++) {
        items[i].due_ns = ITEMS - i;
        os_posix_fail_allocation(1);
        if (!deadline_insert(&heap, &items[i])) {
            refused++;
            assert_int_equal(items[i].position, 0);
            check(&heap);
            os_posix_fail_allocation(0);
            assert_true(deadline_insert(&heap, &items[i]));
        }
        check(&heap);
    }
    assert_in_range(refused, 2, ITEMS / 10);
    deadline_clear(&heap);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_heap_has_no_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random_operations_agree_with_a_search, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_deadlines_come_out_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_removing_a_deadline_that_is_in_no_heap_does_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_without_memory_nothing_is_inserted_and_nothing_is_lost, set_up,
                                        tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
