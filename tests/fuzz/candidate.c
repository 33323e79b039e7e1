/*
 * Anything that a transport may give out, in any form: what is read of it lies inside it, and says the same in whichever form
 * it came.
 *
 * An input is a packet with its IP header.
 */
#include "fuzz/fuzz.h"

#include "echo/candidate.h"
#include "fuzz/packets.h"
#include "wire/ipv4.h"
#include "wire/status.h"

/* What a link-local address gets. */
#define SCOPE_ID 7

static bool lies_in(const struct transport_packet *packet, const uint8_t *bytes, size_t count)
{
    return count == 0 || fuzz_inside(bytes, count, packet->bytes, packet->length_bytes);
}

static bool check_read(const struct transport_packet *packet, struct candidate *candidate)
{
    memset(candidate, 0, sizeof(*candidate));
    if (!candidate_read(packet, candidate)) {
        return false;
    }
    const struct echo_answer *answer = &candidate->answer;
    fuzz_require(answer->status != STATUS_NONE);
    fuzz_require((answer->status == IP_SUCCESS) == !candidate->is_error);
    fuzz_require(lies_in(packet, answer->data, answer->data_bytes));
    fuzz_require(answer->options == packet->options ||
                 lies_in(packet, answer->options, answer->options_bytes));
    fuzz_require(answer->options_bytes <= 40);
    fuzz_require(answer->responder.family == IP_FAMILY_V4 || answer->responder.family == IP_FAMILY_V6);
    fuzz_require(!candidate->is_error || (answer->data_bytes == 0 && candidate->destination.family != 0));
    return true;
}

static void check_same(const struct candidate *one, const struct candidate *other)
{
    fuzz_require(one->identifier == other->identifier && one->sequence == other->sequence);
    fuzz_require(one->is_error == other->is_error);
    fuzz_require(!one->is_error || ip_address_equal(&one->destination, &other->destination));
    fuzz_require(one->answer.status == other->answer.status);
    fuzz_require(ip_address_equal(&one->answer.responder, &other->answer.responder));
    fuzz_require(one->answer.ttl == other->answer.ttl && one->answer.tos == other->answer.tos);
    fuzz_require(one->answer.options_bytes == other->answer.options_bytes);
    fuzz_require(one->answer.data == other->answer.data &&
                 one->answer.data_bytes == other->answer.data_bytes);
}

/* A packet says what its message says, if its header allows that. */
static void check_packet(const uint8_t *data, size_t size, const struct candidate *from_message)
{
    struct transport_packet packet = {.form = TRANSPORT_IPV4_PACKET, .bytes = data, .length_bytes = size};
    struct ipv4_packet header;
    struct candidate from_packet;
    bool is_packet = ipv4_parse(data, size, &header);
    bool is_read = check_read(&packet, &from_packet);
    fuzz_require(is_packet || !is_read);
    if (is_packet && header.payload + header.payload_bytes == data + size) {
        bool is_whole = header.fragment_offset == 0 && (header.flags & IPV4_FLAG_MORE_FRAGMENTS) == 0;
        fuzz_require(is_read == (from_message != NULL && is_whole && header.protocol == 1));
        if (is_read) {
            check_same(&from_packet, from_message);
        }
    }
}

static void check(const uint8_t *data, size_t size)
{
    struct transport_packet message = packet_in_form(TRANSPORT_MESSAGE, data, size, SCOPE_ID);
    struct transport_packet error = packet_in_form(TRANSPORT_ERROR, data, size, SCOPE_ID);
    struct candidate from_message;
    struct candidate from_error;
    bool is_message = message.form == TRANSPORT_MESSAGE && check_read(&message, &from_message);
    bool is_error = error.form == TRANSPORT_ERROR && check_read(&error, &from_error);
    if (is_message && is_error && from_message.is_error) {
        check_same(&from_message, &from_error);
    }
    check_packet(data, size, is_message ? &from_message : NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    check(data, size);
    /* Once more with total length and checksum as they should be: at random they hardly ever are. */
    uint8_t *packet = fuzz_copy(data, size);
    packet_mend(packet, size, MEND_LENGTH | MEND_CHECKSUM, NULL, 0);
    check(packet, size);
    free(packet);
    return 0;
}
