/*
 * Deadlines in the order in which they come due: a binary heap of deadlines that live inside their owners'
 * structures.
 *
 * Not thread-safe: the caller holds the lock that guards the heap.
 */
#ifndef OPENICMP_ECHO_DEADLINE_H
#define OPENICMP_ECHO_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deadline {
    uint64_t due_ns; /* as os_now_ns counts */
    size_t position; /* from 1; 0 while in no heap */
};

/* Empty when all-zero. */
struct deadline_heap {
    struct deadline **items; /* items[0] is the first to come due */
    size_t count;
    size_t capacity;
};

/* O(log n). False without memory. */
bool deadline_insert(struct deadline_heap *heap, struct deadline *deadline);
/* O(log n). Does nothing when the deadline is in no heap. */
void deadline_remove(struct deadline_heap *heap, struct deadline *deadline);
/* O(1). NULL when the heap is empty. */
struct deadline *deadline_first(const struct deadline_heap *heap);
/* Frees the heap's own memory and leaves it empty. */
void deadline_clear(struct deadline_heap *heap);

#endif
