/*
 * A program that knows nothing of OpenICMP: imports iphlpapi.dll, by the compiler's own import library, for adapters as
 * well as for a ping. For wine_install.sh, which looks at OPENICMP_TRACE to see by whom that ping is made.
 */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <iphlpapi.h>
#include <netioapi.h>
#include <icmpapi.h>

#include <stdio.h>

int main(void)
{
    ULONG mask = 0;
    DWORD interfaces = 0;
    char data[] = "from a prefix";
    char reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data) + 8];
    HANDLE icmp;
    DWORD error, replies;

    /* It leaves the last error alone. So must whoever looks it up, in more than one place. */
    SetLastError(1234567);
    error = ConvertLengthToIpv4Mask(8, &mask);
    printf("error %lu, last error %lu, mask %lx\n", error, GetLastError(), mask);
    error = GetNumberOfInterfaces(&interfaces);
    printf("error %lu, %s interfaces\n", error, interfaces > 0 ? "some" : "no");
    icmp = IcmpCreateFile();
    replies =
        IcmpSendEcho(icmp, htonl(INADDR_LOOPBACK), data, sizeof(data), NULL, reply, sizeof(reply), 5000);
    printf("%lu replies\n", replies);
    return IcmpCloseHandle(icmp) && replies == 1 && error == NO_ERROR ? 0 : 1;
}
