/*
 * Looks at reply buffers. What the members of the structures mean: docs/behaviour.md.
 */
#include "fuzz/engine_reply.h"

#include <string.h>

size_t reply_structure_bytes(enum ip_family family)
{
    return family == IP_FAMILY_V6 ? sizeof(ICMPV6_ECHO_REPLY) : sizeof(ICMP_ECHO_REPLY);
}

static size_t room_of(const struct reply_buffer *buffer)
{
    return buffer->size - reply_structure_bytes(buffer->family);
}

/* How much of the options of an answer is handed over: an error is told without them rather than not at all. */
static size_t options_kept(const struct reply_buffer *buffer, const struct echo_answer *answer)
{
    return answer->status != IP_SUCCESS && answer->options_bytes > room_of(buffer) ? 0
                                                                                   : answer->options_bytes;
}

bool reply_has_room(const struct reply_buffer *buffer, const struct echo_answer *answer)
{
    return options_kept(buffer, answer) + answer->data_bytes <= room_of(buffer);
}

static bool is_equal(const void *bytes, const void *expected, size_t count)
{
    return count == 0 || memcmp(bytes, expected, count) == 0;
}

static bool untouched_from(const struct reply_buffer *buffer, size_t offset)
{
    return is_equal(buffer->bytes + offset, buffer->before + offset, buffer->size - offset);
}

bool reply_is_untouched(const struct reply_buffer *buffer)
{
    return untouched_from(buffer, 0);
}

static ICMP_ECHO_REPLY reply_v4(const struct reply_buffer *buffer)
{
    ICMP_ECHO_REPLY reply;
    memcpy(&reply, buffer->bytes, sizeof(reply));
    return reply;
}

static ICMPV6_ECHO_REPLY reply_v6(const struct reply_buffer *buffer)
{
    ICMPV6_ECHO_REPLY reply;
    memcpy(&reply, buffer->bytes, sizeof(reply));
    return reply;
}

static bool shows_v4(const struct reply_buffer *buffer, const struct echo_answer *answer, uint64_t age_ms,
                     uint16_t reserved)
{
    ICMP_ECHO_REPLY reply = reply_v4(buffer);
    size_t options_bytes = options_kept(buffer, answer);
    const uint8_t *options = buffer->bytes + sizeof(reply);
    const uint8_t *data = options + options_bytes;
    return reply.Status == answer->status && reply.Address == ip_address_to_v4(&answer->responder) &&
           reply.RoundTripTime <= age_ms && reply.Reserved == reserved && reply.Options.Ttl == answer->ttl &&
           reply.Options.Tos == answer->tos && reply.Options.Flags == answer->flags &&
           reply.Options.OptionsSize == options_bytes && reply.Options.OptionsData == options &&
           is_equal(options, answer->options, options_bytes) && reply.DataSize == answer->data_bytes &&
           reply.Data == data && is_equal(data, answer->data, answer->data_bytes) &&
           untouched_from(buffer, sizeof(reply) + options_bytes + answer->data_bytes);
}

static bool shows_v6(const struct reply_buffer *buffer, const struct echo_answer *answer, uint64_t age_ms)
{
    ICMPV6_ECHO_REPLY reply = reply_v6(buffer);
    return reply.Status == answer->status && reply.RoundTripTime <= age_ms && reply.Address.sin6_port == 0 &&
           reply.Address.sin6_flowinfo == 0 && reply.Address.sin6_scope_id == answer->responder.scope_id &&
           is_equal(reply.Address.sin6_addr, answer->responder.bytes, sizeof(reply.Address.sin6_addr)) &&
           is_equal(buffer->bytes + sizeof(reply), answer->data, answer->data_bytes) &&
           untouched_from(buffer, sizeof(reply) + answer->data_bytes);
}

bool reply_shows(const struct reply_buffer *buffer, const struct echo_answer *answer, uint64_t age_ms,
                 uint16_t reserved)
{
    return buffer->family == IP_FAMILY_V6 ? shows_v6(buffer, answer, age_ms)
                                          : shows_v4(buffer, answer, age_ms, reserved);
}

uint32_t reply_status(const struct reply_buffer *buffer)
{
    return buffer->family == IP_FAMILY_V6 ? reply_v6(buffer).Status : reply_v4(buffer).Status;
}

bool reply_is_failure(const struct reply_buffer *buffer, uint32_t status)
{
    uint8_t zeros[sizeof(ICMP_ECHO_REPLY) + sizeof(ICMPV6_ECHO_REPLY)] = {0};
    size_t status_at = buffer->family == IP_FAMILY_V6 ? offsetof(ICMPV6_ECHO_REPLY, Status)
                                                      : offsetof(ICMP_ECHO_REPLY, Status);
    memcpy(zeros + status_at, &status, sizeof(status));
    size_t structure_bytes = reply_structure_bytes(buffer->family);
    return is_equal(buffer->bytes, zeros, structure_bytes) && untouched_from(buffer, structure_bytes);
}
