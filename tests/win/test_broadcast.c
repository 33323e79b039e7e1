/*
 * Requests that many answer (behaviour.md 3.1): here the broadcast address of the loopback network, and peers that answer.
 */
#include "win/support/async_echo.h"
#include "win/support/guarded.h"
#include "win/support/peer.h"

#define PEERS      3
#define DATA_BYTES 40
#define STRUCTURE  sizeof(ICMP_ECHO_REPLY)
#define ECHO       (STRUCTURE + DATA_BYTES) /* what a reply takes of the reply buffer */

/* Time enough for the peers, who are there already. */
#define COLLECTING_MS 700

static IPAddr peer_address(int number)
{
    return LOOPBACK(9, 9, 1 + number);
}

/* A tagged request to SILENT, in a buffer that ends where memory ends, and the peers that answer it. */
struct fixture {
    struct request request;
    struct peer_tag tag;
    BYTE data[DATA_BYTES]; /* begins with the tag */
    struct guarded buffer;
    struct peer peers[PEERS];
    int peer_count;

    volatile LONG runs; /* of the routine */
    IO_STATUS_BLOCK io_status;
};

static int set_up(void **state)
{
    static struct fixture f;

    f = (struct fixture){.tag = peer_tag_new(), .buffer = guarded_alloc(5 * ECHO)};
    fill_pattern(f.data, sizeof(f.data), 9);
    memcpy(f.data, f.tag.bytes, sizeof(f.tag));
    f.request = (struct request){.handle = open_handle(),
                                 .context = &f,
                                 .destination = SILENT,
                                 .data = f.data,
                                 .data_bytes = sizeof(f.data),
                                 .timeout_ms = COLLECTING_MS};
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < f->peer_count; i++) {
        peer_stop(&f->peers[i]);
    }
    guarded_free(&f->buffer);
    return IcmpCloseHandle(f->request.handle) ? 0 : -1;
}

/* From now on, so many peers answer in this way. */
static void let_peers(struct fixture *f, int count, peer_behaviour behave)
{
    for (int i = 0; i < count; i++) {
        peer_start(&f->peers[i], peer_address(i), f->tag, behave, NULL);
        f->peer_count = i + 1;
    }
}

static void set_reply_bytes(struct fixture *f, size_t reply_bytes)
{
    guarded_reset(&f->buffer);
    guarded_resize(&f->buffer, reply_bytes);
    f->request.reply = f->buffer.bytes;
    f->request.reply_bytes = (DWORD)reply_bytes;
}

static ICMP_ECHO_REPLY structure(const struct fixture *f, size_t index)
{
    return reply_in(f->buffer.bytes + index * STRUCTURE);
}

static int peer_of(IPAddr address)
{
    int number = 0;

    while (number < PEERS && peer_address(number) != address) {
        number++;
    }
    return number;
}

/* Checks that the buffer holds echo replies of so many peers, each once, and that nothing else was written. */
static void assert_holds(const struct fixture *f, DWORD count, USHORT reserved)
{
    const BYTE *end = f->buffer.bytes + f->buffer.length;
    bool seen[PEERS + 1] = {false};

    assert_true(guarded_front_is_intact(&f->buffer));
    for (DWORD i = 0; i < count; i++) {
        ICMP_ECHO_REPLY reply = structure(f, i);
        const BYTE *data = count == 1 ? f->buffer.bytes + STRUCTURE : end - (i + 1) * DATA_BYTES;

        assert_int_equal(reply.Status, IP_SUCCESS);
        assert_int_equal(reply.Reserved, i == 0 ? reserved : 0);
        assert_in_range(peer_of(reply.Address), 0, PEERS - 1);
        assert_false(seen[peer_of(reply.Address)]);
        seen[peer_of(reply.Address)] = true;
        assert_int_equal(reply.DataSize, DATA_BYTES);
        assert_ptr_equal(reply.Data, data);
        assert_memory_equal(data, f->data, DATA_BYTES);
    }
    if (count == 1) {
        assert_true(guarded_is_intact_from(&f->buffer, ECHO));
    } else {
        assert_true(
            bytes_are(f->buffer.bytes + count * STRUCTURE, f->buffer.length - count * ECHO, GUARDED_FILL));
    }
}

/* ---- Synchronous ---- */

static void test_all_who_answer_within_the_timeout_are_counted(void **state)
{
    struct fixture *f = *state;
    double start_ms = now_ms();

    let_peers(f, PEERS, peer_echo);
    set_reply_bytes(f, 5 * ECHO);
    for (enum sender sender = 0; sender < SENDER_COUNT; sender++) {
        guarded_reset(&f->buffer);
        assert_int_equal(request_send_by(sender, &f->request), PEERS);
        assert_int_equal(GetLastError(), 0);
        assert_holds(f, PEERS, 0);
    }
    assert_true(now_ms() - start_ms >= SENDER_COUNT * COLLECTING_MS);
}

static void test_request_is_over_when_the_buffer_is_full(void **state)
{
    struct fixture *f = *state;

    let_peers(f, PEERS, peer_echo);
    f->request.timeout_ms = 60000;
    for (DWORD count = 1; count <= PEERS; count++) {
        set_reply_bytes(f, count * ECHO + 8);
        assert_int_equal(request_send(&f->request), count);
        assert_int_equal(GetLastError(), 0);
        assert_holds(f, count, 0);
    }
}

static void test_single_answer_is_laid_out_as_any_other(void **state)
{
    struct fixture *f = *state;

    let_peers(f, 1, peer_echo);
    set_reply_bytes(f, 5 * ECHO);
    assert_int_equal(request_send(&f->request), 1);
    assert_holds(f, 1, 0);
}

static void echo_thrice(struct peer *peer, const struct seen_request *seen)
{
    peer_echo(peer, seen);
    peer_echo(peer, seen);
    peer_error(peer, seen, 3, 1);
}

static void test_each_responder_counts_once(void **state)
{
    struct fixture *f = *state;

    let_peers(f, 2, echo_thrice);
    set_reply_bytes(f, 5 * ECHO);
    assert_int_equal(request_send(&f->request), 2);
    assert_holds(f, 2, 0);
}

static void say_prohibited(struct peer *peer, const struct seen_request *seen)
{
    peer_error(peer, seen, 3, 10);
}

static void test_icmp_errors_are_counted_with_the_replies(void **state)
{
    struct fixture *f = *state;
    ICMP_ECHO_REPLY first, second;

    let_peers(f, 1, peer_echo);
    peer_start(&f->peers[1], peer_address(1), f->tag, say_prohibited, NULL);
    f->peer_count = 2;
    set_reply_bytes(f, 5 * ECHO);
    assert_int_equal(request_send(&f->request), 2);
    first = structure(f, 0);
    second = structure(f, 1);
    assert_int_equal(first.Status + second.Status, IP_SUCCESS + IP_DEST_HOST_UNREACHABLE);
    assert_int_equal(first.DataSize + second.DataSize, DATA_BYTES);
}

/* ---- Asynchronous ---- */

static void test_event_is_set_once_with_all_replies_in_the_buffer(void **state)
{
    struct fixture *f = *state;

    let_peers(f, PEERS, peer_echo);
    set_reply_bytes(f, 5 * ECHO);
    f->request.event = auto_reset_event();
    assert_int_equal(request_send(&f->request), 0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    assert_true(event_is_set_soon(f->request.event));
    assert_holds(f, PEERS, PEERS);
    assert_true(event_stays_unset(f->request.event));
    assert_int_equal(IcmpParseReplies(f->request.reply, f->request.reply_bytes), PEERS);
    assert_holds(f, PEERS, 0);
    assert_int_equal(IcmpParseReplies(f->request.reply, f->request.reply_bytes), 0);
}

static void WINAPI note_status(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct fixture *f = context;

    (void)reserved;
    f->io_status = *io_status;
    f->runs++;
}

static void assert_routine_is_told(struct fixture *f, DWORD replies, size_t information)
{
    f->runs = 0;
    f->request.routine = note_status;
    assert_int_equal(request_send(&f->request), 0);
    assert_int_equal(GetLastError(), ERROR_IO_PENDING);
    assert_true(run_routines_until(&f->runs, 1));
    assert_int_equal(f->io_status.Status, 0);
    assert_int_equal(f->io_status.Information, information);
    assert_holds(f, replies, (USHORT)replies);
    assert_int_equal(SleepEx(NOT_HAPPENING_MS, TRUE), 0);
    assert_int_equal(f->runs, 1);
}

static void test_routine_is_told_of_the_whole_buffer(void **state)
{
    struct fixture *f = *state;

    let_peers(f, PEERS, peer_echo);
    set_reply_bytes(f, 5 * ECHO);
    assert_routine_is_told(f, PEERS, 5 * ECHO);
    set_reply_bytes(f, 2 * ECHO + 3);
    f->request.timeout_ms = 60000;
    assert_routine_is_told(f, 2, 2 * ECHO + 3);
}

static void test_routine_is_told_of_a_single_reply_as_of_any_other(void **state)
{
    struct fixture *f = *state;

    let_peers(f, 1, peer_echo);
    set_reply_bytes(f, 5 * ECHO);
    assert_routine_is_told(f, 1, ECHO);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_who_answer_within_the_timeout_are_counted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_request_is_over_when_the_buffer_is_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_single_answer_is_laid_out_as_any_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_responder_counts_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_icmp_errors_are_counted_with_the_replies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_event_is_set_once_with_all_replies_in_the_buffer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_routine_is_told_of_the_whole_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_routine_is_told_of_a_single_reply_as_of_any_other, set_up,
                                        tear_down),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
