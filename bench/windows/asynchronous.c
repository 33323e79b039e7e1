/*
 * Work: asynchronous echoes, a window of them outstanding at a time, to one address or to many, one after the
 * other.
 *
 * Where a DLL refuses a request although the window is not full, the window becomes as small as what is
 * outstanding: further refusals would cost time that says nothing.
 */
#include "windows/work.h"

#include "windows/echo.h"

#include <stdlib.h>

/* Nothing completes for so long: it never will. */
#define STUCK_MS         (PATIENCE_MS + 8000)

#define WARM_UP_REQUESTS 50

/* A place in the window. */
struct slot {
    struct echo echo;
    struct window *window;
    HANDLE event; /* NULL if the way is by routines */
    bool outstanding;
};

struct window {
    const struct way *way;
    HANDLE handle;
    HANDLE event; /* the one for all slots, if the way is by a shared event */
    uint32_t first_address, addresses;
    struct slot *slots;
    uint32_t slot_count;
    uint32_t size; /* how many may be outstanding */
    uint32_t outstanding;
    struct slot **vacant; /* a stack: the slots without a request */
    uint32_t vacant_count;
    struct slot **queue; /* a ring: the other ones as they were sent; for the way by events */
    uint32_t queue_first;
    uint32_t next; /* the next request's number */
    struct tally tally;
};

/* A way to hear of completions. */
struct way {
    bool event_each, event_shared;
    PIO_APC_ROUTINE routine;
    /* Waits until one or more have completed, and takes note of them. False when nothing does any more. */
    bool (*wait)(struct window *window);
};

/* ---- Slots ---- */

static void slot_free(struct slot *slot)
{
    slot->outstanding = false;
    slot->window->vacant[slot->window->vacant_count++] = slot;
}

static void slot_complete(struct slot *slot)
{
    slot->window->outstanding--;
    echo_count(&slot->echo, &slot->window->tally);
    slot_free(slot);
}

static bool slot_send(struct slot *slot)
{
    struct window *window = slot->window;
    echo_prepare(&slot->echo, window->next, window->first_address + window->next % window->addresses);
    slot->outstanding = true;
    window->queue[(window->queue_first + window->outstanding++) % window->slot_count] = slot;
    if (echo_start(&slot->echo, window->handle, slot->event, window->way->routine, slot, PATIENCE_MS)) {
        window->next++;
        return true;
    }
    window->outstanding--;
    slot_free(slot);
    return false;
}

/* ---- Ways ---- */

/* As a program that waits for its requests in turn. */
static bool wait_for_oldest(struct window *window)
{
    struct slot *oldest = window->queue[window->queue_first];
    if (WaitForSingleObject(oldest->event, STUCK_MS) != WAIT_OBJECT_0) {
        return false;
    }
    window->queue_first = (window->queue_first + 1) % window->slot_count;
    slot_complete(oldest);
    return true;
}

/* Completes what is over, as the reply buffers tell. A reply that is being written just now may have its
 * status and not all of its data yet; it is found when the event is set for it. */
static uint32_t collect(struct window *window)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < window->slot_count; i++) {
        struct slot *slot = &window->slots[i];
        if (slot->outstanding && echo_is_over(&slot->echo)) {
            slot_complete(slot);
            count++;
        }
    }
    return count;
}

/* As a program that has one event for everything. To look comes before to wait: sending resets the event. */
static bool wait_for_any(struct window *window)
{
    while (collect(window) == 0) {
        if (WaitForSingleObject(window->event, STUCK_MS) != WAIT_OBJECT_0) {
            return false;
        }
    }
    return true;
}

static void WINAPI routine(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    (void)io_status, (void)reserved;
    slot_complete(context);
}

static bool wait_for_routines(struct window *window)
{
    uint32_t before = window->outstanding;
    uint64_t until_ns = clock_ns() + STUCK_MS * NS_PER_MS;
    while (window->outstanding == before && clock_ns() < until_ns) {
        SleepEx(STUCK_MS, TRUE);
    }
    return window->outstanding < before;
}

/* ---- The window ---- */

static void window_open(struct window *window, const struct way *way, char **arguments)
{
    uint32_t count = argument_number(arguments, "window", 1);
    WORD bytes = (WORD)argument_number(arguments, "bytes", 32);
    *window = (struct window){.way = way,
                              .handle = icmp_open(),
                              .first_address = argument_address(arguments, "first"),
                              .addresses = argument_number(arguments, "addresses", 1),
                              .slots = calloc(count, sizeof(*window->slots)),
                              .slot_count = count,
                              .size = count,
                              .vacant = calloc(count, sizeof(struct slot *)),
                              .queue = calloc(count, sizeof(struct slot *))};
    if (count == 0 || window->slots == NULL || window->vacant == NULL || window->queue == NULL) {
        give_up("bad window", count);
    }
    if (way->event_shared) {
        window->event = CreateEventW(NULL, FALSE, FALSE, NULL);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = &window->slots[i];
        slot->window = window;
        slot->event = way->event_each ? CreateEventW(NULL, FALSE, FALSE, NULL) : window->event;
        echo_open(&slot->echo, bytes);
        slot_free(slot);
    }
}

/* Sends as long as there is room and work left. */
static void fill(struct window *window, uint32_t end, uint64_t until_ns)
{
    while (window->outstanding < window->size && window->next != end && clock_ns() < until_ns) {
        if (!slot_send(window->vacant[--window->vacant_count])) {
            window->tally.refused++;
            window->size = window->outstanding;
        }
    }
}

/* The loop that is measured. */
static void window_work(struct window *window, const struct work *work)
{
    tally_begin(&window->tally);
    uint32_t end = window->next + work->requests;
    uint64_t until_ns = window->tally.begun_ns + work->duration_ns;
    fill(window, end, until_ns);
    while (window->outstanding > 0) {
        if (!window->way->wait(window)) {
            break;
        }
        fill(window, end, until_ns);
    }
    window->tally.ended_ns = clock_ns();
}

/* Counts what is still outstanding: it never completed, or was not seen to, because its answer is none. */
static void count_stuck(struct window *window)
{
    for (uint32_t i = 0; i < window->slot_count; i++) {
        const struct slot *slot = &window->slots[i];
        if (slot->outstanding && echo_has_status(&slot->echo)) {
            echo_count(&slot->echo, &window->tally);
        } else if (slot->outstanding) {
            window->tally.lost++;
        }
    }
}

static void window_measure(const struct way *way, char **arguments)
{
    static struct window window;
    window_open(&window, way, arguments);
    uint32_t warm_up = WARM_UP_REQUESTS > window.size ? WARM_UP_REQUESTS : window.size;
    struct work work = work_of(arguments);
    window_work(&window, &(struct work){warm_up, PATIENCE_MS * NS_PER_MS});
    uint32_t refused = window.tally.refused;
    if (window.outstanding > 0) {
        give_up("requests that never complete", window.outstanding);
    }

    window.next = 0;
    mark("begin");
    window_work(&window, &work);
    mark("end");
    count_stuck(&window);
    window.tally.refused += refused; /* that is when the window has shrunk */
    report_begin(&window.tally);
    report_number("window", window.size);
    report_end();
}

void work_events(char **arguments)
{
    window_measure(&(struct way){.event_each = true, .wait = wait_for_oldest}, arguments);
}

void work_shared_event(char **arguments)
{
    window_measure(&(struct way){.event_shared = true, .wait = wait_for_any}, arguments);
}

void work_routines(char **arguments)
{
    window_measure(&(struct way){.routine = routine, .wait = wait_for_routines}, arguments);
}
