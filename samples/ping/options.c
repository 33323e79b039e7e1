/*
 * Reads ping's command line. The case of letters matters where Windows has both: -s (timestamps) and -S
 * (source), -r (record route) and -R (a routing header that RFC 5095 has abolished, not known here).
 */
#include "options.h"

#define FIELD(name) offsetof(struct ping_options, name)

static enum arguments_result read_loose_route(struct arguments *in, void *into)
{
    struct ping_options *options = into;
    return source_route_read(&options->route, in, false, &options->target);
}

static enum arguments_result read_strict_route(struct arguments *in, void *into)
{
    struct ping_options *options = into;
    return source_route_read(&options->route, in, true, &options->target);
}

static const struct option option_table[] = {
    {.name = "n", .kind = OPTION_NUMBER, .min = 1, .max = UINT32_MAX, .offset = FIELD(count)},
    {.name = "l", .kind = OPTION_NUMBER, .min = 0, .max = PING_MAX_SIZE_BYTES, .offset = FIELD(size_bytes)},
    {.name = "i", .kind = OPTION_NUMBER, .min = 1, .max = 255, .offset = FIELD(ttl)},
    {.name = "v", .kind = OPTION_NUMBER, .min = 0, .max = 255, .family = IPV4, .offset = FIELD(tos)},
    {.name = "r",
     .kind = OPTION_NUMBER,
     .min = 1,
     .max = 9,
     .family = IPV4,
     .exact_case = true,
     .offset = FIELD(record_routes)},
    {.name = "s", .kind = OPTION_NUMBER, .min = 1, .max = 4, .family = IPV4, .offset = FIELD(timestamps)},
    {.name = "w", .kind = OPTION_NUMBER, .min = 0, .max = UINT32_MAX, .offset = FIELD(timeout_ms)},
    {.name = "t", .kind = OPTION_FLAG, .offset = FIELD(forever)},
    {.name = "f", .kind = OPTION_FLAG, .family = IPV4, .offset = FIELD(dont_fragment)},
    {.name = "a", .kind = OPTION_FLAG, .offset = FIELD(resolve_address)},
    {.name = "S", .kind = OPTION_TEXT, .offset = FIELD(source)},
    {.name = "j", .kind = OPTION_OTHER, .family = IPV4, .read = read_loose_route},
    {.name = "k", .kind = OPTION_OTHER, .family = IPV4, .read = read_strict_route},
    {.name = "4", .kind = OPTION_FAMILY, .family = IPV4},
    {.name = "6", .kind = OPTION_FAMILY, .family = IPV6},
    {.name = "precise", .kind = OPTION_FLAG, .offset = FIELD(precise)},
    {.name = "graph", .kind = OPTION_FLAG, .offset = FIELD(graph)},
    {.name = "?", .kind = OPTION_HELP},
};

static enum arguments_result take_target(struct arguments *in, void *into, const char *operand)
{
    struct ping_options *options = into;
    if (options->target != NULL)
        return arguments_refuse(in, "Bad parameter %s.", operand);
    options->target = operand;
    return ARGUMENTS_OK;
}

static const struct syntax syntax = {option_table, COUNT_OF(option_table), take_target};

enum arguments_result ping_options_parse(struct ping_options *options, int argc, char *const argv[],
                                         char *message, size_t message_bytes)
{
    struct arguments in;
    *options = (struct ping_options){.count = 4, .size_bytes = 32, .ttl = 128, .timeout_ms = 4000};
    arguments_start(&in, argc, argv, message, message_bytes);

    if (argc < 2)
        return ARGUMENTS_HELP;
    enum arguments_result result = arguments_read(&in, &syntax, options);
    if (result != ARGUMENTS_OK)
        return result;
    options->family = in.family;
    if (options->target == NULL)
        return arguments_refuse(&in, "IP address must be specified.");
    if (ping_options_ip_bytes(options) > IP_OPTIONS_BYTES)
        return arguments_refuse(&in, "Options -r, -s, -j and -k do not fit into one IP header together.");
    return ARGUMENTS_OK;
}

size_t ping_options_ip_bytes(const struct ping_options *options)
{
    return (options->record_routes > 0 ? 3 + 4 * (size_t)options->record_routes : 0) +
           (options->timestamps > 0 ? 4 + 8 * (size_t)options->timestamps : 0) +
           source_route_bytes(&options->route);
}
