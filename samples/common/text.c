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

/* How many of the first bytes are whole characters. */
static size_t whole_characters(const char *utf8, size_t bytes)
{
    size_t head = bytes;
    while (head > 0 && continues_character(utf8[head - 1]))
        head--;
    if (head == 0)
        return bytes;
    unsigned char first = (unsigned char)utf8[head - 1];
    size_t needed = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    return bytes - (head - 1) < needed ? head - 1 : bytes;
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
        text->used = whole_characters(text->bytes, text->size - 1);
        text->bytes[text->used] = '\0';
    }
}

size_t text_columns(const char *utf8)
{
    size_t columns = 0;
    for (; *utf8 != '\0'; utf8++)
        columns += !continues_character(*utf8);
    return columns;
}

void text_cut(struct text *text, size_t columns)
{
    for (size_t at = 0; at < text->used; at++) {
        if (!continues_character(text->bytes[at]) && columns-- == 0) {
            text->bytes[at] = '\0';
            text->used = at;
        }
    }
}

void text_pad(struct text *text, size_t columns)
{
    for (size_t i = text_columns(text->bytes); i < columns; i++)
        text_add(text, " ");
}
