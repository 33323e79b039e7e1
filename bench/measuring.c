/*
 * Arguments, clock, data and reports of the measuring programs. Standard C, but for the clock.
 */
#ifndef _WIN32
    #define _POSIX_C_SOURCE 200809L /* clock_gettime */
#endif

#include "measuring.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
    #include <windows.h>
#else
    #include <time.h>
#endif

#define NS_PER_S UINT64_C(1000000000)

/* The value of NAME=VALUE, or NULL. */
static const char *argument_text(char **arguments, const char *name)
{
    size_t length = strlen(name);
    for (; *arguments != NULL; arguments++) {
        if (strncmp(*arguments, name, length) == 0 && (*arguments)[length] == '=') {
            return *arguments + length + 1;
        }
    }
    return NULL;
}

uint32_t argument_number(char **arguments, const char *name, uint32_t otherwise)
{
    const char *text = argument_text(arguments, name);
    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

uint32_t argument_address(char **arguments, const char *name)
{
    const char *text = argument_text(arguments, name);
    uint32_t address = 0;
    for (text = text != NULL ? text : "127.0.0.1"; *text != '\0'; text += *text == '.') {
        char *end;
        address = address << 8 | (uint32_t)strtoul(text, &end, 10);
        if (end == text) {
            give_up("not an address", 0);
        }
        text = end;
    }
    return address;
}

#ifdef _WIN32
uint64_t clock_ns(void)
{
    static LARGE_INTEGER frequency;
    LARGE_INTEGER counter;
    if (frequency.QuadPart == 0) {
        QueryPerformanceFrequency(&frequency);
    }
    QueryPerformanceCounter(&counter);
    uint64_t per_second = (uint64_t)frequency.QuadPart;
    uint64_t ticks = (uint64_t)counter.QuadPart;
    return ticks / per_second * NS_PER_S + ticks % per_second * NS_PER_S / per_second;
}
#else
uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}
#endif

void payload_fill(uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        data[i] = (uint8_t)('a' + i % 23);
    }
}

void payload_number(uint8_t *data, uint32_t number)
{
    memcpy(data, &number, PAYLOAD_BYTES_MIN);
}

struct work work_of(char **arguments)
{
    return (struct work){argument_number(arguments, "requests", 1000),
                         argument_number(arguments, "ms", 60000) * NS_PER_MS};
}

void tally_begin(struct tally *tally)
{
    *tally = (struct tally){.begun_ns = clock_ns()};
}

void tally_add(struct tally *sum, const struct tally *addend)
{
    if (sum->begun_ns == 0 || addend->begun_ns < sum->begun_ns) {
        sum->begun_ns = addend->begun_ns;
    }
    if (addend->ended_ns > sum->ended_ns) {
        sum->ended_ns = addend->ended_ns;
    }
    sum->answered += addend->answered;
    sum->lost += addend->lost;
    sum->wrong += addend->wrong;
    sum->refused += addend->refused;
}

void mark(const char *name)
{
    char line[80];
    printf("mark %s\n", name);
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL) {
        exit(EXIT_FAILURE); /* nobody is there any more to measure for */
    }
}

void report_begin(const struct tally *tally)
{
    fputs("result", stdout);
    report_number("answered", tally->answered);
    report_number("lost", tally->lost);
    report_number("wrong", tally->wrong);
    report_number("refused", tally->refused);
    report_number("elapsed_ns", tally->ended_ns - tally->begun_ns);
}

void report_number(const char *name, uint64_t value)
{
    printf(" %s=%" PRIu64, name, value);
}

void report_end(void)
{
    putchar('\n');
    fflush(stdout);
}

void give_up(const char *why, unsigned long error)
{
    printf("impossible %s, error %lu\n", why, error);
    fflush(stdout);
    exit(EXIT_FAILURE);
}
