/*
 * os/os.h for fuzzing the engine: a machine on which the same input always takes the same course.
 *
 * Its threads are fibers of one real thread. Only one runs at a time, and it gives way only where it waits, where it ends,
 * or in front of a lock if os_fibers_interleave says so; time passes only as the target says. The fiber that calls
 * os_fibers_begin is the main one. Knows nothing of ICMP.
 */
#ifndef OPENICMP_TESTS_OS_FIBERS_H
#define OPENICMP_TESTS_OS_FIBERS_H

#include "os/os.h"

/* A new machine, with the calling fiber as its only one. */
void os_fibers_begin(void);
/* Ends the main fiber, as far as the engine is concerned. All others end before, or this ends the program. */
void os_fibers_end(void);

/* Calls `hook` on each fiber that ends, as DllMain is. */
void os_fibers_on_thread_end(void (*hook)(void));

/* ---- Who runs, and when ---- */

/* A thread of the program that runs `run(argument)`, once somebody gives way. */
void os_fibers_start(void (*run)(void *argument), void *argument);
/* When the calling fiber ends, nobody is told, as if it was terminated. */
void os_fibers_end_silently(void);
/* Lets the others run until each of them waits or has ended. Time stands still meanwhile. For the main fiber. */
void os_fibers_settle(void);
/* The next 16 times that somebody takes a lock, and has none: whether another fiber runs first. The lowest bit counts first;
 * until it is called again, nobody gives way after that. */
void os_fibers_interleave(uint16_t bits);
/* Whether that has happened since the machine is there. */
bool os_fibers_gave_way(void);
void os_fibers_advance_clock(uint64_t ns);
/* Whether all fibers but the main one have ended. */
bool os_fibers_alone(void);
/* A pointer of the calling fiber, for the target to use. NULL at first. */
void **os_fibers_own(void);

/* Waits alertably until there is an APC for the calling fiber or the time has come, and runs all that are there. Whether any
 * was. */
bool os_fibers_alertable_wait(uint64_t deadline_ns);

/* ---- What the engine has taken of the machine and not given back ---- */

size_t os_fibers_allocations(void);
size_t os_fibers_handles(void); /* the target's included */
size_t os_fibers_module_references(void);

/* ---- What can fail ---- */

/* The `nth` call from now on of those that a system may refuse for want of memory fails, once; 0: none does. */
void os_fibers_fail_call(size_t nth);
/* How many have, since the machine is there. */
size_t os_fibers_failed_calls(void);

/* ---- Events of the program ---- */

/* `on_set(context)` is called each time that the engine sets it. Close it with os_handle_close. */
os_handle os_fibers_event_open(void (*on_set)(void *context), void *context);

#endif
