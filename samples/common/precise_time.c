/*
 * Fine round-trip times.
 */
#include "precise_time.h"

#include <openicmp.h>

uint64_t precise_time_ns(const void *reply, DWORD reply_bytes, ULONG round_trip_ms)
{
    ULONGLONG time_ns;
    if (OpenIcmpRoundTripTimes(reply, reply_bytes, &time_ns, 1) > 0)
        return time_ns;
    return (uint64_t)round_trip_ms * 1000000;
}
