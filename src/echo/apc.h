/*
 * Routines (APCs): each is called on the thread that made the request, once that waits alertably.
 *
 * For each thread that has ever asked for a routine there is a record with the requests whose routines it has
 * yet to run. However many those are, one APC is queued to the thread, which then runs them all in order: an
 * APC costs a call of wineserver under Wine.
 *
 * A routine may send the next request, wait alertably itself (the others that are ready then run inside that
 * wait), close the handle, or end its thread.
 */
#ifndef OPENICMP_ECHO_APC_H
#define OPENICMP_ECHO_APC_H

#include "echo/request.h"

/* The calling thread is to run one routine more; until then the DLL stays loaded. NULL without memory. */
struct apc_thread *apc_thread_expect(void);
/* One less, on the same thread. */
void apc_thread_unexpect(struct apc_thread *thread);

/* Whether the thread has not ended yet. Asks the system. The lock is not held. */
bool apc_thread_lives(struct apc_thread *thread);

/* Hands requests, whose reply buffers are written, to their threads. Those of threads that have ended are
 * recycled. The lock is not held. */
void apc_deliver(struct request_list *requests);

/* The calling thread ends; called from DllMain. */
void apc_thread_ends(void);

/* Frees what belongs to threads that were terminated without a word. Costs a system call for each thread that
 * has routines left to run. */
void apc_reclaim(void);

/* The DLL is being unloaded: frees all records. */
void apc_abandon(void);

#endif
