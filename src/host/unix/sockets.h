/*
 * Opens the sockets of the host transport, with everything set on them that stays.
 *
 * What a system refuses to set is left out, unless it is vital: without it, less works. All sockets are closed by exec.
 */
#ifndef OPENICMP_HOST_UNIX_SOCKETS_H
#define OPENICMP_HOST_UNIX_SOCKETS_H

#include "host/unix/filter.h"

#include <stdbool.h>
#include <stdint.h>

/* A raw socket to send from, which receives nothing. -1 and errno without privilege, or without the family. */
int sockets_open_raw_sender(enum ip_family family, bool dont_fragment, bool broadcast);

/* A raw socket to receive from, which takes in what the filter passes. -1 and errno. */
int sockets_open_raw_receiver(enum ip_family family, const struct filter *filter);
/* Gives it another filter, at once: nothing is lost that both of them pass. */
void sockets_set_filter(int handle, const struct filter *filter);

/* A ping socket that sends echo requests with this identifier, and receives what answers them, ICMP errors by its
 * error queue. The two families share their identifiers: the second socket for an identifier has to be told of the first,
 * `beside`, which is -1 otherwise. -1 when somebody has the identifier already, or without handles. */
int sockets_open_ping(enum ip_family family, uint16_t identifier, int beside);

/* A ping socket without an identifier, to see whether there may be any. */
int sockets_try_ping(enum ip_family family);

#endif
