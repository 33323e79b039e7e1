/*
 * Our iphlpapi.dll and the system's, side by side in one process: load_both_dlls is a group set-up.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_BOTH_DLLS_H
#define OPENICMP_TESTS_WIN_SUPPORT_BOTH_DLLS_H

#include "win/support/image.h"

static struct image ours;
static struct image systems;

static inline int load_both_dlls(void **state)
{
    (void)state;
    ours = image_load_beside_program("iphlpapi.dll");
    systems = image_load_of_system("iphlpapi.dll");
    return ours.module != systems.module ? 0 : -1;
}

#endif
