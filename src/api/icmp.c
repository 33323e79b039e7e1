/*
 * The exported IPv4 functions, and the one that closes handles of both families: put the arguments into the
 * engine's terms, and leave the rest to it.
 *
 * The rules, and who measured them, are in docs/behaviour.md.
 */
#include <winsock2.h>
#include <windows.h>

#define PIO_APC_ROUTINE_DEFINED
#include <winternl.h>

#include <iphlpapi.h>

#include <icmpapi.h>

#include "api/send.h"
#include "echo/session.h"

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

DWORD WINAPI IcmpSendEcho2Ex(HANDLE IcmpHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                             IPAddr SourceAddress, IPAddr DestinationAddress, LPVOID RequestData,
                             WORD RequestSize, PIP_OPTION_INFORMATION RequestOptions, LPVOID ReplyBuffer,
                             DWORD ReplySize, DWORD Timeout)
{
    /* Read once: another thread may change it meanwhile. */
    const IP_OPTION_INFORMATION options =
        RequestOptions != NULL ? *RequestOptions : (IP_OPTION_INFORMATION){0};
    const struct echo_call call = {
        .destination = ip_address_v4(DestinationAddress),
        .source = ip_address_v4(SourceAddress),
        .data = RequestData,
        .data_bytes = RequestSize,
        .ttl = options.Ttl,
        .tos = options.Tos,
        .dont_fragment = (options.Flags & IP_FLAG_DF) != 0, /* other flags are ignored */
        .options = options.OptionsData,
        .options_bytes = options.OptionsSize,
        .reply = ReplyBuffer,
        .reply_bytes = ReplySize,
        .timeout_ms = Timeout,
    };
    return send_echo(IcmpHandle, Event, (echo_routine)ApcRoutine, ApcContext, &call);
}

DWORD WINAPI IcmpSendEcho2(HANDLE IcmpHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                           IPAddr DestinationAddress, LPVOID RequestData, WORD RequestSize,
                           PIP_OPTION_INFORMATION RequestOptions, LPVOID ReplyBuffer, DWORD ReplySize,
                           DWORD Timeout)
{
    return IcmpSendEcho2Ex(IcmpHandle, Event, ApcRoutine, ApcContext, 0, DestinationAddress, RequestData,
                           RequestSize, RequestOptions, ReplyBuffer, ReplySize, Timeout);
}

DWORD WINAPI IcmpSendEcho(HANDLE IcmpHandle, IPAddr DestinationAddress, LPVOID RequestData, WORD RequestSize,
                          PIP_OPTION_INFORMATION RequestOptions, LPVOID ReplyBuffer, DWORD ReplySize,
                          DWORD Timeout)
{
    return IcmpSendEcho2Ex(IcmpHandle, NULL, NULL, NULL, 0, DestinationAddress, RequestData, RequestSize,
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
