/*
 * A loaded DLL as its own headers describe it: what it exports, and to whom it forwards.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_IMAGE_H
#define OPENICMP_TESTS_WIN_SUPPORT_IMAGE_H

#include <stdbool.h>
#include <winsock2.h>
#include <windows.h>

struct image {
    HMODULE module;
    const BYTE *base;
    const IMAGE_NT_HEADERS *headers;
    IMAGE_DATA_DIRECTORY directory; /* where the export table lies */
    const IMAGE_EXPORT_DIRECTORY *exports;
    const DWORD *functions;        /* relative addresses, by ordinal from exports->Base */
    const DWORD *names;            /* relative addresses of names, ascending by name */
    const WORD *ordinals_of_names; /* the index in functions that belongs to each name */
};

/* Loads a DLL by its plain name or its full path. It stays loaded until the process ends. Asserts. */
struct image image_load(const char *name);
/* The same for the DLL of that name in the program's folder, or in the system's. Asserts. */
struct image image_load_beside_program(const char *name);
struct image image_load_of_system(const char *name);

/* The name with this index, which is below exports->NumberOfNames. */
const char *image_name_at(const struct image *image, DWORD index);
/* Where the function behind a name forwards to, as "dll.function", or NULL if it is code of the DLL itself. */
const char *image_forward_of_name(const struct image *image, DWORD index);
/* Whether an address is in the DLL. */
bool image_has(const struct image *image, const void *address);

#endif
