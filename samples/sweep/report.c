/*
 * Writes results, progress and summary.
 */
#include "report.h"

#include "../common/output.h"

/* Where there is no bar, a line so often. */
#define LINE_NS UINT64_C(5000000000)

/* Output that is overwritten by a bar would be lost: first the bar has to go. */
static void remove_bar(struct report *report)
{
    if (!report->has_bar)
        return;
    output_go_up(standard_error, 0);
    output_clear_line(standard_error);
    report->has_bar = false;
}

static void write_piece(struct report *report, struct output *out, const struct text *piece)
{
    if (output_is_console(out))
        remove_bar(report);
    output_add(out, "%s", piece->bytes);
}

void report_start(struct report *report, const struct sweep_options *options, const struct targets *targets,
                  uint64_t requests, uint64_t now_ns)
{
    char bytes[FORMAT_PIECE_BYTES];
    struct text piece = text_in(bytes, sizeof(bytes));
    report->options = options;
    report->targets = targets;
    report->started_ns = report->line_ns = now_ns;
    progress_start(&report->progress, requests, now_ns);
    options->format->begin(&piece);
    write_piece(report, standard_output, &piece);
}

void report_reply(struct report *report, uint64_t time_ns)
{
    statistics_add(&report->summary.times, time_ns);
}

static bool is_to_be_shown(enum sweep_show show, const struct target_state *target)
{
    switch (show) {
    case SHOW_ALIVE:
        return target->replies > 0;
    case SHOW_DEAD:
        return target->replies == 0;
    default:
        return true;
    }
}

void report_target(struct report *report, const struct target_state *target)
{
    char bytes[FORMAT_PIECE_BYTES];
    struct text piece = text_in(bytes, sizeof(bytes));
    summary_add(&report->summary, target);
    if (!is_to_be_shown(report->options->show, target))
        return;
    report->options->format->target(&piece, target, targets_name(report->targets, &target->address),
                                    report->written++);
    write_piece(report, standard_output, &piece);
}

static void show_bar(struct report *report)
{
    char bytes[FORMAT_PIECE_BYTES];
    struct text bar = text_in(bytes, sizeof(bytes));
    progress_add_bar(&report->progress, &bar, output_columns(standard_error));
    output_go_up(standard_error, 0);
    output_add(standard_error, "%s", bar.bytes);
    output_clear_line(standard_error);
    report->has_bar = true;
}

static void show_line(struct report *report, uint64_t now_ns)
{
    char bytes[FORMAT_PIECE_BYTES];
    struct text line = text_in(bytes, sizeof(bytes));
    if (now_ns - report->line_ns < LINE_NS)
        return;
    progress_add_line(&report->progress, &line);
    output_add(standard_error, "%s\n", line.bytes);
    output_flush(standard_error);
    report->line_ns = now_ns;
}

void report_tick(struct report *report, uint64_t requests_ended, uint64_t now_ns)
{
    report->is_broken = !output_flush(standard_output) || report->is_broken;
    progress_update(&report->progress, requests_ended, report->summary.alive, now_ns);
    if (report->options->quiet)
        return;
    if (output_is_console(standard_error))
        show_bar(report);
    else
        show_line(report, now_ns);
}

void report_end(struct report *report, uint64_t now_ns)
{
    char bytes[FORMAT_PIECE_BYTES];
    struct text piece = text_in(bytes, sizeof(bytes));
    const struct format *format = report->options->format;
    report->summary.elapsed_ns = now_ns - report->started_ns;
    remove_bar(report);
    format->end(&piece, &report->summary, report->written);
    write_piece(report, standard_output, &piece);
    report->is_broken = !output_flush(standard_output) || report->is_broken;
    if (!format->without_summary || report->options->quiet)
        return;
    piece = text_in(bytes, sizeof(bytes));
    format_add_summary(&piece, &report->summary);
    output_add(standard_error, "%s", piece.bytes);
    output_flush(standard_error);
}
