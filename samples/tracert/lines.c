/*
 * Writes the lines of a trace.
 */
#include "lines.h"

#include "../common/duration.h"
#include "../common/status.h"

void line_add_host(struct text *line, const union address *address, const char *name)
{
    char text[ADDRESS_TEXT_BYTES];
    address_to_text(address, text);
    if (name[0] != '\0')
        text_add(line, "%s [%s]", name, text);
    else
        text_add(line, "%s", text);
}

void line_add_number(struct text *line, unsigned int hop)
{
    text_add(line, "%3u", hop);
}

static void add_time(struct text *line, uint64_t time_ns, bool precise)
{
    char bytes[32];
    struct text time = text_in(bytes, sizeof(bytes));
    uint64_t ms = time_ns / 1000000;

    if (precise)
        duration_add_short_ms(&time, time_ns);
    else if (ms == 0)
        text_add(&time, "<1");
    else
        text_add(&time, "%llu", (unsigned long long)ms);
    text_add(line, "%6s ms", bytes);
}

void line_add_column(struct text *line, const struct probe_result *probe, bool precise)
{
    if (probe->outcome == PROBE_PASSED || probe->outcome == PROBE_ANSWERED)
        add_time(line, probe->time_ns, precise);
    else if (probe->outcome == PROBE_LOST)
        text_add(line, "     *   ");
}

void line_add_status(struct text *line, uint32_t status, bool ipv6)
{
    const char *text = status_sentence(status, ipv6);
    if (text != NULL)
        text_add(line, "%s", text);
    else
        text_add(line, "Error %lu.", (unsigned long)status);
}

void line_add_end(struct text *line, const struct trace *trace, unsigned int hop, const char *name)
{
    const struct probe_result *last = &trace->probes[hop][trace_probes_over(trace, hop) - 1];
    const union address *from = trace_responder(trace, hop);

    text_add(line, "  ");
    if (last->outcome == PROBE_FAILED) {
        text_add(line, "Transmit failed: ");
        line_add_status(line, last->status, false);
    } else if (from == NULL) {
        text_add(line, "Request timed out.");
    } else {
        line_add_host(line, from, name);
        if (last->outcome == PROBE_REFUSED) {
            text_add(line, "  reports: ");
            line_add_status(line, last->status, address_is_ipv6(from));
        }
    }
    text_add(line, "\n");
}
