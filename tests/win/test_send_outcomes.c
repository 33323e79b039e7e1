/*
 * How a synchronous request ends: by a reply, an ICMP error, a time-out (behaviour.md 2.4, 3.3 to 3.7, 4.1,
 * Q3, Q5, Q12, Q20, Q21, Q28).
 */
#include "win/support/peer.h"
#include "win/support/requests.h"

#define PEER_ADDRESS LOOPBACK(0, 7, 7)
#define DATA_BYTES   40

/* How much of the reply buffer the requests are given: as SILENT is a broadcast address, they are over with the first answer
 * only if there is no room for another. (The rest of the buffer must stay as it is.) */
#define ROOM_FOR_ONE (sizeof(ICMP_ECHO_REPLY) + DATA_BYTES)

/* A tagged request to SILENT, and a peer that may answer it. */
struct fixture {
    struct request request;
    struct peer_tag tag;
    BYTE data[DATA_BYTES]; /* begins with the tag */
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 200];
    struct peer peer;
};

static int set_up(void **state)
{
    static struct fixture f;

    f = (struct fixture){.tag = peer_tag_new()};
    fill_pattern(f.data, sizeof(f.data), 2);
    memcpy(f.data, f.tag.bytes, sizeof(f.tag));
    memset(f.reply, 0xa5, sizeof(f.reply));
    f.request = (struct request){.handle = open_handle(),
                                 .destination = SILENT,
                                 .data = f.data,
                                 .data_bytes = sizeof(f.data),
                                 .reply = f.reply,
                                 .reply_bytes = ROOM_FOR_ONE,
                                 .timeout_ms = TIMEOUT_MS};
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->peer.thread != NULL) {
        peer_stop(&f->peer);
    }
    return IcmpCloseHandle(f->request.handle) ? 0 : -1;
}

/* From now on, requests of the fixture are answered in this way. */
static void let_peer(struct fixture *f, peer_behaviour behave, void *context)
{
    peer_start(&f->peer, PEER_ADDRESS, f->tag, behave, context);
}

/* Sends the request, which must be answered, and returns the reply. */
static ICMP_ECHO_REPLY send_answered(struct fixture *f)
{
    memset(f->reply, 0xa5, sizeof(f->reply));
    assert_int_equal(request_send(&f->request), 1);
    assert_int_equal(GetLastError(), 0);
    return reply_in(f->reply);
}

/* Checks that the buffer says that nothing came: the structure, and nothing behind it. */
static void assert_reply_is_failure(const struct fixture *f, DWORD status)
{
    ICMP_ECHO_REPLY expected;

    memset(&expected, 0, sizeof(expected));
    expected.Status = status;
    assert_memory_equal(f->reply, &expected, sizeof(expected));
    assert_true(bytes_are(f->reply + sizeof(expected), sizeof(f->reply) - sizeof(expected), 0xa5));
}

static void assert_times_out(struct fixture *f)
{
    memset(f->reply, 0xa5, sizeof(f->reply));
    assert_int_equal(request_send(&f->request), 0);
    assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
    assert_reply_is_failure(f, IP_REQ_TIMED_OUT);
}

/* ---- Answered by the system ---- */

static void test_reply_is_counted_once_with_last_error_0(void **state)
{
    struct fixture *f = *state;

    f->request.destination = LOCALHOST;
    for (enum sender sender = 0; sender < SENDER_COUNT; sender++) {
        assert_int_equal(request_send_by(sender, &f->request), 1); /* with POISON_ERROR before */
        assert_int_equal(GetLastError(), 0);
    }
}

static void test_reply_brings_the_data_behind_the_structure(void **state)
{
    struct fixture *f = *state;
    ICMP_ECHO_REPLY reply;

    f->request.destination = LOCALHOST;
    reply = send_answered(f);
    assert_int_equal(reply.Status, IP_SUCCESS);
    assert_int_equal(reply.DataSize, sizeof(f->data));
    assert_ptr_equal(reply.Data, f->reply + sizeof(reply));
    assert_memory_equal(reply.Data, f->data, sizeof(f->data));
    assert_int_equal(reply.Options.OptionsSize, 0);
}

static void test_reply_of_a_synchronous_request_is_parsed_already(void **state)
{
    struct fixture *f = *state;

    f->request.destination = LOCALHOST;
    assert_int_equal(send_answered(f).Reserved, 0);
}

static void test_reply_names_the_address_that_answered(void **state)
{
    struct fixture *f = *state;
    static const IPAddr addresses[] = {LOCALHOST, LOOPBACK(0, 0, 2), LOOPBACK(1, 2, 3),
                                       LOOPBACK(200, 0, 200)};

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        f->request.destination = addresses[i];
        assert_int_equal(send_answered(f).Address, addresses[i]);
    }
}

static void test_reply_has_the_ttl_of_the_packet_that_came(void **state)
{
    struct fixture *f = *state;
    WSADATA data;
    SOCKET raw;
    int ttl = 0, length = sizeof(ttl);

    /* Over loopback it comes as it was sent: with the system's default. */
    assert_int_equal(WSAStartup(MAKEWORD(2, 2), &data), 0);
    raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    assert_int_equal(getsockopt(raw, IPPROTO_IP, IP_TTL, (char *)&ttl, &length), 0);
    closesocket(raw);

    f->request.destination = LOCALHOST;
    assert_int_equal(send_answered(f).Options.Ttl, ttl);
}

static void test_round_trip_time_is_no_longer_than_the_call(void **state)
{
    struct fixture *f = *state;

    f->request.destination = LOCALHOST;
    for (int i = 0; i < 20; i++) {
        double start_ms = now_ms();
        ICMP_ECHO_REPLY reply = send_answered(f);

        assert_true(reply.RoundTripTime <= now_ms() - start_ms);
    }
}

static void test_round_trip_time_on_loopback_rounds_to_0(void **state)
{
    struct fixture *f = *state;
    int zeros = 0;

    f->request.destination = LOCALHOST;
    for (int i = 0; i < 100; i++) {
        zeros += send_answered(f).RoundTripTime == 0;
    }
    assert_true(zeros > 0);
}

/* ---- Answered by the peer ---- */

static void echo(struct peer *peer, const struct seen_request *seen)
{
    peer_echo(peer, seen);
}

static void echo_late(struct peer *peer, const struct seen_request *seen)
{
    Sleep(*(DWORD *)peer->context);
    peer_echo(peer, seen);
}

static void test_round_trip_time_is_the_time_until_the_reply_came(void **state)
{
    struct fixture *f = *state;
    DWORD delay_ms = 150;
    double start_ms;
    ICMP_ECHO_REPLY reply;

    let_peer(f, echo_late, &delay_ms);
    start_ms = now_ms();
    reply = send_answered(f);
    assert_true(reply.RoundTripTime >= delay_ms - 1); /* Sleep's own clock may be a little off */
    assert_true(reply.RoundTripTime <= now_ms() - start_ms);
}

static void test_reply_has_address_ttl_tos_and_df_of_the_packet_that_came(void **state)
{
    struct fixture *f = *state;
    int ttl = 7, tos = 0x28, dont_fragment = 1;
    ICMP_ECHO_REPLY reply;

    let_peer(f, echo, NULL);
    setsockopt(f->peer.voice, IPPROTO_IP, IP_TTL, (char *)&ttl, sizeof(ttl));
    setsockopt(f->peer.voice, IPPROTO_IP, IP_TOS, (char *)&tos, sizeof(tos));
    setsockopt(f->peer.voice, IPPROTO_IP, IP_DONTFRAGMENT, (char *)&dont_fragment, sizeof(dont_fragment));
    reply = send_answered(f);
    assert_int_equal(reply.Address, PEER_ADDRESS);
    assert_int_equal(reply.Options.Ttl, ttl);
    assert_int_equal(reply.Options.Tos, tos);
    assert_int_equal(reply.Options.Flags, IP_FLAG_DF);
    assert_int_equal(reply.Options.OptionsSize, 0);
}

static void reply_with_context(struct peer *peer, const struct seen_request *seen)
{
    const struct fixture *f = peer->context;

    /* Something else than was sent, of the length that the first byte behind the tag says. */
    BYTE other[256];
    memset(other, 0x3c, sizeof(other));
    peer_reply(peer, seen, other, f->data[PEER_TAG_BYTES]);
}

static void test_reply_with_other_data_is_reported_as_it_came(void **state)
{
    struct fixture *f = *state;
    static const BYTE lengths[] = {0, 1, 39, 40, 41, 199, 200};

    let_peer(f, reply_with_context, f);
    for (size_t i = 0; i < sizeof(lengths); i++) {
        ICMP_ECHO_REPLY reply;

        f->data[PEER_TAG_BYTES] = lengths[i];
        f->request.reply_bytes = sizeof(reply) + lengths[i];
        reply = send_answered(f);
        assert_int_equal(reply.Status, IP_SUCCESS);
        assert_int_equal(reply.DataSize, lengths[i]);
        assert_true(bytes_are(f->reply + sizeof(reply), lengths[i], 0x3c));
        assert_true(bytes_are(f->reply + sizeof(reply) + lengths[i], 200u - lengths[i], 0xa5));
    }
}

static void test_reply_longer_than_the_buffer_is_a_general_failure(void **state)
{
    struct fixture *f = *state;

    let_peer(f, reply_with_context, f);
    f->data[PEER_TAG_BYTES] = DATA_BYTES + 1;
    assert_int_equal(request_send(&f->request), 0);
    assert_int_equal(GetLastError(), IP_GENERAL_FAILURE);
    assert_reply_is_failure(f, IP_GENERAL_FAILURE);
}

static void answer_twice(struct peer *peer, const struct seen_request *seen)
{
    BYTE second[60];

    peer_echo(peer, seen);
    memset(second, 0x77, sizeof(second));
    peer_reply(peer, seen, second, sizeof(second));
    peer_error(peer, seen, 11, 0);
}

static void test_first_answer_counts_and_later_ones_are_dropped(void **state)
{
    struct fixture *f = *state;

    let_peer(f, answer_twice, NULL);
    for (int i = 0; i < 10; i++) {
        ICMP_ECHO_REPLY reply = send_answered(f);

        assert_int_equal(reply.Status, IP_SUCCESS);
        assert_int_equal(reply.DataSize, sizeof(f->data));
        assert_memory_equal(f->reply + sizeof(reply), f->data, sizeof(f->data));
    }
}

/* ---- ICMP errors ---- */

static void answer_with_error(struct peer *peer, const struct seen_request *seen)
{
    const struct fixture *f = peer->context;

    peer_error(peer, seen, f->data[PEER_TAG_BYTES], f->data[PEER_TAG_BYTES + 1]);
}

static void test_icmp_error_counts_as_a_reply(void **state)
{
    struct fixture *f = *state;
    ICMP_ECHO_REPLY reply;

    let_peer(f, answer_with_error, f);
    f->data[PEER_TAG_BYTES] = 11;
    f->data[PEER_TAG_BYTES + 1] = 0;
    reply = send_answered(f);
    assert_int_equal(reply.Status, IP_TTL_EXPIRED_TRANSIT);
    assert_int_equal(reply.Address, PEER_ADDRESS);
    assert_int_equal(reply.Reserved, 0);
}

static void test_icmp_error_delivers_no_data_but_a_pointer_into_the_buffer(void **state)
{
    struct fixture *f = *state;
    ICMP_ECHO_REPLY reply;

    let_peer(f, answer_with_error, f);
    f->data[PEER_TAG_BYTES] = 3;
    f->data[PEER_TAG_BYTES + 1] = 1;
    reply = send_answered(f);
    assert_int_equal(reply.DataSize, 0);
    assert_ptr_equal(reply.Data, f->reply + sizeof(reply));
    assert_true(bytes_are(f->reply + sizeof(reply), sizeof(f->reply) - sizeof(reply), 0xa5));
}

static void test_icmp_error_needs_no_room_behind_the_structure(void **state)
{
    struct fixture *f = *state;

    let_peer(f, answer_with_error, f);
    f->data[PEER_TAG_BYTES] = 11;
    f->data[PEER_TAG_BYTES + 1] = 0;
    f->request.reply_bytes = sizeof(ICMP_ECHO_REPLY);
    assert_int_equal(send_answered(f).Status, IP_TTL_EXPIRED_TRANSIT);
}

static void test_icmp_error_has_a_round_trip_time(void **state)
{
    struct fixture *f = *state;
    double start_ms;
    ICMP_ECHO_REPLY reply;

    let_peer(f, answer_with_error, f);
    f->data[PEER_TAG_BYTES] = 11;
    f->data[PEER_TAG_BYTES + 1] = 0;
    start_ms = now_ms();
    reply = send_answered(f);
    assert_true(reply.RoundTripTime <= now_ms() - start_ms);
}

static void test_icmp_errors_have_the_status_of_their_type_and_code(void **state)
{
    struct fixture *f = *state;
    static const struct {
        BYTE type;
        BYTE code;
        DWORD status;
    } errors[] = {
        {3, 0, IP_DEST_NET_UNREACHABLE},   {3, 1, IP_DEST_HOST_UNREACHABLE},
        {3, 2, IP_DEST_PROT_UNREACHABLE},  {3, 3, IP_DEST_PORT_UNREACHABLE},
        {3, 4, IP_PACKET_TOO_BIG},         {3, 5, IP_BAD_ROUTE},
        {3, 6, IP_DEST_NET_UNREACHABLE},   {3, 7, IP_DEST_HOST_UNREACHABLE},
        {3, 8, IP_DEST_HOST_UNREACHABLE},  {3, 9, IP_DEST_NET_UNREACHABLE},
        {3, 10, IP_DEST_HOST_UNREACHABLE}, {3, 11, IP_DEST_NET_UNREACHABLE},
        {3, 12, IP_DEST_HOST_UNREACHABLE}, {3, 13, IP_DEST_HOST_UNREACHABLE},
        {3, 15, IP_DEST_HOST_UNREACHABLE}, {3, 200, IP_DEST_HOST_UNREACHABLE},
        {4, 0, IP_SOURCE_QUENCH},          {11, 0, IP_TTL_EXPIRED_TRANSIT},
        {11, 1, IP_TTL_EXPIRED_REASSEM},   {11, 2, IP_TTL_EXPIRED_TRANSIT},
        {12, 0, IP_PARAM_PROBLEM},
    };

    let_peer(f, answer_with_error, f);
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        f->data[PEER_TAG_BYTES] = errors[i].type;
        f->data[PEER_TAG_BYTES + 1] = errors[i].code;
        assert_int_equal(send_answered(f).Status, errors[i].status);
    }
}

static void send_what_is_no_answer(struct peer *peer, const struct seen_request *seen)
{
    struct seen_request other = *seen;
    size_t icmp = (size_t)(seen->icmp - seen->packet);

    other.icmp = other.packet + icmp;
    peer_error(peer, seen, 5, 1);  /* a redirect */
    peer_error(peer, seen, 42, 0); /* of a type that nobody knows */
    other.packet[icmp + 4] ^= 1;   /* another identifier */
    peer_echo(peer, &other);
    peer_error(peer, &other, 11, 0);
    other.packet[icmp + 4] ^= 1;
    other.packet[icmp + 6] ^= 0x80; /* another sequence */
    peer_echo(peer, &other);
    peer_error(peer, &other, 11, 0);
    other.packet[icmp + 6] ^= 0x80;
    other.packet[16 + 3] ^= 1; /* a packet that went to somebody else */
    peer_error(peer, &other, 11, 0);
    other.packet[16 + 3] ^= 1;
    other.packet[9] = IPPROTO_UDP; /* a packet of another protocol */
    peer_error(peer, &other, 11, 0);
    other.packet[9] = IPPROTO_ICMP;
    other.packet[icmp] = 13; /* another kind of message */
    peer_error(peer, &other, 11, 0);
}

static void test_what_answers_another_request_or_none_is_ignored(void **state)
{
    struct fixture *f = *state;

    let_peer(f, send_what_is_no_answer, NULL);
    f->request.timeout_ms = 300;
    assert_times_out(f);
    assert_int_equal(f->peer.count, 1);
}

/* Answers also the requests that will follow, if their sequences do as one expects: so that there are answers
 * to a request that the peer does not see. */
static void echo_and_go_on(struct peer *peer, const struct seen_request *seen)
{
    struct seen_request next = *seen;
    size_t icmp = (size_t)(seen->icmp - seen->packet);

    next.icmp = next.packet + icmp;
    peer_echo(peer, seen);
    for (int round = 0; round < 20; round++) {
        Sleep(20);
        for (unsigned int ahead = 1; ahead <= 16; ahead++) {
            unsigned int sequence = ((unsigned int)seen->icmp[6] << 8 | seen->icmp[7]) + ahead;

            next.packet[icmp + 6] = (BYTE)(sequence >> 8);
            next.packet[icmp + 7] = (BYTE)sequence;
            peer_echo(peer, &next);
        }
    }
}

static void test_reply_from_another_address_than_asked_is_ignored(void **state)
{
    struct fixture *f = *state;
    /* A loose source route: Linux does not take such packets, unless someone allows them. */
    UCHAR route[8] = {IP_OPT_LSRR, 7, 4, 127, 0, 0, 1, IP_OPT_EOL};
    IP_OPTION_INFORMATION options = {.OptionsSize = sizeof(route), .OptionsData = route};

    let_peer(f, echo_and_go_on, NULL);
    assert_int_equal(send_answered(f).Status, IP_SUCCESS);
    f->request.destination = LOOPBACK(0, 3, 3);
    f->request.options = &options;
    f->request.timeout_ms = 500;
    assert_times_out(f);
}

static void send_what_is_no_answer_and_then_one(struct peer *peer, const struct seen_request *seen)
{
    send_what_is_no_answer(peer, seen);
    peer_echo(peer, seen);
}

static void test_answer_after_what_is_none_is_taken(void **state)
{
    struct fixture *f = *state;

    let_peer(f, send_what_is_no_answer_and_then_one, NULL);
    assert_int_equal(send_answered(f).Status, IP_SUCCESS);
}

static void send_broken_reply(struct peer *peer, const struct seen_request *seen)
{
    BYTE message[48] = {0};
    struct sockaddr_in to = {.sin_family = AF_INET};

    memcpy(message + 4, seen->icmp + 4, 4);
    message[2] = 0x12; /* no checksum of anything here */
    message[3] = 0x34;
    to.sin_addr.s_addr = seen->source_be;
    sendto(peer->voice, (const char *)message, sizeof(message), 0, (struct sockaddr *)&to, sizeof(to));
}

static void test_reply_with_a_wrong_checksum_is_ignored(void **state)
{
    struct fixture *f = *state;

    let_peer(f, send_broken_reply, NULL);
    f->request.timeout_ms = 300;
    assert_times_out(f);
    assert_int_equal(f->peer.count, 1);
}

/* ---- Time-outs ---- */

static void test_timeout_leaves_a_structure_with_nothing_but_the_status(void **state)
{
    struct fixture *f = *state;

    f->request.timeout_ms = 50;
    for (enum sender sender = 0; sender < SENDER_COUNT; sender++) {
        memset(f->reply, 0xa5, sizeof(f->reply));
        assert_int_equal(request_send_by(sender, &f->request), 0);
        assert_int_equal(GetLastError(), IP_REQ_TIMED_OUT);
        assert_reply_is_failure(f, IP_REQ_TIMED_OUT);
    }
}

static void test_timeout_comes_when_it_is_due(void **state)
{
    struct fixture *f = *state;
    static const DWORD timeouts[] = {1, 10, 50, 300};

    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        double shortest_ms = 60000;

        f->request.timeout_ms = timeouts[i];
        for (int times = 0; times < 5; times++) {
            double start_ms = now_ms(), took_ms;

            assert_times_out(f);
            took_ms = now_ms() - start_ms;
            assert_true(took_ms >= timeouts[i]);
            shortest_ms = took_ms < shortest_ms ? took_ms : shortest_ms;
        }
        assert_true(shortest_ms <
                    timeouts[i] + 400); /* a hidden minimum, as Windows has, would be 500 or more */
    }
}

static void test_reply_after_the_timeout_writes_nothing_and_answers_nothing(void **state)
{
    struct fixture *f = *state;
    DWORD delay_ms = 200;

    let_peer(f, echo_late, &delay_ms);
    f->request.timeout_ms = 50;
    assert_times_out(f);
    for (double until_ms = now_ms() + 10000; f->peer.count == 0 && now_ms() < until_ms;) {
        Sleep(10);
    }
    assert_int_equal(f->peer.count, 1);
    Sleep(delay_ms + 50); /* the reply is there */
    assert_reply_is_failure(f, IP_REQ_TIMED_OUT);
    /* The next request finds it waiting, and is not answered by it. */
    assert_times_out(f);
}

static void test_ping_after_a_timeout_is_answered(void **state)
{
    struct fixture *f = *state;

    f->request.timeout_ms = 20;
    for (int i = 0; i < 5; i++) {
        assert_times_out(f);
        assert_true(ping(f->request.handle, LOCALHOST));
    }
}

/* ---- User APCs of the program (Q12) ---- */

static void NTAPI note_call(ULONG_PTR argument)
{
    *(bool *)argument = true;
}

/* Sends the request by every function, with an APC queued before each. */
static void assert_apc_waits_for_the_end_of(struct fixture *f)
{
    for (enum sender sender = 0; sender < SENDER_COUNT; sender++) {
        bool called = false;

        assert_true(QueueUserAPC(note_call, GetCurrentThread(), (ULONG_PTR)&called));
        request_send_by(sender, &f->request);
        assert_false(called);
        assert_int_equal(SleepEx(0, TRUE), WAIT_IO_COMPLETION);
        assert_true(called);
    }
}

static void test_queued_apc_does_not_run_inside_an_answered_request(void **state)
{
    struct fixture *f = *state;

    f->request.destination = LOCALHOST;
    assert_apc_waits_for_the_end_of(f);
}

static void test_queued_apc_does_not_run_inside_a_request_that_times_out(void **state)
{
    struct fixture *f = *state;
    double start_ms = now_ms();

    f->request.timeout_ms = 100;
    assert_apc_waits_for_the_end_of(f);
    assert_true(now_ms() - start_ms >= SENDER_COUNT * 100); /* nor has it ended the wait */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reply_is_counted_once_with_last_error_0, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reply_brings_the_data_behind_the_structure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reply_of_a_synchronous_request_is_parsed_already, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_reply_names_the_address_that_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reply_has_the_ttl_of_the_packet_that_came, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_round_trip_time_is_no_longer_than_the_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_round_trip_time_on_loopback_rounds_to_0, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_round_trip_time_is_the_time_until_the_reply_came, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_reply_has_address_ttl_tos_and_df_of_the_packet_that_came, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_reply_with_other_data_is_reported_as_it_came, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reply_longer_than_the_buffer_is_a_general_failure, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_first_answer_counts_and_later_ones_are_dropped, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_icmp_error_counts_as_a_reply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_icmp_error_delivers_no_data_but_a_pointer_into_the_buffer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_icmp_error_needs_no_room_behind_the_structure, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_icmp_error_has_a_round_trip_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_icmp_errors_have_the_status_of_their_type_and_code, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_what_answers_another_request_or_none_is_ignored, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_reply_from_another_address_than_asked_is_ignored, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_answer_after_what_is_none_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reply_with_a_wrong_checksum_is_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timeout_leaves_a_structure_with_nothing_but_the_status, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_timeout_comes_when_it_is_due, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reply_after_the_timeout_writes_nothing_and_answers_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ping_after_a_timeout_is_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_queued_apc_does_not_run_inside_an_answered_request, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_queued_apc_does_not_run_inside_a_request_that_times_out, set_up,
                                        tear_down),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
