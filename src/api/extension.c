/*
 * The functions of openicmp.h that are not about batches: round-trip times, and what this DLL is.
 */
#include <winsock2.h>
#include <windows.h>

#include <openicmp.h>

#include "echo/engine.h"
#include "echo/round_trip.h"
#include "system/provider.h"

#include <string.h>

/* How many times are copied at once: not straight to the program's memory, because a lock is held meanwhile. */
#define TIMES_TOGETHER 64

DWORD WINAPI OpenIcmpRoundTripTimes(const void *ReplyBuffer, DWORD ReplySize, ULONGLONG *Nanoseconds,
                                    DWORD Capacity)
{
    if (ReplyBuffer == NULL || ReplySize < round_trip_reply_bytes_min() ||
        (Nanoseconds == NULL && Capacity > 0)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    size_t count;
    size_t stored = 0;
    do {
        uint64_t times_ns[TIMES_TOGETHER];
        size_t room = Capacity - stored < TIMES_TOGETHER ? Capacity - stored : TIMES_TOGETHER;
        count = round_trip_recall(ReplyBuffer, ReplySize, stored, times_ns, room);
        size_t taken = count <= stored ? 0 : count - stored < room ? count - stored : room;
        memcpy(Nanoseconds + stored, times_ns, taken * sizeof(*times_ns));
        stored += taken;
    } while (stored < count && stored < Capacity);
    if (count == 0) {
        SetLastError(ERROR_NOT_FOUND);
    }
    return (DWORD)count;
}

static ULONG sockets_of(enum transport_sockets sockets)
{
    switch (sockets) {
    case TRANSPORT_SOCKETS_RAW:
        return OPENICMP_SOCKETS_RAW;
    case TRANSPORT_SOCKETS_PING:
        return OPENICMP_SOCKETS_PING;
    default:
        return OPENICMP_SOCKETS_NONE;
    }
}

/* How a family is reached that the engine cannot carry, for this reason. */
static ULONG sockets_without_engine(enum ip_family family, uint32_t why)
{
    return transport_may_be_system() && system_open(family, why) ? OPENICMP_SOCKETS_SYSTEM
                                                                 : OPENICMP_SOCKETS_NONE;
}

static void describe(OPENICMP_INFORMATION *information, const struct transport *transport)
{
    information->IPv4Sockets = transport->has_ipv4
                                   ? sockets_of(transport->ipv4_sockets)
                                   : sockets_without_engine(IP_FAMILY_V4, ERROR_NOT_SUPPORTED);
    information->IPv6Sockets = transport->has_ipv6
                                   ? sockets_of(transport->ipv6_sockets)
                                   : sockets_without_engine(IP_FAMILY_V6, ERROR_NOT_SUPPORTED);
    information->Flags = (transport->kernel_times ? OPENICMP_KERNEL_TIMES : 0) |
                         (transport->all_errors ? OPENICMP_ALL_ERRORS : 0);
    strncpy(information->Transport, transport->choice, sizeof(information->Transport) - 1);
}

static void describe_without_engine(OPENICMP_INFORMATION *information)
{
    information->IPv4Sockets = sockets_without_engine(IP_FAMILY_V4, information->TransportError);
    information->IPv6Sockets = sockets_without_engine(IP_FAMILY_V6, information->TransportError);
    if (information->IPv4Sockets != OPENICMP_SOCKETS_NONE ||
        information->IPv6Sockets != OPENICMP_SOCKETS_NONE) {
        strcpy(information->Transport, "system");
    }
}

/* ---- The version ---- */

/* The head of a version resource (Microsoft's page on VS_VERSIONINFO). */
struct version_resource {
    WORD length, value_length, type;
    WCHAR key[16]; /* "VS_VERSION_INFO" */
    WORD padding;
    VS_FIXEDFILEINFO value;
};

/* Any address of the DLL. */
static const char in_this_module;

/* The numbers that the DLL was built with, from its own resource. */
static void read_version(OPENICMP_INFORMATION *information)
{
    HMODULE module = NULL;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       (const WCHAR *)(uintptr_t)&in_this_module, &module);
    HRSRC resource = FindResourceW(module, MAKEINTRESOURCEW(VS_VERSION_INFO), (const WCHAR *)RT_VERSION);
    HGLOBAL loaded = resource != NULL ? LoadResource(module, resource) : NULL;
    const struct version_resource *version = loaded != NULL ? LockResource(loaded) : NULL;
    if (version != NULL && SizeofResource(module, resource) >= sizeof(*version)) {
        information->VersionMajor = HIWORD(version->value.dwFileVersionMS);
        information->VersionMinor = LOWORD(version->value.dwFileVersionMS);
        information->VersionPatch = HIWORD(version->value.dwFileVersionLS);
    }
}

BOOL WINAPI OpenIcmpQuery(OPENICMP_INFORMATION *Information)
{
    if (Information == NULL || Information->cbSize < sizeof(Information->cbSize)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    OPENICMP_INFORMATION information = {
        .cbSize =
            Information->cbSize < sizeof(information) ? Information->cbSize : (ULONG)sizeof(information),
    };
    read_version(&information);
    struct engine *engine;
    information.TransportError = engine_acquire(&engine);
    if (information.TransportError == 0) {
        describe(&information, engine->transport);
        engine_release(engine);
    } else {
        describe_without_engine(&information);
    }
    memcpy(Information, &information, information.cbSize);
    return TRUE;
}
