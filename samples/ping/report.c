/*
 * The lines that ping prints and the counters behind them. Knows replies, but not how they are got.
 */
#include "report.h"

#include "ip_options.h"

#include "../common/address.h"
#include "../common/output.h"
#include "../common/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct status_text {
    DWORD status;
    const char *text;
};

static const struct status_text status_texts[] = {
    {IP_DEST_NET_UNREACHABLE, "Destination net unreachable."},
    {IP_DEST_HOST_UNREACHABLE, "Destination host unreachable."},
    {IP_DEST_PROT_UNREACHABLE, "Destination protocol unreachable."},
    {IP_DEST_PORT_UNREACHABLE, "Destination port unreachable."},
    {IP_NO_RESOURCES, "No resources."},
    {IP_BAD_OPTION, "Bad IP option."},
    {IP_HW_ERROR, "Hardware error."},
    {IP_PACKET_TOO_BIG, "Packet needs to be fragmented but DF set."},
    {IP_REQ_TIMED_OUT, "Request timed out."},
    {IP_BAD_ROUTE, "Source route failed."},
    {IP_TTL_EXPIRED_TRANSIT, "TTL expired in transit."},
    {IP_TTL_EXPIRED_REASSEM, "TTL expired during reassembly."},
    {IP_PARAM_PROBLEM, "IP parameter problem."},
    {IP_SOURCE_QUENCH, "Source quench received."},
    {IP_OPTION_TOO_BIG, "IP options too big."},
    {IP_BAD_DESTINATION, "Bad destination."},
    {IP_GENERAL_FAILURE, "General failure."},
};

/* What is different in IPv6, or is not known in IPv4. */
static const struct status_text status_texts6[] = {
    {IP_DEST_PROHIBITED, "Destination prohibited."},
    {IP_PACKET_TOO_BIG, "Packet too big."},
    {IP_DEST_UNREACHABLE, "Destination unreachable."},
    {IP_TIME_EXCEEDED, "Time exceeded."},
    {IP_BAD_HEADER, "Bad header."},
    {IP_UNRECOGNIZED_NEXT_HEADER, "Unrecognized next header."},
    {IP_ICMP_ERROR, "ICMP error."},
    {IP_DEST_SCOPE_MISMATCH, "Destination scope mismatch."},
};

/* Guards the counters and the order of lines: Windows starts a thread for Ctrl-C and Ctrl-Break. */
static SRWLOCK lock = SRWLOCK_INIT;

static char target_text[ADDRESS_TEXT_BYTES];
static unsigned long long sent_count;
static unsigned long long received_count; /* echo replies and ICMP errors */
static unsigned long long echo_count;     /* echo replies alone; the times are theirs */
static unsigned long long total_ms;
static unsigned long min_ms = ULONG_MAX;
static unsigned long max_ms;

/* NULL if it is not among these. */
static const char *find_text(const struct status_text *texts, size_t count, DWORD status)
{
    for (size_t i = 0; i < count; i++) {
        if (texts[i].status == status)
            return texts[i].text;
    }
    return NULL;
}

static const char *status_text(DWORD status)
{
    return find_text(status_texts, sizeof(status_texts) / sizeof(status_texts[0]), status);
}

static const char *status_text6(DWORD status)
{
    const char *text = find_text(status_texts6, sizeof(status_texts6) / sizeof(status_texts6[0]), status);
    return text != NULL ? text : status_text(status);
}

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
    if (begin_answer(&from, reply->Status, reply->RoundTripTime, status_text(reply->Status)))
        print_echo(reply, sent, sent_bytes);
    end_answer();
}

void report_reply6(const ICMPV6_ECHO_REPLY *reply, const BYTE *sent, size_t sent_bytes)
{
    union address from = address_of_v6(&reply->Address.sin6_addr, reply->Address.sin6_scope_id);
    if (begin_answer(&from, reply->Status, reply->RoundTripTime, status_text6(reply->Status)))
        print_echo6(reply, sent, sent_bytes);
    end_answer();
}

void report_failure(DWORD error)
{
    const char *text = status_text(error);
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
