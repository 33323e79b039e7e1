/*
 * Makes one request at a time and prints its outcome in full.
 */
#include "lab/probe/single.h"

#include "lab/probe/call.h"
#include "lab/probe/names.h"

#include <openicmp.h>

#include <stdlib.h>

#define UNWRITTEN_BYTE   0xa5
#define UNWRITTEN_STATUS 0xa5a5a5a5u

/* Behind the reply buffer, where nothing may be written. */
#define GUARD_BYTES 256

/* Requests are over soon after their time at the latest. */
#define PATIENCE_MS 30000

/* How long to wait for what must not be told twice. */
#define TWICE_MS 50

struct echo {
    struct call call;
    BYTE data[65535];
    BYTE *reply; /* with GUARD_BYTES behind it */
    DWORD reply_bytes;
    HANDLE event;
    volatile LONG told;
    double sent_ms;
    double took_ms;
};

static void WINAPI note_run(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    struct echo *echo = context;

    (void)io_status, (void)reserved;
    if (InterlockedIncrement(&echo->told) == 1) {
        echo->took_ms = now_ms() - echo->sent_ms;
    }
}

/* ---- Printing ---- */

static void print_bytes(const char *name, const BYTE *bytes, size_t count)
{
    printf(" %s=", name);
    for (size_t i = 0; i < count; i++) {
        printf("%02x", bytes[i]);
    }
}

static bool lies_inside(const struct echo *echo, const BYTE *bytes, size_t count)
{
    return bytes >= echo->reply && bytes + count <= echo->reply + echo->reply_bytes;
}

/* What lies at `data` was echoed: `count` bytes. */
static void print_data(const struct echo *echo, const BYTE *data, size_t count)
{
    if (count == 0) {
        printf(" data=none");
    } else if (!lies_inside(echo, data, count)) {
        printf(" data=outside");
    } else if (count == echo->call.plan->data_bytes && memcmp(data, echo->data, count) == 0) {
        printf(" data=same");
    } else {
        print_bytes("data", data, count);
    }
}

static void print_ipv4_members(const struct echo *echo, DWORD index)
{
    ICMP_ECHO_REPLY reply = reply_in(echo->reply + index * sizeof(reply));

    printf(" bytes=%u ttl=%u tos=%u flags=%u", reply.DataSize, reply.Options.Ttl, reply.Options.Tos,
           reply.Options.Flags);
    print_bytes("options", reply.Options.OptionsData, reply.Options.OptionsSize);
    print_data(echo, reply.Data, reply.DataSize);
}

/* IPv6 does not say how much was echoed: what was written behind the structure. (The last byte of what was sent may look
 * as if it was not.) */
static size_t written_behind(const struct echo *echo, DWORD structure_bytes)
{
    size_t sent = echo->call.plan->data_bytes;
    size_t used = echo->reply_bytes + GUARD_BYTES;

    while (used > structure_bytes && echo->reply[used - 1] == UNWRITTEN_BYTE) {
        used--;
    }
    used -= structure_bytes;
    return used < sent && sent <= echo->reply_bytes - structure_bytes &&
                   memcmp(echo->reply + structure_bytes, echo->data, sent) == 0
               ? sent
               : used;
}

static void print_ipv6_members(const struct echo *echo, const struct reply *reply)
{
    DWORD structure_bytes = call_structure_bytes(echo->call.plan);
    size_t bytes = written_behind(echo, structure_bytes);

    printf(" port=%u flow=%lu bytes=%u", reply->from.ipv6.sin6_port, reply->from.ipv6.sin6_flowinfo,
           (unsigned int)bytes);
    print_data(echo, echo->reply + structure_bytes, bytes);
}

/* Whether the exact time of a reply is known and fits its milliseconds. */
static const char *exactness(const struct echo *echo, DWORD index, DWORD round_trip_ms)
{
    static ULONGLONG times[65536];
    DWORD count =
        OpenIcmpRoundTripTimes(echo->reply, echo->reply_bytes, times, sizeof(times) / sizeof(times[0]));

    if (index >= count) {
        return "none";
    }
    return times[index] > 0 && times[index] / 1000000 == round_trip_ms ? "right" : "wrong";
}

/* The structure at `index` of the reply buffer. */
static void print_reply(const struct echo *echo, DWORD index)
{
    const struct plan *plan = echo->call.plan;
    struct reply reply = call_reply(plan, echo->reply, index);

    if (reply.status == UNWRITTEN_STATUS) {
        printf(" status=unwritten");
        return;
    }
    printf(" status=%s from=%s rtt=%lu exact=%s", name_of_status(plan, reply.status).text,
           name_of_address(&reply.from).text, reply.round_trip_ms,
           exactness(echo, index, reply.round_trip_ms));
    if (plan->destination.is_ipv6) {
        print_ipv6_members(echo, &reply);
    } else {
        print_ipv4_members(echo, index);
    }
}

/* How much of the buffer the replies take, as far as that is known. */
static size_t bytes_used(const struct echo *echo, DWORD replies)
{
    const struct plan *plan = echo->call.plan;
    DWORD structure_bytes = call_structure_bytes(plan);

    if (call_reply(plan, echo->reply, 0).status == UNWRITTEN_STATUS) {
        return 0;
    } else if (plan->destination.is_ipv6) {
        return structure_bytes + written_behind(echo, structure_bytes);
    } else if (replies == 1) {
        ICMP_ECHO_REPLY reply = reply_in(echo->reply);
        return sizeof(reply) + (reply.Options.OptionsSize + 3u) / 4 * 4 + reply.DataSize;
    }
    return replies == 0 ? structure_bytes : echo->reply_bytes;
}

/* Whether something was written behind the buffer, or behind what is used of it. */
static bool has_stray_bytes(const struct echo *echo, DWORD replies)
{
    size_t used = bytes_used(echo, replies);

    return used > echo->reply_bytes ||
           !bytes_are(echo->reply + used, echo->reply_bytes + GUARD_BYTES - used, UNWRITTEN_BYTE);
}

static void print_outcome(const struct echo *echo, DWORD ret, DWORD error)
{
    bool stray = has_stray_bytes(echo, ret);
    DWORD index = 0;

    do {
        printf("reply=%lu/%lu ret=%lu error=%s", ret > 0 ? index + 1 : 0, ret, ret,
               name_of_error(echo->call.plan, error).text);
        print_reply(echo, index);
        printf(" told=%ld took=%lu stray=%s\n", echo->told, (DWORD)echo->took_ms, stray ? "yes" : "no");
    } while (++index < ret);
    fflush(stdout);
}

/* ---- Requests ---- */

/* Waits until the outcome was told, and a little longer in case it is told twice. */
static void await_telling(struct echo *echo, const struct plan *plan)
{
    double until_ms = now_ms() + plan->timeout_ms + PATIENCE_MS;

    while (echo->told == 0 && now_ms() < until_ms) {
        if (plan->by == BY_ROUTINE) {
            SleepEx(100, TRUE);
        } else if (WaitForSingleObject(echo->event, 100) == WAIT_OBJECT_0) {
            echo->told++;
            echo->took_ms = now_ms() - echo->sent_ms;
        }
    }
    if (plan->by == BY_ROUTINE) {
        SleepEx(TWICE_MS, TRUE);
    } else if (WaitForSingleObject(echo->event, TWICE_MS) == WAIT_OBJECT_0) {
        echo->told++;
    }
}

static void send_and_print(struct echo *echo, const struct plan *plan)
{
    echo->sent_ms = now_ms();
    DWORD ret = call_send(&echo->call);
    DWORD error = GetLastError();

    if (plan->by == BY_CALL) {
        echo->told = 1;
        echo->took_ms = now_ms() - echo->sent_ms;
    } else if (ret == 0 && error == ERROR_IO_PENDING) {
        await_telling(echo, plan);
        ret = call_parse_replies(&echo->call);
        error = GetLastError();
    } else {
        printf("accepted=no ");
    }
    print_outcome(echo, ret, error);
}

/* A request as planned, with data that the one before did not have. */
static void prepare(struct echo *echo, HANDLE icmp, const struct plan *plan, IP_OPTION_INFORMATION *options)
{
    static unsigned int count;

    echo->told = 0;
    echo->took_ms = 0;
    fill_pattern(echo->data, plan->data_bytes, ++count);
    memset(echo->reply, UNWRITTEN_BYTE, echo->reply_bytes + GUARD_BYTES);
    *options = (IP_OPTION_INFORMATION){.Ttl = plan->ttl,
                                       .Tos = plan->tos,
                                       .Flags = plan->dont_fragment ? IP_FLAG_DF : 0,
                                       .OptionsSize = plan->options_bytes,
                                       .OptionsData = (PUCHAR)plan->options};
    echo->call = (struct call){.plan = plan,
                               .handle = icmp,
                               .event = plan->by == BY_EVENT ? echo->event : NULL,
                               .routine = plan->by == BY_ROUTINE ? note_run : NULL,
                               .context = echo,
                               .data = echo->data,
                               .options = plan->with_options ? options : NULL,
                               .reply = echo->reply,
                               .reply_bytes = echo->reply_bytes};
}

bool single_run(HANDLE icmp, const struct plan *plan)
{
    static struct echo echo;
    IP_OPTION_INFORMATION options;
    bool go = true;

    echo.reply_bytes = (plan->room > 0 ? plan->room : 64) * (call_structure_bytes(plan) + plan->data_bytes);
    echo.reply = malloc(echo.reply_bytes + GUARD_BYTES);
    echo.event = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (echo.reply == NULL || echo.event == NULL) {
        return false;
    }
    for (DWORD i = 0; i < plan->count && (go = plan_may_go_on(plan)); i++) {
        prepare(&echo, icmp, plan, &options);
        send_and_print(&echo, plan);
    }
    CloseHandle(echo.event);
    free(echo.reply);
    return go;
}
