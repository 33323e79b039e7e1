/*
 * The functions of openicmp.h that are not about batches: round-trip times, and what this DLL is.
 */
#include <winsock2.h>
#include <windows.h>

#include <openicmp.h>

#include "echo/engine.h"
#include "echo/round_trip.h"

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

static void describe(OPENICMP_INFORMATION *information, const struct transport *transport)
{
    information->IPv4Sockets = sockets_of(transport->ipv4_sockets);
    information->IPv6Sockets = sockets_of(transport->ipv6_sockets);
    information->Flags = (transport->kernel_times ? OPENICMP_KERNEL_TIMES : 0) |
                         (transport->all_errors ? OPENICMP_ALL_ERRORS : 0);
    for (size_t i = 0; i < sizeof(information->Transport) - 1 && transport->choice[i] != '\0'; i++) {
        information->Transport[i] = transport->choice[i];
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
    }
    memcpy(Information, &information, information.cbSize);
    return TRUE;
}
