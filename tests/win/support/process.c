/*
 * Starts processes, and waits for their end.
 */
#include "win/support/process.h"

#include "support/cmocka_main.h"

HANDLE child_start(const char *name, unsigned int argument)
{
    char program[MAX_PATH];
    char command[MAX_PATH + 100];
    STARTUPINFOA startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION child;

    GetModuleFileNameA(NULL, program, sizeof(program));
    snprintf(command, sizeof(command), "\"%s\" --child %s %u", program, name, argument);
    assert_true(CreateProcessA(program, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &child));
    CloseHandle(child.hThread);
    return child.hProcess;
}

DWORD child_join(HANDLE child, DWORD timeout_ms)
{
    DWORD status = CHILD_HUNG;

    if (WaitForSingleObject(child, timeout_ms) == WAIT_OBJECT_0) {
        GetExitCodeProcess(child, &status);
    } else {
        TerminateProcess(child, CHILD_HUNG);
    }
    CloseHandle(child);
    return status;
}
