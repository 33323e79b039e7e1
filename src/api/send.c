/*
 * The part of the exported functions that is the same for both families.
 *
 * The rules, and who measured them, are in docs/behaviour.md.
 */
#include "api/send.h"

#include "echo/session.h"
#include "echo/synchronous.h"
#include "system/provider.h"

_Static_assert(sizeof(struct echo_io_status) == sizeof(IO_STATUS_BLOCK),
               "echo_io_status is an IO_STATUS_BLOCK");
_Static_assert(offsetof(struct echo_io_status, information) == offsetof(IO_STATUS_BLOCK, Information),
               "echo_io_status is an IO_STATUS_BLOCK");

/* With the engine, or, if that cannot be had for the family, with the system's own functions. */
static uint32_t open_session(enum ip_family family, os_handle *handle)
{
    uint32_t error = session_open(family, handle);
    if (error != 0 && transport_may_be_system() && system_open(family, error)) {
        error = session_open_without_engine(family, handle);
    }
    return error;
}

HANDLE open_handle(enum ip_family family)
{
    os_handle handle;
    uint32_t error = open_session(family, &handle);
    SetLastError(error);
    return error == 0 ? (HANDLE)handle : INVALID_HANDLE_VALUE;
}

bool find_engine(HANDLE handle, enum ip_family family, struct engine **engine)
{
    /* behaviour.md 2.3: INVALID_HANDLE_VALUE is the one garbage handle that was measured. */
    uint32_t error = handle == INVALID_HANDLE_VALUE ? ERROR_INVALID_PARAMETER
                                                    : session_acquire((os_handle)handle, family, engine);
    if (error != 0) {
        SetLastError(error);
    }
    return error == 0;
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

DWORD send_echo(struct engine *engine, HANDLE event, echo_routine routine, void *context,
                const struct echo_call *call)
{
    const struct notification wanted = {
        .event = (os_handle)event, /* with both, only the event counts */
        .routine = routine,
        .context = context,
    };
    DWORD replies = 0;
    uint32_t error = check_arguments(call);
    if (error == 0 && (event != NULL || routine != NULL)) {
        error = echo_asynchronous(engine, call, &wanted);
    } else if (error == 0) {
        replies = echo_synchronous(engine, call, &error);
    }
    engine_release(engine);
    SetLastError(error);
    return replies;
}
