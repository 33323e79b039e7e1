/*
 * The kinds of work that the Windows program does. Each takes its arguments as NAME=VALUE, sets its marks,
 * and reports.
 */
#ifndef OPENICMP_BENCH_WINDOWS_WORK_H
#define OPENICMP_BENCH_WINDOWS_WORK_H

/* IcmpSendEcho on threads= threads, one handle for all of them. */
void work_synchronous(char **arguments);

/* IcmpSendEcho2, window= requests outstanding at a time, told of by: */
void work_events(char **arguments);       /* an event each */
void work_shared_event(char **arguments); /* one event for all of them */
void work_routines(char **arguments);     /* routines (APCs) */

/* requests= requests outstanding at once to hosts that do not answer, until all have timed out. */
void work_silent(char **arguments);

/* A handle open, and nothing outstanding. */
void work_idle(char **arguments);

#endif
