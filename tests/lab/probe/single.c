/*
 * Makes one request at a time and prints its outcome in full.
 */
#include "lab/probe/single.h"

#include "lab/probe/names.h"

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
    struct request request;
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

static void print_data(const struct echo *echo, const ICMP_ECHO_REPLY *reply)
{
    if (reply->DataSize == 0) {
        printf(" data=none");
    } else if (!lies_inside(echo, reply->Data, reply->DataSize)) {
        printf(" data=outside");
    } else if (reply->DataSize == echo->request.data_bytes &&
               memcmp(reply->Data, echo->data, reply->DataSize) == 0) {
        printf(" data=same");
    } else {
        print_bytes("data", reply->Data, reply->DataSize);
    }
}

/* The structure at `index` of the reply buffer. */
static void print_reply(const struct echo *echo, DWORD index)
{
    ICMP_ECHO_REPLY reply = reply_in(echo->reply + index * sizeof(reply));

    if (reply.Status == UNWRITTEN_STATUS) {
        printf(" status=unwritten");
        return;
    }
    printf(" status=%s from=%s rtt=%lu bytes=%u ttl=%u tos=%u flags=%u", name_of_status(reply.Status).text,
           name_of_address(reply.Address).text, reply.RoundTripTime, reply.DataSize, reply.Options.Ttl,
           reply.Options.Tos, reply.Options.Flags);
    print_bytes("options", reply.Options.OptionsData, reply.Options.OptionsSize);
    print_data(echo, &reply);
}

/* Whether something was written behind the buffer, or behind what is used of it: which part that is, is
 * known for up to one reply. */
static bool has_stray_bytes(const struct echo *echo, DWORD replies)
{
    size_t used = echo->reply_bytes;

    if (replies == 1) {
        ICMP_ECHO_REPLY reply = reply_in(echo->reply);
        used = sizeof(reply) + (reply.Options.OptionsSize + 3u) / 4 * 4 + reply.DataSize;
    } else if (replies == 0) {
        used = reply_in(echo->reply).Status == UNWRITTEN_STATUS ? 0 : sizeof(ICMP_ECHO_REPLY);
    }
    return used > echo->reply_bytes ||
           !bytes_are(echo->reply + used, echo->reply_bytes + GUARD_BYTES - used, UNWRITTEN_BYTE);
}

static void print_outcome(const struct echo *echo, DWORD ret, DWORD error)
{
    bool stray = has_stray_bytes(echo, ret);
    DWORD index = 0;

    do {
        printf("reply=%lu/%lu ret=%lu error=%s", ret > 0 ? index + 1 : 0, ret, ret,
               name_of_error(error).text);
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
    DWORD ret = request_send(&echo->request);
    DWORD error = GetLastError();

    if (plan->by == BY_CALL) {
        echo->told = 1;
        echo->took_ms = now_ms() - echo->sent_ms;
    } else if (ret == 0 && error == ERROR_IO_PENDING) {
        await_telling(echo, plan);
        SetLastError(0);
        ret = IcmpParseReplies(echo->reply, echo->reply_bytes);
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
    echo->request = (struct request){.handle = icmp,
                                     .event = plan->by == BY_EVENT ? echo->event : NULL,
                                     .routine = plan->by == BY_ROUTINE ? note_run : NULL,
                                     .context = echo,
                                     .source = plan->source,
                                     .destination = plan->destination,
                                     .data = echo->data,
                                     .data_bytes = plan->data_bytes,
                                     .options = options,
                                     .reply = echo->reply,
                                     .reply_bytes = echo->reply_bytes,
                                     .timeout_ms = plan->timeout_ms};
}

bool single_run(HANDLE icmp, const struct plan *plan)
{
    static struct echo echo;
    IP_OPTION_INFORMATION options;
    bool go = true;

    echo.reply_bytes =
        (plan->room > 0 ? plan->room : 64) * (DWORD)(sizeof(ICMP_ECHO_REPLY) + plan->data_bytes);
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
