/*
 * What a program asks for in one call, and the part of it that is the same for synchronous and asynchronous
 * requests: check, build the message, send it.
 */
#ifndef OPENICMP_ECHO_CALL_H
#define OPENICMP_ECHO_CALL_H

#include "echo/request.h"

/* Arguments of a call, with pointers that have been checked. All of it is the program's. The reply buffer may
 * overlap the request's data and options: they are read before it is written. */
struct echo_call {
    struct ip_address destination; /* its family is that of the reply buffer */
    struct ip_address source;      /* unspecified: the system chooses */
    const void *data;
    uint16_t data_bytes;
    uint8_t ttl;      /* or hop limit; 0: the system's default */
    uint8_t tos;      /* or traffic class */
    bool hop_limit_0; /* the program wants a hop limit of 0: sending fails (behaviour.md 2.6) */
    bool dont_fragment;
    const uint8_t *options; /* IPv4 options in wire format */
    uint8_t options_bytes;
    void *reply;
    uint32_t reply_bytes; /* at least reply_bytes_min */
    uint32_t timeout_ms;  /* 0 is taken as 1 */
};

/* What is wrong with a call, as an IP_STATUS: IP_OPTION_TOO_BIG, IP_BAD_OPTION, or IP_GENERAL_FAILURE when no
 * packet can hold it. IP_SUCCESS when nothing is. */
uint32_t call_check(const struct echo_call *call);

/* The time that the call gives to its request. */
uint64_t call_timeout_ns(const struct echo_call *call);

/* Makes `request` one of this call, outstanding from now on. If it relies on the worker, there is one, and it
 * gives the request up at its time-out; `*sleeper` becomes the receiver to wake for that, with engine_wake,
 * once the lock is released (NULL: none). False without memory, or when every key is taken. The lock is held.
 */
bool call_begin(struct engine *engine, struct request *request, const struct echo_call *call,
                struct transport_receiver **sleeper);

/* The ICMP message of a call, with a place for its header. */
struct echo_message {
    uint8_t *bytes;
    size_t length_bytes;
    uint8_t small[1500]; /* messages up to this length need no memory from the heap */
};

/* Copies the call's data into a message: from here on the program may do with them as it likes. False without
 * memory. */
bool message_open(struct echo_message *message, const struct echo_call *call);
void message_close(struct echo_message *message);

/* Sends the message of the request that has this key. 0 or the error for the program: below 11000 the
 * system refused, from 11000 it is an IP_STATUS. The request may be over, and recycled, when this returns.
 * The lock is not held.
 *
 * If the calling thread receives for itself, `own` is the request, which the thread keeps; otherwise NULL.
 * Where the transport sends and receives in one call, its answer may have been received then. */
uint32_t call_send(struct engine *engine, const struct echo_call *call, struct echo_message *message,
                   uint32_t key, struct request *own);

#endif
