/*
 * os/os.h on POSIX threads, for the native tests.
 *
 * One mutex guards everything here. It is never held while other code runs, so locks, conditions and clock agree with
 * each other, and the thread sanitizer sees who waits for whom.
 */
#define _POSIX_C_SOURCE 200809L

#include "unit/support/os_posix.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S          UINT64_C(1000000000)
#define JOIN_S            10
#define TOKENS_MAX        65536
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

static void lock_take(struct os_lock *lock)
{
    if (lock->state == &self) {
        panic("a thread takes a lock that it holds");
    }
    while (lock->state != NULL) {
        pthread_cond_wait(&some_lock_released, &guard);
    }
    lock->state = &self;
}

static void lock_give(struct os_lock *lock)
{
    if (lock->state != &self) {
        panic("a thread releases a lock that it does not hold");
    }
    lock->state = NULL;
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

static struct waiter *waiters; /* the oldest last */

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
    struct waiter *oldest = NULL;
    for (struct waiter *waiter = waiters; waiter != NULL; waiter = waiter->next) {
        if (waiter->condition == condition && !waiter->over) {
            oldest = waiter;
        }
    }
    if (oldest != NULL) {
        oldest->over = true;
        pthread_cond_signal(&oldest->woken);
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
    os_condition_wake(&gate->opened); /* the next one */
    os_lock_release(&gate->lock);
}

void gate_open(struct gate *gate)
{
    os_lock_acquire(&gate->lock);
    gate->open = true;
    os_condition_wake(&gate->opened);
    os_lock_release(&gate->lock);
}

size_t gate_waiting(struct gate *gate)
{
    os_lock_acquire(&gate->lock);
    size_t waiting = gate->waiting;
    os_lock_release(&gate->lock);
    return waiting;
}

/* ---- Memory ---- */

static size_t allocations;
static size_t allocations_until_failure; /* 0: none will fail */
static bool allocation_has_failed;

void *os_alloc(size_t size_bytes)
{
    guard_take();
    bool fail = allocations_until_failure == 1;
    if (allocations_until_failure > 0) {
        allocations_until_failure--;
    }
    void *memory = fail ? NULL : calloc(1, size_bytes);
    if (fail) {
        allocation_has_failed = true;
    } else if (memory == NULL) {
        panic("the test itself ran out of memory");
    } else {
        allocations++;
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

/* ---- Threads ---- */

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

static void *thread_main(void *parameter)
{
    struct os_posix_thread *thread = parameter;
    thread->run(thread->argument);
    guard_take();
    if (thread->detached) {
        detached_running--;
        pthread_cond_broadcast(&some_thread_ended);
    }
    guard_give();
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
    guard_take();
    bool fail = fail_threads;
    guard_give();
    if (fail) {
        return false;
    }
    thread_new(run, argument, true);
    return true;
}

void os_posix_fail_threads(bool fail)
{
    guard_take();
    fail_threads = fail;
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

/* ---- Tokens ---- */

/* The object behind the handle value 4 * (index + 1). */
struct object {
    bool open;
    bool foreign;
    uint32_t mark;
};

static struct object objects[TOKENS_MAX];
static size_t objects_used; /* those from here on have never been open */
static size_t closed[TOKENS_MAX];
static size_t closed_count;
static size_t open_count;
static bool fail_tokens;
static bool keep_values;
static void (*on_identify)(os_handle handle);

static os_handle object_open(struct object object)
{
    guard_take();
    size_t index = closed_count > 0 && !keep_values ? closed[--closed_count] : objects_used++;
    if (index >= TOKENS_MAX) {
        panic("the test itself ran out of handles");
    }
    object.open = true;
    objects[index] = object;
    open_count++;
    guard_give();
    return (os_handle)(index + 1) * 4;
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

os_handle os_token_open(uint32_t mark)
{
    if (mark == 0 || mark > INT32_MAX) {
        panic("a token's mark is out of range");
    }
    guard_take();
    bool fail = fail_tokens;
    guard_give();
    return fail ? 0 : object_open((struct object){.mark = mark});
}

enum os_token os_token_identify(os_handle handle, uint32_t mark)
{
    guard_take();
    const struct object *object = object_of(handle);
    enum os_token token = OS_TOKEN_NONE;
    if (object != NULL) {
        token = !object->foreign && object->mark == mark ? OS_TOKEN_OURS : OS_TOKEN_FOREIGN;
    }
    void (*hook)(os_handle) = on_identify;
    guard_give();
    if (hook != NULL) {
        hook(handle);
    }
    return token;
}

static void object_close(os_handle handle, bool foreign_too)
{
    guard_take();
    struct object *object = object_of(handle);
    if (object == NULL || (object->foreign && !foreign_too)) {
        panic("a handle is closed that is no open token");
        return;
    }
    object->open = false;
    closed[closed_count++] = handle / 4 - 1;
    open_count--;
    guard_give();
}

void os_token_close(os_handle handle)
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
    struct object copy = *object;
    guard_give();
    return object_open(copy);
}

os_handle os_posix_open_foreign(void)
{
    return object_open((struct object){.foreign = true});
}

os_handle os_posix_open_semaphore(uint32_t maximum)
{
    return object_open((struct object){.mark = maximum});
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

size_t os_posix_handles(void)
{
    guard_take();
    size_t count = open_count;
    guard_give();
    return count;
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
    guard_take();
    allocations_until_failure = 0;
    allocation_has_failed = false;
    fail_threads = false;
    on_lock = NULL;
    stopped_at_ns = 0;
    random_next_is_set = false;
    memset(objects, 0, sizeof(objects));
    objects_used = 0;
    closed_count = 0;
    open_count = 0;
    fail_tokens = false;
    keep_values = false;
    on_identify = NULL;
    printed_bytes = 0;
    printed[0] = '\0';
    guard_give();
}
