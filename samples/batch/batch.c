/*
 * The example of openicmp.h: pings all the IPv4 addresses that it is given at the same time, and prints what came
 * of it, in the order in which it came.
 */
#include <winsock2.h>
#include <ws2tcpip.h>

#include <openicmp.h>

#include <stdio.h>

#define PROBES_MAX 64

int main(int argc, char **argv)
{
    static OPENICMP_PROBE probes[PROBES_MAX];
    static OPENICMP_RESULT results[PROBES_MAX];
    static const char payload[] = "openicmp";
    DWORD count = 0, collected, i;
    OPENICMP_BATCH batch = OpenIcmpCreateBatch(NULL);
    if (batch == NULL) {
        printf("no batch: error %lu\n", GetLastError());
        return 1;
    }
    for (int arg = 1; arg < argc && count < PROBES_MAX; arg++, count++) {
        probes[count].Context = (ULONGLONG)arg;
        probes[count].Destination.Family = AF_INET;
        InetPtonA(AF_INET, argv[arg], probes[count].Destination.V4.Address);
        probes[count].Timeout = 1000;
        probes[count].Data = payload;
        probes[count].DataSize = sizeof(payload);
    }
    if (!OpenIcmpSubmit(batch, probes, count, &count)) {
        printf("accepted no more than %lu: error %lu\n", count, GetLastError());
    }
    while (OpenIcmpCollect(batch, results, PROBES_MAX, INFINITE, &collected)) {
        for (i = 0; i < collected; i++) {
            printf("%s: status %lu, error %lu, %.3f ms%s\n", argv[results[i].Context], results[i].Status,
                   results[i].Error, (double)results[i].RoundTrip / 1e6,
                   results[i].DataEqual ? ", the same data" : "");
        }
    } /* ERROR_NO_MORE_ITEMS: that was all */
    OpenIcmpCloseBatch(batch);
    return 0;
}
