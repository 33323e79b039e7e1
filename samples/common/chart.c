/*
 * Strip charts.
 */
#include "chart.h"

static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

const char *chart_bar(uint64_t value, uint64_t highest)
{
    if (value >= highest)
        return bars[highest > 0 ? 7 : 0];
    /* In this order nothing can overflow; eighths of less than 8 do not matter. */
    uint64_t eighth = highest / 8 > 0 ? highest / 8 : 1;
    uint64_t level = value / eighth;
    return bars[level < 7 ? level : 7];
}

uint64_t chart_add(struct chart *chart, uint64_t time_ns)
{
    uint64_t number = chart->added++;
    chart->times_ns[number % CHART_MAX_COLUMNS] = time_ns;
    return number;
}

static bool is_there(const struct chart *chart, uint64_t number)
{
    return number < chart->added && chart->added - number <= CHART_MAX_COLUMNS;
}

void chart_set(struct chart *chart, uint64_t number, uint64_t time_ns)
{
    if (is_there(chart, number))
        chart->times_ns[number % CHART_MAX_COLUMNS] = time_ns;
}

uint64_t chart_get(const struct chart *chart, uint64_t number)
{
    return is_there(chart, number) ? chart->times_ns[number % CHART_MAX_COLUMNS] : CHART_PENDING;
}

static bool is_time(uint64_t time_ns)
{
    return time_ns != CHART_LOST && time_ns != CHART_PENDING;
}

/* How many there are to show. */
static size_t shown(const struct chart *chart, size_t columns)
{
    size_t most = columns < CHART_MAX_COLUMNS ? columns : CHART_MAX_COLUMNS;
    return chart->added < most ? (size_t)chart->added : most;
}

/* The newest but age. */
static uint64_t time_at(const struct chart *chart, size_t age)
{
    return chart->times_ns[(chart->added - 1 - age) % CHART_MAX_COLUMNS];
}

uint64_t chart_longest_ns(const struct chart *chart, size_t columns)
{
    uint64_t longest = 0;
    for (size_t age = shown(chart, columns); age-- > 0;) {
        uint64_t time = time_at(chart, age);
        if (is_time(time) && time > longest)
            longest = time;
    }
    return longest;
}

void chart_write(const struct chart *chart, struct text *to, size_t columns, uint64_t longest_ns)
{
    for (size_t age = shown(chart, columns); age-- > 0;) {
        uint64_t time = time_at(chart, age);
        const char *shown_as = is_time(time) ? chart_bar(time, longest_ns) : time == CHART_LOST ? "x" : " ";
        text_add(to, "%s", shown_as);
    }
}
