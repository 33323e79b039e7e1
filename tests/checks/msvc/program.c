/*
 * A program as Microsoft's compiler would make it, without a run-time library: one echo request to this machine. Its exit
 * status is 0 if that was answered. Built and run by msvc_libraries.sh, upon each of our DLLs.
 */
#include <icmpapi.h>

#include "support/abi_asserts.h"

__declspec(dllimport) __declspec(noreturn) void WINAPI ExitProcess(unsigned int status);

static char data[] = "by short import";
static unsigned char reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data)];

void start(void);

void start(void)
{
    HANDLE icmp = IcmpCreateFile();
    DWORD replies;

    if (icmp == INVALID_HANDLE_VALUE) {
        ExitProcess(1);
    }
    replies = IcmpSendEcho(icmp, 0x0100007f, data, sizeof(data), 0, reply, sizeof(reply), 5000);
    if (replies != 1 || ((const ICMP_ECHO_REPLY *)reply)->DataSize != sizeof(data)) {
        ExitProcess(2);
    }
    ExitProcess(IcmpCloseHandle(icmp) ? 0 : 3);
}
