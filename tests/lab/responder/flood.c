/*
 * Sends echo replies and echo requests from hosts behind the TUN device.
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

/* From a host of 10.3.0.0/16, with a random key. */
static void send_one(void)
{
    static struct packet packet;
    uint8_t *message = packet_message(&packet);
    size_t message_bytes = ICMPV4_HEADER_BYTES + DATA_BYTES;
    uint32_t source_be;

    message[0] = left % 100 < flood.requests ? ICMPV4_TYPE_ECHO_REQUEST : ICMPV4_TYPE_ECHO_REPLY;
    message[1] = 0;
    bytes_store_be32(message + 4, (uint32_t)random() ^ (uint32_t)random() << 16);
    memset(message + ICMPV4_HEADER_BYTES, 0xf1, DATA_BYTES);
    message_seal(message, message_bytes);
    bytes_store_be32(&source_be, UINT32_C(10) << 24 | 3 << 16 | (uint32_t)(random() & 0xffff));
    packet_address(&packet, source_be, flood.to_be, 64, message_bytes);
    schedule_send(flood.by, packet.bytes, packet.length_bytes, 0);
}

void flood_run(void)
{
    for (int i = 0; i < BURST && flood_next_ns() <= clock_now_ns(); i++) {
        send_one();
        left--;
    }
}
