/*
 * IPv6 requests through the engine: what is sent, what answers them and what does not, how the outcome is
 * written. All that does not depend on the family is tested with IPv4.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "unit/support/echo_fixture.h"

#define TIMEOUT_MS               60000
#define TEXT                     "the payload of this very request"

#define STATUS_INVALID_PARAMETER ((int32_t)0xC000000D)
#define STATUS_UNSUCCESSFUL      ((int32_t)0xC0000001)

/* The structure at the start of a reply buffer. */
static ICMPV6_ECHO_REPLY reply_of(const void *buffer)
{
    ICMPV6_ECHO_REPLY reply;
    memcpy(&reply, buffer, sizeof(reply));
    return reply;
}

static struct caller *fresh_caller_to(void **state, struct ip_address destination)
{
    static struct caller caller;
    caller_set(&caller, *state, destination, TEXT, TIMEOUT_MS);
    return &caller;
}

static struct caller *fresh_caller(void **state)
{
    return fresh_caller_to(state, HOST6);
}

static void use_send_hook(uint32_t (*hook)(const struct fake_sent *))
{
    fake_network_hook((struct fake_network_hooks){.send = hook});
}

/* That `caller` has an answer with this status and from there, and `data_bytes` of its own data. */
static void assert_answered(const struct caller *caller, uint32_t status, struct ip_address responder,
                            size_t data_bytes)
{
    ICMPV6_ECHO_REPLY reply = reply_of(caller->reply.bytes);
    assert_int_equal(caller->replies, 1);
    assert_int_equal(caller->error, 0);
    assert_int_equal(reply.Status, status);
    assert_int_equal(reply.Address.sin6_port, 0);
    assert_int_equal(reply.Address.sin6_flowinfo, 0);
    assert_memory_equal(reply.Address.sin6_addr, responder.bytes, 16);
    assert_int_equal(reply.Address.sin6_scope_id, responder.scope_id);
    if (data_bytes > 0) {
        assert_memory_equal(caller->reply.bytes + sizeof(reply), TEXT, data_bytes);
    }
    assert_true(caller_reply_untouched(caller, sizeof(reply) + data_bytes));
}

/* That the buffer says there was no answer, for this reason. */
static void assert_failure(const uint8_t *buffer, uint32_t status)
{
    ICMPV6_ECHO_REPLY expected;
    memset(&expected, 0, sizeof(expected));
    expected.Status = status;
    assert_memory_equal(buffer, &expected, sizeof(expected));
    assert_int_equal(buffer[sizeof(expected)], 0xee);
}

static void assert_failed(const struct caller *caller, uint32_t status)
{
    assert_int_equal(caller->replies, 0);
    assert_int_equal(caller->error, status);
    assert_failure(caller->reply.bytes, status);
}

/* ---- Sending ---- */

static void test_an_echo_request_is_sent_and_its_reply_is_written(void **state)
{
    struct caller *caller = fresh_caller(state);

    caller_run(caller);
    const struct fake_sent *sent = fake_network_sent(1); /* has the network check that it is one of ICMPv6 */
    assert_address_equal(sent->message.destination, HOST6);
    assert_true(ip_address_is_unspecified(&sent->message.source));
    assert_int_equal(sent->message.length_bytes, 8 + strlen(TEXT));
    assert_memory_equal(sent->bytes + 8, TEXT, strlen(TEXT));
    assert_false(sent->message.broadcast);
    assert_answered(caller, IP_SUCCESS, HOST6, strlen(TEXT));
}

static void test_options_source_and_scopes_reach_the_transport(void **state)
{
    static const uint8_t link_local[16] = {0xfe, 0x80, [15] = 1};
    struct caller *caller = fresh_caller_to(state, ip_address_v6(link_local, 7));

    caller->call.source = ip_address_v6(link_local, 7);
    caller->call.ttl = 5;
    caller->call.tos = 0x1c;
    caller->call.dont_fragment = true;
    caller_run(caller);
    const struct transport_message *message = &fake_network_sent(1)->message;
    assert_address_equal(message->destination, ip_address_v6(link_local, 7));
    assert_address_equal(message->source, ip_address_v6(link_local, 7));
    assert_int_equal(message->ttl, 5);
    assert_int_equal(message->tos, 0x1c);
    assert_true(message->dont_fragment);
    assert_answered(caller, IP_SUCCESS, ip_address_v6(link_local, 7), strlen(TEXT));
}

static void
test_the_longest_data_that_a_program_can_pass_comes_back_unless_it_is_longer_than_a_packet(void **state)
{
    struct caller *caller = fresh_caller(state);
    uint8_t *data = calloc(1, 65535);
    uint8_t *reply = calloc(1, 36 + 65535);

    caller->call.data = data;
    caller->call.reply = reply;
    caller->call.reply_bytes = 36 + 65535;
    caller->call.data_bytes = 65527; /* 65,535 with the header of ICMPv6 */
    data[65526] = 'x';
    caller_run(caller);
    assert_int_equal(caller->replies, 1);
    assert_int_equal(reply[36 + 65526], 'x');
    for (unsigned int length = 65528; length <= 65535; length++) {
        caller->call.data_bytes = (uint16_t)length;
        caller_run(caller);
        assert_int_equal(caller->replies, 0);
        assert_int_equal(caller->error, IP_GENERAL_FAILURE);
        assert_int_equal(reply_of(reply).Status, IP_GENERAL_FAILURE);
    }
    assert_int_equal(fake_network_sent_count(), 1);
    free(data);
    free(reply);
}

static uint32_t refuse(const struct fake_sent *sent)
{
    (void)sent;
    return ERROR_NETWORK_UNREACHABLE;
}

static void test_a_send_that_is_impossible_leaves_the_buffer_alone(void **state)
{
    struct caller *caller = fresh_caller(state);

    use_send_hook(refuse);
    caller_run(caller);
    assert_int_equal(caller->replies, 0);
    assert_int_equal(caller->error, ERROR_NETWORK_UNREACHABLE);
    assert_true(caller_reply_untouched(caller, 0));
}

/* ---- Hop limit 0 ---- */

static void test_with_a_hop_limit_of_0_nothing_is_sent_and_a_synchronous_call_fails(void **state)
{
    struct caller *caller = fresh_caller(state);

    caller->call.hop_limit_0 = true;
    caller_run(caller);
    assert_failed(caller, IP_GENERAL_FAILURE);
    assert_int_equal(fake_network_sent_count(), 0);
}

/* What a routine was told. */
static struct echo_io_status told;
static size_t told_times;

static void OS_CALLBACK remember(void *context, struct echo_io_status *io_status, uint32_t reserved)
{
    (void)context;
    (void)reserved;
    told = *io_status;
    told_times++;
}

static struct submission *fresh_submission(void **state)
{
    static struct submission submission;
    submission_set(&submission, *state, HOST6, TEXT, TIMEOUT_MS);
    submission.wanted.routine = remember;
    told_times = 0;
    return &submission;
}

static void wait_until_told(void)
{
    while (told_times == 0) {
        assert_true(os_posix_alertable_wait(10000) > 0);
    }
    assert_int_equal(told_times, 1);
}

static void test_with_a_hop_limit_of_0_an_asynchronous_call_is_accepted_and_fails(void **state)
{
    struct submission *submission = fresh_submission(state);

    submission->call.hop_limit_0 = true;
    assert_int_equal(submission_submit(submission), ERROR_IO_PENDING);
    wait_until_told();
    assert_int_equal(told.result.status, STATUS_INVALID_PARAMETER);
    assert_int_equal(told.information, 36);
    assert_failure(submission->reply.bytes, IP_GENERAL_FAILURE);
    assert_int_equal(fake_network_sent_count(), 0);
}

static uint32_t fail_to_send(const struct fake_sent *sent)
{
    (void)sent;
    return IP_GENERAL_FAILURE;
}

static void test_other_failures_to_send_are_unsuccessful(void **state)
{
    struct submission *submission = fresh_submission(state);

    use_send_hook(fail_to_send);
    assert_int_equal(submission_submit(submission), ERROR_IO_PENDING);
    wait_until_told();
    assert_int_equal(told.result.status, STATUS_UNSUCCESSFUL);
    assert_int_equal(told.information, 36);
    assert_failure(submission->reply.bytes, IP_GENERAL_FAILURE);
}

/* ---- Outcomes ---- */

static void test_a_routine_is_told_of_structure_and_data(void **state)
{
    struct submission *submission = fresh_submission(state);

    submission_start(submission);
    wait_until_told();
    assert_int_equal(told.result.status, 0);
    assert_int_equal(told.information, 36 + strlen(TEXT));
    assert_int_equal(reply_of(submission->reply.bytes).Status, IP_SUCCESS);
    assert_memory_equal(submission->reply.bytes + 36, TEXT, strlen(TEXT));
}

static void test_a_buffer_of_exactly_structure_and_data_is_enough(void **state)
{
    struct caller *caller = fresh_caller(state);

    caller->call.reply = caller->reply.bytes;
    caller->call.reply_bytes = (uint32_t)(36 + strlen(TEXT));
    caller_run(caller);
    assert_answered(caller, IP_SUCCESS, HOST6, strlen(TEXT));

    caller = fresh_caller(state);
    caller->call.reply = caller->reply.bytes;
    caller->call.reply_bytes = (uint32_t)(36 + strlen(TEXT) - 1);
    caller_run(caller);
    assert_failed(caller, IP_GENERAL_FAILURE);
}

static void test_a_time_out_is_written(void **state)
{
    struct caller *caller = fresh_caller(state);

    use_send_hook(fake_network_silence);
    caller->call.timeout_ms = 5;
    caller_run(caller);
    assert_failed(caller, IP_REQ_TIMED_OUT);
    assert_true(caller->took_ns >= 5 * OS_NS_PER_MS);
}

static uint8_t error_type;
static uint8_t error_code;
static enum transport_form error_form;

static uint32_t answer_with_error(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_error(sent, ROUTER6, error_type, error_code);
    answer.form = error_form;
    fake_network_deliver(&answer);
    return 0;
}

static void test_every_icmpv6_error_is_a_reply_with_its_status_in_either_form(void **state)
{
    static const struct {
        uint8_t type, code;
        uint32_t status;
    } rows[] = {{1, 0, IP_DEST_NO_ROUTE},  {1, 1, IP_DEST_PROHIBITED},    {1, 3, IP_DEST_ADDR_UNREACHABLE},
                {2, 0, IP_PACKET_TOO_BIG}, {3, 0, IP_HOP_LIMIT_EXCEEDED}, {4, 1, IP_PARAMETER_PROBLEM}};

    use_send_hook(answer_with_error);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const enum transport_form forms[] = {TRANSPORT_MESSAGE, TRANSPORT_ERROR};
        for (size_t form = 0; form < 2; form++) {
            struct caller *caller = fresh_caller(state);
            error_type = rows[i].type;
            error_code = rows[i].code;
            error_form = forms[form];
            caller_run(caller);
            assert_answered(caller, rows[i].status, ROUTER6, 0);
        }
    }
}

/* ---- What does not count ---- */

static void (*spoil)(struct fake_answer *answer);

/* Delivers a spoilt answer, and then the right one. */
static uint32_t answer_wrongly_first(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_reply(sent);
    answer.data = (const uint8_t *)"wrong";
    answer.data_bytes = 5;
    spoil(&answer);
    fake_network_deliver(&answer);
    return fake_network_echo(sent);
}

static void assert_does_not_count(void **state, void (*how)(struct fake_answer *answer))
{
    struct caller *caller = fresh_caller(state);

    spoil = how;
    use_send_hook(answer_wrongly_first);
    caller_run(caller);
    assert_answered(caller, IP_SUCCESS, HOST6, strlen(TEXT));
}

static void come_from_another_host(struct fake_answer *answer)
{
    answer->source = OTHER6;
}

static void come_from_the_other_family(struct fake_answer *answer)
{
    answer->source = HOST;
    answer->type = 0;
}

static void come_from_the_same_bytes_in_the_other_family(struct fake_answer *answer)
{
    answer->source.family = IP_FAMILY_V4;
    answer->type = 0;
}

static void have_another_identifier(struct fake_answer *answer)
{
    answer->identifier++;
}

static void have_another_sequence(struct fake_answer *answer)
{
    answer->sequence++;
}

static void be_an_echo_request(struct fake_answer *answer)
{
    answer->type = 128;
}

static void be_an_error_about_another_destination(struct fake_answer *answer)
{
    answer->type = 1;
    answer->is_error = true;
    answer->quoted_destination = OTHER6;
}

static void be_an_error_of_the_system_about_another_destination(struct fake_answer *answer)
{
    be_an_error_about_another_destination(answer);
    answer->form = TRANSPORT_ERROR;
}

static void test_wrong_answers_do_not_count(void **state)
{
    assert_does_not_count(state, come_from_another_host);
    assert_does_not_count(state, come_from_the_other_family);
    assert_does_not_count(state, come_from_the_same_bytes_in_the_other_family);
    assert_does_not_count(state, have_another_identifier);
    assert_does_not_count(state, have_another_sequence);
    assert_does_not_count(state, be_an_echo_request);
    assert_does_not_count(state, be_an_error_about_another_destination);
    assert_does_not_count(state, be_an_error_of_the_system_about_another_destination);
}

static uint32_t answer_an_ipv4_request_with_icmpv6(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_error(sent, ROUTER6, 1, 0);
    answer.form = TRANSPORT_ERROR;
    fake_network_deliver(&answer);
    return fake_network_echo(sent);
}

static void test_icmpv6_does_not_answer_an_ipv4_request(void **state)
{
    struct caller *caller = fresh_caller_to(state, HOST);

    use_send_hook(answer_an_ipv4_request_with_icmpv6);
    caller_run(caller);
    assert_true(caller_has_own_reply(caller));
}

/* ---- Scopes ---- */

static struct ip_address link_local_on(uint32_t scope_id)
{
    static const uint8_t link_local[16] = {0xfe, 0x80, [15] = 9};
    return ip_address_v6(link_local, scope_id);
}

static uint32_t answer_scope;

static uint32_t answer_from_scope(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_reply(sent);
    answer.source = link_local_on(answer_scope);
    fake_network_deliver(&answer);
    return 0;
}

static void test_a_link_local_host_answers_from_its_own_link(void **state)
{
    static const struct {
        uint32_t asked, answered;
        bool counts;
    } rows[] = {{2, 2, true}, {2, 0, true}, {0, 2, true}, {2, 3, false}};

    os_posix_stop_clock();
    use_send_hook(answer_from_scope);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct caller *caller = fresh_caller_to(state, link_local_on(rows[i].asked));
        answer_scope = rows[i].answered;
        caller_start(caller);
        if (!rows[i].counts) {
            fake_network_sent(i + 1);
            assert_soon(fake_network_unread() == 0);
            os_posix_advance_clock(TIMEOUT_MS * OS_NS_PER_MS);
        }
        caller_join(caller);
        if (rows[i].counts) {
            assert_answered(caller, IP_SUCCESS, link_local_on(rows[i].answered), strlen(TEXT));
        } else {
            assert_failed(caller, IP_REQ_TIMED_OUT);
        }
    }
}

/* ---- Multicast ---- */

static uint32_t answer_from_another_host(const struct fake_sent *sent)
{
    struct fake_answer answer = fake_reply(sent);
    answer.source = HOST; /* of the other family: not even here */
    answer.type = 0;
    fake_network_deliver(&answer);
    answer = fake_reply(sent);
    answer.source = OTHER6;
    fake_network_deliver(&answer);
    return 0;
}

static void test_multicast_is_answered_by_whoever_likes(void **state)
{
    static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
    struct caller *caller = fresh_caller_to(state, ip_address_v6(all_nodes, 2));

    use_send_hook(answer_from_another_host);
    caller_run(caller);
    assert_answered(caller, IP_SUCCESS, OTHER6, strlen(TEXT));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_echo_request_is_sent_and_its_reply_is_written,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_options_source_and_scopes_reach_the_transport,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_the_longest_data_that_a_program_can_pass_comes_back_unless_it_is_longer_than_a_packet,
            fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_send_that_is_impossible_leaves_the_buffer_alone,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(
            test_with_a_hop_limit_of_0_nothing_is_sent_and_a_synchronous_call_fails, fixture_engine_set_up,
            fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_with_a_hop_limit_of_0_an_asynchronous_call_is_accepted_and_fails,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_other_failures_to_send_are_unsuccessful, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_routine_is_told_of_structure_and_data, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_buffer_of_exactly_structure_and_data_is_enough,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_time_out_is_written, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_every_icmpv6_error_is_a_reply_with_its_status_in_either_form,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_answers_do_not_count, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_icmpv6_does_not_answer_an_ipv4_request, fixture_engine_set_up,
                                        fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_a_link_local_host_answers_from_its_own_link,
                                        fixture_engine_set_up, fixture_engine_tear_down),
        cmocka_unit_test_setup_teardown(test_multicast_is_answered_by_whoever_likes, fixture_engine_set_up,
                                        fixture_engine_tear_down),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
