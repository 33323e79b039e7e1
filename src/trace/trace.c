/*
 * The trace lines of OPENICMP_TRACE. Knows nothing of what it prints.
 */
#include "trace/trace.h"

#include "os/os.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 256

bool trace_enabled(void)
{
    /* 0 unknown, 1 off, 2 on. Two threads that ask first at the same time find the same answer. */
    static atomic_int known;
    if (known == 0) {
        known = os_environment_is("OPENICMP_TRACE", "1") ? 2 : 1;
    }
    return known == 2;
}

void trace(const char *format, ...)
{
    if (!trace_enabled()) {
        return;
    }
    char line[LINE_BYTES];
    uint64_t now_us = os_now_ns() / 1000;
    int used =
        snprintf(line, sizeof(line), "openicmp: %llu.%06llu [%04lx] ", (unsigned long long)(now_us / 1000000),
                 (unsigned long long)(now_us % 1000000), (unsigned long)os_thread_id());
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + used, sizeof(line) - 1 - (size_t)used, format, arguments);
    va_end(arguments);
    line[sizeof(line) - 2] = '\0';
    size_t length = strlen(line);
    line[length] = '\n';
    os_print_error(line, length + 1);
}
