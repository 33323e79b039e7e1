/*
 * tracert for OpenICMP, as Windows users know it: the same options, and lines of the same layout. But it probes
 * all hops at the same time, so that a trace takes as long as its slowest answer, and can watch a route.
 *
 * It uses the ordinary ICMP API (probes.c), so that it runs wherever that does.
 *
 * Exit status: 0 if the target answered, otherwise 1.
 */
#include "../common/output.h"
#include "../common/stop.h"
#include "../common/target.h"
#include "../common/wide.h"

#include <icmpapi.h>

#include "options.h"
#include "probes.h"
#include "show.h"

#include <stdlib.h>
#include <string.h>

static void print_usage(void)
{
    output_print("%s", "\nUsage: tracert [options] target\n\n"
                       "    -d                 do not look up names\n"
                       "    -h hops            look at so many hops at most (30)\n"
                       "    -j host-list       loose source route over up to 8 hosts (IPv4 only)\n"
                       "    -w timeout         milliseconds to wait for each answer (4000)\n"
                       "    -S srcaddr         local address to send from\n"
                       "    -4                 use IPv4\n"
                       "    -6                 use IPv6\n"
                       "    --sequential       one probe at a time, hop after hop\n"
                       "    --precise          times in microseconds\n"
                       "    --watch            go on until Ctrl-C: losses, times and a chart of each hop\n"
                       "    --count rounds     with --watch: end after so many rounds\n"
                       "    --interval time    with --watch: milliseconds between rounds (1000)\n\n"
                       "Exit status: 0 if the target answered, otherwise 1.\n");
}

static void say_not_found(const char *name)
{
    output_print("There is no host %s.\n", name);
}

/* host_find, which says if there is none. */
static bool find_host(struct host *host, const char *name, enum family family)
{
    bool found = host_find(host, name, family);
    if (!found)
        say_not_found(name);
    return found;
}

/* Writes the IP option of -j. Says what is wrong. */
static bool make_ip_options(struct prober *prober, const struct tracert_options *options)
{
    const struct source_route *route = &options->route;
    uint32_t route_be[ROUTE_HOPS + 1];
    struct host hop;

    for (size_t i = 0; i < route->hop_count; i++) {
        if (!find_host(&hop, route->hops[i], IPV4))
            return false;
        route_be[i] = hop.address.v4.sin_addr.s_addr;
    }
    route_be[route->hop_count] = prober->target.v4.sin_addr.s_addr;
    memset(prober->ip_options, 0, sizeof(prober->ip_options));
    size_t used = (size_t)(source_route_write(prober->ip_options, route, route_be) - prober->ip_options);
    prober->ip_options_bytes = (uint8_t)((used + 3) / 4 * 4);
    return true;
}

static int run(const struct tracert_options *options)
{
    static struct host target;
    struct host source = {.text = ""};
    struct prober prober = {.timeout_ms = options->timeout_ms};

    switch (target_open(&target, &prober.icmp, options->target, options->family)) {
    case TARGET_OPENED:
        break;
    case TARGET_NOT_FOUND:
        say_not_found(options->target);
        return EXIT_FAILURE;
    case TARGET_NO_ICMP:
        output_print("ICMP cannot be used here: error %lu.\n", GetLastError());
        return EXIT_FAILURE;
    }
    enum family family = address_is_ipv6(&target.address) ? IPV6 : IPV4;
    if (options->source != NULL && !find_host(&source, options->source, family))
        return EXIT_FAILURE;
    prober.source = source.address;
    prober.target = target.address;
    if (!make_ip_options(&prober, options))
        return EXIT_FAILURE;

    stop_on_control();
    int status =
        options->watch ? show_watch(&prober, options, &target) : show_trace(&prober, options, &target);
    IcmpCloseHandle(prober.icmp);
    return status;
}

int main(void)
{
    int argc;
    char **argv = utf8_arguments(&argc);
    struct tracert_options options;
    char message[256];
    WSADATA winsock;

    if (argv == NULL) {
        output_print("Out of memory.\n");
        return EXIT_FAILURE;
    }
    enum arguments_result result = tracert_options_parse(&options, argc, argv, message, sizeof(message));
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
