/*
 * Any bytes as an ICMPv6 message: what is read lies inside it and is what its fields say, what is built is read back, and
 * what it means on Windows is always known.
 */
#include "fuzz/fuzz.h"

#include <ipexport.h>

#include "wire/bytes.h"
#include "wire/icmpv6.h"
#include "wire/ipv6.h"
#include "wire/status.h"

/* The first 8 bytes of every message, and of what an error quotes behind the IP headers. */
#define HEADER_BYTES 8

static bool is_error(uint8_t type)
{
    return type >= 1 && type <= 4;
}

static void check_key(const struct icmpv6_message *message, const uint8_t *echo_header)
{
    fuzz_require(message->identifier == bytes_load_be16(echo_header + 4));
    fuzz_require(message->sequence == bytes_load_be16(echo_header + 6));
}

/* Whether what an error quotes is an echo request: *packet. */
static bool quotes_request(const uint8_t *data, size_t size, struct ipv6_packet *packet)
{
    return ipv6_parse_quoted(data + HEADER_BYTES, size - HEADER_BYTES, packet) && packet->protocol == 58 &&
           packet->fragment_offset == 0 && packet->payload_bytes >= HEADER_BYTES &&
           packet->payload[0] == 128 && packet->payload[1] == 0;
}

static void check_parsed(const struct icmpv6_message *message, const uint8_t *data, size_t size)
{
    uint32_t status = status_from_icmpv6(data[0], data[1]);
    struct ipv6_packet packet;
    fuzz_require(message->type == data[0] && message->code == data[1]);
    switch (message->kind) {
    case ICMPV6_KIND_ECHO_REPLY:
        fuzz_require(data[0] == 129 && status == IP_SUCCESS);
        check_key(message, data);
        fuzz_require(message->data == data + HEADER_BYTES && message->data_bytes == size - HEADER_BYTES);
        fuzz_require(message->quoted_destination == NULL);
        break;
    case ICMPV6_KIND_ERROR:
        fuzz_require(is_error(data[0]) && status > IP_STATUS_BASE && status < IP_GENERAL_FAILURE);
        fuzz_require(status != IP_REQ_TIMED_OUT);
        fuzz_require(quotes_request(data, size, &packet));
        check_key(message, packet.payload);
        fuzz_require(message->quoted_destination == packet.destination);
        fuzz_require(fuzz_inside(message->quoted_destination, IPV6_ADDRESS_BYTES, data, size));
        fuzz_require(message->data == NULL && message->data_bytes == 0);
        break;
    case ICMPV6_KIND_OTHER:
        fuzz_require(data[0] != 129 && !is_error(data[0]) && status == STATUS_NONE);
        fuzz_require(message->data == NULL && message->data_bytes == 0 &&
                     message->quoted_destination == NULL);
        break;
    }
}

static bool check_parse(const uint8_t *data, size_t size, struct icmpv6_message *message)
{
    struct icmpv6_message untouched;
    struct ipv6_packet packet;
    memset(&untouched, 0x5a, sizeof(untouched));
    *message = untouched;
    bool accepted = icmpv6_parse(data, size, message);
    fuzz_require(accepted ==
                 (size >= HEADER_BYTES && (!is_error(data[0]) || quotes_request(data, size, &packet))));
    if (accepted) {
        check_parsed(message, data, size);
    } else {
        fuzz_require(memcmp(message, &untouched, sizeof(untouched)) == 0);
    }
    return accepted;
}

/* The error that a router sends about a request, with the input's own addresses as far as it has them. */
static void check_quoted(const uint8_t *request, const uint8_t *data, size_t size)
{
    uint8_t error[HEADER_BYTES + IPV6_HEADER_BYTES + HEADER_BYTES] = {3};
    uint8_t *header = error + HEADER_BYTES;
    memcpy(header, data, size < IPV6_HEADER_BYTES ? size : IPV6_HEADER_BYTES);
    header[0] = 0x60;
    header[6] = 58;
    memcpy(header + IPV6_HEADER_BYTES, request, HEADER_BYTES);

    struct icmpv6_message parsed;
    fuzz_require(check_parse(error, sizeof(error), &parsed) && parsed.kind == ICMPV6_KIND_ERROR);
    check_key(&parsed, request);
    fuzz_require(parsed.quoted_destination == header + 24);
}

/* A request with the key and the payload of the input; then the reply to it, then an error about it. */
static void check_built(const uint8_t *data, size_t size)
{
    uint16_t identifier = bytes_load_be16(data + 4);
    uint16_t sequence = bytes_load_be16(data + 6);
    uint8_t *message = fuzz_copy(data, size);
    icmpv6_build_echo_request(message, size, identifier, sequence);
    fuzz_require(message[0] == 128 && message[1] == 0 && bytes_load_be16(message + 2) == 0);
    fuzz_require(memcmp(message + 4, data + 4, size - 4) == 0);
    check_quoted(message, data, size);

    uint16_t read_identifier;
    uint16_t read_sequence;
    fuzz_require(icmpv6_parse_echo_request(message, size, &read_identifier, &read_sequence));
    fuzz_require(read_identifier == identifier && read_sequence == sequence);

    struct icmpv6_message parsed;
    message[0] = 129;
    fuzz_require(check_parse(message, size, &parsed) && parsed.kind == ICMPV6_KIND_ECHO_REPLY);
    fuzz_require(parsed.identifier == identifier && parsed.sequence == sequence);
    fuzz_require(!icmpv6_parse_echo_request(message, size, &read_identifier, &read_sequence));
    free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct icmpv6_message message;
    check_parse(data, size, &message);
    if (size >= HEADER_BYTES) {
        check_built(data, size);
    } else {
        uint8_t *too_short = fuzz_copy(data, size);
        uint16_t key[2];
        fuzz_require(!icmpv6_parse_echo_request(data, size, &key[0], &key[1]));
        icmpv6_build_echo_request(too_short, size, 1, 2);
        fuzz_require(size == 0 || memcmp(too_short, data, size) == 0);
        free(too_short);
    }
    return 0;
}
