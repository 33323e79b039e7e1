/*
 * Another host, played by the test on raw sockets: it sees the echo requests on the loopback network as they
 * are on the wire, and answers those to SILENT, to which the system does not answer, in whatever way.
 *
 * Other test programs may be running on the same network. So a test marks its requests by a tag at the start
 * of their data, and the peer sees those only.
 *
 * Nothing here asserts but where it says so, for a peer runs on a thread of its own.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_PEER_H
#define OPENICMP_TESTS_WIN_SUPPORT_PEER_H

#include <stdbool.h>
#include <winsock2.h>
#include <windows.h>

#define PEER_TAG_BYTES 16

/* What the test's requests begin with. */
struct peer_tag {
    BYTE bytes[PEER_TAG_BYTES];
};

/* A tag that no other test program has. */
struct peer_tag peer_tag_new(void);

/* An echo request as it was on the wire. */
struct seen_request {
    BYTE packet[2048];
    size_t packet_bytes;
    DWORD source_be;
    DWORD destination_be;
    BYTE ttl;
    BYTE tos;
    bool dont_fragment;
    const BYTE *options; /* in the IPv4 header */
    size_t options_bytes;
    const BYTE *icmp; /* from the type octet on; in `packet` */
    size_t icmp_bytes;
};

/* A socket that sees every echo request on the network from now on. Asserts. */
SOCKET sniffer_open(void);
/* Waits for the next request with the tag. False when there was none in time. */
bool sniffer_next(SOCKET sniffer, const struct peer_tag *tag, DWORD timeout_ms, struct seen_request *seen);

struct peer;

/* What a peer does with a request to SILENT, on the peer's thread. */
typedef void (*peer_behaviour)(struct peer *peer, const struct seen_request *seen);

struct peer {
    struct peer_tag tag;
    peer_behaviour behave;
    void *context; /* the behaviour's own */
    SOCKET sniffer;
    SOCKET voice;        /* bound to the peer's address; set its IP options as you like */
    volatile LONG count; /* requests seen */
    volatile LONG stopping;
    HANDLE thread;
};

/* Starts a peer with the address `address_be`, of 127.0.0.0/8. Asserts. */
void peer_start(struct peer *peer, DWORD address_be, struct peer_tag tag, peer_behaviour behave,
                void *context);
void peer_stop(struct peer *peer);

/* Answers with an echo reply that carries `data`. */
void peer_reply(struct peer *peer, const struct seen_request *seen, const void *data, size_t data_bytes);
/* Answers with an echo reply as it should be. */
void peer_echo(struct peer *peer, const struct seen_request *seen);
/* Answers with an ICMP error that quotes the request's headers and 8 bytes, as routers do. */
void peer_error(struct peer *peer, const struct seen_request *seen, BYTE type, BYTE code);
/* Sends a message to where the request came from. The checksum is filled in. */
void peer_send(struct peer *peer, const struct seen_request *seen, BYTE *message, size_t message_bytes);

#endif
