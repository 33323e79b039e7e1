/*
 * A machine of fibers. The address sanitizer is told of every change of stacks.
 *
 * No fiber holds a lock while another one runs: it gives way before it takes its first lock, or where it waits with no other
 * lock than the one that it waits with. So locks are never waited for, and any lock that is found taken is a dead-lock.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "fuzz/os_fibers.h"

#include "fuzz/fuzz.h"
#include "os/win32_types.h"
#include "unit/support/os_posix.h" /* for the two functions of it that the fake network uses */

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sys/mman.h>
#include <ucontext.h>

#define STACK_BYTES ((size_t)256 * 1024)
#define GUARD_BYTES 4096 /* nobody's: an overflow shall not reach the next stack */
#define FIBERS_MAX  256
#define START_NS    (3600 * UINT64_C(1000000000))

struct apc {
    struct apc *next;
    void (*run)(uintptr_t argument);
    uintptr_t argument;
};

struct fiber {
    struct fiber *next; /* in the ring of all that have not ended */
    ucontext_t context;
    const void *stack;
    size_t stack_bytes;
    void *fake_stack; /* the address sanitizer's */
    void (*run)(void *argument);
    void *argument;

    const void *waits_for; /* NULL: it can run */
    uint64_t until_ns;     /* or when this time has come */
    bool settles;          /* it runs only when nobody else can */
    size_t locks_held;
    bool silent;
    bool ended;

    struct {
        struct apc *first;
        struct apc *last;
    } apcs;
    void *value; /* os_thread_value */
    void *own;   /* os_fibers_own */
};

static struct fiber *main_fiber;
static struct fiber *current;
static struct fiber *fibers[FIBERS_MAX]; /* all, also those that have ended */
static size_t made;
static uint8_t *stacks[FIBERS_MAX]; /* those of the fibers; kept from machine to machine */

static uint64_t now_ns;
static uint16_t interleave_bits;
static bool gave_way;
static size_t calls_until_failure;
static size_t failed_calls;
static uint32_t random_state;
static size_t allocations;
static size_t handles;
static size_t module_references;
static void (*on_thread_end)(void);

/* ---- Changing stacks ---- */

static struct fiber *left; /* who changed to the current fiber */

/* The first thing to do on a stack that was changed to. */
static void arrive(void)
{
    const void *stack;
    size_t stack_bytes;
    __sanitizer_finish_switch_fiber(current->fake_stack, &stack, &stack_bytes);
    if (left->stack == NULL) { /* the program's own, of which nobody else tells */
        left->stack = stack;
        left->stack_bytes = stack_bytes;
    }
}

static void switch_to(struct fiber *fiber)
{
    struct fiber *self = current;
    left = self;
    current = fiber;
    bool for_good = self->ended && self != main_fiber;
    __sanitizer_start_switch_fiber(for_good ? NULL : &self->fake_stack, fiber->stack, fiber->stack_bytes);
    swapcontext(&self->context, &fiber->context);
    arrive();
}

/* ---- Who runs next ---- */

static bool can_run(const struct fiber *fiber)
{
    return fiber->waits_for == NULL || fiber->until_ns <= now_ns;
}

/* The next in the ring that can run, `self` last; NULL when none can. */
static struct fiber *next_to_run(struct fiber *self)
{
    struct fiber *fiber = self;
    do {
        fiber = fiber->next;
        if (can_run(fiber) && !fiber->settles) {
            return fiber;
        }
    } while (fiber != self);
    return main_fiber->settles ? main_fiber : NULL;
}

/* When nobody can run, time passes until somebody can. */
static void pass_time(void)
{
    uint64_t first_ns = OS_NEVER;
    struct fiber *fiber = main_fiber;
    do {
        first_ns = fiber->until_ns < first_ns ? fiber->until_ns : first_ns;
        fiber = fiber->next;
    } while (fiber != main_fiber);
    fuzz_require(first_ns != OS_NEVER && "everybody waits for ever");
    now_ns = first_ns;
}

/* `self` is the calling fiber. When it has ended, it is out of the ring already, and does not return. */
static void give_way(struct fiber *self)
{
    struct fiber *next;
    while ((next = next_to_run(self->ended ? main_fiber : self)) == NULL) {
        pass_time();
    }
    if (next != self) {
        switch_to(next);
    }
}

static void wait_for(const void *what, uint64_t until_ns)
{
    fuzz_require(current->locks_held == 0);
    current->waits_for = what;
    current->until_ns = until_ns;
    give_way(current);
    current->waits_for = NULL;
}

static void wake(const void *what)
{
    struct fiber *fiber = main_fiber;
    do {
        if (fiber->waits_for == what) {
            fiber->waits_for = NULL;
        }
        fiber = fiber->next;
    } while (fiber != main_fiber);
}

void os_fibers_settle(void)
{
    fuzz_require(current == main_fiber);
    current->settles = true;
    give_way(current);
    current->settles = false;
}

void os_fibers_interleave(uint16_t bits)
{
    interleave_bits = bits;
}

bool os_fibers_gave_way(void)
{
    return gave_way;
}

void os_fibers_advance_clock(uint64_t ns)
{
    now_ns += ns;
}

/* ---- Fibers ---- */

static struct fiber *fiber_new(void (*run)(void *argument), void *argument)
{
    fuzz_require(made < FIBERS_MAX);
    struct fiber *fiber = calloc(1, sizeof(*fiber));
    fuzz_require(fiber != NULL);
    fiber->run = run;
    fiber->argument = argument;
    fibers[made++] = fiber;
    return fiber;
}

static void apcs_free(struct fiber *fiber)
{
    while (fiber->apcs.first != NULL) {
        struct apc *apc = fiber->apcs.first;
        fiber->apcs.first = apc->next;
        free(apc);
    }
}

/* What the system does last for the calling fiber. */
static void end(void)
{
    if (!current->silent && on_thread_end != NULL) {
        on_thread_end();
    }
    current->value = NULL;
    current->ended = true;
    apcs_free(current);
}

static void fiber_main(void)
{
    struct fiber *self = current;
    arrive();
    self->run(self->argument);
    end();
    struct fiber *before = main_fiber;
    while (before->next != self) {
        before = before->next;
    }
    before->next = self->next;
    give_way(self); /* for good */
}

/* A stack for the fiber that was made last. */
static uint8_t *stack_take(void)
{
    uint8_t **stack = &stacks[made - 1];
    if (*stack == NULL) {
        void *memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        fuzz_require(memory != MAP_FAILED);
        fuzz_require(mprotect(memory, GUARD_BYTES, PROT_NONE) == 0);
        *stack = memory;
    }
    /* The one who used it before never returned from its last call. */
    ASAN_UNPOISON_MEMORY_REGION(*stack + GUARD_BYTES, STACK_BYTES - GUARD_BYTES);
    return *stack;
}

static void start(void (*run)(void *argument), void *argument)
{
    struct fiber *fiber = fiber_new(run, argument);
    uint8_t *stack = stack_take();
    fiber->stack = stack;
    fiber->stack_bytes = STACK_BYTES;
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = stack;
    fiber->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&fiber->context, fiber_main, 0);
    /* The sanitizer takes this for a sign that nothing on the stack is in use any more. */
    fiber->context.uc_stack.ss_sp = NULL;
    fiber->context.uc_stack.ss_size = 0;
    fiber->next = main_fiber->next;
    main_fiber->next = fiber;
}

void os_fibers_start(void (*run)(void *argument), void *argument)
{
    start(run, argument);
}

void os_fibers_end_silently(void)
{
    current->silent = true;
}

bool os_fibers_alone(void)
{
    return main_fiber->next == main_fiber;
}

void **os_fibers_own(void)
{
    return &current->own;
}

void os_fibers_on_thread_end(void (*hook)(void))
{
    on_thread_end = hook;
}

void os_fibers_begin(void)
{
    while (made > 0) {
        free(fibers[--made]);
    }
    main_fiber = fiber_new(NULL, NULL);
    main_fiber->next = main_fiber;
    current = main_fiber;
    now_ns = START_NS;
    interleave_bits = 0;
    gave_way = false;
    calls_until_failure = 0;
    failed_calls = 0;
    random_state = 0;
    allocations = 0;
    handles = 0;
    module_references = 0;
    on_thread_end = NULL;
}

void os_fibers_end(void)
{
    interleave_bits = 0;
    end();
    os_fibers_settle();
    fuzz_require(os_fibers_alone() && "a thread does not end");
}

/* ---- Calls that may fail ---- */

void os_fibers_fail_call(size_t nth)
{
    calls_until_failure = nth;
}

size_t os_fibers_failed_calls(void)
{
    return failed_calls;
}

static bool call_fails(void)
{
    bool fails = calls_until_failure == 1;
    if (calls_until_failure > 0) {
        calls_until_failure--;
    }
    failed_calls += fails;
    return fails;
}

/* ---- os/os.h: time and locks ---- */

uint64_t os_now_ns(void)
{
    return now_ns;
}

void os_lock_acquire(struct os_lock *lock)
{
    if (current->locks_held == 0) {
        bool others_first = interleave_bits & 1;
        interleave_bits >>= 1;
        if (others_first) {
            gave_way = true;
            give_way(current);
        }
    }
    fuzz_require(lock->state == NULL && "a lock is taken twice");
    lock->state = current;
    current->locks_held++;
}

void os_lock_release(struct os_lock *lock)
{
    fuzz_require(lock->state == current);
    lock->state = NULL;
    current->locks_held--;
}

void os_condition_wait(struct os_condition *condition, struct os_lock *lock, uint64_t deadline_ns)
{
    os_lock_release(lock);
    wait_for(condition, deadline_ns);
    fuzz_require(lock->state == NULL);
    lock->state = current;
    current->locks_held++;
}

void os_condition_wake(struct os_condition *condition)
{
    wake(condition);
}

bool os_posix_holds(const struct os_lock *lock)
{
    return lock->state == current;
}

void os_posix_pause(void)
{
    wait_for(&now_ns, now_ns + OS_NS_PER_MS);
}

/* ---- os/os.h: memory, threads, module ---- */

void *os_alloc(size_t size_bytes)
{
    void *memory = call_fails() ? NULL : calloc(1, size_bytes);
    allocations += memory != NULL;
    return memory;
}

void os_free(void *memory)
{
    allocations -= memory != NULL;
    free(memory);
}

size_t os_fibers_allocations(void)
{
    return allocations;
}

bool os_is_writable(void *memory, size_t size_bytes)
{
    (void)memory;
    (void)size_bytes;
    return true;
}

/* For calls that take the loader's lock. */
static void require_no_lock(void)
{
    fuzz_require(current->locks_held == 0);
}

bool os_thread_start(void (*run)(void *argument), void *argument)
{
    require_no_lock();
    if (call_fails()) {
        return false;
    }
    start(run, argument);
    return true;
}

void *os_thread_value(void)
{
    return current->value;
}

bool os_thread_value_set(void *value)
{
    if (value != NULL && call_fails()) {
        return false;
    }
    current->value = value;
    return true;
}

bool os_module_keep(void)
{
    require_no_lock();
    bool kept = !call_fails();
    module_references += kept;
    return kept;
}

void os_module_release(void)
{
    require_no_lock();
    fuzz_require(module_references > 0);
    module_references--;
}

size_t os_fibers_module_references(void)
{
    return module_references;
}

/* ---- os/os.h: handles ---- */

struct event {
    size_t handles;
    void (*on_set)(void *context);
    void *context;
};

/* What a handle value points to. The sanitizer finds whoever uses one that was closed. */
struct handle {
    struct event *event; /* or: */
    struct fiber *thread;
};

static os_handle handle_open(struct event *event, struct fiber *thread)
{
    struct handle *handle = malloc(sizeof(*handle));
    fuzz_require(handle != NULL);
    *handle = (struct handle){event, thread};
    if (event != NULL) {
        event->handles++;
    }
    handles++;
    return (os_handle)handle;
}

void os_handle_close(os_handle value)
{
    struct handle *handle = (struct handle *)value;
    if (handle->event != NULL && --handle->event->handles == 0) {
        free(handle->event);
    }
    handles--;
    free(handle);
}

size_t os_fibers_handles(void)
{
    return handles;
}

os_handle os_fibers_event_open(void (*on_set)(void *context), void *context)
{
    struct event *event = malloc(sizeof(*event));
    fuzz_require(event != NULL);
    *event = (struct event){0, on_set, context};
    return handle_open(event, NULL);
}

static struct event *event_of(os_handle handle)
{
    struct event *event = ((struct handle *)handle)->event;
    fuzz_require(event != NULL);
    return event;
}

uint32_t os_event_adopt(os_handle event, os_handle *adopted)
{
    if (call_fails()) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    *adopted = handle_open(event_of(event), NULL);
    return 0;
}

void os_event_set(os_handle handle)
{
    const struct event *event = event_of(handle);
    event->on_set(event->context);
}

os_handle os_thread_open(void)
{
    return call_fails() ? 0 : handle_open(NULL, current);
}

static struct fiber *thread_of(os_handle handle)
{
    struct fiber *fiber = ((struct handle *)handle)->thread;
    fuzz_require(fiber != NULL);
    return fiber;
}

bool os_thread_has_ended(os_handle thread)
{
    return thread_of(thread)->ended;
}

/* ---- os/os.h: user APCs ---- */

static void apc_append(struct fiber *fiber, void (*run)(uintptr_t argument), uintptr_t argument)
{
    struct apc *apc = malloc(sizeof(*apc));
    fuzz_require(apc != NULL);
    *apc = (struct apc){NULL, run, argument};
    if (fiber->apcs.first == NULL) {
        fiber->apcs.first = apc;
    } else {
        fiber->apcs.last->next = apc;
    }
    fiber->apcs.last = apc;
    wake(&fiber->apcs);
}

bool os_apc_queue(os_handle thread, void(OS_CALLBACK *run)(uintptr_t argument), uintptr_t argument)
{
    struct fiber *fiber = thread_of(thread);
    if (fiber->ended) {
        return false;
    }
    apc_append(fiber, run, argument);
    return true;
}

static void release_in_apc(uintptr_t nothing)
{
    (void)nothing;
    os_module_release();
}

void os_module_release_after_apc(void)
{
    apc_append(current, release_in_apc, 0);
}

bool os_fibers_alertable_wait(uint64_t deadline_ns)
{
    if (current->apcs.first == NULL && deadline_ns > now_ns) {
        wait_for(&current->apcs, deadline_ns);
    }
    bool any = current->apcs.first != NULL;
    while (current->apcs.first != NULL) {
        struct apc apc = *current->apcs.first;
        free(current->apcs.first);
        current->apcs.first = apc.next;
        fuzz_require(module_references > 0 && "an APC runs that may find no code");
        apc.run(apc.argument);
    }
    return any;
}

/* ---- os/os.h: what the engine would trace with, if anybody had asked for a trace ---- */

bool os_environment_is(const char *name, const char *value)
{
    (void)name;
    (void)value;
    return false;
}

uint32_t os_thread_id(void)
{
    return 0;
}

void os_print_error(const char *text, size_t length_bytes)
{
    (void)text;
    (void)length_bytes;
}

uint32_t os_random(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state;
}
