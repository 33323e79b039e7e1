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

BOOL WINAPI OpenIcmpQuery(OPENICMP_INFORMATION *Information)
{
    if (Information == NULL || Information->cbSize < sizeof(Information->cbSize)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    OPENICMP_INFORMATION information = {
        .cbSize =
            Information->cbSize < sizeof(information) ? Information->cbSize : (ULONG)sizeof(information),
        .VersionMajor = OPENICMP_VERSION_MAJOR,
        .VersionMinor = OPENICMP_VERSION_MINOR,
        .VersionPatch = OPENICMP_VERSION_PATCH,
    };
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
