/*
 * os.h for Windows and Wine, with nothing but kernel32, ntdll and msvcrt.
 *
 * Locks and conditions are SRWLOCK and CONDITION_VARIABLE: under Wine they are futexes and cost no wineserver
 * call.
 */
#define _CRT_RAND_S /* rand_s of stdlib.h */
#include "os/os.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winternl.h>

_Static_assert(sizeof(SRWLOCK) == sizeof(struct os_lock), "an os_lock is an SRWLOCK");
_Static_assert(sizeof(CONDITION_VARIABLE) == sizeof(struct os_condition),
               "an os_condition is a CONDITION_VARIABLE");

uint64_t os_now_ns(void)
{
    LARGE_INTEGER counter;
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&counter);
    uint64_t ticks = (uint64_t)counter.QuadPart;
    uint64_t per_second = (uint64_t)frequency.QuadPart;
    /* In two parts, so that the product does not overflow after a few days. */
    return ticks / per_second * 1000000000ULL + ticks % per_second * 1000000000ULL / per_second;
}

uint32_t os_ms_until(uint64_t deadline_ns)
{
    if (deadline_ns == OS_NEVER) {
        return INFINITE;
    }
    uint64_t now_ns = os_now_ns();
    if (deadline_ns <= now_ns) {
        return 0;
    }
    uint64_t ms = (deadline_ns - now_ns + OS_NS_PER_MS - 1) / OS_NS_PER_MS;
    return ms < INT32_MAX ? (uint32_t)ms : INT32_MAX;
}

uint32_t os_random(void)
{
    unsigned int value;
    if (rand_s(&value) == 0) {
        return value;
    }
    /* No generator: mix what differs from process to process (splitmix64's finalizer). */
    uint64_t mix = os_now_ns() ^ (uint64_t)GetCurrentProcessId() << 32 ^ (uintptr_t)&value;
    mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9ULL;
    mix = (mix ^ mix >> 27) * 0x94d049bb133111ebULL;
    return (uint32_t)(mix ^ mix >> 31);
}

void os_lock_acquire(struct os_lock *lock)
{
    AcquireSRWLockExclusive((PSRWLOCK)lock);
}

void os_lock_release(struct os_lock *lock)
{
    ReleaseSRWLockExclusive((PSRWLOCK)lock);
}

void os_condition_wait(struct os_condition *condition, struct os_lock *lock, uint64_t deadline_ns)
{
    SleepConditionVariableSRW((PCONDITION_VARIABLE)condition, (PSRWLOCK)lock, os_ms_until(deadline_ns), 0);
}

void os_condition_wake(struct os_condition *condition)
{
    WakeAllConditionVariable((PCONDITION_VARIABLE)condition);
}

void *os_alloc(size_t size_bytes)
{
    return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size_bytes);
}

void os_free(void *memory)
{
    if (memory != NULL) {
        HeapFree(GetProcessHeap(), 0, memory);
    }
}

/* ---- What ntdll has on some systems only ---- */

static NTSTATUS(NTAPI *compare_objects)(HANDLE one, HANDLE other); /* since Windows 10 */
static bool in_wine;

static void ntdll_load(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    compare_objects =
        (NTSTATUS(NTAPI *)(HANDLE, HANDLE))(void (*)(void))GetProcAddress(ntdll, "NtCompareObjects");
    in_wine = GetProcAddress(ntdll, "wine_get_version") != NULL;
}

bool os_calls_are_slow(void)
{
    return in_wine;
}

/* ---- The module ---- */

/* A reference on the DLL that holds this code. NULL when there can be none. */
static HMODULE module_reference(void)
{
    HMODULE module;
    return GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, (LPCWSTR)(uintptr_t)&module_reference,
                              &module)
               ? module
               : NULL;
}

/* The DLL's handle, without a reference. */
static HMODULE module_handle(void)
{
    HMODULE module = NULL;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       (LPCWSTR)(uintptr_t)&module_handle, &module);
    return module;
}

bool os_module_keep(void)
{
    return module_reference() != NULL;
}

void os_module_release(void)
{
    FreeLibrary(module_handle());
}

void os_module_release_after_apc(void)
{
    /* FreeLibrary takes one word and pops it, as an APC routine does; that it returns something does not
     * matter. Thus no instruction of the DLL runs after it has gone. */
    QueueUserAPC((PAPCFUNC)(uintptr_t)&FreeLibrary, GetCurrentThread(), (ULONG_PTR)module_handle());
}

/* ---- Threads ---- */

struct thread_start {
    void (*run)(void *argument);
    void *argument;
    HMODULE module; /* a reference on the DLL that the thread gives back when it ends */
};

static DWORD WINAPI thread_main(void *parameter)
{
    struct thread_start start = *(struct thread_start *)parameter;
    os_free(parameter);
    start.run(start.argument);
    FreeLibraryAndExitThread(start.module, 0);
}

bool os_thread_start(void (*run)(void *argument), void *argument)
{
    struct thread_start *start = os_alloc(sizeof(*start));
    if (start == NULL) {
        return false;
    }
    start->run = run;
    start->argument = argument;
    start->module = module_reference();
    if (start->module == NULL) {
        goto cleanup_start;
    }
    HANDLE thread = CreateThread(NULL, 0, thread_main, start, 0, NULL);
    if (thread == NULL) {
        goto cleanup_module;
    }
    CloseHandle(thread);
    return true;

cleanup_module:
    FreeLibrary(start->module);
cleanup_start:
    os_free(start);
    return false;
}

uint32_t os_thread_id(void)
{
    return GetCurrentThreadId();
}

os_handle os_thread_open(void)
{
    HANDLE thread;
    return DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &thread, 0, FALSE,
                           DUPLICATE_SAME_ACCESS)
               ? (os_handle)thread
               : 0;
}

bool os_thread_has_ended(os_handle thread)
{
    return WaitForSingleObject((HANDLE)thread, 0) == WAIT_OBJECT_0;
}

bool os_apc_queue(os_handle thread, void(OS_CALLBACK *run)(uintptr_t argument), uintptr_t argument)
{
    return QueueUserAPC((PAPCFUNC)(uintptr_t)run, (HANDLE)thread, argument) != 0;
}

/* ---- A value for each thread ---- */

static DWORD thread_slot = TLS_OUT_OF_INDEXES;

bool os_load(void)
{
    ntdll_load();
    thread_slot = TlsAlloc();
    return thread_slot != TLS_OUT_OF_INDEXES;
}

void os_unload(void)
{
    TlsFree(thread_slot);
}

void *os_thread_value(void)
{
    DWORD error = GetLastError(); /* TlsGetValue clears it */
    void *value = TlsGetValue(thread_slot);
    SetLastError(error);
    return value;
}

bool os_thread_value_set(void *value)
{
    return TlsSetValue(thread_slot, value);
}

/* ---- Events ---- */

bool os_events_comparable(void)
{
    return compare_objects != NULL;
}

bool os_event_same(os_handle one, os_handle other)
{
    return compare_objects((HANDLE)one, (HANDLE)other) ==
           0; /* STATUS_NOT_SAME_OBJECT is no error, but not 0 */
}

uint32_t os_event_duplicate(os_handle event, os_handle *duplicate)
{
    HANDLE own;
    if (!DuplicateHandle(GetCurrentProcess(), (HANDLE)event, GetCurrentProcess(), &own, 0, FALSE,
                         DUPLICATE_SAME_ACCESS)) {
        return GetLastError();
    }
    *duplicate = (os_handle)own;
    return 0;
}

uint32_t os_event_reset(os_handle event)
{
    return ResetEvent((HANDLE)event) ? 0 : GetLastError();
}

void os_event_set(os_handle event)
{
    SetEvent((HANDLE)event);
}

void os_handle_close(os_handle handle)
{
    CloseHandle((HANDLE)handle);
}

bool os_is_writable(void *memory, size_t size_bytes)
{
    return !IsBadWritePtr(memory, size_bytes);
}

/* ---- Environment and output ---- */

bool os_environment_is(const char *name, const char *value)
{
    char buffer[32];
    DWORD length = GetEnvironmentVariableA(name, buffer, sizeof(buffer));
    return length > 0 && length < sizeof(buffer) && strcmp(buffer, value) == 0;
}

void os_print_error(const char *text, size_t length_bytes)
{
    DWORD error = GetLastError();
    DWORD written;
    WriteFile(GetStdHandle(STD_ERROR_HANDLE), text, (DWORD)length_bytes, &written, NULL);
    SetLastError(error);
}

/* ---- Tokens: semaphores whose maximum count is the mark ---- */

/* In ntdll since NT 3.1; not in mingw-w64's winternl.h. Class 0 is the basic information. */
struct semaphore_information {
    LONG current_count;
    LONG maximum_count;
};
NTSYSAPI NTSTATUS NTAPI NtQuerySemaphore(HANDLE semaphore, ULONG information_class, PVOID information,
                                         ULONG information_bytes, PULONG returned_bytes);

os_handle os_token_open(uint32_t mark)
{
    return (os_handle)CreateSemaphoreW(NULL, 0, (LONG)mark, NULL);
}

enum os_token os_token_identify(os_handle handle, uint32_t mark)
{
    struct semaphore_information information = {0};
    DWORD flags;
    if (NtQuerySemaphore((HANDLE)handle, 0, &information, sizeof(information), NULL) >= 0) {
        return (uint32_t)information.maximum_count == mark ? OS_TOKEN_OURS : OS_TOKEN_FOREIGN;
    }
    return GetHandleInformation((HANDLE)handle, &flags) ? OS_TOKEN_FOREIGN : OS_TOKEN_NONE;
}
