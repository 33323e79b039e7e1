/*
 * The exported IPv6 functions: put the arguments into the engine's terms, and leave the rest to it; or hand the call on
 * to the system.
 *
 * The rules, and who measured them, are in docs/behaviour.md 2.6 and 2.7.
 */
#include "api/send.h"
#include "system/provider.h"

HANDLE WINAPI Icmp6CreateFile(void)
{
    return open_handle(IP_FAMILY_V6);
}

/* The family is not looked at: programs leave it 0, and Windows does not mind. No address at all is the
 * unspecified one. */
static struct ip_address address_of(const struct sockaddr_in6 *given)
{
    struct sockaddr_in6 address = {0};
    if (given != NULL) {
        memcpy(&address, given, sizeof(address)); /* wherever it lies */
    }
    return ip_address_v6(&address.sin6_addr, address.sin6_scope_id);
}

DWORD WINAPI Icmp6SendEcho2(HANDLE IcmpHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                            struct sockaddr_in6 *SourceAddress, struct sockaddr_in6 *DestinationAddress,
                            LPVOID RequestData, WORD RequestSize, PIP_OPTION_INFORMATION RequestOptions,
                            LPVOID ReplyBuffer, DWORD ReplySize, DWORD Timeout)
{
    struct engine *engine;
    if (!find_engine(IcmpHandle, IP_FAMILY_V6, &engine)) {
        return 0;
    }
    if (engine == NULL) {
        const struct system_icmp *system = system_icmp(IP_FAMILY_V6);
        DWORD replies = system->send_echo6(system->handle, Event, ApcRoutine, ApcContext, SourceAddress,
                                           DestinationAddress, RequestData, RequestSize, RequestOptions,
                                           ReplyBuffer, ReplySize, Timeout);
        system_trace("Icmp6SendEcho2", address_of(DestinationAddress), replies);
        return replies;
    }
    /* Read once: another thread may change it meanwhile. */
    const IP_OPTION_INFORMATION options =
        RequestOptions != NULL ? *RequestOptions : (IP_OPTION_INFORMATION){0};
    struct echo_call call = {
        .destination = address_of(DestinationAddress),
        .source = address_of(SourceAddress),
        .data = RequestData,
        .data_bytes = RequestSize,
        .ttl = options.Ttl,
        .hop_limit_0 = RequestOptions != NULL && options.Ttl == 0,
        .tos = options.Tos,
        .dont_fragment =
            (options.Flags & IP_FLAG_DF) != 0, /* other flags are ignored, and so are IPv4 options */
        .reply = ReplyBuffer,
        .reply_bytes = ReplySize,
        .timeout_ms = Timeout,
    };
    ip_address_share_scope(&call.source, &call.destination);
    return send_echo(engine, Event, (echo_routine)ApcRoutine, ApcContext, &call);
}

DWORD WINAPI Icmp6ParseReplies(LPVOID ReplyBuffer, DWORD ReplySize)
{
    if (ReplyBuffer == NULL || ReplySize == 0) {
        SetLastError(ERROR_GEN_FAILURE);
        return 0;
    }
    /* The size is not looked at any further, as by IcmpParseReplies. */
    ICMPV6_ECHO_REPLY reply;
    memcpy(&reply, ReplyBuffer, sizeof(reply));
    if (reply.Status == IP_SUCCESS || reply.Status == IP_HOP_LIMIT_EXCEEDED) {
        return 1;
    }
    SetLastError(reply.Status);
    return 0;
}
