/*
 * What the tests of the host transport's Unix half have in common: a network namespace of their own, in which it may
 * open what it likes, and calls as the other half makes them, through the table that Wine would take.
 *
 * Nothing leaves the machine: the namespace has a loopback interface only.
 */
#ifndef OPENICMP_TESTS_HOST_FIXTURE_H
#define OPENICMP_TESTS_HOST_FIXTURE_H

#include "host/protocol.h"
#include "transport/send_failure.h"
#include "transport/transport.h"

#include <stdbool.h>

#include <sys/resource.h>

/* What the other half has: a network and a receiver. If the environment variable HOST_RECEIVER is "own", the receiver has an
 * identifier of its own. */
struct host_fixture {
    uint64_t network;
    uint64_t receiver;
    uint16_t identifier; /* CLAIMED, or the receiver's own */
    struct host_family_state ipv4, ipv6;
    uint8_t *buffer;
    struct host_packet packets[HOST_BATCH_MAX];
    bool raw;
};

/* Group set-up: enters the namespace. Every test of the group is skipped, with the reason, where that cannot be done. */
int host_namespace_enter(void **state);

/* Runs the body of a test with a network and a receiver, opened by a program with privilege (raw sockets) or without (ping
 * sockets), or with each in turn. Afterwards no handle is left open. Skips the test where there is no namespace. */
void host_with(bool raw, void (*body)(struct host_fixture *host));
void host_in_each_mode(void (*body)(struct host_fixture *host));

/* The identifiers that are claimed at the start of a body, and one that is not. */
#define CLAIMED  0x4321
#define CLAIMED2 0x4322
#define FOREIGN  0x5678

/* For tests that open by themselves. Skips the test outside of a namespace. */
void host_needs_namespace(void);
/* Lets the calling thread open raw sockets and change the namespace, or not. Returns whether it could before. */
bool host_privileged(bool privileged);
/* Who may open ping sockets: everybody, or nobody. */
void host_ping_sockets_allowed(bool allowed);
/* Whether the namespace answers echo requests. Asserts. */
void host_answers(bool answers);
/* The MTU of the loopback interface. Asserts. */
void host_mtu(int mtu);
/* How many file descriptors this process has open, all or only those that exec does not close. */
size_t host_handles(void);
size_t host_handles_for_exec(void);
/* Lets this process open so many descriptors more and no others. Returns the limit of before, for host_set_handle_limit. */
rlim_t host_limit_handles(int more);
void host_set_handle_limit(rlim_t limit);

/* ---- Calls ---- */

void host_call(enum host_function function, void *parameters);
bool host_claim(struct host_fixture *host, uint16_t identifier);
/* One without an identifier of its own. Asserts. */
uint64_t host_receiver_open(struct host_fixture *host);
/* One with an identifier of its own. 0 when it is refused. */
uint64_t host_try_receiver_open(struct host_fixture *host, uint16_t identifier);
void host_wake(uint64_t receiver);

struct ip_address host_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
struct ip_address host_ipv6_loopback(void);
#define LOOPBACK host_ipv4(127, 0, 0, 1)

/* An echo request to `destination` with room for `data_bytes` of data. Plain data: change what you like. */
struct host_request {
    struct host_message message;
    uint8_t bytes[65536];
};
void host_request(struct host_request *request, struct ip_address destination, uint16_t identifier,
                  uint16_t sequence, size_t data_bytes);

enum send_failure host_send(struct host_fixture *host, struct host_request *request);

/* Receives with the fixture's receiver, for so many milliseconds at most. Returns how many packets there were. */
size_t host_receive(struct host_fixture *host, uint64_t timeout_ms);
/* Send and receive in one. */
size_t host_exchange(struct host_fixture *host, struct host_request *request, uint64_t timeout_ms,
                     enum send_failure *failure);

/* A received packet's ICMP message, whatever its form. */
const uint8_t *host_icmp(const struct host_fixture *host, const struct host_packet *packet,
                         size_t *length_bytes);
/* Whether it is the echo reply with this identifier and sequence. */
bool host_is_reply(const struct host_fixture *host, const struct host_packet *packet, uint16_t identifier,
                   uint16_t sequence);

/* ---- Forgeries ---- */

/* A raw socket to forge messages with, and to close with `close`. Asserts. */
int host_forger_open(uint8_t family);
/* Sends a whole ICMP message to the loopback address; fills in ICMPv4 checksums. */
void host_forge(int forger, uint8_t family, uint8_t *message, size_t length_bytes);
/* Sends an ICMP error about an echo request that was sent from the loopback address to itself. */
void host_forge_error(int forger, uint8_t family, uint8_t type, uint8_t code, uint16_t identifier,
                      uint16_t sequence);

#endif
