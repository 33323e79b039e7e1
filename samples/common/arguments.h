/*
 * Command lines as Windows users know them: options begin with '-' or '/', a single letter's case does not
 * matter unless the table of options has both, and values stand in the next argument. Options of whole
 * words are written --word or /word, and take a value also as --word=value.
 * Portable C without Win32 or sockets. Each program has a table of its options and keeps what it reads.
 */
#ifndef SAMPLES_ARGUMENTS_H
#define SAMPLES_ARGUMENTS_H

#include "family.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum arguments_result {
    ARGUMENTS_OK,
    ARGUMENTS_INVALID, /* message says what is wrong */
    ARGUMENTS_UNKNOWN, /* the same, and the usage text would help */
    ARGUMENTS_HELP     /* help was asked for (message empty) */
};

/* A command line on its way. To be set up with arguments_start. */
struct arguments {
    int argc;
    char *const *argv;
    int next;           /* the argument to read next */
    const char *option; /* the option that is being read, as it was typed */
    const char *value;  /* what stands behind its '=', or NULL */
    /* What -4, -6 and the options that mean something for one family only have decided. */
    enum family family;
    char *message; /* one line without its line feed */
    size_t message_bytes;
};

enum option_kind {
    OPTION_FLAG,   /* sets a bool */
    OPTION_NUMBER, /* sets a uint32_t, to min..max */
    OPTION_TEXT,   /* sets a const char *, which stays argv's */
    OPTION_FAMILY, /* -4 and -6: decides the family, sets nothing else */
    OPTION_OTHER,  /* calls read */
    OPTION_HELP
};

struct option {
    const char *name; /* a letter or a word, without what stands before it; empty for a dash alone */
    enum option_kind kind;
    size_t offset; /* of what it sets, in the structure that the options are read into */
    uint32_t min;
    uint32_t max;
    enum family family; /* the only one it means something for */
    bool exact_case;    /* of a letter: its other case is not this option */
    enum arguments_result (*read)(struct arguments *in, void *into);
};

/* What a program understands. */
struct syntax {
    const struct option *options;
    size_t option_count;
    /* Takes an argument that is no option. */
    enum arguments_result (*operand)(struct arguments *in, void *into, const char *operand);
};

/* Starts before argv[1]. The message is empty until something is wrong. */
void arguments_start(struct arguments *in, int argc, char *const argv[], char *message, size_t message_bytes);

/* Reads all that is left into *into, with the functions of the syntax. Ends at the first fault. */
enum arguments_result arguments_read(struct arguments *in, const struct syntax *syntax, void *into);

/* For functions of a syntax: the option's value, or NULL with a message. */
const char *arguments_value(struct arguments *in);

/* For functions of a syntax: writes the message. Returns ARGUMENTS_INVALID. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
enum arguments_result
arguments_refuse(struct arguments *in, const char *format, ...);

/* Whether it is written like an option. */
bool argument_is_option(const char *argument);

/* Decimal digits only, from min to max. */
bool parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *number);

#endif
