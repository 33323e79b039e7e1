/*
 * The Windows program of the lab: makes the requests that a scenario tells it to and prints what came of
 * them, a line for each reply. It judges nothing.
 *
 *     lab_probe ADDRESS [NAME=VALUE...]
 *     lab_probe idle          makes none, and stays until its standard input ends
 *
 *     bytes=N timeout=MS ttl=N tos=N df options=HEX source=ADDRESS   the arguments of the request (32 bytes, 10 s);
 *                   addresses are of IPv4 or of IPv6, which may be followed by % and the number of a scope
 *     by=call|event|routine   how its outcome is told: by the return of the call, or asynchronously
 *     by=batch      the request is a probe of a batch (batch.h)
 *     room=N        the reply buffer has room for N replies with that much data (otherwise for far more)
 *     count=N       so many requests, one after the other, on the same handle (single.h)
 *     many=N        so many at the same time (many.h), after those of count
 *     list          with many: what became of each
 *     garbage       requests are made with a value that is no handle
 *     step          waits for a line of standard input before each request of count and before many; ends without one
 */
#include "lab/probe/batch.h"
#include "lab/probe/call.h"
#include "lab/probe/many.h"
#include "lab/probe/names.h"
#include "lab/probe/single.h"

static int idle(void)
{
    printf("idle\n");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct plan plan;

    if (argc == 2 && strcmp(argv[1], "idle") == 0) {
        return idle();
    }
    if (!plan_read(&plan, argc, argv)) {
        return 2;
    }
    if (plan.by == BY_BATCH) {
        return batch_run(&plan) ? 0 : 1;
    }
    HANDLE icmp = call_open_handle(&plan);
    if (icmp == INVALID_HANDLE_VALUE) {
        printf("created=no error=%s\n", name_of_error(&plan, GetLastError()).text);
        return 0;
    }
    if (plan.garbage) {
        IcmpCloseHandle(icmp);
        icmp = (HANDLE)(ULONG_PTR)0x1234;
    }
    if (single_run(icmp, &plan) && plan.many > 0) {
        many_run(icmp, &plan);
    }
    return plan.garbage || IcmpCloseHandle(icmp) ? 0 : 1;
}
