/*
 * The same echoes as the Windows program's, by a Linux program with raw sockets: the least that they can cost
 * on this machine. Each thread has a socket of its own, keeps `window` requests outstanding, and sleeps in
 * recv.
 *
 *     native [threads=N] [window=N] [bytes=N] [requests=N] [ms=N]
 *
 * A window of 1 is the loop that a synchronous ping is.
 */
#define _GNU_SOURCE /* SO_RCVBUFFORCE, pthread_barrier_t */

#include "measuring.h"

#include "wire/icmpv4.h"
#include "wire/ipv4.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS_MAX          64
#define WARM_UP_REQUESTS     50
#define PACKET_BYTES_MAX     65536
#define RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)

struct pinger {
    int socket;
    uint16_t identifier;
    struct sockaddr_in destination;
    uint32_t window;
    size_t message_bytes;
    uint8_t *messages;     /* `window` of them, each its own slot */
    uint32_t *outstanding; /* the number of the request in that slot, or 0 */
    uint32_t next;         /* the next request's; counts from 1 */
    struct work work;
    struct tally tally;
    pthread_t thread;
};

static pthread_barrier_t all_ready;

/* Lets the kernel drop everything but echo replies with our identifier. */
static void socket_filter(int socket, uint16_t identifier)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* X: the length of the IP header */
        BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),  /* the type */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMPV4_TYPE_ECHO_REPLY, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4), /* the identifier */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identifier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) {
        give_up("no socket filter", (unsigned long)errno);
    }
}

static int socket_open(uint16_t identifier)
{
    int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    if (raw < 0) {
        give_up("no raw socket", (unsigned long)errno);
    }
    int room = RECEIVE_BUFFER_BYTES;
    setsockopt(raw, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    setsockopt(raw, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    socket_filter(raw, identifier);
    return raw;
}

static void pinger_open(struct pinger *pinger, char **arguments, uint16_t identifier)
{
    pinger->socket = socket_open(identifier);
    pinger->identifier = identifier;
    pinger->destination.sin_family = AF_INET;
    pinger->destination.sin_addr.s_addr = htonl(argument_address(arguments, "first"));
    pinger->window = argument_number(arguments, "window", 1);
    pinger->message_bytes = ICMPV4_HEADER_BYTES + argument_number(arguments, "bytes", 32);
    pinger->messages = calloc(pinger->window, pinger->message_bytes);
    pinger->outstanding = calloc(pinger->window, sizeof(*pinger->outstanding));
    pinger->next = 1;
    if (pinger->messages == NULL || pinger->outstanding == NULL) {
        give_up("no memory", 0);
    }
    for (uint32_t slot = 0; slot < pinger->window; slot++) {
        payload_fill(pinger->messages + slot * pinger->message_bytes + ICMPV4_HEADER_BYTES,
                     pinger->message_bytes - ICMPV4_HEADER_BYTES);
    }
}

/* Sends the next request, from the slot that its number gives. */
static bool send_next(struct pinger *pinger)
{
    uint32_t slot = pinger->next % pinger->window;
    uint8_t *message = pinger->messages + slot * pinger->message_bytes;
    payload_number(message + ICMPV4_HEADER_BYTES, pinger->next);
    icmpv4_build_echo_request(message, pinger->message_bytes, pinger->identifier, (uint16_t)pinger->next);
    pinger->outstanding[slot] = pinger->next++;
    if (sendto(pinger->socket, message, pinger->message_bytes, 0, (struct sockaddr *)&pinger->destination,
               sizeof(pinger->destination)) < 0) {
        pinger->tally.refused++;
        return false;
    }
    return true;
}

/* Whether a packet answers an outstanding request as it should. */
static bool is_answer(struct pinger *pinger, const uint8_t *packet, size_t length)
{
    struct ipv4_packet header;
    struct icmpv4_message message;
    uint32_t number;
    if (!ipv4_parse(packet, length, &header) ||
        !icmpv4_parse(header.payload, header.payload_bytes, &message) ||
        message.data_bytes != pinger->message_bytes - ICMPV4_HEADER_BYTES) {
        return false;
    }
    memcpy(&number, message.data, sizeof(number));
    uint32_t slot = number % pinger->window;
    if (number == 0 || pinger->outstanding[slot] != number ||
        header.source_be != pinger->destination.sin_addr.s_addr ||
        memcmp(message.data, pinger->messages + slot * pinger->message_bytes + ICMPV4_HEADER_BYTES,
               message.data_bytes) != 0) {
        return false;
    }
    pinger->outstanding[slot] = 0;
    return true;
}

/* The loop that is measured. On loopback answers come in order, so the next request finds its slot free. */
static void work_do(struct pinger *pinger, const struct work *work)
{
    static _Thread_local uint8_t packet[PACKET_BYTES_MAX];
    uint64_t until_ns = clock_ns() + work->duration_ns;
    uint32_t sent = 0, pending = 0;
    for (;;) {
        while (pending < pinger->window && sent < work->requests && clock_ns() < until_ns) {
            sent++;
            pending += send_next(pinger);
        }
        if (pending == 0) {
            return;
        }
        ssize_t length = recv(pinger->socket, packet, sizeof(packet), 0);
        if (length < 0) {
            pinger->tally.lost += pending;
            return;
        }
        if (is_answer(pinger, packet, (size_t)length)) {
            pinger->tally.answered++;
        } else {
            pinger->tally.wrong++;
        }
        pending--;
    }
}

static void *pinger_run(void *argument)
{
    struct pinger *pinger = argument;
    uint32_t warm_up = WARM_UP_REQUESTS > pinger->window ? WARM_UP_REQUESTS : pinger->window;
    work_do(pinger, &(struct work){warm_up, PATIENCE_MS * NS_PER_MS});
    pthread_barrier_wait(&all_ready); /* warm */
    pthread_barrier_wait(&all_ready); /* begin */
    tally_begin(&pinger->tally);
    work_do(pinger, &pinger->work);
    pinger->tally.ended_ns = clock_ns();
    return NULL;
}

int main(int argc, char **argv)
{
    char **arguments = argv + (argc > 0);
    uint32_t threads = argument_number(arguments, "threads", 1);
    struct pinger pingers[THREADS_MAX] = {0};
    if (threads < 1 || threads > THREADS_MAX || pthread_barrier_init(&all_ready, NULL, threads + 1) != 0) {
        give_up("bad number of threads", threads);
    }
    struct work work = work_of(arguments);
    work.requests /= threads;
    for (uint32_t i = 0; i < threads; i++) {
        pinger_open(&pingers[i], arguments, (uint16_t)((uint32_t)getpid() * THREADS_MAX + i));
        pingers[i].work = work;
    }
    /* Only now, when every socket has its filter. */
    for (uint32_t i = 0; i < threads; i++) {
        if (pthread_create(&pingers[i].thread, NULL, pinger_run, &pingers[i]) != 0) {
            give_up("no thread", (unsigned long)errno);
        }
    }

    pthread_barrier_wait(&all_ready);
    mark("begin");
    pthread_barrier_wait(&all_ready);
    struct tally tally = {0};
    for (uint32_t i = 0; i < threads; i++) {
        pthread_join(pingers[i].thread, NULL);
        tally_add(&tally, &pingers[i].tally);
    }
    mark("end");
    report_begin(&tally);
    report_end();
    return 0;
}
