/*
 * The little that the engine needs of the operating system: time, locks, threads, memory, random numbers and
 * the kernel objects behind ICMP handles.
 *
 * os_win32.c implements it for the DLL; the native tests bring an implementation of their own. Must not know
 * anything of ICMP, requests or sockets.
 */
#ifndef OPENICMP_OS_OS_H
#define OPENICMP_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OS_NS_PER_MS 1000000ULL

/* A deadline that never comes. */
#define OS_NEVER UINT64_MAX

/* When the module is loaded and unloaded. False without memory. */
bool os_load(void);
void os_unload(void);

/* Monotonic time in nanoseconds since an arbitrary start. Thread-safe, and cheap. */
uint64_t os_now_ns(void);

/* How long until `deadline_ns`, in milliseconds rounded up so that a wait of that length never ends early; 0
 * when it has passed, UINT32_MAX ("for ever" to Windows) for OS_NEVER. Longer waits are cut to what 31 bits
 * hold: wait again. */
uint32_t os_ms_until(uint64_t deadline_ns);

/* 32 random bits; fit for identifiers that strangers should not guess, not for keys. */
uint32_t os_random(void);

/* ---- Locks: not recursive, not fair, no kernel object, all-zero when free. ---- */

struct os_lock {
    void *state;
};

void os_lock_acquire(struct os_lock *lock);
void os_lock_release(struct os_lock *lock);

/* A condition variable, all-zero when fresh. */
struct os_condition {
    void *state;
};

/* Releases `lock`, sleeps until woken or until `deadline_ns`, and takes the lock again. May wake without
 * reason. On Windows the sleep is not alertable: no user APC runs in it. */
void os_condition_wait(struct os_condition *condition, struct os_lock *lock, uint64_t deadline_ns);
/* Wakes all who sleep in it. */
void os_condition_wake(struct os_condition *condition);

/* ---- Memory: zeroed; NULL when there is none. `os_free(NULL)` does nothing. ---- */

void *os_alloc(size_t size_bytes);
void os_free(void *memory);

/* Whether a system call costs far more than what a program does for itself: under Wine, where most are a
 * round trip to another process. */
bool os_calls_are_slow(void);

/* Starts a detached thread that runs `run(argument)`. The module that holds this code stays loaded until the
 * thread has left it. False when no thread can be made. */
bool os_thread_start(void (*run)(void *argument), void *argument);

/* The calling thread's number, as debuggers show it. */
uint32_t os_thread_id(void);

/* Whether the environment variable `name` is set to `value`. */
bool os_environment_is(const char *name, const char *value);

/* Writes to standard error in one piece. Keeps the last error. */
void os_print_error(const char *text, size_t length_bytes);

/* ---- Kernel handles. 0 is none. ---- */

typedef uintptr_t os_handle;

/* Closes a handle that one of the functions below has made. */
void os_handle_close(os_handle handle);

/* ---- Events of programs. Each of these is a system call, so no lock is held. ---- */

/* Whether os_event_same works here: Windows before 10 cannot compare handles. Not a system call, though. */
bool os_events_comparable(void);
/* Whether two handles are open and refer to the same object. */
bool os_event_same(os_handle one, os_handle other);
/* A handle of our own to the object behind a program's handle. 0, or the Win32 error: ERROR_INVALID_HANDLE
 * when the value is no handle. Whether the object is an event shows when it is reset. */
uint32_t os_event_duplicate(os_handle event, os_handle *duplicate);
/* Makes an event unsignalled. 0, or the Win32 error: ERROR_INVALID_HANDLE when the value is no handle, or
 * none of an event. */
uint32_t os_event_reset(os_handle event);
/* Signals an event. Does nothing to an object of another kind. */
void os_event_set(os_handle event);

/* ---- Threads ---- */

/* A handle to the calling thread. 0 when the system cannot make one. */
os_handle os_thread_open(void);
bool os_thread_has_ended(os_handle thread);

/* ---- User APCs: calls that another thread makes once it waits alertably ---- */

#ifdef _WIN32
    #define OS_CALLBACK __stdcall
#else
    #define OS_CALLBACK
#endif

/* Has `thread` call `run(argument)`. False when it cannot, because it has ended. */
bool os_apc_queue(os_handle thread, void(OS_CALLBACK *run)(uintptr_t argument), uintptr_t argument);

/* One pointer for each thread, NULL at first. os_thread_value_set is false without memory. */
void *os_thread_value(void);
bool os_thread_value_set(void *value);

/* ---- The module that holds this code ---- */

/* Keeps it loaded until released. False when it cannot. Not to be called with a lock held: it takes the
 * loader's. */
bool os_module_keep(void);
/* Releases it, from a thread that keeps it loaded by other means. */
void os_module_release(void);
/* Releases it by an APC to the calling thread, which runs after the one that the thread is in, and outside
 * the module: for code that may be the last to run in it. */
void os_module_release_after_apc(void);

/* Whether all of `[memory, memory + size_bytes)` can be written to now. */
bool os_is_writable(void *memory, size_t size_bytes);

/* ---- Tokens: the kernel objects that stand behind ICMP handles. ----
 *
 * An ICMP handle has to be a genuine kernel handle: programs store it in 32 bits, close it with CloseHandle,
 * duplicate it. A token is a kernel object that carries a 31-bit mark, so that a handle value can be
 * recognized as ours even after it was closed behind our back and its value given to another object, or when
 * it is a duplicate. */

enum os_token {
    OS_TOKEN_NONE,    /* not an open handle of this process */
    OS_TOKEN_FOREIGN, /* an object of another kind, or with another mark */
    OS_TOKEN_OURS,
};

/* A new token, not inheritable. 0 when the system cannot make one. `mark` is 1 to INT32_MAX. */
os_handle os_token_open(uint32_t mark);
/* What `handle`, which may be any garbage, is. One that is ours is closed with os_handle_close. */
enum os_token os_token_identify(os_handle handle, uint32_t mark);

#endif
