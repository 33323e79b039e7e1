/*
 * What echo/collection.h promises, and docs/behaviour.md section 3.1: what is taken, and where it stands in the reply
 * buffer.
 */
#include "support/cmocka_main.h"

#include <stdlib.h>

#include "echo/collection.h"
#include "unit/support/os_posix.h"

#define STRUCTURE  sizeof(ICMP_ECHO_REPLY)
#define DATA_BYTES 32
#define ECHO       (STRUCTURE + DATA_BYTES) /* what an echo reply takes */
#define BUFFER_MAX 4096
#define CANARY     0xee

static uint8_t options[40];
static uint8_t data[65535];
static size_t allocations_before;

static int set_up(void **state)
{
    (void)state;
    os_posix_reset();
    allocations_before = os_posix_allocations();
    for (size_t i = 0; i < sizeof(options); i++) {
        options[i] = (uint8_t)(i + 1);
    }
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + i / 256 + 100);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    os_posix_fail_allocation(0);
    return os_posix_allocations() == allocations_before ? 0 : -1;
}

/* Each responder sends other data. */
static struct echo_answer answer_from(uint32_t responder, size_t options_bytes, size_t data_bytes)
{
    return (struct echo_answer){
        .status = IP_SUCCESS,
        .responder = ip_address_v4(responder),
        .round_trip_ns = responder % 1000 * OS_NS_PER_MS,
        .ttl = 57,
        .options = options,
        .options_bytes = (uint8_t)options_bytes,
        .data = data + responder % 50,
        .data_bytes = data_bytes,
    };
}

static struct echo_answer echo_from(uint32_t responder)
{
    return answer_from(responder, 0, DATA_BYTES);
}

static struct echo_answer error_from(uint32_t router, size_t options_bytes)
{
    struct echo_answer answer = answer_from(router, options_bytes, 0);
    answer.status = IP_TTL_EXPIRED_TRANSIT;
    return answer;
}

static bool add(struct collection *collection, struct echo_answer answer)
{
    return collection_add(collection, &answer);
}

/* ---- What a buffer holds ---- */

/* The buffer that the collection was written to, at the end of its memory, so that the address sanitizer sees a byte too
 * many. */
struct written {
    uint8_t *memory;
    uint8_t *at;
    size_t length;
};

static struct written write_out(const struct collection *collection, size_t reply_bytes, size_t alignment,
                                uint16_t reserved)
{
    struct written written = {.length = reply_bytes};
    written.memory = malloc(alignment + reply_bytes);
    assert_non_null(written.memory);
    memset(written.memory, CANARY, alignment + reply_bytes);
    written.at = written.memory + alignment;
    collection_write(collection, written.at, reserved);
    return written;
}

static ICMP_ECHO_REPLY structure_at(const struct written *written, size_t index)
{
    ICMP_ECHO_REPLY reply;
    memcpy(&reply, written->at + index * STRUCTURE, STRUCTURE);
    return reply;
}

static size_t padded(size_t length)
{
    return (length + 3) / 4 * 4;
}

/* That the structure of that index is of this answer, and that its options and data stand at `rest`. */
static void assert_holds(const struct written *written, size_t index, const struct echo_answer *answer,
                         size_t rest)
{
    ICMP_ECHO_REPLY reply = structure_at(written, index);
    const uint8_t *at = written->at + rest;
    assert_int_equal(reply.Address, ip_address_to_v4(&answer->responder));
    assert_int_equal(reply.Status, answer->status);
    assert_int_equal(reply.RoundTripTime, answer->round_trip_ns / OS_NS_PER_MS);
    assert_int_equal(reply.Options.Ttl, answer->ttl);
    assert_int_equal(reply.Options.OptionsSize, answer->options_bytes);
    assert_ptr_equal(reply.Options.OptionsData, at);
    assert_int_equal(reply.DataSize, answer->data_bytes);
    assert_ptr_equal(reply.Data, at + padded(answer->options_bytes));
    for (size_t i = 0; i < padded(answer->options_bytes); i++) {
        assert_int_equal(at[i], i < answer->options_bytes ? answer->options[i] : 0);
    }
    assert_memory_equal(at + padded(answer->options_bytes), answer->data, answer->data_bytes);
}

static void assert_untouched(const struct written *written, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        assert_int_equal(written->at[i], CANARY);
    }
}

/* That the buffer holds these answers: structures from its front, the rest from its end; or a single one in one piece. */
static void assert_layout(const struct written *written, const struct echo_answer *answers, size_t count)
{
    size_t rest = count == 1 ? STRUCTURE : written->length;
    for (size_t i = 0; i < count; i++) {
        size_t rest_bytes = padded(answers[i].options_bytes) + answers[i].data_bytes;
        rest -= count == 1 ? 0 : rest_bytes;
        assert_holds(written, i, &answers[i], rest);
        assert_int_equal(structure_at(written, i).Reserved, i == 0 ? count : 0);
        if (count == 1) {
            assert_untouched(written, rest + rest_bytes, written->length);
        }
    }
    if (count > 1) {
        assert_untouched(written, count * STRUCTURE, rest);
    }
}

/* At every alignment. */
static void check_written(const struct collection *collection, size_t reply_bytes,
                          const struct echo_answer *answers, size_t count)
{
    assert_int_equal(collection_count(collection), count);
    for (size_t alignment = 0; alignment < 8 && count > 0; alignment++) {
        struct written written = write_out(collection, reply_bytes, alignment, (uint16_t)count);
        assert_layout(&written, answers, count);
        free(written.memory);
    }
}

/* ---- Layouts ---- */

static void test_nothing_is_collected_at_first(void **state)
{
    struct collection *collection = collection_new(1000, DATA_BYTES);

    (void)state;
    assert_int_equal(collection_count(collection), 0);
    assert_int_equal(collection_count(NULL), 0);
    collection_free(collection);
    collection_free(NULL);
}

static void test_a_single_answer_stands_behind_its_structure(void **state)
{
    struct collection *collection = collection_new(1000, DATA_BYTES);
    struct echo_answer answer = answer_from(1, 7, DATA_BYTES);

    (void)state;
    assert_true(collection_add(collection, &answer));
    assert_int_equal(collection_bytes(collection), STRUCTURE + 8 + DATA_BYTES);
    check_written(collection, 1000, &answer, 1);
    collection_free(collection);
}

static void test_of_several_the_structures_stand_in_front_and_the_rest_at_the_end(void **state)
{
    struct collection *collection = collection_new(1000, DATA_BYTES);
    const struct echo_answer answers[] = {echo_from(30), answer_from(10, 40, DATA_BYTES), error_from(20, 3),
                                          answer_from(40, 0, 0)};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(collection_add(collection, &answers[i]));
    }
    assert_int_equal(collection_bytes(collection), 1000);
    check_written(collection, 1000, answers, 4);
    collection_free(collection);
}

static void test_only_the_first_structure_tells_the_number(void **state)
{
    struct collection *collection = collection_new(1000, DATA_BYTES);

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(add(collection, echo_from(i)));
    }
    struct written written = write_out(collection, 1000, 0, 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(structure_at(&written, i).Reserved, 0);
    }
    free(written.memory);
    collection_free(collection);
}

static void test_copies_are_kept(void **state)
{
    struct collection *collection = collection_new(1000, 3);
    uint8_t packet[] = {1, 2, 3, 4, 'a', 'b', 'c'};
    struct echo_answer expected = answer_from(9, 4, 3);
    struct echo_answer answer = expected;

    (void)state;
    answer.options = packet;
    answer.data = packet + 4;
    expected.data = (const uint8_t *)"abc";
    assert_true(collection_add(collection, &answer));
    memset(packet, 0xff, sizeof(packet));
    check_written(collection, 1000, &expected, 1);
    collection_free(collection);
}

/* ---- What is taken ---- */

static void test_a_buffer_for_one_echo_reply_takes_one(void **state)
{
    (void)state;
    for (size_t reply_bytes = ECHO; reply_bytes < 2 * ECHO; reply_bytes++) {
        struct collection *collection = collection_new(reply_bytes, DATA_BYTES);
        struct echo_answer answer = echo_from(1);
        assert_false(collection_add(collection, &answer));
        check_written(collection, reply_bytes, &answer, 1);
        collection_free(collection);
    }
}

static void test_answers_may_fill_the_buffer_to_the_last_byte(void **state)
{
    struct collection *collection = collection_new(3 * ECHO, DATA_BYTES);
    const struct echo_answer answers[] = {echo_from(1), echo_from(2), echo_from(3)};

    (void)state;
    assert_true(collection_add(collection, &answers[0]));
    assert_true(collection_add(collection, &answers[1]));
    assert_false(collection_add(collection, &answers[2]));
    check_written(collection, 3 * ECHO, answers, 3);
    collection_free(collection);
}

static void test_an_answer_that_does_not_fit_is_left_out_and_ends_it(void **state)
{
    struct collection *collection = collection_new(3 * ECHO, DATA_BYTES);
    const struct echo_answer answers[] = {echo_from(1), echo_from(2)};

    (void)state;
    assert_true(collection_add(collection, &answers[0]));
    assert_true(collection_add(collection, &answers[1]));
    assert_false(add(collection, answer_from(3, 4, DATA_BYTES)));
    check_written(collection, 3 * ECHO, answers, 2);
    collection_free(collection);
}

static void test_a_first_answer_that_does_not_fit_leaves_nothing(void **state)
{
    struct collection *collection = collection_new(ECHO, DATA_BYTES);

    (void)state;
    assert_false(add(collection, answer_from(1, 0, DATA_BYTES + 1)));
    assert_int_equal(collection_count(collection), 0);
    collection_free(collection);
}

static void test_an_icmp_error_leaves_its_options_behind_rather_than_not_fit(void **state)
{
    struct collection *collection = collection_new(2 * ECHO, DATA_BYTES);
    struct echo_answer answers[] = {echo_from(1), error_from(2, 36)};

    (void)state;
    assert_true(collection_add(collection, &answers[0]));
    assert_false(collection_add(collection, &answers[1])); /* what is left is too little for an echo reply */
    answers[1].options_bytes = 0;
    check_written(collection, 2 * ECHO, answers, 2);
    collection_free(collection);
}

static void test_a_responder_counts_once(void **state)
{
    struct collection *collection = collection_new(4 * ECHO, DATA_BYTES);
    const struct echo_answer answers[] = {echo_from(1), error_from(2, 0), echo_from(3)};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(collection_add(collection, &answers[i]));
        assert_true(add(collection, echo_from(1)));
        assert_true(add(collection, error_from(1, 0)));
        assert_true(add(collection, answer_from(1, 40, 60000))); /* nor does it end anything */
    }
    assert_true(add(collection, echo_from(2)));
    check_written(collection, 4 * ECHO, answers, 3);
    collection_free(collection);
}

static void test_there_are_no_more_than_can_be_counted(void **state)
{
    size_t reply_bytes = (size_t)70000 * STRUCTURE;
    struct collection *collection = collection_new(reply_bytes, 0);

    (void)state;
    for (uint32_t i = 1; i < 65535; i++) {
        assert_true(add(collection, answer_from(i, 0, 0)));
    }
    assert_false(add(collection, answer_from(0, 0, 0)));
    assert_int_equal(collection_count(collection), 65535);
    struct written written = write_out(collection, reply_bytes, 0, 65535);
    assert_int_equal(structure_at(&written, 0).Reserved, 65535);
    assert_int_equal(structure_at(&written, 65534).Address, 0);
    assert_untouched(&written, 65535 * STRUCTURE, reply_bytes);
    free(written.memory);
    collection_free(collection);
}

static void test_the_longest_data_are_collected(void **state)
{
    size_t reply_bytes = 2 * (STRUCTURE + 65000);
    struct collection *collection = collection_new(reply_bytes, 65000);
    const struct echo_answer answers[] = {answer_from(1, 0, 65000), answer_from(2, 0, 65000)};

    (void)state;
    assert_true(collection_add(collection, &answers[0]));
    assert_false(collection_add(collection, &answers[1]));
    check_written(collection, reply_bytes, answers, 2);
    collection_free(collection);
}

/* ---- Memory ---- */

static void test_without_memory_it_ends_with_what_there_is(void **state)
{
    (void)state;
    for (size_t nth = 1; nth <= 30; nth++) {
        os_posix_fail_allocation(nth);
        struct collection *collection = collection_new(BUFFER_MAX, DATA_BYTES);
        struct echo_answer answers[25];
        size_t count = 0;
        bool goes_on = collection != NULL;
        while (goes_on && count < 25) {
            answers[count] = echo_from((uint32_t)count);
            goes_on = collection_add(collection, &answers[count]);
            count += goes_on;
        }
        assert_true(goes_on || os_posix_allocation_has_failed());
        os_posix_fail_allocation(0);
        check_written(collection, BUFFER_MAX, answers, count);
        collection_free(collection);
    }
}

static void test_its_memory_is_a_few_times_the_reply_buffers(void **state)
{
    static const size_t data_sizes[] = {0, 1, DATA_BYTES, 1000};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        size_t before = os_posix_allocated_bytes();
        size_t reply_bytes = 100 * (STRUCTURE + data_sizes[i]);
        struct collection *collection = collection_new(reply_bytes, data_sizes[i]);
        uint32_t responder = 0;
        while (add(collection, answer_from(++responder, 0, data_sizes[i]))) {
        }
        assert_int_equal(collection_count(collection), 100);
        assert_in_range(os_posix_allocated_bytes() - before, reply_bytes, 6 * reply_bytes);
        collection_free(collection);
    }
}

/* ---- Against a model ---- */

#define MODEL_ROUNDS  3000
#define MODEL_ANSWERS 120

static uint32_t model_random = 1;

static uint32_t random_below(uint32_t limit)
{
    model_random = model_random * 1664525 + 1013904223;
    return (model_random >> 8) % limit;
}

/* What has been taken, as the documentation says. */
struct model {
    struct echo_answer answers[MODEL_ANSWERS];
    size_t count;
    size_t room;
};

static bool model_knows(const struct model *model, const struct echo_answer *answer)
{
    for (size_t i = 0; i < model->count; i++) {
        if (ip_address_equal(&model->answers[i].responder, &answer->responder)) {
            return true;
        }
    }
    return false;
}

static bool model_add(struct model *model, struct echo_answer answer, size_t data_bytes)
{
    if (model_knows(model, &answer)) {
        return true;
    }
    size_t needed = STRUCTURE + padded(answer.options_bytes) + answer.data_bytes;
    if (needed > model->room && answer.status != IP_SUCCESS) {
        answer.options_bytes = 0;
        needed = STRUCTURE;
    }
    if (needed > model->room) {
        return false;
    }
    model->answers[model->count++] = answer;
    model->room -= needed;
    return model->room >= STRUCTURE + data_bytes;
}

static void test_random_answers_agree_with_a_model(void **state)
{
    (void)state;
    for (int round = 0; round < MODEL_ROUNDS; round++) {
        size_t reply_bytes = STRUCTURE + random_below(random_below(2) == 0 ? 300 : BUFFER_MAX);
        size_t data_bytes = random_below(60);
        struct collection *collection = collection_new(reply_bytes, data_bytes);
        struct model model = {.room = reply_bytes};
        bool goes_on = true;
        while (goes_on && model.count < MODEL_ANSWERS && random_below(100) > 0) {
            uint32_t responder = random_below(60);
            size_t options_bytes = random_below(3) == 0 ? random_below(41) : 0;
            struct echo_answer answer =
                random_below(5) == 0 ? error_from(responder, options_bytes)
                                     : answer_from(responder, options_bytes,
                                                   random_below(8) == 0 ? random_below(90) : data_bytes);
            goes_on = model_add(&model, answer, data_bytes);
            assert_int_equal(collection_add(collection, &answer), goes_on);
        }
        if (round % 10 == 0) {
            check_written(collection, reply_bytes, model.answers, model.count);
        } else if (model.count > 0) {
            struct written written =
                write_out(collection, reply_bytes, random_below(8), (uint16_t)model.count);
            assert_layout(&written, model.answers, model.count);
            free(written.memory);
        }
        collection_free(collection);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_collected_at_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_single_answer_stands_behind_its_structure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_of_several_the_structures_stand_in_front_and_the_rest_at_the_end,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_the_first_structure_tells_the_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_copies_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_buffer_for_one_echo_reply_takes_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_answers_may_fill_the_buffer_to_the_last_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_answer_that_does_not_fit_is_left_out_and_ends_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_first_answer_that_does_not_fit_leaves_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_icmp_error_leaves_its_options_behind_rather_than_not_fit,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_responder_counts_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_there_are_no_more_than_can_be_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_longest_data_are_collected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_memory_it_ends_with_what_there_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_its_memory_is_a_few_times_the_reply_buffers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_random_answers_agree_with_a_model, set_up, tear_down),
    };

    return cmocka_run(argc, argv, tests, NULL, NULL);
}
