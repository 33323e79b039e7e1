/*
 * A program that uses the engine, for fuzzing it: makes requests, and has every outcome judged
 * (engine_outcome.h).
 *
 * It runs on the machine of os_fibers.h and the network of fake_network.h. What the program does, and what
 * happens to it, is the target's to say (engine.c).
 */
#ifndef OPENICMP_TESTS_ENGINE_PROGRAM_H
#define OPENICMP_TESTS_ENGINE_PROGRAM_H

#include "fuzz/engine_outcome.h"

#define REQUESTS_MAX 64
#define COLLECTORS_MAX                                                                                       \
    32 /* threads that collect; with those of the requests they must not be too many for os_fibers.c */

/* What the network is like. */
struct program_settings {
    bool rewrite_identifiers;
    bool single_packets;
    bool provide_exchange;
    bool want_claims;
    bool own_identifiers;
};

/* Opens and closes the only session; each does nothing when it is done already. Requests need no session:
 * then each has an engine of its own. */
void program_open(void);
void program_close(void);

/* Makes a request. Of the call, data and options may go when this returns; the reply buffer is the program's
 * own. When `aliased`, the data lie in the reply buffer, as far as that is large enough. */
void program_request(enum manner manner, const struct echo_call *call, bool aliased);
/* Makes a probe of the only batch, which is opened if there is none. It counts as a request. */
void program_probe(const struct echo_call *call);
/* Collects what there is; has a thread wait for it until there is nothing more. */
void program_collect(void);
void program_start_collector(void);
/* Cancels the request of that number, if it is a probe; 0: all of them. */
void program_cancel(size_t number);
/* Closes the batch, if there is one, with what is in it. */
void program_close_batch(void);
/* What transport_send returns next. */
void program_fail_send(uint32_t result);
/* The message of the request of that number, modulo how many there are; NULL when there is none, or not
 * yet. */
const struct fake_sent *program_sent(size_t number);

/* A packet comes in. Its bytes and options may go when this returns; neither is NULL. */
void program_packet(const struct transport_packet *packet);

/* Lets everybody run until all wait, and checks that nothing is left undone that could be done now. */
void program_settle(void);
/* The same, and then the main thread waits alertably and collects. */
void program_wait_alertably(void);

/* A new machine, network and program; and their end: lets the time of all requests pass, and checks that each
 * of them had one outcome and that nothing is left behind. */
void program_begin(const struct program_settings *settings);
void program_end(void);

#endif
