/*
 * Calls the functions of the plan's family.
 */
#include "lab/probe/call.h"

#include "win/support/icmp6.h"

HANDLE call_open_handle(const struct plan *plan)
{
    return plan->destination.is_ipv6 ? Icmp6CreateFile() : IcmpCreateFile();
}

static DWORD send_ipv6(const struct call *call)
{
    const struct plan *plan = call->plan;
    struct sockaddr_in6 source = plan->source.ipv6;
    struct sockaddr_in6 destination = plan->destination.ipv6;

    SetLastError(POISON_ERROR);
    return Icmp6SendEcho2(call->handle, call->event, call->routine, call->context, &source, &destination,
                          call->data, plan->data_bytes, call->options, call->reply, call->reply_bytes,
                          plan->timeout_ms);
}

DWORD call_send(const struct call *call)
{
    const struct plan *plan = call->plan;

    if (plan->destination.is_ipv6) {
        return send_ipv6(call);
    }
    SetLastError(POISON_ERROR);
    return IcmpSendEcho2Ex(call->handle, call->event, call->routine, call->context, plan->source.ipv4,
                           plan->destination.ipv4, call->data, plan->data_bytes, call->options, call->reply,
                           call->reply_bytes, plan->timeout_ms);
}

DWORD call_parse_replies(const struct call *call)
{
    SetLastError(0);
    return call->plan->destination.is_ipv6 ? Icmp6ParseReplies(call->reply, call->reply_bytes)
                                           : IcmpParseReplies(call->reply, call->reply_bytes);
}

DWORD call_structure_bytes(const struct plan *plan)
{
    return plan->destination.is_ipv6 ? REPLY6_BYTES : sizeof(ICMP_ECHO_REPLY);
}

static struct reply reply_of_ipv6(const BYTE *buffer)
{
    ICMPV6_ECHO_REPLY structure = reply6_in(buffer);
    struct reply reply = {
        .status = structure.Status, .from = {.is_ipv6 = true}, .round_trip_ms = structure.RoundTripTime};

    memcpy(&reply.from.ipv6.sin6_addr, structure.Address.sin6_addr, sizeof(reply.from.ipv6.sin6_addr));
    reply.from.ipv6.sin6_port = structure.Address.sin6_port;
    reply.from.ipv6.sin6_flowinfo = structure.Address.sin6_flowinfo;
    reply.from.ipv6.sin6_scope_id = structure.Address.sin6_scope_id;
    return reply;
}

struct reply call_reply(const struct plan *plan, const BYTE *buffer, DWORD index)
{
    if (plan->destination.is_ipv6) {
        return reply_of_ipv6(buffer);
    }
    ICMP_ECHO_REPLY structure = reply_in(buffer + index * sizeof(structure));
    return (struct reply){.status = structure.Status,
                          .from = {.ipv4 = structure.Address},
                          .round_trip_ms = structure.RoundTripTime};
}
