/*
 * A hash table of entries that live inside their owners' structures. Grows by itself; every operation is
 * O(1).
 *
 * Not thread-safe: the caller holds the lock that guards the table.
 */
#ifndef OPENICMP_ECHO_TABLE_H
#define OPENICMP_ECHO_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_entry {
    struct table_entry *next;
    uint64_t key;
};

/* Empty when all-zero. */
struct table {
    struct table_entry **buckets;
    size_t bucket_count; /* 0 or a power of two */
    size_t count;
};

/* Puts in an entry whose key is set and not in the table yet. False without memory. */
bool table_insert(struct table *table, struct table_entry *entry);
/* NULL when no entry has that key. */
struct table_entry *table_find(const struct table *table, uint64_t key);
/* Takes out an entry that is in the table. */
void table_remove(struct table *table, struct table_entry *entry);
/* Calls `visit` for every entry. It must not change the table. */
void table_visit(const struct table *table, void (*visit)(struct table_entry *entry, void *context),
                 void *context);
/* Takes every entry out, gives it to `entry_free` unless that is NULL, and frees the table's own memory. */
void table_clear(struct table *table, void (*entry_free)(struct table_entry *entry));

#endif
