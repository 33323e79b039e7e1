/*
 * The names of addresses, looked up in the background, so that nobody waits for the resolver.
 *
 * For one thread, to which answers come while it waits alertably.
 */
#ifndef TRACERT_NAMES_H
#define TRACERT_NAMES_H

#include "../common/address.h"

#include <stdbool.h>
#include <stdint.h>

/* Starts to look up the name of an address, if that has not been done before. */
void names_ask(const union address *address);

/* The name, empty if it has none that is known. */
const char *names_get(const union address *address);

/* Until when names_get may be worth waiting for, in milliseconds of GetTickCount64: 0 if the answer is there,
 * or was never asked for; else a second after it was asked for. */
uint64_t names_wait_until_ms(const union address *address);

#endif
