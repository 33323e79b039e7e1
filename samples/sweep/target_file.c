/*
 * Reads lists of targets. A file may be anything, and as long as it likes: a line is all that is kept of it.
 */
#include "target_file.h"

#include <errno.h>
#include <string.h>

enum line_result { LINE_READ, LINE_END, LINE_TOO_LONG, LINE_NUL };

/* Reads a line into text, without its line feed and comment. Of a comment nothing is kept, so it may be long. */
static enum line_result read_line(FILE *file, char text[TARGET_LINE_BYTES])
{
    size_t length = 0;
    bool in_comment = false;
    int character = getc(file);
    if (character == EOF)
        return LINE_END;
    for (; character != EOF && character != '\n'; character = getc(file)) {
        if (character == '\0')
            return LINE_NUL;
        in_comment = in_comment || character == '#';
        if (in_comment)
            continue;
        if (length == TARGET_LINE_BYTES - 1)
            return LINE_TOO_LONG;
        text[length++] = (char)character;
    }
    text[length] = '\0';
    return LINE_READ;
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r';
}

/* Cuts the blanks off. */
static char *trim(char *text)
{
    while (is_blank(*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

static const char *fault_of(enum line_result result)
{
    if (result == LINE_TOO_LONG)
        return "the line is too long for a target";
    return "this is not a text file in UTF-8"; /* NUL: binary, or UTF-16, in which PowerShell 5 writes files */
}

/* Skips the mark that some editors put at the start of UTF-8 text. Those of UTF-16 are no UTF-8: false. */
static bool skip_byte_order_mark(char **text)
{
    if (strncmp(*text, "\xef\xbb\xbf", 3) == 0)
        *text += 3;
    return strncmp(*text, "\xff\xfe", 2) != 0 && strncmp(*text, "\xfe\xff", 2) != 0;
}

bool target_file_read(FILE *file, const char *file_name, target_line_function *line, void *context,
                      char *message, size_t message_bytes)
{
    char text[TARGET_LINE_BYTES];
    enum line_result result;
    for (unsigned long number = 1; (result = read_line(file, text)) != LINE_END; number++) {
        char fault[256] = "";
        char *target = text;
        if (result == LINE_READ && number == 1 && !skip_byte_order_mark(&target))
            result = LINE_NUL;
        if (result == LINE_READ)
            target = trim(target);
        else
            snprintf(fault, sizeof(fault), "%s", fault_of(result));
        if (result == LINE_READ && (target[0] == '\0' || line(context, target, fault, sizeof(fault))))
            continue;
        snprintf(message, message_bytes, "%s, line %lu: %s", file_name, number, fault);
        return false;
    }
    if (!ferror(file))
        return true;
    snprintf(message, message_bytes, "%s cannot be read: %s", file_name, strerror(errno));
    return false;
}
