/*
 * What the engine owes a program for each of its requests, for fuzzing it: judged by what was sent and by all
 * that came in.
 *
 * What a packet says is taken from candidate.h, which has a target of its own; whether it may end a request,
 * and what the reply buffer must hold then, is worked out here once more.
 */
#ifndef OPENICMP_TESTS_ENGINE_OUTCOME_H
#define OPENICMP_TESTS_ENGINE_OUTCOME_H

#include "echo/batch.h"
#include "unit/support/fake_network.h"

#define PACKETS_MAX 128

/* How a request is made. */
enum manner {
    BY_EVENT,
    BY_ROUTINE,            /* of the main thread, which runs it when it waits alertably */
    BY_ROUTINE_OF_OTHER,   /* of a thread that waits alertably until it has run */
    BY_ROUTINE_OF_QUITTER, /* of a thread that ends before */
    BY_ROUTINE_OF_DYING,   /* likewise, without a word, as if it was terminated */
    SYNCHRONOUS,           /* on a thread of its own */
    MANNERS,
    IN_BATCH = MANNERS, /* as a probe, which no REQUEST is */
};

/* A request, and what the program knows of it. */
struct program_request {
    enum manner manner;
    struct echo_call call;
    uint8_t *
        reply; /* exactly as long as the call says; freed as soon as the program is told. Of a probe: its data */
    uint8_t *before; /* what was in it before */
    uint8_t *data;   /* until the call has returned, unless they are in the reply buffer; likewise: */
    uint8_t *options;
    os_handle event;

    bool accepted; /* the engine owes an outcome */
    bool over;     /* and the program has been told */
    bool deaf;     /* nobody is there to be told */
    bool to_many;  /* anybody may answer */
    bool cancelled;
    const struct batch_result *result; /* that the program is told just now */
    const struct fake_sent *sent;
    size_t packets_before; /* how many had come when it was sent */
    uint64_t begun_ns;     /* before it was sent */
    uint64_t sent_ns;
    uint32_t send_result;
};

/* Nothing has come in yet. */
void outcome_begin(bool identifiers_are_rewritten);
/* Keeps a copy of a packet that comes in now; NULL when there were too many. Its bytes and options are not
 * NULL. */
const struct transport_packet *outcome_packet(const struct transport_packet *packet);
size_t outcome_packets(void);
/* Everybody has read what came in until now. */
void outcome_settled(void);
/* Frees the copies. */
void outcome_end(void);

/* What is wrong with the call itself, as an IP_STATUS. */
uint32_t outcome_fault(const struct echo_call *call);
/* Whether nothing has been written to the reply buffer. */
bool outcome_is_untouched(const struct program_request *request);
/* Whether it holds nothing but an IP_STATUS. */
bool outcome_is_failure(const struct program_request *request, uint32_t status);

/* Whether a request may end now with what is in its reply buffer: so many replies, or a failure if `replies`
 * is 0. */
bool outcome_is_owed(const struct program_request *request, uint32_t replies);
/* Whether a probe may end now with request->result. */
bool outcome_result_is_owed(const struct program_request *request);
/* How many replies there are in the buffer of an asynchronous request that is over. */
uint32_t outcome_replies(const struct program_request *request);
/* Whether a request may still be waiting when nothing that has come in is unread. */
bool outcome_may_wait(const struct program_request *request);

#endif
