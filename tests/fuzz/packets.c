/*
 * Builds and mends packets byte by byte. What is told apart by the version in the first byte: IPv6, and everything else, which
 * is taken for IPv4.
 */
#include "fuzz/packets.h"

#include "wire/bytes.h"
#include "wire/checksum.h"

#include <string.h>

#define ICMP_HEADER_BYTES 8

/* Where things are in an IP header. */
struct layout {
    size_t header_bytes; /* at least */
    size_t length_at;
    size_t length_from; /* what the length field counts begins here */
    size_t hops_at;
    size_t source_at;
    size_t destination_at;
    size_t address_bytes;
};

static const struct layout layout_v4 = {20, 2, 0, 8, 12, 16, 4};
static const struct layout layout_v6 = {40, 4, 40, 7, 8, 24, 16};

static bool is_v6(const uint8_t *header)
{
    return header[0] >> 4 == 6;
}

static const struct layout *layout_of(const uint8_t *header)
{
    return is_v6(header) ? &layout_v6 : &layout_v4;
}

/* How long a header is that has its first byte. */
static size_t header_bytes(const uint8_t *header)
{
    return is_v6(header) ? layout_v6.header_bytes : (size_t)(header[0] & 0x0f) * 4;
}

static struct ip_address address_at(const uint8_t *header, size_t at, uint32_t scope_id)
{
    if (is_v6(header)) {
        return ip_address_v6(header + at, scope_id);
    }
    uint32_t address_be;
    memcpy(&address_be, header + at, sizeof(address_be));
    return ip_address_v4(address_be);
}

static bool is_error(const uint8_t *header, uint8_t type)
{
    return is_v6(header) ? type >= 1 && type <= 4 : type == 3 || type == 4 || type == 11 || type == 12;
}

/* ---- Building ---- */

static size_t build_header(uint8_t *packet, const struct fake_sent *sent)
{
    static const uint8_t v4[20] = {0x45, 0, 0, 0, 0, 1, 0, 0, 64, 1, 0, 0, 198, 51, 100, 1, 192, 0, 2, 99};
    static const uint8_t v6[40] = {0x60, 0, 0, 0, 0, 0, 58, 64, 0x20, 0x01, 0x0d, 0xb8, 0,    0,
                                   0,    0, 0, 0, 0, 0, 0,  0,  0,    0x99, 0x20, 0x01, 0x0d, 0xb8};
    bool six = sent->message.destination.family == IP_FAMILY_V6;
    memcpy(packet, six ? v6 : v4, six ? sizeof(v6) : sizeof(v4));
    return six ? sizeof(v6) : sizeof(v4);
}

size_t packet_build_reply(uint8_t *packet, const struct fake_sent *sent)
{
    size_t message_at = build_header(packet, sent);
    memcpy(packet + message_at, sent->bytes, sent->message.length_bytes);
    packet[message_at] = is_v6(packet) ? 129 : 0;
    return message_at + sent->message.length_bytes;
}

size_t packet_build_error(uint8_t *packet, const struct fake_sent *sent, uint8_t type, uint8_t code)
{
    size_t message_at = build_header(packet, sent);
    memset(packet + message_at, 0, ICMP_HEADER_BYTES);
    packet[message_at] = type;
    packet[message_at + 1] = code;
    size_t quote_at = message_at + ICMP_HEADER_BYTES;
    size_t request_at = quote_at + build_header(packet + quote_at, sent);
    memcpy(packet + request_at, sent->bytes, ICMP_HEADER_BYTES);
    return request_at + ICMP_HEADER_BYTES;
}

/* ---- Mending ---- */

static void mend_checksum(uint8_t *message, size_t size)
{
    bytes_store_be16(message + 2, 0);
    bytes_store_be16(message + 2, checksum_compute(message, size));
}

void packet_mend(uint8_t *packet, size_t size, unsigned int mended, const struct fake_sent *sent,
                 uint16_t identifier)
{
    const struct layout *layout = layout_of(packet);
    if (size < layout->header_bytes) {
        return;
    }
    if (mended & MEND_LENGTH) {
        bytes_store_be16(packet + layout->length_at, (uint16_t)(size - layout->length_from));
    }
    size_t message_at = header_bytes(packet);
    if (size < message_at + ICMP_HEADER_BYTES) {
        return;
    }
    /* Where the echo header is, and the address that counts. */
    size_t echo_at = message_at;
    size_t address_at = layout->source_at;
    size_t address_bytes = layout->address_bytes;
    size_t quote_at = message_at + ICMP_HEADER_BYTES;
    if (is_error(packet, packet[message_at]) && quote_at < size) {
        const struct layout *quoted = layout_of(packet + quote_at);
        echo_at = quote_at + header_bytes(packet + quote_at);
        address_at = quote_at + quoted->destination_at;
        address_bytes = quoted->address_bytes;
    }
    if (sent != NULL && mended & MEND_KEY && size >= echo_at + ICMP_HEADER_BYTES) {
        bytes_store_be16(packet + echo_at + 4, identifier);
        bytes_store_be16(packet + echo_at + 6, sent->sequence);
    }
    if (sent != NULL && mended & MEND_ADDRESS && size >= address_at + address_bytes) {
        memcpy(packet + address_at, sent->message.destination.bytes, address_bytes);
    }
    if (mended & MEND_CHECKSUM) {
        mend_checksum(packet + message_at, size - message_at);
    }
}

/* ---- Forms ---- */

/* What the system tells of an ICMP error, of which `message` still has all. */
static struct transport_packet as_error(struct transport_packet message, uint32_t scope_id)
{
    const uint8_t *quote = message.bytes + ICMP_HEADER_BYTES;
    size_t quote_bytes = message.length_bytes - ICMP_HEADER_BYTES;
    size_t quoted_header_bytes = header_bytes(quote);
    const struct layout *layout = layout_of(quote);
    if (quoted_header_bytes < layout->header_bytes || quoted_header_bytes > quote_bytes) {
        return message;
    }
    struct transport_packet error = message;
    error.form = TRANSPORT_ERROR;
    error.bytes = quote + quoted_header_bytes;
    error.length_bytes = quote_bytes - quoted_header_bytes;
    error.destination = address_at(quote, layout->destination_at, scope_id);
    error.icmp_type = message.bytes[0];
    error.icmp_code = message.bytes[1];
    return error;
}

struct transport_packet packet_in_form(enum transport_form form, const uint8_t *packet, size_t size,
                                       uint32_t scope_id)
{
    struct transport_packet whole = {.form = TRANSPORT_IPV4_PACKET, .bytes = packet, .length_bytes = size};
    whole.options = packet;
    const struct layout *layout = layout_of(packet);
    size_t message_at = header_bytes(packet);
    if (message_at < layout->header_bytes || message_at > size ||
        (form == TRANSPORT_IPV4_PACKET && !is_v6(packet))) {
        return whole;
    }
    struct transport_packet message = whole;
    message.form = TRANSPORT_MESSAGE;
    message.bytes = packet + message_at;
    message.length_bytes = size - message_at;
    message.peer = address_at(packet, layout->source_at, scope_id);
    message.ttl = packet[layout->hops_at];
    message.tos = packet[1];
    message.options = packet + layout->header_bytes;
    message.options_bytes = message_at - layout->header_bytes;
    return form == TRANSPORT_ERROR && message.length_bytes > ICMP_HEADER_BYTES ? as_error(message, scope_id)
                                                                               : message;
}
