/*
 * The two ways in which tracert shows a route: a trace, which ends, and a watch. Each sends its probes, and
 * returns main's result: EXIT_SUCCESS if the target answered.
 */
#ifndef TRACERT_SHOW_H
#define TRACERT_SHOW_H

#include "options.h"
#include "probes.h"

#include "../common/host.h"

int show_trace(struct prober *prober, const struct tracert_options *options, const struct host *target);
int show_watch(struct prober *prober, const struct tracert_options *options, const struct host *target);

#endif
