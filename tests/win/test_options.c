/*
 * What RequestOptions puts on the wire, and what IP options bring back (behaviour.md 2.3 rows 12 and 13, 3.1,
 * 3.3, 3.15, Q18, Q19). The requests are looked at on the wire by a raw socket.
 */
#include "win/support/guarded.h"
#include "win/support/peer.h"
#include "win/support/requests.h"

#include <stdlib.h>

struct fixture {
    struct request request;
    struct peer_tag tag;
    BYTE data[PEER_TAG_BYTES + 4];
    BYTE reply[sizeof(ICMP_ECHO_REPLY) + 200];
    IP_OPTION_INFORMATION options;
    SOCKET sniffer;
    int default_ttl;
};

static int set_up(void **state)
{
    static struct fixture f;
    int length = sizeof(f.default_ttl);

    f = (struct fixture){.tag = peer_tag_new()};
    memcpy(f.data, f.tag.bytes, sizeof(f.tag));
    fill_pattern(f.data + sizeof(f.tag), sizeof(f.data) - sizeof(f.tag), 5);
    f.request = (struct request){.handle = open_handle(),
                                 .destination = LOOPBACK(0, 3, 3),
                                 .data = f.data,
                                 .data_bytes = sizeof(f.data),
                                 .options = &f.options,
                                 .reply = f.reply,
                                 .reply_bytes = sizeof(f.reply),
                                 .timeout_ms = TIMEOUT_MS};
    f.sniffer = sniffer_open();
    assert_int_equal(getsockopt(f.sniffer, IPPROTO_IP, IP_TTL, (char *)&f.default_ttl, &length), 0);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    closesocket(f->sniffer);
    return IcmpCloseHandle(f->request.handle) ? 0 : -1;
}

/* Sends the request, which must be answered, and returns the reply. */
static ICMP_ECHO_REPLY send_answered(struct fixture *f)
{
    ICMP_ECHO_REPLY reply;

    memset(f->reply, 0xa5, sizeof(f->reply));
    assert_int_equal(request_send(&f->request), 1);
    assert_int_equal(GetLastError(), 0);
    reply = reply_in(f->reply);
    assert_int_equal(reply.Status, IP_SUCCESS);
    assert_int_equal(reply.DataSize, sizeof(f->data));
    assert_memory_equal(reply.Data, f->data, sizeof(f->data));
    return reply;
}

/* Sends the request with `options`, NULL for none, and returns how it was on the wire. */
static struct seen_request wire_of(struct fixture *f, const IP_OPTION_INFORMATION *options)
{
    struct seen_request seen;

    if (options != NULL) {
        f->options = *options;
    }
    f->request.options = options != NULL ? &f->options : NULL;
    send_answered(f);
    assert_true(sniffer_next(f->sniffer, &f->tag, TIMEOUT_MS, &seen));
    assert_int_equal(seen.destination_be, f->request.destination);
    return seen;
}

/* ---- TTL ---- */

static void test_ttl_is_put_on_the_wire(void **state)
{
    struct fixture *f = *state;
    static const UCHAR ttls[] = {1, 2, 63, 64, 127, 128, 254, 255};

    for (size_t i = 0; i < sizeof(ttls); i++) {
        assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){.Ttl = ttls[i]}).ttl, ttls[i]);
    }
}

static void test_ttl_is_the_systems_default_without_options(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(wire_of(f, NULL).ttl, f->default_ttl);
}

static void test_ttl_0_is_the_systems_default(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){0}).ttl, f->default_ttl);
    assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){.Tos = 8, .Flags = IP_FLAG_DF}).ttl, f->default_ttl);
}

static void test_ttl_of_one_request_does_not_stay_for_the_next(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){.Ttl = 1}).ttl, 1);
        assert_int_equal(wire_of(f, NULL).ttl, f->default_ttl);
        assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){.Ttl = 255}).ttl, 255);
        assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){0}).ttl, f->default_ttl);
    }
}

static void test_ttl_1_reaches_loopback(void **state)
{
    struct fixture *f = *state;

    f->options.Ttl = 1;
    assert_int_equal(send_answered(f).Address, f->request.destination);
}

/* ---- TOS, and which replies of Linux have, too ---- */

static void test_tos_is_put_on_the_wire_and_comes_back(void **state)
{
    struct fixture *f = *state;
    static const UCHAR toses[] = {0x04, 0x08, 0x10, 0x28, 0xb8, 0xfc};

    for (size_t i = 0; i < sizeof(toses); i++) {
        assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){.Tos = toses[i]}).tos, toses[i]);
        assert_int_equal(reply_in(f->reply).Options.Tos, toses[i]);
    }
}

static void test_every_tos_is_accepted(void **state)
{
    struct fixture *f = *state;

    for (int tos = 0; tos < 256; tos++) {
        f->options.Tos = (UCHAR)tos;
        send_answered(f);
    }
}

static void test_tos_of_one_request_does_not_stay_for_the_next(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){.Tos = 0x28}).tos, 0x28);
    assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){.Ttl = 7}).tos, 0);
    assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){.Tos = 0x28}).tos, 0x28);
    assert_int_equal(wire_of(f, NULL).tos, 0);
}

/* ---- Flags ---- */

static void test_df_flag_is_put_on_the_wire_and_answered(void **state)
{
    struct fixture *f = *state;

    assert_true(wire_of(f, &(IP_OPTION_INFORMATION){.Flags = IP_FLAG_DF}).dont_fragment);
}

static void test_df_is_off_unless_asked_for(void **state)
{
    struct fixture *f = *state;

    assert_false(wire_of(f, NULL).dont_fragment);
    assert_true(wire_of(f, &(IP_OPTION_INFORMATION){.Flags = IP_FLAG_DF}).dont_fragment);
    assert_false(wire_of(f, NULL).dont_fragment);
    assert_true(wire_of(f, &(IP_OPTION_INFORMATION){.Flags = IP_FLAG_DF}).dont_fragment);
    assert_false(wire_of(f, &(IP_OPTION_INFORMATION){.Ttl = 64}).dont_fragment);
}

static void test_flags_other_than_df_are_ignored(void **state)
{
    struct fixture *f = *state;

    for (unsigned int flags = 0; flags < 256; flags++) {
        bool df = (flags & IP_FLAG_DF) != 0;
        const IP_OPTION_INFORMATION options = {.Flags = (UCHAR)flags};

        assert_true(wire_of(f, &options).dont_fragment == df);
    }
}

/* ---- Option bytes on the wire ---- */

static void test_option_bytes_are_put_on_the_wire(void **state)
{
    struct fixture *f = *state;
    UCHAR bytes[4] = {IP_OPT_ROUTER_ALERT, 4, 0, 0};
    const IP_OPTION_INFORMATION options = {.OptionsSize = 4, .OptionsData = bytes};
    struct seen_request seen = wire_of(f, &options);

    assert_int_equal(seen.options_bytes, 4);
    assert_memory_equal(seen.packet + 20, bytes, 4);
}

static void test_option_bytes_are_padded_to_a_multiple_of_4(void **state)
{
    struct fixture *f = *state;
    UCHAR bytes[7] = {IP_OPT_RR, 7, 4, 0, 0, 0, 0};
    const IP_OPTION_INFORMATION options = {.OptionsSize = 7, .OptionsData = bytes};

    assert_int_equal(wire_of(f, &options).options_bytes, 8);
}

static void test_option_bytes_of_one_request_do_not_stay_for_the_next(void **state)
{
    struct fixture *f = *state;
    UCHAR alert[4] = {IP_OPT_ROUTER_ALERT, 4, 0, 0};
    UCHAR route[7] = {IP_OPT_RR, 7, 4, 0, 0, 0, 0};

    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            wire_of(f, &(IP_OPTION_INFORMATION){.OptionsSize = 4, .OptionsData = alert}).options_bytes, 4);
        assert_int_equal(wire_of(f, NULL).options_bytes, 0);
        assert_int_equal(
            wire_of(f, &(IP_OPTION_INFORMATION){.OptionsSize = 7, .OptionsData = route}).options_bytes, 8);
        assert_int_equal(wire_of(f, &(IP_OPTION_INFORMATION){.Ttl = 3}).options_bytes, 0);
    }
}

static void test_bad_options_do_not_stay_for_the_next(void **state)
{
    struct fixture *f = *state;
    UCHAR bad[4] = {IP_OPT_RR, 99, 4, 0};

    f->options = (IP_OPTION_INFORMATION){.Ttl = 3, .OptionsSize = 4, .OptionsData = bad};
    assert_int_equal(request_send(&f->request), 0);
    assert_int_equal(GetLastError(), IP_BAD_OPTION);
    assert_int_equal(wire_of(f, NULL).options_bytes, 0);
}

/* ---- Options that come back ---- */

/* How many bytes `size` bytes of options take. */
static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

static DWORD address_at(const BYTE *bytes)
{
    DWORD address;

    memcpy(&address, bytes, sizeof(address));
    return address;
}

/* Checks that the options that came stand right behind the structure, the data behind them, and nothing
 * more. */
static void assert_layout_with_options(const struct fixture *f, const ICMP_ECHO_REPLY *reply)
{
    size_t end = sizeof(*reply) + padded(reply->Options.OptionsSize) + sizeof(f->data);

    assert_true(reply->Options.OptionsSize > 0);
    assert_ptr_equal(reply->Options.OptionsData, f->reply + sizeof(*reply));
    assert_ptr_equal(reply->Data, f->reply + sizeof(*reply) + padded(reply->Options.OptionsSize));
    assert_true(bytes_are(f->reply + end, sizeof(f->reply) - end, 0xa5));
}

static void test_record_route_comes_back_filled_in(void **state)
{
    struct fixture *f = *state;
    UCHAR bytes[40] = {IP_OPT_RR, 39, 4};
    ICMP_ECHO_REPLY reply;
    const BYTE *option = f->reply + sizeof(reply);

    f->options = (IP_OPTION_INFORMATION){.OptionsSize = sizeof(bytes), .OptionsData = bytes};
    reply = send_answered(f);
    assert_layout_with_options(f, &reply);
    assert_int_equal(reply.Options.OptionsSize, sizeof(bytes));
    assert_int_equal(option[0], IP_OPT_RR);
    assert_int_equal(option[1], 39);
    assert_true(option[2] >= 8 && option[2] % 4 == 0); /* one address at least is there */
    for (unsigned int at = 3; at + 4 < option[2]; at += 4) {
        assert_int_equal(option[at], 127);
    }
    assert_int_equal(bytes[2], 4); /* the program's own bytes are as they were */
    /* The host that answered is among them. */
    bool found = false;
    for (unsigned int at = 3; at + 4 < option[2]; at += 4) {
        found |= address_at(option + at) == f->request.destination;
    }
    assert_true(found);
}

static void test_short_record_route_comes_back_and_the_data_is_where_data_says(void **state)
{
    struct fixture *f = *state;
    UCHAR bytes[7] = {IP_OPT_RR, 7, 4, 0, 0, 0, 0};
    ICMP_ECHO_REPLY reply;
    const BYTE *option = f->reply + sizeof(reply);

    f->options = (IP_OPTION_INFORMATION){.OptionsSize = sizeof(bytes), .OptionsData = bytes};
    reply = send_answered(f);
    assert_layout_with_options(f, &reply);
    assert_int_equal(option[0], IP_OPT_RR);
    assert_int_equal(option[1], 7);
    assert_int_equal(option[2], 8); /* full */
    assert_int_equal(option[3], 127);
}

static void test_timestamps_come_back_filled_in(void **state)
{
    struct fixture *f = *state;
    UCHAR bytes[36] = {IP_OPT_TS, 36, 5, 0}; /* times only */
    ICMP_ECHO_REPLY reply;
    const BYTE *option = f->reply + sizeof(reply);
    SYSTEMTIME now;
    long now_of_day_ms, stamp_ms, difference_ms;

    f->options = (IP_OPTION_INFORMATION){.OptionsSize = sizeof(bytes), .OptionsData = bytes};
    reply = send_answered(f);
    GetSystemTime(&now);
    assert_layout_with_options(f, &reply);
    assert_int_equal(option[0], IP_OPT_TS);
    assert_int_equal(option[1], 36);
    assert_true(option[2] >= 9);
    stamp_ms = (long)ntohl(address_at(option + 4)); /* since midnight, RFC 791 */
    now_of_day_ms = ((now.wHour * 60 + now.wMinute) * 60 + now.wSecond) * 1000L + now.wMilliseconds;
    difference_ms = labs(now_of_day_ms - stamp_ms);
    assert_true(difference_ms < 10000 || difference_ms > 86400000 - 10000);
}

static void test_timestamps_with_addresses_come_back_filled_in(void **state)
{
    struct fixture *f = *state;
    UCHAR bytes[36] = {IP_OPT_TS, 36, 5, 1};
    ICMP_ECHO_REPLY reply;
    const BYTE *option = f->reply + sizeof(reply);

    f->options = (IP_OPTION_INFORMATION){.OptionsSize = sizeof(bytes), .OptionsData = bytes};
    reply = send_answered(f);
    assert_layout_with_options(f, &reply);
    assert_int_equal(option[0], IP_OPT_TS);
    assert_int_equal(option[3] & 0x0f, 1);
    assert_true(option[2] >= 13);
    assert_int_equal(option[4], 127);
}

static void test_reply_without_options_has_none_although_the_request_before_had(void **state)
{
    struct fixture *f = *state;
    UCHAR bytes[40] = {IP_OPT_RR, 39, 4};
    ICMP_ECHO_REPLY reply;

    f->options = (IP_OPTION_INFORMATION){.OptionsSize = sizeof(bytes), .OptionsData = bytes};
    assert_true(send_answered(f).Options.OptionsSize > 0);
    f->request.options = NULL;
    reply = send_answered(f);
    assert_int_equal(reply.Options.OptionsSize, 0);
    assert_ptr_equal(reply.Data, f->reply + sizeof(reply));
}

static void test_buffer_needs_room_for_the_options_that_come_back(void **state)
{
    struct fixture *f = *state;
    UCHAR bytes[40] = {IP_OPT_RR, 39, 4};
    size_t needed = sizeof(ICMP_ECHO_REPLY) + sizeof(bytes) + sizeof(f->data);
    struct guarded buffer = guarded_alloc(needed);

    f->options = (IP_OPTION_INFORMATION){.OptionsSize = sizeof(bytes), .OptionsData = bytes};
    f->request.reply = buffer.bytes;
    f->request.reply_bytes = (DWORD)needed;
    assert_int_equal(request_send(&f->request), 1);
    assert_int_equal(reply_in(buffer.bytes).Options.OptionsSize, sizeof(bytes));
    assert_memory_equal(buffer.bytes + needed - sizeof(f->data), f->data, sizeof(f->data));
    assert_true(guarded_front_is_intact(&buffer));

    guarded_resize(&buffer, needed - 1);
    guarded_reset(&buffer);
    f->request.reply = buffer.bytes;
    f->request.reply_bytes = (DWORD)needed - 1;
    assert_int_equal(request_send(&f->request), 0);
    assert_int_equal(GetLastError(), IP_GENERAL_FAILURE);
    assert_int_equal(reply_in(buffer.bytes).Status, IP_GENERAL_FAILURE);
    assert_true(guarded_is_intact_from(&buffer, sizeof(ICMP_ECHO_REPLY)));
    guarded_free(&buffer);
}

/* ---- Source address on the wire ---- */

static void test_source_address_is_put_on_the_wire(void **state)
{
    struct fixture *f = *state;
    static const IPAddr sources[] = {LOCALHOST, LOOPBACK(0, 0, 2), LOOPBACK(4, 5, 6)};

    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        f->request.source = sources[i];
        assert_int_equal(wire_of(f, NULL).source_be, sources[i]);
        assert_int_equal(reply_in(f->reply).Address, f->request.destination);
    }
    f->request.source = 0;
    assert_int_equal(wire_of(f, NULL).source_be, LOCALHOST); /* what the system chooses */
}

static void test_data_is_on_the_wire_as_given(void **state)
{
    struct fixture *f = *state;
    struct seen_request seen = wire_of(f, NULL);

    assert_int_equal(seen.packet_bytes, 20 + 8 + sizeof(f->data));
    assert_memory_equal(seen.packet + 28, f->data, sizeof(f->data));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ttl_is_put_on_the_wire, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ttl_is_the_systems_default_without_options, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ttl_0_is_the_systems_default, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ttl_of_one_request_does_not_stay_for_the_next, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_ttl_1_reaches_loopback, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tos_is_put_on_the_wire_and_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_tos_is_accepted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tos_of_one_request_does_not_stay_for_the_next, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_df_flag_is_put_on_the_wire_and_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_df_is_off_unless_asked_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_flags_other_than_df_are_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_option_bytes_are_put_on_the_wire, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_option_bytes_are_padded_to_a_multiple_of_4, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_option_bytes_of_one_request_do_not_stay_for_the_next, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_bad_options_do_not_stay_for_the_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_record_route_comes_back_filled_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_short_record_route_comes_back_and_the_data_is_where_data_says,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timestamps_come_back_filled_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timestamps_with_addresses_come_back_filled_in, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_reply_without_options_has_none_although_the_request_before_had,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_buffer_needs_room_for_the_options_that_come_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_source_address_is_put_on_the_wire, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_data_is_on_the_wire_as_given, set_up, tear_down),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
