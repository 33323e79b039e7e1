/*
 * The queue of packets to be sent: a binary heap by time.
 */
#include "schedule.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct entry {
    uint64_t due_ns;
    uint64_t turn; /* counts the entries */
    enum way way;
    size_t packet_bytes;
    uint8_t *packet;
};

static struct entry *heap;
static size_t count, capacity;

uint64_t schedule_sent, schedule_refused;

uint64_t clock_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * NS_PER_MS + (uint64_t)now.tv_nsec;
}

static void send_now(enum way way, const uint8_t *packet, size_t packet_bytes)
{
    if (network_send(way, packet, packet_bytes)) {
        schedule_sent++;
    } else {
        schedule_refused++;
    }
}

static bool is_before(const struct entry *a, const struct entry *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->turn < b->turn;
}

static void swap(size_t a, size_t b)
{
    struct entry entry = heap[a];

    heap[a] = heap[b];
    heap[b] = entry;
}

static void rise(size_t i)
{
    for (; i > 0 && is_before(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2) {
        swap(i, (i - 1) / 2);
    }
}

static void sink(size_t i)
{
    for (;;) {
        size_t first = i;

        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < count; child++) {
            if (is_before(&heap[child], &heap[first])) {
                first = child;
            }
        }
        if (first == i) {
            return;
        }
        swap(i, first);
        i = first;
    }
}

void schedule_send(enum way way, const uint8_t *packet, size_t packet_bytes, uint64_t delay_ns)
{
    static uint64_t turn;

    if (delay_ns == 0) {
        send_now(way, packet, packet_bytes);
        return;
    }
    if (count == capacity) {
        capacity = capacity > 0 ? 2 * capacity : 64;
        heap = realloc(heap, capacity * sizeof(*heap));
    }
    uint8_t *copy = malloc(packet_bytes);
    if (heap == NULL || copy == NULL) {
        errx(1, "no memory");
    }
    memcpy(copy, packet, packet_bytes);
    heap[count] = (struct entry){clock_now_ns() + delay_ns, turn++, way, packet_bytes, copy};
    rise(count++);
}

void schedule_run(void)
{
    uint64_t now_ns = clock_now_ns();

    while (count > 0 && heap[0].due_ns <= now_ns) {
        struct entry first = heap[0];

        heap[0] = heap[--count];
        sink(0);
        send_now(first.way, first.packet, first.packet_bytes);
        free(first.packet);
    }
}

uint64_t schedule_next_ns(void)
{
    return count > 0 ? heap[0].due_ns : UINT64_MAX;
}
