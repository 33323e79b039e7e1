/*
 * Writes reply buffers. Knows the layout of ICMP_ECHO_REPLY, and nothing of requests.
 */
#include "echo/reply.h"

#include "os/os.h"

#include <string.h>

void reply_write_failure(void *buffer, uint32_t status)
{
    ICMP_ECHO_REPLY reply = {.Status = status};
    memcpy(buffer, &reply, sizeof(reply));
}

static size_t padded_to_4(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

size_t reply_bytes_of(const struct echo_answer *answer)
{
    return sizeof(ICMP_ECHO_REPLY) + padded_to_4(answer->options_bytes) + answer->data_bytes;
}

struct echo_answer reply_cut_to_fit(const struct echo_answer *answer, size_t room_bytes)
{
    struct echo_answer cut = *answer;
    if (answer->status != IP_SUCCESS && reply_bytes_of(answer) > room_bytes) {
        cut.options_bytes = 0; /* that the error arrives matters more than the options it came with */
    }
    return cut;
}

void reply_place(void *structure, uint8_t *rest, const struct echo_answer *answer, uint16_t reserved)
{
    size_t options_room = padded_to_4(answer->options_bytes);
    uint8_t *data = rest + options_room;
    uint64_t round_trip_ms = answer->round_trip_ns / OS_NS_PER_MS;
    ICMP_ECHO_REPLY reply = {
        .Address = ip_address_to_v4(&answer->responder),
        .Status = answer->status,
        .RoundTripTime = round_trip_ms < UINT32_MAX ? (uint32_t)round_trip_ms : UINT32_MAX,
        .DataSize = (uint16_t)answer->data_bytes,
        .Reserved = reserved,
        .Data = data,
        .Options = {.Ttl = answer->ttl,
                    .Tos = answer->tos,
                    .Flags = answer->flags,
                    .OptionsSize = (uint8_t)answer->options_bytes,
                    .OptionsData = rest},
    };
    memcpy(structure, &reply, sizeof(reply));
    if (answer->options_bytes > 0) {
        memset(rest, 0, options_room);
        memcpy(rest, answer->options, answer->options_bytes);
    }
    if (answer->data_bytes > 0) {
        memcpy(data, answer->data, answer->data_bytes);
    }
}

uint32_t reply_write(void *buffer, size_t buffer_bytes, const struct echo_answer *answer, uint16_t reserved)
{
    struct echo_answer fitting = reply_cut_to_fit(answer, buffer_bytes);
    if (reply_bytes_of(&fitting) > buffer_bytes) {
        reply_write_failure(buffer, IP_GENERAL_FAILURE);
        return IP_GENERAL_FAILURE;
    }
    reply_place(buffer, (uint8_t *)buffer + sizeof(ICMP_ECHO_REPLY), &fitting, reserved);
    return answer->status;
}
