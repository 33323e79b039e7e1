/*
 * From what recvmmsg tells of a packet to what the other half wants to know.
 */
#ifndef OPENICMP_HOST_UNIX_PACKET_H
#define OPENICMP_HOST_UNIX_PACKET_H

#include "host/protocol.h"

#include <stdbool.h>
#include <sys/socket.h>

/* Fills in everything but the offset; `form` is an enum transport_form, `now_ns` the time of the clock that time stamps
 * are of. False when it is nothing to pass on: an error that the kernel has found here, which whoever sent the message
 * has been told. */
bool packet_describe(struct host_packet *packet, uint8_t form, const struct mmsghdr *received,
                     int64_t now_ns);

#endif
