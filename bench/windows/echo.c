/*
 * Fills, sends and checks the echoes of the benchmark.
 */
#include "windows/echo.h"

#include <stdlib.h>
#include <string.h>

/* What is documented to be added to structure and data: an ICMP error and an IO_STATUS_BLOCK. */
#define REPLY_EXTRA_BYTES (8 + sizeof(IO_STATUS_BLOCK))

void echo_open(struct echo *echo, WORD data_bytes)
{
    echo->data_bytes = data_bytes;
    echo->reply_bytes = (DWORD)(sizeof(ICMP_ECHO_REPLY) + data_bytes + REPLY_EXTRA_BYTES);
    echo->data = malloc(data_bytes);
    echo->reply = malloc(echo->reply_bytes);
    if (data_bytes < PAYLOAD_BYTES_MIN || echo->data == NULL || echo->reply == NULL) {
        give_up("no memory for an echo", data_bytes);
    }
    payload_fill(echo->data, data_bytes);
    memset(echo->reply, 0, echo->reply_bytes);
}

void echo_prepare(struct echo *echo, uint32_t number, uint32_t address)
{
    ICMP_ECHO_REPLY nothing = {.Status = IP_PENDING};
    payload_number(echo->data, number);
    memcpy(echo->reply, &nothing, sizeof(nothing));
    echo->destination = htonl(address);
}

bool echo_start(struct echo *echo, HANDLE handle, HANDLE event, PIO_APC_ROUTINE routine, void *context,
                DWORD timeout_ms)
{
    return icmp.send2(handle, event, routine, context, echo->destination, echo->data, echo->data_bytes, NULL,
                      echo->reply, echo->reply_bytes, timeout_ms) == 0 &&
           GetLastError() == ERROR_IO_PENDING;
}

/* Another thread may be writing it. */
static ULONG status_of(const struct echo *echo)
{
    return ((const volatile ICMP_ECHO_REPLY *)(const void *)echo->reply)->Status;
}

/* Whether it is the answer to this request. */
static bool is_right(const struct echo *echo)
{
    const ICMP_ECHO_REPLY *reply = (const ICMP_ECHO_REPLY *)(const void *)echo->reply;
    return reply->Status == IP_SUCCESS && reply->Address == echo->destination &&
           reply->DataSize == echo->data_bytes && reply->Data == reply + 1 &&
           memcmp(reply->Data, echo->data, echo->data_bytes) == 0;
}

bool echo_has_status(const struct echo *echo)
{
    return status_of(echo) != IP_PENDING;
}

bool echo_is_over(const struct echo *echo)
{
    return status_of(echo) == IP_SUCCESS ? is_right(echo) : echo_has_status(echo);
}

void echo_count(const struct echo *echo, struct tally *tally)
{
    if (is_right(echo)) {
        tally->answered++;
    } else if (status_of(echo) == IP_REQ_TIMED_OUT) {
        tally->lost++;
    } else {
        tally->wrong++;
    }
}
