/*
 * A binary heap by due time, in which each member knows its position, so that any of them can be taken out.
 */
#include "echo/deadline.h"

#include "os/os.h"

#include <string.h>

#define FIRST_CAPACITY 64

static void place(struct deadline_heap *heap, size_t index, struct deadline *deadline)
{
    heap->items[index] = deadline;
    deadline->position = index + 1;
}

/* Puts `deadline` where it belongs, from the free place `index` towards the top. */
static void sift_up(struct deadline_heap *heap, size_t index, struct deadline *deadline)
{
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (heap->items[parent]->due_ns <= deadline->due_ns) {
            break;
        }
        place(heap, index, heap->items[parent]);
        index = parent;
    }
    place(heap, index, deadline);
}

/* Likewise, towards the bottom. */
static void sift_down(struct deadline_heap *heap, size_t index, struct deadline *deadline)
{
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count && heap->items[child + 1]->due_ns < heap->items[child]->due_ns) {
            child++;
        }
        if (deadline->due_ns <= heap->items[child]->due_ns) {
            break;
        }
        place(heap, index, heap->items[child]);
        index = child;
    }
    place(heap, index, deadline);
}

static bool reserve(struct deadline_heap *heap)
{
    if (heap->count < heap->capacity) {
        return true;
    }
    size_t capacity = heap->capacity == 0 ? FIRST_CAPACITY : heap->capacity * 2;
    struct deadline **items = os_alloc(capacity * sizeof(struct deadline *));
    if (items == NULL) {
        return false;
    }
    if (heap->count > 0) {
        memcpy(items, heap->items, heap->count * sizeof(struct deadline *));
    }
    os_free(heap->items);
    heap->items = items;
    heap->capacity = capacity;
    return true;
}

bool deadline_insert(struct deadline_heap *heap, struct deadline *deadline)
{
    if (!reserve(heap)) {
        return false;
    }
    heap->count++;
    sift_up(heap, heap->count - 1, deadline);
    return true;
}

void deadline_remove(struct deadline_heap *heap, struct deadline *deadline)
{
    if (deadline->position == 0) {
        return;
    }
    size_t index = deadline->position - 1;
    deadline->position = 0;
    heap->count--;
    struct deadline *last = heap->items[heap->count];
    if (last == deadline) {
        return;
    }
    /* The last one takes the free place, and moves up or down from there. */
    if (index > 0 && last->due_ns < heap->items[(index - 1) / 2]->due_ns) {
        sift_up(heap, index, last);
    } else {
        sift_down(heap, index, last);
    }
}

struct deadline *deadline_first(const struct deadline_heap *heap)
{
    return heap->count > 0 ? heap->items[0] : NULL;
}

void deadline_clear(struct deadline_heap *heap)
{
    os_free(heap->items);
    *heap = (struct deadline_heap){0};
}
