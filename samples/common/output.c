/*
 * Writes to consoles, files and pipes. Consoles are moved in by their functions, not by escape sequences, which
 * consoles before Windows 10 and Wine's do not know.
 */
#include "output.h"

#include "text.h"

#include <windows.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* So many bytes are gathered before they are written. */
#define BUFFER_BYTES 16384
#define TEXT_BYTES   4096

struct output {
    DWORD which;
    bool opened;
    bool is_console;
    HANDLE handle;
    size_t used;
    char bytes[BUFFER_BYTES];
};

static struct output output = {.which = STD_OUTPUT_HANDLE};
static struct output error = {.which = STD_ERROR_HANDLE};

struct output *const standard_output = &output;
struct output *const standard_error = &error;

static void open_once(struct output *out)
{
    DWORD mode;
    if (out->opened)
        return;
    out->opened = true;
    out->handle = GetStdHandle(out->which);
    out->is_console = GetConsoleMode(out->handle, &mode) != 0;
}

static bool write_to_console(struct output *out)
{
    static wchar_t wide[BUFFER_BYTES];
    int count = MultiByteToWideChar(CP_UTF8, 0, out->bytes, (int)out->used, wide, BUFFER_BYTES);
    DWORD written;
    return WriteConsoleW(out->handle, wide, (DWORD)count, &written, NULL) != 0;
}

static bool write_bytes(struct output *out)
{
    size_t done = 0;
    DWORD written;
    while (done < out->used) {
        if (!WriteFile(out->handle, out->bytes + done, (DWORD)(out->used - done), &written, NULL))
            return false;
        done += written;
    }
    return true;
}

bool output_flush(struct output *out)
{
    open_once(out);
    if (out->used == 0)
        return true;
    bool taken = out->is_console ? write_to_console(out) : write_bytes(out);
    out->used = 0;
    return taken;
}

static void add_text(struct output *out, const char *format, va_list arguments)
{
    char text[TEXT_BYTES];
    (void)vsnprintf(text, sizeof(text), format, arguments);
    if (out->used + 2 * strlen(text) > BUFFER_BYTES)
        output_flush(out);
    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '\n')
            out->bytes[out->used++] = '\r';
        out->bytes[out->used++] = *from;
    }
}

void output_add(struct output *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_text(out, format, arguments);
    va_end(arguments);
}

void output_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_text(standard_output, format, arguments);
    va_end(arguments);
    output_flush(standard_output);
}

bool output_is_console(struct output *out)
{
    open_once(out);
    return out->is_console;
}

static bool find_window(struct output *out, CONSOLE_SCREEN_BUFFER_INFO *info)
{
    open_once(out);
    return out->is_console && GetConsoleScreenBufferInfo(out->handle, info) != 0;
}

unsigned int output_columns(struct output *out)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!find_window(out, &info))
        return 80;
    return (unsigned int)(info.srWindow.Right - info.srWindow.Left + 1);
}

unsigned int output_rows(struct output *out)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!find_window(out, &info))
        return 25;
    return (unsigned int)(info.srWindow.Bottom - info.srWindow.Top + 1);
}

void output_go_up(struct output *out, unsigned int lines)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    output_flush(out);
    if (!find_window(out, &info))
        return;
    int row = info.dwCursorPosition.Y - (int)lines;
    COORD to = {0, (SHORT)(row > 0 ? row : 0)};
    SetConsoleCursorPosition(out->handle, to);
}

void output_clear_line(struct output *out)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    DWORD written;
    output_flush(out);
    if (!find_window(out, &info))
        return;
    DWORD rest = (DWORD)(info.dwSize.X - info.dwCursorPosition.X);
    FillConsoleOutputCharacterW(out->handle, L' ', rest, info.dwCursorPosition, &written);
}
