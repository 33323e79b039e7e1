/*
 * Reads sweep's command line.
 */
#include "options.h"

#include "pacer.h"

#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(struct sweep_options, name)

/* Until it is known how often each target is asked. */
#define DEFAULT_RETRIES UINT32_MAX

static void add_source(struct sweep_options *options, const char *text, bool is_file)
{
    options->sources[options->source_count++] = (struct target_source){text, is_file};
}

static enum arguments_result read_file(struct arguments *in, void *into)
{
    const char *name = arguments_value(in);
    if (name == NULL)
        return ARGUMENTS_INVALID;
    add_source(into, name, true);
    return ARGUMENTS_OK;
}

static enum arguments_result read_dash(struct arguments *in, void *into)
{
    add_source(into, in->option, true);
    return ARGUMENTS_OK;
}

/* The value, if it is one of these. */
static enum arguments_result read_show(struct arguments *in, void *into)
{
    static const char *const names[] = {[SHOW_ALIVE] = "alive", [SHOW_DEAD] = "dead", [SHOW_ALL] = "all"};
    struct sweep_options *options = into;
    const char *value = arguments_value(in);
    if (value == NULL)
        return ARGUMENTS_INVALID;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(names[i], value) == 0) {
            options->show = (enum sweep_show)i;
            return ARGUMENTS_OK;
        }
    }
    return arguments_refuse(in, "Bad value for option --show: alive, dead or all.");
}

static enum arguments_result read_format(struct arguments *in, void *into)
{
    struct sweep_options *options = into;
    const char *value = arguments_value(in);
    if (value == NULL)
        return ARGUMENTS_INVALID;
    options->format = format_find(value);
    return options->format != NULL
               ? ARGUMENTS_OK
               : arguments_refuse(in, "Bad value for option --format: text, csv or json.");
}

static const struct option option_table[] = {
    {.name = "", .kind = OPTION_OTHER, .read = read_dash},
    {.name = "file", .kind = OPTION_OTHER, .read = read_file},
    {.name = "n", .kind = OPTION_NUMBER, .min = 1, .max = UINT32_MAX, .offset = FIELD(count)},
    {.name = "count", .kind = OPTION_NUMBER, .min = 1, .max = UINT32_MAX, .offset = FIELD(count)},
    {.name = "interval",
     .kind = OPTION_NUMBER,
     .min = 0,
     .max = SWEEP_MAX_TIMEOUT_MS,
     .offset = FIELD(interval_ms)},
    {.name = "w", .kind = OPTION_NUMBER, .min = 1, .max = SWEEP_MAX_TIMEOUT_MS, .offset = FIELD(timeout_ms)},
    {.name = "timeout",
     .kind = OPTION_NUMBER,
     .min = 1,
     .max = SWEEP_MAX_TIMEOUT_MS,
     .offset = FIELD(timeout_ms)},
    {.name = "rate",
     .kind = OPTION_NUMBER,
     .min = 1,
     .max = PACER_MAX_PER_SECOND,
     .offset = FIELD(per_second)},
    {.name = "retries", .kind = OPTION_NUMBER, .min = 0, .max = 1000, .offset = FIELD(retries)},
    {.name = "outstanding",
     .kind = OPTION_NUMBER,
     .min = 1,
     .max = SWEEP_MAX_OUTSTANDING,
     .offset = FIELD(max_outstanding)},
    {.name = "limit", .kind = OPTION_NUMBER, .min = 1, .max = UINT32_MAX, .offset = FIELD(limit)},
    {.name = "l", .kind = OPTION_NUMBER, .min = 0, .max = SWEEP_MAX_SIZE_BYTES, .offset = FIELD(size_bytes)},
    {.name = "size",
     .kind = OPTION_NUMBER,
     .min = 0,
     .max = SWEEP_MAX_SIZE_BYTES,
     .offset = FIELD(size_bytes)},
    {.name = "i", .kind = OPTION_NUMBER, .min = 1, .max = 255, .offset = FIELD(ttl)},
    {.name = "ttl", .kind = OPTION_NUMBER, .min = 1, .max = 255, .offset = FIELD(ttl)},
    {.name = "show", .kind = OPTION_OTHER, .read = read_show},
    {.name = "format", .kind = OPTION_OTHER, .read = read_format},
    {.name = "q", .kind = OPTION_FLAG, .offset = FIELD(quiet)},
    {.name = "quiet", .kind = OPTION_FLAG, .offset = FIELD(quiet)},
    {.name = "4", .kind = OPTION_FAMILY, .family = IPV4},
    {.name = "6", .kind = OPTION_FAMILY, .family = IPV6},
    {.name = "?", .kind = OPTION_HELP},
    {.name = "help", .kind = OPTION_HELP},
};

static enum arguments_result take_target(struct arguments *in, void *into, const char *operand)
{
    if (strcmp(operand, "@") == 0)
        return arguments_refuse(in, "The name of a file must be supplied behind @.");
    bool is_file = operand[0] == '@';
    add_source(into, is_file ? operand + 1 : operand, is_file);
    return ARGUMENTS_OK;
}

static const struct syntax syntax = {option_table, COUNT_OF(option_table), take_target};

enum arguments_result sweep_options_parse(struct sweep_options *options, int argc, char *const argv[],
                                          char *message, size_t message_bytes)
{
    struct arguments in;
    *options = (struct sweep_options){.count = 1,
                                      .retries = DEFAULT_RETRIES,
                                      .interval_ms = 1000,
                                      .timeout_ms = 1000,
                                      .max_outstanding = 1024,
                                      .size_bytes = 32,
                                      .format = format_find("text")};
    arguments_start(&in, argc, argv, message, message_bytes);
    if (argc < 2)
        return ARGUMENTS_HELP;
    options->sources = calloc((size_t)argc, sizeof(*options->sources));
    if (options->sources == NULL)
        return arguments_refuse(&in, "Out of memory.");
    enum arguments_result result = arguments_read(&in, &syntax, options);
    if (result != ARGUMENTS_OK)
        return result;
    if (options->source_count == 0)
        return arguments_refuse(&in, "A target must be specified.");
    options->family = in.family;
    /* Who asks more than once wants to know what was lost. */
    if (options->retries == DEFAULT_RETRIES)
        options->retries = options->count == 1 ? 1 : 0;
    return ARGUMENTS_OK;
}

void sweep_options_free(struct sweep_options *options)
{
    free(options->sources);
    options->sources = NULL;
}
