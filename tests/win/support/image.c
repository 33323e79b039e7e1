/*
 * Reads the export tables of loaded DLLs.
 */
#include "win/support/image.h"

#include "support/cmocka_main.h"

struct image image_load(const char *name)
{
    struct image image = {.module = LoadLibraryA(name)};
    const IMAGE_DOS_HEADER *dos;

    if (image.module == NULL) {
        fail_msg("%s cannot be loaded: error %lu", name, GetLastError());
    }
    image.base = (const BYTE *)image.module;
    dos = (const IMAGE_DOS_HEADER *)image.base;
    image.headers = (const IMAGE_NT_HEADERS *)(image.base + dos->e_lfanew);
    image.directory = image.headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT];
    assert_true(image.directory.Size > 0);
    image.exports = (const IMAGE_EXPORT_DIRECTORY *)(image.base + image.directory.VirtualAddress);
    image.functions = (const DWORD *)(image.base + image.exports->AddressOfFunctions);
    image.names = (const DWORD *)(image.base + image.exports->AddressOfNames);
    image.ordinals_of_names = (const WORD *)(image.base + image.exports->AddressOfNameOrdinals);
    return image;
}

struct image image_load_beside_program(const char *name)
{
    char path[MAX_PATH];
    char *slash;

    GetModuleFileNameA(NULL, path, sizeof(path));
    slash = strrchr(path, '\\');
    assert_non_null(slash);
    assert_true((size_t)(slash + 1 - path) + strlen(name) < sizeof(path));
    strcpy(slash + 1, name);
    return image_load(path);
}

struct image image_load_of_system(const char *name)
{
    char path[MAX_PATH];
    UINT length = GetSystemDirectoryA(path, sizeof(path));

    assert_true(length > 0 && length + 1 + strlen(name) < sizeof(path));
    snprintf(path + length, sizeof(path) - length, "\\%s", name);
    return image_load(path);
}

const char *image_name_at(const struct image *image, DWORD index)
{
    return (const char *)(image->base + image->names[index]);
}

const char *image_forward_of_name(const struct image *image, DWORD index)
{
    DWORD function = image->functions[image->ordinals_of_names[index]];
    DWORD offset = function - image->directory.VirtualAddress;

    return offset < image->directory.Size ? (const char *)(image->base + function) : NULL;
}

bool image_has(const struct image *image, const void *address)
{
    return (size_t)((const BYTE *)address - image->base) < image->headers->OptionalHeader.SizeOfImage;
}
