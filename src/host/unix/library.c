/*
 * The functions of openicmp-host.so, as Wine wants them: two tables of functions that take a pointer to their parameters.
 *
 * Wine calls them on a stack of its own; they may block in Linux system calls, and must not call back into Windows code.
 * They return an NTSTATUS, which is always 0: what is to be said is in the parameters.
 */
#include "host/protocol.h"
#include "host/unix/network.h"
#include "host/unix/receiver.h"
#include "host/unix/send.h"

typedef int32_t unix_function(void *parameters);

static int32_t handshake(void *parameters)
{
    struct host_handshake_call *handshake = parameters;
    handshake->own_protocol = HOST_PROTOCOL;
    return 0;
}

static int32_t open_network(void *parameters)
{
    struct host_open_call *call = parameters;
    call->network = (uintptr_t)network_open(&call->ipv4, &call->ipv6);
    return 0;
}

static struct network *network_of(uint64_t network)
{
    return (struct network *)(uintptr_t)network;
}

static struct receiver *receiver_of(uint64_t receiver)
{
    return (struct receiver *)(uintptr_t)receiver;
}

static int32_t claim(void *parameters)
{
    struct host_claim_call *call = parameters;
    call->claimed = network_claim(network_of(call->network), (uint16_t)call->identifier);
    return 0;
}

static int32_t open_receiver(void *parameters)
{
    struct host_receiver_open_call *call = parameters;
    call->receiver = (uintptr_t)receiver_open(network_of(call->network), (uint16_t)call->identifier);
    return 0;
}

static int32_t discard(void *parameters)
{
    const struct host_receiver_call *call = parameters;
    receiver_discard(receiver_of(call->receiver));
    return 0;
}

static int32_t wake(void *parameters)
{
    const struct host_receiver_call *call = parameters;
    receiver_wake(receiver_of(call->receiver));
    return 0;
}

static int32_t send_only(void *parameters)
{
    struct host_send_call *call = parameters;
    call->failure = send_message(network_of(call->network), NULL, &call->message);
    return 0;
}

static int32_t receive(void *parameters)
{
    struct host_receive_call *call = parameters;
    receiver_receive(receiver_of(call->receiver), &call->reception);
    return 0;
}

static int32_t exchange(void *parameters)
{
    struct host_exchange_call *call = parameters;
    struct receiver *receiver = receiver_of(call->receiver);
    call->reception.count = call->reception.woken = 0;
    call->failure = send_message(receiver->network, receiver, &call->message);
    if (call->failure == SEND_OK) {
        receiver_receive_answer(receiver, send_family(&call->message), send_identifier(&call->message),
                                &call->reception);
    }
    return 0;
}

static int32_t close_network(void *parameters)
{
    const struct host_close_call *call = parameters;
    network_close(network_of(call->network));
    return 0;
}

#define FUNCTIONS                                                                                            \
    {                                                                                                        \
        [HOST_HANDSHAKE] = handshake, [HOST_OPEN] = open_network, [HOST_CLAIM] = claim,                      \
        [HOST_RECEIVER_OPEN] = open_receiver, [HOST_DISCARD] = discard, [HOST_WAKE] = wake,                  \
        [HOST_SEND] = send_only, [HOST_RECEIVE] = receive, [HOST_EXCHANGE] = exchange,                       \
        [HOST_CLOSE] = close_network,                                                                        \
    }

#define EXPORTED __attribute__((visibility("default")))

/* For programs of the same kind as this library, and for 32-bit programs in a 64-bit process: host/protocol.h makes them
 * the same. */
EXPORTED extern unix_function *const __wine_unix_call_funcs[HOST_FUNCTION_COUNT];
EXPORTED extern unix_function *const __wine_unix_call_wow64_funcs[HOST_FUNCTION_COUNT];
unix_function *const __wine_unix_call_funcs[HOST_FUNCTION_COUNT] = FUNCTIONS;
unix_function *const __wine_unix_call_wow64_funcs[HOST_FUNCTION_COUNT] = FUNCTIONS;
