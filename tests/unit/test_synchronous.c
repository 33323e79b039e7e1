/*
 * What echo/synchronous.h promises to one caller: every outcome, and which packets count. Callers among themselves are
 * in test_worker.c.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "echo/reply.h"
#include "trace/trace.h"
#include "unit/support/echo_fixture.h"
#include "wire/icmpv4.h"

#define TEXT "the payload of this very request"

/* A fresh call to HOST. */
static struct caller *fresh_caller(void **state, uint32_t timeout_ms)
{
    static struct caller caller;
    caller_set(&caller, *state, HOST, TEXT, timeout_ms);
    return &caller;
}

static void use_send_hook(uint32_t (*hook)(const struct fake_sent *))
{
    fake_network_hook((struct fake_network_hooks){.send = hook});
}

static void assert_failure_written(const struct caller *caller, uint32_t status)
{
    const ICMP_ECHO_REPLY expected = {.Status = status};
    assert_int_equal(caller->replies, 0);
    assert_int_equal(caller->error, status);
    assert_memory_equal(caller->reply.bytes, &expected, sizeof(expected));
    assert_true(caller_reply_untouched(caller, sizeof(expected)));
}

static void assert_untouched(const struct caller *caller, uint32_t error)
{
    assert_int_equal(caller->replies, 0);
    assert_int_equal(caller->error, error);
    assert_true(caller_reply_untouched(caller, 0));
}

/* ---- What is sent ---- */

static void test_the_message_is_a_whole_echo_request_with_the_programs_data(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);
    struct icmpv4_message message;

    caller_run(caller);
    const struct fake_sent *sent = fake_network_sent(1);
    assert_int_equal(sent->message.length_bytes, 8 + strlen(TEXT));
    assert_true(icmpv4_parse(sent->bytes, sent->message.length_bytes, &message)); /* the checksum, too */
    assert_int_equal(message.kind, ICMPV4_ECHO_REQUEST);
    assert_int_equal(message.code, 0);
    assert_memory_equal(message.data, TEXT, strlen(TEXT));
    assert_address_equal(sent->message.destination, HOST);
}

static void test_without_options_the_system_chooses(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    caller_run(caller);
    const struct transport_message *message = &fake_network_sent(1)->message;
    assert_true(ip_address_is_unspecified(&message->source));
    assert_int_equal(message->ttl, 0);
    assert_int_equal(message->tos, 0);
    assert_int_equal(message->options_bytes, 0);
    assert_false(message->dont_fragment);
    assert_false(message->broadcast);
}

static void test_options_and_source_reach_the_transport(void **state)
{
    static const uint8_t record_route[7] = {7, 7, 4};
    struct caller *caller = fresh_caller(state, 1000);

    caller->call.ttl = 3;
    caller->call.tos = 0x10;
    caller->call.dont_fragment = true;
    caller->call.options = record_route;
    caller->call.options_bytes = sizeof(record_route);
    caller->call.source = OTHER;
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    const struct transport_message *message = &fake_network_sent(1)->message;
    assert_address_equal(message->source, OTHER);
    assert_int_equal(message->ttl, 3);
    assert_int_equal(message->tos, 0x10);
    assert_true(message->dont_fragment);
    assert_int_equal(message->options_bytes, sizeof(record_route));
    assert_memory_equal(message->options, record_route, sizeof(record_route));
}

static void test_requests_have_different_keys(void **state)
{
    uint32_t last = 0;

    for (size_t i = 1; i <= 50; i++) {
        struct caller *caller = fresh_caller(state, 1000);
        caller_run(caller);
        assert_true(caller_has_own_reply(caller));
        const struct fake_sent *sent = fake_network_sent(i);
        uint32_t key = (uint32_t)sent->identifier << 16 | sent->sequence;
        assert_int_not_equal(key, last);
        last = key;
    }
}

/* ---- Replies ---- */

static uint32_t reply_in_full(const struct fake_sent *sent)
{
    static const uint8_t options[4] = {1, 1, 1, 0};
    struct fake_answer answer = fake_reply(sent);
    answer.ttl = 57;
    answer.tos = 0x2c;
    answer.fragment_word = 0x4000; /* DF */
    answer.options = options;
    answer.options_bytes = sizeof(options);
    os_posix_advance_clock(25 * OS_NS_PER_MS);
    fake_network_deliver(&answer);
    return 0;
}

static void prepare_slowly(void)
{
    os_posix_advance_clock(500 * OS_NS_PER_MS);
}

static void test_what_a_transport_does_before_it_sends_counts_for_no_time(void **state)
{
    struct caller *caller = fresh_caller(state, 300);

    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.prepare = prepare_slowly, .send = reply_in_full});
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    assert_int_equal(caller->reply.header.RoundTripTime, 25);
}

static void test_a_reply_is_written_with_everything_that_its_packet_had(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);
    const ICMP_ECHO_REPLY *reply = &caller->reply.header;

    os_posix_stop_clock();
    use_send_hook(reply_in_full);
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    assert_int_equal(reply->RoundTripTime, 25);
    assert_int_equal(reply->Reserved, 0);
    assert_int_equal(reply->Options.Ttl, 57);
    assert_int_equal(reply->Options.Tos, 0x2c);
    assert_int_equal(reply->Options.Flags, IP_FLAG_DF);
    assert_int_equal(reply->Options.OptionsSize, 4);
    assert_memory_equal(reply->Options.OptionsData, "\1\1\1", 4);
    assert_true(caller_reply_untouched(caller, sizeof(*reply) + 4 + strlen(TEXT)));
}

static void test_an_echo_without_data_works(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    caller->call.data = NULL;
    caller->call.data_bytes = 0;
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    assert_int_equal(fake_network_sent(1)->message.length_bytes, 8);
    assert_true(caller_reply_untouched(caller, sizeof(ICMP_ECHO_REPLY)));
}

static void test_every_length_around_the_small_buffer_and_the_longest_come_back(void **state)
{
    static const uint16_t lengths[] = {1, 1491, 1492, 1493, 1500, 8000, 65500, 65507};
    static char data[65507];
    static uint8_t reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data)];

    memset(data, 'x', sizeof(data));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct caller *caller = fresh_caller(state, 1000);
        data[lengths[i] - 1] = (char)('A' + i);
        caller->call.data = data;
        caller->call.data_bytes = lengths[i];
        caller->call.reply = reply;
        caller->call.reply_bytes = (uint32_t)(sizeof(ICMP_ECHO_REPLY) + lengths[i]);
        caller_run(caller);
        assert_int_equal(caller->error, 0);
        assert_int_equal(caller->replies, 1);
        assert_memory_equal(reply + sizeof(ICMP_ECHO_REPLY), data, lengths[i]);
    }
}

static void test_request_and_reply_may_share_their_memory(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);
    uint8_t *shared = caller->reply.bytes;

    memcpy(shared, TEXT, sizeof(TEXT));
    caller->call.data = shared;
    caller_run(caller);
    assert_int_equal(caller->replies, 1);
    assert_memory_equal(caller->reply.header.Data, TEXT, strlen(TEXT));
    assert_memory_equal(fake_network_sent(1)->bytes + 8, TEXT, strlen(TEXT));
}

static void test_options_and_reply_may_share_their_memory(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);
    static const uint8_t nops[4] = {1, 1, 1, 0};

    memcpy(caller->reply.bytes, nops, sizeof(nops));
    caller->call.options = caller->reply.bytes;
    caller->call.options_bytes = sizeof(nops);
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    assert_memory_equal(fake_network_sent(1)->options, nops, sizeof(nops));
}

static void test_a_reply_that_fits_exactly_is_delivered(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    caller->call.reply = caller->reply.bytes;
    caller->call.reply_bytes = (uint32_t)(sizeof(ICMP_ECHO_REPLY) + strlen(TEXT));
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    assert_true(caller_reply_untouched(caller, caller->call.reply_bytes));
}

static void test_a_reply_that_does_not_fit_is_a_general_failure(void **state)
{
    for (uint32_t missing = 1; missing <= strlen(TEXT); missing++) {
        struct caller *caller = fresh_caller(state, 1000);
        caller->call.reply = caller->reply.bytes;
        caller->call.reply_bytes = (uint32_t)(sizeof(ICMP_ECHO_REPLY) + strlen(TEXT)) - missing;
        caller_run(caller);
        assert_failure_written(caller, IP_GENERAL_FAILURE);
    }
}

static uint32_t reply_with_other_data(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_reply(sent);
    answer.data = (const uint8_t *)"shorter";
    answer.data_bytes = 7;
    fake_network_deliver(&answer);
    return 0;
}

static void test_the_data_that_came_back_is_reported_whatever_it_is(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    use_send_hook(reply_with_other_data);
    caller_run(caller);
    assert_int_equal(caller->replies, 1);
    assert_int_equal(caller->reply.header.DataSize, 7);
    assert_memory_equal(caller->reply.header.Data, "shorter", 7);
}

/* ---- ICMP errors ---- */

static uint8_t error_type;
static uint8_t error_code;

static uint32_t answer_with_error(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_error(sent, ROUTER, error_type, error_code);
    os_posix_advance_clock(5 * OS_NS_PER_MS);
    fake_network_deliver(&answer);
    return 0;
}

static void test_every_icmp_error_is_a_reply_with_its_status(void **state)
{
    static const struct {
        uint8_t type, code;
        uint32_t status;
    } rows[] = {{3, 0, IP_DEST_NET_UNREACHABLE},   {3, 1, IP_DEST_HOST_UNREACHABLE},
                {3, 2, IP_DEST_PROT_UNREACHABLE},  {3, 3, IP_DEST_PORT_UNREACHABLE},
                {3, 4, IP_PACKET_TOO_BIG},         {3, 5, IP_BAD_ROUTE},
                {3, 6, IP_DEST_NET_UNREACHABLE},   {3, 7, IP_DEST_HOST_UNREACHABLE},
                {3, 9, IP_DEST_NET_UNREACHABLE},   {3, 11, IP_DEST_NET_UNREACHABLE},
                {3, 13, IP_DEST_HOST_UNREACHABLE}, {4, 0, IP_SOURCE_QUENCH},
                {11, 0, IP_TTL_EXPIRED_TRANSIT},   {11, 1, IP_TTL_EXPIRED_REASSEM},
                {12, 0, IP_PARAM_PROBLEM},         {3, 200, IP_DEST_HOST_UNREACHABLE}};

    os_posix_stop_clock();
    use_send_hook(answer_with_error);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct caller *caller = fresh_caller(state, 1000);
        const ICMP_ECHO_REPLY *reply = &caller->reply.header;
        error_type = rows[i].type;
        error_code = rows[i].code;
        caller_run(caller);
        assert_int_equal(caller->replies, 1);
        assert_int_equal(caller->error, 0);
        assert_int_equal(reply->Status, rows[i].status);
        assert_int_equal(reply->Address, ROUTER_BE);
        assert_int_equal(reply->DataSize, 0);
        assert_int_equal(reply->Options.Ttl, 64);
        assert_int_equal(reply->RoundTripTime, 5);
        assert_true(caller_reply_untouched(caller, sizeof(*reply)));
    }
}

static uint32_t answer_with_error_and_options(const struct fake_sent *sent)
{
    static const uint8_t options[40] = {1, 1, 1};
    struct fake_answer answer = fake_error(sent, ROUTER, 11, 0);
    answer.options = options;
    answer.options_bytes = sizeof(options);
    fake_network_deliver(&answer);
    return 0;
}

static void test_an_icmp_error_fits_every_buffer(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    use_send_hook(answer_with_error_and_options);
    caller->call.reply = caller->reply.bytes;
    caller->call.reply_bytes = sizeof(ICMP_ECHO_REPLY);
    caller_run(caller);
    assert_int_equal(caller->replies, 1);
    assert_int_equal(caller->reply.header.Status, IP_TTL_EXPIRED_TRANSIT);
    assert_int_equal(caller->reply.header.Options.OptionsSize, 0);
    assert_true(caller_reply_untouched(caller, sizeof(ICMP_ECHO_REPLY)));
}

static const uint8_t source_route[8] = {0x83, 7, 8, 192, 0, 2, 9, 0};

/* From behind the first hop of a source route, where the destination is another. */
static uint32_t answer_with_error_about_a_later_hop(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_error(sent, ROUTER, 11, 0);
    answer.quoted_destination = OTHER;
    answer.quoted_options = source_route;
    answer.quoted_options_bytes = sizeof(source_route);
    fake_network_deliver(&answer);
    return 0;
}

static void test_on_a_source_route_the_quoted_destination_may_be_a_hop(void **state)
{
    static const uint8_t route[7] = {0x83, 7, 4, 192, 0, 2, 9};
    struct caller *caller = fresh_caller(state, 1000);

    use_send_hook(answer_with_error_about_a_later_hop);
    caller->call.options = route;
    caller->call.options_bytes = sizeof(route);
    caller_run(caller);
    assert_int_equal(caller->replies, 1);
    assert_int_equal(caller->reply.header.Status, IP_TTL_EXPIRED_TRANSIT);
}

static void test_without_a_source_route_a_quoted_one_does_not_help(void **state)
{
    struct caller *caller = fresh_caller(state, 20);

    use_send_hook(answer_with_error_about_a_later_hop);
    caller_run(caller);
    assert_failure_written(caller, IP_REQ_TIMED_OUT);
}

/* ---- Packets that do not count ---- */

static const uint8_t *const wrong_data = (const uint8_t *)"WRONG";

static struct fake_answer wrong_reply(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_reply(sent);
    answer.data = wrong_data;
    answer.data_bytes = 5;
    return answer;
}

static struct fake_answer from_another_host(const struct fake_sent *sent)
{
    struct fake_answer answer = wrong_reply(sent);
    answer.source = OTHER;
    return answer;
}

static struct fake_answer with_another_identifier(const struct fake_sent *sent)
{
    struct fake_answer answer = wrong_reply(sent);
    answer.identifier ^= 0x0100;
    return answer;
}

static struct fake_answer with_another_sequence(const struct fake_sent *sent)
{
    struct fake_answer answer = wrong_reply(sent);
    answer.sequence++;
    return answer;
}

static struct fake_answer with_a_bad_checksum(const struct fake_sent *sent)
{
    struct fake_answer answer = wrong_reply(sent);
    answer.bad_checksum = true;
    return answer;
}

static struct fake_answer first_fragment(const struct fake_sent *sent)
{
    struct fake_answer answer = wrong_reply(sent);
    answer.fragment_word = 0x2000;
    return answer;
}

static struct fake_answer last_fragment(const struct fake_sent *sent)
{
    struct fake_answer answer = wrong_reply(sent);
    answer.fragment_word = 1;
    return answer;
}

static struct fake_answer of_another_protocol(const struct fake_sent *sent)
{
    struct fake_answer answer = wrong_reply(sent);
    answer.protocol = 17;
    return answer;
}

/* On the loopback interface we see what we send. */
static struct fake_answer own_echo_request(const struct fake_sent *sent)
{
    struct fake_answer answer = wrong_reply(sent);
    answer.type = 8;
    return answer;
}

static struct fake_answer timestamp_reply(const struct fake_sent *sent)
{
    struct fake_answer answer = wrong_reply(sent);
    answer.type = 14;
    return answer;
}

static struct fake_answer redirect(const struct fake_sent *sent)
{
    return fake_error(sent, ROUTER, 5, 1);
}

static struct fake_answer error_about_another_destination(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_error(sent, ROUTER, 3, 1);
    answer.quoted_destination = OTHER;
    return answer;
}

static struct fake_answer error_about_another_identifier(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_error(sent, ROUTER, 3, 1);
    answer.identifier++;
    return answer;
}

static struct fake_answer error_about_another_sequence(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_error(sent, ROUTER, 3, 1);
    answer.sequence--;
    return answer;
}

static struct fake_answer error_with_a_bad_checksum(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_error(sent, ROUTER, 3, 1);
    answer.bad_checksum = true;
    return answer;
}

static struct fake_answer (*wrong_answer)(const struct fake_sent *sent);
static bool right_answer_follows;

static uint32_t answer_wrongly(const struct fake_sent *sent)
{
    struct fake_answer wrong = wrong_answer(sent);
    fake_network_deliver(&wrong);
    return right_answer_follows ? fake_network_echo(sent) : 0;
}

/* That a packet is passed over: by itself, and before the right one. */
static void check_wrong_answer(void **state, struct fake_answer (*wrong)(const struct fake_sent *))
{
    wrong_answer = wrong;
    use_send_hook(answer_wrongly);
    for (int batches = 0; batches < 2; batches++) {
        fake_network_single_packets(batches == 0);
        right_answer_follows = true;
        struct caller *caller = fresh_caller(state, 5000);
        caller_run(caller);
        assert_true(caller_has_own_reply(caller));

        right_answer_follows = false;
        caller = fresh_caller(state, 5);
        caller_run(caller);
        assert_failure_written(caller, IP_REQ_TIMED_OUT);
    }
}

static void test_a_reply_from_another_host_does_not_count(void **state)
{
    check_wrong_answer(state, from_another_host);
}

static void test_a_reply_with_another_key_does_not_count(void **state)
{
    check_wrong_answer(state, with_another_identifier);
    check_wrong_answer(state, with_another_sequence);
}

static void test_a_reply_with_a_bad_checksum_does_not_count(void **state)
{
    check_wrong_answer(state, with_a_bad_checksum);
}

static void test_a_fragment_does_not_count(void **state)
{
    check_wrong_answer(state, first_fragment);
    check_wrong_answer(state, last_fragment);
}

static void test_another_protocol_does_not_count(void **state)
{
    check_wrong_answer(state, of_another_protocol);
}

static void test_other_icmp_messages_do_not_count(void **state)
{
    check_wrong_answer(state, own_echo_request);
    check_wrong_answer(state, timestamp_reply);
    check_wrong_answer(state, redirect);
}

static void test_an_icmp_error_about_something_else_does_not_count(void **state)
{
    check_wrong_answer(state, error_about_another_destination);
    check_wrong_answer(state, error_about_another_identifier);
    check_wrong_answer(state, error_about_another_sequence);
    check_wrong_answer(state, error_with_a_bad_checksum);
}

static uint32_t answer_with_garbage(const struct fake_sent *sent)
{
    uint8_t bytes[64];
    for (size_t length = 0; length < sizeof(bytes); length++) {
        for (size_t i = 0; i < length; i++) {
            bytes[i] = (uint8_t)(i * length);
        }
        if (length > 0) {
            bytes[0] = 0x45;
        }
        fake_network_deliver_bytes(bytes, length);
    }
    return fake_network_echo(sent);
}

static void test_garbage_does_not_count(void **state)
{
    struct caller *caller = fresh_caller(state, 5000);

    use_send_hook(answer_with_garbage);
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
}

/* With the late reply to the request before. */
static uint32_t answer_late(const struct fake_sent *sent)
{
    size_t number = fake_network_sent_count();
    if (number == 1) {
        return 0;
    }
    struct fake_answer late = wrong_reply(fake_network_sent(number - 1));
    fake_network_deliver(&late);
    return fake_network_echo(sent);
}

static void test_a_late_reply_does_not_answer_the_next_request(void **state)
{
    struct caller *caller = fresh_caller(state, 5);

    use_send_hook(answer_late);
    caller_run(caller);
    assert_failure_written(caller, IP_REQ_TIMED_OUT);
    for (int times = 0; times < 5; times++) {
        caller = fresh_caller(state, 5000);
        caller_run(caller);
        assert_true(caller_has_own_reply(caller));
    }
}

static uint32_t answer_thrice(const struct fake_sent *sent)
{
    fake_network_echo(sent);
    fake_network_echo(sent);
    return fake_network_echo(sent);
}

static void test_duplicates_of_a_reply_are_passed_over(void **state)
{
    use_send_hook(answer_thrice);
    for (int times = 0; times < 10; times++) {
        struct caller *caller = fresh_caller(state, 5000);
        fake_network_single_packets(times % 2 == 0);
        caller_run(caller);
        assert_true(caller_has_own_reply(caller));
    }
    os_posix_advance_clock(1000 * OS_NS_PER_MS);
    use_send_hook(NULL);
    struct caller *caller = fresh_caller(state, 5000);
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
}

/* ---- Errors of sending, and calls that are refused ---- */

static uint32_t send_error;

static uint32_t refuse(const struct fake_sent *sent)
{
    (void)sent;
    return send_error;
}

static void test_a_send_that_is_impossible_leaves_the_buffer_alone(void **state)
{
    static const uint32_t errors[] = {ERROR_INVALID_NETNAME, ERROR_NETWORK_UNREACHABLE, ERROR_ACCESS_DENIED,
                                      1, 10999};

    use_send_hook(refuse);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct caller *caller = fresh_caller(state, 1000);
        send_error = errors[i];
        caller_run(caller);
        assert_untouched(caller, errors[i]);
        assert_int_equal(engine_outstanding(*state), 0);
    }
}

static void test_a_send_that_fails_writes_its_status(void **state)
{
    static const uint32_t errors[] = {IP_STATUS_BASE, IP_PACKET_TOO_BIG, IP_DEST_HOST_UNREACHABLE,
                                      IP_GENERAL_FAILURE};

    use_send_hook(refuse);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct caller *caller = fresh_caller(state, 1000);
        send_error = errors[i];
        caller_run(caller);
        assert_failure_written(caller, errors[i]);
        assert_int_equal(engine_outstanding(*state), 0);
    }
}

static uint32_t refuse_broadcast(const struct fake_sent *sent)
{
    return sent->message.broadcast ? ERROR_ACCESS_DENIED : TRANSPORT_NEEDS_BROADCAST;
}

static void test_a_broadcast_that_is_refused_gives_that_error(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    use_send_hook(refuse_broadcast);
    caller_run(caller);
    assert_untouched(caller, ERROR_ACCESS_DENIED);
}

static void check_refused_options(void **state, const uint8_t *bytes, uint8_t count, uint32_t status)
{
    struct caller *caller = fresh_caller(state, 1000);

    caller->call.options = bytes;
    caller->call.options_bytes = count;
    caller_run(caller);
    assert_failure_written(caller, status);
    assert_int_equal(fake_network_sent_count(), 0);
}

static void test_options_that_no_system_would_send_are_refused(void **state)
{
    uint8_t nops[41];
    uint8_t malformed[] = {7, 200, 4};

    memset(nops, 1, sizeof(nops));
    check_refused_options(state, nops, sizeof(nops), IP_OPTION_TOO_BIG);
    check_refused_options(state, malformed, sizeof(malformed), IP_BAD_OPTION);
}

static void test_a_datagram_that_cannot_exist_is_refused(void **state)
{
    static char data[65535];
    static const uint8_t nops[5] = {1, 1, 1, 1, 1};
    static const struct {
        uint16_t data_bytes;
        uint8_t options_bytes;
        bool refused;
    } rows[] = {{65508, 0, true}, {65535, 0, true}, {65500, 5, true}, {65499, 5, false}};

    use_send_hook(refuse);
    send_error = IP_REQ_TIMED_OUT;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct caller *caller = fresh_caller(state, 1000);
        size_t sent_before = fake_network_sent_count();
        caller->call.data = data;
        caller->call.data_bytes = rows[i].data_bytes;
        caller->call.options = nops;
        caller->call.options_bytes = rows[i].options_bytes;
        caller_run(caller);
        assert_failure_written(caller, rows[i].refused ? IP_GENERAL_FAILURE : IP_REQ_TIMED_OUT);
        assert_int_equal(fake_network_sent_count() - sent_before, rows[i].refused ? 0 : 1);
    }
}

/* ---- Time ---- */

static void test_no_call_times_out_early(void **state)
{
    use_send_hook(fake_network_silence);
    for (uint32_t timeout_ms = 0; timeout_ms <= 30; timeout_ms += 3) {
        struct caller *caller = fresh_caller(state, timeout_ms);
        caller_run(caller);
        assert_failure_written(caller, IP_REQ_TIMED_OUT);
        assert_true(caller->took_ns >= (timeout_ms > 0 ? timeout_ms : 1) * OS_NS_PER_MS);
    }
}

static void test_the_longest_time_out_waits_for_its_reply(void **state)
{
    struct caller *caller = fresh_caller(state, UINT32_MAX);

    use_send_hook(fake_network_silence);
    caller_start(caller);
    const struct fake_sent *sent = fake_network_sent(1);
    assert_soon(fake_network_listening() == 1);
    os_posix_advance_clock(UINT64_C(4000000000) * OS_NS_PER_MS);
    assert_false(caller_is_done(caller));
    fake_network_echo(sent);
    caller_join(caller);
    assert_true(caller_has_own_reply(caller));
    assert_int_equal(caller->reply.header.RoundTripTime / 1000000, 4000);
}

static const struct fake_sent *unanswered;

static uint32_t remember(const struct fake_sent *sent)
{
    unanswered = sent;
    return 0;
}

/* The reply comes, and time passes, before the caller gets to look. */
static void answer_and_let_time_pass(size_t receiver, uint64_t deadline_ns)
{
    (void)receiver;
    if (unanswered != NULL && deadline_ns > os_now_ns()) {
        fake_network_echo(unanswered);
        unanswered = NULL;
        os_posix_advance_clock(deadline_ns - os_now_ns() + 5 * OS_NS_PER_MS);
    }
}

static void test_a_reply_that_nobody_has_had_time_to_read_still_counts(void **state)
{
    struct caller *caller = fresh_caller(state, 100);

    unanswered = NULL;
    fake_network_hook((struct fake_network_hooks){.send = remember, .receive = answer_and_let_time_pass});
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
}

static void wake_up_at_the_deadline(size_t receiver, uint64_t deadline_ns)
{
    (void)receiver;
    if (unanswered != NULL && deadline_ns > os_now_ns()) {
        struct fake_answer wrong = from_another_host(unanswered);
        for (int i = 0; i < 200; i++) { /* more than one batch */
            fake_network_deliver(&wrong);
        }
        fake_network_echo(unanswered);
        unanswered = NULL;
        os_posix_advance_clock(deadline_ns - os_now_ns());
    }
}

static void test_a_reply_behind_many_other_packets_at_the_deadline_still_counts(void **state)
{
    os_posix_stop_clock();
    for (int times = 0; times < 2; times++) {
        struct caller *caller = fresh_caller(state, 100);
        fake_network_single_packets(times == 0);
        unanswered = NULL;
        fake_network_hook((struct fake_network_hooks){.send = remember, .receive = wake_up_at_the_deadline});
        caller_run(caller);
        assert_true(caller_has_own_reply(caller));
    }
}

static size_t unread_when_sent = SIZE_MAX;

static uint32_t count_unread(const struct fake_sent *sent)
{
    unread_when_sent = fake_network_unread();
    return fake_network_echo(sent);
}

static void test_old_packets_are_cleared_away_before_a_request_is_sent(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    os_posix_stop_clock();
    caller_run(caller);
    const struct fake_sent *sent = fake_network_sent(1);
    for (int i = 0; i < 500; i++) {
        fake_network_echo(sent);
    }
    os_posix_advance_clock(1000 * OS_NS_PER_MS);
    use_send_hook(count_unread);
    caller = fresh_caller(state, 1000);
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    assert_int_equal(unread_when_sent, 0);
}

static void test_a_caller_in_a_row_does_not_look_for_old_packets(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    os_posix_stop_clock();
    caller_run(caller);
    size_t receives = fake_network_receives();
    caller = fresh_caller(state, 1000);
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
    assert_int_equal(fake_network_receives() - receives, 1);
    assert_int_equal(fake_network_discards(), 0);
}

/* A network that never runs dry: each look takes a millisecond and finds something. */
static void bring_another(size_t receiver, uint64_t deadline_ns)
{
    static const uint8_t junk[28] = {0x45};
    (void)receiver;
    (void)deadline_ns;
    os_posix_advance_clock(OS_NS_PER_MS);
    fake_network_deliver_bytes(junk, sizeof(junk));
}

static void test_a_flood_of_other_packets_delays_neither_sending_nor_time_out_for_long(void **state)
{
    struct caller *caller = fresh_caller(state, 100);

    os_posix_stop_clock();
    fake_network_hook((struct fake_network_hooks){.send = fake_network_silence, .receive = bring_another});
    caller_run(caller);
    assert_failure_written(caller, IP_REQ_TIMED_OUT);
    assert_int_equal(fake_network_sent_count(), 1);
    assert_in_range(caller->took_ns / OS_NS_PER_MS, 100, 115); /* with up to 10 ms after it */
}

/* ---- Systems that rewrite identifiers ---- */

static int rewriting_set_up(void **state)
{
    fixture_set_up(state);
    fake_network_rewrite_identifiers(true);
    struct engine *engine;
    if (engine_acquire(&engine) != 0) {
        return -1;
    }
    *state = engine;
    return 0;
}

static uint32_t rewritten_identifier;

static uint32_t answer_rewritten(const struct fake_sent *sent)
{
    struct fake_answer wrong = wrong_reply(sent);
    wrong.sequence++;
    fake_network_deliver(&wrong);
    struct fake_answer answer = fake_reply(sent);
    answer.identifier = (uint16_t)(sent->identifier + ++rewritten_identifier);
    fake_network_deliver(&answer);
    return 0;
}

static void test_where_the_system_rewrites_identifiers_the_sequence_decides(void **state)
{
    use_send_hook(answer_rewritten);
    for (int times = 0; times < 5; times++) {
        struct caller *caller = fresh_caller(state, 5000);
        caller_run(caller);
        assert_true(caller_has_own_reply(caller));
    }
}

/* ---- Want of memory ---- */

static void test_without_memory_a_call_fails_and_leaves_the_buffer_alone(void **state)
{
    static char data[3000]; /* too long for the small buffer */
    static uint8_t reply[sizeof(ICMP_ECHO_REPLY) + sizeof(data)];
    size_t refused = 0;

    fake_network_allow_own_identifiers(false); /* without such a listener, a call goes on (test_listener.c) */
    for (size_t nth = 1;; nth++) {
        /* A fresh engine, so that every allocation is made each time. */
        engine_release(*state);
        struct engine *engine;
        assert_int_equal(engine_acquire(&engine), 0);
        *state = engine;

        struct caller *caller = fresh_caller(state, 1000);
        memset(reply, 0xee, sizeof(reply));
        caller->call.data = data;
        caller->call.data_bytes = sizeof(data);
        caller->call.reply = reply;
        caller->call.reply_bytes = sizeof(reply);
        os_posix_fail_allocation(nth);
        caller_run(caller);
        if (!os_posix_allocation_has_failed()) {
            assert_int_equal(caller->replies, 1);
            break;
        }
        refused++;
        assert_int_equal(caller->replies, 0);
        assert_int_equal(caller->error, ERROR_NOT_ENOUGH_MEMORY);
        for (size_t i = 0; i < sizeof(reply); i++) {
            assert_int_equal(reply[i], 0xee);
        }
        assert_int_equal(engine_outstanding(engine), 0);

        caller = fresh_caller(state, 1000); /* and the engine is as good as before */
        caller_run(caller);
        assert_true(caller_has_own_reply(caller));
    }
    assert_int_equal(refused, 6); /* message, request, listener, receiver, table, heap */
    os_posix_fail_allocation(0);
}

static void test_without_a_receiver_a_call_fails(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    fake_network_fail_receivers(true);
    caller_run(caller);
    assert_untouched(caller, ERROR_NOT_ENOUGH_MEMORY);
    fake_network_fail_receivers(false);
    caller = fresh_caller(state, 1000);
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
}

static void test_calls_in_a_row_reuse_what_the_first_has_allocated(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    caller_run(caller);
    size_t allocations = os_posix_allocations();
    for (int times = 0; times < 100; times++) {
        caller = fresh_caller(state, 1000);
        os_posix_fail_allocation(1);
        caller_run(caller);
        assert_true(caller_has_own_reply(caller));
    }
    assert_int_equal(os_posix_allocations(), allocations);
    assert_int_equal(fake_network_receivers(), 1);
}

/* ---- Tracing: test_trace.c has the other half ---- */

static void test_without_openicmp_trace_nothing_is_printed(void **state)
{
    struct caller *caller = fresh_caller(state, 1000);

    caller_run(caller);
    trace("%s", "a line");
    assert_string_equal(os_posix_printed(), "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_a_transport_does_before_it_sends_counts_for_no_time,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_message_is_a_whole_echo_request_with_the_programs_data,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_options_the_system_chooses, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_options_and_source_reach_the_transport, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_requests_have_different_keys, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_is_written_with_everything_that_its_packet_had,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_echo_without_data_works, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_every_length_around_the_small_buffer_and_the_longest_come_back,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_request_and_reply_may_share_their_memory, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_options_and_reply_may_share_their_memory, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_that_fits_exactly_is_delivered, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_that_does_not_fit_is_a_general_failure,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_data_that_came_back_is_reported_whatever_it_is,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_every_icmp_error_is_a_reply_with_its_status,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_icmp_error_fits_every_buffer, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_on_a_source_route_the_quoted_destination_may_be_a_hop,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_source_route_a_quoted_one_does_not_help,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_from_another_host_does_not_count, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_with_another_key_does_not_count, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_with_a_bad_checksum_does_not_count,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_fragment_does_not_count, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_another_protocol_does_not_count, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_other_icmp_messages_do_not_count, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_an_icmp_error_about_something_else_does_not_count,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_garbage_does_not_count, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_late_reply_does_not_answer_the_next_request,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_duplicates_of_a_reply_are_passed_over, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_send_that_is_impossible_leaves_the_buffer_alone,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_send_that_fails_writes_its_status, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_broadcast_that_is_refused_gives_that_error,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_options_that_no_system_would_send_are_refused,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_datagram_that_cannot_exist_is_refused, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_no_call_times_out_early, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_the_longest_time_out_waits_for_its_reply, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_that_nobody_has_had_time_to_read_still_counts,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_reply_behind_many_other_packets_at_the_deadline_still_counts,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_old_packets_are_cleared_away_before_a_request_is_sent,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_caller_in_a_row_does_not_look_for_old_packets,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_a_flood_of_other_packets_delays_neither_sending_nor_time_out_for_long, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_where_the_system_rewrites_identifiers_the_sequence_decides,
                                        rewriting_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_memory_a_call_fails_and_leaves_the_buffer_alone,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_receiver_a_call_fails, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_calls_in_a_row_reuse_what_the_first_has_allocated,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_without_openicmp_trace_nothing_is_printed, fixture_engine_set_up,
                                        fixture_engine_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
