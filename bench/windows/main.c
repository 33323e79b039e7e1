/*
 * Measures the ICMP functions of a DLL: the same machine code whichever DLL it is given.
 *
 *     bench DLL WORK [NAME=VALUE]...
 *
 * The kinds of work are in work.h; what the program says, and waits for, in measuring.h.
 */
#include "windows/icmp.h"
#include "windows/work.h"

#include "measuring.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    void (*work)(char **arguments);
} works[] = {
    {"synchronous", work_synchronous}, {"events", work_events}, {"shared", work_shared_event},
    {"routines", work_routines},       {"silent", work_silent}, {"idle", work_idle},
};

int main(int argc, char **argv)
{
    _setmode(_fileno(stdout), _O_BINARY);
    if (argc < 3) {
        give_up("usage: bench DLL WORK [NAME=VALUE]...", 0);
    }
    icmp_load(argv[1]);
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
        if (strcmp(argv[2], works[i].name) == 0) {
            works[i].work(argv + 3);
            return 0;
        }
    }
    give_up("no such work", 0);
}
