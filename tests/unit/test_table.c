/*
 * What echo/table.h promises: a table is what a plain list of entries would be, only faster.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "echo/table.h"
#include "unit/support/os_posix.h"

#define ENTRIES 5000

/* A generator whose sequence is the same everywhere, so that a failure can be repeated. */
static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % limit;
}

struct item {
    int before;
    struct table_entry entry;
    bool in;
};

static struct item items[ENTRIES];

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

/* Keys as they occur: counters, handles, and values that differ only in high bits. */
static uint64_t key_of(uint32_t number)
{
    switch (number % 3) {
    case 0:
        return number;
    case 1:
        return (uint64_t)number << 32;
    default:
        return (uint64_t)number * 4 + UINT64_C(0x100000000000);
    }
}

struct visits {
    size_t count;
    uint64_t keys[100];
};

static void note_visit(struct table_entry *entry, void *context)
{
    struct visits *visits = context;
    assert_in_range(visits->count, 0, 99);
    visits->keys[visits->count++] = entry->key;
}

static void test_a_fresh_table_is_empty(void **state)
{
    struct table table = {0};
    struct visits visits = {0};

    (void)state;
    assert_null(table_find(&table, 0));
    table_visit(&table, note_visit, &visits);
    assert_int_equal(visits.count, 0);
    table_clear(&table, NULL);
}

static void test_random_operations_agree_with_a_list(void **state)
{
    struct table table = {0};
    size_t count = 0;

    (void)state;
    for (int step = 0; step < 60000; step++) {
        uint32_t number = random_below(ENTRIES);
        struct item *item = &items[number];
        struct table_entry *found = table_find(&table, key_of(number));
        assert_ptr_equal(found, item->in ? &item->entry : NULL);
        if (item->in) {
            table_remove(&table, &item->entry);
            count--;
        } else if (random_below(3) > 0) { /* it grows and shrinks */
            item->entry.key = key_of(number);
            assert_true(table_insert(&table, &item->entry));
            count++;
        } else {
            continue;
        }
        item->in = !item->in;
        assert_int_equal(table.count, count);
    }
    for (uint32_t number = 0; number < ENTRIES; number++) {
        assert_ptr_equal(table_find(&table, key_of(number)), items[number].in ? &items[number].entry : NULL);
    }
    table_clear(&table, NULL);
}

static void test_every_entry_is_visited_once(void **state)
{
    struct table table = {0};
    struct visits visits = {0};
    bool seen[100] = {false};

    (void)state;
    for (uint32_t number = 0; number < 100; number++) {
        items[number].entry.key = number * 4;
        assert_true(table_insert(&table, &items[number].entry));
    }
    table_visit(&table, note_visit, &visits);
    assert_int_equal(visits.count, 100);
    for (size_t i = 0; i < 100; i++) {
        assert_in_range(visits.keys[i] / 4, 0, 99);
        assert_false(seen[visits.keys[i] / 4]);
        seen[visits.keys[i] / 4] = true;
    }
    table_clear(&table, NULL);
}

static size_t freed;

static void free_entry(struct table_entry *entry)
{
    free(entry);
    freed++;
}

static void test_clearing_gives_every_entry_away_and_leaves_an_empty_table(void **state)
{
    struct table table = {0};

    (void)state;
    freed = 0;
    for (uint32_t number = 0; number < 1000; number++) {
        struct table_entry *entry = calloc(1, sizeof(*entry));
        assert_non_null(entry);
        entry->key = number;
        assert_true(table_insert(&table, entry));
    }
    table_clear(&table, free_entry);
    assert_int_equal(freed, 1000);
    assert_int_equal(table.count, 0);
    assert_null(table_find(&table, 1));
    assert_true(table_insert(&table, &items[0].entry));
    table_clear(&table, NULL);
}

static void test_the_first_entry_needs_memory(void **state)
{
    struct table table = {0};

    (void)state;
    os_posix_fail_allocation(1);
    assert_false(table_insert(&table, &items[0].entry));
    assert_int_equal(table.count, 0);
    assert_true(table_insert(&table, &items[0].entry));
    table_clear(&table, NULL);
}

static void test_a_table_that_cannot_grow_goes_on_working(void **state)
{
    struct table table = {0};

    (void)state;
    for (uint32_t number = 0; number < ENTRIES; number++) {
        items[number].entry.key = number;
        if (number > 0) {
            os_posix_fail_allocation(1);
        }
        assert_true(table_insert(&table, &items[number].entry));
    }
    assert_true(os_posix_allocation_has_failed());
    for (uint32_t number = 0; number < ENTRIES; number += 7) {
        assert_ptr_equal(table_find(&table, number), &items[number].entry);
    }
    table_clear(&table, NULL);
}

/* The longest chain of a table of `ENTRIES` keys at that distance from each other. */
static size_t longest_chain(uint64_t distance)
{
    struct table table = {0};
    size_t longest = 0;

    for (uint32_t number = 0; number < ENTRIES; number++) {
        items[number].entry.key = UINT64_C(0x12340000) + number * distance;
        assert_true(table_insert(&table, &items[number].entry));
    }
    for (size_t i = 0; i < table.bucket_count; i++) {
        size_t length = 0;
        for (const struct table_entry *entry = table.buckets[i]; entry != NULL; entry = entry->next) {
            length++;
        }
        longest = length > longest ? length : longest;
    }
    table_clear(&table, NULL);
    return longest;
}

static void test_keys_at_regular_distances_do_not_pile_up(void **state)
{
    (void)state;
    for (int shift = 0; shift <= 32; shift++) {
        assert_in_range(longest_chain(UINT64_C(1) << shift), 1, 16);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_fresh_table_is_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random_operations_agree_with_a_list, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_entry_is_visited_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clearing_gives_every_entry_away_and_leaves_an_empty_table,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_first_entry_needs_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_table_that_cannot_grow_goes_on_working, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys_at_regular_distances_do_not_pile_up, set_up, tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
