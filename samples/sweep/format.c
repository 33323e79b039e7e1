/*
 * Writes results as text, CSV and JSON.
 */
#include "format.h"

#include "status.h"

#include "../common/duration.h"

#include <string.h>

static uint64_t average_ns(const struct target_state *target)
{
    return target->total_ns / target->replies;
}

static void add_address(struct text *to, const struct ip_number *address)
{
    char text[IP_NUMBER_TEXT_BYTES];
    ip_number_format(address, text);
    text_add(to, "%s", text);
}

static void add_permille(struct text *to, unsigned permille)
{
    text_add(to, "%u.%u", permille / 10, permille % 10);
}

void format_add_number(struct text *to, uint64_t number)
{
    if (number >= 1000) {
        format_add_number(to, number / 1000);
        text_add(to, ",%03u", (unsigned)(number % 1000));
    } else {
        text_add(to, "%u", (unsigned)number);
    }
}

/* ---- Text ---- */

static void text_begin(struct text *to)
{
    (void)to;
}

static void add_times(struct text *to, const struct target_state *target)
{
    if (target->requests == 1) {
        duration_add_ms(to, target->min_ns);
    } else {
        text_add(to, "%lu of %lu answered, min ", (unsigned long)target->replies,
                 (unsigned long)target->requests);
        duration_add_ms(to, target->min_ns);
        text_add(to, ", average ");
        duration_add_ms(to, average_ns(target));
        text_add(to, ", max ");
        duration_add_ms(to, target->max_ns);
    }
    text_add(to, " ms");
    if (target->last.ttl != 0)
        text_add(to, ", TTL %u", target->last.ttl);
}

static void text_target(struct text *to, const struct target_state *target, const char *name, uint64_t number)
{
    (void)number;
    add_address(to, &target->address);
    text_pad(to, target->address.family == IP_FAMILY_V4 ? 15 : 39);
    text_add(to, "  ");
    if (target->replies > 0)
        add_times(to, target);
    else
        text_add(to, "%s", status_text(target->last.status));
    if (target->replies == 0 && target->last.responder.family != IP_FAMILY_NONE) {
        text_add(to, ", says ");
        add_address(to, &target->last.responder);
    }
    if (name != NULL)
        text_add(to, "  (%s)", name);
    text_add(to, "\n");
}

static void add_count(struct text *to, uint64_t number, const char *what)
{
    format_add_number(to, number);
    text_add(to, " %s", what);
}

void format_add_summary(struct text *to, const struct summary *summary)
{
    const struct statistics *times = &summary->times;
    add_count(to, summary->targets, summary->targets == 1 ? "target: " : "targets: ");
    add_count(to, summary->alive, "alive, ");
    add_count(to, summary->targets - summary->alive, "not");
    if (summary->unknown_names > 0) {
        text_add(to, "; ");
        add_count(to, summary->unknown_names, summary->unknown_names == 1 ? "name unknown" : "names unknown");
    }
    text_add(to, "\n");
    add_count(to, summary->requests, summary->requests == 1 ? "request: " : "requests: ");
    add_count(to, summary->replies, "answered, ");
    add_count(to, summary->requests - summary->replies, "lost (");
    add_permille(to, summary_loss_permille(summary));
    text_add(to, " %%), ");
    add_count(to, summary->retries, "repeated\n");
    if (times->count > 0) {
        text_add(to, "round trip: min ");
        duration_add_ms(to, times->min_ns);
        text_add(to, ", median ");
        duration_add_ms(to, statistics_percentile(times, 50));
        text_add(to, ", 95 %% ");
        duration_add_ms(to, statistics_percentile(times, 95));
        text_add(to, ", max ");
        duration_add_ms(to, times->max_ns);
        text_add(to, " ms\n");
    }
    text_add(to, "time: ");
    duration_add_ms(to, summary->elapsed_ns / 1000); /* thousandths of a second */
    text_add(to, " s, ");
    add_count(to, summary_rate(summary), "requests a second\n");
    if (summary->interrupted)
        text_add(to, "interrupted before the end\n");
}

static void text_end(struct text *to, const struct summary *summary, uint64_t number)
{
    if (number > 0)
        text_add(to, "\n");
    format_add_summary(to, summary);
}

/* ---- CSV, as in RFC 4180 ---- */

static void csv_begin(struct text *to)
{
    text_add(to,
             "address,name,alive,requests,replies,retries,min_ms,average_ms,max_ms,ttl,status,responder\n");
}

/* In quotation marks, which are doubled inside, if it has to be. */
static void csv_add_string(struct text *to, const char *string)
{
    if (string[strcspn(string, ",\"\r\n")] == '\0') {
        text_add(to, "%s", string);
        return;
    }
    text_add(to, "\"");
    for (; *string != '\0'; string++)
        text_add(to, *string == '"' ? "\"\"" : "%c", *string);
    text_add(to, "\"");
}

static void csv_target(struct text *to, const struct target_state *target, const char *name, uint64_t number)
{
    (void)number;
    add_address(to, &target->address);
    text_add(to, ",");
    csv_add_string(to, name != NULL ? name : "");
    text_add(to, ",%s,%lu,%lu,%lu,", target->replies > 0 ? "true" : "false", (unsigned long)target->requests,
             (unsigned long)target->replies, (unsigned long)target->retries);
    if (target->replies > 0) {
        duration_add_ms(to, target->min_ns);
        text_add(to, ",");
        duration_add_ms(to, average_ns(target));
        text_add(to, ",");
        duration_add_ms(to, target->max_ns);
        text_add(to, ",");
    } else {
        text_add(to, ",,,");
    }
    if (target->last.ttl != 0)
        text_add(to, "%u", target->last.ttl);
    text_add(to, ",");
    csv_add_string(to, status_text(target->last.status));
    text_add(to, ",");
    if (target->last.responder.family != IP_FAMILY_NONE)
        add_address(to, &target->last.responder);
    text_add(to, "\n");
}

static void csv_end(struct text *to, const struct summary *summary, uint64_t number)
{
    (void)to;
    (void)summary;
    (void)number;
}

/* ---- JSON, as in RFC 8259 ---- */

static void json_begin(struct text *to)
{
    text_add(to, "{\"targets\": [");
}

/* How many bytes the character of UTF-8 at `at` has (RFC 3629, 4), or 0 if it is none. */
static size_t character_bytes(const unsigned char *at)
{
    size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (length == 1)
        return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Too long for what they are, halves of UTF-16 pairs, beyond Unicode. */
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

static void json_add_string(struct text *to, const char *string)
{
    text_add(to, "\"");
    for (const unsigned char *at = (const unsigned char *)string; *at != '\0';) {
        size_t length = character_bytes(at);
        if (length == 0)
            text_add(to, "\\ufffd");
        else if (*at == '"' || *at == '\\')
            text_add(to, "\\%c", *at);
        else if (*at < ' ')
            text_add(to, "\\u%04x", *at);
        else
            text_add(to, "%.*s", (int)length, (const char *)at);
        at += length > 0 ? length : 1;
    }
    text_add(to, "\"");
}

static void json_add_ms(struct text *to, const char *key, bool known, uint64_t ns)
{
    text_add(to, ", \"%s\": ", key);
    if (known)
        duration_add_ms(to, ns);
    else
        text_add(to, "null");
}

static void json_add_count(struct text *to, const char *key, uint64_t count)
{
    text_add(to, ", \"%s\": %llu", key, (unsigned long long)count);
}

static void json_target(struct text *to, const struct target_state *target, const char *name, uint64_t number)
{
    bool alive = target->replies > 0;
    text_add(to, "%s\n{\"address\": \"", number > 0 ? "," : "");
    add_address(to, &target->address);
    text_add(to, "\", \"name\": ");
    if (name != NULL)
        json_add_string(to, name);
    else
        text_add(to, "null");
    text_add(to, ", \"alive\": %s", alive ? "true" : "false");
    json_add_count(to, "requests", target->requests);
    json_add_count(to, "replies", target->replies);
    json_add_count(to, "retries", target->retries);
    json_add_ms(to, "min_ms", alive, target->min_ns);
    json_add_ms(to, "average_ms", alive, alive ? average_ns(target) : 0);
    json_add_ms(to, "max_ms", alive, target->max_ns);
    if (target->last.ttl != 0)
        json_add_count(to, "ttl", target->last.ttl);
    else
        text_add(to, ", \"ttl\": null");
    text_add(to, ", \"status\": \"%s\", \"responder\": ", status_text(target->last.status));
    if (target->last.responder.family != IP_FAMILY_NONE) {
        text_add(to, "\"");
        add_address(to, &target->last.responder);
        text_add(to, "\"}");
    } else {
        text_add(to, "null}");
    }
}

static void json_end(struct text *to, const struct summary *summary, uint64_t number)
{
    const struct statistics *times = &summary->times;
    bool answered = times->count > 0;
    text_add(to, "%s],\n\"summary\": {\"targets\": %llu", number > 0 ? "\n" : "",
             (unsigned long long)summary->targets);
    json_add_count(to, "alive", summary->alive);
    json_add_count(to, "unknown_names", summary->unknown_names);
    json_add_count(to, "requests", summary->requests);
    json_add_count(to, "replies", summary->replies);
    json_add_count(to, "lost", summary->requests - summary->replies);
    text_add(to, ", \"loss_percent\": ");
    add_permille(to, summary_loss_permille(summary));
    json_add_count(to, "retries", summary->retries);
    json_add_ms(to, "min_ms", answered, times->min_ns);
    json_add_ms(to, "median_ms", answered, statistics_percentile(times, 50));
    json_add_ms(to, "percentile_95_ms", answered, statistics_percentile(times, 95));
    json_add_ms(to, "max_ms", answered, times->max_ns);
    json_add_ms(to, "elapsed_ms", true, summary->elapsed_ns);
    text_add(to, ", \"interrupted\": %s}}\n", summary->interrupted ? "true" : "false");
}

/* ---- */

static const struct format formats[] = {
    {"text", text_begin, text_target, text_end, false},
    {"csv", csv_begin, csv_target, csv_end, true},
    {"json", json_begin, json_target, json_end, false},
};

const struct format *format_find(const char *name)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    }
    return NULL;
}
