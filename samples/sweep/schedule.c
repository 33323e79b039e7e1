/*
 * Keeps the targets that are being asked in places, whose numbers are those of their requests: a target has one
 * request outstanding at most. Those between two requests wait in a binary heap, ordered by when they are due.
 */
#include "schedule.h"

#include <stdlib.h>
#include <string.h>

struct schedule {
    const struct targets *targets;
    struct target_cursor cursor;
    struct schedule_settings settings;
    uint64_t targets_left; /* not yet begun */
    uint64_t total;
    uint64_t ended;
    uint32_t outstanding;
    uint32_t place_count;
    struct target_state *places;
    uint32_t *free; /* a stack of places */
    uint32_t free_count;
    uint32_t *waiting; /* the heap */
    uint32_t waiting_count;
    uint32_t unfinished_next; /* the place that schedule_take_unfinished looks at next */
};

static uint64_t smaller(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

static uint32_t places_for(const struct schedule_settings *settings, uint64_t targets)
{
    uint64_t places = settings->max_outstanding;
    if (settings->count > 1 && places < SCHEDULE_MAX_TARGETS)
        places = SCHEDULE_MAX_TARGETS;
    places = smaller(places, targets);
    return places > 0 ? (uint32_t)places : 1;
}

struct schedule *schedule_open(const struct targets *targets, const struct schedule_settings *settings)
{
    struct schedule *schedule = calloc(1, sizeof(*schedule));
    if (schedule == NULL)
        return NULL;
    schedule->targets = targets;
    schedule->settings = *settings;
    schedule->targets_left = smaller(targets_count(targets), settings->max_targets);
    schedule->total = schedule->targets_left > UINT64_MAX / settings->count
                          ? UINT64_MAX
                          : schedule->targets_left * settings->count;
    schedule->place_count = places_for(settings, schedule->targets_left);
    schedule->places = calloc(schedule->place_count, sizeof(*schedule->places));
    schedule->free = calloc(schedule->place_count, sizeof(*schedule->free));
    schedule->waiting = calloc(schedule->place_count, sizeof(*schedule->waiting));
    if (schedule->places == NULL || schedule->free == NULL || schedule->waiting == NULL) {
        schedule_close(schedule);
        return NULL;
    }
    for (uint32_t i = schedule->place_count; i > 0; i--)
        schedule->free[schedule->free_count++] = i - 1;
    return schedule;
}

void schedule_close(struct schedule *schedule)
{
    free(schedule->places);
    free(schedule->free);
    free(schedule->waiting);
    free(schedule);
}

/* ---- The heap ---- */

static uint64_t due_at(const struct schedule *schedule, uint32_t position)
{
    return schedule->places[schedule->waiting[position]].due_ns;
}

static void swap(struct schedule *schedule, uint32_t one, uint32_t other)
{
    uint32_t place = schedule->waiting[one];
    schedule->waiting[one] = schedule->waiting[other];
    schedule->waiting[other] = place;
}

static void add_waiting(struct schedule *schedule, uint32_t place)
{
    uint32_t at = schedule->waiting_count++;
    schedule->waiting[at] = place;
    while (at > 0 && due_at(schedule, at) < due_at(schedule, (at - 1) / 2)) {
        swap(schedule, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static uint32_t take_first_waiting(struct schedule *schedule)
{
    uint32_t place = schedule->waiting[0];
    uint32_t at = 0;
    schedule->waiting[0] = schedule->waiting[--schedule->waiting_count];
    for (uint32_t child = 1; child < schedule->waiting_count; child = 2 * at + 1) {
        if (child + 1 < schedule->waiting_count && due_at(schedule, child + 1) < due_at(schedule, child))
            child++;
        if (due_at(schedule, at) <= due_at(schedule, child))
            break;
        swap(schedule, at, child);
        at = child;
    }
    return place;
}

/* ---- Requests ---- */

/* Begins with the next target; SCHEDULE_NOBODY if there is none, or no place for it. */
static uint32_t begin_target(struct schedule *schedule)
{
    struct ip_number address;
    if (schedule->targets_left == 0 || schedule->free_count == 0 ||
        !targets_next(schedule->targets, &schedule->cursor, &address))
        return SCHEDULE_NOBODY;
    schedule->targets_left--;
    uint32_t place = schedule->free[--schedule->free_count];
    schedule->places[place] = (struct target_state){.address = address};
    return place;
}

uint32_t schedule_next(struct schedule *schedule, uint64_t now_ns, struct ip_number *address)
{
    uint32_t place;
    if (schedule->outstanding == schedule->settings.max_outstanding)
        return SCHEDULE_NOBODY;
    if (schedule->waiting_count > 0 && due_at(schedule, 0) <= now_ns)
        place = take_first_waiting(schedule);
    else
        place = begin_target(schedule);
    if (place == SCHEDULE_NOBODY)
        return SCHEDULE_NOBODY;

    struct target_state *target = &schedule->places[place];
    schedule->outstanding++;
    if (target->attempts++ == 0)
        target->sent_ns = now_ns;
    else
        target->retries++;
    *address = target->address;
    return place;
}

uint64_t schedule_next_ns(const struct schedule *schedule)
{
    if (schedule->outstanding == schedule->settings.max_outstanding)
        return UINT64_MAX;
    if (schedule->targets_left > 0 && schedule->free_count > 0)
        return 0;
    return schedule->waiting_count > 0 ? due_at(schedule, 0) : UINT64_MAX;
}

static void count_reply(struct target_state *target, uint64_t time_ns)
{
    if (target->replies == 0 || time_ns < target->min_ns)
        target->min_ns = time_ns;
    if (time_ns > target->max_ns)
        target->max_ns = time_ns;
    target->total_ns += time_ns;
    target->replies++;
}

const struct target_state *schedule_end(struct schedule *schedule, uint32_t request,
                                        const struct request_result *result, uint64_t now_ns)
{
    struct target_state *target = &schedule->places[request];
    const struct schedule_settings *settings = &schedule->settings;
    schedule->outstanding--;
    if (result->outcome == REQUEST_TIMED_OUT && target->attempts <= settings->retries) {
        target->due_ns = now_ns;
        add_waiting(schedule, request);
        return NULL;
    }
    if (result->outcome == REQUEST_ANSWERED || target->replies == 0)
        target->last = *result;
    if (result->outcome == REQUEST_ANSWERED)
        count_reply(target, result->time_ns);
    target->attempts = 0;
    schedule->ended++;
    if (++target->requests < settings->count) {
        target->due_ns = target->sent_ns + settings->interval_ns;
        add_waiting(schedule, request);
        return NULL;
    }
    schedule->free[schedule->free_count++] = request;
    return target;
}

const struct target_state *schedule_take_unfinished(struct schedule *schedule)
{
    while (schedule->unfinished_next < schedule->place_count) {
        struct target_state *target = &schedule->places[schedule->unfinished_next++];
        if (target->requests > 0 && target->requests < schedule->settings.count)
            return target;
    }
    return NULL;
}

uint32_t schedule_outstanding(const struct schedule *schedule)
{
    return schedule->outstanding;
}

bool schedule_is_done(const struct schedule *schedule)
{
    return schedule->outstanding == 0 && schedule->waiting_count == 0 && schedule->targets_left == 0;
}

uint64_t schedule_ended(const struct schedule *schedule)
{
    return schedule->ended;
}

uint64_t schedule_total(const struct schedule *schedule)
{
    return schedule->total;
}
