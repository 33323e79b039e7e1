/*
 * Reads ping's command line. Options are single letters after '-' or '/'. Their case does not matter,
 * except where Windows has both: -s (timestamps) and -S (source), -r (record route) and -R (a routing
 * header that RFC 5095 has abolished, not known here).
 */
#include "options.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct number_option {
    char letter;
    uint32_t min;
    uint32_t max;
    size_t offset; /* of a uint32_t in struct ping_options */
} number_options[] = {
    {'n', 1, UINT32_MAX, offsetof(struct ping_options, count)},
    {'l', 0, PING_MAX_SIZE_BYTES, offsetof(struct ping_options, size_bytes)},
    {'i', 1, 255, offsetof(struct ping_options, ttl)},
    {'v', 0, 255, offsetof(struct ping_options, tos)},
    {'r', 1, 9, offsetof(struct ping_options, record_routes)},
    {'s', 1, 4, offsetof(struct ping_options, timestamps)},
    {'w', 0, UINT32_MAX, offsetof(struct ping_options, timeout_ms)},
};

static const struct flag_option {
    char letter;
    size_t offset; /* of a bool in struct ping_options */
} flag_options[] = {
    {'t', offsetof(struct ping_options, forever)},
    {'f', offsetof(struct ping_options, dont_fragment)},
    {'a', offsetof(struct ping_options, resolve_address)},
};

/* The command line on its way: next is the argument to read next. */
struct reader {
    char *const *argv;
    int argc;
    int next;
    char *message;
    size_t message_bytes;
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static bool is_option(const char *argument)
{
    return argument[0] == '-' || argument[0] == '/';
}

/* The options that mean something for IPv4 only. */
static const char ipv4_letters[] = "4fvrsjk";

/* The letter that stands in the tables above, or 0 if the argument is no option of one letter. */
static char option_letter(const char *argument)
{
    if (argument[1] == '\0' || argument[2] != '\0')
        return 0;
    if (argument[1] == 'S' || argument[1] == 'R')
        return argument[1];
    return (char)tolower((unsigned char)argument[1]);
}

/* Decimal digits only: strtoull alone would take blanks, signs and more. What is too large for it becomes
 * ULLONG_MAX, which no option takes. */
static bool parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text))
        return false;
    unsigned long long value = strtoull(text, NULL, 10);
    if (value < min || value > max)
        return false;
    *number = (uint32_t)value;
    return true;
}

static enum options_result refuse(struct reader *in, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(in->message, in->message_bytes, format, arguments);
    va_end(arguments);
    return OPTIONS_INVALID;
}

/* The argument after the option that was just read, or NULL with a message. */
static const char *read_value(struct reader *in)
{
    if (in->next < in->argc)
        return in->argv[in->next++];
    refuse(in, "Value must be supplied for option %s.", in->argv[in->next - 1]);
    return NULL;
}

static enum options_result read_number(struct ping_options *options, struct reader *in,
                                       const struct number_option *option)
{
    const char *name = in->argv[in->next - 1];
    const char *value = read_value(in);
    if (value == NULL)
        return OPTIONS_INVALID;
    if (!parse_number(value, option->min, option->max,
                      (uint32_t *)(void *)((char *)options + option->offset)))
        return refuse(in, "Bad value for option %s, valid range is from %lu to %lu.", name,
                      (unsigned long)option->min, (unsigned long)option->max);
    return OPTIONS_OK;
}

/* Reads hosts up to the next option or the end. A list that reaches the end ends with the target, if none was
 * named before. */
static enum options_result read_route(struct ping_options *options, struct reader *in, bool strict)
{
    const char *name = in->argv[in->next - 1];
    if (options->hop_count > 0)
        return refuse(in, "Only one source route, -j or -k, can be given.");
    options->strict_route = strict;
    while (in->next < in->argc && !is_option(in->argv[in->next]) &&
           options->hop_count < COUNT_OF(options->hops))
        options->hops[options->hop_count++] = in->argv[in->next++];
    if (options->hop_count == 0)
        return refuse(in, "Value must be supplied for option %s.", name);
    if (in->next == in->argc && options->target == NULL && options->hop_count > 1)
        options->target = options->hops[--options->hop_count];
    if (options->hop_count > PING_ROUTE_HOPS)
        return refuse(in, "Option %s takes at most %d hosts and the target.", name, PING_ROUTE_HOPS);
    return OPTIONS_OK;
}

/* Makes this the family to ping in, if an option before has not made it the other one. */
static enum options_result require_family(struct ping_options *options, struct reader *in,
                                          enum ping_family family)
{
    if (options->family != PING_ANY_FAMILY && options->family != family)
        return refuse(in, "The option %s is only supported for %s.", in->argv[in->next - 1],
                      family == PING_IPV4 ? "IPv4" : "IPv6");
    options->family = family;
    return OPTIONS_OK;
}

static enum options_result read_option(struct ping_options *options, struct reader *in)
{
    const char *argument = in->argv[in->next++];
    char letter = option_letter(argument);

    if (letter != '\0' && strchr(ipv4_letters, letter) != NULL &&
        require_family(options, in, PING_IPV4) != OPTIONS_OK)
        return OPTIONS_INVALID;
    for (size_t i = 0; i < COUNT_OF(number_options); i++) {
        if (number_options[i].letter == letter)
            return read_number(options, in, &number_options[i]);
    }
    for (size_t i = 0; i < COUNT_OF(flag_options); i++) {
        if (flag_options[i].letter == letter) {
            *(bool *)((char *)options + flag_options[i].offset) = true;
            return OPTIONS_OK;
        }
    }
    switch (letter) {
    case 'S':
        options->source = read_value(in);
        return options->source == NULL ? OPTIONS_INVALID : OPTIONS_OK;
    case 'j':
    case 'k':
        return read_route(options, in, letter == 'k');
    case '4':
        return OPTIONS_OK;
    case '6':
        return require_family(options, in, PING_IPV6);
    case '?':
        return OPTIONS_HELP;
    default:
        refuse(in, "Bad option %s.", argument);
        return OPTIONS_UNKNOWN;
    }
}

enum options_result options_parse(struct ping_options *options, int argc, char *const argv[], char *message,
                                  size_t message_bytes)
{
    struct reader in = {argv, argc, 1, message, message_bytes};
    *options = (struct ping_options){.count = 4, .size_bytes = 32, .ttl = 128, .timeout_ms = 4000};
    message[0] = '\0';

    if (argc < 2)
        return OPTIONS_HELP;
    while (in.next < argc) {
        if (is_option(argv[in.next])) {
            enum options_result result = read_option(options, &in);
            if (result != OPTIONS_OK)
                return result;
        } else if (options->target == NULL) {
            options->target = argv[in.next++];
        } else
            return refuse(&in, "Bad parameter %s.", argv[in.next]);
    }
    if (options->target == NULL)
        return refuse(&in, "IP address must be specified.");
    if (options_ip_bytes(options) > PING_IP_OPTIONS_BYTES)
        return refuse(&in, "Options -r, -s, -j and -k do not fit into one IP header together.");
    return OPTIONS_OK;
}

size_t options_ip_bytes(const struct ping_options *options)
{
    return (options->record_routes > 0 ? 3 + 4 * (size_t)options->record_routes : 0) +
           (options->timestamps > 0 ? 4 + 8 * (size_t)options->timestamps : 0) +
           (options->hop_count > 0 ? 3 + 4 * (options->hop_count + 1) : 0);
}
