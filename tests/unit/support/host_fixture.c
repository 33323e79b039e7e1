/*
 * The namespace of the host transport's tests, and their calls.
 */
#ifndef _GNU_SOURCE
    #define _GNU_SOURCE
#endif
#include "unit/support/host_fixture.h"

#include "support/cmocka_main.h"
#include "wire/bytes.h"
#include "wire/checksum.h"
#include "wire/icmpv4.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/capability.h>

typedef int32_t unix_function(void *parameters);
extern unix_function *const __wine_unix_call_funcs[HOST_FUNCTION_COUNT];

/* Why there is no namespace; empty when there is. */
static char no_namespace[128] = "the group's set-up did not make a namespace";

/* ---- The namespace ---- */

static bool write_file(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    if (file >= 0) {
        close(file);
    }
    return written;
}

/* Someone who is not root becomes root of a user namespace, where that is allowed. */
static bool unshare_as_user(void)
{
    char map[32];
    unsigned int user = geteuid();
    unsigned int group = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        return false;
    }
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", user);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "0 %u 1", group);
    write_file("/proc/self/gid_map", map);
    return true;
}

static bool loopback_request(unsigned long request, struct ifreq *parameters)
{
    int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strcpy(parameters->ifr_name, "lo");
    bool done = handle >= 0 && ioctl(handle, request, parameters) == 0;
    close(handle);
    return done;
}

/* How long the packet had been there when it was read, in nanoseconds, as the kernel says. */
static int64_t age_of_read_packet(int handle)
{
    uint8_t control[CMSG_SPACE(sizeof(struct timespec))];
    struct msghdr header = {.msg_control = control, .msg_controllen = sizeof(control)};
    struct timespec now, arrival;
    if (recvmsg(handle, &header, 0) < 0 || CMSG_FIRSTHDR(&header) == NULL) {
        return 0;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    memcpy(&arrival, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(arrival));
    return (now.tv_sec - arrival.tv_sec) * 1000000000LL + now.tv_nsec - arrival.tv_nsec;
}

/* The kernel begins to note when packets come in a while after the first socket has asked for it, a long while if the
 * machine is busy, and no more when that is closed; until then they get the time of reading. So a socket asks for it, and
 * stays open. */
static void await_time_stamps(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int one = 1;
    int64_t age_ns = 0;
    int handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bind(handle, (struct sockaddr *)&address, length);
    getsockname(handle, (struct sockaddr *)&address, &length);
    setsockopt(handle, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
    for (int attempt = 0; attempt < 1000 && age_ns < 5000000; attempt++) {
        sendto(handle, "", 1, 0, (struct sockaddr *)&address, length);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        age_ns = age_of_read_packet(handle);
    }
}

int host_namespace_enter(void **state)
{
    struct ifreq up = {.ifr_flags = IFF_UP};
    (void)state;
    if (unshare(CLONE_NEWNET) != 0 && !unshare_as_user()) {
        snprintf(no_namespace, sizeof(no_namespace), "no network namespace: %s", strerror(errno));
    } else if (!loopback_request(SIOCSIFFLAGS, &up)) {
        snprintf(no_namespace, sizeof(no_namespace), "no loopback interface: %s", strerror(errno));
    } else {
        no_namespace[0] = '\0';
        host_ping_sockets_allowed(true);
        await_time_stamps();
    }
    return 0;
}

void host_needs_namespace(void)
{
    if (no_namespace[0] != '\0') {
        print_message("skipped: %s\n", no_namespace);
        skip();
    }
}

bool host_privileged(bool privileged)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    uint32_t wanted = 1U << CAP_NET_RAW | 1U << CAP_NET_ADMIN;
    assert_int_equal(syscall(SYS_capget, &header, data), 0);
    bool before = (data[0].effective & wanted) != 0;
    data[0].effective = privileged ? data[0].effective | wanted : data[0].effective & ~wanted;
    assert_int_equal(syscall(SYS_capset, &header, data), 0);
    return before;
}

void host_ping_sockets_allowed(bool allowed)
{
    /* In a user namespace of one user, only its groups can be named. */
    const char *path = "/proc/sys/net/ipv4/ping_group_range";
    assert_true(write_file(path, allowed ? "0 2147483647" : "1 0") ||
                write_file(path, allowed ? "0 0" : "1 0"));
}

void host_answers(bool answers)
{
    const char *ignored = answers ? "0" : "1";
    assert_true(write_file("/proc/sys/net/ipv4/icmp_echo_ignore_all", ignored));
    assert_true(write_file("/proc/sys/net/ipv6/icmp/echo_ignore_all", ignored));
}

void host_mtu(int mtu)
{
    bool was_privileged = host_privileged(true);
    struct ifreq parameters = {.ifr_mtu = mtu};
    assert_true(loopback_request(SIOCSIFMTU, &parameters));
    host_privileged(was_privileged);
}

/* The descriptors whose flags have none of `flags`. */
static size_t handles_without(int flags)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;
    size_t count = 0;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        int handle = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && handle != dirfd(folder) && (fcntl(handle, F_GETFD) & flags) == 0) {
            count++;
        }
    }
    closedir(folder);
    return count;
}

size_t host_handles(void)
{
    return handles_without(0);
}

size_t host_handles_for_exec(void)
{
    return handles_without(FD_CLOEXEC);
}

rlim_t host_limit_handles(int more)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    int number = 0;
    while (more > 0 || fcntl(number, F_GETFD) >= 0) {
        more -= fcntl(number, F_GETFD) < 0;
        number++;
    }
    host_set_handle_limit((rlim_t)number);
    return before;
}

void host_set_handle_limit(rlim_t value)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = value;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* ---- Bodies ---- */

static void open_host(struct host_fixture *host)
{
    struct host_open_call call = {0};
    host_call(HOST_OPEN, &call);
    assert_true(call.network != 0);
    assert_int_equal(call.ipv4.mode, host->raw ? HOST_MODE_RAW : HOST_MODE_PING);
    assert_int_equal(call.ipv6.mode, host->raw ? HOST_MODE_RAW : HOST_MODE_PING);
    host->network = call.network;
    host->ipv4 = call.ipv4;
    host->ipv6 = call.ipv6;
    assert_true(host_claim(host, CLAIMED));
    assert_true(host_claim(host, CLAIMED2));
    const char *receiver = getenv("HOST_RECEIVER");
    if (receiver != NULL && strcmp(receiver, "own") == 0) {
        host->identifier = 0x4323;
        host->receiver = host_try_receiver_open(host, host->identifier);
        assert_true(host->receiver != 0);
    } else {
        host->identifier = CLAIMED;
        host->receiver = host_receiver_open(host);
    }
}

void host_with(bool raw, void (*body)(struct host_fixture *host))
{
    struct host_fixture host = {.raw = raw};
    host_needs_namespace();
    print_message("with %s sockets\n", raw ? "raw" : "ping");
    size_t handles_before = host_handles();
    size_t for_exec_before = host_handles_for_exec();
    host.buffer = malloc((size_t)HOST_BATCH_MAX * HOST_SLOT_BYTES);
    assert_non_null(host.buffer);
    host_privileged(raw);
    open_host(&host);

    body(&host);

    assert_int_equal(host_handles_for_exec(), for_exec_before);
    struct host_close_call call = {host.network};
    host_call(HOST_CLOSE, &call);
    host_privileged(true);
    host_answers(true);
    host_mtu(65536);
    assert_int_equal(host_handles(), handles_before);
    free(host.buffer);
}

void host_in_each_mode(void (*body)(struct host_fixture *host))
{
    host_with(true, body);
    host_with(false, body);
}

/* ---- Calls ---- */

void host_call(enum host_function function, void *parameters)
{
    assert_int_equal(__wine_unix_call_funcs[function](parameters), 0);
}

bool host_claim(struct host_fixture *host, uint16_t identifier)
{
    struct host_claim_call call = {.network = host->network, .identifier = identifier};
    host_call(HOST_CLAIM, &call);
    return call.claimed != 0;
}

uint64_t host_try_receiver_open(struct host_fixture *host, uint16_t identifier)
{
    struct host_receiver_open_call call = {.network = host->network, .receiver = 1, .identifier = identifier};
    host_call(HOST_RECEIVER_OPEN, &call);
    return call.receiver;
}

uint64_t host_receiver_open(struct host_fixture *host)
{
    uint64_t receiver = host_try_receiver_open(host, 0);
    assert_true(receiver != 0);
    return receiver;
}

void host_wake(uint64_t receiver)
{
    struct host_receiver_call call = {receiver};
    host_call(HOST_WAKE, &call);
}

struct ip_address host_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (struct ip_address){.family = IP_FAMILY_V4, .bytes = {a, b, c, d}};
}

struct ip_address host_ipv6_loopback(void)
{
    return (struct ip_address){.family = IP_FAMILY_V6, .bytes = {[15] = 1}};
}

static void build_echo(uint8_t *bytes, size_t length_bytes, uint8_t family, uint16_t identifier,
                       uint16_t sequence)
{
    icmpv4_build_echo_request(bytes, length_bytes, identifier, sequence);
    if (family == IP_FAMILY_V6) {
        bytes[0] = 128; /* RFC 4443 section 4.1 */
        bytes_store_be16(bytes + 2, 0);
    }
}

void host_request(struct host_request *request, struct ip_address destination, uint16_t identifier,
                  uint16_t sequence, size_t data_bytes)
{
    request->message = (struct host_message){
        .destination = destination,
        .bytes = (uintptr_t)request->bytes,
        .length_bytes = (uint32_t)(ICMPV4_HEADER_BYTES + data_bytes),
    };
    for (size_t i = 0; i < data_bytes; i++) {
        request->bytes[ICMPV4_HEADER_BYTES + i] = (uint8_t)(i * 7 + i / 251 + sequence);
    }
    build_echo(request->bytes, request->message.length_bytes, destination.family, identifier, sequence);
}

enum send_failure host_send(struct host_fixture *host, struct host_request *request)
{
    struct host_send_call call = {.network = host->network, .message = request->message};
    host_call(HOST_SEND, &call);
    return (enum send_failure)call.failure;
}

static struct host_reception reception_of(struct host_fixture *host, uint64_t timeout_ms)
{
    return (struct host_reception){
        .packets = (uintptr_t)host->packets,
        .buffer = (uintptr_t)host->buffer,
        .timeout_ns = timeout_ms * 1000000,
        .capacity = HOST_BATCH_MAX,
    };
}

size_t host_receive(struct host_fixture *host, uint64_t timeout_ms)
{
    struct host_receive_call call = {.receiver = host->receiver, .reception = reception_of(host, timeout_ms)};
    host_call(HOST_RECEIVE, &call);
    return call.reception.count;
}

size_t host_exchange(struct host_fixture *host, struct host_request *request, uint64_t timeout_ms,
                     enum send_failure *failure)
{
    struct host_exchange_call call = {
        .receiver = host->receiver,
        .message = request->message,
        .reception = reception_of(host, timeout_ms),
    };
    host_call(HOST_EXCHANGE, &call);
    *failure = (enum send_failure)call.failure;
    return call.reception.count;
}

const uint8_t *host_icmp(const struct host_fixture *host, const struct host_packet *packet,
                         size_t *length_bytes)
{
    const uint8_t *bytes = host->buffer + packet->offset;
    size_t header_bytes = packet->form == TRANSPORT_IPV4_PACKET ? (bytes[0] & 0x0fU) * 4U : 0;
    *length_bytes = packet->length_bytes - header_bytes;
    return bytes + header_bytes;
}

bool host_is_reply(const struct host_fixture *host, const struct host_packet *packet, uint16_t identifier,
                   uint16_t sequence)
{
    size_t length_bytes;
    const uint8_t *icmp = host_icmp(host, packet, &length_bytes);
    return packet->form != TRANSPORT_ERROR && length_bytes >= ICMPV4_HEADER_BYTES &&
           (icmp[0] == ICMPV4_TYPE_ECHO_REPLY || icmp[0] == 129) && bytes_load_be16(icmp + 4) == identifier &&
           bytes_load_be16(icmp + 6) == sequence;
}

/* ---- Forgeries ---- */

int host_forger_open(uint8_t family)
{
    int handle = family == IP_FAMILY_V4 ? socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)
                                        : socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
    assert_true(handle >= 0);
    return handle;
}

void host_forge(int forger, uint8_t family, uint8_t *message, size_t length_bytes)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    ssize_t sent;
    if (family == IP_FAMILY_V4) {
        bytes_store_be16(message + 2, 0);
        bytes_store_be16(message + 2, checksum_compute(message, length_bytes));
        sent = sendto(forger, message, length_bytes, 0, (struct sockaddr *)&ipv4, sizeof(ipv4));
    } else {
        sent = sendto(forger, message, length_bytes, 0, (struct sockaddr *)&ipv6, sizeof(ipv6));
    }
    assert_int_equal(sent, length_bytes);
}

void host_forge_error(int forger, uint8_t family, uint8_t type, uint8_t code, uint16_t identifier,
                      uint16_t sequence)
{
    uint8_t message[8 + 40 + 16] = {type, code};
    uint8_t *quoted = message + 8;
    size_t header_bytes = family == IP_FAMILY_V4 ? 20 : 40;
    if (family == IP_FAMILY_V4) {
        quoted[0] = 0x45;
        bytes_store_be16(quoted + 2, 20 + 16);
        quoted[8] = 1;
        quoted[9] = IPPROTO_ICMP;
        bytes_store_be32(quoted + 12, INADDR_LOOPBACK);
        bytes_store_be32(quoted + 16, INADDR_LOOPBACK);
        bytes_store_be16(quoted + 10, checksum_compute(quoted, 20));
    } else {
        quoted[0] = 0x60;
        bytes_store_be16(quoted + 4, 16);
        quoted[6] = IPPROTO_ICMPV6;
        quoted[7] = 1;
        quoted[8 + 15] = quoted[24 + 15] = 1;
    }
    build_echo(quoted + header_bytes, 16, family, identifier, sequence);
    host_forge(forger, family, message, 8 + header_bytes + 16);
}
