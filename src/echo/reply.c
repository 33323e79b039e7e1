/*
 * Writes reply buffers. Knows the layout of ICMP_ECHO_REPLY and ICMPV6_ECHO_REPLY, and nothing of requests.
 */
#include "echo/reply.h"

#include "os/os.h"

#include <string.h>

size_t reply_bytes_min(enum ip_family family)
{
    return family == IP_FAMILY_V6 ? sizeof(ICMPV6_ECHO_REPLY) : sizeof(ICMP_ECHO_REPLY);
}

static size_t padded_to_4(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

size_t reply_bytes_of(const struct echo_answer *answer)
{
    return reply_bytes_min(answer->responder.family) + padded_to_4(answer->options_bytes) +
           answer->data_bytes;
}

struct echo_answer reply_cut_to_fit(const struct echo_answer *answer, size_t room_bytes)
{
    struct echo_answer cut = *answer;
    if (answer->status != IP_SUCCESS && reply_bytes_of(answer) > room_bytes) {
        cut.options_bytes = 0; /* that the error arrives matters more than the options it came with */
    }
    return cut;
}

static uint32_t round_trip_ms(const struct echo_answer *answer)
{
    uint64_t ms = answer->round_trip_ns / OS_NS_PER_MS;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* The structures are put together elsewhere and copied, because the buffer may be aligned in any way. */

static void copy_data(uint8_t *data, const struct echo_answer *answer)
{
    if (answer->data_bytes > 0) {
        memcpy(data, answer->data, answer->data_bytes);
    }
}

void reply_place(void *structure, uint8_t *rest, const struct echo_answer *answer, uint16_t reserved)
{
    size_t options_room = padded_to_4(answer->options_bytes);
    ICMP_ECHO_REPLY reply = {
        .Address = ip_address_to_v4(&answer->responder),
        .Status = answer->status,
        .RoundTripTime = round_trip_ms(answer),
        .DataSize = (uint16_t)answer->data_bytes,
        .Reserved = reserved,
        .Data = rest + options_room,
        .Options = {.Ttl = answer->ttl,
                    .Tos = answer->tos,
                    .Flags = answer->flags,
                    .OptionsSize = answer->options_bytes,
                    .OptionsData = rest},
    };
    memcpy(structure, &reply, sizeof(reply));
    if (answer->options_bytes > 0) {
        memset(rest, 0, options_room);
        memcpy(rest, answer->options, answer->options_bytes);
    }
    copy_data(rest + options_room, answer);
}

static void write_v6(uint8_t *buffer, const struct echo_answer *answer)
{
    ICMPV6_ECHO_REPLY reply;
    memset(&reply, 0, sizeof(reply)); /* with what lies between Address and Status */
    memcpy(reply.Address.sin6_addr, answer->responder.bytes, sizeof(reply.Address.sin6_addr));
    reply.Address.sin6_scope_id = answer->responder.scope_id;
    reply.Status = answer->status;
    reply.RoundTripTime = round_trip_ms(answer);
    memcpy(buffer, &reply, sizeof(reply));
    copy_data(buffer + sizeof(reply), answer);
}

void reply_write_failure(void *buffer, enum ip_family family, uint32_t status)
{
    if (family == IP_FAMILY_V6) {
        const struct echo_answer nothing = {.status = status};
        write_v6(buffer, &nothing);
    } else {
        ICMP_ECHO_REPLY reply = {.Status = status};
        memcpy(buffer, &reply, sizeof(reply));
    }
}

uint32_t reply_write(void *buffer, size_t buffer_bytes, const struct echo_answer *answer, uint16_t reserved)
{
    enum ip_family family = answer->responder.family;
    struct echo_answer fitting = reply_cut_to_fit(answer, buffer_bytes);
    if (reply_bytes_of(&fitting) > buffer_bytes) {
        reply_write_failure(buffer, family, IP_GENERAL_FAILURE);
        return IP_GENERAL_FAILURE;
    }
    if (family == IP_FAMILY_V6) {
        write_v6(buffer, &fitting);
    } else {
        reply_place(buffer, (uint8_t *)buffer + sizeof(ICMP_ECHO_REPLY), &fitting, reserved);
    }
    return answer->status;
}
