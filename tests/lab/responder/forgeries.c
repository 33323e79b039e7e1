/*
 * Makes the forgeries.
 */
#include "forgeries.h"

#include "schedule.h"
#include "wire/bytes.h"

#include <string.h>

/* Where fields are in a message and in an IPv4 header. */
enum { TYPE = 0, CHECKSUM = 2, IDENTIFIER = 4, SEQUENCE = 6 };
enum { VERSION_AND_LENGTH = 0 };

#define DELAY_MS         20

#define HOST_UNREACHABLE 1

#define QUOTE_BYTES_MAX  (IPV6_HEADER_BYTES + MESSAGE_HEADER_BYTES)

struct change {
    size_t offset;
    uint8_t mask; /* the bits to be turned round */
};

/* The bits of each field of a quoted echo request that make it another packet. */
static const struct change foreign_in_ipv4[] = {
    {0, 0x20},    /* the header is one of IPv6, */
    {6, 0x1f},    /* the packet is a later fragment, */
    {7, 0x01},    /* */
    {9, 1 ^ 6},   /* TCP, */
    {9, 1 ^ 17},  /* UDP, */
    {9, 1 ^ 58},  /* ICMPv6, */
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
static const struct change foreign_in_ipv6[] = {
    {0, 0x20},       /* the header is one of IPv4, */
    {6, 58 ^ 6},     /* the packet is TCP, */
    {6, 58 ^ 17},    /* UDP, */
    {6, 58 ^ 1},     /* ICMPv4, */
    {6, 58 ^ 44},    /* some fragment, */
    {24, 0xff},      /* on its way somewhere else, */
    {39, 0x01},      /* */
    {40, 128 ^ 129}, /* an echo reply, */
    {40, 128 ^ 135}, /* a neighbour solicitation, */
    {40, 128 ^ 1},   /* itself an error, */
    {41, 1},         /* of no code of ours, */
    {44, 0xff},      /* of another identifier */
    {45, 0x01},      /* */
    {46, 0xff},      /* or of another sequence. */
    {47, 0x01},      /* */
};

static const uint8_t error_types_of_ipv4[] = {ICMPV4_TYPE_DESTINATION_UNREACHABLE, ICMPV4_TYPE_SOURCE_QUENCH,
                                              ICMPV4_TYPE_TIME_EXCEEDED, ICMPV4_TYPE_PARAMETER_PROBLEM};
static const uint8_t error_types_of_ipv6[] = {ICMPV6_TYPE_DESTINATION_UNREACHABLE, ICMPV6_TYPE_PACKET_TOO_BIG,
                                              ICMPV6_TYPE_TIME_EXCEEDED, ICMPV6_TYPE_PARAMETER_PROBLEM};

/* The asked host is not the only one that a reply must not come from: these may be nobody. */
static const struct ip_address special_in_ipv4[] = {
    {.family = IP_FAMILY_V4, .bytes = {0, 0, 0, 0}},
    {.family = IP_FAMILY_V4, .bytes = {255, 255, 255, 255}},
    {.family = IP_FAMILY_V4, .bytes = {127, 0, 0, 1}},
    {.family = IP_FAMILY_V4, .bytes = {224, 0, 0, 1}},
};
static const struct ip_address special_in_ipv6[] = {
    {.family = IP_FAMILY_V6, .bytes = {0}},
    {.family = IP_FAMILY_V6, .bytes = {[15] = 1}},
    {.family = IP_FAMILY_V6, .bytes = {0xff, 2, [15] = 1}},
    {.family = IP_FAMILY_V6, .bytes = {0xfe, 0x80, [15] = 1}},
};

/* What is different in the two families. */
struct family {
    size_t address_bits;
    size_t source;          /* where the source address is in the header, */
    size_t length;          /* and where the length */
    size_t length_excluded; /* that it does not count */
    uint8_t unreachable, echo_reply;
    const struct change *foreign;
    size_t foreign_count;
    const uint8_t *error_types;       /* 4 */
    const struct ip_address *special; /* 4 */
};

#define ERROR_TYPES 4
#define SPECIALS    4

static const struct family families[] = {
    {32, 12, 2, 0, ICMPV4_TYPE_DESTINATION_UNREACHABLE, ICMPV4_TYPE_ECHO_REPLY, foreign_in_ipv4,
     sizeof(foreign_in_ipv4) / sizeof(foreign_in_ipv4[0]), error_types_of_ipv4, special_in_ipv4},
    {128, 8, 4, IPV6_HEADER_BYTES, ICMPV6_TYPE_DESTINATION_UNREACHABLE, ICMPV6_TYPE_ECHO_REPLY,
     foreign_in_ipv6, sizeof(foreign_in_ipv6) / sizeof(foreign_in_ipv6[0]), error_types_of_ipv6,
     special_in_ipv6},
};

static const struct family *family_of(const struct echo_request *request)
{
    return &families[request->destination.family == IP_FAMILY_V6];
}

static struct packet forged;

/* As much of a request as an error quotes: its header, which has no options, and 8 bytes. */
static size_t quote_bytes_of(const struct echo_request *request)
{
    return ip_header_bytes(request->destination.family) + MESSAGE_HEADER_BYTES;
}

static void send_forged(const struct settings *settings)
{
    schedule_send(settings->by, forged.bytes, forged.length_bytes, 0);
}

/* An echo reply that is right but for its data. */
static void forge_reply(const struct echo_request *request)
{
    packet_make_reply(&forged, request);
    for (size_t i = MESSAGE_HEADER_BYTES; i < request->message_bytes; i++) {
        packet_message(&forged)[i] ^= 0xff;
    }
    packet_seal_message(&forged);
}

/* An error that is right but for what is quoted. */
static void forge_error(const struct echo_request *request, uint8_t type, const uint8_t *quote,
                        size_t quote_bytes)
{
    packet_make_error(&forged, request, &request->destination, type, HOST_UNREACHABLE, quote, quote_bytes);
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
    if (!packet_message_is_sealed(&forged)) {
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
    forge_error(request, family_of(request)->unreachable, request->packet, quote_bytes_of(request));
    send_with_wrong_checksums(settings);
    forge_reply(request);
    send_with_wrong_checksums(settings);
    for (size_t i = 0; i < packet_message_bytes(&forged) * 8; i++) {
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
        uint16_t checksum = bytes_load_be16(packet_message(&forged) + CHECKSUM);
        packet_address(&forged, &request->destination, &request->source, 64, length);
        if (length >= MESSAGE_HEADER_BYTES) {
            bytes_store_be16(packet_message(&forged) + CHECKSUM, checksum);
        }
        if (length < MESSAGE_HEADER_BYTES || !packet_message_is_sealed(&forged)) {
            send_forged(settings);
        }
    }
    send_reply(request, settings);
}

void forge_header_lengths(const struct echo_request *request, const struct settings *settings)
{
    for (unsigned int first_byte = 0; first_byte <= UINT8_MAX; first_byte++) {
        size_t header_bytes = (first_byte & 0xf) * 4;
        uint8_t quote[IPV4_HEADER_MIN_BYTES + MESSAGE_HEADER_BYTES];

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
    const struct family *family = family_of(request);
    size_t right = request->packet_bytes - family->length_excluded;

    for (size_t length = 0; length <= right + 8; length++) {
        if (length == right) {
            continue;
        }
        forge_reply(request);
        packet_message(&forged)[request->message_bytes - 1] = 0x5a; /* to leave off a 0 would not be seen */
        packet_seal_message(&forged);
        bytes_store_be16(forged.bytes + family->length, (uint16_t)length);
        packet_seal_header(&forged, IPV4_HEADER_MIN_BYTES);
        send_forged(settings);
    }
    bytes_store_be16(forged.bytes + family->length, UINT16_MAX);
    packet_seal_header(&forged, IPV4_HEADER_MIN_BYTES);
    send_forged(settings);
    forge_reply(request);
    for (size_t length = 1; length < request->packet_bytes; length++) {
        schedule_send(settings->by, forged.bytes, length, 0);
    }
    send_reply(request, settings);
}

/* ---- Other hosts, keys, types and requests ---- */

static void send_from(const struct echo_request *request, const struct settings *settings,
                      const struct ip_address *source)
{
    const struct family *family = family_of(request);

    forge_reply(request);
    memcpy(forged.bytes + family->source, source->bytes, family->address_bits / 8);
    packet_seal_header(&forged, IPV4_HEADER_MIN_BYTES);
    packet_seal_message(&forged);
    send_forged(settings);
}

/* The asked one with each bit changed, who asked, and some that no host may be. */
void forge_wrong_hosts(const struct echo_request *request, const struct settings *settings)
{
    const struct family *family = family_of(request);

    for (size_t i = 0; i < family->address_bits; i++) {
        struct ip_address source = request->destination;
        source.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        send_from(request, settings, &source);
    }
    send_from(request, settings, &request->source);
    for (size_t i = 0; i < SPECIALS; i++) {
        send_from(request, settings, &family->special[i]);
    }
    send_reply(request, settings);
}

static void send_with_key(const struct echo_request *request, const struct settings *settings,
                          uint16_t identifier, uint16_t sequence)
{
    if (identifier == request->identifier && sequence == request->sequence) {
        return;
    }
    forge_reply(request);
    bytes_store_be16(packet_message(&forged) + IDENTIFIER, identifier);
    bytes_store_be16(packet_message(&forged) + SEQUENCE, sequence);
    packet_seal_message(&forged);
    send_forged(settings);
}

void forge_wrong_keys(const struct echo_request *request, const struct settings *settings)
{
    uint16_t identifier = request->identifier;
    uint16_t sequence = request->sequence;

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
    for (unsigned int type = 0; type <= UINT8_MAX; type++) {
        if (type != family_of(request)->echo_reply) {
            forge_reply(request);
            packet_message(&forged)[TYPE] = (uint8_t)type;
            packet_seal_message(&forged);
            send_forged(settings);
        }
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

static void send_changed_quote(const struct echo_request *request, const struct settings *settings,
                               uint8_t type, const struct change *change)
{
    uint8_t quote[QUOTE_BYTES_MAX];

    memcpy(quote, request->packet, quote_bytes_of(request));
    quote[change->offset] ^= change->mask;
    forge_error(request, type, quote, quote_bytes_of(request));
    send_forged(settings);
}

void forge_foreign_quotes(const struct echo_request *request, const struct settings *settings)
{
    const struct family *family = family_of(request);

    for (size_t t = 0; t < ERROR_TYPES; t++) {
        for (size_t i = 0; i < family->foreign_count; i++) {
            send_changed_quote(request, settings, family->error_types[t], &family->foreign[i]);
        }
    }
    send_reply(request, settings);
}

/* From long to short: behind a quote that is too short, whoever reads on in an old buffer finds the rest
 * of a right one. That is in the buffer after a message with a wrong checksum. */
void forge_quote_lengths(const struct echo_request *request, const struct settings *settings)
{
    uint8_t unreachable = family_of(request)->unreachable;

    forge_error(request, unreachable, request->packet, quote_bytes_of(request));
    packet_message(&forged)[CHECKSUM] ^= 1;
    send_forged(settings);
    for (size_t length = quote_bytes_of(request); length-- > 0;) {
        forge_error(request, unreachable, request->packet, length);
        send_forged(settings);
    }
    send_reply(request, settings);
}

void forge_changed_quote(const struct echo_request *request, const struct settings *settings)
{
    struct change change = {settings->offset < quote_bytes_of(request) ? settings->offset : 0,
                            (uint8_t)settings->mask};

    send_changed_quote(request, settings, family_of(request)->unreachable, &change);
    send_reply(request, settings);
}
