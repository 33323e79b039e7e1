/*
 * Any bytes as an IPv6 packet that an ICMPv6 error quotes: accepted or not as RFC 8200 wants it, and what is read lies inside.
 */
#include "fuzz/fuzz.h"

#include "wire/bytes.h"
#include "wire/ipv6.h"

/* How long the header of that protocol is that says `length` of itself, in units of its own; 0 if it is no extension. */
static size_t extension_bytes(uint8_t protocol, uint8_t length)
{
    if (protocol == 0 || protocol == 43 || protocol == 60) {
        return 8U * length + 8;
    }
    if (protocol == 51) {
        return 4U * length + 8;
    }
    return protocol == 44 ? 8 : 0;
}

/* Where the payload begins and what it is, if the packet is one to be accepted. */
static bool find_payload(const uint8_t *data, size_t size, size_t *at, uint8_t *protocol, uint16_t *offset)
{
    if (size < 40 || data[0] >> 4 != 6) {
        return false;
    }
    *at = 40;
    *protocol = data[6];
    *offset = 0;
    for (int passed = 0; *offset == 0 && extension_bytes(*protocol, 0) > 0; passed++) {
        if (passed == 8 || size - *at < 8 || size - *at < extension_bytes(*protocol, data[*at + 1])) {
            return false;
        }
        size_t bytes = extension_bytes(*protocol, data[*at + 1]);
        *offset = *protocol == 44 ? bytes_load_be16(data + *at + 2) / 8 : 0;
        *protocol = data[*at];
        *at += bytes;
    }
    return true;
}

static void check_members(const struct ipv6_packet *packet, const uint8_t *data, size_t size)
{
    size_t at;
    uint8_t protocol;
    uint16_t offset;
    fuzz_require(find_payload(data, size, &at, &protocol, &offset));
    fuzz_require(packet->source == data + 8 && packet->destination == data + 24);
    fuzz_require(packet->protocol == protocol && packet->fragment_offset == offset);
    fuzz_require(packet->payload == data + at && packet->payload_bytes == size - at);
    fuzz_require(fuzz_inside(packet->payload, packet->payload_bytes, data, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at;
    uint8_t protocol;
    uint16_t offset;
    struct ipv6_packet untouched;
    memset(&untouched, 0x5a, sizeof(untouched));
    struct ipv6_packet packet = untouched;
    if (ipv6_parse_quoted(data, size, &packet)) {
        check_members(&packet, data, size);
    } else {
        fuzz_require(!find_payload(data, size, &at, &protocol, &offset));
        fuzz_require(memcmp(&packet, &untouched, sizeof(untouched)) == 0);
    }
    return 0;
}
