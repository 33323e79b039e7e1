/*
 * Makes many requests and counts what became of them.
 */
#include "lab/probe/many.h"

#include "lab/probe/call.h"
#include "lab/probe/names.h"

#include <stdlib.h>

/* How long after its time a request may be told of before it counts as never told. */
#define PATIENCE_MS 30000

/* How long to wait for what must not happen any more. */
#define AFTERWARDS_MS 300

struct echo {
    struct call call;
    HANDLE event; /* NULL: a routine tells */
    volatile LONG told;
    double sent_ms;
    double told_ms;
    bool accepted;
    BYTE *data;
    BYTE *reply;
    BYTE *reply_when_told;
};

struct counts {
    DWORD accepted, answered, timed_out, other, untold, twice, mixed, early, rewritten;
};

static volatile LONG routines_run;

/* What was told, and what the reply buffer held by then. */
static void note_told(struct echo *echo)
{
    if (++echo->told == 1) {
        echo->told_ms = now_ms();
        memcpy(echo->reply_when_told, echo->reply, echo->call.reply_bytes);
    }
}

static void WINAPI note_run(PVOID context, PIO_STATUS_BLOCK io_status, ULONG reserved)
{
    (void)io_status, (void)reserved;
    note_told(context);
    routines_run++;
}

static bool prepare(struct echo *echo, DWORD number, HANDLE icmp, const struct plan *plan)
{
    DWORD reply_bytes = call_structure_bytes(plan) + plan->data_bytes;
    bool by_event = plan->by == BY_CALL ? number % 2 == 0 : plan->by == BY_EVENT;

    echo->event = by_event ? CreateEventW(NULL, FALSE, FALSE, NULL) : NULL;
    echo->data = malloc(plan->data_bytes);
    echo->reply = malloc(reply_bytes);
    echo->reply_when_told = malloc(reply_bytes);
    if (echo->data == NULL || echo->reply == NULL || echo->reply_when_told == NULL ||
        (by_event && echo->event == NULL)) {
        return false;
    }
    memset(echo->reply, 0xa5, reply_bytes);
    fill_pattern(echo->data, plan->data_bytes, number + 1);
    DWORD number_be = htonl(number);
    memcpy(echo->data, &number_be, sizeof(number_be));
    echo->call = (struct call){.plan = plan,
                               .handle = icmp,
                               .event = echo->event,
                               .routine = by_event ? NULL : note_run,
                               .context = echo,
                               .data = echo->data,
                               .reply = echo->reply,
                               .reply_bytes = reply_bytes};
    return true;
}

/* ---- Waiting ---- */

static void await_event(struct echo *echo, double until_ms)
{
    while (echo->told == 0 && now_ms() < until_ms) {
        if (WaitForSingleObjectEx(echo->event, 100, TRUE) == WAIT_OBJECT_0) {
            note_told(echo);
        }
    }
}

/* Routines run meanwhile. */
static void await_all(struct echo *echoes, DWORD count, LONG routines, double until_ms)
{
    for (DWORD i = 0; i < count; i++) {
        if (echoes[i].accepted && echoes[i].event != NULL) {
            await_event(&echoes[i], until_ms);
        }
    }
    while (routines_run < routines && now_ms() < until_ms) {
        SleepEx(100, TRUE);
    }
    SleepEx(AFTERWARDS_MS, TRUE);
    for (DWORD i = 0; i < count; i++) {
        if (echoes[i].event != NULL && WaitForSingleObject(echoes[i].event, 0) == WAIT_OBJECT_0) {
            note_told(&echoes[i]);
        }
    }
}

/* ---- Counting ---- */

/* Whether the answer is the one to this request: of the host that was asked, with the data that were sent. */
static bool is_own_answer(const struct echo *echo, const struct reply *reply)
{
    const struct plan *plan = echo->call.plan;
    DWORD structure_bytes = call_structure_bytes(plan);

    return address_equal(&reply->from, &plan->destination) &&
           (plan->destination.is_ipv6 || reply_in(echo->reply_when_told).DataSize == plan->data_bytes) &&
           memcmp(echo->reply_when_told + structure_bytes, echo->data, plan->data_bytes) == 0;
}

static void count_outcome(const struct echo *echo, struct counts *counts)
{
    const struct plan *plan = echo->call.plan;
    struct reply reply = call_reply(plan, echo->reply_when_told, 0);

    if (reply.status == IP_SUCCESS) {
        counts->answered++;
        counts->mixed += !is_own_answer(echo, &reply);
    } else if (reply.status == IP_REQ_TIMED_OUT) {
        counts->timed_out++;
        counts->early += echo->told_ms - echo->sent_ms < plan->timeout_ms;
    } else {
        counts->other++;
    }
    counts->rewritten += memcmp(echo->reply, echo->reply_when_told, echo->call.reply_bytes) != 0;
}

static void list_outcome(DWORD number, const struct echo *echo)
{
    const char *outcome = echo->accepted ? "untold" : "refused";
    struct text name;

    if (echo->told > 0) {
        DWORD status = call_reply(echo->call.plan, echo->reply_when_told, 0).status;
        name = name_of_status(echo->call.plan, status);
        outcome = status == IP_SUCCESS ? "answered" : status == IP_REQ_TIMED_OUT ? "timed_out" : name.text;
    }
    printf("%08lx %s\n", number, outcome);
}

static void print_counts(const struct echo *echoes, const struct plan *plan)
{
    struct counts counts = {0};

    for (DWORD i = 0; i < plan->many; i++) {
        const struct echo *echo = &echoes[i];

        counts.accepted += echo->accepted;
        counts.untold += echo->accepted && echo->told == 0;
        counts.twice += echo->told > 1;
        if (echo->told > 0) {
            count_outcome(echo, &counts);
        }
        if (plan->list) {
            list_outcome(i, echo);
        }
    }
    printf(
        "accepted=%lu refused=%lu answered=%lu timed_out=%lu other=%lu untold=%lu twice=%lu mixed=%lu early=%lu "
        "rewritten=%lu\n",
        counts.accepted, plan->many - counts.accepted, counts.answered, counts.timed_out, counts.other,
        counts.untold, counts.twice, counts.mixed, counts.early, counts.rewritten);
}

void many_run(HANDLE icmp, const struct plan *plan)
{
    struct echo *echoes = calloc(plan->many, sizeof(*echoes));
    LONG routines = 0;

    for (DWORD i = 0; i < plan->many; i++) {
        if (echoes == NULL || !prepare(&echoes[i], i, icmp, plan)) {
            printf("no memory\n");
            return;
        }
    }
    if (!plan_may_go_on(plan)) {
        return;
    }
    for (DWORD i = 0; i < plan->many; i++) {
        struct echo *echo = &echoes[i];

        echo->sent_ms = now_ms();
        echo->accepted = call_send(&echo->call) == 0 && GetLastError() == ERROR_IO_PENDING;
        routines += echo->accepted && echo->event == NULL;
    }
    await_all(echoes, plan->many, routines, now_ms() + plan->timeout_ms + PATIENCE_MS);
    print_counts(echoes, plan);
}
