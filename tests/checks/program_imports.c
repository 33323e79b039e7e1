/* A program of one echo request to this machine. program_imports.sh builds it upon each of the DLLs, and runs it. */
#include <winsock2.h>
#include <icmpapi.h>

#include <stdio.h>

int main(void)
{
    HANDLE handle = IcmpCreateFile();
    char data[] = "imported";
    /* Room for the structure, the data and, as documented, an ICMP error. */
    char reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data) + 8];
    DWORD replies;

    if (handle == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "IcmpCreateFile: error %lu\n", GetLastError());
        return 1;
    }
    replies =
        IcmpSendEcho(handle, htonl(INADDR_LOOPBACK), data, sizeof(data), NULL, reply, sizeof(reply), 5000);
    printf("%lu replies\n", replies);
    return IcmpCloseHandle(handle) && replies == 1 ? 0 : 1;
}
