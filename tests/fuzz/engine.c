/*
 * Packets that arrive at an engine with requests outstanding, and whatever else may happen to it meanwhile.
 *
 * An input is a byte of settings and then operations, each a byte and its arguments (below). An input that
 * ends early goes on with zeros until the operation is over. What must hold is in engine_program.c.
 */
#include "fuzz/engine_program.h"
#include "fuzz/engine_reply.h"
#include "fuzz/fuzz.h"
#include "fuzz/os_fibers.h"
#include "fuzz/packets.h"

/* Bits of the settings. */
enum {
    REWRITE_IDENTIFIERS = 1,
    SINGLE_PACKETS = 2,
    PROVIDE_EXCHANGE = 4,
    WANT_CLAIMS = 8,
    OWN_IDENTIFIERS = 16,
};

/* The lower 4 bits of an operation's byte; the upper ones, `extra`, are an argument. */
enum operation {
    REQUEST, /* extra + 1 of them: who and how (take_who), data, reply room, options */
    PACKET, /* extra: what is mended in it (MEND_...); then a request's number, shape, its bytes, and edits */
    ADVANCE, /* the clock, by 4^extra * 10 us */
    SETTLE,
    WAIT_ALERTABLY,
    INTERLEAVE, /* 2 bytes: as os_fibers_interleave */
    FAIL_CALL,  /* the call extra + 1 from here */
    FAIL_SEND,  /* extra: in which way */
    SESSION,    /* extra: even closes, odd opens */
    PROBE,      /* as REQUEST: extra + 1 probes of the batch */
    COLLECT,    /* extra: even at once, odd by a thread that waits until there is nothing more */
    CANCEL,     /* extra: 0 all, or those of the request of that number */
    CLOSE_BATCH,
    OPERATIONS,
};

/* PACKET's shape: where its bytes come from, */
enum {
    AS_GIVEN, /* a byte for the length, and the bytes */
    AS_REPLY,
    AS_ERROR, /* type and code */
    ORIGINS,
};
/* in which form the transport gives it out (enum transport_form), how many bytes of it are changed (each time
 * a byte for the place and one for the value), and the scope of its addresses. */
#define FORMS     3
#define EDITS_MAX 2
#define SCOPES    3

/* What replaces the identifiers of all requests, if they are rewritten. */
#define SYSTEMS_IDENTIFIER 0x4242

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

#define ADDRESSES   8
#define LINK_LOCALS 2 /* the last so many of IPv6 */
static const uint8_t destinations_v4[ADDRESSES][4] = {
    {192, 0, 2, 1},     {192, 0, 2, 2}, {224, 0, 0, 1}, {255, 255, 255, 255},
    {203, 0, 113, 255}, {127, 0, 0, 1}, {239, 1, 2, 3}, {198, 51, 100, 1},
};
static const uint8_t destinations_v6[ADDRESSES][16] = {
    {0x20, 0x01, 0x0d, 0xb8, [15] = 1},
    {0x20, 0x01, 0x0d, 0xb8, [15] = 2},
    {0xff, 0x0e, [15] = 1},
    {[15] = 1},
    {0x20, 0x01, 0x0d, 0xb8, [15] = 0x99},
    {[10] = 0xff, 0xff, 192, 0, 2, 1},
    {0xfe, 0x80, [15] = 1},
    {0xff, 0x02, [15] = 1},
};

static const uint32_t timeouts_ms[] = {1000, 0, 1, 20, 100, 60000, 0x7fffffff, 0xffffffff};

static struct ip_address address_v4(const uint8_t bytes[4])
{
    uint32_t address_be;
    memcpy(&address_be, bytes, sizeof(address_be));
    return ip_address_v4(address_be);
}

/* A request's first two bytes: manner, destination and family; time-out, aliasing, a hop limit of 0, and the
 * scope of the destination. */
static enum manner take_who(struct input *input, struct echo_call *call, bool *aliased)
{
    uint8_t who = take(input);
    uint8_t how = take(input);
    unsigned int destination = who / MANNERS % ADDRESSES;
    bool six = who / MANNERS / ADDRESSES & 1;
    call->destination = six ? ip_address_v6(destinations_v6[destination], (how >> 6) % SCOPES)
                            : address_v4(destinations_v4[destination]);
    call->timeout_ms = timeouts_ms[how & 7];
    call->hop_limit_0 = six && how & 16;
    *aliased = how & 8;
    return (enum manner)(who % MANNERS);
}

static void make_requests(struct input *input, uint8_t extra, bool in_batch)
{
    struct echo_call call = {0};
    bool aliased;
    enum manner manner = take_who(input, &call, &aliased);
    size_t data_bytes = take(input);
    call.reply_bytes = (uint32_t)reply_structure_bytes(call.destination.family) + take(input);
    size_t options_bytes = take(input) % 44;
    call.options = take_bytes(input, options_bytes, &options_bytes);
    call.options_bytes = (uint8_t)(call.destination.family == IP_FAMILY_V4 ? options_bytes : 0);
    call.data = take_bytes(input, data_bytes, &data_bytes);
    call.data_bytes = (uint16_t)data_bytes;
    for (unsigned int i = 0; i <= extra; i++) {
        if (in_batch) {
            program_probe(&call);
        } else {
            program_request(manner, &call, aliased);
        }
    }
}

/* ---- Packets ---- */

static void send_packet(struct input *input, uint8_t mended)
{
    uint8_t bytes[PACKET_BYTES_MAX] = {0};
    const struct fake_sent *sent = program_sent(take(input));
    unsigned int shape = take(input);
    unsigned int origin = shape % ORIGINS;
    shape /= ORIGINS;
    enum transport_form form = (enum transport_form)(shape % FORMS);
    shape /= FORMS;
    unsigned int edits = shape % (EDITS_MAX + 1);
    shape /= EDITS_MAX + 1;
    size_t size;
    if (origin == AS_GIVEN || sent == NULL) {
        const uint8_t *given = take_bytes(input, take(input), &size);
        memcpy(bytes, given, size);
    } else if (origin == AS_REPLY) {
        size = packet_build_reply(bytes, sent);
    } else {
        uint8_t type = take(input);
        size = packet_build_error(bytes, sent, type, take(input));
    }
    while (edits-- > 0) {
        uint8_t at = take(input);
        bytes[at] = take(input);
    }
    if (sent != NULL) {
        packet_mend(bytes, size, mended, sent, rewriting ? SYSTEMS_IDENTIFIER : sent->identifier);
    } else {
        packet_mend(bytes, size, mended, NULL, 0);
    }
    struct transport_packet packet = packet_in_form(form, bytes, size, shape % SCOPES);
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
        make_requests(input, extra, false);
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
    case PROBE:
        make_requests(input, extra, true);
        break;
    case COLLECT:
        (extra & 1 ? program_start_collector : program_collect)();
        break;
    case CANCEL:
        program_cancel(extra);
        break;
    case CLOSE_BATCH:
        program_close_batch();
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
        .own_identifiers = settings & OWN_IDENTIFIERS,
    });
    while (input.left_bytes > 0) {
        operate(&input);
    }
    program_end();
    return 0;
}
