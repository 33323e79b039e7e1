/*
 * A program that opens and closes handles for ICMP, and stops at certain points, for host_descriptors.sh to count the
 * Linux descriptors of its process. At each point it prints a line and waits for one.
 */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <iphlpapi.h>
#include <icmpapi.h>

#include <stdio.h>

#define ROUNDS 300

/* One request of each kind. */
struct requests {
    HANDLE icmp, icmp6, event;
    char data[32];
    BYTE reply[256], reply6[256], event_reply[256];
};

static BOOL start(struct requests *requests)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6};
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct requests *r = requests;

    *r = (struct requests){.icmp = IcmpCreateFile(), .icmp6 = Icmp6CreateFile(), .data = "how many?"};
    r->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    return IcmpSendEcho(r->icmp, htonl(INADDR_LOOPBACK), r->data, sizeof(r->data), NULL, r->reply,
                        sizeof(r->reply), 10000) == 1 &&
           Icmp6SendEcho2(r->icmp6, NULL, NULL, NULL, &any, &loopback, r->data, sizeof(r->data), NULL,
                          r->reply6, sizeof(r->reply6), 10000) == 1 &&
           IcmpSendEcho2(r->icmp, r->event, NULL, NULL, htonl(INADDR_LOOPBACK), r->data, sizeof(r->data),
                         NULL, r->event_reply, sizeof(r->event_reply), 10000) == 0 &&
           GetLastError() == ERROR_IO_PENDING && WaitForSingleObject(r->event, 20000) == WAIT_OBJECT_0;
}

static BOOL finish(const struct requests *requests)
{
    return IcmpCloseHandle(requests->icmp) && IcmpCloseHandle(requests->icmp6) &&
           CloseHandle(requests->event);
}

static BOOL point(const char *name)
{
    char line[16];

    printf("%s\n", name);
    fflush(stdout);
    return fgets(line, sizeof(line), stdin) != NULL;
}

int main(void)
{
    static struct requests requests;

    /* The first time Wine opens things that it keeps. */
    for (int i = 0; i < ROUNDS + 1; i++) {
        if (!start(&requests) || (i == ROUNDS && !point("open")) || !finish(&requests)) {
            printf("failed in round %d, error %lu\n", i, GetLastError());
            return 1;
        }
        if ((i == 0 || i == ROUNDS) && !point("closed")) {
            return 1;
        }
    }
    return 0;
}
