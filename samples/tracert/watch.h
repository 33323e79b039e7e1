/*
 * A route that is watched: in each round a probe to every hop, and what has come of them so far: losses, times
 * and a chart a hop.
 *
 * Hops beyond the end of the route are not probed once the end is known. When what was the end passes probes
 * on, it is looked for again.
 *
 * Portable C; knows neither how probes are sent nor where its tables are shown.
 */
#ifndef TRACERT_WATCH_H
#define TRACERT_WATCH_H

#include "probe.h"

#include "../common/chart.h"
#include "../common/text.h"

#include <stdbool.h>

struct watched_hop {
    union address from; /* who told about the latest probe that somebody told about; zero if nobody did */
    uint32_t status;    /* why the latest probe went no further, or 0 */
    bool ipv6;          /* how to understand status */
    uint64_t sent;
    uint64_t lost;
    uint64_t told; /* that somebody told about; the times are of these */
    uint64_t last_ns;
    uint64_t best_ns;
    uint64_t worst_ns;
    uint64_t total_ns;
    struct chart chart; /* a column a round */
};

struct watch {
    unsigned int max_hops;
    unsigned int end;                      /* the hop with which the route ends; 0: not known */
    uint64_t rounds;                       /* begun */
    uint64_t out;                          /* probes that are not over */
    bool reached;                          /* by at least one probe */
    struct watched_hop hops[MAX_HOPS + 1]; /* by hop, from 1 */
};

void watch_start(struct watch *watch, unsigned int max_hops);

/* Begins a round: a probe is to be sent to each hop up to the one that is returned, and belongs to the round
 * watch->rounds - 1. */
unsigned int watch_begin_round(struct watch *watch);

/* Tells what has come of a probe. */
void watch_take(struct watch *watch, unsigned int hop, uint64_t round, const struct probe_result *result);

/* How many hops there are to show: up to the end, or to the last one that somebody told about. */
unsigned int watch_shown_hops(const struct watch *watch);

/* Whether all probes of a round are over that have not gone beyond the end. */
bool watch_round_is_over(const struct watch *watch, uint64_t round);

/* The line above the table, and that of a hop; without line feeds. */
void watch_add_heading(struct text *line, size_t chart_columns);
void watch_add_row(struct text *line, const struct watch *watch, unsigned int hop, const char *name,
                   size_t chart_columns);

/* What one probe of a round, one of the latest CHART_MAX_COLUMNS, gave, without line feed. */
void watch_add_probe(struct text *line, const struct watch *watch, unsigned int hop, uint64_t round,
                     const char *name);

#endif
