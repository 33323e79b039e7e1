/*
 * What happens when the DLL comes and goes.
 */
#include <windows.h>

#include "echo/engine.h"
#include "echo/session.h"

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved);

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH) {
        DisableThreadLibraryCalls(instance);
    }
    /* Unloaded (reserved is NULL): the worker holds the DLL while it lives, so no thread of ours is left, and
     * whatever the program did not close is closed here. When the process ends (reserved is not NULL), other
     * threads have been ended anywhere, perhaps with a lock in their hands: nothing is touched, and the
     * system cleans up. */
    if (reason == DLL_PROCESS_DETACH && reserved == NULL) {
        session_abandon();
        engine_abandon();
    }
    return TRUE;
}
