/*
 * Sections of code in which the calling thread cannot be terminated.
 *
 * TerminateThread ends a thread by a signal, wherever it is (SIGQUIT in Wine 8.0 and 10.0). If it had a lock, nobody else
 * would get it any more; malloc has locks, too. So memory is allocated and locks are held with signals held back only, for
 * a few system calls that do not wait.
 */
#ifndef OPENICMP_HOST_UNIX_CRITICAL_H
#define OPENICMP_HOST_UNIX_CRITICAL_H

#include <pthread.h>
#include <signal.h>

struct critical {
    sigset_t before;
};

static inline struct critical critical_begin(void)
{
    struct critical section;
    sigset_t held_back;
    sigfillset(&held_back);
    /* Faults of the thread itself cannot wait. */
    sigdelset(&held_back, SIGSEGV);
    sigdelset(&held_back, SIGBUS);
    sigdelset(&held_back, SIGFPE);
    sigdelset(&held_back, SIGILL);
    sigdelset(&held_back, SIGTRAP);
    pthread_sigmask(SIG_BLOCK, &held_back, &section.before);
    return section;
}

static inline void critical_end(const struct critical *section)
{
    pthread_sigmask(SIG_SETMASK, &section->before, NULL);
}

/* The same, with a lock. */
static inline struct critical critical_enter(pthread_mutex_t *lock)
{
    struct critical section = critical_begin();
    pthread_mutex_lock(lock);
    return section;
}

static inline void critical_leave(const struct critical *section, pthread_mutex_t *lock)
{
    pthread_mutex_unlock(lock);
    critical_end(section);
}

#endif
