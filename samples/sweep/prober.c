/*
 * Batches of echo requests.
 */
#include "prober.h"

#include <string.h>

DWORD prober_open(struct prober *prober, const struct sweep_options *options)
{
    OPENICMP_BATCH_OPTIONS batch = {.cbSize = sizeof(batch), .MaxOutstanding = options->max_outstanding};
    prober->batch = OpenIcmpCreateBatch(&batch);
    if (prober->batch == NULL)
        return GetLastError();
    for (size_t i = 0; i < options->size_bytes; i++)
        prober->data[i] = (unsigned char)('a' + i % 23); /* a to w, as ping has it */
    prober->probe = (OPENICMP_PROBE){.Timeout = options->timeout_ms,
                                     .DataSize = (USHORT)options->size_bytes,
                                     .Data = prober->data,
                                     .Ttl = (UCHAR)options->ttl};
    return 0;
}

size_t prober_room(const struct prober_lane *lane)
{
    return PROBER_TOGETHER - lane->unsent_count;
}

static void set_address(OPENICMP_ADDRESS *to, const struct ip_number *address)
{
    uint8_t bytes[16];
    ip_number_to_bytes(address, bytes);
    if (address->family == IP_FAMILY_V4) {
        to->V4.Family = AF_INET;
        memcpy(to->V4.Address, bytes, sizeof(to->V4.Address));
    } else {
        to->V6.Family = AF_INET6;
        to->V6.ScopeId = address->scope_id;
        memcpy(to->V6.Address, bytes, sizeof(to->V6.Address));
    }
}

static struct ip_number number_of(const OPENICMP_ADDRESS *address)
{
    switch (address->Family) {
    case AF_INET:
        return ip_number_from_bytes(IP_FAMILY_V4, address->V4.Address, 0);
    case AF_INET6:
        return ip_number_from_bytes(IP_FAMILY_V6, address->V6.Address, address->V6.ScopeId);
    default:
        return (struct ip_number){0};
    }
}

void prober_add(const struct prober *prober, struct prober_lane *lane, uint32_t number,
                const struct ip_number *address)
{
    OPENICMP_PROBE *probe = &lane->unsent[lane->unsent_count++];
    *probe = prober->probe;
    probe->Context = number;
    set_address(&probe->Destination, address);
}

void prober_send(const struct prober *prober, struct prober_lane *lane)
{
    DWORD accepted = 0;
    if (lane->unsent_count == 0)
        return;
    OpenIcmpSubmit(prober->batch, lane->unsent, (DWORD)lane->unsent_count, &accepted);
    lane->unsent_count -= accepted;
    memmove(lane->unsent, lane->unsent + accepted, lane->unsent_count * sizeof(lane->unsent[0]));
}

void prober_collect(const struct prober *prober, struct prober_lane *lane, DWORD timeout_ms)
{
    DWORD count;
    OpenIcmpCollect(prober->batch, lane->results, PROBER_TOGETHER, timeout_ms, &count);
    lane->result_count = count;
}

static enum request_outcome outcome_of(const OPENICMP_RESULT *result)
{
    if (result->Status == IP_SUCCESS)
        return REQUEST_ANSWERED;
    return result->Status == IP_REQ_TIMED_OUT ? REQUEST_TIMED_OUT : REQUEST_FAILED;
}

uint32_t prober_result(const struct prober_lane *lane, size_t i, struct request_result *result)
{
    const OPENICMP_RESULT *from = &lane->results[i];
    *result = (struct request_result){.outcome = outcome_of(from),
                                      .status = from->Error != 0 ? from->Error : from->Status,
                                      .ttl = from->Ttl,
                                      .time_ns = from->RoundTrip,
                                      .responder = number_of(&from->Responder)};
    return (uint32_t)from->Context;
}
