/*
 * Ctrl-C, as a thing that a program's loop asks about, and which ends its wait.
 */
#ifndef SAMPLES_STOP_H
#define SAMPLES_STOP_H

#include <stdbool.h>
#include <stdint.h>

/* From now on Ctrl-C, Ctrl-Break and the closing of the console do not end the process at once but ask this
 * thread to stop. A second Ctrl-C ends it. */
void stop_on_control(void);

bool stop_is_asked(void);

/* Waits alertably until then, a time of GetTickCount64, UINT64_MAX for no end, or until a routine has run on this
 * thread; that of stop_on_control is one. */
void wait_alertably_until(uint64_t time_ms);

#endif
