/*
 * What an honest network does with an echo request: it answers, in time or not, loses it, or tells that it
 * cannot.
 */
#ifndef OPENICMP_LAB_RESPONDER_REPLIES_H
#define OPENICMP_LAB_RESPONDER_REPLIES_H

#include "packet.h"
#include "settings.h"

#include <stdio.h>

/* Nothing comes back. */
void reply_silent(const struct echo_request *request, const struct settings *settings);

/* An echo reply. What becomes of it depends on the settings, on the data of the request and on
 * `reply_seed` only, not on time nor on other requests. */
void reply_echo(const struct echo_request *request, const struct settings *settings);
extern unsigned int reply_seed;

/* An echo reply whose data is the whole request as it came in, IP header and all. */
void reply_mirror(const struct echo_request *request, const struct settings *settings);

/* An ICMP error. */
void reply_error(const struct echo_request *request, const struct settings *settings);

/* A line for each request to reply_echo goes there: the first 4 bytes of its data in hexadecimal, and when
 * an intact reply was sent, in ms after the request, or "lost". NULL: nowhere. */
extern FILE *reply_log;

/* How many requests reply_echo has had, and what became of the replies. */
struct reply_counts {
    unsigned int requests;
    unsigned int answered; /* requests with at least one intact reply */
    unsigned int lost;
    unsigned int corrupted;  /* replies */
    unsigned int duplicated; /* requests */
    unsigned int reordered;  /* replies */
};
extern struct reply_counts reply_counts;

#endif
