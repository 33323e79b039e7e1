/*
 * os/os.h on POSIX threads, for the native tests.
 *
 * One mutex guards everything here. It is never held while other code runs, so locks, conditions and clock agree with
 * each other, and the thread sanitizer sees who waits for whom.
 */
#define _DEFAULT_SOURCE /* POSIX, and MAP_ANONYMOUS */

#include "unit/support/os_posix.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define NS_PER_S          UINT64_C(1000000000)
#define JOIN_S            10
#define HANDLES_MAX       262144
#define UNWRITABLE_BYTES  65536
#define PRINTED_BYTES_MAX 8192

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

/* What makes a thread different from the others: the address. */
static _Thread_local char self;

static void panic(const char *what)
{
    fprintf(stderr, "os_posix: %s\n", what);
    abort();
}

static void guard_take(void)
{
    pthread_mutex_lock(&guard);
}

static void guard_give(void)
{
    pthread_mutex_unlock(&guard);
}

/* ---- Time ---- */

static uint64_t clock_advance_ns;
static uint64_t stopped_at_ns; /* 0: it runs */

/* The time without what was added. The guard is held. */
static uint64_t real_ns(void)
{
    if (stopped_at_ns != 0) {
        return stopped_at_ns;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

uint64_t os_now_ns(void)
{
    guard_take();
    uint64_t now_ns = real_ns() + clock_advance_ns;
    guard_give();
    return now_ns;
}

uint32_t os_ms_until(uint64_t deadline_ns)
{
    if (deadline_ns == OS_NEVER) {
        return UINT32_MAX;
    }
    uint64_t now_ns = os_now_ns();
    uint64_t ms = deadline_ns > now_ns ? (deadline_ns - now_ns + OS_NS_PER_MS - 1) / OS_NS_PER_MS : 0;
    return ms < INT32_MAX ? (uint32_t)ms : INT32_MAX;
}

void os_posix_stop_clock(void)
{
    guard_take();
    stopped_at_ns = real_ns();
    guard_give();
}

void os_posix_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)OS_NS_PER_MS}, NULL);
}

/* ---- Locks: `state` is the holder ---- */

static pthread_cond_t some_lock_released = PTHREAD_COND_INITIALIZER;
static void (*on_lock)(void);
static _Thread_local bool in_on_lock;
static _Thread_local size_t locks_held;

static void lock_take(struct os_lock *lock)
{
    if (lock->state == &self) {
        panic("a thread takes a lock that it holds");
    }
    while (lock->state != NULL) {
        pthread_cond_wait(&some_lock_released, &guard);
    }
    lock->state = &self;
    locks_held++;
}

static void lock_give(struct os_lock *lock)
{
    if (lock->state != &self) {
        panic("a thread releases a lock that it does not hold");
    }
    lock->state = NULL;
    locks_held--;
    pthread_cond_broadcast(&some_lock_released);
}

void os_lock_acquire(struct os_lock *lock)
{
    guard_take();
    void (*hook)(void) = in_on_lock ? NULL : on_lock;
    guard_give();
    if (hook != NULL) {
        in_on_lock = true;
        hook();
        in_on_lock = false;
    }
    guard_take();
    lock_take(lock);
    guard_give();
}

void os_lock_release(struct os_lock *lock)
{
    guard_take();
    lock_give(lock);
    guard_give();
}

/* For calls that take the loader's lock. */
static void require_no_lock(void)
{
    if (locks_held > 0) {
        panic("a call that takes the loader's lock is made with a lock held");
    }
}

bool os_posix_holds(const struct os_lock *lock)
{
    guard_take();
    bool holds = lock->state == &self;
    guard_give();
    return holds;
}

void os_posix_on_lock(void (*hook)(void))
{
    guard_take();
    on_lock = hook;
    guard_give();
}

/* ---- Conditions ---- */

struct waiter {
    struct waiter *next;
    struct os_condition *condition;
    pthread_cond_t woken;
    bool over;
};

static struct waiter *waiters;

void os_condition_wait(struct os_condition *condition, struct os_lock *lock, uint64_t deadline_ns)
{
    struct waiter waiter = {.condition = condition};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter.woken, &monotonic);
    pthread_condattr_destroy(&monotonic);

    guard_take();
    lock_give(lock);
    waiter.next = waiters;
    waiters = &waiter;
    while (!waiter.over && (deadline_ns == OS_NEVER || real_ns() + clock_advance_ns < deadline_ns)) {
        if (deadline_ns == OS_NEVER || stopped_at_ns != 0) {
            pthread_cond_wait(&waiter.woken, &guard);
        } else {
            struct timespec until = timespec_of(deadline_ns - clock_advance_ns);
            pthread_cond_timedwait(&waiter.woken, &guard, &until);
        }
    }
    struct waiter **link = &waiters;
    while (*link != &waiter) {
        link = &(*link)->next;
    }
    *link = waiter.next;
    lock_take(lock);
    guard_give();
    pthread_cond_destroy(&waiter.woken);
}

void os_condition_wake(struct os_condition *condition)
{
    guard_take();
    for (struct waiter *waiter = waiters; waiter != NULL; waiter = waiter->next) {
        if (waiter->condition == condition && !waiter->over) {
            waiter->over = true;
            pthread_cond_signal(&waiter->woken);
        }
    }
    guard_give();
}

void os_posix_advance_clock(uint64_t ns)
{
    guard_take();
    clock_advance_ns += ns;
    for (struct waiter *waiter = waiters; waiter != NULL; waiter = waiter->next) {
        pthread_cond_signal(&waiter->woken);
    }
    guard_give();
}

/* ---- Gates ---- */

void gate_pass(struct gate *gate)
{
    os_lock_acquire(&gate->lock);
    gate->waiting++;
    while (!gate->open) {
        os_condition_wait(&gate->opened, &gate->lock, OS_NEVER);
    }
    gate->waiting--;
    os_lock_release(&gate->lock);
}

void gate_open(struct gate *gate)
{
    os_lock_acquire(&gate->lock);
    gate->open = true;
    os_condition_wake(&gate->opened);
    os_lock_release(&gate->lock);
}

void gate_close(struct gate *gate)
{
    os_lock_acquire(&gate->lock);
    gate->open = false;
    os_lock_release(&gate->lock);
}

size_t gate_waiting(struct gate *gate)
{
    os_lock_acquire(&gate->lock);
    size_t waiting = gate->waiting;
    os_lock_release(&gate->lock);
    return waiting;
}

/* ---- Calls that may fail ---- */

static size_t calls_until_failure; /* 0: none will fail */
static bool call_has_failed;

/* Whether the call that is being made is to fail. The guard is held. */
static bool call_fails(void)
{
    bool fails = calls_until_failure == 1;
    if (calls_until_failure > 0) {
        calls_until_failure--;
    }
    call_has_failed = call_has_failed || fails;
    return fails;
}

void os_posix_fail_call(size_t nth)
{
    guard_take();
    calls_until_failure = nth;
    call_has_failed = false;
    guard_give();
}

bool os_posix_call_has_failed(void)
{
    guard_take();
    bool failed = call_has_failed;
    guard_give();
    return failed;
}

/* ---- Memory ---- */

static size_t allocations;
static size_t allocated_bytes;           /* as the allocator rounds them up */
static size_t allocations_until_failure; /* 0: none will fail */
static bool allocation_has_failed;

void *os_alloc(size_t size_bytes)
{
    guard_take();
    bool fail = allocations_until_failure == 1;
    if (allocations_until_failure > 0) {
        allocations_until_failure--;
    }
    allocation_has_failed = allocation_has_failed || fail;
    fail = call_fails() || fail;
    void *memory = fail ? NULL : calloc(1, size_bytes);
    if (fail) {
        /* nothing is allocated */
    } else if (memory == NULL) {
        panic("the test itself ran out of memory");
    } else {
        allocations++;
        allocated_bytes += malloc_usable_size(memory);
    }
    guard_give();
    return memory;
}

void os_free(void *memory)
{
    if (memory == NULL) {
        return;
    }
    guard_take();
    allocations--;
    allocated_bytes -= malloc_usable_size(memory);
    guard_give();
    free(memory);
}

void os_posix_fail_allocation(size_t nth)
{
    guard_take();
    allocations_until_failure = nth;
    allocation_has_failed = false;
    guard_give();
}

bool os_posix_allocation_has_failed(void)
{
    guard_take();
    bool failed = allocation_has_failed;
    guard_give();
    return failed;
}

size_t os_posix_allocations(void)
{
    guard_take();
    size_t count = allocations;
    guard_give();
    return count;
}

size_t os_posix_allocated_bytes(void)
{
    guard_take();
    size_t bytes = allocated_bytes;
    guard_give();
    return bytes;
}

/* ---- Threads ---- */

struct apc {
    struct apc *next;
    void (*run)(uintptr_t argument);
    uintptr_t argument;
};

/* What thread handles refer to. */
struct thread_body {
    size_t references; /* the thread's own, and one for each handle */
    bool ended;
    struct apc *first; /* user APCs, the oldest first */
    struct apc *last;
    pthread_cond_t apc_came;
};

struct os_posix_thread {
    struct os_posix_thread *next;
    pthread_t thread;
    void (*run)(void *argument);
    void *argument;
    bool detached; /* made by os_thread_start, in `detached_threads` */
};

static struct os_posix_thread *detached_threads; /* to be joined, ended or not */
static size_t detached_running;
static pthread_cond_t some_thread_ended = PTHREAD_COND_INITIALIZER;
static bool fail_threads;
static bool hold_threads;
static pthread_cond_t threads_let_go = PTHREAD_COND_INITIALIZER;
static bool fail_apcs;
static size_t apcs_queued;
static void (*on_apc_queue)(void);
static void (*on_thread_start)(void);
static void (*on_thread_end)(void);

static _Thread_local struct os_posix_thread *own_thread; /* NULL: the program's first */
static _Thread_local struct thread_body *own_body;       /* NULL: nobody has needed it yet */
static _Thread_local void *own_value;

/* The guard is held. */
static void thread_body_let_go(struct thread_body *body)
{
    if (--body->references > 0) {
        return;
    }
    while (body->first != NULL) {
        struct apc *apc = body->first;
        body->first = apc->next;
        free(apc);
    }
    pthread_cond_destroy(&body->apc_came);
    free(body);
}

/* The guard is held. */
static struct thread_body *thread_body(void)
{
    if (own_body == NULL) {
        own_body = calloc(1, sizeof(*own_body));
        if (own_body == NULL) {
            panic("the test itself ran out of memory");
        }
        own_body->references = 1;
        pthread_cond_init(&own_body->apc_came, NULL);
    }
    return own_body;
}

/* What the system does last for a thread. */
static void thread_gone(void)
{
    own_value = NULL;
    guard_take();
    if (own_body != NULL) {
        own_body->ended = true;
        thread_body_let_go(own_body);
        own_body = NULL;
    }
    if (own_thread != NULL && own_thread->detached) {
        detached_running--;
        pthread_cond_broadcast(&some_thread_ended);
    }
    guard_give();
}

void os_posix_thread_ends(void)
{
    guard_take();
    void (*hook)(void) = on_thread_end;
    guard_give();
    if (hook != NULL) {
        hook();
    }
    thread_gone();
}

void os_posix_on_thread_end(void (*hook)(void))
{
    guard_take();
    on_thread_end = hook;
    guard_give();
}

void os_posix_thread_exit(void)
{
    os_posix_thread_ends();
    pthread_exit(NULL);
}

void os_posix_thread_terminate(void)
{
    thread_gone();
    pthread_exit(NULL);
}

static void *thread_main(void *parameter)
{
    own_thread = parameter;
    guard_take();
    while (own_thread->detached && hold_threads) {
        pthread_cond_wait(&threads_let_go, &guard);
    }
    guard_give();
    own_thread->run(own_thread->argument);
    os_posix_thread_ends();
    return NULL;
}

static struct os_posix_thread *thread_new(void (*run)(void *argument), void *argument, bool detached)
{
    struct os_posix_thread *thread = calloc(1, sizeof(*thread));
    if (thread == NULL) {
        panic("the test itself ran out of memory");
        return NULL;
    }
    *thread = (struct os_posix_thread){.run = run, .argument = argument, .detached = detached};
    guard_take();
    if (detached) {
        thread->next = detached_threads;
        detached_threads = thread;
        detached_running++;
    }
    if (pthread_create(&thread->thread, NULL, thread_main, thread) != 0) {
        panic("the test itself ran out of threads");
    }
    guard_give();
    return thread;
}

bool os_thread_start(void (*run)(void *argument), void *argument)
{
    require_no_lock();
    guard_take();
    bool fail = call_fails() || fail_threads;
    void (*hook)(void) = on_thread_start;
    guard_give();
    if (fail) {
        return false;
    }
    thread_new(run, argument, true);
    if (hook != NULL) {
        hook();
    }
    return true;
}

void os_posix_on_thread_start(void (*hook)(void))
{
    guard_take();
    on_thread_start = hook;
    guard_give();
}

void os_posix_fail_threads(bool fail)
{
    guard_take();
    fail_threads = fail;
    guard_give();
}

void os_posix_hold_threads(bool hold)
{
    guard_take();
    hold_threads = hold;
    pthread_cond_broadcast(&threads_let_go);
    guard_give();
}

size_t os_posix_threads(void)
{
    guard_take();
    size_t running = detached_running;
    guard_give();
    return running;
}

bool os_posix_join_threads(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += JOIN_S;
    guard_take();
    int error = 0;
    while (detached_running > 0 && error != ETIMEDOUT) {
        error = pthread_cond_timedwait(&some_thread_ended, &guard, &until);
    }
    bool ended = detached_running == 0;
    struct os_posix_thread *thread = ended ? detached_threads : NULL;
    if (ended) {
        detached_threads = NULL;
    }
    guard_give();
    while (thread != NULL) {
        struct os_posix_thread *next = thread->next;
        os_posix_thread_join(thread);
        thread = next;
    }
    return ended;
}

struct os_posix_thread *os_posix_thread_start(void (*run)(void *argument), void *argument)
{
    return thread_new(run, argument, false);
}

void os_posix_thread_join(struct os_posix_thread *thread)
{
    pthread_join(thread->thread, NULL);
    free(thread);
}

uint32_t os_thread_id(void)
{
    return (uint32_t)(uintptr_t)&self;
}

void *os_thread_value(void)
{
    return own_value;
}

bool os_thread_value_set(void *value)
{
    guard_take();
    bool fail = value != NULL && call_fails();
    guard_give();
    if (!fail) {
        own_value = value;
    }
    return !fail;
}

bool os_load(void)
{
    return true;
}

void os_unload(void)
{
}

/* ---- User APCs ---- */

/* The guard is held. */
static void apc_append(struct thread_body *body, void (*run)(uintptr_t argument), uintptr_t argument)
{
    struct apc *apc = calloc(1, sizeof(*apc));
    if (apc == NULL) {
        panic("the test itself ran out of memory");
        return;
    }
    *apc = (struct apc){.run = run, .argument = argument};
    if (body->first == NULL) {
        body->first = apc;
    } else {
        body->last->next = apc;
    }
    body->last = apc;
    pthread_cond_signal(&body->apc_came);
}

size_t os_posix_alertable_wait(unsigned int wait_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= (long)NS_PER_S) {
        until.tv_sec++;
        until.tv_nsec -= (long)NS_PER_S;
    }
    size_t ran = 0;
    guard_take();
    struct thread_body *body = thread_body();
    int error = wait_ms == 0 ? ETIMEDOUT : 0;
    while (body->first == NULL && error != ETIMEDOUT) {
        error = pthread_cond_timedwait(&body->apc_came, &guard, &until);
    }
    while (body->first != NULL) {
        struct apc apc = *body->first;
        free(body->first);
        body->first = apc.next;
        guard_give();
        apc.run(apc.argument);
        ran++;
        guard_take();
    }
    guard_give();
    return ran;
}

size_t os_posix_apcs_queued(void)
{
    guard_take();
    size_t count = apcs_queued;
    guard_give();
    return count;
}

void os_posix_fail_apcs(bool fail)
{
    guard_take();
    fail_apcs = fail;
    guard_give();
}

/* ---- The module ---- */

static size_t module_references;

bool os_module_keep(void)
{
    require_no_lock();
    guard_take();
    bool kept = !call_fails();
    module_references += kept;
    guard_give();
    return kept;
}

void os_module_release(void)
{
    require_no_lock();
    guard_take();
    if (module_references == 0) {
        panic("the module is released more often than kept");
    }
    module_references--;
    guard_give();
}

static void release_in_apc(uintptr_t nothing)
{
    (void)nothing;
    os_module_release();
}

void os_module_release_after_apc(void)
{
    guard_take();
    apc_append(thread_body(), release_in_apc, 0);
    guard_give();
}

size_t os_posix_module_references(void)
{
    guard_take();
    size_t count = module_references;
    guard_give();
    return count;
}

/* ---- Memory that cannot be written to ---- */

static uint8_t *unwritable;

void *os_posix_unwritable(void)
{
    guard_take();
    if (unwritable == NULL) {
        void *mapping = mmap(NULL, UNWRITABLE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapping == MAP_FAILED) {
            panic("the test itself ran out of memory");
        }
        unwritable = mapping;
    }
    guard_give();
    return unwritable;
}

bool os_is_writable(void *memory, size_t size_bytes)
{
    guard_take();
    uintptr_t from = (uintptr_t)memory;
    uintptr_t hole = (uintptr_t)unwritable;
    bool writable = hole == 0 || from + size_bytes <= hole || from >= hole + UNWRITABLE_BYTES;
    guard_give();
    return writable;
}

/* ---- Random numbers ---- */

static uint64_t random_state = 1;
static uint32_t random_next;
static bool random_next_is_set;

uint32_t os_random(void)
{
    guard_take();
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint32_t value = random_next_is_set ? random_next : (uint32_t)(random_state >> 32);
    random_next_is_set = false;
    guard_give();
    return value;
}

void os_posix_set_random(uint32_t value)
{
    guard_take();
    random_next = value;
    random_next_is_set = true;
    guard_give();
}

/* ---- Handles ---- */

enum object_kind { FOREIGN, SEMAPHORE, EVENT, THREAD };

/* What event handles refer to. */
struct event_body {
    size_t references; /* handles */
    bool set;
    size_t sets;
    size_t resets;
};

/* What is behind the handle value 4 * (index + 1). */
struct object {
    bool open;
    enum object_kind kind;
    uint32_t mark;
    union {
        struct event_body *event;
        struct thread_body *thread;
    } body;
};

static struct object objects[HANDLES_MAX];
static size_t objects_used; /* those from here on have never been open */
static size_t closed[HANDLES_MAX];
static size_t closed_count;
static size_t open_count;
static bool fail_tokens;
static bool keep_values;
static void (*on_identify)(os_handle handle);
static void (*on_event_set)(void);

/* The object's body has a reference for it. The guard is held. */
static os_handle object_open(struct object object)
{
    size_t index = closed_count > 0 && !keep_values ? closed[--closed_count] : objects_used++;
    if (index >= HANDLES_MAX) {
        panic("the test itself ran out of handles");
    }
    object.open = true;
    objects[index] = object;
    open_count++;
    return (os_handle)(index + 1) * 4;
}

static os_handle object_open_guarded(struct object object)
{
    guard_take();
    os_handle handle = object_open(object);
    guard_give();
    return handle;
}

/* What is open behind a value, NULL if nothing is. The guard is held. */
static struct object *object_of(os_handle handle)
{
    if (handle == 0 || handle % 4 != 0 || handle / 4 > objects_used) {
        return NULL;
    }
    struct object *object = &objects[handle / 4 - 1];
    return object->open ? object : NULL;
}

/* The guard is held. */
static os_handle object_duplicate(const struct object *object)
{
    if (object->kind == EVENT) {
        object->body.event->references++;
    } else if (object->kind == THREAD) {
        object->body.thread->references++;
    }
    return object_open(*object);
}

/* The guard is held. */
static void body_let_go(struct object *object)
{
    if (object->kind == EVENT && --object->body.event->references == 0) {
        free(object->body.event);
    } else if (object->kind == THREAD) {
        thread_body_let_go(object->body.thread);
    }
}

static void object_close(os_handle handle, bool foreign_too)
{
    guard_take();
    struct object *object = object_of(handle);
    if (object == NULL || (object->kind == FOREIGN && !foreign_too)) {
        panic("a handle is closed that is not open, or not the closer's");
        return;
    }
    body_let_go(object);
    object->open = false;
    closed[closed_count++] = handle / 4 - 1;
    open_count--;
    guard_give();
}

void os_handle_close(os_handle handle)
{
    object_close(handle, false);
}

void os_posix_close(os_handle handle)
{
    object_close(handle, true);
}

os_handle os_posix_duplicate(os_handle handle)
{
    guard_take();
    const struct object *object = object_of(handle);
    if (object == NULL) {
        panic("a handle is duplicated that is not open");
        return 0;
    }
    os_handle duplicate = object_duplicate(object);
    guard_give();
    return duplicate;
}

os_handle os_posix_open_foreign(void)
{
    return object_open_guarded((struct object){.kind = FOREIGN});
}

size_t os_posix_handles(void)
{
    guard_take();
    size_t count = open_count;
    guard_give();
    return count;
}

/* ---- Tokens ---- */

os_handle os_token_open(uint32_t mark)
{
    if (mark == 0 || mark > INT32_MAX) {
        panic("a token's mark is out of range");
    }
    guard_take();
    bool fail = fail_tokens;
    os_handle handle = fail ? 0 : object_open((struct object){.kind = SEMAPHORE, .mark = mark});
    guard_give();
    return handle;
}

enum os_token os_token_identify(os_handle handle, uint32_t mark)
{
    guard_take();
    const struct object *object = object_of(handle);
    enum os_token token = OS_TOKEN_NONE;
    if (object != NULL) {
        token = object->kind == SEMAPHORE && object->mark == mark ? OS_TOKEN_OURS : OS_TOKEN_FOREIGN;
    }
    void (*hook)(os_handle) = on_identify;
    guard_give();
    if (hook != NULL) {
        hook(handle);
    }
    return token;
}

os_handle os_posix_open_semaphore(uint32_t maximum)
{
    return object_open_guarded((struct object){.kind = SEMAPHORE, .mark = maximum});
}

void os_posix_fail_tokens(bool fail)
{
    guard_take();
    fail_tokens = fail;
    guard_give();
}

void os_posix_reuse_tokens(bool reuse)
{
    guard_take();
    keep_values = !reuse;
    guard_give();
}

void os_posix_on_identify(void (*hook)(os_handle handle))
{
    guard_take();
    on_identify = hook;
    guard_give();
}

/* ---- Events ---- */

/* The event behind a handle of the test or the engine. The guard is held. */
static struct event_body *event_of(os_handle handle)
{
    const struct object *object = object_of(handle);
    if (object == NULL || object->kind != EVENT) {
        panic("a handle is used that is none of an event");
        return NULL;
    }
    return object->body.event;
}

uint32_t os_event_adopt(os_handle event, os_handle *adopted)
{
    guard_take();
    const struct object *object = object_of(event);
    uint32_t error = 0;
    if (call_fails()) {
        error = 8; /* ERROR_NOT_ENOUGH_MEMORY */
    } else if (object == NULL || object->kind != EVENT) {
        error = 6; /* ERROR_INVALID_HANDLE */
    } else {
        *adopted = object_duplicate(object);
        object->body.event->set = false;
        object->body.event->resets++;
    }
    guard_give();
    return error;
}

void os_event_set(os_handle event)
{
    guard_take();
    void (*hook)(void) = on_event_set;
    guard_give();
    if (hook != NULL) {
        hook();
    }
    guard_take();
    struct event_body *body = event_of(event);
    body->set = true;
    body->sets++;
    guard_give();
}

os_handle os_posix_open_event(bool set)
{
    struct event_body *body = calloc(1, sizeof(*body));
    if (body == NULL) {
        panic("the test itself ran out of memory");
        return 0;
    }
    body->references = 1;
    body->set = set;
    return object_open_guarded((struct object){.kind = EVENT, .body.event = body});
}

bool os_posix_event_is_set(os_handle event)
{
    guard_take();
    bool is_set = event_of(event)->set;
    guard_give();
    return is_set;
}

size_t os_posix_event_sets(os_handle event)
{
    guard_take();
    size_t count = event_of(event)->sets;
    guard_give();
    return count;
}

size_t os_posix_event_handles(os_handle event)
{
    guard_take();
    size_t count = event_of(event)->references;
    guard_give();
    return count;
}

void os_posix_on_event_set(void (*hook)(void))
{
    guard_take();
    on_event_set = hook;
    guard_give();
}

/* ---- Handles of threads ---- */

os_handle os_thread_open(void)
{
    guard_take();
    os_handle handle = 0;
    if (!call_fails()) {
        struct thread_body *body = thread_body();
        body->references++;
        handle = object_open((struct object){.kind = THREAD, .body.thread = body});
    }
    guard_give();
    return handle;
}

/* The thread behind a handle. The guard is held. */
static struct thread_body *thread_of(os_handle handle)
{
    const struct object *object = object_of(handle);
    if (object == NULL || object->kind != THREAD) {
        panic("a handle is used that is none of a thread");
        return NULL;
    }
    return object->body.thread;
}

bool os_thread_has_ended(os_handle thread)
{
    guard_take();
    bool ended = thread_of(thread)->ended;
    guard_give();
    return ended;
}

bool os_apc_queue(os_handle thread, void(OS_CALLBACK *run)(uintptr_t argument), uintptr_t argument)
{
    guard_take();
    void (*hook)(void) = on_apc_queue;
    guard_give();
    if (hook != NULL) {
        hook();
    }
    guard_take();
    struct thread_body *body = thread_of(thread);
    bool queued = !fail_apcs && !body->ended;
    if (queued) {
        apc_append(body, run, argument);
        apcs_queued++;
    }
    guard_give();
    return queued;
}

void os_posix_on_apc_queue(void (*hook)(void))
{
    guard_take();
    on_apc_queue = hook;
    guard_give();
}

/* ---- Environment and output ---- */

static char printed[PRINTED_BYTES_MAX + 1];
static size_t printed_bytes;

bool os_environment_is(const char *name, const char *value)
{
    const char *actual = getenv(name);
    return actual != NULL && strcmp(actual, value) == 0;
}

void os_posix_set_environment(const char *name, const char *value)
{
    setenv(name, value, 1);
}

void os_print_error(const char *text, size_t length_bytes)
{
    guard_take();
    size_t room = PRINTED_BYTES_MAX - printed_bytes;
    size_t kept = length_bytes < room ? length_bytes : room;
    memcpy(printed + printed_bytes, text, kept);
    printed_bytes += kept;
    printed[printed_bytes] = '\0';
    guard_give();
}

const char *os_posix_printed(void)
{
    return printed;
}

void os_posix_reset(void)
{
    os_posix_thread_ends();
    guard_take();
    allocations_until_failure = 0;
    allocation_has_failed = false;
    calls_until_failure = 0;
    call_has_failed = false;
    fail_threads = false;
    hold_threads = false;
    fail_apcs = false;
    apcs_queued = 0;
    on_apc_queue = NULL;
    on_thread_start = NULL;
    on_thread_end = NULL;
    on_lock = NULL;
    stopped_at_ns = 0;
    random_next_is_set = false;
    for (size_t index = 0; index < objects_used; index++) {
        if (objects[index].open) {
            body_let_go(&objects[index]);
        }
    }
    memset(objects, 0, objects_used * sizeof(objects[0]));
    objects_used = 0;
    closed_count = 0;
    open_count = 0;
    fail_tokens = false;
    keep_values = false;
    on_identify = NULL;
    on_event_set = NULL;
    module_references = 0;
    printed_bytes = 0;
    printed[0] = '\0';
    guard_give();
}
