/*
 * How many bytes a function takes off the stack of x86.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_STACK_H
#define OPENICMP_TESTS_WIN_SUPPORT_STACK_H

#ifdef __i386__

    #include <winsock2.h>
    #include <windows.h>

    #define PUSHED 16 /* arguments: more than any of the functions takes */

/* Calls a function with PUSHED 32-bit arguments. Returns how many bytes it took off the stack; the stack is
 * put right again. */
static inline unsigned int stack_bytes_taken_by(FARPROC function, const DWORD arguments[PUSHED],
                                                DWORD *result)
{
    int moved;

    __asm__ __volatile__("movl %%esp, %%esi\n\t"
                         "movl %[pushed], %%ecx\n"
                         "1:\n\t"
                         "pushl -4(%%ebx,%%ecx,4)\n\t" /* the last one first */
                         "decl %%ecx\n\t"
                         "jnz 1b\n\t"
                         "call *%%edi\n\t"
                         "movl %%esp, %%edx\n\t"
                         "movl %%esi, %%esp\n\t"
                         "subl %%esi, %%edx\n\t"
                         : "=&a"(*result), "=&d"(moved)
                         : "b"(arguments), "D"(function), [pushed] "i"(PUSHED)
                         : "ecx", "esi", "memory", "cc");
    return (unsigned int)(moved + PUSHED * 4);
}

#endif

#endif
