/*
 * Who is asked next, and who is done: each target is sent a number of requests at an interval, each repeated if no
 * answer comes, with so many outstanding at most in all. Memory depends on how many targets are being asked at the same
 * time, not on how many there are.
 * Portable C: it is told the time (nanoseconds of any one clock) and what came of requests, and sends nothing itself.
 */
#ifndef SWEEP_SCHEDULE_H
#define SWEEP_SCHEDULE_H

#include "targets.h"

/* So many targets at most have requests still to come when more than one goes to each. */
#define SCHEDULE_MAX_TARGETS 65536

struct schedule_settings {
    uint32_t count;           /* requests to each target, at least 1 */
    uint32_t retries;         /* how often each of them is repeated at most */
    uint64_t interval_ns;     /* between two to the same target, but not before a repetition */
    uint32_t max_outstanding; /* at least 1 */
    uint64_t max_targets;     /* those behind are left out */
};

/* What came of a request. */
enum request_outcome {
    REQUEST_ANSWERED, /* by the echo reply */
    REQUEST_TIMED_OUT,
    REQUEST_FAILED /* by an ICMP error, or it could not be sent: there is no use in repeating it */
};

struct request_result {
    enum request_outcome outcome;
    uint32_t status; /* what the caller likes to know later */
    uint8_t ttl;
    uint64_t time_ns;           /* of the round trip, of an answer */
    struct ip_number responder; /* of an answer or an ICMP error; else none */
};

/* A target and what came of its requests. */
struct target_state {
    struct ip_number address;
    uint32_t requests; /* that have ended; repetitions are not counted */
    uint32_t replies;
    uint32_t retries;
    uint64_t min_ns; /* of the replies; 0 without */
    uint64_t max_ns;
    uint64_t total_ns;
    struct request_result last; /* the newest reply; without one, the newest other result */
    /* The schedule's own: */
    uint32_t attempts; /* how often the request that is outstanding was made */
    uint64_t sent_ns;
    uint64_t due_ns;
};

struct schedule;

/* NULL without memory. The targets must be sorted, and stay as they are. */
struct schedule *schedule_open(const struct targets *targets, const struct schedule_settings *settings);
void schedule_close(struct schedule *schedule);

#define SCHEDULE_NOBODY UINT32_MAX

/* A number for the request that is to be made now, and whom it goes to; SCHEDULE_NOBODY if there is none now.
 * The request is outstanding then, until schedule_end. */
uint32_t schedule_next(struct schedule *schedule, uint64_t now_ns, struct ip_number *address);

/* When schedule_next will have one: 0 for at once, UINT64_MAX for not before another has ended. */
uint64_t schedule_next_ns(const struct schedule *schedule);

/* Tells what came of a request. The target if it was its last one, valid until the next call; else NULL. */
const struct target_state *schedule_end(struct schedule *schedule, uint32_t request,
                                        const struct request_result *result, uint64_t now_ns);

/* For the end before the end: a target of which some requests have ended, but not all; each is given once, then NULL.
 * Nothing else may be asked of the schedule any more. */
const struct target_state *schedule_take_unfinished(struct schedule *schedule);

uint32_t schedule_outstanding(const struct schedule *schedule);
bool schedule_is_done(const struct schedule *schedule);

/* How many requests have ended, and will have in the end, without repetitions. */
uint64_t schedule_ended(const struct schedule *schedule);
uint64_t schedule_total(const struct schedule *schedule);

#endif
