/*
 * What a process uses. Nothing here asserts, so that programs without cmocka may ask as well.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_USAGE_H
#define OPENICMP_TESTS_WIN_SUPPORT_USAGE_H

#include <stdbool.h>
#include <winsock2.h>
#include <windows.h>

/* How many threads this process has. */
DWORD threads_running(void);
/* Waits until it has no more than `count` threads. False when that takes longer than `timeout_ms`. */
bool threads_fall_to(DWORD count, DWORD timeout_ms);

/* How many handles this process has open. */
DWORD handles_open(void);
/* Waits until it has no more than `count` open. False when that takes longer than `timeout_ms`. */
bool handles_fall_to(DWORD count, DWORD timeout_ms);

/* How much of the process heap is in use: exact, but for what other threads allocate meanwhile. */
size_t heap_bytes(void);
/* The memory that this process has to itself and may write to, in whole pages: heaps, stacks, and so on. (Wine reports
 * no PrivateUsage.) */
size_t private_bytes(void);

/* The processor time that this process has used, in ms. */
double processor_ms(void);

#endif
