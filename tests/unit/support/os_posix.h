/*
 * What the native tests can do to the operating system that the engine sees: make it fail, look behind it, move its
 * clock. os_posix.c implements os/os.h as well.
 *
 * Thread-safe unless a comment says otherwise. Times are as os_now_ns counts.
 */
#ifndef OPENICMP_TESTS_OS_POSIX_H
#define OPENICMP_TESTS_OS_POSIX_H

#include "os/os.h"

/* Forgets faults, hooks, handles, APCs of the calling thread and printed text. For the start of a test. */
void os_posix_reset(void);

/* ---- Memory ---- */

/* The `nth` allocation from now on fails, once; 0: none does. */
void os_posix_fail_allocation(size_t nth);
/* Whether the failure that was asked for last has happened. */
bool os_posix_allocation_has_failed(void);
/* How many allocations have not been freed. */
size_t os_posix_allocations(void);
size_t os_posix_allocated_bytes(void);

/* The `nth` call from now on of those that a system may refuse (memory, threads and their handles and values,
 * duplicates of events, references on the module) fails, once; 0: none does. */
void os_posix_fail_call(size_t nth);
bool os_posix_call_has_failed(void);

/* A piece of memory, 65,536 bytes, that cannot be written to. */
void *os_posix_unwritable(void);

/* ---- Time and locks ---- */

/* Moves the clock forward for everybody, and wakes those who wait for a time that has now come. */
void os_posix_advance_clock(uint64_t ns);
/* Stops the clock until the next reset: time passes only as os_posix_advance_clock says, however slow the machine is. */
void os_posix_stop_clock(void);
/* Sleeps a millisecond of real time: for loops that wait until something holds. */
void os_posix_pause(void);
/* Whether the calling thread holds the lock. */
bool os_posix_holds(const struct os_lock *lock);
/* Calls `hook` before each os_lock_acquire, on the thread that calls it; NULL: no more. It may take locks itself. */
void os_posix_on_lock(void (*hook)(void));

/* ---- Threads ---- */

/* Whether os_thread_start fails from now on. */
void os_posix_fail_threads(bool fail);
/* Whether threads that os_thread_start makes from now on wait before they run. False lets those go that wait. */
void os_posix_hold_threads(bool hold);
/* Calls `hook` when os_thread_start has made a thread, on the thread that called it; NULL: no more. */
void os_posix_on_thread_start(void (*hook)(void));
/* How many threads that os_thread_start made are running. */
size_t os_posix_threads(void);
/* Waits until they have ended, or false after 10 s of real time. */
bool os_posix_join_threads(void);

/* A thread of a test. */
struct os_posix_thread;
struct os_posix_thread *os_posix_thread_start(void (*run)(void *argument), void *argument);
/* Waits until it has ended, and frees it. */
void os_posix_thread_join(struct os_posix_thread *thread);

/* Ends the calling thread, which os_posix_thread_start has made: by itself, or as if it was terminated, so that nobody is
 * told. */
_Noreturn void os_posix_thread_exit(void);
_Noreturn void os_posix_thread_terminate(void);
/* Calls `hook` on each thread that ends, as DllMain is. */
void os_posix_on_thread_end(void (*hook)(void));
/* The calling thread, which goes on, is as good as another from here on: the one that it was has ended. */
void os_posix_thread_ends(void);

/* ---- User APCs ---- */

/* Waits until there is an APC for the calling thread, `wait_ms` of real time at most, and runs all that are there. Returns
 * how many. */
size_t os_posix_alertable_wait(unsigned int wait_ms);
/* How many APCs os_apc_queue has queued since the reset. */
size_t os_posix_apcs_queued(void);
/* Whether os_apc_queue fails from now on. */
void os_posix_fail_apcs(bool fail);
/* Calls `hook` at the beginning of each os_apc_queue, on the thread that calls it; NULL: no more. */
void os_posix_on_apc_queue(void (*hook)(void));

/* How many references os_module_keep has taken that have not been released. */
size_t os_posix_module_references(void);

/* Something that threads wait for. All-zero when closed. */
struct gate {
    struct os_lock lock;
    struct os_condition opened;
    size_t waiting;
    bool open;
};
/* Waits until the gate is open, for ever. */
void gate_pass(struct gate *gate);
void gate_open(struct gate *gate);
void gate_close(struct gate *gate);
/* How many threads wait before it. */
size_t gate_waiting(struct gate *gate);

/* ---- Random numbers: a fixed sequence ---- */

/* What the next os_random gives. */
void os_posix_set_random(uint32_t value);

/* ---- Handles: small numbers, divisible by 4, the one that was closed last is given out first ---- */

/* Whether os_token_open fails from now on. */
void os_posix_fail_tokens(bool fail);
/* Whether values of closed handles are given out again; they are after a reset. */
void os_posix_reuse_tokens(bool reuse);
/* Another handle for the same object. */
os_handle os_posix_duplicate(os_handle handle);
/* A handle of something that is no token. */
os_handle os_posix_open_foreign(void);
/* A semaphore as other parts of the program have, with that maximum count. */
os_handle os_posix_open_semaphore(uint32_t maximum);
/* Closes any open handle, as CloseHandle does. */
void os_posix_close(os_handle handle);
/* Calls `hook` after each os_token_identify, on the thread that calls it; NULL: no more. */
void os_posix_on_identify(void (*hook)(os_handle handle));
/* How many handles are open. */
size_t os_posix_handles(void);

/* An event of the program. */
os_handle os_posix_open_event(bool set);
bool os_posix_event_is_set(os_handle event);
/* How often the engine has set it. */
size_t os_posix_event_sets(os_handle event);
/* How many handles refer to it. */
size_t os_posix_event_handles(os_handle event);
/* Calls `hook` just before the engine sets an event, on the thread that does; NULL: no more. */
void os_posix_on_event_set(void (*hook)(void));

/* ---- Environment and output ---- */

/* For the whole program, and beyond a reset. Not while other threads run. */
void os_posix_set_environment(const char *name, const char *value);

/* Everything that os_print_error got since the reset, or its first few thousand bytes. Not while others print. */
const char *os_posix_printed(void);

#endif
