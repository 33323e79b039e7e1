/*
 * Text in memory of the caller.
 */
#include "text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

struct text text_in(char *bytes, size_t size)
{
    bytes[0] = '\0';
    return (struct text){bytes, size, 0};
}

static bool continues_character(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

void text_add(struct text *text, const char *format, ...)
{
    size_t room = text->size - text->used;
    va_list arguments;
    va_start(arguments, format);
    int needed = vsnprintf(text->bytes + text->used, room, format, arguments);
    va_end(arguments);

    if (needed < 0) {
        text->bytes[text->used] = '\0';
    } else if ((size_t)needed < room) {
        text->used += (size_t)needed;
    } else {
        /* Full. A character whose end is missing begins before the bytes that continue it. */
        size_t start = text->used;
        size_t end = text->size - 1;
        size_t head = end;
        while (head > start && continues_character(text->bytes[head - 1]))
            head--;
        if (head > start && ((unsigned char)text->bytes[head - 1] & 0xc0) == 0xc0) {
            unsigned char first = (unsigned char)text->bytes[head - 1];
            size_t whole = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
            if (end - (head - 1) < whole)
                end = head - 1;
        }
        text->bytes[end] = '\0';
        text->used = end;
    }
}

size_t text_columns(const char *utf8)
{
    size_t columns = 0;
    for (; *utf8 != '\0'; utf8++)
        columns += !continues_character(*utf8);
    return columns;
}

void text_pad(struct text *text, size_t columns)
{
    for (size_t i = text_columns(text->bytes); i < columns; i++)
        text_add(text, " ");
}
