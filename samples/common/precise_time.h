/*
 * Round-trip times finer than the ICMP API's whole milliseconds, by openicmp.h.
 */
#ifndef SAMPLES_PRECISE_TIME_H
#define SAMPLES_PRECISE_TIME_H

#include <winsock2.h>
#include <windows.h>

#include <stdint.h>

/* The time of the first reply in a buffer that a request has just filled, in nanoseconds; if it is not known any
 * more, that of its RoundTripTime, which is to be given. */
uint64_t precise_time_ns(const void *reply, DWORD reply_bytes, ULONG round_trip_ms);

#endif
