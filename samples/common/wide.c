/*
 * Text between UTF-8 and UTF-16.
 */
#include "wide.h"

#include <windows.h>

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

/* Of the C run-time library: the command line in its parts, without wildcards being looked up. CommandLineToArgvW would do
 * it, too, but its DLL brings windows and fonts along, which take Wine a tenth of a second to load. */
int __wgetmainargs(int *argc, wchar_t ***argv, wchar_t ***environment, int wildcards, int *new_mode);

char **utf8_arguments(int *argc)
{
    wchar_t **wide;
    wchar_t **environment;
    int new_mode = 0;
    if (__wgetmainargs(argc, &wide, &environment, 0, &new_mode) != 0)
        return NULL;
    char **argv = calloc((size_t)*argc + 1, sizeof(*argv));
    for (int i = 0; argv != NULL && i < *argc; i++) {
        size_t size = 3 * wcslen(wide[i]) + 1; /* a UTF-16 unit becomes three bytes at most */
        argv[i] = malloc(size);
        if (argv[i] == NULL) {
            free(argv);
            return NULL;
        }
        utf8_from_wide(argv[i], size, wide[i]);
    }
    return argv;
}
