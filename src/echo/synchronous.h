/*
 * Synchronous echo requests: send, wait for the outcome, write the reply buffer.
 */
#ifndef OPENICMP_ECHO_SYNCHRONOUS_H
#define OPENICMP_ECHO_SYNCHRONOUS_H

#include "echo/engine.h"
#include "os/win32_types.h"

/* What a program asks for, with pointers that have been checked. All of it is the program's. The reply buffer
 * may overlap the request's data and options: they are read before it is written. */
struct echo_call {
    uint32_t destination_be;
    uint32_t source_be; /* 0: the system chooses */
    const void *data;
    uint16_t data_bytes;
    uint8_t ttl; /* 0: the system's default */
    uint8_t tos;
    bool dont_fragment;
    const uint8_t *options; /* IPv4 options in wire format */
    uint8_t options_bytes;
    void *reply;
    uint32_t reply_bytes; /* at least REPLY_BYTES_MIN */
    uint32_t timeout_ms;  /* 0 is taken as 1 */
};

/* Sends an echo request and waits for its outcome on the calling thread, which runs no user APCs meanwhile.
 * Returns the number of replies written, 1 or 0, and in `*error` 0 or why there is none: a Win32 error, and
 * the reply buffer is untouched, or an IP_STATUS (from 11000), which also stands in the reply buffer. */
uint32_t echo_synchronous(struct engine *engine, const struct echo_call *call, uint32_t *error);

#endif
