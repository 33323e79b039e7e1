/*
 * The lines that ping prints and the counters behind them. Knows replies, but not how they are got.
 */
#include "report.h"

#include "ip_options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    DWORD status;
    const char *text;
} status_texts[] = {
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

/* Guards the counters and the order of lines: Windows starts a thread for Ctrl-C and Ctrl-Break. */
static SRWLOCK lock = SRWLOCK_INIT;

static char target_text[ADDRESS_TEXT_BYTES];
static unsigned long long sent_count;
static unsigned long long received_count; /* echo replies and ICMP errors */
static unsigned long long echo_count;     /* echo replies alone; the times are theirs */
static unsigned long long total_ms;
static unsigned long min_ms = ULONG_MAX;
static unsigned long max_ms;

static const char *status_text(DWORD status)
{
    for (size_t i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]); i++) {
        if (status_texts[i].status == status)
            return status_texts[i].text;
    }
    return NULL;
}

void address_to_text(IPAddr address, char text[ADDRESS_TEXT_BYTES])
{
    const BYTE *byte = (const BYTE *)&address;
    snprintf(text, ADDRESS_TEXT_BYTES, "%u.%u.%u.%u", byte[0], byte[1], byte[2], byte[3]);
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

static void print_echo(const ICMP_ECHO_REPLY *reply, const BYTE *sent, size_t sent_bytes)
{
    const BYTE *data = reply->Data;
    size_t same = 0;

    printf("bytes=%u ", reply->DataSize);
    if (reply->DataSize != sent_bytes)
        printf("(sent %lu) ", (unsigned long)sent_bytes);
    if (reply->RoundTripTime > 0)
        printf("time=%lums", (unsigned long)reply->RoundTripTime);
    else
        printf("time<1ms");
    printf(" TTL=%u\n", reply->Options.Ttl);

    while (same < reply->DataSize && same < sent_bytes && data[same] == sent[same])
        same++;
    if (same < reply->DataSize)
        printf("    Data differ from what was sent, first in byte %lu.\n", (unsigned long)same);
    ip_options_print(stdout, reply->Options.OptionsData, reply->Options.OptionsSize);
}

void report_reply(const ICMP_ECHO_REPLY *reply, const BYTE *sent, size_t sent_bytes)
{
    char from[ADDRESS_TEXT_BYTES];
    address_to_text(reply->Address, from);

    AcquireSRWLockExclusive(&lock);
    received_count++;
    printf("Reply from %s: ", from);
    if (reply->Status == IP_SUCCESS) {
        count_echo(reply->RoundTripTime);
        print_echo(reply, sent, sent_bytes);
    } else {
        const char *text = status_text(reply->Status);
        puts(text != NULL ? text : "General failure.");
    }
    fflush(stdout);
    ReleaseSRWLockExclusive(&lock);
}

void report_failure(DWORD error)
{
    const char *text = status_text(error);
    AcquireSRWLockExclusive(&lock);
    puts(text != NULL ? text : "PING: transmit failed. General failure.");
    fflush(stdout);
    if (text == NULL)
        fprintf(stderr, "ping: error %lu\n", (unsigned long)error); /* Windows' line does not say which */
    ReleaseSRWLockExclusive(&lock);
}

static void print_statistics(const char *last_line)
{
    unsigned long long lost = sent_count - received_count;

    printf("\nPing statistics for %s:\n", target_text);
    printf("    Packets: Sent = %llu, Received = %llu, Lost = %llu (%llu%% loss),\n", sent_count,
           received_count, lost, sent_count > 0 ? 100 * lost / sent_count : 0);
    if (echo_count > 0) {
        printf("Approximate round trip times in milli-seconds:\n");
        printf("    Minimum = %lums, Maximum = %lums, Average = %llums\n", min_ms, max_ms,
               total_ms / echo_count);
    }
    fputs(last_line, stdout);
    fflush(stdout);
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
