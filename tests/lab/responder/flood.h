/*
 * A flood of ICMP packets that nobody has asked for.
 */
#ifndef OPENICMP_LAB_RESPONDER_FLOOD_H
#define OPENICMP_LAB_RESPONDER_FLOOD_H

#include "settings.h"

/* Sends settings->count packets to settings->to_be from now on, in place of what is left of the flood
 * before. */
void flood_start(const struct settings *settings);

/* Sends some of what is due. */
void flood_run(void);

/* When the next packet is due; UINT64_MAX when the flood is over. */
uint64_t flood_next_ns(void);

#endif
