/*
 * The part of the exported functions that is the same for both families.
 *
 * The rules, and who measured them, are in docs/behaviour.md.
 */
#include "api/send.h"

#include <winternl.h>

#include "echo/session.h"
#include "echo/synchronous.h"

_Static_assert(sizeof(struct echo_io_status) == sizeof(IO_STATUS_BLOCK),
               "echo_io_status is an IO_STATUS_BLOCK");
_Static_assert(offsetof(struct echo_io_status, information) == offsetof(IO_STATUS_BLOCK, Information),
               "echo_io_status is an IO_STATUS_BLOCK");

HANDLE open_handle(enum ip_family family)
{
    os_handle handle;
    uint32_t error = session_open(family, &handle);
    SetLastError(error);
    return error == 0 ? (HANDLE)handle : INVALID_HANDLE_VALUE;
}

/* What is wrong with the arguments, but for the handle. */
static uint32_t check_arguments(const struct echo_call *call)
{
    if (call->reply == NULL || call->reply_bytes < reply_bytes_min(call->destination.family) ||
        (call->data == NULL && call->data_bytes > 0) || (call->options == NULL && call->options_bytes > 0)) {
        return ERROR_INVALID_PARAMETER;
    }
    return ip_address_is_unspecified(&call->destination) ? ERROR_INVALID_NETNAME : 0;
}

DWORD send_echo(HANDLE handle, HANDLE event, echo_routine routine, void *context,
                const struct echo_call *call)
{
    const struct notification wanted = {
        .event = (os_handle)event, /* with both, only the event counts */
        .routine = routine,
        .context = context,
    };
    struct engine *engine;
    /* behaviour.md 2.3: INVALID_HANDLE_VALUE is the one garbage handle that was measured. */
    uint32_t error = handle == INVALID_HANDLE_VALUE
                         ? ERROR_INVALID_PARAMETER
                         : session_acquire((os_handle)handle, call->destination.family, &engine);
    DWORD replies = 0;
    if (error == 0) {
        error = check_arguments(call);
        if (error == 0 && (event != NULL || routine != NULL)) {
            error = echo_asynchronous(engine, call, &wanted);
        } else if (error == 0) {
            replies = echo_synchronous(engine, call, &error);
        }
        engine_release(engine);
    }
    SetLastError(error);
    return replies;
}
