/*
 * The peer's sockets, packets and thread. Knows only as much of IPv4 and ICMP as it needs, and nothing of our
 * code.
 */
#include "win/support/peer.h"

#include "support/cmocka_main.h"
#include "win/support/requests.h"

#define ICMP_HEADER_BYTES 8
#define ECHO_REPLY        0
#define ECHO_REQUEST      8

struct peer_tag peer_tag_new(void)
{
    struct peer_tag tag;
    LARGE_INTEGER counter;

    QueryPerformanceCounter(&counter);
    fill_pattern(tag.bytes, sizeof(tag.bytes),
                 (unsigned)counter.QuadPart * 31u + (unsigned)GetCurrentProcessId());
    return tag;
}

static SOCKET raw_socket(DWORD address_be)
{
    WSADATA data;
    SOCKET opened;
    struct sockaddr_in address = {.sin_family = AF_INET};
    int room = 4 * 1024 * 1024;

    assert_int_equal(WSAStartup(MAKEWORD(2, 2), &data), 0);
    opened = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (opened == INVALID_SOCKET) {
        fail_msg("no raw socket: error %d (this test needs CAP_NET_RAW)", WSAGetLastError());
    }
    address.sin_addr.s_addr = address_be;
    assert_int_equal(bind(opened, (struct sockaddr *)&address, sizeof(address)), 0);
    setsockopt(opened, SOL_SOCKET, SO_RCVBUF, (const char *)&room, sizeof(room));
    return opened;
}

SOCKET sniffer_open(void)
{
    return raw_socket(0);
}

static DWORD address_at(const BYTE *bytes)
{
    DWORD address;

    memcpy(&address, bytes, sizeof(address));
    return address;
}

/* Fills in what the packet says. False when it is no request with the tag. */
static bool read_request(struct seen_request *seen, const struct peer_tag *tag)
{
    const BYTE *packet = seen->packet;
    size_t header_bytes = (packet[0] & 0x0fu) * 4u;

    if (seen->packet_bytes < header_bytes + ICMP_HEADER_BYTES + PEER_TAG_BYTES) {
        return false;
    }
    seen->source_be = address_at(packet + 12);
    seen->destination_be = address_at(packet + 16);
    seen->ttl = packet[8];
    seen->tos = packet[1];
    seen->dont_fragment = (packet[6] & 0x40) != 0;
    seen->options = packet + 20;
    seen->options_bytes = header_bytes - 20;
    seen->icmp = packet + header_bytes;
    seen->icmp_bytes = seen->packet_bytes - header_bytes;
    return seen->icmp[0] == ECHO_REQUEST &&
           memcmp(seen->icmp + ICMP_HEADER_BYTES, tag->bytes, PEER_TAG_BYTES) == 0;
}

bool sniffer_next(SOCKET sniffer, const struct peer_tag *tag, DWORD timeout_ms, struct seen_request *seen)
{
    double until_ms = now_ms() + timeout_ms;

    for (;;) {
        double left_ms = until_ms - now_ms();
        fd_set readable;
        struct timeval left = {.tv_usec = left_ms > 0 ? (long)(left_ms * 1000.0) % 1000000 : 0,
                               .tv_sec = left_ms > 0 ? (long)(left_ms / 1000.0) : 0};
        int received;

        FD_ZERO(&readable);
        readable.fd_array[readable.fd_count++] = sniffer;
        if (select(0, &readable, NULL, NULL, &left) != 1) {
            return false;
        }
        received = recv(sniffer, (char *)seen->packet, sizeof(seen->packet), 0);
        /* What is longer than there is room is none of ours. */
        seen->packet_bytes = received > 0 ? (size_t)received : 0;
        if (seen->packet_bytes >= 20 && read_request(seen, tag)) {
            return true;
        }
    }
}

static DWORD WINAPI peer_main(void *argument)
{
    struct peer *peer = argument;

    while (!peer->stopping) {
        struct seen_request seen;

        if (sniffer_next(peer->sniffer, &peer->tag, 20, &seen) && seen.destination_be == SILENT) {
            InterlockedIncrement(&peer->count);
            peer->behave(peer, &seen);
        }
    }
    return 0;
}

void peer_start(struct peer *peer, DWORD address_be, struct peer_tag tag, peer_behaviour behave,
                void *context)
{
    *peer = (struct peer){.tag = tag, .behave = behave, .context = context};
    peer->sniffer = sniffer_open();
    peer->voice = raw_socket(address_be);
    peer->thread = CreateThread(NULL, 0, peer_main, peer, 0, NULL);
    assert_non_null(peer->thread);
}

void peer_stop(struct peer *peer)
{
    InterlockedExchange(&peer->stopping, 1);
    WaitForSingleObject(peer->thread, INFINITE);
    CloseHandle(peer->thread);
    closesocket(peer->voice);
    closesocket(peer->sniffer);
}

void peer_send(struct peer *peer, const struct seen_request *seen, BYTE *message, size_t message_bytes)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    DWORD sum = 0;

    message[2] = message[3] = 0;
    for (size_t i = 0; i < message_bytes; i++) {
        sum += i % 2 == 0 ? (DWORD)message[i] << 8 : message[i];
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    message[2] = (BYTE)(~sum >> 8);
    message[3] = (BYTE)~sum;
    to.sin_addr.s_addr = seen->source_be;
    sendto(peer->voice, (const char *)message, (int)message_bytes, 0, (struct sockaddr *)&to, sizeof(to));
}

void peer_reply(struct peer *peer, const struct seen_request *seen, const void *data, size_t data_bytes)
{
    BYTE message[ICMP_HEADER_BYTES + sizeof(seen->packet)] = {ECHO_REPLY};

    memcpy(message + 4, seen->icmp + 4, 4); /* identifier and sequence */
    if (data_bytes > 0) {
        memcpy(message + ICMP_HEADER_BYTES, data, data_bytes);
    }
    peer_send(peer, seen, message, ICMP_HEADER_BYTES + data_bytes);
}

void peer_echo(struct peer *peer, const struct seen_request *seen)
{
    peer_reply(peer, seen, seen->icmp + ICMP_HEADER_BYTES, seen->icmp_bytes - ICMP_HEADER_BYTES);
}

void peer_error(struct peer *peer, const struct seen_request *seen, BYTE type, BYTE code)
{
    BYTE message[ICMP_HEADER_BYTES + 60 + 8] = {type, code};
    size_t quoted_bytes = (size_t)(seen->icmp - seen->packet) + 8;

    memcpy(message + ICMP_HEADER_BYTES, seen->packet, quoted_bytes);
    peer_send(peer, seen, message, ICMP_HEADER_BYTES + quoted_bytes);
}
