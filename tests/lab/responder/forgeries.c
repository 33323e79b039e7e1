/*
 * Makes the forgeries.
 */
#include "forgeries.h"

#include "schedule.h"
#include "wire/bytes.h"
#include "wire/checksum.h"

#include <string.h>

/* Where fields are: in a message, in an IPv4 header without options, and in a packet that a message
 * quotes. */
enum { TYPE = 0, CHECKSUM = 2, IDENTIFIER = 4, SEQUENCE = 6 };
enum { VERSION_AND_LENGTH = 0, TOTAL_LENGTH = 2, SOURCE = 12 };

#define DELAY_MS 20

/* As much of a request as an error quotes: its header, which has no options, and 8 bytes. */
#define QUOTE_BYTES      (IPV4_HEADER_MIN_BYTES + ICMPV4_HEADER_BYTES)

#define HOST_UNREACHABLE 1

static struct packet forged;

static size_t forged_message_bytes(void)
{
    return forged.length_bytes - IPV4_HEADER_MIN_BYTES;
}

static void send_forged(const struct settings *settings)
{
    schedule_send(settings->by, forged.bytes, forged.length_bytes, 0);
}

/* An echo reply that is right but for its data. */
static void forge_reply(const struct echo_request *request)
{
    packet_make_reply(&forged, request);
    for (size_t i = ICMPV4_HEADER_BYTES; i < request->message_bytes; i++) {
        packet_message(&forged)[i] ^= 0xff;
    }
    message_seal(packet_message(&forged), request->message_bytes);
}

/* An error that is right but for what is quoted. */
static void forge_error(const struct echo_request *request, uint8_t type, const uint8_t *quote,
                        size_t quote_bytes)
{
    packet_make_error(&forged, request, request->header.destination_be, type, HOST_UNREACHABLE, quote,
                      quote_bytes);
}

/* Now the truth. */
static void send_reply(const struct echo_request *request, const struct settings *settings)
{
    unsigned int delay_ms = settings->delay_ms.min > 0 ? settings->delay_ms.min : DELAY_MS;

    packet_make_reply(&forged, request);
    schedule_send(BY_TUN, forged.bytes, forged.length_bytes, delay_ms * NS_PER_MS);
}

/* ---- Checksums ---- */

static void send_with_checksum(uint16_t checksum, const struct settings *settings)
{
    bytes_store_be16(packet_message(&forged) + CHECKSUM, checksum);
    if (checksum_compute(packet_message(&forged), forged_message_bytes()) != 0) {
        send_forged(settings);
    }
}

/* With every checksum that some mistake or other would make. */
static void send_with_wrong_checksums(const struct settings *settings)
{
    uint16_t right = bytes_load_be16(packet_message(&forged) + CHECKSUM);

    for (int bit = 0; bit < 16; bit++) {
        send_with_checksum(right ^ (uint16_t)(1 << bit), settings);
    }
    send_with_checksum(0, settings);
    send_with_checksum(UINT16_MAX, settings);
    send_with_checksum((uint16_t)~right, settings);
    send_with_checksum((uint16_t)(right << 8 | right >> 8), settings);
    bytes_store_be16(packet_message(&forged) + CHECKSUM, right);
}

void forge_wrong_checksums(const struct echo_request *request, const struct settings *settings)
{
    forge_error(request, ICMPV4_TYPE_DESTINATION_UNREACHABLE, request->packet, QUOTE_BYTES);
    send_with_wrong_checksums(settings);
    forge_reply(request);
    send_with_wrong_checksums(settings);
    for (size_t i = 0; i < forged_message_bytes() * 8; i++) {
        packet_message(&forged)[i / 8] ^= (uint8_t)(1 << i % 8);
        send_forged(settings);
        packet_message(&forged)[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    send_reply(request, settings);
}

/* ---- Lengths ---- */

/* From long to short: behind a message that is too short for a header, whoever reads on in an old buffer
 * finds the rest of a right one. (Linux keeps those from raw sockets.) They get checksums that are right;
 * a longer message would be a reply with less data if it did. */
void forge_truncated(const struct echo_request *request, const struct settings *settings)
{
    for (size_t length = request->message_bytes; length-- > 0;) {
        forge_reply(request);
        if (length < ICMPV4_HEADER_BYTES) {
            message_seal(packet_message(&forged), length);
        }
        packet_address(&forged, request->header.destination_be, request->header.source_be, 64, length);
        if (length < ICMPV4_HEADER_BYTES || checksum_compute(packet_message(&forged), length) != 0) {
            send_forged(settings);
        }
    }
    send_reply(request, settings);
}

void forge_header_lengths(const struct echo_request *request, const struct settings *settings)
{
    for (unsigned int first_byte = 0; first_byte <= UINT8_MAX; first_byte++) {
        size_t header_bytes = (first_byte & 0xf) * 4;
        uint8_t quote[QUOTE_BYTES];

        if (first_byte == request->packet[VERSION_AND_LENGTH]) {
            continue;
        }
        forge_reply(request);
        forged.bytes[VERSION_AND_LENGTH] = (uint8_t)first_byte;
        packet_seal_header(&forged,
                           header_bytes > IPV4_HEADER_MIN_BYTES ? header_bytes : IPV4_HEADER_MIN_BYTES);
        send_forged(settings);

        memcpy(quote, request->packet, sizeof(quote));
        quote[VERSION_AND_LENGTH] = (uint8_t)first_byte;
        forge_error(request, ICMPV4_TYPE_DESTINATION_UNREACHABLE, quote, sizeof(quote));
        send_forged(settings);
    }
    send_reply(request, settings);
}

void forge_total_lengths(const struct echo_request *request, const struct settings *settings)
{
    for (unsigned int length = 0; length <= request->packet_bytes + 8; length++) {
        if (length == request->packet_bytes) {
            continue;
        }
        forge_reply(request);
        packet_message(&forged)[request->message_bytes - 1] = 0x5a; /* to leave off a 0 would not be seen */
        message_seal(packet_message(&forged), request->message_bytes);
        bytes_store_be16(forged.bytes + TOTAL_LENGTH, (uint16_t)length);
        packet_seal_header(&forged, IPV4_HEADER_MIN_BYTES);
        send_forged(settings);
    }
    bytes_store_be16(forged.bytes + TOTAL_LENGTH, UINT16_MAX);
    packet_seal_header(&forged, IPV4_HEADER_MIN_BYTES);
    send_forged(settings);
    forge_reply(request);
    for (size_t length = 1; length < request->packet_bytes; length++) {
        schedule_send(settings->by, forged.bytes, length, 0);
    }
    send_reply(request, settings);
}

/* ---- Other hosts, keys, types and requests ---- */

void forge_wrong_hosts(const struct echo_request *request, const struct settings *settings)
{
    /* The asked one with each bit changed, and some that no host may have. */
    static const uint8_t special[][4] = {{0, 0, 0, 0}, {255, 255, 255, 255}, {127, 0, 0, 1}, {224, 0, 0, 1}};

    for (size_t i = 0; i < 32 + 1 + sizeof(special) / sizeof(special[0]); i++) {
        forge_reply(request);
        if (i < 32) {
            forged.bytes[SOURCE + i / 8] ^= (uint8_t)(1 << i % 8);
        } else if (i == 32) {
            memcpy(forged.bytes + SOURCE, &request->header.source_be, 4);
        } else {
            memcpy(forged.bytes + SOURCE, special[i - 33], 4);
        }
        packet_seal_header(&forged, IPV4_HEADER_MIN_BYTES);
        send_forged(settings);
    }
    send_reply(request, settings);
}

static void send_with_key(const struct echo_request *request, const struct settings *settings,
                          uint16_t identifier, uint16_t sequence)
{
    if (identifier == request->parsed.identifier && sequence == request->parsed.sequence) {
        return;
    }
    forge_reply(request);
    bytes_store_be16(packet_message(&forged) + IDENTIFIER, identifier);
    bytes_store_be16(packet_message(&forged) + SEQUENCE, sequence);
    message_seal(packet_message(&forged), request->message_bytes);
    send_forged(settings);
}

void forge_wrong_keys(const struct echo_request *request, const struct settings *settings)
{
    uint16_t identifier = request->parsed.identifier;
    uint16_t sequence = request->parsed.sequence;

    for (int bit = 0; bit < 16; bit++) {
        send_with_key(request, settings, identifier ^ (uint16_t)(1 << bit), sequence);
        send_with_key(request, settings, identifier, sequence ^ (uint16_t)(1 << bit));
    }
    send_with_key(request, settings, sequence, identifier);
    send_with_key(request, settings, (uint16_t)(identifier << 8 | identifier >> 8),
                  (uint16_t)(sequence << 8 | sequence >> 8));
    send_with_key(request, settings, 0, 0);
    send_with_key(request, settings, UINT16_MAX, UINT16_MAX);
    send_reply(request, settings);
}

void forge_other_types(const struct echo_request *request, const struct settings *settings)
{
    for (unsigned int type = 1; type <= UINT8_MAX; type++) {
        forge_reply(request);
        packet_message(&forged)[TYPE] = (uint8_t)type;
        message_seal(packet_message(&forged), request->message_bytes);
        send_forged(settings);
    }
    send_reply(request, settings);
}

void forge_old_replies(const struct echo_request *request, const struct settings *settings)
{
    static struct packet old[64];
    static size_t count;

    for (size_t i = 0; i < count && i < sizeof(old) / sizeof(old[0]); i++) {
        schedule_send(settings->by, old[i].bytes, old[i].length_bytes, 0);
    }
    packet_make_reply(&old[count++ % (sizeof(old) / sizeof(old[0]))], request);
    send_reply(request, settings);
}

/* ---- Quotes ---- */

/* The bits of each field of a quoted echo request that make it another packet. */
static const struct {
    size_t offset;
    uint8_t mask;
} foreign[] = {
    {0, 4 ^ 6},   /* the header is one of IPv6, */
    {6, 0x1f},    /* the packet is a later fragment, */
    {7, 0x01},    /* */
    {9, 1 ^ 6},   /* TCP, */
    {9, 1 ^ 17},  /* UDP, */
    {16, 0xff},   /* on its way somewhere else, */
    {19, 0x01},   /* */
    {20, 8 ^ 0},  /* an echo reply, */
    {20, 8 ^ 13}, /* a timestamp request, */
    {20, 8 ^ 3},  /* itself an error, */
    {21, 1},      /* of no code of ours, */
    {24, 0xff},   /* of another identifier */
    {25, 0x01},   /* */
    {26, 0xff},   /* or of another sequence. */
    {27, 0x01},   /* */
};

static const uint8_t error_types[] = {ICMPV4_TYPE_DESTINATION_UNREACHABLE, ICMPV4_TYPE_SOURCE_QUENCH,
                                      ICMPV4_TYPE_TIME_EXCEEDED, ICMPV4_TYPE_PARAMETER_PROBLEM};

static void send_changed_quote(const struct echo_request *request, const struct settings *settings,
                               uint8_t type, size_t offset, uint8_t mask)
{
    uint8_t quote[QUOTE_BYTES];

    memcpy(quote, request->packet, sizeof(quote));
    quote[offset] ^= mask;
    forge_error(request, type, quote, sizeof(quote));
    send_forged(settings);
}

void forge_foreign_quotes(const struct echo_request *request, const struct settings *settings)
{
    for (size_t t = 0; t < sizeof(error_types); t++) {
        for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
            send_changed_quote(request, settings, error_types[t], foreign[i].offset, foreign[i].mask);
        }
    }
    send_reply(request, settings);
}

/* From long to short: behind a quote that is too short, whoever reads on in an old buffer finds the rest
 * of a right one. That is in the buffer after a message with a wrong checksum. */
void forge_quote_lengths(const struct echo_request *request, const struct settings *settings)
{
    forge_error(request, ICMPV4_TYPE_DESTINATION_UNREACHABLE, request->packet, QUOTE_BYTES);
    packet_message(&forged)[CHECKSUM] ^= 1;
    send_forged(settings);
    for (size_t length = QUOTE_BYTES; length-- > 0;) {
        forge_error(request, ICMPV4_TYPE_DESTINATION_UNREACHABLE, request->packet, length);
        send_forged(settings);
    }
    send_reply(request, settings);
}

void forge_changed_quote(const struct echo_request *request, const struct settings *settings)
{
    send_changed_quote(request, settings, ICMPV4_TYPE_DESTINATION_UNREACHABLE,
                       settings->offset < QUOTE_BYTES ? settings->offset : 0, (uint8_t)settings->mask);
    send_reply(request, settings);
}
