/*
 * Reads command lines by a table of options.
 */
#include "arguments.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void arguments_start(struct arguments *in, int argc, char *const argv[], char *message, size_t message_bytes)
{
    *in = (struct arguments){
        .argc = argc, .argv = argv, .next = 1, .message = message, .message_bytes = message_bytes};
    message[0] = '\0';
}

bool argument_is_option(const char *argument)
{
    return argument[0] == '-' || argument[0] == '/';
}

/* strtoull alone would take blanks, signs and more. What is too large for it becomes ULLONG_MAX, which is more
 * than any max. */
bool parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text))
        return false;
    unsigned long long value = strtoull(text, NULL, 10);
    if (value < min || value > max)
        return false;
    *number = (uint32_t)value;
    return true;
}

enum arguments_result arguments_refuse(struct arguments *in, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(in->message, in->message_bytes, format, arguments);
    va_end(arguments);
    return ARGUMENTS_INVALID;
}

const char *arguments_value(struct arguments *in)
{
    if (in->value != NULL)
        return in->value;
    if (in->next < in->argc)
        return in->argv[in->next++];
    arguments_refuse(in, "Value must be supplied for option %s.", in->option);
    return NULL;
}

static enum arguments_result read_number(struct arguments *in, const struct option *option, uint32_t *number)
{
    const char *value = arguments_value(in);
    if (value == NULL)
        return ARGUMENTS_INVALID;
    if (!parse_number(value, option->min, option->max, number))
        return arguments_refuse(in, "Bad value for option %s, valid range is from %lu to %lu.", in->option,
                                (unsigned long)option->min, (unsigned long)option->max);
    return ARGUMENTS_OK;
}

static enum arguments_result read_text(struct arguments *in, const char **text)
{
    *text = arguments_value(in);
    return *text == NULL ? ARGUMENTS_INVALID : ARGUMENTS_OK;
}

/* Makes this the family, if an option before has not made it the other one. */
static enum arguments_result require_family(struct arguments *in, enum family family)
{
    if (in->family != ANY_FAMILY && in->family != family)
        return arguments_refuse(in, "The option %s is only supported for %s.", in->option,
                                family == IPV4 ? "IPv4" : "IPv6");
    in->family = family;
    return ARGUMENTS_OK;
}

static bool is_letter(const char *name)
{
    return name[0] != '\0' && name[1] == '\0';
}

/* A letter after one dash or slash, a word after two dashes or a slash. typed is up to an '='. */
static bool is_named(const struct option *option, const char *typed, size_t typed_bytes, bool any_case)
{
    bool two_dashes = typed_bytes >= 2 && strncmp(typed, "--", 2) == 0;
    const char *name = typed + (two_dashes ? 2 : 1);
    size_t name_bytes = typed_bytes - (two_dashes ? 2 : 1);

    if (option->name[0] == '\0')
        return strcmp(typed, "-") == 0;
    if (is_letter(option->name)) {
        if (two_dashes || name_bytes != 1)
            return false;
        return name[0] == option->name[0] ||
               (any_case && !option->exact_case &&
                tolower((unsigned char)name[0]) == tolower((unsigned char)option->name[0]));
    }
    return (two_dashes || typed[0] == '/') && name_bytes == strlen(option->name) &&
           strncmp(name, option->name, name_bytes) == 0;
}

static const struct option *find_option(const struct syntax *syntax, const char *typed, size_t typed_bytes)
{
    for (int any_case = 0; any_case <= 1; any_case++) {
        for (size_t i = 0; i < syntax->option_count; i++) {
            if (is_named(&syntax->options[i], typed, typed_bytes, any_case))
                return &syntax->options[i];
        }
    }
    return NULL;
}

/* What follows the '=' of a word that takes a value. */
static const char *value_after_equals(const char *typed)
{
    const char *equals = strchr(typed, '=');
    return equals == NULL ? NULL : equals + 1;
}

static enum arguments_result read_option(struct arguments *in, const struct syntax *syntax, void *into)
{
    const char *typed = in->argv[in->next++];
    const struct option *option = find_option(syntax, typed, strcspn(typed, "="));

    in->option = typed;
    in->value = value_after_equals(typed);
    if (option == NULL || (in->value != NULL && (is_letter(option->name) || option->kind == OPTION_FLAG ||
                                                 option->kind == OPTION_HELP))) {
        arguments_refuse(in, "Bad option %s.", typed);
        return ARGUMENTS_UNKNOWN;
    }
    if (option->family != ANY_FAMILY && require_family(in, option->family) != ARGUMENTS_OK)
        return ARGUMENTS_INVALID;

    void *target = (char *)into + option->offset;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)target = true;
        return ARGUMENTS_OK;
    case OPTION_NUMBER:
        return read_number(in, option, target);
    case OPTION_TEXT:
        return read_text(in, target);
    case OPTION_OTHER:
        return option->read(in, into);
    case OPTION_HELP:
        return ARGUMENTS_HELP;
    case OPTION_FAMILY:
        break;
    }
    return ARGUMENTS_OK;
}

enum arguments_result arguments_read(struct arguments *in, const struct syntax *syntax, void *into)
{
    while (in->next < in->argc) {
        enum arguments_result result = argument_is_option(in->argv[in->next])
                                           ? read_option(in, syntax, into)
                                           : syntax->operand(in, into, in->argv[in->next++]);
        if (result != ARGUMENTS_OK)
            return result;
    }
    return ARGUMENTS_OK;
}
