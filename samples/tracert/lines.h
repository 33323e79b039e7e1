/*
 * The lines of a trace: hop number, a column a probe, and who it was, laid out as Windows' tracert does.
 * Portable C; they may be written piece by piece, as the probes end.
 */
#ifndef TRACERT_LINES_H
#define TRACERT_LINES_H

#include "trace.h"

#include "../common/text.h"

/* A host as it stands in a line: its address, behind its name if it has one. */
void line_add_host(struct text *line, const union address *address, const char *name);

/* A sentence about an IP_STATUS or a Win32 error. */
void line_add_status(struct text *line, uint32_t status, bool ipv6);

/* The number that a hop's line begins with. */
void line_add_number(struct text *line, unsigned int hop);

/* The column of a probe that is over; nothing for one that was refused or failed. precise: microseconds. */
void line_add_column(struct text *line, const struct probe_result *probe, bool precise);

/* The end of the line of a hop that is over, and its line feed. name: of trace_responder, or an empty one. */
void line_add_end(struct text *line, const struct trace *trace, unsigned int hop, const char *name);

#endif
