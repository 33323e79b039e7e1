/*
 * Any bytes as an ICMPv4 message: what is read lies inside it and is what its fields say, what is built is read back, and
 * what it means on Windows is always known.
 */
#include "fuzz/fuzz.h"

#include <ipexport.h>

#include "wire/bytes.h"
#include "wire/checksum.h"
#include "wire/icmpv4.h"
#include "wire/ipv4.h"
#include "wire/ipv4_options.h"
#include "wire/status.h"

/* The first 8 bytes of an echo request, of any other ICMP message, and of what an error quotes behind the IP header. */
#define HEADER_BYTES 8

static void seal(uint8_t *message, size_t size)
{
    bytes_store_be16(message + 2, 0);
    bytes_store_be16(message + 2, checksum_compute(message, size));
}

/* What an error is about: the echo request that `quote` begins with, or NULL if it is something else. */
static const uint8_t *quoted_request(const uint8_t *quote, size_t size, struct ipv4_packet *packet)
{
    if (!ipv4_parse_quoted(quote, size, packet) || packet->protocol != 1 || packet->fragment_offset != 0 ||
        packet->payload_bytes < HEADER_BYTES) {
        return NULL;
    }
    return packet->payload[0] == 8 && packet->payload[1] == 0 ? packet->payload : NULL;
}

static void check_key(const struct icmpv4_message *message, const uint8_t *echo_header)
{
    fuzz_require(message->identifier == bytes_load_be16(echo_header + 4));
    fuzz_require(message->sequence == bytes_load_be16(echo_header + 6));
}

static void check_no_quote(const struct icmpv4_message *message)
{
    fuzz_require(message->quoted_source_be == 0 && message->quoted_destination_be == 0 &&
                 !message->quoted_source_route);
}

static void check_echo(const struct icmpv4_message *message, const uint8_t *data, size_t size)
{
    check_key(message, data);
    fuzz_require(message->data == data + HEADER_BYTES && message->data_bytes == size - HEADER_BYTES);
    check_no_quote(message);
}

static void check_error(const struct icmpv4_message *message, const uint8_t *data, size_t size)
{
    struct ipv4_packet packet;
    const uint8_t *request = quoted_request(data + HEADER_BYTES, size - HEADER_BYTES, &packet);
    fuzz_require(request != NULL && fuzz_inside(request, HEADER_BYTES, data, size));
    check_key(message, request);
    fuzz_require(message->quoted_source_be == packet.source_be);
    fuzz_require(message->quoted_destination_be == packet.destination_be);
    fuzz_require(message->quoted_source_route ==
                 ipv4_options_have_source_route(packet.options, packet.options_bytes));
    fuzz_require(message->data == NULL && message->data_bytes == 0);
}

/* What a message of any type and code means: an answer that may end a request, or none. */
static void check_status(uint8_t type, uint8_t code)
{
    uint32_t status = status_from_icmpv4(type, code);
    switch (type) {
    case 0:
        fuzz_require(status == IP_SUCCESS);
        break;
    case 3:
    case 4:
    case 11:
    case 12:
        fuzz_require(status > IP_STATUS_BASE && status < IP_GENERAL_FAILURE);
        fuzz_require(status != IP_REQ_TIMED_OUT);
        break;
    default:
        fuzz_require(status == STATUS_NONE);
    }
}

static void check_parsed(const struct icmpv4_message *message, const uint8_t *data, size_t size)
{
    fuzz_require(message->type == data[0] && message->code == data[1]);
    switch (data[0]) {
    case 0:
        fuzz_require(message->kind == ICMPV4_ECHO_REPLY);
        check_echo(message, data, size);
        break;
    case 8:
        fuzz_require(message->kind == ICMPV4_ECHO_REQUEST);
        check_echo(message, data, size);
        break;
    case 3:
    case 4:
    case 11:
    case 12:
        fuzz_require(message->kind == ICMPV4_ERROR);
        check_error(message, data, size);
        break;
    default:
        fuzz_require(message->kind == ICMPV4_OTHER && message->data == NULL && message->data_bytes == 0);
        fuzz_require(message->identifier == 0 && message->sequence == 0);
        check_no_quote(message);
    }
}

static bool is_error(uint8_t type)
{
    return type == 3 || type == 4 || type == 11 || type == 12;
}

/* Whether the message is one that has to be accepted. */
static bool is_well_formed(const uint8_t *data, size_t size)
{
    struct ipv4_packet packet;
    return size >= HEADER_BYTES && checksum_compute(data, size) == 0 &&
           (!is_error(data[0]) || quoted_request(data + HEADER_BYTES, size - HEADER_BYTES, &packet) != NULL);
}

static bool check_parse(const uint8_t *data, size_t size, struct icmpv4_message *message)
{
    struct icmpv4_message untouched;
    memset(&untouched, 0x5a, sizeof(untouched));
    *message = untouched;
    bool accepted = icmpv4_parse(data, size, message);
    fuzz_require(accepted == is_well_formed(data, size));
    if (accepted) {
        check_parsed(message, data, size);
    } else {
        fuzz_require(memcmp(message, &untouched, sizeof(untouched)) == 0);
    }
    return accepted;
}

/* As any other message, with the checksum that it should have, which at random it hardly ever has. */
static void check_sealed(const uint8_t *data, size_t size)
{
    uint8_t *message = fuzz_copy(data, size);
    struct icmpv4_message parsed;
    seal(message, size);
    check_parse(message, size, &parsed);
    message[data[4] % size] ^= (uint8_t)(1U << data[5] % 8);
    fuzz_require(!icmpv4_parse(message, size, &parsed));
    free(message);
}

/* The error that a router sends about a request, with as much of the rest of the input for its header as fits. */
static void check_quoted(const uint8_t *request, const uint8_t *data, size_t size)
{
    size_t options_bytes = (size < 40 ? size : 40) / 4 * 4;
    size_t error_bytes = HEADER_BYTES + 20 + options_bytes + HEADER_BYTES;
    uint8_t *error = fuzz_allocate(error_bytes);
    uint8_t *header = error + HEADER_BYTES;
    memset(error, 0, error_bytes);
    memcpy(header, data, 20 < size ? 20 : size);
    header[0] = (uint8_t)(0x45 + options_bytes / 4);
    header[6] &= 0xe0;
    header[7] = 0;
    header[9] = 1;
    memcpy(header + 20, data, options_bytes);
    memcpy(header + 20 + options_bytes, request, HEADER_BYTES);
    error[0] = 11;
    seal(error, error_bytes);

    struct icmpv4_message parsed;
    fuzz_require(check_parse(error, error_bytes, &parsed) && parsed.kind == ICMPV4_ERROR);
    check_key(&parsed, request);
    fuzz_require(memcmp(&parsed.quoted_destination_be, header + 16, 4) == 0);
    free(error);
}

/* A request with the key and the payload of the input; then the reply to it, then an error about it. */
static void check_built(const uint8_t *data, size_t size)
{
    uint16_t identifier = bytes_load_be16(data + 4);
    uint16_t sequence = bytes_load_be16(data + 6);
    uint8_t *message = fuzz_copy(data, size);
    icmpv4_build_echo_request(message, size, identifier, sequence);
    fuzz_require(memcmp(message + HEADER_BYTES, data + HEADER_BYTES, size - HEADER_BYTES) == 0);

    struct icmpv4_message parsed;
    fuzz_require(check_parse(message, size, &parsed) && parsed.kind == ICMPV4_ECHO_REQUEST);
    fuzz_require(parsed.identifier == identifier && parsed.sequence == sequence && parsed.code == 0);
    check_quoted(message, data, size);

    message[0] = 0;
    seal(message, size);
    fuzz_require(check_parse(message, size, &parsed) && parsed.kind == ICMPV4_ECHO_REPLY);
    fuzz_require(parsed.identifier == identifier && parsed.sequence == sequence);
    free(message);
}

/* What comes back of a request of ours, without its IP header. */
static void check_own_request(const uint8_t *data, size_t size)
{
    uint16_t identifier = 1;
    uint16_t sequence = 2;
    bool accepted = icmpv4_parse_echo_request(data, size, &identifier, &sequence);
    fuzz_require(accepted == (size >= HEADER_BYTES && data[0] == 8 && data[1] == 0));
    fuzz_require(identifier == (accepted ? bytes_load_be16(data + 4) : 1));
    fuzz_require(sequence == (accepted ? bytes_load_be16(data + 6) : 2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct icmpv4_message message;
    check_parse(data, size, &message);
    check_own_request(data, size);
    if (size >= 2) {
        check_status(data[0], data[1]);
    }
    if (size >= HEADER_BYTES) {
        check_sealed(data, size);
        check_built(data, size);
    } else {
        uint8_t *too_short = fuzz_copy(data, size);
        icmpv4_build_echo_request(too_short, size, 1, 2);
        fuzz_require(size == 0 || memcmp(too_short, data, size) == 0);
        free(too_short);
    }
    return 0;
}
