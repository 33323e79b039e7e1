/*
 * The exported IPv4 functions, and the one that closes handles of both families: put the arguments into the
 * engine's terms, and leave the rest to it; or hand the call on to the system.
 *
 * The rules, and who measured them, are in docs/behaviour.md.
 */
#include "api/send.h"
#include "echo/session.h"
#include "system/provider.h"

HANDLE WINAPI IcmpCreateFile(void)
{
    return open_handle(IP_FAMILY_V4);
}

BOOL WINAPI IcmpCloseHandle(HANDLE IcmpHandle)
{
    uint32_t error = session_close((os_handle)IcmpHandle);
    if (error != 0) {
        SetLastError(error);
    }
    return error == 0;
}

/* What the functions below have in common where the engine does their work. */
static DWORD send_by_engine(struct engine *engine, HANDLE event, PIO_APC_ROUTINE routine, void *context,
                            IPAddr source, IPAddr destination, const void *data, WORD data_bytes,
                            const IP_OPTION_INFORMATION *given_options, void *reply, DWORD reply_bytes,
                            DWORD timeout_ms)
{
    /* Read once: another thread may change it meanwhile. */
    const IP_OPTION_INFORMATION options = given_options != NULL ? *given_options : (IP_OPTION_INFORMATION){0};
    const struct echo_call call = {
        .destination = ip_address_v4(destination),
        .source = ip_address_v4(source),
        .data = data,
        .data_bytes = data_bytes,
        .ttl = options.Ttl,
        .tos = options.Tos,
        .dont_fragment = (options.Flags & IP_FLAG_DF) != 0, /* other flags are ignored */
        .options = options.OptionsData,
        .options_bytes = options.OptionsSize,
        .reply = reply,
        .reply_bytes = reply_bytes,
        .timeout_ms = timeout_ms,
    };
    return send_echo(engine, event, (echo_routine)routine, context, &call);
}

DWORD WINAPI IcmpSendEcho2Ex(HANDLE IcmpHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                             IPAddr SourceAddress, IPAddr DestinationAddress, LPVOID RequestData,
                             WORD RequestSize, PIP_OPTION_INFORMATION RequestOptions, LPVOID ReplyBuffer,
                             DWORD ReplySize, DWORD Timeout)
{
    struct engine *engine;
    if (!find_engine(IcmpHandle, IP_FAMILY_V4, &engine)) {
        return 0;
    }
    if (engine == NULL) {
        const struct system_icmp *system = system_icmp(IP_FAMILY_V4);
        DWORD replies = system->send_echo2_ex(system->handle, Event, ApcRoutine, ApcContext, SourceAddress,
                                              DestinationAddress, RequestData, RequestSize, RequestOptions,
                                              ReplyBuffer, ReplySize, Timeout);
        system_trace("IcmpSendEcho2Ex", ip_address_v4(DestinationAddress), replies);
        return replies;
    }
    return send_by_engine(engine, Event, ApcRoutine, ApcContext, SourceAddress, DestinationAddress,
                          RequestData, RequestSize, RequestOptions, ReplyBuffer, ReplySize, Timeout);
}

DWORD WINAPI IcmpSendEcho2(HANDLE IcmpHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                           IPAddr DestinationAddress, LPVOID RequestData, WORD RequestSize,
                           PIP_OPTION_INFORMATION RequestOptions, LPVOID ReplyBuffer, DWORD ReplySize,
                           DWORD Timeout)
{
    struct engine *engine;
    if (!find_engine(IcmpHandle, IP_FAMILY_V4, &engine)) {
        return 0;
    }
    if (engine == NULL) {
        const struct system_icmp *system = system_icmp(IP_FAMILY_V4);
        DWORD replies =
            system->send_echo2(system->handle, Event, ApcRoutine, ApcContext, DestinationAddress, RequestData,
                               RequestSize, RequestOptions, ReplyBuffer, ReplySize, Timeout);
        system_trace("IcmpSendEcho2", ip_address_v4(DestinationAddress), replies);
        return replies;
    }
    return send_by_engine(engine, Event, ApcRoutine, ApcContext, 0, DestinationAddress, RequestData,
                          RequestSize, RequestOptions, ReplyBuffer, ReplySize, Timeout);
}

DWORD WINAPI IcmpSendEcho(HANDLE IcmpHandle, IPAddr DestinationAddress, LPVOID RequestData, WORD RequestSize,
                          PIP_OPTION_INFORMATION RequestOptions, LPVOID ReplyBuffer, DWORD ReplySize,
                          DWORD Timeout)
{
    struct engine *engine;
    if (!find_engine(IcmpHandle, IP_FAMILY_V4, &engine)) {
        return 0;
    }
    if (engine == NULL) {
        const struct system_icmp *system = system_icmp(IP_FAMILY_V4);
        DWORD replies = system->send_echo(system->handle, DestinationAddress, RequestData, RequestSize,
                                          RequestOptions, ReplyBuffer, ReplySize, Timeout);
        system_trace("IcmpSendEcho", ip_address_v4(DestinationAddress), replies);
        return replies;
    }
    return send_by_engine(engine, NULL, NULL, NULL, 0, DestinationAddress, RequestData, RequestSize,
                          RequestOptions, ReplyBuffer, ReplySize, Timeout);
}

DWORD WINAPI IcmpParseReplies(LPVOID ReplyBuffer, DWORD ReplySize)
{
    if (ReplyBuffer == NULL || ReplySize == 0) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return 0;
    }
    /* The size is not looked at any further, and the replies behind the first are not walked: programs pass
     * all kinds of sizes here, and Windows accepts them (behaviour.md 2.5). */
    ICMP_ECHO_REPLY first;
    memcpy(&first, ReplyBuffer, sizeof(first));
    DWORD replies = first.Reserved;
    if (replies == 0) {
        SetLastError(first.Status);
        return 0;
    }
    first.Reserved = 0;
    memcpy(ReplyBuffer, &first, sizeof(first));
    return replies;
}
