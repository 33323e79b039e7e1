/*
 * Reads tracert's command line.
 */
#include "options.h"

#define FIELD(name) offsetof(struct tracert_options, name)

static enum arguments_result read_route(struct arguments *in, void *into)
{
    struct tracert_options *options = into;
    return source_route_read(&options->route, in, false, &options->target);
}

/* -R is for the way back, too, by a routing header (type 0), with which one could send packets to and fro. */
static enum arguments_result refuse_way_back(struct arguments *in, void *into)
{
    (void)into;
    return arguments_refuse(in, "Option %s needs a routing header that RFC 5095 has abolished.", in->option);
}

static const struct option option_table[] = {
    {.name = "d", .kind = OPTION_FLAG, .offset = FIELD(numeric)},
    {.name = "h", .kind = OPTION_NUMBER, .min = 1, .max = 255, .offset = FIELD(max_hops)},
    {.name = "j", .kind = OPTION_OTHER, .family = IPV4, .read = read_route},
    {.name = "w", .kind = OPTION_NUMBER, .min = 1, .max = UINT32_MAX, .offset = FIELD(timeout_ms)},
    {.name = "R", .kind = OPTION_OTHER, .family = IPV6, .read = refuse_way_back},
    {.name = "S", .kind = OPTION_TEXT, .offset = FIELD(source)},
    {.name = "4", .kind = OPTION_FAMILY, .family = IPV4},
    {.name = "6", .kind = OPTION_FAMILY, .family = IPV6},
    {.name = "sequential", .kind = OPTION_FLAG, .offset = FIELD(sequential)},
    {.name = "precise", .kind = OPTION_FLAG, .offset = FIELD(precise)},
    {.name = "watch", .kind = OPTION_FLAG, .offset = FIELD(watch)},
    {.name = "count", .kind = OPTION_NUMBER, .min = 1, .max = UINT32_MAX, .offset = FIELD(count)},
    {.name = "interval", .kind = OPTION_NUMBER, .min = 10, .max = 3600000, .offset = FIELD(interval_ms)},
    {.name = "?", .kind = OPTION_HELP},
    {.name = "help", .kind = OPTION_HELP},
};

static enum arguments_result take_target(struct arguments *in, void *into, const char *operand)
{
    struct tracert_options *options = into;
    if (options->target != NULL)
        return arguments_refuse(in, "Bad parameter %s.", operand);
    options->target = operand;
    return ARGUMENTS_OK;
}

static const struct syntax syntax = {option_table, COUNT_OF(option_table), take_target};

enum arguments_result tracert_options_parse(struct tracert_options *options, int argc, char *const argv[],
                                            char *message, size_t message_bytes)
{
    struct arguments in;
    *options = (struct tracert_options){.max_hops = 30, .timeout_ms = 4000, .interval_ms = 1000};
    arguments_start(&in, argc, argv, message, message_bytes);

    if (argc < 2)
        return ARGUMENTS_HELP;
    enum arguments_result result = arguments_read(&in, &syntax, options);
    if (result != ARGUMENTS_OK)
        return result;
    options->family = in.family;
    if (options->target == NULL)
        return arguments_refuse(&in, "A target name or address is missing.");
    if (options->sequential && options->watch)
        return arguments_refuse(&in, "Only one of --sequential and --watch can be given.");
    if (options->count > 0 && !options->watch)
        return arguments_refuse(&in, "--count needs --watch.");
    return ARGUMENTS_OK;
}
