/*
 * Packets that arrive at an engine with requests outstanding, and whatever else may happen to it meanwhile.
 *
 * An input is a byte of settings and then operations, each a byte and its arguments (below). An input that ends early goes on
 * with zeros until the operation is over. What must hold is in engine_program.c.
 */
#include "fuzz/engine_program.h"
#include "fuzz/fuzz.h"
#include "fuzz/os_fibers.h"
#include "wire/bytes.h"
#include "wire/checksum.h"

/* Bits of the settings. */
enum {
    REWRITE_IDENTIFIERS = 1,
    SINGLE_PACKETS = 2,
    PROVIDE_EXCHANGE = 4,
    WANT_CLAIMS = 8,
};

/* The lower 4 bits of an operation's byte; the upper ones, `extra`, are an argument. */
enum operation {
    REQUEST, /* extra + 1 of them: manner and destination, time-out and aliasing, data, reply room, options */
    PACKET,  /* extra: what is mended in it; then a request's number, shape, edits, and its bytes */
    ADVANCE, /* time by 2^extra ms */
    SETTLE,
    WAIT_ALERTABLY,
    INTERLEAVE, /* 2 bytes: as os_fibers_interleave */
    FAIL_CALL,  /* the call extra + 1 from here */
    FAIL_SEND,  /* extra: in which way */
    SESSION,    /* extra: even closes, odd opens */
    OPERATIONS,
};

/* Bits of PACKET's extra: what is made to be as if the packet was about the request. */
enum {
    MEND_KEY = 1,
    MEND_ADDRESS = 2,
    MEND_LENGTH = 4,
    MEND_CHECKSUM = 8,
};

/* PACKET's shape: where its bytes come from, */
enum {
    AS_GIVEN, /* a byte for the length, and the bytes */
    AS_REPLY,
    AS_ERROR, /* type and code */
    ORIGINS,
};
/* in which form the transport gives it out (enum transport_form), and how many bytes of it are changed: each time a byte for
 * the place and one for the value. */
#define FORMS     3
#define EDITS_MAX 3

/* What replaces the identifiers of all requests, if they are rewritten. */
#define SYSTEMS_IDENTIFIER 0x4242

#define IP_HEADER_BYTES    20
#define ICMP_HEADER_BYTES  8
#define PACKET_BYTES_MAX   512

static bool rewriting; /* in this input */

struct input {
    const uint8_t *bytes;
    size_t left_bytes;
};

static uint8_t take(struct input *input)
{
    if (input->left_bytes == 0) {
        return 0;
    }
    input->left_bytes--;
    return *input->bytes++;
}

static uint16_t take_u16(struct input *input)
{
    uint16_t high = take(input);
    return (uint16_t)(high << 8 | take(input));
}

/* Up to `wanted` bytes; gives how many. */
static const uint8_t *take_bytes(struct input *input, size_t wanted, size_t *count)
{
    const uint8_t *bytes = input->bytes;
    *count = wanted < input->left_bytes ? wanted : input->left_bytes;
    input->bytes += *count;
    input->left_bytes -= *count;
    return bytes;
}

/* ---- Requests ---- */

static const uint8_t destinations[][4] = {
    {192, 0, 2, 1}, {192, 0, 2, 2}, {224, 0, 0, 1}, {255, 255, 255, 255}, {127, 0, 0, 1}, {203, 0, 113, 255},
};

static const uint32_t timeouts_ms[] = {1000, 0, 1, 20, 100, 60000, 0x7fffffff, 0xffffffff};

static struct ip_address address_v4(const uint8_t bytes[4])
{
    uint32_t address_be;
    memcpy(&address_be, bytes, sizeof(address_be));
    return ip_address_v4(address_be);
}

static void make_requests(struct input *input, uint8_t extra)
{
    struct echo_call call = {0};
    uint8_t manner = take(input);
    uint8_t timing = take(input);
    size_t data_bytes = take(input);
    call.reply_bytes = (uint32_t)sizeof(ICMP_ECHO_REPLY) + take(input);
    size_t options_bytes = take(input) % 44;
    call.destination = address_v4(destinations[manner / MANNERS % 6]);
    call.timeout_ms = timeouts_ms[timing % 8];
    call.options = take_bytes(input, options_bytes, &options_bytes);
    call.options_bytes = (uint8_t)options_bytes;
    call.data = take_bytes(input, data_bytes, &data_bytes);
    call.data_bytes = (uint16_t)data_bytes;
    for (unsigned int i = 0; i <= extra; i++) {
        program_request((enum manner)(manner % MANNERS), &call, timing & 8);
    }
}

/* ---- Packets ---- */

static size_t build_header(uint8_t *packet, size_t total_bytes)
{
    static const uint8_t header[IP_HEADER_BYTES] = {0x45, 0, 0,   0,  0,   1, 0,   0, 64, 1,
                                                    0,    0, 198, 51, 100, 1, 192, 0, 2,  99};
    memcpy(packet, header, sizeof(header));
    bytes_store_be16(packet + 2, (uint16_t)total_bytes);
    return sizeof(header);
}

/* The packet that a host answers with. */
static size_t build_reply(uint8_t *packet, const struct fake_sent *sent)
{
    size_t total_bytes = IP_HEADER_BYTES + sent->message.length_bytes;
    uint8_t *message = packet + build_header(packet, total_bytes);
    memcpy(message, sent->bytes, sent->message.length_bytes);
    message[0] = 0;
    return total_bytes;
}

/* The packet that a router answers with. */
static size_t build_error(uint8_t *packet, const struct fake_sent *sent, struct input *input)
{
    size_t total_bytes = 2 * (IP_HEADER_BYTES + ICMP_HEADER_BYTES);
    uint8_t *message = packet + build_header(packet, total_bytes);
    memset(message, 0, ICMP_HEADER_BYTES);
    message[0] = take(input);
    message[1] = take(input);
    uint8_t *quote = message + ICMP_HEADER_BYTES;
    memcpy(quote + build_header(quote, total_bytes), sent->bytes, ICMP_HEADER_BYTES);
    return total_bytes;
}

static bool is_error(uint8_t type)
{
    return type == 3 || type == 4 || type == 11 || type == 12;
}

static size_t header_bytes(const uint8_t *header)
{
    return (size_t)(header[0] & 0x0f) * 4;
}

/* Makes a packet fit to the request that was sent, as far as it has the places for that. */
static void mend(uint8_t *packet, size_t size, unsigned int mended, const struct fake_sent *sent)
{
    if (size < IP_HEADER_BYTES) {
        return;
    }
    if (mended & MEND_LENGTH) {
        bytes_store_be16(packet + 2, (uint16_t)size);
    }
    size_t message_at = header_bytes(packet);
    if (size < message_at + ICMP_HEADER_BYTES) {
        return;
    }
    /* Where the echo header is, and the address that counts. */
    size_t echo_at = message_at;
    size_t address_at = 12;
    if (is_error(packet[message_at])) {
        size_t quote_at = message_at + ICMP_HEADER_BYTES;
        echo_at = quote_at + (quote_at < size ? header_bytes(packet + quote_at) : 0);
        address_at = quote_at + 16;
    }
    if (sent != NULL && mended & MEND_KEY && size >= echo_at + ICMP_HEADER_BYTES) {
        bytes_store_be16(packet + echo_at + 4, rewriting ? SYSTEMS_IDENTIFIER : sent->identifier);
        bytes_store_be16(packet + echo_at + 6, sent->sequence);
    }
    if (sent != NULL && mended & MEND_ADDRESS && size >= address_at + 4) {
        memcpy(packet + address_at, sent->message.destination.bytes, 4);
    }
    if (mended & MEND_CHECKSUM) {
        uint8_t *message = packet + message_at;
        bytes_store_be16(message + 2, 0);
        bytes_store_be16(message + 2, checksum_compute(message, size - message_at));
    }
}

/* A packet as the transport gives it out. When it is too short for a form, it stays a packet. */
static struct transport_packet in_form(enum transport_form form, const uint8_t *bytes, size_t size)
{
    struct transport_packet packet = {.bytes = bytes, .length_bytes = size, .options = bytes};
    size_t message_at = size >= IP_HEADER_BYTES ? header_bytes(bytes) : size;
    if (form == TRANSPORT_IPV4_PACKET || message_at < IP_HEADER_BYTES || message_at >= size) {
        return packet;
    }
    const uint8_t *message = bytes + message_at;
    packet.form = TRANSPORT_MESSAGE;
    packet.bytes = message;
    packet.length_bytes = size - message_at;
    packet.peer = address_v4(bytes + 12);
    packet.ttl = bytes[8];
    packet.tos = bytes[1];
    packet.options = bytes + IP_HEADER_BYTES;
    packet.options_bytes = message_at - IP_HEADER_BYTES;
    size_t quote_bytes = ICMP_HEADER_BYTES + IP_HEADER_BYTES;
    if (form == TRANSPORT_ERROR && packet.length_bytes > quote_bytes) {
        packet.form = TRANSPORT_ERROR;
        packet.bytes += quote_bytes;
        packet.length_bytes -= quote_bytes;
        packet.destination = address_v4(message + ICMP_HEADER_BYTES + 16);
        packet.icmp_type = message[0];
        packet.icmp_code = message[1];
    }
    return packet;
}

static void send_packet(struct input *input, uint8_t mended)
{
    uint8_t bytes[PACKET_BYTES_MAX] = {0};
    const struct fake_sent *sent = program_sent(take(input));
    uint8_t shape = take(input);
    unsigned int origin = shape % ORIGINS;
    enum transport_form form = (enum transport_form)(shape / ORIGINS % FORMS);
    unsigned int edits = shape / ORIGINS / FORMS % (EDITS_MAX + 1);
    size_t size;
    if (origin == AS_GIVEN || sent == NULL) {
        const uint8_t *given = take_bytes(input, take(input), &size);
        memcpy(bytes, given, size);
    } else {
        size = origin == AS_REPLY ? build_reply(bytes, sent) : build_error(bytes, sent, input);
    }
    while (edits-- > 0) {
        uint8_t at = take(input);
        bytes[at] = take(input);
    }
    mend(bytes, size, mended, sent);
    struct transport_packet packet = in_form(form, bytes, size);
    program_packet(&packet);
}

/* ---- Everything ---- */

static const uint32_t send_results[] = {TRANSPORT_NEEDS_BROADCAST, ERROR_NETWORK_UNREACHABLE,
                                        ERROR_NOT_ENOUGH_MEMORY,   IP_GENERAL_FAILURE,
                                        IP_PACKET_TOO_BIG,         IP_BAD_DESTINATION};

static void operate(struct input *input)
{
    uint8_t byte = take(input);
    uint8_t extra = byte >> 4;
    switch ((byte & 0x0f) % OPERATIONS) {
    case REQUEST:
        make_requests(input, extra);
        break;
    case PACKET:
        send_packet(input, extra);
        break;
    case ADVANCE:
        os_fibers_advance_clock((UINT64_C(1) << 2 * extra) * 10000);
        break;
    case SETTLE:
        program_settle();
        break;
    case WAIT_ALERTABLY:
        program_wait_alertably();
        break;
    case INTERLEAVE:
        os_fibers_interleave(take_u16(input));
        break;
    case FAIL_CALL:
        os_fibers_fail_call(extra + 1U);
        break;
    case FAIL_SEND:
        program_fail_send(send_results[extra % 6]);
        break;
    case SESSION:
        (extra & 1 ? program_open : program_close)();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    uint8_t settings = take(&input);
    rewriting = settings & REWRITE_IDENTIFIERS;
    program_begin(&(struct program_settings){
        .rewrite_identifiers = rewriting,
        .single_packets = settings & SINGLE_PACKETS,
        .provide_exchange = settings & PROVIDE_EXCHANGE,
        .want_claims = settings & WANT_CLAIMS,
    });
    while (input.left_bytes > 0) {
        operate(&input);
    }
    program_end();
    return 0;
}
