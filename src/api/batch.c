/*
 * The functions of openicmp.h that are about batches: check the arguments, put them into the engine's terms, and leave the
 * rest to it.
 */
#include <winsock2.h>
#include <windows.h>
#include <ws2ipdef.h>

#include <openicmp.h>

#include "echo/batch.h"

#include <string.h>

_Static_assert(sizeof(OPENICMP_ADDRESS) == sizeof(SOCKADDR_INET), "memcpy converts");

/* Sets the last error, unless it is 0, and returns what a function returns that had it. */
static BOOL done(uint32_t error)
{
    if (error != 0) {
        SetLastError(error);
    }
    return error == 0;
}

/* Whether all of the bytes are 0. */
static bool is_blank(const void *memory, size_t size_bytes)
{
    const unsigned char *bytes = memory;
    for (size_t i = 0; i < size_bytes; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* ---- Opening and closing ---- */

/* No program has ever told us as much: the size is no size. */
#define OPTIONS_BYTES_MAX 4096

/* A later version's options may be longer than ours; what we do not know in them has to be 0. False if they will not do. */
static bool read_options(OPENICMP_BATCH_OPTIONS *options, const OPENICMP_BATCH_OPTIONS *given)
{
    *options = (OPENICMP_BATCH_OPTIONS){sizeof(*options), OPENICMP_BATCH_DEFAULT};
    if (given == NULL) {
        return true;
    }
    if (given->cbSize < sizeof(*options) || given->cbSize > OPTIONS_BYTES_MAX ||
        !is_blank(given + 1, given->cbSize - sizeof(*options))) {
        return false;
    }
    *options = *given;
    return options->MaxOutstanding >= 1 && options->MaxOutstanding <= OPENICMP_BATCH_LIMIT;
}

OPENICMP_BATCH WINAPI OpenIcmpCreateBatch(const OPENICMP_BATCH_OPTIONS *Options)
{
    OPENICMP_BATCH_OPTIONS options;
    os_handle handle = 0;
    if (!read_options(&options, Options)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return done(batch_open(options.MaxOutstanding, &handle)) ? (OPENICMP_BATCH)handle : NULL;
}

BOOL WINAPI OpenIcmpCloseBatch(OPENICMP_BATCH Batch)
{
    return done(batch_close((os_handle)Batch));
}

/* ---- Submitting ---- */

/* False if it is of no family; `*address` is none for family 0. */
static bool read_address(struct ip_address *address, const OPENICMP_ADDRESS *given)
{
    *address = (struct ip_address){0};
    switch (given->Family) {
    case AF_INET: {
        uint32_t address_be;
        memcpy(&address_be, given->V4.Address, sizeof(address_be));
        *address = ip_address_v4(address_be);
        return true;
    }
    case AF_INET6:
        *address = ip_address_v6(given->V6.Address, given->V6.ScopeId);
        return true;
    default:
        return given->Family == 0;
    }
}

/* False if the probe is malformed. */
static bool read_probe(struct echo_call *call, const OPENICMP_PROBE *probe)
{
    *call = (struct echo_call){
        .data = probe->Data,
        .data_bytes = probe->DataSize,
        .ttl = probe->Ttl,
        .tos = probe->Tos,
        .dont_fragment = (probe->Flags & IP_FLAG_DF) != 0,
        .options = probe->OptionsData,
        .options_bytes = probe->OptionsSize,
        .timeout_ms = probe->Timeout,
    };
    if (!read_address(&call->destination, &probe->Destination) || call->destination.family == 0 ||
        !read_address(&call->source, &probe->Source) ||
        (call->source.family != 0 && call->source.family != call->destination.family)) {
        return false;
    }
    if (call->destination.family == IP_FAMILY_V6) {
        ip_address_share_scope(&call->source, &call->destination);
    }
    return call->timeout_ms != 0 && (call->data != NULL || call->data_bytes == 0) &&
           (call->options != NULL || call->options_bytes == 0) &&
           (call->options_bytes == 0 || call->destination.family == IP_FAMILY_V4) &&
           (probe->Flags & ~IP_FLAG_DF) == 0 && is_blank(probe->Reserved, sizeof(probe->Reserved));
}

BOOL WINAPI OpenIcmpSubmit(OPENICMP_BATCH Batch, const OPENICMP_PROBE *Probes, DWORD Count, DWORD *Accepted)
{
    struct batch *batch;
    DWORD accepted = 0;
    uint32_t error = batch_acquire((os_handle)Batch, &batch);
    if (error == 0) {
        if (Probes == NULL && Count > 0) {
            error = ERROR_INVALID_PARAMETER;
        }
        while (error == 0 && accepted < Count) {
            struct echo_call call;
            error = read_probe(&call, &Probes[accepted])
                        ? batch_submit(batch, &call, Probes[accepted].Context)
                        : ERROR_INVALID_PARAMETER;
            accepted += error == 0;
        }
        batch_release(batch);
    }
    if (Accepted != NULL) {
        *Accepted = accepted;
    }
    return done(error);
}

/* ---- Collecting ---- */

static void write_address(OPENICMP_ADDRESS *address, const struct ip_address *given)
{
    if (given->family == IP_FAMILY_V6) {
        address->V6.Family = AF_INET6;
        memcpy(address->V6.Address, given->bytes, sizeof(address->V6.Address));
        address->V6.ScopeId = given->scope_id;
    } else {
        address->V4.Family = AF_INET;
        memcpy(address->V4.Address, given->bytes, sizeof(address->V4.Address));
    }
}

static void write_answer(OPENICMP_RESULT *result, const struct echo_answer *answer)
{
    result->Received = result->Sent + answer->round_trip_ns;
    result->RoundTrip = answer->round_trip_ns;
    write_address(&result->Responder, &answer->responder);
    result->DataSize = (ULONG)answer->data_bytes;
    result->IcmpType = answer->icmp_type;
    result->IcmpCode = answer->icmp_code;
    result->Ttl = answer->ttl;
    result->Tos = answer->tos;
    result->Flags = answer->flags;
    result->OptionsSize = answer->options_bytes;
    if (answer->options_bytes > 0) {
        memcpy(result->Options, answer->options, answer->options_bytes);
    }
}

static void write_result(void *results, size_t number, const struct batch_result *given)
{
    OPENICMP_RESULT result = {
        .Context = given->context,
        .Sent = given->sent_ns,
        .Status = given->status,
        .Error = given->error,
        .DataEqual = given->data_equal,
    };
    if (given->answer != NULL) {
        write_answer(&result, given->answer);
    }
    ((OPENICMP_RESULT *)results)[number] = result;
}

BOOL WINAPI OpenIcmpCollect(OPENICMP_BATCH Batch, OPENICMP_RESULT *Results, DWORD Capacity, DWORD Timeout,
                            DWORD *Collected)
{
    struct batch *batch;
    size_t count = 0;
    uint32_t error = batch_acquire((os_handle)Batch, &batch);
    if (error == 0) {
        if (Results == NULL || Capacity == 0 || Collected == NULL) {
            error = ERROR_INVALID_PARAMETER;
        } else {
            uint64_t deadline_ns = Timeout != INFINITE ? os_now_ns() + Timeout * OS_NS_PER_MS : OS_NEVER;
            error = batch_collect(batch, deadline_ns, Capacity, write_result, Results, &count);
        }
        batch_release(batch);
    }
    if (Collected != NULL) {
        *Collected = (DWORD)count;
    }
    return done(error);
}

BOOL WINAPI OpenIcmpCancel(OPENICMP_BATCH Batch, const ULONGLONG *Context, DWORD *Cancelled)
{
    struct batch *batch;
    size_t count = 0;
    uint32_t error = batch_acquire((os_handle)Batch, &batch);
    if (error == 0) {
        uint64_t context = Context != NULL ? *Context : 0;
        count = batch_cancel(batch, Context != NULL ? &context : NULL);
        batch_release(batch);
    }
    if (Cancelled != NULL) {
        *Cancelled = (DWORD)count;
    }
    return done(error);
}
