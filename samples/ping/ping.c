/*
 * ping for OpenICMP, as Windows users know it: the same options and the same output, in English. Beyond that,
 * --precise shows microseconds and --graph a chart of the latest times.
 *
 * The ICMP API in short: IcmpCreateFile once, then a blocking IcmpSendEcho for each echo request, with a
 * reply buffer that has room for the structure, IP options and the echoed data. For IPv6: Icmp6CreateFile
 * and Icmp6SendEcho2.
 *
 * Exit status: 0 if at least one echo reply came, otherwise 1. An ICMP error ("Destination host
 * unreachable.") is counted as received, as on Windows, but does not make the status 0, so that scripts can
 * trust it.
 */
#include "../common/output.h"
#include "../common/precise_time.h"
#include "../common/target.h"
#include "../common/wide.h"

#include <icmpapi.h>

#include "ip_options.h"
#include "options.h"
#include "report.h"

#include <stdlib.h>

#define INTERVAL_MS 1000

/* What every echo request needs. */
struct echo {
    HANDLE icmp;          /* of the target's family */
    union address source; /* zero: the stack chooses */
    union address target;
    IP_OPTION_INFORMATION options;
    BYTE *data;
    WORD data_bytes;
    DWORD timeout_ms;
};

static void print_usage(void)
{
    output_print("%s\n", "\nUsage: ping [options] target\n\n"
                         "    -t             ping until Ctrl-C; Ctrl-Break shows the statistics so far\n"
                         "    -a             look up the name of a numeric target\n"
                         "    -n count       number of echo requests (4)\n"
                         "    -l size        bytes of data in each (32, up to 65500)\n"
                         "    -f             forbid fragmentation (DF, IPv4 only)\n"
                         "    -i TTL         time to live, or hop limit (128)\n"
                         "    -v TOS         type of service (0, IPv4 only)\n"
                         "    -r count       record the route, up to 9 addresses (IPv4 only)\n"
                         "    -s count       record up to 4 timestamps (IPv4 only)\n"
                         "    -j host-list   loose source route over up to 8 hosts (IPv4 only)\n"
                         "    -k host-list   strict source route over up to 8 hosts (IPv4 only)\n"
                         "    -w timeout     milliseconds to wait for each reply (4000)\n"
                         "    -S srcaddr     local address to send from\n"
                         "    -4             use IPv4\n"
                         "    -6             use IPv6\n"
                         "    --precise      times in microseconds\n"
                         "    --graph        a chart of the latest times\n\n"
                         "Exit status: 0 if an echo reply came, otherwise 1.");
}

static void say_not_found(const char *name)
{
    output_print("Ping request could not find host %s. Please check the name and try again.\n", name);
}

/* host_find, which says if there is none. */
static bool find_host(struct host *host, const char *name, enum family family)
{
    bool found = host_find(host, name, family);
    if (!found)
        say_not_found(name);
    return found;
}

/* Finds the hosts of a source route; the target is its last address. */
static bool route_find(uint32_t route_be[ROUTE_HOPS + 1], const struct ping_options *options,
                       const struct host *target)
{
    struct host hop;
    for (size_t i = 0; i < options->route.hop_count; i++) {
        if (!find_host(&hop, options->route.hops[i], IPV4))
            return false;
        route_be[i] = hop.address.v4.sin_addr.s_addr;
    }
    route_be[options->route.hop_count] = target->address.v4.sin_addr.s_addr;
    return true;
}

/* Windows calls this on a thread of its own, so Ctrl-C need not wait for the request that is under way. */
static BOOL WINAPI on_control(DWORD event)
{
    if (event == CTRL_C_EVENT)
        report_and_exit("Control-C\n");
    if (event == CTRL_BREAK_EVENT)
        report_statistics("Control-Break\n");
    return event == CTRL_BREAK_EVENT;
}

static DWORD send_ipv4(struct echo *echo, ICMP_ECHO_REPLY *reply, DWORD reply_bytes)
{
    IPAddr source = echo->source.v4.sin_addr.s_addr;
    IPAddr target = echo->target.v4.sin_addr.s_addr;
    if (source != 0)
        return IcmpSendEcho2Ex(echo->icmp, NULL, NULL, NULL, source, target, echo->data, echo->data_bytes,
                               &echo->options, reply, reply_bytes, echo->timeout_ms);
    return IcmpSendEcho(echo->icmp, target, echo->data, echo->data_bytes, &echo->options, reply, reply_bytes,
                        echo->timeout_ms);
}

static void send_one(struct echo *echo, void *reply, DWORD reply_bytes)
{
    bool ipv6 = address_is_ipv6(&echo->target);
    report_sent();
    DWORD replies =
        ipv6 ? Icmp6SendEcho2(echo->icmp, NULL, NULL, NULL, &echo->source.v6, &echo->target.v6, echo->data,
                              echo->data_bytes, &echo->options, reply, reply_bytes, echo->timeout_ms)
             : send_ipv4(echo, reply, reply_bytes);
    if (replies == 0)
        report_failure(GetLastError());
    else if (ipv6)
        report_reply6(reply,
                      precise_time_ns(reply, reply_bytes, ((const ICMPV6_ECHO_REPLY *)reply)->RoundTripTime),
                      echo->data, echo->data_bytes);
    else
        report_reply(reply,
                     precise_time_ns(reply, reply_bytes, ((const ICMP_ECHO_REPLY *)reply)->RoundTripTime),
                     echo->data, echo->data_bytes);
}

/* Sends the requests, one a second, and ends the process. Returns only if it could not start. */
static int ping(struct echo *echo, const struct ping_options *options)
{
    /* The larger structure of the two; 8 bytes and an IO_STATUS_BLOCK are what the documentation asks for
     * besides. */
    DWORD reply_bytes = (DWORD)sizeof(ICMP_ECHO_REPLY) + (DWORD)sizeof(ICMPV6_ECHO_REPLY) + IP_OPTIONS_BYTES +
                        echo->data_bytes + 8 + 2 * (DWORD)sizeof(void *);
    void *reply = malloc(reply_bytes);
    if (reply == NULL) {
        output_print("Out of memory.\n");
        return EXIT_FAILURE;
    }
    SetConsoleCtrlHandler(on_control, TRUE);
    for (uint32_t i = 1;; i++) {
        ULONGLONG start_ms = GetTickCount64();
        send_one(echo, reply, reply_bytes);
        if (!options->forever && i == options->count)
            break;
        ULONGLONG spent_ms = GetTickCount64() - start_ms;
        if (spent_ms < INTERVAL_MS)
            Sleep((DWORD)(INTERVAL_MS - spent_ms));
    }
    IcmpCloseHandle(echo->icmp);
    free(reply);
    report_and_exit("");
}

static void print_start(const struct host *target, const struct host *source,
                        const struct ping_options *options)
{
    if (target->name[0] != '\0')
        output_add(standard_output, "\nPinging %s [%s] ", target->name, target->text);
    else
        output_add(standard_output, "\nPinging %s ", target->text);
    if (source->text[0] != '\0')
        output_add(standard_output, "from %s ", source->text);
    output_add(standard_output, "with %lu bytes of data:\n", (unsigned long)options->size_bytes);
    output_flush(standard_output);
    report_start(target->text, options);
}

static int run(const struct ping_options *options)
{
    HANDLE icmp;
    struct host target;
    struct host source = {0};
    uint32_t route_be[ROUTE_HOPS + 1];
    BYTE ip_options[IP_OPTIONS_BYTES];
    static BYTE data[PING_MAX_SIZE_BYTES];

    switch (target_open(&target, &icmp, options->target, options->family)) {
    case TARGET_OPENED:
        break;
    case TARGET_NOT_FOUND:
        say_not_found(options->target);
        return EXIT_FAILURE;
    case TARGET_NO_ICMP:
        output_print("Unable to contact IP driver. Error code %lu.\n", GetLastError());
        return EXIT_FAILURE;
    }
    if ((options->source &&
         !find_host(&source, options->source, address_is_ipv6(&target.address) ? IPV6 : IPV4)) ||
        !route_find(route_be, options, &target))
        return EXIT_FAILURE;
    if (options->resolve_address && target.name[0] == '\0')
        host_name_of(&target.address, target.name);
    for (size_t i = 0; i < options->size_bytes; i++)
        data[i] = (BYTE)('a' + i % 23); /* a to w */

    struct echo echo = {
        .icmp = icmp,
        .source = source.address,
        .target = target.address,
        .options = {.Ttl = (UCHAR)options->ttl,
                    .Tos = (UCHAR)options->tos,
                    .Flags = options->dont_fragment ? IP_FLAG_DF : 0,
                    .OptionsSize = (UCHAR)ip_options_build(ip_options, options, route_be),
                    .OptionsData = ip_options},
        .data = data,
        .data_bytes = (WORD)options->size_bytes,
        .timeout_ms = options->timeout_ms,
    };
    print_start(&target, &source, options);
    return ping(&echo, options);
}

int main(void)
{
    int argc;
    char **argv = utf8_arguments(&argc);
    struct ping_options options;
    char message[256];
    WSADATA winsock;

    if (argv == NULL) {
        output_print("Out of memory.\n");
        return EXIT_FAILURE;
    }
    enum arguments_result result = ping_options_parse(&options, argc, argv, message, sizeof(message));
    if (message[0] != '\0')
        output_print("%s\n", message);
    if (result == ARGUMENTS_HELP || result == ARGUMENTS_UNKNOWN)
        print_usage();
    if (result != ARGUMENTS_OK)
        return EXIT_FAILURE;

    int error = WSAStartup(MAKEWORD(2, 2), &winsock); /* for names; the ICMP API does not need it */
    if (error != 0) {
        output_print("Windows Sockets did not start: error %d.\n", error);
        return EXIT_FAILURE;
    }
    return run(&options);
}
