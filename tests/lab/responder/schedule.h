/*
 * Packets that are to be sent later. It must not know what is in them.
 */
#ifndef OPENICMP_LAB_RESPONDER_SCHEDULE_H
#define OPENICMP_LAB_RESPONDER_SCHEDULE_H

#include "network.h"

#define NS_PER_MS UINT64_C(1000000)

/* A clock that only goes forward. */
uint64_t clock_now_ns(void);

/* Sends a packet `delay_ns` from now; 0: at once. Packets that are due at the same time go in the order of
 * the calls. */
void schedule_send(enum way way, const uint8_t *packet, size_t packet_bytes, uint64_t delay_ns);

/* Sends what is due. */
void schedule_run(void);

/* When the next packet is due; UINT64_MAX when there is none. */
uint64_t schedule_next_ns(void);

/* How many packets the kernel has taken, and how many it would not have. */
extern uint64_t schedule_sent, schedule_refused;

#endif
