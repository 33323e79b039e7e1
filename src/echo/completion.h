/*
 * How a program hears of the outcome of an asynchronous request: the reply buffer is written, and then its
 * event is set or its routine queued, once.
 */
#ifndef OPENICMP_ECHO_COMPLETION_H
#define OPENICMP_ECHO_COMPLETION_H

#include "echo/request.h"

/* Gets ready to tell the program in the way of `wanted`, whose event is the program's own handle and whose
 * thread is the calling one: makes an event unsignalled and takes a handle of our own to it, or counts the
 * thread as one that expects a routine. 0 or a Win32 error. The lock is not held. */
uint32_t notification_open(struct notification *notification, const struct notification *wanted);
/* Takes that back, for a request that was refused after all. */
void notification_close(struct notification *notification);

/* Tells the programs whose asynchronous requests are in the list, in this order, and recycles those requests.
 * The lock is not held. For the worker only. */
void completion_tell(struct request_list *completed);

#endif
