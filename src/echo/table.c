/*
 * A hash table with chains and without memory per entry.
 */
#include "echo/table.h"

#include "os/os.h"

#define FIRST_BUCKETS 16

static struct table_entry **bucket_of(struct table_entry **buckets, size_t bucket_count, uint64_t key)
{
    /* Fibonacci hashing: keys are counters and handles, whose low bits alone would do badly. */
    uint64_t hash = key * 0x9e3779b97f4a7c15ULL;
    return &buckets[(size_t)(hash >> 32) & (bucket_count - 1)];
}

static void grow(struct table *table)
{
    size_t bucket_count = table->bucket_count == 0 ? FIRST_BUCKETS : table->bucket_count * 2;
    struct table_entry **buckets = os_alloc(bucket_count * sizeof(struct table_entry *));
    if (buckets == NULL) {
        return; /* longer chains are better than no table */
    }
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct table_entry *entry = table->buckets[i];
        while (entry != NULL) {
            struct table_entry *next = entry->next;
            struct table_entry **bucket = bucket_of(buckets, bucket_count, entry->key);
            entry->next = *bucket;
            *bucket = entry;
            entry = next;
        }
    }
    os_free(table->buckets);
    table->buckets = buckets;
    table->bucket_count = bucket_count;
}

bool table_insert(struct table *table, struct table_entry *entry)
{
    if (table->count >= table->bucket_count) {
        grow(table);
        if (table->bucket_count == 0) {
            return false;
        }
    }
    struct table_entry **bucket = bucket_of(table->buckets, table->bucket_count, entry->key);
    entry->next = *bucket;
    *bucket = entry;
    table->count++;
    return true;
}

struct table_entry *table_find(const struct table *table, uint64_t key)
{
    if (table->bucket_count == 0) {
        return NULL;
    }
    struct table_entry *entry = *bucket_of(table->buckets, table->bucket_count, key);
    while (entry != NULL && entry->key != key) {
        entry = entry->next;
    }
    return entry;
}

void table_remove(struct table *table, struct table_entry *entry)
{
    struct table_entry **link = bucket_of(table->buckets, table->bucket_count, entry->key);
    while (*link != entry) {
        link = &(*link)->next;
    }
    *link = entry->next;
    entry->next = NULL;
    table->count--;
}

void table_visit(const struct table *table, void (*visit)(struct table_entry *entry, void *context),
                 void *context)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        for (struct table_entry *entry = table->buckets[i]; entry != NULL; entry = entry->next) {
            visit(entry, context);
        }
    }
}

void table_clear(struct table *table, void (*entry_free)(struct table_entry *entry))
{
    for (size_t i = 0; i < table->bucket_count && entry_free != NULL; i++) {
        struct table_entry *entry = table->buckets[i];
        while (entry != NULL) {
            struct table_entry *next = entry->next;
            entry_free(entry);
            entry = next;
        }
    }
    os_free(table->buckets);
    *table = (struct table){0};
}
