/*
 * The lines that ping prints and the counters behind them. Knows replies, but not how they are got.
 */
#include "report.h"

#include "ip_options.h"

#include "../common/address.h"
#include "../common/output.h"
#include "../common/status.h"
#include "../common/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Guards the counters and the order of lines: Windows starts a thread for Ctrl-C and Ctrl-Break. */
static SRWLOCK lock = SRWLOCK_INIT;

static char target_text[ADDRESS_TEXT_BYTES];
static unsigned long long sent_count;
static unsigned long long received_count; /* echo replies and ICMP errors */
static unsigned long long echo_count;     /* echo replies alone; the times are theirs */
static unsigned long long total_ms;
static unsigned long min_ms = ULONG_MAX;
static unsigned long max_ms;

void report_start(const char *target)
{
    snprintf(target_text, sizeof(target_text), "%s", target);
}

void report_sent(void)
{
    AcquireSRWLockExclusive(&lock);
    sent_count++;
    ReleaseSRWLockExclusive(&lock);
}

static void count_echo(unsigned long ms)
{
    echo_count++;
    total_ms += ms;
    min_ms = ms < min_ms ? ms : min_ms;
    max_ms = ms > max_ms ? ms : max_ms;
}

static void print_time(unsigned long ms)
{
    if (ms > 0)
        output_add(standard_output, "time=%lums", ms);
    else
        output_add(standard_output, "time<1ms");
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

static void print_echo(const ICMP_ECHO_REPLY *reply, const BYTE *sent, size_t sent_bytes)
{
    output_add(standard_output, "bytes=%u ", reply->DataSize);
    if (reply->DataSize != sent_bytes)
        output_add(standard_output, "(sent %lu) ", (unsigned long)sent_bytes);
    print_time(reply->RoundTripTime);
    output_add(standard_output, " TTL=%u\n", reply->Options.Ttl);
    print_difference(reply->Data, reply->DataSize, sent, sent_bytes);
    char routes[512];
    struct text text = text_in(routes, sizeof(routes));
    ip_options_add(&text, reply->Options.OptionsData, reply->Options.OptionsSize);
    output_add(standard_output, "%s", routes);
}

static void print_echo6(const ICMPV6_ECHO_REPLY *reply, const BYTE *sent, size_t sent_bytes)
{
    print_time(reply->RoundTripTime);
    output_add(standard_output, "\n");
    print_difference((const BYTE *)(reply + 1), sent_bytes, sent, sent_bytes);
}

/* Begins the line of an answer, with the lock taken, and counts it. Whether it is an echo reply; otherwise
 * the line has been ended, too. */
static bool begin_answer(const union address *from, DWORD status, unsigned long ms, const char *error_text)
{
    char text[ADDRESS_TEXT_BYTES];
    address_to_text(from, text);

    AcquireSRWLockExclusive(&lock);
    received_count++;
    output_add(standard_output, "Reply from %s: ", text);
    if (status == IP_SUCCESS) {
        count_echo(ms);
        return true;
    }
    output_add(standard_output, "%s\n", error_text != NULL ? error_text : "General failure.");
    return false;
}

static void end_answer(void)
{
    output_flush(standard_output);
    ReleaseSRWLockExclusive(&lock);
}

void report_reply(const ICMP_ECHO_REPLY *reply, const BYTE *sent, size_t sent_bytes)
{
    union address from = address_of_v4(reply->Address);
    if (begin_answer(&from, reply->Status, reply->RoundTripTime, status_text(reply->Status, false)))
        print_echo(reply, sent, sent_bytes);
    end_answer();
}

void report_reply6(const ICMPV6_ECHO_REPLY *reply, const BYTE *sent, size_t sent_bytes)
{
    union address from = address_of_v6(&reply->Address.sin6_addr, reply->Address.sin6_scope_id);
    if (begin_answer(&from, reply->Status, reply->RoundTripTime, status_text(reply->Status, true)))
        print_echo6(reply, sent, sent_bytes);
    end_answer();
}

void report_failure(DWORD error)
{
    const char *text = status_text(error, false);
    AcquireSRWLockExclusive(&lock);
    output_print("%s\n", text != NULL ? text : "PING: transmit failed. General failure.");
    if (text == NULL) {
        /* Windows' line does not say which. */
        output_add(standard_error, "ping: error %lu\n", (unsigned long)error);
        output_flush(standard_error);
    }
    ReleaseSRWLockExclusive(&lock);
}

static void print_statistics(const char *last_line)
{
    unsigned long long lost = sent_count - received_count;

    output_add(standard_output, "\nPing statistics for %s:\n", target_text);
    output_add(standard_output, "    Packets: Sent = %llu, Received = %llu, Lost = %llu (%llu%% loss),\n",
               sent_count, received_count, lost, sent_count > 0 ? 100 * lost / sent_count : 0);
    if (echo_count > 0) {
        output_add(standard_output, "Approximate round trip times in milli-seconds:\n");
        output_add(standard_output, "    Minimum = %lums, Maximum = %lums, Average = %llums\n", min_ms,
                   max_ms, total_ms / echo_count);
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
