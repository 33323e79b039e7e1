/*
 * What happens when the DLL comes and goes.
 */
#include <winsock2.h>
#include <windows.h>

#include "echo/apc.h"
#include "echo/batch.h"
#include "echo/engine.h"
#include "echo/round_trip.h"
#include "echo/session.h"
#include "system/provider.h"
#include "transport/transport.h"

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    (void)instance;
    switch (reason) {
    case DLL_PROCESS_ATTACH:
        return os_load();
    case DLL_THREAD_DETACH:
        apc_thread_ends();
        return TRUE;
    case DLL_PROCESS_DETACH:
        /* When the process ends (reserved is not NULL), other threads have been ended anywhere, perhaps with
         * a lock in their hands: nothing is touched, and the system cleans up. Otherwise the DLL is unloaded.
         * Whatever may still run in it keeps it loaded, so none of that is left; what the program did not
         * close is closed here. */
        if (reserved == NULL) {
            session_abandon();
            batch_abandon();
            engine_abandon();
            apc_abandon();
            round_trip_abandon();
            transport_unload();
            system_unload();
            os_unload();
        }
        return TRUE;
    default:
        return TRUE;
    }
}
