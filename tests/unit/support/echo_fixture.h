/*
 * What the tests of the engine have in common: an engine on the fake network, threads that make calls, and
 * the check that nothing is left when a test is over.
 */
#ifndef OPENICMP_TESTS_ECHO_FIXTURE_H
#define OPENICMP_TESTS_ECHO_FIXTURE_H

#include "echo/asynchronous.h"
#include "echo/engine.h"
#include "echo/synchronous.h"
#include "trace/trace.h"
#include "unit/support/fake_network.h"
#include "unit/support/os_posix.h"

/* Addresses, in network byte order and as the engine has them. */
uint32_t address_be(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
struct ip_address address_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
/* Of the networks for documentation (RFC 5737). */
#define HOST      address_v4(192, 0, 2, 1)
#define ROUTER    address_v4(198, 51, 100, 1)
#define OTHER     address_v4(203, 0, 113, 1)
#define ROUTER_BE address_be(198, 51, 100, 1)
#define OTHER_BE  address_be(203, 0, 113, 1)

/* An IPv6 address of the network for documentation (RFC 3849), of which `number` is the end. */
struct ip_address address_v6(uint8_t number);
#define HOST6   address_v6(1)
#define ROUTER6 address_v6(0x99)
#define OTHER6  address_v6(2)

/* Fails the test unless they are the same address. */
#define assert_address_equal(actual, expected)                                                               \
    do {                                                                                                     \
        const struct ip_address assert_address_actual = (actual);                                            \
        const struct ip_address assert_address_expected = (expected);                                        \
        assert_string_equal(trace_address(&assert_address_actual).text,                                      \
                            trace_address(&assert_address_expected).text);                                   \
    } while (0)

/* Waits until `condition` holds; fails the test after 10 s of real time. For the test's own thread. */
#define assert_soon(condition)                                                                               \
    do {                                                                                                     \
        int assert_soon_ms = 0;                                                                              \
        while (!(condition) && assert_soon_ms < 10000) {                                                     \
            os_posix_pause();                                                                                \
            assert_soon_ms++;                                                                                \
        }                                                                                                    \
        assert_true(condition);                                                                              \
    } while (0)

/* Set-up and tear-down: an operating system and a network as new; afterwards nobody runs and no memory,
 * handle or transport is left. */
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* The same, with an engine as *state. */
int fixture_engine_set_up(void **state);
int fixture_engine_tear_down(void **state);

/* What goes on in an engine; each takes the lock. */
size_t engine_outstanding(struct engine *engine);
size_t engine_relying(struct engine *engine);
enum worker_state engine_worker(struct engine *engine);

#define CALLER_DATA_MAX 2048

/* A call of echo_synchronous and its outcome. Plain data: copy it as you like before it is started. */
struct caller {
    struct engine *engine;
    struct echo_call call;
    union {
        ICMP_ECHO_REPLY header;
        uint8_t bytes[sizeof(ICMP_ECHO_REPLY) + 64 + CALLER_DATA_MAX];
    } reply; /* 0xee where nothing was written */

    uint32_t replies;
    uint32_t error;
    uint64_t took_ns;
    bool done;

    struct os_posix_thread *thread;
};

/* Fills in a call that sends `text` to `destination`. The text is the caller's. */
void caller_set(struct caller *caller, struct engine *engine, struct ip_address destination, const char *text,
                uint32_t timeout_ms);
/* Makes the call, on the calling thread. */
void caller_run(struct caller *caller);
/* Makes the call on a thread of its own; join it. */
void caller_start(struct caller *caller);
/* Whether the calling thread is in caller_run, for hooks. */
bool caller_is_this_thread(void);
bool caller_is_done(struct caller *caller);
void caller_join(struct caller *caller);
/* Whether the call succeeded, with an echo reply from its destination that carries its own data. */
bool caller_has_own_reply(const struct caller *caller);
/* Whether nothing was written to the reply buffer from `offset` on. */
bool caller_reply_untouched(const struct caller *caller, size_t offset);

/* Whether the thread that receives with the receiver of that number has dealt with all that came until now,
 * and sleeps. */
bool worker_is_idle(size_t receiver);

/* ---- Asynchronous calls ---- */

#define SUBMISSION_DATA_MAX 64

/* A call of echo_asynchronous. Lives until it is over. */
struct submission {
    struct engine *engine;
    struct echo_call call;
    struct notification wanted;
    union {
        ICMP_ECHO_REPLY header;
        uint8_t bytes[sizeof(ICMP_ECHO_REPLY) + SUBMISSION_DATA_MAX];
    } reply; /* 0xee where nothing was written */
};

/* Fills in a call that sends `text` to `destination`. Without event or routine, yet. */
void submission_set(struct submission *submission, struct engine *engine, struct ip_address destination,
                    const char *text, uint32_t timeout_ms);
/* Has it tell by a fresh event, unsignalled. The test closes it. */
void submission_set_event(struct submission *submission);
/* Makes the call, and returns what it returns. */
uint32_t submission_submit(struct submission *submission);
/* The same, which has to be accepted; gives the number of messages sent since the reset, its own included. */
size_t submission_start(struct submission *submission);
/* How often its event was set. */
size_t submission_told(const struct submission *submission);
bool submission_has_own_reply(const struct submission *submission);
/* Whether the buffer says that there was no answer, for this reason. */
bool submission_has_failed(const struct submission *submission, uint32_t status);
bool submission_untouched(const struct submission *submission);

#endif
