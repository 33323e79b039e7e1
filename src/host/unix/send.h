/*
 * Sends messages from the sockets of a network.
 */
#ifndef OPENICMP_HOST_UNIX_SEND_H
#define OPENICMP_HOST_UNIX_SEND_H

#include "host/unix/network.h"
#include "transport/send_failure.h"

/* transport_operations.send. `receiver`, if it is not NULL, is that of the calling thread, and the message has its
 * identifier if it has one of its own: then the message is sent from its sockets. */
enum send_failure send_message(struct network *network, struct receiver *receiver,
                               const struct host_message *message);

/* Which family a message goes to (V4 or V6), and under which identifier. */
int send_family(const struct host_message *message);
uint16_t send_identifier(const struct host_message *message);

#endif
