/*
 * Looks through all that came in for what answers a request.
 *
 * Several threads may receive at once, so packets need not take effect in the order in which they came. A
 * request for many is therefore judged by whom it has answers from, not by their order.
 */
#include "fuzz/engine_outcome.h"

#include "echo/candidate.h"
#include "fuzz/engine_reply.h"
#include "fuzz/fuzz.h"
#include "fuzz/os_fibers.h"
#include "wire/ipv4_options.h"

/* A reply that came in time counts, even if it is read so much later. */
#define OVERDUE_NS (10 * OS_NS_PER_MS)

static struct transport_packet packets[PACKETS_MAX]; /* all that came; received_ns: when they did */
static uint64_t read_ns[PACKETS_MAX];                /* since when everybody is known to have read them */
static size_t packet_count;
static bool rewritten;

void outcome_begin(bool identifiers_are_rewritten)
{
    rewritten = identifiers_are_rewritten;
}

const struct transport_packet *outcome_packet(const struct transport_packet *packet)
{
    if (packet_count == PACKETS_MAX) {
        return NULL;
    }
    read_ns[packet_count] = OS_NEVER;
    struct transport_packet *kept = &packets[packet_count++];
    *kept = *packet;
    kept->received_ns = os_now_ns();
    kept->bytes = fuzz_copy(packet->bytes, packet->length_bytes);
    kept->options = fuzz_copy(packet->options, packet->options_bytes);
    return kept;
}

size_t outcome_packets(void)
{
    return packet_count;
}

void outcome_settled(void)
{
    for (size_t i = packet_count; i > 0 && read_ns[i - 1] == OS_NEVER; i--) {
        read_ns[i - 1] = os_now_ns();
    }
}

void outcome_end(void)
{
    while (packet_count > 0) {
        packet_count--;
        free((void *)(uintptr_t)packets[packet_count].bytes);
        free((void *)(uintptr_t)packets[packet_count].options);
    }
}

uint32_t outcome_fault(const struct echo_call *call)
{
    switch (ipv4_options_check(call->options, call->options_bytes)) {
    case IPV4_OPTIONS_TOO_BIG:
        return IP_OPTION_TOO_BIG;
    case IPV4_OPTIONS_MALFORMED:
        return IP_BAD_OPTION;
    default:
        return IP_SUCCESS;
    }
}

/* ---- Which packet answers which request ---- */

/* A scope counts only if both have one. */
static bool is_same(const struct ip_address *one, const struct ip_address *other)
{
    return one->family == other->family && memcmp(one->bytes, other->bytes, sizeof(one->bytes)) == 0 &&
           (one->scope_id == 0 || other->scope_id == 0 || one->scope_id == other->scope_id);
}

static bool answers(const struct candidate *candidate, const struct program_request *request)
{
    const struct ip_address *destination = &request->call.destination;
    if (request->sent == NULL || candidate->sequence != request->sent->sequence ||
        (candidate->identifier != request->sent->identifier && !rewritten) ||
        candidate->answer.responder.family != destination->family) {
        return false;
    }
    if (!candidate->is_error) {
        return is_same(&candidate->answer.responder, destination) || request->to_many;
    }
    bool source_route =
        ipv4_options_have_source_route(request->sent->message.options, request->sent->message.options_bytes);
    return is_same(&candidate->destination, destination) || (candidate->source_route && source_route);
}

/* What the packet of that number answers the request with. False if it does not. */
static bool read_answer(size_t number, const struct program_request *request, struct echo_answer *answer)
{
    struct candidate candidate;
    if (!candidate_read(&packets[number], &candidate) || !answers(&candidate, request)) {
        return false;
    }
    *answer = candidate.answer;
    return true;
}

/* An answer, and all that has to do with it. */
typedef bool (*condition)(const struct echo_answer *answer, const struct program_request *request);

/* Whether one came that answers the request, and whose answer is `such`. */
static bool came(const struct program_request *request, condition such)
{
    struct echo_answer answer;
    for (size_t i = 0; i < packet_count; i++) {
        if (read_answer(i, request, &answer) && such(&answer, request)) {
            return true;
        }
    }
    return false;
}

/* ---- What stands in the reply buffer ---- */

static struct reply_buffer buffer_of(const struct program_request *request)
{
    return (struct reply_buffer){request->call.destination.family, request->reply, request->before,
                                 request->call.reply_bytes};
}

/* The most that a round-trip time can be. */
static uint64_t age_ms(const struct program_request *request)
{
    return (os_now_ns() - request->begun_ns) / OS_NS_PER_MS;
}

/* What is in Reserved. */
static uint16_t count_of(const struct program_request *request, uint32_t replies)
{
    return request->manner == SYNCHRONOUS ? 0 : (uint16_t)replies;
}

static bool shown(const struct echo_answer *answer, const struct program_request *request)
{
    struct reply_buffer buffer = buffer_of(request);
    return reply_has_room(&buffer, answer) &&
           reply_shows(&buffer, answer, age_ms(request), count_of(request, 1));
}

static bool too_much(const struct echo_answer *answer, const struct program_request *request)
{
    struct reply_buffer buffer = buffer_of(request);
    return !reply_has_room(&buffer, answer);
}

bool outcome_is_untouched(const struct program_request *request)
{
    struct reply_buffer buffer = buffer_of(request);
    return reply_is_untouched(&buffer);
}

bool outcome_is_failure(const struct program_request *request, uint32_t status)
{
    struct reply_buffer buffer = buffer_of(request);
    return reply_is_failure(&buffer, status);
}

uint32_t outcome_replies(const struct program_request *request)
{
    if (request->call.destination.family == IP_FAMILY_V6) {
        return came(request, shown) ? 1 : 0;
    }
    ICMP_ECHO_REPLY first;
    memcpy(&first, request->reply, sizeof(first));
    return first.Reserved;
}

/* Whether the buffer has a reply of that responder. */
static bool is_among(const struct program_request *request, uint32_t replies,
                     const struct ip_address *responder)
{
    struct reply_buffer buffer = buffer_of(request);
    for (uint32_t i = 0; i < replies; i++) {
        if (reply_address(&buffer, i) == ip_address_to_v4(responder)) {
            return true;
        }
    }
    return false;
}

/* ---- Time ---- */

/* When its time is up, at the latest. */
static uint64_t deadline_ns(const struct program_request *request)
{
    return request->sent_ns + call_timeout_ns(&request->call);
}

/* Whether its time may be up already. */
static bool time_is_up(const struct program_request *request)
{
    return os_now_ns() - request->begun_ns >= call_timeout_ns(&request->call);
}

/* Whether a request that ends now may not pass over the packet of that number: it has come in time, and was
 * read in time or soon enough. (Where the system rewrites identifiers, receivers share the packets: one that
 * another thread has got, but not looked at yet, cannot be waited for.) */
static bool came_in_time(size_t number, const struct program_request *request)
{
    return number >= request->packets_before && packets[number].received_ns < deadline_ns(request) &&
           (read_ns[number] < deadline_ns(request) ||
            (!rewritten && os_now_ns() < deadline_ns(request) + OVERDUE_NS));
}

/* Whether somebody has answered in time who is not among the replies. */
static bool somebody_is_missing(const struct program_request *request, uint32_t replies)
{
    struct echo_answer answer;
    for (size_t i = 0; i < packet_count; i++) {
        if (read_answer(i, request, &answer) && came_in_time(i, request) &&
            !is_among(request, replies, &answer.responder)) {
            return true;
        }
    }
    return false;
}

/* ---- Requests for many ---- */

static bool collects(const struct program_request *request)
{
    return request->to_many && request->call.destination.family == IP_FAMILY_V4 &&
           request->manner != IN_BATCH;
}

/* How many bytes an answer takes at the least, structure included. */
static size_t bytes_of(const struct echo_answer *answer)
{
    size_t options_bytes = answer->status == IP_SUCCESS ? answer->options_bytes : 0;
    return sizeof(ICMP_ECHO_REPLY) + options_bytes + answer->data_bytes;
}

/* What is left of the buffer when it is full, at the most. */
static bool is_full(const struct program_request *request, size_t left_bytes)
{
    return left_bytes < sizeof(ICMP_ECHO_REPLY) + request->call.data_bytes;
}

/* Whether the reply of that number in the buffer is one of what came; its options and data end at `*end`,
 * which becomes where they begin. */
static bool find_shown(const struct program_request *request, uint32_t number, uint32_t replies, size_t *end)
{
    struct reply_buffer buffer = buffer_of(request);
    struct echo_answer answer;
    for (size_t i = 0; i < packet_count; i++) {
        if (read_answer(i, request, &answer) &&
            reply_shows_of_many(&buffer, number, end, &answer, age_ms(request),
                                number == 0 ? count_of(request, replies) : 0)) {
            return true;
        }
    }
    return false;
}

static bool responders_differ(const struct program_request *request, uint32_t replies)
{
    struct reply_buffer buffer = buffer_of(request);
    for (uint32_t i = 0; i < replies; i++) {
        struct ip_address responder = ip_address_v4(reply_address(&buffer, i));
        if (is_among(request, i, &responder)) {
            return false;
        }
    }
    return true;
}

/* How much of the buffer nobody uses, if it shows so many replies as it should; SIZE_MAX otherwise. */
static size_t left_by(const struct program_request *request, uint32_t replies)
{
    struct reply_buffer buffer = buffer_of(request);
    struct echo_answer answer;
    if (replies == 1) {
        for (size_t i = 0; i < packet_count; i++) {
            if (read_answer(i, request, &answer) && shown(&answer, request)) {
                return buffer.size - reply_bytes_shown(&buffer, &answer);
            }
        }
        return SIZE_MAX;
    }
    size_t end = buffer.size;
    for (uint32_t i = 0; i < replies; i++) {
        if (!find_shown(request, i, replies, &end)) {
            return SIZE_MAX;
        }
    }
    size_t structures_end = replies * sizeof(ICMP_ECHO_REPLY);
    return reply_is_untouched_between(&buffer, structures_end, end) ? end - structures_end : SIZE_MAX;
}

/* Whether somebody has answered with more than `left_bytes` who is not among the replies. */
static bool somebody_is_too_large(const struct program_request *request, uint32_t replies, size_t left_bytes)
{
    struct echo_answer answer;
    for (size_t i = 0; i < packet_count; i++) {
        if (read_answer(i, request, &answer) && bytes_of(&answer) > left_bytes &&
            !is_among(request, replies, &answer.responder)) {
            return true;
        }
    }
    return false;
}

/* Whether a request for many may end with so many replies. */
static bool collection_is_owed(const struct program_request *request, uint32_t replies)
{
    size_t left_bytes = left_by(request, replies);
    if (left_bytes == SIZE_MAX || !responders_differ(request, replies)) {
        return false;
    }
    return is_full(request, left_bytes) || os_fibers_failed_calls() > 0 ||
           somebody_is_too_large(request, replies, left_bytes) ||
           (time_is_up(request) && !somebody_is_missing(request, replies));
}

/* Whether a request for many has room left after all that came for it. */
static bool collection_may_wait(const struct program_request *request)
{
    size_t used_bytes = 0;
    struct echo_answer answer;
    struct echo_answer other;
    for (size_t i = request->packets_before; i < packet_count; i++) {
        if (!read_answer(i, request, &answer)) {
            continue;
        }
        /* Of each responder, the smallest. */
        bool counts = true;
        for (size_t j = request->packets_before; j < packet_count && counts; j++) {
            counts = !read_answer(j, request, &other) || !is_same(&other.responder, &answer.responder) ||
                     bytes_of(&other) > bytes_of(&answer) ||
                     (bytes_of(&other) == bytes_of(&answer) && j >= i);
        }
        used_bytes += counts ? bytes_of(&answer) : 0;
    }
    return used_bytes == 0 || (used_bytes <= request->call.reply_bytes &&
                               !is_full(request, request->call.reply_bytes - used_bytes));
}

/* ---- Outcomes ---- */

/* Whether there was a reason to give the program this IP_STATUS instead of an answer. */
static bool failure_is_owed(const struct program_request *request, uint32_t status)
{
    switch (status) {
    case IP_SUCCESS:
        return false;
    case IP_REQ_TIMED_OUT:
        return time_is_up(request) && !somebody_is_missing(request, 0);
    case IP_NO_RESOURCES:
        return os_fibers_failed_calls() > 0;
    case IP_GENERAL_FAILURE:
        return status == request->send_result || request->call.hop_limit_0 || came(request, too_much);
    default:
        return status == request->send_result;
    }
}

bool outcome_is_owed(const struct program_request *request, uint32_t replies)
{
    if (request->sent == NULL && !request->call.hop_limit_0) {
        return true; /* answered by chance: it has a key before it is sent, which nobody knows here */
    }
    if (replies == 0) {
        struct reply_buffer buffer = buffer_of(request);
        uint32_t status = reply_status(&buffer);
        return failure_is_owed(request, status) && reply_is_failure(&buffer, status);
    }
    return collects(request) ? collection_is_owed(request, replies) : replies == 1 && came(request, shown);
}

/* Whether a result tells of that answer. */
static bool told_of(const struct echo_answer *answer, const struct program_request *request)
{
    const struct batch_result *result = request->result;
    const struct echo_answer *shown_answer = result->answer;
    bool data_equal =
        answer->status == IP_SUCCESS && answer->data_bytes == request->call.data_bytes &&
        (answer->data_bytes == 0 || memcmp(answer->data, request->reply, answer->data_bytes) == 0);
    return shown_answer->status == answer->status &&
           memcmp(&shown_answer->responder, &answer->responder, sizeof(answer->responder)) == 0 &&
           shown_answer->ttl == answer->ttl && shown_answer->tos == answer->tos &&
           shown_answer->flags == answer->flags && shown_answer->icmp_type == answer->icmp_type &&
           shown_answer->icmp_code == answer->icmp_code &&
           shown_answer->options_bytes == answer->options_bytes &&
           (answer->options_bytes == 0 ||
            memcmp(shown_answer->options, answer->options, answer->options_bytes) == 0) &&
           shown_answer->data_bytes == answer->data_bytes && result->data_equal == data_equal;
}

/* Whether there was a reason to give a probe up, or not to send it. */
static bool result_failure_is_owed(const struct program_request *request)
{
    const struct batch_result *result = request->result;
    uint32_t reason = result->error != 0 ? result->error : result->status;
    if (result->data_equal || (result->error != 0 && result->status != IP_GENERAL_FAILURE)) {
        return false;
    }
    return (reason == ERROR_OPERATION_ABORTED && request->cancelled) || reason == request->send_result ||
           reason == outcome_fault(&request->call) ||
           (reason != IP_GENERAL_FAILURE && reason >= IP_STATUS_BASE && failure_is_owed(request, reason));
}

bool outcome_result_is_owed(const struct program_request *request)
{
    const struct batch_result *result = request->result;
    if (result->answer == NULL) {
        return result_failure_is_owed(request);
    }
    return result->error == 0 && result->status == result->answer->status &&
           result->answer->round_trip_ns <= os_now_ns() - request->begun_ns &&
           (request->sent == NULL || came(request, told_of));
}

bool outcome_may_wait(const struct program_request *request)
{
    return request->sent != NULL && os_now_ns() < deadline_ns(request) && outcome_is_untouched(request) &&
           (collects(request) ? collection_may_wait(request) : !somebody_is_missing(request, 0));
}
