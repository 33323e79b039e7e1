/*
 * Any bytes as an IPv4 packet, and as one that an ICMP error quotes: accepted or not as RFC 791 wants it, and everything
 * that is read lies where the header says.
 */
#include "fuzz/fuzz.h"

#include "wire/bytes.h"
#include "wire/ipv4.h"

typedef bool (*parser)(const uint8_t *data, size_t length_bytes, struct ipv4_packet *packet);

/* What stands in the length field of the header, in bytes. */
static size_t header_bytes(const uint8_t *data)
{
    return (size_t)(data[0] & 0x0f) * 4;
}

static bool has_header(const uint8_t *data, size_t size)
{
    return size >= 20 && data[0] >> 4 == 4 && header_bytes(data) >= 20 && header_bytes(data) <= size;
}

static bool has_packet(const uint8_t *data, size_t size)
{
    return has_header(data, size) && bytes_load_be16(data + 2) >= header_bytes(data) &&
           bytes_load_be16(data + 2) <= size;
}

/* Every member is what the header says, of a packet that is `size` bytes long. */
static void check_members(const struct ipv4_packet *packet, const uint8_t *data, size_t size)
{
    fuzz_require(memcmp(&packet->source_be, data + 12, 4) == 0);
    fuzz_require(memcmp(&packet->destination_be, data + 16, 4) == 0);
    fuzz_require(packet->tos == data[1]);
    fuzz_require(packet->ttl == data[8]);
    fuzz_require(packet->protocol == data[9]);
    fuzz_require((packet->flags << 13 | packet->fragment_offset) == bytes_load_be16(data + 6));
    fuzz_require(packet->flags <= 7);
    fuzz_require(packet->options == data + 20);
    fuzz_require(packet->options_bytes == header_bytes(data) - 20);
    fuzz_require(packet->options_bytes <= IPV4_OPTIONS_MAX_BYTES);
    fuzz_require(packet->payload == data + header_bytes(data));
    fuzz_require(packet->payload_bytes == size - header_bytes(data));
    fuzz_require(fuzz_inside(packet->options, packet->options_bytes, data, size));
    fuzz_require(fuzz_inside(packet->payload, packet->payload_bytes, data, size));
}

/* The parser accepts what is `expected` to be accepted, and writes nothing when it does not. */
static bool parse(parser parse_as, const uint8_t *data, size_t size, bool expected,
                  struct ipv4_packet *packet)
{
    struct ipv4_packet untouched;
    memset(&untouched, 0x5a, sizeof(untouched));
    *packet = untouched;
    bool accepted = parse_as(data, size, packet);
    fuzz_require(accepted == expected);
    fuzz_require(accepted || memcmp(packet, &untouched, sizeof(untouched)) == 0);
    return accepted;
}

static void check(const uint8_t *data, size_t size)
{
    struct ipv4_packet packet;
    if (parse(ipv4_parse_quoted, data, size, has_header(data, size), &packet)) {
        check_members(&packet, data, size);
    }
    if (parse(ipv4_parse, data, size, has_packet(data, size), &packet)) {
        check_members(&packet, data, bytes_load_be16(data + 2));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size);
    if (size >= 20) {
        /* Once more with a total length that is right: at random it hardly ever is. */
        uint8_t *packet = fuzz_copy(data, size);
        bytes_store_be16(packet + 2, (uint16_t)size);
        check(packet, size);
        free(packet);
    }
    return 0;
}
