/*
 * What people and programs see of a sweep: results and summary on standard output, progress on standard error.
 * Knows consoles; must not know how requests are made. Times are nanoseconds of any one clock.
 */
#ifndef SWEEP_REPORT_H
#define SWEEP_REPORT_H

#include "options.h"
#include "progress.h"

struct report {
    const struct sweep_options *options;
    const struct targets *targets;
    struct summary summary;
    struct progress progress;
    uint64_t started_ns;
    uint64_t line_ns; /* when the last line of progress was written */
    uint64_t written; /* targets */
    bool has_bar;     /* the bar stands in the last line of the console */
    bool is_broken;   /* nobody takes the output any more */
};

/* Progress is shown anew so often. */
#define REPORT_TICK_NS UINT64_C(100000000)

void report_start(struct report *report, const struct sweep_options *options, const struct targets *targets,
                  uint64_t requests, uint64_t now_ns);

/* A reply; those of one target are told before it. */
void report_reply(struct report *report, uint64_t time_ns);
void report_target(struct report *report, const struct target_state *target);

/* Shows what there is to be seen by now. */
void report_tick(struct report *report, uint64_t requests_ended, uint64_t now_ns);

void report_end(struct report *report, uint64_t now_ns);

#endif
