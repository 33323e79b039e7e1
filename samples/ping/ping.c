/*
 * ping for OpenICMP, as Windows users know it: the same options and the same output, in English.
 *
 * The ICMP API in short: IcmpCreateFile once, then a blocking IcmpSendEcho for each echo request, with a reply
 * buffer that has room for the structure, IP options and the echoed data.
 *
 * Exit status: 0 if at least one echo reply came, otherwise 1. An ICMP error ("Destination host unreachable.")
 * is counted as received, as on Windows, but does not make the status 0, so that scripts can trust it.
 */
#include "report.h"

#include <ws2tcpip.h>
#include <icmpapi.h>

#include "ip_options.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>

#define INTERVAL_MS 1000

struct host {
    IPAddr address;
    char text[ADDRESS_TEXT_BYTES];
    char name[NI_MAXHOST]; /* empty if only the address is known */
};

/* What every echo request needs. */
struct echo {
    IPAddr source; /* 0: the stack chooses */
    IPAddr target;
    IP_OPTION_INFORMATION options;
    BYTE *data;
    WORD data_bytes;
    DWORD timeout_ms;
};

static void print_usage(void)
{
    puts("\nUsage: ping [options] target\n\n"
         "    -t             ping until Ctrl-C; Ctrl-Break shows the statistics so far\n"
         "    -a             look up the name of a numeric target\n"
         "    -n count       number of echo requests (4)\n"
         "    -l size        bytes of data in each (32, up to 65500)\n"
         "    -f             forbid fragmentation (DF)\n"
         "    -i TTL         time to live (128)\n"
         "    -v TOS         type of service (0)\n"
         "    -r count       record the route, up to 9 addresses\n"
         "    -s count       record up to 4 timestamps\n"
         "    -j host-list   loose source route over up to 8 hosts\n"
         "    -k host-list   strict source route over up to 8 hosts\n"
         "    -w timeout     milliseconds to wait for each reply (4000)\n"
         "    -S srcaddr     local address to send from\n"
         "    -4             use IPv4, which is all there is\n\n"
         "Exit status: 0 if an echo reply came, otherwise 1.");
}

/* Finds a host by name or address. If there is none, says so. */
static bool host_find(struct host *host, const char *name)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    bool numeric = getaddrinfo(name, NULL, &hints, &found) == 0;

    hints.ai_flags = AI_CANONNAME;
    if (!numeric && getaddrinfo(name, NULL, &hints, &found) != 0) {
        printf("Ping request could not find host %s. Please check the name and try again.\n", name);
        return false;
    }
    host->address = ((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr.s_addr;
    address_to_text(host->address, host->text);
    if (numeric)
        host->name[0] = '\0';
    else
        snprintf(host->name, sizeof(host->name), "%s", found->ai_canonname ? found->ai_canonname : name);
    freeaddrinfo(found);
    return true;
}

/* Gives a host that is known by its address its name, if it has one. */
static void host_find_name(struct host *host)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = host->address};
    if (getnameinfo((const struct sockaddr *)&address, sizeof(address), host->name, sizeof(host->name), NULL,
                    0, NI_NAMEREQD) != 0)
        host->name[0] = '\0';
}

/* Finds the hosts of a source route; the target is its last address. */
static bool route_find(uint32_t route_be[PING_ROUTE_HOPS + 1], const struct ping_options *options,
                       IPAddr target)
{
    struct host hop;
    for (size_t i = 0; i < options->hop_count; i++) {
        if (!host_find(&hop, options->hops[i]))
            return false;
        route_be[i] = hop.address;
    }
    route_be[options->hop_count] = target;
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

static void send_one(HANDLE icmp, struct echo *echo, ICMP_ECHO_REPLY *reply, DWORD reply_bytes)
{
    DWORD replies;
    report_sent();
    if (echo->source != 0)
        replies = IcmpSendEcho2Ex(icmp, NULL, NULL, NULL, echo->source, echo->target, echo->data,
                                  echo->data_bytes, &echo->options, reply, reply_bytes, echo->timeout_ms);
    else
        replies = IcmpSendEcho(icmp, echo->target, echo->data, echo->data_bytes, &echo->options, reply,
                               reply_bytes, echo->timeout_ms);
    if (replies > 0)
        report_reply(reply, echo->data, echo->data_bytes);
    else
        report_failure(GetLastError());
}

/* Sends the requests, one a second, and ends the process. Returns only if it could not start. */
static int ping(struct echo *echo, const struct ping_options *options)
{
    /* 8 bytes and an IO_STATUS_BLOCK are what the documentation asks for besides. */
    DWORD reply_bytes = (DWORD)sizeof(ICMP_ECHO_REPLY) + PING_IP_OPTIONS_BYTES + echo->data_bytes + 8 +
                        2 * (DWORD)sizeof(void *);
    ICMP_ECHO_REPLY *reply = malloc(reply_bytes);
    if (reply == NULL) {
        puts("Out of memory.");
        return EXIT_FAILURE;
    }
    HANDLE icmp = IcmpCreateFile();
    if (icmp == INVALID_HANDLE_VALUE) {
        printf("Unable to contact IP driver. Error code %lu.\n", (unsigned long)GetLastError());
        free(reply);
        return EXIT_FAILURE;
    }
    SetConsoleCtrlHandler(on_control, TRUE);
    for (uint32_t i = 1;; i++) {
        ULONGLONG start_ms = GetTickCount64();
        send_one(icmp, echo, reply, reply_bytes);
        if (!options->forever && i == options->count)
            break;
        ULONGLONG spent_ms = GetTickCount64() - start_ms;
        if (spent_ms < INTERVAL_MS)
            Sleep((DWORD)(INTERVAL_MS - spent_ms));
    }
    IcmpCloseHandle(icmp);
    free(reply);
    report_and_exit("");
}

static int run(const struct ping_options *options)
{
    struct host target;
    struct host source = {0};
    uint32_t route_be[PING_ROUTE_HOPS + 1];
    BYTE ip_options[PING_IP_OPTIONS_BYTES];
    static BYTE data[PING_MAX_SIZE_BYTES];

    if (!host_find(&target, options->target) || (options->source && !host_find(&source, options->source)) ||
        !route_find(route_be, options, target.address))
        return EXIT_FAILURE;
    if (options->resolve_address && target.name[0] == '\0')
        host_find_name(&target);
    for (size_t i = 0; i < options->size_bytes; i++)
        data[i] = (BYTE)('a' + i % 23); /* a to w */

    struct echo echo = {
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
    if (target.name[0] != '\0')
        printf("\nPinging %s [%s] ", target.name, target.text);
    else
        printf("\nPinging %s ", target.text);
    if (options->source)
        printf("from %s ", source.text);
    printf("with %u bytes of data:\n", echo.data_bytes);
    fflush(stdout);
    report_start(target.text);
    return ping(&echo, options);
}

int main(int argc, char **argv)
{
    struct ping_options options;
    char message[256];
    WSADATA winsock;

    setvbuf(stdout, NULL, _IOFBF, BUFSIZ); /* or a console gets every character by itself */
    enum options_result result = options_parse(&options, argc, argv, message, sizeof(message));
    if (message[0] != '\0')
        puts(message);
    if (result == OPTIONS_HELP || result == OPTIONS_UNKNOWN)
        print_usage();
    if (result != OPTIONS_OK)
        return EXIT_FAILURE;

    int error = WSAStartup(MAKEWORD(2, 2), &winsock); /* for names; the ICMP API does not need it */
    if (error != 0) {
        printf("Windows Sockets did not start: error %d.\n", error);
        return EXIT_FAILURE;
    }
    return run(&options);
}
