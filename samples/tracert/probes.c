/*
 * Probes as asynchronous echo requests.
 */
#include "probes.h"

#include <winternl.h>
#define PIO_APC_ROUTINE_DEFINED
#include <icmpapi.h>

#include "../common/precise_time.h"

#include <stdlib.h>
#include <string.h>

#define DATA_BYTES 32

/* Room for the larger of the two structures, IP options and data; 8 bytes and an IO_STATUS_BLOCK are what the
 * documentation asks for besides. */
#define REPLY_BYTES                                                                                          \
    (sizeof(ICMP_ECHO_REPLY) + sizeof(ICMPV6_ECHO_REPLY) + IP_OPTIONS_BYTES + DATA_BYTES + 8 +               \
     sizeof(IO_STATUS_BLOCK))

/* A probe from when it is sent until it has ended. */
struct request {
    struct prober *prober;
    unsigned int ttl;
    uint64_t number;
    DWORD error; /* why it was not sent */
    union {
        ICMP_ECHO_REPLY reply;
        ICMPV6_ECHO_REPLY reply6;
        BYTE bytes[REPLY_BYTES];
    };
};

static enum probe_outcome outcome_of(DWORD status)
{
    switch (status) {
    case IP_SUCCESS:
        return PROBE_ANSWERED;
    case IP_TTL_EXPIRED_TRANSIT:
        return PROBE_PASSED;
    case IP_REQ_TIMED_OUT:
        return PROBE_LOST;
    default:
        return PROBE_REFUSED;
    }
}

static struct probe_result result_of(const struct request *request, DWORD status, DWORD ms,
                                     union address from)
{
    struct probe_result result = {.outcome = outcome_of(status), .status = status};
    if (result.outcome != PROBE_LOST) {
        result.time_ns = precise_time_ns(request->bytes, sizeof(request->bytes), ms);
        result.from = from;
    }
    return result;
}

/* What stands in the buffer of a request that is over. */
static struct probe_result read_reply(const struct request *request)
{
    if (address_is_ipv6(&request->prober->target)) {
        const ICMPV6_ECHO_REPLY *reply = &request->reply6;
        return result_of(request, reply->Status, reply->RoundTripTime,
                         address_of_v6(reply->Address.sin6_addr, reply->Address.sin6_scope_id));
    }
    return result_of(request, request->reply.Status, request->reply.RoundTripTime,
                     address_of_v4(request->reply.Address));
}

static bool is_nobody(const union address *address)
{
    static const union address none;
    return address_is_ipv6(address)
               ? memcmp(&address->v6.sin6_addr, &none.v6.sin6_addr, sizeof(none.v6.sin6_addr)) == 0
               : address->v4.sin_addr.s_addr == 0;
}

static void end_request(struct request *request, const struct probe_result *result)
{
    request->prober->ended(request->prober->context, request->ttl, request->number, result);
    free(request);
}

static void NTAPI on_reply(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct request *request = context;
    struct probe_result result = read_reply(request);
    (void)io_status;
    (void)reserved;
    /* Nobody said so but the system itself: it could not be sent. */
    if (result.outcome == PROBE_REFUSED && is_nobody(&result.from)) {
        result.outcome = PROBE_FAILED;
        result.from = (union address){0};
    }
    end_request(request, &result);
}

static void CALLBACK on_failure(ULONG_PTR context)
{
    struct request *request = (struct request *)context;
    struct probe_result result = {.outcome = PROBE_FAILED, .status = request->error};
    end_request(request, &result);
}

static DWORD send_ipv4(struct request *request, IP_OPTION_INFORMATION *options, void *data)
{
    struct prober *prober = request->prober;
    return IcmpSendEcho2Ex(prober->icmp, NULL, on_reply, request, prober->source.v4.sin_addr.s_addr,
                           prober->target.v4.sin_addr.s_addr, data, DATA_BYTES, options, request->bytes,
                           sizeof(request->bytes), prober->timeout_ms);
}

static DWORD send_ipv6(struct request *request, IP_OPTION_INFORMATION *options, void *data)
{
    struct prober *prober = request->prober;
    return Icmp6SendEcho2(prober->icmp, NULL, on_reply, request, &prober->source.v6, &prober->target.v6, data,
                          DATA_BYTES, options, request->bytes, sizeof(request->bytes), prober->timeout_ms);
}

bool probe_send(struct prober *prober, unsigned int ttl, uint64_t number)
{
    BYTE data[DATA_BYTES] = {0};
    IP_OPTION_INFORMATION options = {
        .Ttl = (UCHAR)ttl, .OptionsSize = prober->ip_options_bytes, .OptionsData = prober->ip_options};
    struct request *request = calloc(1, sizeof(*request));
    if (request == NULL)
        return false;
    request->prober = prober;
    request->ttl = ttl;
    request->number = number;

    DWORD replies = address_is_ipv6(&prober->target) ? send_ipv6(request, &options, data)
                                                     : send_ipv4(request, &options, data);
    request->error = GetLastError();
    if (replies != 0 || request->error != ERROR_IO_PENDING)
        QueueUserAPC(on_failure, GetCurrentThread(), (ULONG_PTR)request);
    return true;
}
