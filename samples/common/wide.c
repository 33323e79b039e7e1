/*
 * Text between UTF-8 and UTF-16.
 */
#include "wide.h"

#include <windows.h>
#include <shellapi.h>

#include <stdlib.h>

bool wide_from_utf8(wchar_t *wide, size_t size, const char *utf8)
{
    if (MultiByteToWideChar(CP_UTF8, 0, utf8, -1, wide, (int)size) > 0)
        return true;
    wide[0] = L'\0';
    return false;
}

bool utf8_from_wide(char *utf8, size_t size, const wchar_t *wide)
{
    if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, utf8, (int)size, NULL, NULL) > 0)
        return true;
    utf8[0] = '\0';
    return false;
}

char **utf8_arguments(int *argc)
{
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), argc);
    if (wide == NULL)
        return NULL;
    char **argv = calloc((size_t)*argc + 1, sizeof(*argv));
    for (int i = 0; argv != NULL && i < *argc; i++) {
        size_t size = 3 * wcslen(wide[i]) + 1; /* a UTF-16 unit becomes three bytes at most */
        argv[i] = malloc(size);
        if (argv[i] == NULL)
            return NULL;
        utf8_from_wide(argv[i], size, wide[i]);
    }
    LocalFree(wide);
    return argv;
}
