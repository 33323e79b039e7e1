/*
 * Anything that a transport may give out, in any form: what is read of it lies inside it, and says the same in whichever form
 * it came.
 *
 * An input is an IPv4 packet. As other forms it is what is left when its header, and in an error the quoted one, are taken
 * off.
 */
#include "fuzz/fuzz.h"

#include "echo/candidate.h"
#include "wire/bytes.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/status.h"

/* The fixed part of every ICMP message. */
#define HEADER_BYTES 8

static bool read(const struct transport_packet *packet, struct candidate *candidate)
{
    memset(candidate, 0, sizeof(*candidate));
    if (!candidate_read(packet, candidate)) {
        return false;
    }
    const struct echo_answer *answer = &candidate->answer;
    fuzz_require(answer->status != STATUS_NONE && (answer->status == IP_SUCCESS) == !candidate->is_error);
    fuzz_require(answer->data_bytes == 0 ||
                 fuzz_inside(answer->data, answer->data_bytes, packet->bytes, packet->length_bytes));
    fuzz_require(answer->options_bytes <= 40);
    fuzz_require(answer->options_bytes == 0 || answer->options == packet->options ||
                 fuzz_inside(answer->options, answer->options_bytes, packet->bytes, packet->length_bytes));
    fuzz_require(answer->responder.family == IP_FAMILY_V4);
    fuzz_require(!candidate->is_error || (answer->data_bytes == 0 && candidate->destination.family != 0));
    return true;
}

/* The packet without its header, which is `header`. */
static struct transport_packet as_message(const struct ipv4_packet *header)
{
    return (struct transport_packet){
        .form = TRANSPORT_MESSAGE,
        .bytes = header->payload,
        .length_bytes = header->payload_bytes,
        .peer = ip_address_v4(header->source_be),
        .ttl = header->ttl,
        .tos = header->tos,
        .options = header->options,
        .options_bytes = header->options_bytes,
    };
}

/* What the system tells of an ICMP error: without any header, `quoted` being that of the request. */
static struct transport_packet as_error(const struct transport_packet *message,
                                        const struct ipv4_packet *quoted)
{
    struct transport_packet error = *message;
    error.form = TRANSPORT_ERROR;
    error.bytes = quoted->payload;
    error.length_bytes = quoted->payload_bytes;
    error.destination = ip_address_v4(quoted->destination_be);
    error.icmp_type = message->bytes[0];
    error.icmp_code = message->bytes[1];
    return error;
}

static void check_same(const struct candidate *one, const struct candidate *other)
{
    fuzz_require(one->identifier == other->identifier && one->sequence == other->sequence);
    fuzz_require(one->is_error == other->is_error);
    fuzz_require(ip_address_equal(&one->destination, &other->destination));
    fuzz_require(one->answer.status == other->answer.status);
    fuzz_require(ip_address_equal(&one->answer.responder, &other->answer.responder));
    fuzz_require(one->answer.ttl == other->answer.ttl && one->answer.tos == other->answer.tos);
    fuzz_require(one->answer.options_bytes == other->answer.options_bytes);
    fuzz_require(one->answer.data == other->answer.data &&
                 one->answer.data_bytes == other->answer.data_bytes);
}

static void check(const uint8_t *data, size_t size)
{
    struct transport_packet packet = {.form = TRANSPORT_IPV4_PACKET, .bytes = data, .length_bytes = size};
    struct candidate from_packet;
    bool packet_read = read(&packet, &from_packet);

    struct ipv4_packet header;
    if (!ipv4_parse(data, size, &header)) {
        fuzz_require(!packet_read);
        return;
    }
    struct transport_packet message = as_message(&header);
    struct candidate from_message;
    bool message_read = read(&message, &from_message);
    bool may_carry_it = header.protocol == 1 && header.fragment_offset == 0 && (header.flags & 1) == 0;
    fuzz_require(packet_read == (message_read && may_carry_it));
    if (packet_read) {
        check_same(&from_packet, &from_message);
    }

    struct ipv4_packet quoted;
    if (header.payload_bytes < HEADER_BYTES ||
        !ipv4_parse_quoted(header.payload + HEADER_BYTES, header.payload_bytes - HEADER_BYTES, &quoted)) {
        return;
    }
    struct transport_packet error = as_error(&message, &quoted);
    struct candidate from_error;
    bool error_read = read(&error, &from_error);
    if (message_read && from_message.is_error) {
        fuzz_require(error_read);
        check_same(&from_message, &from_error);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size);
    size_t header_bytes = size > 0 ? (size_t)(data[0] & 0x0f) * 4 : 0;
    if (header_bytes >= 20 && size >= header_bytes + HEADER_BYTES) {
        /* Once more with total length and checksum as they should be: at random they hardly ever are. */
        uint8_t *packet = fuzz_copy(data, size);
        uint8_t *message = packet + header_bytes;
        bytes_store_be16(packet + 2, (uint16_t)size);
        bytes_store_be16(message + 2, 0);
        bytes_store_be16(message + 2, checksum_compute(message, size - header_bytes));
        check(packet, size);
        free(packet);
    }
    return 0;
}
