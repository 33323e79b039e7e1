/*
 * The networks behind the last router of the lab: every host in them answers, and in whatever way it is told
 * to.
 *
 *     lab_responder ipv4|ipv6 TUN SERVER_NETNS LAN_NETNS LAN_INTERFACE CLIENT_LINK_ADDRESS
 *
 * It reads commands, one a line, and answers each with a line, "ok" with what was asked for, or "error" and
 * the word that it does not understand:
 *
 *     on ADDRESS[/BITS] BEHAVIOUR [NAME=VALUE...]  what to do with echo requests to these addresses; the last such
 *                                                  command that fits an address counts, and without one it is silent
 *     flood count=N to=ADDRESS [pace=N] [requests=PERCENT] [errors=PERCENT]  packets that nobody has asked for, from now on
 *     wait            answered when the flood is over and no packet is left to be sent
 *     seed N          another turn of fortune: the same seed gives the same requests the same fate
 *     log FILE        a line for each request that was echoed (replies.h)
 *     report          what has been done so far
 *
 * Behaviours are in rules.c, settings in settings.h.
 */
#include "flood.h"
#include "replies.h"
#include "rules.h"
#include "schedule.h"

#include <err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 512

static bool waited_for;

static void answer(const char *wrong)
{
    if (wrong == NULL) {
        printf("ok\n");
    } else {
        printf("error %s\n", wrong);
    }
}

static void report(void)
{
    const struct reply_counts *c = &reply_counts;

    if (reply_log != NULL) {
        fflush(reply_log);
    }
    printf(
        "ok requests=%u answered=%u lost=%u corrupted=%u duplicated=%u reordered=%u sent=%llu refused=%llu\n",
        c->requests, c->answered, c->lost, c->corrupted, c->duplicated, c->reordered,
        (unsigned long long)schedule_sent, (unsigned long long)schedule_refused);
}

static const char *open_log(const char *path)
{
    if (reply_log != NULL) {
        fclose(reply_log);
    }
    reply_log = path != NULL ? fopen(path, "w") : NULL;
    return reply_log != NULL ? NULL : "no such file";
}

static const char *start_flood(char **rest)
{
    struct settings settings;
    const char *wrong = settings_read(&settings, rest);

    if (wrong == NULL) {
        flood_start(&settings);
    }
    return wrong;
}

static void obey(char *line)
{
    char *rest;
    const char *command = strtok_r(line, " \t", &rest);

    if (command == NULL) {
        answer("no command");
    } else if (strcmp(command, "on") == 0) {
        answer(rule_add(&rest));
    } else if (strcmp(command, "flood") == 0) {
        answer(start_flood(&rest));
    } else if (strcmp(command, "wait") == 0) {
        waited_for = true;
    } else if (strcmp(command, "seed") == 0) {
        const char *seed = strtok_r(NULL, " \t", &rest);
        reply_seed = seed != NULL ? (unsigned int)strtoul(seed, NULL, 0) : 0;
        answer(seed != NULL ? NULL : "no seed");
    } else if (strcmp(command, "log") == 0) {
        answer(open_log(strtok_r(NULL, " \t", &rest)));
    } else if (strcmp(command, "report") == 0) {
        report();
    } else {
        answer(command);
    }
}

/* Takes the commands that have come. False when there will be no more. */
static bool read_commands(void)
{
    static char line[LINE_BYTES];
    static size_t used;
    ssize_t length = read(STDIN_FILENO, line + used, sizeof(line) - 1 - used);

    if (length <= 0) {
        return false;
    }
    used += (size_t)length;
    line[used] = '\0';
    char *end;
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        obey(line);
        used -= (size_t)(end + 1 - line);
        memmove(line, end + 1, used + 1);
    }
    if (used == sizeof(line) - 1) {
        errx(1, "a command is too long");
    }
    return true;
}

static void read_requests(void)
{
    static uint8_t packet[PACKET_BYTES_MAX];
    struct echo_request request;
    size_t length;

    while ((length = network_receive(packet, sizeof(packet))) > 0) {
        if (echo_request_read(packet, length, &request)) {
            rule_apply(&request);
        }
        schedule_run();
    }
}

/* How long there is nothing to do but wait for commands and requests, in ms; -1: for ever. */
static int idle_ms(void)
{
    uint64_t now_ns = clock_now_ns();
    uint64_t next_ns = schedule_next_ns() < flood_next_ns() ? schedule_next_ns() : flood_next_ns();

    if (next_ns == UINT64_MAX) {
        return -1;
    }
    return next_ns > now_ns ? (int)((next_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        errx(2, "usage: %s ipv4|ipv6 TUN SERVER_NETNS LAN_NETNS LAN_INTERFACE CLIENT_LINK_ADDRESS", argv[0]);
    }
    network_open_tun(strcmp(argv[1], "ipv6") == 0 ? IP_FAMILY_V6 : IP_FAMILY_V4, argv[2]);
    network_open_server(argv[3]);
    network_open_lan(argv[4], argv[5], argv[6]);
    setvbuf(stdout, NULL, _IOLBF, 0);

    struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = network_descriptor(), .events = POLLIN}};
    for (;;) {
        poll(ready, sizeof(ready) / sizeof(ready[0]), idle_ms());
        if (ready[0].revents != 0 && !read_commands()) {
            return 0;
        }
        read_requests();
        schedule_run();
        flood_run();
        if (waited_for && schedule_next_ns() == UINT64_MAX && flood_next_ns() == UINT64_MAX) {
            waited_for = false;
            answer(NULL);
        }
    }
}
