/*
 * Chooses the transport. Knows which ones there are, and nothing of how they work.
 */
#include "transport/transport.h"

#include "trace/trace.h"
#include "transport/host.h"
#include "transport/host_link.h"
#include "transport/winsock.h"

#include <string.h>
#include <windows.h>

static const struct {
    const char *name;
    uint32_t (*open)(struct transport **transport);
} candidates[] = {
    /* In the order in which "auto" tries them. */
    {"host", host_open},
    {"winsock", winsock_open},
};

/* The value of OPENICMP_TRANSPORT, "auto" without one. */
static const char *wanted(char *buffer, DWORD buffer_bytes)
{
    DWORD length = GetEnvironmentVariableA("OPENICMP_TRANSPORT", buffer, buffer_bytes);
    if (length == 0) {
        return "auto";
    }
    return length < buffer_bytes ? buffer : "(too long)";
}

uint32_t transport_open(struct transport **transport)
{
    char buffer[32];
    const char *name = wanted(buffer, sizeof(buffer));
    bool automatic = _stricmp(name, "auto") == 0;
    uint32_t error = ERROR_NOT_SUPPORTED;

    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        if (!automatic && _stricmp(name, candidates[i].name) != 0) {
            continue;
        }
        error = candidates[i].open(transport);
        if (error == 0) {
            (*transport)->choice = candidates[i].name;
            trace("transport: %s, because OPENICMP_TRANSPORT is %s", (*transport)->name, name);
            return 0;
        }
        trace("transport: not %s, error %lu", candidates[i].name, (unsigned long)error);
    }
    trace("transport: none; OPENICMP_TRANSPORT is %s, error %lu", name, (unsigned long)error);
    return error;
}

bool transport_may_be_system(void)
{
    char buffer[32];
    const char *name = wanted(buffer, sizeof(buffer));
    return _stricmp(name, "auto") == 0 || _stricmp(name, "system") == 0;
}

void transport_unload(void)
{
    host_link_unload();
}
