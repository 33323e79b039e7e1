/*
 * Sends echo replies, echo requests and errors from hosts behind the TUN device.
 */
#include "flood.h"

#include "packet.h"
#include "schedule.h"
#include "wire/bytes.h"

#include <stdlib.h>
#include <string.h>

/* How many packets go out before the responder looks after its other business. */
#define BURST      64

#define DATA_BYTES 32

/* The messages that it is made of. */
struct types {
    uint8_t request, reply, unreachable;
};

static const struct types ipv4_types = {ICMPV4_TYPE_ECHO_REQUEST, ICMPV4_TYPE_ECHO_REPLY,
                                        ICMPV4_TYPE_DESTINATION_UNREACHABLE};
static const struct types ipv6_types = {ICMPV6_TYPE_ECHO_REQUEST, ICMPV6_TYPE_ECHO_REPLY,
                                        ICMPV6_TYPE_DESTINATION_UNREACHABLE};

static struct settings flood;
static unsigned int left;
static uint64_t started_ns;

void flood_start(const struct settings *settings)
{
    flood = *settings;
    left = settings->count;
    started_ns = clock_now_ns();
}

uint64_t flood_next_ns(void)
{
    if (left == 0) {
        return UINT64_MAX;
    }
    return flood.pace == 0 ? 0 : started_ns + (uint64_t)(flood.count - left) * 1000 * NS_PER_MS / flood.pace;
}

/* A host of the responder's networks, of those 65,536 that differ in the last two bytes. */
static struct ip_address random_host(void)
{
    struct ip_address host = {.family = IP_FAMILY_V4, .bytes = {10, 3}};

    if (flood.to.family == IP_FAMILY_V6) {
        host = (struct ip_address){.family = IP_FAMILY_V6, .bytes = {0xfd, 0, 0, 3}};
    }
    bytes_store_be16(host.bytes + (host.family == IP_FAMILY_V4 ? 2 : 14), (uint16_t)random());
    return host;
}

/* An echo message with a random key. */
static void make_echo(struct packet *packet, const struct ip_address *source,
                      const struct ip_address *destination, uint8_t type)
{
    packet->family = flood.to.family;
    uint8_t *message = packet_message(packet);

    message[0] = type;
    message[1] = 0;
    bytes_store_be32(message + 4, (uint32_t)random() ^ (uint32_t)random() << 16);
    memset(message + MESSAGE_HEADER_BYTES, 0xf1, DATA_BYTES);
    packet_address(packet, source, destination, 64, MESSAGE_HEADER_BYTES + DATA_BYTES);
}

/* "Destination unreachable" from that host about an echo request to it that was never sent. */
static void make_error(struct packet *packet, const struct ip_address *source, const struct types *types)
{
    static struct packet never_sent;
    uint8_t *message = packet_message(packet);

    make_echo(&never_sent, &flood.to, source, types->request);
    memset(message, 0, MESSAGE_HEADER_BYTES);
    message[0] = types->unreachable;
    memcpy(message + MESSAGE_HEADER_BYTES, never_sent.bytes, never_sent.length_bytes);
    packet_address(packet, source, &flood.to, 64, MESSAGE_HEADER_BYTES + never_sent.length_bytes);
}

static void send_one(void)
{
    static struct packet packet;
    const struct types *types = flood.to.family == IP_FAMILY_V4 ? &ipv4_types : &ipv6_types;
    struct ip_address source = random_host();
    unsigned int turn = left % 100;

    packet.family = flood.to.family;
    if (turn < flood.errors) {
        make_error(&packet, &source, types);
    } else {
        make_echo(&packet, &source, &flood.to,
                  turn < flood.errors + flood.requests ? types->request : types->reply);
    }
    schedule_send(flood.by, packet.bytes, packet.length_bytes, 0);
}

void flood_run(void)
{
    for (int i = 0; i < BURST && flood_next_ns() <= clock_now_ns(); i++) {
        send_one();
        left--;
    }
}
