/*
 * The forms in which results are written: text for people, CSV and JSON for programs. docs/tools.md says what the fields
 * mean. Portable C; what comes out goes to memory.
 */
#ifndef SWEEP_FORMAT_H
#define SWEEP_FORMAT_H

#include "summary.h"

#include "../common/text.h"

/* No piece that is written is longer. */
#define FORMAT_PIECE_BYTES 4096

struct format {
    const char *name;
    /* Adds what comes before the targets, a target, what comes behind them. name may be NULL; number is how many
     * targets have been written before. */
    void (*begin)(struct text *to);
    void (*target)(struct text *to, const struct target_state *target, const char *name, uint64_t number);
    void (*end)(struct text *to, const struct summary *summary, uint64_t number);
    /* Its end does not have the summary; people may want to read it elsewhere. */
    bool without_summary;
};

/* "text", "csv" or "json"; NULL for any other. */
const struct format *format_find(const char *name);

/* The summary in lines for people. */
void format_add_summary(struct text *to, const struct summary *summary);

/* A number with a comma between thousands. */
void format_add_number(struct text *to, uint64_t number);

#endif
