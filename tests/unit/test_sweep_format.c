/* What samples/sweep writes, in each of its forms. */
#include "support/cmocka_main.h"

#include "../../samples/sweep/format.h"

#include <ipexport.h>

#include <stdlib.h>

static char bytes[2 * FORMAT_PIECE_BYTES];
static struct text text;

static int setup(void **state)
{
    (void)state;
    text = text_in(bytes, sizeof(bytes));
    return 0;
}

static struct ip_number address_of(const char *written)
{
    struct ip_number address;
    assert_true(ip_number_parse(&address, written));
    return address;
}

static struct target_state answered(const char *address)
{
    struct ip_number number = address_of(address);
    return (struct target_state){
        .address = number,
        .requests = 1,
        .replies = 1,
        .min_ns = 212345,
        .max_ns = 212345,
        .total_ns = 212345,
        .last = {.outcome = REQUEST_ANSWERED, .ttl = 62, .time_ns = 212345, .responder = number}};
}

static struct target_state unanswered(const char *address, uint32_t status)
{
    return (struct target_state){.address = address_of(address),
                                 .requests = 1,
                                 .retries = 1,
                                 .last = {.outcome = REQUEST_TIMED_OUT, .status = status}};
}

static void assert_target(const char *format, const struct target_state *target, const char *name,
                          uint64_t number, const char *expected)
{
    setup(NULL);
    format_find(format)->target(&text, target, name, number);
    assert_string_equal(text.bytes, expected);
}

/* A summary of two targets, of which one answered. */
static struct summary *two_targets(void)
{
    static struct summary summary;
    struct target_state one = answered("192.0.2.1");
    struct target_state other = unanswered("192.0.2.2", IP_REQ_TIMED_OUT);
    memset(&summary, 0, sizeof(summary));
    summary_add(&summary, &one);
    summary_add(&summary, &other);
    statistics_add(&summary.times, 212345);
    summary.elapsed_ns = UINT64_C(1500000000);
    return &summary;
}

static void test_a_format_is_found_by_its_name(void **state)
{
    (void)state;
    assert_string_equal(format_find("text")->name, "text");
    assert_string_equal(format_find("csv")->name, "csv");
    assert_string_equal(format_find("json")->name, "json");
    assert_null(format_find("JSON"));
    assert_null(format_find(""));
}

static void test_text_has_a_line_for_each_target(void **state)
{
    (void)state;
    struct target_state target = answered("192.0.2.1");
    assert_target("text", &target, NULL, 0, "192.0.2.1        0.212 ms, TTL 62\n");
    assert_target("text", &target, "one.example", 7, "192.0.2.1        0.212 ms, TTL 62  (one.example)\n");
    target.last.ttl = 0;
    assert_target("text", &target, NULL, 0, "192.0.2.1        0.212 ms\n");
    target = answered("fe80::1%2");
    assert_target("text", &target, NULL, 0, "fe80::1%2                                0.212 ms, TTL 62\n");
    target = unanswered("192.0.2.2", IP_REQ_TIMED_OUT);
    assert_target("text", &target, NULL, 0, "192.0.2.2        no answer\n");
    target = unanswered("192.0.2.2", IP_DEST_HOST_UNREACHABLE);
    target.last.responder = address_of("192.0.2.9");
    assert_target("text", &target, NULL, 0, "192.0.2.2        host unreachable, says 192.0.2.9\n");
    target = unanswered("192.0.2.2", 1231);
    assert_target("text", &target, NULL, 0, "192.0.2.2        no route\n");
    target = unanswered("192.0.2.2", 4711);
    assert_target("text", &target, NULL, 0, "192.0.2.2        failure\n");
}

static void test_text_of_many_requests_has_their_spread(void **state)
{
    (void)state;
    struct target_state target = answered("192.0.2.1");
    target.requests = 3;
    target.replies = 2;
    target.max_ns = 412345;
    target.total_ns = 212345 + 412345;
    assert_target("text", &target, NULL, 0,
                  "192.0.2.1        2 of 3 answered, min 0.212, average 0.312, max 0.412 ms, TTL 62\n");
}

static void test_csv_has_twelve_fields(void **state)
{
    (void)state;
    struct target_state target = answered("192.0.2.1");
    format_find("csv")->begin(&text);
    assert_string_equal(
        text.bytes,
        "address,name,alive,requests,replies,retries,min_ms,average_ms,max_ms,ttl,status,responder\n");
    assert_target("csv", &target, NULL, 0, "192.0.2.1,,true,1,1,0,0.212,0.212,0.212,62,answered,192.0.2.1\n");
    target = unanswered("2001:db8::1", IP_REQ_TIMED_OUT);
    assert_target("csv", &target, "two.example", 0, "2001:db8::1,two.example,false,1,0,1,,,,,no answer,\n");
    target = unanswered("192.0.2.2", IP_TTL_EXPIRED_TRANSIT);
    target.last.responder = address_of("192.0.2.9");
    assert_target("csv", &target, NULL, 0, "192.0.2.2,,false,1,0,1,,,,,TTL expired,192.0.2.9\n");
}

static void test_csv_quotes_what_has_to_be(void **state)
{
    (void)state;
    struct target_state target = unanswered("192.0.2.1", IP_REQ_TIMED_OUT);
    assert_target("csv", &target, "a\"b", 0, "192.0.2.1,\"a\"\"b\",false,1,0,1,,,,,no answer,\n");
    assert_target("csv", &target, "a,b", 0, "192.0.2.1,\"a,b\",false,1,0,1,,,,,no answer,\n");
    assert_target("csv", &target, "a\nb", 0, "192.0.2.1,\"a\nb\",false,1,0,1,,,,,no answer,\n");
}

static void test_csv_has_its_summary_elsewhere(void **state)
{
    (void)state;
    const struct format *csv = format_find("csv");
    csv->end(&text, two_targets(), 2);
    assert_string_equal(text.bytes, "");
    assert_true(csv->without_summary);
    assert_false(format_find("text")->without_summary);
    assert_false(format_find("json")->without_summary);
}

static void test_json_is_one_object_with_targets_and_summary(void **state)
{
    (void)state;
    const struct format *json = format_find("json");
    struct target_state one = answered("192.0.2.1");
    struct target_state other = unanswered("192.0.2.2", IP_REQ_TIMED_OUT);
    json->begin(&text);
    json->target(&text, &one, "one.example", 0);
    json->target(&text, &other, NULL, 1);
    json->end(&text, two_targets(), 2);
    assert_string_equal(
        text.bytes,
        "{\"targets\": [\n"
        "{\"address\": \"192.0.2.1\", \"name\": \"one.example\", \"alive\": true, \"requests\": 1, \"replies\": 1, "
        "\"retries\": 0, \"min_ms\": 0.212, \"average_ms\": 0.212, \"max_ms\": 0.212, \"ttl\": 62, "
        "\"status\": \"answered\", \"responder\": \"192.0.2.1\"},\n"
        "{\"address\": \"192.0.2.2\", \"name\": null, \"alive\": false, \"requests\": 1, \"replies\": 0, "
        "\"retries\": 1, \"min_ms\": null, \"average_ms\": null, \"max_ms\": null, \"ttl\": null, "
        "\"status\": \"no answer\", \"responder\": null}\n"
        "],\n"
        "\"summary\": {\"targets\": 2, \"alive\": 1, \"unknown_names\": 0, \"requests\": 2, \"replies\": 1, "
        "\"lost\": 1, \"loss_percent\": 50.0, \"retries\": 1, \"min_ms\": 0.212, \"median_ms\": 0.212, "
        "\"percentile_95_ms\": 0.212, \"max_ms\": 0.212, \"elapsed_ms\": 1500.000, \"interrupted\": false}}\n");
}

static void test_json_without_targets_is_well_formed(void **state)
{
    (void)state;
    const struct format *json = format_find("json");
    static struct summary nothing;
    nothing.interrupted = true;
    json->begin(&text);
    json->end(&text, &nothing, 0);
    assert_string_equal(
        text.bytes, "{\"targets\": [],\n"
                    "\"summary\": {\"targets\": 0, \"alive\": 0, \"unknown_names\": 0, \"requests\": 0, "
                    "\"replies\": 0, \"lost\": 0, \"loss_percent\": 0.0, \"retries\": 0, \"min_ms\": null, "
                    "\"median_ms\": null, \"percentile_95_ms\": null, \"max_ms\": null, "
                    "\"elapsed_ms\": 0.000, \"interrupted\": true}}\n");
}

/* The name in JSON, with its quotation marks. */
static void assert_json_name(const char *name, const char *expected)
{
    struct target_state target = unanswered("192.0.2.1", IP_REQ_TIMED_OUT);
    char *start;
    setup(NULL);
    format_find("json")->target(&text, &target, name, 0);
    start = strstr(text.bytes, "\"name\": ") + strlen("\"name\": ");
    *strstr(start, ", \"alive\"") = '\0';
    assert_string_equal(start, expected);
}

static void test_json_escapes_what_has_to_be(void **state)
{
    (void)state;
    assert_json_name("a\"b\\c", "\"a\\\"b\\\\c\"");
    assert_json_name("\t\n\x01\x1f", "\"\\u0009\\u000a\\u0001\\u001f\"");
    assert_json_name("b\xc3\xbc"
                     "cher \xe2\x82\xac \xf0\x9f\x98\x80",
                     "\"b\xc3\xbc"
                     "cher \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

/* Each byte that is not part of a character by itself. */
static void test_json_has_no_bytes_that_are_not_utf8(void **state)
{
    (void)state;
    assert_json_name("\xfc", "\"\\ufffd\"");
    assert_json_name("\x80z", "\"\\ufffdz\"");
    assert_json_name("\xc3", "\"\\ufffd\"");
    assert_json_name("\xe2\x82", "\"\\ufffd\\ufffd\"");
    assert_json_name("\xc0\xaf", "\"\\ufffd\\ufffd\"");
    assert_json_name("\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\"");
    assert_json_name("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
    assert_json_name("\xf0\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
    assert_json_name("\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
    assert_json_name("\xff\xfe", "\"\\ufffd\\ufffd\"");
}

static void test_no_piece_is_longer_than_promised(void **state)
{
    (void)state;
    char name[255];
    struct target_state target = {.address = address_of("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295"),
                                  .requests = UINT32_MAX,
                                  .replies = UINT32_MAX,
                                  .retries = UINT32_MAX,
                                  .min_ns = UINT64_MAX,
                                  .max_ns = UINT64_MAX,
                                  .total_ns = UINT64_MAX,
                                  .last = {.ttl = 255, .status = IP_DEST_PROT_UNREACHABLE}};
    static struct summary summary;
    memset(&summary, 0xff, sizeof(summary));
    summary.interrupted = true;
    target.last.responder = target.address;
    memset(name, '\x01', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    const char *names[] = {"text", "csv", "json"};
    for (size_t i = 0; i < 3; i++) {
        const struct format *format = format_find(names[i]);
        setup(NULL);
        format->target(&text, &target, name, 1);
        assert_true(text.used < FORMAT_PIECE_BYTES);
        setup(NULL);
        format->end(&text, &summary, 1);
        assert_true(text.used < FORMAT_PIECE_BYTES);
    }
}

static void test_the_summary_is_four_lines(void **state)
{
    (void)state;
    format_add_summary(&text, two_targets());
    assert_string_equal(text.bytes, "2 targets: 1 alive, 1 not\n"
                                    "2 requests: 1 answered, 1 lost (50.0 %), 1 repeated\n"
                                    "round trip: min 0.212, median 0.212, 95 % 0.212, max 0.212 ms\n"
                                    "time: 1.500 s, 2 requests a second\n");
}

static void test_the_summary_tells_what_is_not_as_it_should_be(void **state)
{
    (void)state;
    static struct summary summary;
    struct target_state target = unanswered("192.0.2.2", IP_REQ_TIMED_OUT);
    memset(&summary, 0, sizeof(summary));
    target.retries = 0;
    summary_add(&summary, &target);
    summary.unknown_names = 2;
    summary.interrupted = true;
    format_add_summary(&text, &summary);
    assert_string_equal(text.bytes, "1 target: 0 alive, 1 not; 2 names unknown\n"
                                    "1 request: 0 answered, 1 lost (100.0 %), 0 repeated\n"
                                    "time: 0.000 s, 0 requests a second\n"
                                    "interrupted before the end\n");
}

static void test_text_ends_with_the_summary_behind_an_empty_line(void **state)
{
    (void)state;
    format_find("text")->end(&text, two_targets(), 1);
    assert_true(strncmp(text.bytes, "\n2 targets", 10) == 0);
    setup(NULL);
    format_find("text")->end(&text, two_targets(), 0);
    assert_true(strncmp(text.bytes, "2 targets", 9) == 0);
}

static void test_thousands_have_commas(void **state)
{
    (void)state;
    const struct {
        uint64_t number;
        const char *written;
    } cases[] = {{0, "0"},          {999, "999"},           {1000, "1,000"},
                 {16382, "16,382"}, {1000001, "1,000,001"}, {UINT64_MAX, "18,446,744,073,709,551,615"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        setup(NULL);
        format_add_number(&text, cases[i].number);
        assert_string_equal(text.bytes, cases[i].written);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_format_is_found_by_its_name, setup),
        cmocka_unit_test_setup(test_text_has_a_line_for_each_target, setup),
        cmocka_unit_test_setup(test_text_of_many_requests_has_their_spread, setup),
        cmocka_unit_test_setup(test_csv_has_twelve_fields, setup),
        cmocka_unit_test_setup(test_csv_quotes_what_has_to_be, setup),
        cmocka_unit_test_setup(test_csv_has_its_summary_elsewhere, setup),
        cmocka_unit_test_setup(test_json_is_one_object_with_targets_and_summary, setup),
        cmocka_unit_test_setup(test_json_without_targets_is_well_formed, setup),
        cmocka_unit_test_setup(test_json_escapes_what_has_to_be, setup),
        cmocka_unit_test_setup(test_json_has_no_bytes_that_are_not_utf8, setup),
        cmocka_unit_test_setup(test_no_piece_is_longer_than_promised, setup),
        cmocka_unit_test_setup(test_the_summary_is_four_lines, setup),
        cmocka_unit_test_setup(test_the_summary_tells_what_is_not_as_it_should_be, setup),
        cmocka_unit_test_setup(test_text_ends_with_the_summary_behind_an_empty_line, setup),
        cmocka_unit_test_setup(test_thousands_have_commas, setup),
    };
    return cmocka_run(argc, argv, tests, NULL, NULL);
}
