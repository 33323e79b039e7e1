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

uint32_t reply_write(void *buffer, size_t buffer_bytes, const struct echo_answer *answer, uint16_t reserved)
{
    size_t options_bytes = answer->options_bytes;
    size_t room = buffer_bytes - sizeof(ICMP_ECHO_REPLY);
    if (answer->status != IP_SUCCESS && padded_to_4(options_bytes) > room) {
        options_bytes = 0; /* that the error arrives matters more than the options it came with */
    }
    size_t options_room = padded_to_4(options_bytes);
    if (options_room > room || answer->data_bytes > room - options_room) {
        reply_write_failure(buffer, IP_GENERAL_FAILURE);
        return IP_GENERAL_FAILURE;
    }

    uint8_t *options = (uint8_t *)buffer + sizeof(ICMP_ECHO_REPLY);
    uint8_t *data = options + options_room;
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
                    .OptionsSize = (uint8_t)options_bytes,
                    .OptionsData = options},
    };
    memcpy(buffer, &reply, sizeof(reply));
    if (options_bytes > 0) {
        memset(options, 0, options_room);
        memcpy(options, answer->options, options_bytes);
    }
    if (answer->data_bytes > 0) {
        memcpy(data, answer->data, answer->data_bytes);
    }
    return answer->status;
}
