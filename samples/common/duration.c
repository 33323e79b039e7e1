/*
 * Writes times.
 */
#include "duration.h"

void duration_add_ms(struct text *to, uint64_t ns)
{
    uint64_t us = ns / 1000;
    text_add(to, "%llu.%03u", (unsigned long long)(us / 1000), (unsigned int)(us % 1000));
}

void duration_add_short_ms(struct text *to, uint64_t ns)
{
    uint64_t us = ns / 1000;
    unsigned long long ms = us / 1000;
    unsigned int rest = (unsigned int)(us % 1000);
    if (ms < 10)
        text_add(to, "%llu.%03u", ms, rest);
    else if (ms < 100)
        text_add(to, "%llu.%02u", ms, rest / 10);
    else if (ms < 1000)
        text_add(to, "%llu.%u", ms, rest / 100);
    else
        text_add(to, "%llu", ms);
}

void duration_add_clock(struct text *to, uint64_t seconds)
{
    unsigned long long minutes = seconds / 60;
    unsigned int rest = (unsigned int)(seconds % 60);
    if (minutes < 60)
        text_add(to, "%llu:%02u", minutes, rest);
    else
        text_add(to, "%llu:%02u:%02u", minutes / 60, (unsigned int)(minutes % 60), rest);
}
