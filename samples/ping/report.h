/*
 * What ping prints about requests and replies, word for word as on Windows, except for errors that only
 * IPv6 knows and for what --precise and --graph add, and the statistics it sums up. Every function may be called from any thread; what they print
 * comes out at once, also into a pipe.
 */
#ifndef PING_REPORT_H
#define PING_REPORT_H

#include "options.h"

#include <winsock2.h>
#include <windows.h>
#include <ipexport.h>

#include <stdint.h>

/* The target whose name stands above the statistics, and how the times are to be shown. To be called first. */
void report_start(const char *target, const struct ping_options *options);

void report_sent(void);

/* An answer: an echo reply, which is compared with the data that was sent, or an ICMP error. time_ns: how long
 * it took, finer than the reply has it. */
void report_reply(const ICMP_ECHO_REPLY *reply, uint64_t time_ns, const BYTE *sent, size_t sent_bytes);
/* The same for IPv6. The data follows the structure, as much as was sent. */
void report_reply6(const ICMPV6_ECHO_REPLY *reply, uint64_t time_ns, const BYTE *sent, size_t sent_bytes);

/* No answer: error is what GetLastError() gave, an IP_STATUS or a Windows error. */
void report_failure(DWORD error);

void report_statistics(const char *last_line);

/* Prints the statistics, nothing after them, and ends the process: 0 if an echo reply came, otherwise 1. */
_Noreturn void report_and_exit(const char *last_line);

#endif
