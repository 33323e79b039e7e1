/*
 * The ways by which the responder's packets reach the network. It must not know what is in them.
 *
 * The responder lives in the namespace of the last router, but its sockets may lie in others: a socket stays
 * in the namespace in which it was made.
 */
#ifndef OPENICMP_LAB_RESPONDER_NETWORK_H
#define OPENICMP_LAB_RESPONDER_NETWORK_H

#include "wire/ip_address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum way {
    BY_TUN, /* out of the TUN device, through both routers */
    BY_SERVER, /* through a raw socket of the server; that of IPv4 makes total length and header checksum right */
    BY_LAN, /* in a frame on the client's LAN, with nothing between that would look at it */
    WAYS
};

/* How the ways are called in commands. */
extern const char *const way_names[WAYS];

/* Opens the TUN device, which exists. `packets` says of which family those will be that are sent. Ends the program when it
 * fails, as do the next two, which come after it. */
void network_open_tun(enum ip_family packets, const char *interface);
/* Opens a raw socket in the namespace that the file `netns` stands for. */
void network_open_server(const char *netns);
/* Opens a packet socket at an interface in another namespace, for frames to the link-layer address `client`
 * ("02:00:...") */
void network_open_lan(const char *netns, const char *interface, const char *client);

/* What poll waits for: packets that come in through the TUN device. */
int network_descriptor(void);
/* The next packet, or 0 when there is none. */
size_t network_receive(uint8_t *packet, size_t capacity_bytes);

/* Sends a packet, which may be nonsense. False when the kernel would not have it. */
bool network_send(enum way way, const uint8_t *packet, size_t packet_bytes);

#endif
