/*
 * A watched route: on a console a table that is renewed in its place, elsewhere a line a probe and, in the end,
 * the table.
 */
#include "lines.h"
#include "names.h"
#include "show.h"
#include "watch.h"

#include "../common/output.h"
#include "../common/stop.h"

#include <stdlib.h>

#define LINE_BYTES    (HOST_NAME_BYTES + (size_t)4 * CHART_MAX_COLUMNS + 256)
#define CHART_COLUMNS 20

/* The table on a console is renewed at most so often. */
#define RENEWAL_MS 100

struct screen {
    const struct tracert_options *options;
    struct watch watch;
    bool is_console;
    unsigned int lines;       /* of the table that stands on the console */
    uint64_t printed_rounds;  /* elsewhere: whose probes have their lines */
    bool has_news;            /* on a console: since the table was renewed */
    uint64_t next_renewal_ms; /* not before */
};

static void on_end(void *context, unsigned int ttl, uint64_t number, const struct probe_result *result)
{
    struct screen *screen = context;
    watch_take(&screen->watch, ttl, number, result);
    screen->has_news = true;
    if (!screen->options->numeric && result->from.any.sa_family != 0)
        names_ask(&result->from);
}

static const char *name_of_hop(const struct watch *watch, unsigned int hop)
{
    return names_get(&watch->hops[hop].from);
}

/* Ends a line of the table: on a console as wide as that, so that nothing is left of what stood there. */
static void print_line(struct screen *screen, struct text *line)
{
    if (screen->is_console) {
        text_cut(line, output_columns(standard_output) - 1);
        text_pad(line, output_columns(standard_output) - 1);
    }
    output_add(standard_output, "%s\n", line->bytes);
    screen->lines++;
}

/* As many hops as there is room for in the window; elsewhere all. */
static unsigned int hops_in_window(const struct screen *screen)
{
    unsigned int hops = watch_shown_hops(&screen->watch);
    unsigned int rows = output_rows(standard_output);
    if (screen->is_console && hops + 2 > rows)
        return rows > 3 ? rows - 2 : 1;
    return hops;
}

static void print_table(struct screen *screen)
{
    char bytes[LINE_BYTES];
    struct text line = text_in(bytes, sizeof(bytes));

    if (screen->is_console)
        output_go_up(standard_output, screen->lines);
    unsigned int lines_before = screen->lines;
    screen->lines = 0;
    watch_add_heading(&line, CHART_COLUMNS);
    print_line(screen, &line);
    for (unsigned int hop = 1, last = hops_in_window(screen); hop <= last; hop++) {
        line = text_in(bytes, sizeof(bytes));
        watch_add_row(&line, &screen->watch, hop, name_of_hop(&screen->watch, hop), CHART_COLUMNS);
        print_line(screen, &line);
    }
    while (screen->is_console && screen->lines < lines_before) { /* the route has become shorter */
        line = text_in(bytes, sizeof(bytes));
        print_line(screen, &line);
    }
    output_flush(standard_output);
    screen->has_news = false;
    screen->next_renewal_ms = GetTickCount64() + RENEWAL_MS;
}

/* Elsewhere: the lines of the rounds that are over, and of those of which the charts forget. */
static void print_probes(struct screen *screen)
{
    struct watch *watch = &screen->watch;
    while (screen->printed_rounds < watch->rounds &&
           (watch_round_is_over(watch, screen->printed_rounds) ||
            watch->rounds - screen->printed_rounds == CHART_MAX_COLUMNS)) {
        for (unsigned int hop = 1, last = watch_shown_hops(watch); hop <= last; hop++) {
            char bytes[LINE_BYTES];
            struct text line = text_in(bytes, sizeof(bytes));
            watch_add_probe(&line, watch, hop, screen->printed_rounds, name_of_hop(watch, hop));
            output_add(standard_output, "%s\n", bytes);
        }
        screen->printed_rounds++;
    }
    output_flush(standard_output);
}

static bool send_round(struct screen *screen, struct prober *prober)
{
    unsigned int last = watch_begin_round(&screen->watch);
    for (unsigned int hop = 1; hop <= last; hop++) {
        if (!probe_send(prober, hop, screen->watch.rounds - 1))
            return false;
    }
    return true;
}

/* Shows what there is to show. When it shall be called again. */
static uint64_t show(struct screen *screen)
{
    if (!screen->is_console) {
        print_probes(screen);
        return UINT64_MAX;
    }
    if (screen->has_news && GetTickCount64() >= screen->next_renewal_ms)
        print_table(screen);
    return screen->has_news ? screen->next_renewal_ms : UINT64_MAX;
}

/* Until Ctrl-C, or as many rounds as were asked for. False without memory. */
static bool watch_rounds(struct screen *screen, struct prober *prober)
{
    const struct tracert_options *options = screen->options;
    const struct watch *watch = &screen->watch;
    uint64_t next_round_ms = GetTickCount64();

    while (!stop_is_asked()) {
        bool is_last = options->count > 0 && watch->rounds == options->count;
        if (is_last && watch_round_is_over(watch, watch->rounds - 1))
            return true;
        if (!is_last && GetTickCount64() >= next_round_ms) {
            if (!send_round(screen, prober))
                return false;
            next_round_ms += options->interval_ms;
            continue;
        }
        uint64_t shows_ms = show(screen);
        uint64_t sends_ms = is_last ? UINT64_MAX : next_round_ms;
        wait_alertably_until(shows_ms < sends_ms ? shows_ms : sends_ms);
    }
    return true;
}

int show_watch(struct prober *prober, const struct tracert_options *options, const struct host *target)
{
    static struct screen screen; /* too large for a stack */
    char bytes[LINE_BYTES];
    struct text line = text_in(bytes, sizeof(bytes));

    screen = (struct screen){.options = options, .is_console = output_is_console(standard_output)};
    watch_start(&screen.watch, options->max_hops);
    prober->ended = on_end;
    prober->context = &screen;
    line_add_host(&line, &target->address, target->name);
    output_print("\nWatching the route to %s%s:\n\n", bytes,
                 !screen.is_console    ? ", round, hop, time and host"
                 : options->count == 0 ? ", until Ctrl-C"
                                       : "");

    if (!watch_rounds(&screen, prober)) {
        output_print("Out of memory.\n");
        return EXIT_FAILURE;
    }
    if (!screen.is_console) {
        print_probes(&screen);
        output_print("\n");
    }
    print_table(&screen);
    return screen.watch.reached ? EXIT_SUCCESS : EXIT_FAILURE;
}
