/*
 * The exported IPv4 functions: check the arguments, find the session, call the engine, set the last error.
 *
 * The rules, and who measured them, are in docs/behaviour.md. The last error is set as the very last action
 * on every path.
 */
#include <winsock2.h>
#include <windows.h>

#define PIO_APC_ROUTINE_DEFINED
#include <winternl.h>

#include <iphlpapi.h>

#include <icmpapi.h>

#include "echo/asynchronous.h"
#include "echo/session.h"
#include "echo/synchronous.h"

_Static_assert(sizeof(struct echo_io_status) == sizeof(IO_STATUS_BLOCK),
               "echo_io_status is an IO_STATUS_BLOCK");
_Static_assert(offsetof(struct echo_io_status, information) == offsetof(IO_STATUS_BLOCK, Information),
               "echo_io_status is an IO_STATUS_BLOCK");

HANDLE WINAPI IcmpCreateFile(void)
{
    os_handle handle;
    uint32_t error = session_open(&handle);
    SetLastError(error);
    return error == 0 ? (HANDLE)handle : INVALID_HANDLE_VALUE;
}

BOOL WINAPI IcmpCloseHandle(HANDLE IcmpHandle)
{
    uint32_t error = session_close((os_handle)IcmpHandle);
    if (error != 0) {
        SetLastError(error);
    }
    return error == 0;
}

/* What is wrong with the arguments that all three functions have in common, but for the handle. */
static uint32_t check_arguments(const struct echo_call *call)
{
    if (call->reply == NULL || call->reply_bytes < REPLY_BYTES_MIN ||
        (call->data == NULL && call->data_bytes > 0) || (call->options == NULL && call->options_bytes > 0)) {
        return ERROR_INVALID_PARAMETER;
    }
    return ip_address_is_unspecified(&call->destination) ? ERROR_INVALID_NETNAME : 0;
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
    const struct notification wanted = {
        .event = (os_handle)Event, /* with both, only the event counts */
        .routine = (echo_routine)ApcRoutine,
        .context = ApcContext,
    };
    struct engine *engine;
    /* behaviour.md 2.3: INVALID_HANDLE_VALUE is the one garbage handle that was measured. */
    uint32_t error = IcmpHandle == INVALID_HANDLE_VALUE ? ERROR_INVALID_PARAMETER
                                                        : session_acquire((os_handle)IcmpHandle, &engine);
    DWORD replies = 0;
    if (error == 0) {
        error = check_arguments(&call);
        if (error == 0 && (Event != NULL || ApcRoutine != NULL)) {
            error = echo_asynchronous(engine, &call, &wanted);
        } else if (error == 0) {
            replies = echo_synchronous(engine, &call, &error);
        }
        engine_release(engine);
    }
    SetLastError(error);
    return replies;
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
