/*
 * Submits probes, collects results, and prints them.
 */
#include "lab/probe/batch.h"

#include "lab/probe/names.h"

#include <openicmp.h>

#include <stdlib.h>

/* How many are submitted at a time, and collected: less than all of many, so that there is more than one call. */
#define TOGETHER  256

#define NS_PER_MS 1000000u

static OPENICMP_ADDRESS address_from(const struct address *given)
{
    OPENICMP_ADDRESS address = {0};

    if (given->is_ipv6) {
        address.V6.Family = AF_INET6;
        memcpy(address.V6.Address, &given->ipv6.sin6_addr, sizeof(address.V6.Address));
        address.V6.ScopeId = given->ipv6.sin6_scope_id;
    } else if (given->ipv4 != 0) {
        address.V4.Family = AF_INET;
        memcpy(address.V4.Address, &given->ipv4, sizeof(address.V4.Address));
    }
    return address;
}

static struct address address_to(const OPENICMP_ADDRESS *given)
{
    struct address address = {.is_ipv6 = given->Family == AF_INET6};

    if (address.is_ipv6) {
        address.ipv6.sin6_family = AF_INET6;
        memcpy(&address.ipv6.sin6_addr, given->V6.Address, sizeof(given->V6.Address));
        address.ipv6.sin6_scope_id = given->V6.ScopeId;
    } else {
        memcpy(&address.ipv4, given->V4.Address, sizeof(given->V4.Address));
    }
    return address;
}

/* A probe as planned. Its data stay where they are. */
static OPENICMP_PROBE probe_of(const struct plan *plan, DWORD number, BYTE *data)
{
    OPENICMP_PROBE probe = {
        .Context = number,
        .Destination = address_from(&plan->destination),
        .Source = address_from(&plan->source),
        .Timeout = plan->timeout_ms,
        .DataSize = plan->data_bytes,
        .Ttl = plan->ttl,
        .Tos = plan->tos,
        .Flags = plan->dont_fragment ? IP_FLAG_DF : 0,
        .OptionsSize = plan->options_bytes,
        .Data = data,
        .OptionsData = plan->options,
    };
    DWORD number_be = htonl(number);

    fill_pattern(data, plan->data_bytes, number + 1);
    if (plan->data_bytes >= sizeof(number_be)) {
        memcpy(data, &number_be, sizeof(number_be));
    }
    return probe;
}

/* ---- One after the other ---- */

static bool times_fit(const OPENICMP_RESULT *result, double took_ms)
{
    if (result->Responder.Family == 0) {
        return result->Received == 0 && result->RoundTrip == 0;
    }
    return result->Received - result->Sent == result->RoundTrip && result->RoundTrip > 0 &&
           (double)result->RoundTrip / NS_PER_MS <= took_ms;
}

static void print_result(const struct plan *plan, const OPENICMP_RESULT *result, double took_ms)
{
    struct address from = address_to(&result->Responder);

    printf("probe=%llu status=%s error=%s from=%s type=%u code=%u bytes=%lu equal=%s ttl=%u tos=%u flags=%u "
           "rtt=%llu took=%lu times=%s options=",
           result->Context + 1, name_of_status(plan, result->Status).text,
           name_of_error(plan, result->Error).text,
           result->Responder.Family != 0 ? name_of_address(&from).text : "none", result->IcmpType,
           result->IcmpCode, result->DataSize, result->DataEqual ? "yes" : "no", result->Ttl, result->Tos,
           result->Flags, result->RoundTrip / NS_PER_MS, (DWORD)took_ms,
           times_fit(result, took_ms) ? "right" : "wrong");
    for (int i = 0; i < result->OptionsSize; i++) {
        printf("%02x", result->Options[i]);
    }
    printf("\n");
    fflush(stdout);
}

static void run_one(OPENICMP_BATCH batch, const struct plan *plan, DWORD number)
{
    static BYTE data[65535];
    OPENICMP_PROBE probe = probe_of(plan, number, data);
    OPENICMP_RESULT result;
    DWORD collected;
    double sent_ms = now_ms();

    if (!OpenIcmpSubmit(batch, &probe, 1, NULL)) {
        printf("accepted=no error=%s\n", name_of_error(plan, GetLastError()).text);
    } else if (!OpenIcmpCollect(batch, &result, 1, INFINITE, &collected)) {
        printf("collected=no error=%s\n", name_of_error(plan, GetLastError()).text);
    } else {
        print_result(plan, &result, now_ms() - sent_ms);
    }
    fflush(stdout);
}

/* ---- Many at the same time ---- */

struct many {
    const struct plan *plan;
    OPENICMP_PROBE *probes;
    BYTE *data;
    BYTE *told; /* how often */
    DWORD accepted, answered, timed_out, other, twice, mixed, early;
};

static ULONGLONG clock_ns(void)
{
    LARGE_INTEGER frequency;
    LARGE_INTEGER counter;

    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&counter);
    ULONGLONG ticks = (ULONGLONG)counter.QuadPart;
    ULONGLONG per_second = (ULONGLONG)frequency.QuadPart;
    return ticks / per_second * 1000000000 + ticks % per_second * 1000000000 / per_second;
}

static void count_result(struct many *many, const OPENICMP_RESULT *result)
{
    const struct plan *plan = many->plan;
    struct address from = address_to(&result->Responder);
    const char *outcome = "answered";

    many->twice += many->told[result->Context]++ > 0;
    if (result->Status == IP_SUCCESS) {
        many->answered++;
        many->mixed += !result->DataEqual || !address_equal(&from, &plan->destination);
    } else if (result->Status == IP_REQ_TIMED_OUT) {
        many->timed_out++;
        many->early += clock_ns() - result->Sent < (ULONGLONG)plan->timeout_ms * NS_PER_MS;
        outcome = "timed_out";
    } else {
        many->other++;
        outcome = name_of_status(plan, result->Status).text;
    }
    if (plan->list) {
        printf("%08lx %s\n", (DWORD)result->Context, outcome);
    }
}

/* Submits what is not submitted yet, and collects what there is; waits for the latter if all are submitted. */
static void run_many(OPENICMP_BATCH batch, struct many *many)
{
    static OPENICMP_RESULT results[TOGETHER];
    DWORD count = many->plan->many;
    DWORD collected;

    do {
        DWORD accepted = 0;
        DWORD left = count - many->accepted;
        OpenIcmpSubmit(batch, many->probes + many->accepted, left < TOGETHER ? left : TOGETHER, &accepted);
        many->accepted += accepted;
        OpenIcmpCollect(batch, results, TOGETHER, accepted > 0 ? 0 : INFINITE, &collected);
        for (DWORD i = 0; i < collected; i++) {
            count_result(many, &results[i]);
        }
    } while (many->accepted < count || collected > 0 || GetLastError() == WAIT_TIMEOUT);
}

static bool prepare_many(struct many *many, const struct plan *plan)
{
    *many = (struct many){
        .plan = plan,
        .probes = calloc(plan->many, sizeof(*many->probes)),
        .data = calloc(plan->many, plan->data_bytes),
        .told = calloc(plan->many, 1),
    };
    if (many->probes == NULL || many->data == NULL || many->told == NULL) {
        printf("no memory\n");
        return false;
    }
    for (DWORD i = 0; i < plan->many; i++) {
        many->probes[i] = probe_of(plan, i, many->data + (size_t)i * plan->data_bytes);
    }
    return true;
}

static void print_counts(const struct many *many)
{
    DWORD untold = many->accepted;

    for (DWORD i = 0; i < many->accepted; i++) {
        untold -= many->told[i] > 0;
    }
    printf(
        "accepted=%lu refused=%lu answered=%lu timed_out=%lu other=%lu untold=%lu twice=%lu mixed=%lu early=%lu "
        "rewritten=0\n",
        many->accepted, many->plan->many - many->accepted, many->answered, many->timed_out, many->other,
        untold, many->twice, many->mixed, many->early);
}

bool batch_run(const struct plan *plan)
{
    OPENICMP_BATCH_OPTIONS options = {sizeof(options), plan->many > 0 ? plan->many : 1};
    OPENICMP_BATCH batch = OpenIcmpCreateBatch(&options);
    struct many many;

    if (batch == NULL) {
        printf("created=no error=%s\n", name_of_error(plan, GetLastError()).text);
        return true;
    }
    for (DWORD i = 0; i < plan->count; i++) {
        if (!plan_may_go_on(plan)) {
            return false;
        }
        run_one(batch, plan, i);
    }
    if (plan->many > 0) {
        if (!prepare_many(&many, plan) || !plan_may_go_on(plan)) {
            return false;
        }
        run_many(batch, &many);
        print_counts(&many);
    }
    return OpenIcmpCloseBatch(batch);
}
