/*
 * A trace, line by line as the probes end, hop after hop.
 */
#include "lines.h"
#include "names.h"
#include "show.h"

#include "../common/output.h"
#include "../common/stop.h"

#include <stdlib.h>

#define LINE_BYTES (HOST_NAME_BYTES + 256)

/* How far the output has come. */
struct printer {
    const struct tracert_options *options;
    const struct host *target;
    struct trace trace;
    bool has_heading;
    unsigned int hop;     /* the one whose line is to be written, or has been begun */
    unsigned int columns; /* written of it */
    uint64_t wakes_ms;    /* when a name has been waited for long enough */
};

static void on_end(void *context, unsigned int ttl, uint64_t number, const struct probe_result *result)
{
    struct printer *printer = context;
    trace_take(&printer->trace, ttl, (unsigned int)number, result);
    if (!printer->options->numeric && result->from.any.sa_family != 0)
        names_ask(&result->from);
}

/* Whether the name of an address need not be waited for. If it has to be, notes until when. */
static bool name_is_settled(struct printer *printer, const union address *address)
{
    uint64_t until_ms = names_wait_until_ms(address);
    if (until_ms <= GetTickCount64())
        return true;
    printer->wakes_ms = until_ms;
    return false;
}

static bool print_heading(struct printer *printer)
{
    const struct host *target = printer->target;
    char bytes[LINE_BYTES];
    struct text line = text_in(bytes, sizeof(bytes));

    if (!printer->has_heading) {
        if (!name_is_settled(printer, &target->address))
            return false;
        line_add_host(&line, &target->address,
                      target->name[0] != '\0' ? target->name : names_get(&target->address));
        output_print("\nTracing the route to %s\nover at most %lu hops:\n\n", bytes,
                     (unsigned long)printer->options->max_hops);
        printer->has_heading = true;
    }
    return true;
}

/* Prints as much of the present hop's line as there is to print. Whether that was all of it. */
static bool print_hop(struct printer *printer)
{
    const struct trace *trace = &printer->trace;
    unsigned int over = trace_probes_over(trace, printer->hop);
    const union address *responder = trace_responder(trace, printer->hop);
    char bytes[LINE_BYTES];
    struct text line = text_in(bytes, sizeof(bytes));

    if (printer->columns == 0 && over > 0)
        line_add_number(&line, printer->hop);
    for (; printer->columns < over; printer->columns++)
        line_add_column(&line, &trace->probes[printer->hop][printer->columns], printer->options->precise);

    bool is_all =
        trace_hop_is_over(trace, printer->hop) && (responder == NULL || name_is_settled(printer, responder));
    if (is_all)
        line_add_end(&line, trace, printer->hop, responder == NULL ? "" : names_get(responder));
    output_print("%s", bytes);
    return is_all;
}

/* Prints all that can be printed. False when the route has been shown to its end. */
static bool print(struct printer *printer)
{
    printer->wakes_ms = UINT64_MAX;
    if (!print_heading(printer))
        return true;
    while (print_hop(printer)) {
        if (trace_ends_with(&printer->trace, printer->hop))
            return false;
        printer->hop++;
        printer->columns = 0;
    }
    return true;
}

int show_trace(struct prober *prober, const struct tracert_options *options, const struct host *target)
{
    static struct printer printer; /* too large for a stack */
    unsigned int hop, round;

    printer = (struct printer){.options = options, .target = target, .hop = 1};
    trace_start(&printer.trace, options->max_hops, options->sequential);
    prober->ended = on_end;
    prober->context = &printer;
    if (!options->numeric && target->name[0] == '\0')
        names_ask(&target->address);

    while (print(&printer)) {
        while (trace_next(&printer.trace, GetTickCount64(), &hop, &round)) {
            if (!probe_send(prober, hop, round)) {
                output_print("\nOut of memory.\n");
                return EXIT_FAILURE;
            }
        }
        uint64_t wakes_ms = trace_wakes_ms(&printer.trace);
        wait_alertably_until(wakes_ms < printer.wakes_ms ? wakes_ms : printer.wakes_ms);
        if (stop_is_asked()) {
            output_print("\nControl-C\n");
            return EXIT_FAILURE;
        }
    }
    output_print("\nTrace complete.\n");
    return trace_has_reached(&printer.trace) ? EXIT_SUCCESS : EXIT_FAILURE;
}
