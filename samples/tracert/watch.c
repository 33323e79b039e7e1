/*
 * Watches a route.
 */
#include "watch.h"

#include "lines.h"

#include "../common/duration.h"

#include <string.h>

void watch_start(struct watch *watch, unsigned int max_hops)
{
    memset(watch, 0, sizeof(*watch));
    watch->max_hops = max_hops;
}

unsigned int watch_begin_round(struct watch *watch)
{
    unsigned int last = watch->end > 0 ? watch->end : watch->max_hops;
    watch->rounds++;
    watch->out += last;
    for (unsigned int hop = 1; hop <= watch->max_hops; hop++) {
        chart_add(&watch->hops[hop].chart, CHART_PENDING);
        watch->hops[hop].sent += hop <= last;
    }
    return last;
}

/* Takes part in where the route ends. */
static void move_end(struct watch *watch, unsigned int hop, enum probe_outcome outcome)
{
    if (outcome == PROBE_PASSED && hop == watch->end)
        watch->end = 0;
    else if ((outcome == PROBE_ANSWERED || outcome == PROBE_REFUSED) && (watch->end == 0 || hop < watch->end))
        watch->end = hop;
}

static void count_time(struct watched_hop *hop, uint64_t time_ns)
{
    hop->told++;
    hop->last_ns = time_ns;
    hop->total_ns += time_ns;
    hop->best_ns = hop->told == 1 || time_ns < hop->best_ns ? time_ns : hop->best_ns;
    hop->worst_ns = time_ns > hop->worst_ns ? time_ns : hop->worst_ns;
}

void watch_take(struct watch *watch, unsigned int hop, uint64_t round, const struct probe_result *result)
{
    struct watched_hop *watched = &watch->hops[hop];
    bool told = result->from.any.sa_family != 0;

    watch->out--;
    watch->reached = watch->reached || result->outcome == PROBE_ANSWERED;
    chart_set(&watched->chart, round, told ? result->time_ns : CHART_LOST);
    if (told) {
        count_time(watched, result->time_ns);
        watched->from = result->from;
    } else {
        watched->lost++;
    }
    if (result->outcome == PROBE_REFUSED || result->outcome == PROBE_FAILED) {
        watched->status = result->status;
        watched->ipv6 = result->outcome == PROBE_REFUSED && address_is_ipv6(&result->from);
    } else if (told) {
        watched->status = 0;
    }
    move_end(watch, hop, result->outcome);
}

unsigned int watch_shown_hops(const struct watch *watch)
{
    if (watch->end > 0)
        return watch->end;
    unsigned int last = watch->max_hops;
    while (last > 1 && watch->hops[last].told == 0)
        last--;
    return last;
}

bool watch_round_is_over(const struct watch *watch, uint64_t round)
{
    unsigned int last = watch->end > 0 ? watch->end : watch->max_hops;
    for (unsigned int hop = 1; hop <= last; hop++) {
        if (chart_get(&watch->hops[hop].chart, round) == CHART_PENDING)
            return false;
    }
    return true;
}

void watch_add_heading(struct text *line, size_t chart_columns)
{
    text_add(line, "Hop  Loss   Sent   Last    Avg   Best  Worst  %-*s  Host", (int)chart_columns, "Chart");
}

static void add_time(struct text *line, uint64_t time_ns)
{
    char bytes[32];
    struct text time = text_in(bytes, sizeof(bytes));
    duration_add_short_ms(&time, time_ns);
    text_add(line, "  %5s", bytes);
}

/* Who is at the hop, and what they object to. */
static void add_host(struct text *line, const struct watched_hop *hop, const char *name)
{
    if (hop->from.any.sa_family != 0)
        line_add_host(line, &hop->from, name);
    else
        text_add(line, "no answer");
    if (hop->status != 0) {
        text_add(line, ": ");
        line_add_status(line, hop->status, hop->ipv6);
    }
}

void watch_add_row(struct text *line, const struct watch *watch, unsigned int hop, const char *name,
                   size_t chart_columns)
{
    const struct watched_hop *watched = &watch->hops[hop];
    uint64_t over = watched->told + watched->lost;
    size_t chart_start;

    line_add_number(line, hop);
    if (over > 0)
        text_add(line, "  %3u%%", (unsigned int)(100 * watched->lost / over));
    else
        text_add(line, "     -");
    text_add(line, "  %5llu", (unsigned long long)watched->sent);
    if (watched->told > 0) {
        add_time(line, watched->last_ns);
        add_time(line, watched->total_ns / watched->told);
        add_time(line, watched->best_ns);
        add_time(line, watched->worst_ns);
    } else {
        text_add(line, "      -      -      -      -");
    }
    text_add(line, "  ");
    chart_start = text_columns(line->bytes);
    chart_write(&watched->chart, line, chart_columns, chart_longest_ns(&watched->chart, chart_columns));
    text_pad(line, chart_start + chart_columns + 2);
    add_host(line, watched, name);
}

void watch_add_probe(struct text *line, const struct watch *watch, unsigned int hop, uint64_t round,
                     const char *name)
{
    const struct watched_hop *watched = &watch->hops[hop];
    uint64_t time_ns = chart_get(&watched->chart, round);
    char bytes[32];
    struct text time = text_in(bytes, sizeof(bytes));

    text_add(line, "%6llu ", (unsigned long long)round + 1);
    line_add_number(line, hop);
    if (time_ns == CHART_LOST || time_ns == CHART_PENDING) {
        text_add(line, "         *   ");
    } else {
        duration_add_ms(&time, time_ns);
        text_add(line, "  %8s ms", bytes);
    }
    text_add(line, "  ");
    add_host(line, watched, name);
}
