/*
 * Answers echo requests, over a network that is as bad as the settings want it.
 */
#include "replies.h"

#include "schedule.h"
#include "wire/bytes.h"

/* A reply that is to be overtaken is held back for so long. */
#define REORDER_MS 30

unsigned int reply_seed = 1;
FILE *reply_log;
struct reply_counts reply_counts;

/* ---- Chance ---- */

/* The chance that a request has: a number of its own, from the seed and the beginning of its data. */
static uint64_t chance_of(const struct echo_request *request)
{
    uint64_t chance = UINT64_C(0xcbf29ce484222325) ^ reply_seed;

    for (size_t i = 0; i < request->data_bytes && i < 16; i++) {
        chance = (chance ^ request->data[i]) * UINT64_C(0x100000001b3);
    }
    return chance;
}

/* splitmix64. */
static unsigned int chance_below(uint64_t *chance, unsigned int limit)
{
    *chance += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = *chance;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned int)((mixed >> 33) % limit);
}

static bool happens(uint64_t *chance, unsigned int percentage)
{
    return chance_below(chance, 100) < percentage;
}

/* ---- Replies ---- */

void reply_silent(const struct echo_request *request, const struct settings *settings)
{
    (void)request, (void)settings;
}

/* Sends one reply. Returns after how many ms it is sent intact, or UINT_MAX. */
static unsigned int send_copy(const struct echo_request *request, const struct settings *settings,
                              uint64_t *chance)
{
    static struct packet packet;
    unsigned int delay_ms =
        settings->delay_ms.min + chance_below(chance, settings->delay_ms.max - settings->delay_ms.min + 1);

    packet_make_reply(&packet, request);
    if (happens(chance, settings->reorder)) {
        delay_ms += REORDER_MS;
        reply_counts.reordered++;
    }
    bool corrupt = happens(chance, settings->corrupt);
    if (corrupt) {
        unsigned int bit = chance_below(chance, (unsigned int)request->message_bytes * 8);
        packet_message(&packet)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        reply_counts.corrupted++;
    }
    schedule_send(BY_TUN, packet.bytes, packet.length_bytes, delay_ms * NS_PER_MS);
    return corrupt ? UINT32_MAX : delay_ms;
}

static void log_request(const struct echo_request *request, unsigned int answered_ms)
{
    if (reply_log == NULL || request->data_bytes < sizeof(uint32_t)) {
        return;
    }
    fprintf(reply_log, "%08x ", (unsigned int)bytes_load_be32(request->data));
    if (answered_ms == UINT32_MAX) {
        fprintf(reply_log, "lost\n");
    } else {
        fprintf(reply_log, "%u\n", answered_ms);
    }
}

void reply_echo(const struct echo_request *request, const struct settings *settings)
{
    uint64_t chance = chance_of(request);
    unsigned int answered_ms = UINT32_MAX;

    reply_counts.requests++;
    if (!happens(&chance, settings->loss)) {
        bool duplicate = happens(&chance, settings->duplicate);

        reply_counts.duplicated += duplicate;
        for (int copies = duplicate ? 2 : 1; copies > 0; copies--) {
            unsigned int sent_ms = send_copy(request, settings, &chance);
            answered_ms = sent_ms < answered_ms ? sent_ms : answered_ms;
        }
    }
    reply_counts.answered += answered_ms != UINT32_MAX;
    reply_counts.lost += answered_ms == UINT32_MAX;
    log_request(request, answered_ms);
}

void reply_mirror(const struct echo_request *request, const struct settings *settings)
{
    static struct packet packet;

    packet_make_reply_with(&packet, request, request->packet, request->packet_bytes);
    schedule_send(settings->by, packet.bytes, packet.length_bytes, settings->delay_ms.min * NS_PER_MS);
}

void reply_error(const struct echo_request *request, const struct settings *settings)
{
    static struct packet packet;
    size_t quote_bytes = settings->quote;

    if (quote_bytes == 0) {
        quote_bytes = request->packet_bytes - request->message_bytes + MESSAGE_HEADER_BYTES;
    }
    if (quote_bytes > request->packet_bytes) {
        quote_bytes = request->packet_bytes;
    }
    packet_make_error(&packet, request, settings->from.family != 0 ? &settings->from : &request->destination,
                      (uint8_t)settings->type, (uint8_t)settings->code, request->packet, quote_bytes);
    schedule_send(settings->by, packet.bytes, packet.length_bytes, settings->delay_ms.min * NS_PER_MS);
}
