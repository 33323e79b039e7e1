/*
 * A function that iphlpapi.dll would pass through, by the code that it does that with, to one that notes what it gets.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_PROBE_H
#define OPENICMP_TESTS_WIN_SUPPORT_PROBE_H

#include <stdint.h>

#define PROBE_STACK_ARGUMENTS 6

/* What a function is called with. probe.S knows the layout. */
struct probe_arguments {
#ifdef __x86_64__
    uint64_t integers[4];  /* rcx, rdx, r8, r9 */
    uint64_t floats[4][2]; /* xmm0 to xmm3 */
#endif
    uintptr_t stack[PROBE_STACK_ARGUMENTS];
    uintptr_t returns_to;
    uintptr_t stack_pointer;
};

/* What the function behind got. */
extern struct probe_arguments probe_got;
#define PROBE_RESULT 0x51ab1e

/* The function: through the code under test, that is facade_find and struct facade_entry. */
void system_Probe(void);
/* The function behind, which facade_find is to find. */
void probe_target(void);

/* Calls a function with these arguments; fills in returns_to and stack_pointer as the function should get them.
 * Returns the function's result. */
uintptr_t probe_call(struct probe_arguments *arguments, void (*function)(void));

#endif
