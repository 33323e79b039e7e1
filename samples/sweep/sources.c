/*
 * Reads the sources of targets.
 */
#include "sources.h"

#include "target_file.h"

#include "../common/host.h"
#include "../common/output.h"
#include "../common/wide.h"

#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>

struct reader {
    struct targets *targets;
    enum family family;
    uint64_t *unknown_names;
};

static struct ip_number number_of(const union address *address)
{
    return address_is_ipv6(address)
               ? ip_number_from_bytes(IP_FAMILY_V6, address->v6.sin6_addr.s6_addr, address->v6.sin6_scope_id)
               : ip_number_from_bytes(IP_FAMILY_V4, (const uint8_t *)&address->v4.sin_addr, 0);
}

static enum targets_result add_name(struct reader *reader, const char *name)
{
    struct host host;
    if (!host_find(&host, name, reader->family)) {
        output_add(standard_error, "sweep: the name %s is unknown\n", name);
        output_flush(standard_error);
        ++*reader->unknown_names;
        return TARGETS_OK;
    }
    struct ip_number address = number_of(&host.address);
    return targets_add_named(reader->targets, &address, name) ? TARGETS_OK : TARGETS_NO_MEMORY;
}

static bool add_target(void *context, const char *text, char *message, size_t message_bytes)
{
    struct reader *reader = context;
    enum targets_result result = targets_add(reader->targets, text, message, message_bytes);
    if (result == TARGETS_NAME)
        result = add_name(reader, text);
    if (result == TARGETS_NO_MEMORY)
        snprintf(message, message_bytes, "out of memory");
    return result == TARGETS_OK;
}

static FILE *open_file(const char *name)
{
    wchar_t wide[MAX_PATH];
    if (wide_from_utf8(wide, MAX_PATH, name))
        return _wfopen(wide, L"rb");
    errno = ENOENT;
    return NULL;
}

static bool read_file(struct reader *reader, const char *name, char *message, size_t message_bytes)
{
    if (strcmp(name, "-") == 0) {
        _setmode(_fileno(stdin), _O_BINARY); /* as a file: there is no Ctrl-Z in it */
        return target_file_read(stdin, "standard input", add_target, reader, message, message_bytes);
    }
    FILE *file = open_file(name);
    if (file == NULL) {
        snprintf(message, message_bytes, "%s cannot be opened: %s", name, strerror(errno));
        return false;
    }
    bool read = target_file_read(file, name, add_target, reader, message, message_bytes);
    fclose(file);
    return read;
}

/* Whether so many targets may be swept. */
static bool is_bounded(const struct sweep_options *options, const struct targets *targets, char *message,
                       size_t message_bytes)
{
    if (options->limit > 0 || targets_count(targets) <= SWEEP_MAX_TARGETS)
        return true;
    snprintf(message, message_bytes,
             "these are more than %d targets; with --limit N the first N of them are swept",
             SWEEP_MAX_TARGETS);
    return false;
}

bool sources_read(const struct sweep_options *options, struct targets *targets, uint64_t *unknown_names,
                  char *message, size_t message_bytes)
{
    struct reader reader = {targets, options->family, unknown_names};
    for (size_t i = 0; i < options->source_count; i++) {
        const struct target_source *source = &options->sources[i];
        if (source->is_file ? !read_file(&reader, source->text, message, message_bytes)
                            : !add_target(&reader, source->text, message, message_bytes))
            return false;
    }
    targets_sort(targets);
    return is_bounded(options, targets, message, message_bytes);
}
