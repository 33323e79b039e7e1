/*
 * Measures and shows progress.
 */
#include "progress.h"

#include "format.h"

#include "../common/duration.h"

#include <stdio.h>
#include <string.h>

#define MS_NS          UINT64_C(1000000)
#define REMEMBER_MS    2000 /* what is longer ago counts little */
#define MAX_BAR        40
#define MIN_BAR        4
#define MAX_TEXT_BYTES 256

void progress_start(struct progress *progress, uint64_t total, uint64_t now_ns)
{
    *progress = (struct progress){.total = total, .updated_ns = now_ns};
}

void progress_update(struct progress *progress, uint64_t ended, uint64_t alive, uint64_t now_ns)
{
    uint64_t passed_ms = (now_ns - progress->updated_ns) / MS_NS;
    progress->alive = alive;
    if (passed_ms == 0)
        return;
    uint64_t per_second = (ended - progress->ended) * 1000 / passed_ms;
    if (progress->per_second == 0)
        progress->per_second = per_second;
    else
        progress->per_second =
            (progress->per_second * REMEMBER_MS + per_second * passed_ms) / (REMEMBER_MS + passed_ms);
    progress->ended = ended;
    progress->updated_ns = now_ns;
}

static unsigned percent_of(const struct progress *progress)
{
    if (progress->total == 0)
        return 100;
    /* Divided first where the product could be too large. */
    return (unsigned)(progress->total > UINT64_MAX / 100 ? progress->ended / (progress->total / 100)
                                                         : progress->ended * 100 / progress->total);
}

static void add_facts(const struct progress *progress, struct text *to)
{
    text_add(to, "%3u %%  ", percent_of(progress));
    format_add_number(to, progress->ended);
    text_add(to, " of ");
    format_add_number(to, progress->total);
    text_add(to, ", ");
    format_add_number(to, progress->alive);
    text_add(to, " alive, ");
    format_add_number(to, progress->per_second);
    text_add(to, "/s");
    if (progress->per_second > 0) {
        uint64_t left = progress->total - progress->ended;
        text_add(to, ", ");
        duration_add_clock(to, left / progress->per_second + (left % progress->per_second > 0));
        text_add(to, " left");
    }
}

void progress_add_bar(const struct progress *progress, struct text *to, size_t columns)
{
    char facts_bytes[MAX_TEXT_BYTES];
    struct text facts = text_in(facts_bytes, sizeof(facts_bytes));
    add_facts(progress, &facts);

    size_t room = columns > 0 ? columns - 1 : 0;
    size_t bar = room > facts.used + 3 ? room - facts.used - 3 : 0; /* [, ] and a space */
    if (bar > MAX_BAR)
        bar = MAX_BAR;
    if (bar >= MIN_BAR) {
        size_t full = bar * percent_of(progress) / 100;
        text_add(to, "[");
        for (size_t i = 0; i < bar; i++)
            text_add(to, i < full ? "#" : "-");
        text_add(to, "] ");
    }
    text_add(to, "%.*s", (int)(facts.used < room ? facts.used : room), facts.bytes);
}

void progress_add_line(const struct progress *progress, struct text *to)
{
    add_facts(progress, to);
}
