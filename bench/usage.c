/*
 * Prints what the processes of a Wine session have used: those of this PID namespace, which tools/bench
 * makes. In three groups, each as NAME=VALUE in one line: the measuring program itself (`program`),
 * `wineserver`, and every other Wine process (`services`): Wine's own ICMP works in one of those, a
 * winedevice.exe.
 *
 *     usage PREFIX PID_OF_PROGRAM
 *
 * PREFIX goes in front of each name. Processor time comes from the processes' CPU clocks, which count
 * nanoseconds and threads that have ended; /proc/PID/stat counts hundredths of seconds.
 */
#define _POSIX_C_SOURCE 200809L /* clock_getcpuclockid */

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct group {
    const char *name;
    uint64_t cpu_ns;
    unsigned long threads;
    unsigned long memory_kib; /* what the processes have to themselves: no files, nothing shared */
};

enum { PROGRAM, SERVER, SERVICES, GROUPS };

static uint64_t cpu_ns(pid_t process)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0; /* it has just ended */
    }
    return (uint64_t)used.tv_sec * UINT64_C(1000000000) + (uint64_t)used.tv_nsec;
}

static FILE *status_open(pid_t process)
{
    char path[40];
    snprintf(path, sizeof(path), "/proc/%ld/status", (long)process);
    return fopen(path, "r");
}

/* Which group a process of this name belongs to; GROUPS if to none. Linux cuts names to 15 bytes. */
static int group_of(pid_t process, pid_t program, const char *name)
{
    if (process == program) {
        return PROGRAM;
    }
    if (strncmp(name, "wineserver", 10) == 0) {
        return SERVER;
    }
    return strstr(name, ".exe") != NULL ? SERVICES : GROUPS;
}

static void add(struct group *groups, pid_t process, pid_t program)
{
    FILE *status = status_open(process);
    char line[200], name[64] = "";
    unsigned long threads = 0, memory_kib = 0;
    if (status == NULL) {
        return;
    }
    while (fgets(line, sizeof(line), status) != NULL) {
        sscanf(line, "Name: %63s", name);
        sscanf(line, "Threads: %lu", &threads);
        sscanf(line, "RssAnon: %lu", &memory_kib);
    }
    fclose(status);
    int index = group_of(process, program, name);
    if (index != GROUPS) {
        groups[index].cpu_ns += cpu_ns(process);
        groups[index].threads += threads;
        groups[index].memory_kib += memory_kib;
    }
}

int main(int argc, char **argv)
{
    struct group groups[GROUPS] = {{.name = "program"}, {.name = "server"}, {.name = "services"}};
    DIR *processes = opendir("/proc");
    if (argc != 3 || processes == NULL) {
        fprintf(stderr, "usage: usage PREFIX PID_OF_PROGRAM\n");
        return EXIT_FAILURE;
    }
    pid_t program = (pid_t)strtol(argv[2], NULL, 10);
    for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
        pid_t process = (pid_t)strtol(entry->d_name, NULL, 10);
        if (process > 0) {
            add(groups, process, program);
        }
    }
    closedir(processes);
    for (int i = 0; i < GROUPS; i++) {
        const struct group *group = &groups[i];
        printf("%s_%s_cpu_ns=%" PRIu64 " %s_%s_threads=%lu %s_%s_memory_kib=%lu ", argv[1], group->name,
               group->cpu_ns, argv[1], group->name, group->threads, argv[1], group->name, group->memory_kib);
    }
    putchar('\n');
    return EXIT_SUCCESS;
}
