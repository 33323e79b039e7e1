/*
 * Finds the system's ICMP functions, and opens its handles.
 */
#include "system/provider.h"

#include "os/os.h"
#include "system/library.h"
#include "trace/trace.h"

#include <string.h>

/* Guards the writing of what the system has for IPv4 and IPv6. That is done once, before anybody else knows of it; afterwards
 * it is read without. */
static struct os_lock provider_lock;
static struct system_icmp icmp_v4, icmp_v6; /* handle NULL: not yet, or not */

static struct system_icmp *icmp_of(enum ip_family family)
{
    return family == IP_FAMILY_V6 ? &icmp_v6 : &icmp_v4;
}

const struct system_icmp *system_icmp(enum ip_family family)
{
    return icmp_of(family);
}

/* Our iphlpapi.dll forwards this function to here. */
static bool forwards_to_us(HMODULE module)
{
    return GetProcAddress(module, "IcmpCreateFile") == (FARPROC)(uintptr_t)&IcmpCreateFile;
}

static struct system_library library = {.is_ours = forwards_to_us};

struct needed_function {
    const char *name;
    void *pointer; /* to it; to be filled in */
};

static bool find_needed(const struct needed_function *needed, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        FARPROC found = system_library_find(&library, needed[i].name);
        if (found == NULL) {
            trace("system: there is no %s", needed[i].name);
            return false;
        }
        memcpy(needed[i].pointer, &found, sizeof(found));
    }
    return true;
}

static bool find_v4(struct system_icmp *icmp)
{
    const struct needed_function needed[] = {
        {"IcmpCreateFile", &icmp->create_file},    {"IcmpCloseHandle", &icmp->close_handle},
        {"IcmpSendEcho", &icmp->send_echo},        {"IcmpSendEcho2", &icmp->send_echo2},
        {"IcmpSendEcho2Ex", &icmp->send_echo2_ex},
    };
    return find_needed(needed, sizeof(needed) / sizeof(needed[0]));
}

static bool find_v6(struct system_icmp *icmp)
{
    const struct needed_function needed[] = {
        {"Icmp6CreateFile", &icmp->create_file},
        {"IcmpCloseHandle", &icmp->close_handle},
        {"Icmp6SendEcho2", &icmp->send_echo6},
    };
    return find_needed(needed, sizeof(needed) / sizeof(needed[0]));
}

static bool find_functions(enum ip_family family, struct system_icmp *icmp)
{
    /* What programs get by this name, now or later, they are to get afterwards, too: our own, if that is how they find it. */
    HMODULE front = LoadLibraryW(L"iphlpapi.dll");
    library.front = front;
    bool found = family == IP_FAMILY_V6 ? find_v6(icmp) : find_v4(icmp);
    if (front != NULL) {
        FreeLibrary(front);
    }
    return found;
}

/* Enters what was found, unless another thread was quicker. */
static void enter(enum ip_family family, const struct system_icmp *found)
{
    struct system_icmp *icmp = icmp_of(family);
    os_lock_acquire(&provider_lock);
    bool first = icmp->handle == NULL;
    if (first) {
        *icmp = *found;
    }
    os_lock_release(&provider_lock);
    if (!first) {
        found->close_handle(found->handle);
    }
}

static bool is_open(enum ip_family family)
{
    os_lock_acquire(&provider_lock);
    bool open = icmp_of(family)->handle != NULL;
    os_lock_release(&provider_lock);
    return open;
}

bool system_open(enum ip_family family, uint32_t why)
{
    if (!is_open(family)) {
        struct system_icmp found = {0};
        if (!find_functions(family, &found)) {
            return false;
        }
        found.handle = found.create_file();
        if (found.handle == INVALID_HANDLE_VALUE || found.handle == NULL) {
            trace("system: no handle for IPv%d, error %lu", family, GetLastError());
            return false;
        }
        enter(family, &found);
    }
    trace("transport: the system's own functions for IPv%d, because no other can carry it, error %lu", family,
          (unsigned long)why);
    return true;
}

void system_trace(const char *function, struct ip_address destination, DWORD replies)
{
    if (trace_enabled()) {
        trace("echo %s by the system's %s: returned %lu, error %lu", trace_address(&destination).text,
              function, replies, GetLastError());
    }
}

void system_unload(void)
{
    for (int i = 0; i < 2; i++) {
        const struct system_icmp *icmp = system_icmp(i == 0 ? IP_FAMILY_V4 : IP_FAMILY_V6);
        if (icmp->handle != NULL) {
            icmp->close_handle(icmp->handle);
        }
    }
}
