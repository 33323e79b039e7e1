/*
 * The lines that ping prints and the counters behind them. Knows replies, but not how they are got.
 */
#include "report.h"

#include "ip_options.h"

#include "../common/address.h"
#include "../common/chart.h"
#include "../common/duration.h"
#include "../common/output.h"
#include "../common/status.h"
#include "../common/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Guards the counters and the order of lines: Windows starts a thread for Ctrl-C and Ctrl-Break. */
static SRWLOCK lock = SRWLOCK_INIT;

static char target_text[ADDRESS_TEXT_BYTES];
static unsigned long long sent_count;
static unsigned long long received_count; /* echo replies and ICMP errors */
static unsigned long long echo_count;     /* echo replies alone; the times are theirs */
/* In milliseconds, which are added up as Windows rounds each of them; with --precise in nanoseconds. */
static uint64_t total_time;
static uint64_t min_time = UINT64_MAX;
static uint64_t max_time;

static bool precise;
static bool graph;
static struct chart chart;
static bool chart_is_shown; /* below the last line, on a console; the cursor stands behind it */

void report_start(const char *target, const struct ping_options *options)
{
    snprintf(target_text, sizeof(target_text), "%s", target);
    precise = options->precise;
    graph = options->graph;
}

/* Takes the chart away from the line where text is to come. */
static void hide_chart(void)
{
    if (!chart_is_shown)
        return;
    output_go_up(standard_output, 0);
    output_clear_line(standard_output);
    chart_is_shown = false;
}

/* The latest times, and how much the highest bar is. */
static void add_chart(void)
{
    char bytes[4 * CHART_MAX_COLUMNS + 64];
    struct text line = text_in(bytes, sizeof(bytes));
    size_t columns = output_columns(standard_output);
    size_t bars = columns > 30 ? columns - 20 : 10;
    uint64_t longest_ns = chart_longest_ns(&chart, bars);

    chart_write(&chart, &line, bars, longest_ns);
    text_add(&line, "  %s = ", chart_bar(1, 1));
    duration_add_short_ms(&line, longest_ns);
    output_add(standard_output, "%s ms", line.bytes);
}

/* Takes note of a request that is over. The lock is held. */
static void add_to_chart(uint64_t time_ns)
{
    if (!graph)
        return;
    chart_add(&chart, time_ns);
    if (output_is_console(standard_output)) {
        add_chart();
        output_flush(standard_output);
        chart_is_shown = true;
    }
}

void report_sent(void)
{
    AcquireSRWLockExclusive(&lock);
    sent_count++;
    ReleaseSRWLockExclusive(&lock);
}

static void count_echo(uint64_t time)
{
    echo_count++;
    total_time += time;
    min_time = time < min_time ? time : min_time;
    max_time = time > max_time ? time : max_time;
}

/* A time in the unit of the counters. */
static void print_time(uint64_t time)
{
    char bytes[32];
    struct text text = text_in(bytes, sizeof(bytes));
    if (precise)
        duration_add_ms(&text, time);
    else
        text_add(&text, "%llu", (unsigned long long)time);
    output_add(standard_output, "%sms", bytes);
}

static void print_time_of_reply(uint64_t time)
{
    if (time == 0 && !precise) {
        output_add(standard_output, "time<1ms");
    } else {
        output_add(standard_output, "time=");
        print_time(time);
    }
}

static void print_difference(const BYTE *data, size_t data_bytes, const BYTE *sent, size_t sent_bytes)
{
    size_t same = 0;
    while (same < data_bytes && same < sent_bytes && data[same] == sent[same])
        same++;
    if (same < data_bytes)
        output_add(standard_output, "    Data differ from what was sent, first in byte %lu.\n",
                   (unsigned long)same);
}

static void print_echo(const ICMP_ECHO_REPLY *reply, uint64_t time, const BYTE *sent, size_t sent_bytes)
{
    output_add(standard_output, "bytes=%u ", reply->DataSize);
    if (reply->DataSize != sent_bytes)
        output_add(standard_output, "(sent %lu) ", (unsigned long)sent_bytes);
    print_time_of_reply(time);
    output_add(standard_output, " TTL=%u\n", reply->Options.Ttl);
    print_difference(reply->Data, reply->DataSize, sent, sent_bytes);
    char routes[512];
    struct text text = text_in(routes, sizeof(routes));
    ip_options_add(&text, reply->Options.OptionsData, reply->Options.OptionsSize);
    output_add(standard_output, "%s", routes);
}

static void print_echo6(const ICMPV6_ECHO_REPLY *reply, uint64_t time, const BYTE *sent, size_t sent_bytes)
{
    print_time_of_reply(time);
    output_add(standard_output, "\n");
    print_difference((const BYTE *)(reply + 1), sent_bytes, sent, sent_bytes);
}

/* Begins the line of an answer, with the lock taken, and counts it. Whether it is an echo reply; otherwise
 * the line has been ended, too. */
static bool begin_answer(const union address *from, DWORD status, uint64_t time, const char *error_text)
{
    char text[ADDRESS_TEXT_BYTES];
    address_to_text(from, text);

    AcquireSRWLockExclusive(&lock);
    hide_chart();
    received_count++;
    output_add(standard_output, "Reply from %s: ", text);
    if (status == IP_SUCCESS) {
        count_echo(time);
        return true;
    }
    output_add(standard_output, "%s\n", error_text != NULL ? error_text : "General failure.");
    return false;
}

static void end_answer(DWORD status, uint64_t time_ns)
{
    output_flush(standard_output);
    add_to_chart(status == IP_SUCCESS ? time_ns : CHART_LOST);
    ReleaseSRWLockExclusive(&lock);
}

void report_reply(const ICMP_ECHO_REPLY *reply, uint64_t time_ns, const BYTE *sent, size_t sent_bytes)
{
    union address from = address_of_v4(reply->Address);
    uint64_t time = precise ? time_ns : reply->RoundTripTime;
    if (begin_answer(&from, reply->Status, time, status_sentence(reply->Status, false)))
        print_echo(reply, time, sent, sent_bytes);
    end_answer(reply->Status, time_ns);
}

void report_reply6(const ICMPV6_ECHO_REPLY *reply, uint64_t time_ns, const BYTE *sent, size_t sent_bytes)
{
    union address from = address_of_v6(&reply->Address.sin6_addr, reply->Address.sin6_scope_id);
    uint64_t time = precise ? time_ns : reply->RoundTripTime;
    if (begin_answer(&from, reply->Status, time, status_sentence(reply->Status, true)))
        print_echo6(reply, time, sent, sent_bytes);
    end_answer(reply->Status, time_ns);
}

void report_failure(DWORD error)
{
    const char *text = status_sentence(error, false);
    AcquireSRWLockExclusive(&lock);
    hide_chart();
    output_print("%s\n", text != NULL ? text : "PING: transmit failed. General failure.");
    if (text == NULL) {
        /* Windows' line does not say which. */
        output_add(standard_error, "ping: error %lu\n", (unsigned long)error);
        output_flush(standard_error);
    }
    add_to_chart(CHART_LOST);
    ReleaseSRWLockExclusive(&lock);
}

/* Leaves the chart where it is, above the statistics; it comes there if it is not, as in a pipe. */
static void end_chart(void)
{
    if (!graph || chart.added == 0)
        return;
    if (!chart_is_shown)
        add_chart();
    output_add(standard_output, "\n");
    chart_is_shown = false;
}

static void print_statistics(const char *last_line)
{
    unsigned long long lost = sent_count - received_count;

    end_chart();
    output_add(standard_output, "\nPing statistics for %s:\n", target_text);
    output_add(standard_output, "    Packets: Sent = %llu, Received = %llu, Lost = %llu (%llu%% loss),\n",
               sent_count, received_count, lost, sent_count > 0 ? 100 * lost / sent_count : 0);
    if (echo_count > 0) {
        output_add(standard_output, "Approximate round trip times in milli-seconds:\n");
        output_add(standard_output, "    Minimum = ");
        print_time(min_time);
        output_add(standard_output, ", Maximum = ");
        print_time(max_time);
        output_add(standard_output, ", Average = ");
        print_time(total_time / echo_count);
        output_add(standard_output, "\n");
    }
    output_add(standard_output, "%s", last_line);
    output_flush(standard_output);
}

void report_statistics(const char *last_line)
{
    AcquireSRWLockExclusive(&lock);
    print_statistics(last_line);
    ReleaseSRWLockExclusive(&lock);
}

void report_and_exit(const char *last_line)
{
    AcquireSRWLockExclusive(&lock); /* and never released: nobody prints after this */
    print_statistics(last_line);
    ExitProcess(echo_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}
