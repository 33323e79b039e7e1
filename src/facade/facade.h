/*
 * iphlpapi.dll: what its assembly (system_function.S) and its C share.
 */
#ifndef OPENICMP_FACADE_FACADE_H
#define OPENICMP_FACADE_FACADE_H

#include <windows.h>

/* A function that is passed through to the system's. system_function.S lays it out. */
struct facade_entry {
    void *volatile target; /* where calls go: first to code that calls facade_find */
    const char *name;      /* as the system's DLL exports it */
    void *lacking;         /* where calls go if it does not: fails, and pops what the function would pop */
};

/* Finds where calls of a function go, enters it, and returns it. Called by the first call; if several threads make
 * that at the same time, by all of them. Keeps the last error. */
void *facade_find(struct facade_entry *entry);

/* What a call of a function returns that the system lacks; they set the last error. */
DWORD facade_lacks_error(void);
ULONG_PTR facade_lacks_zero(void);
HANDLE facade_lacks_handle(void);
/* The same, if nobody knows how many bytes the function would pop. x86 only. */
__attribute__((noreturn)) void facade_cannot_return(const struct facade_entry *entry);

#endif
