/*
 * What the tests of batches share: probes, and collecting what came of them.
 *
 * Functions that call the API are inline here, as in requests.h. Checks marked so use cmocka's assertions, which only the
 * main thread of a test may.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_BATCH_H
#define OPENICMP_TESTS_WIN_SUPPORT_BATCH_H

#include "win/support/requests.h"

#include <openicmp.h>

static const char probe_text[] = "the payload of a probe";

/* A probe to an IPv4 address, which carries probe_text. */
static inline OPENICMP_PROBE probe_to(IPAddr destination, ULONGLONG context)
{
    OPENICMP_PROBE probe = {
        .Context = context,
        .Timeout = TIMEOUT_MS,
        .Data = probe_text,
        .DataSize = sizeof(probe_text),
    };

    probe.Destination.V4.Family = AF_INET;
    memcpy(probe.Destination.V4.Address, &destination, sizeof(destination));
    return probe;
}

/* The same to ::1. */
static inline OPENICMP_PROBE probe_to_localhost6(ULONGLONG context)
{
    OPENICMP_PROBE probe = probe_to(0, context);

    memset(&probe.Destination, 0, sizeof(probe.Destination));
    probe.Destination.V6.Family = AF_INET6;
    probe.Destination.V6.Address[15] = 1;
    return probe;
}

/* A batch for so many probes. Asserts. */
static inline OPENICMP_BATCH batch_for(DWORD max_outstanding)
{
    OPENICMP_BATCH_OPTIONS options = {sizeof(options), max_outstanding};
    OPENICMP_BATCH batch = OpenIcmpCreateBatch(&options);

    if (batch == NULL) {
        fail_msg("OpenIcmpCreateBatch: error %lu", GetLastError());
    }
    return batch;
}

/* Submits probes, all of which have to be accepted. Asserts. */
static inline void submit_all(OPENICMP_BATCH batch, const OPENICMP_PROBE *probes, DWORD count)
{
    DWORD accepted = 0;

    if (!OpenIcmpSubmit(batch, probes, count, &accepted)) {
        fail_msg("%lu of %lu probes were accepted: error %lu", accepted, count, GetLastError());
    }
    assert_int_equal(accepted, count);
}

/* Collects until nothing is outstanding. How many there were, up to `capacity`. Asserts. */
static inline DWORD collect_all(OPENICMP_BATCH batch, OPENICMP_RESULT *results, DWORD capacity)
{
    DWORD count = 0;
    DWORD collected;

    while (count < capacity &&
           OpenIcmpCollect(batch, results + count, capacity - count, INFINITE, &collected)) {
        assert_in_range(collected, 1, capacity - count);
        count += collected;
    }
    if (count < capacity) {
        assert_int_equal(GetLastError(), ERROR_NO_MORE_ITEMS);
        assert_int_equal(collected, 0);
    }
    return count;
}

/* Whether a result is the echo of a probe to an IPv4 address, with all that belongs to it. */
static inline bool is_echo_from(const OPENICMP_RESULT *result, IPAddr destination)
{
    return result->Status == IP_SUCCESS && result->Error == 0 && result->Responder.Family == AF_INET &&
           memcmp(result->Responder.V4.Address, &destination, sizeof(destination)) == 0 &&
           result->DataEqual == 1 && result->IcmpType == 0 && result->IcmpCode == 0 && result->Sent > 0 &&
           result->Received == result->Sent + result->RoundTrip;
}

/* Whether it says that nobody answered, with this status and error. */
static inline bool is_failure(const OPENICMP_RESULT *result, IP_STATUS status, DWORD error)
{
    return result->Status == status && result->Error == error && result->Responder.Family == 0 &&
           result->Received == 0 && result->RoundTrip == 0 && result->DataSize == 0 && result->DataEqual == 0;
}

#endif
