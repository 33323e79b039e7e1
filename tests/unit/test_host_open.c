/*
 * What the host transport's Unix half opens, with which rights, in which sandboxes, and that it closes all of it.
 */
#ifndef _GNU_SOURCE
    #define _GNU_SOURCE
#endif
#include "support/cmocka_main.h"

#include "unit/support/host_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

static struct host_request request;

static struct host_open_call host_open(void)
{
    struct host_open_call call = {.network = 1};
    host_call(HOST_OPEN, &call);
    return call;
}

static void host_close(uint64_t network)
{
    struct host_close_call call = {network};
    host_call(HOST_CLOSE, &call);
}

static void test_handshake_tells_the_protocol(void **state)
{
    (void)state;
    struct host_handshake_call call = {.protocol = HOST_PROTOCOL};
    host_call(HOST_HANDSHAKE, &call);
    assert_int_equal(call.own_protocol, HOST_PROTOCOL);
}

static void test_privileged_program_gets_raw_sockets_and_no_reason(void **state)
{
    (void)state;
    host_needs_namespace();
    size_t before = host_handles();
    struct host_open_call call = host_open();
    assert_true(call.network != 0);
    assert_int_equal(call.ipv4.mode, HOST_MODE_RAW);
    assert_int_equal(call.ipv6.mode, HOST_MODE_RAW);
    assert_string_equal(call.ipv4.reason, "");
    assert_string_equal(call.ipv6.reason, "");
    host_close(call.network);
    assert_int_equal(host_handles(), before);
}

static void test_program_without_privilege_gets_ping_sockets_and_the_reason(void **state)
{
    (void)state;
    host_needs_namespace();
    host_privileged(false);
    size_t before = host_handles();
    struct host_open_call call = host_open();
    assert_true(call.network != 0);
    assert_int_equal(call.ipv4.mode, HOST_MODE_PING);
    assert_int_equal(call.ipv6.mode, HOST_MODE_PING);
    assert_string_equal(call.ipv4.reason, "raw sockets: Operation not permitted");
    assert_string_equal(call.ipv6.reason, "raw sockets: Operation not permitted");
    host_close(call.network);
    assert_int_equal(host_handles(), before);
}

static void test_program_without_any_right_gets_nothing_but_the_reason(void **state)
{
    (void)state;
    host_needs_namespace();
    host_ping_sockets_allowed(false);
    /* Root of a user namespace is in the one group that can be named there. */
    host_privileged(false);
    int ping = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    if (ping >= 0) {
        print_message("skipped: cannot forbid ping sockets here\n");
        skip();
    }
    size_t before = host_handles();
    struct host_open_call call = host_open();
    assert_true(call.network == 0);
    assert_int_equal(call.ipv4.mode, HOST_MODE_NONE);
    assert_string_equal(call.ipv4.reason,
                        "raw sockets: Operation not permitted, ping sockets: Permission denied");
    assert_string_equal(call.ipv6.reason, call.ipv4.reason);
    assert_int_equal(host_handles(), before);
}

static void body_many_handles(struct host_fixture *host)
{
    for (uint16_t i = 0; i < 100; i++) {
        assert_true(host_claim(host, (uint16_t)(0x6000 + i)));
        host_receiver_open(host);
    }
}

/* The check is host_with's. */
static void test_every_handle_is_closed_by_close_and_by_exec(void **state)
{
    (void)state;
    host_in_each_mode(body_many_handles);
}

/* ---- Sandboxes ---- */

static void install(struct sock_filter *steps, size_t count)
{
    struct sock_fprog program = {(unsigned short)count, steps};
    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* From now on this process gets `error` from that system call. */
static void forbid(uint32_t number, uint32_t error)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    install(steps, sizeof(steps) / sizeof(steps[0]));
}

/* The same from opening sockets of that family and type (0: any). */
static void forbid_sockets(uint32_t family, uint32_t type, uint32_t error)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 6),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, family, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, type != 0 ? 0xf : 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    install(steps, sizeof(steps) / sizeof(steps[0]));
}

/* The fixture of a test that has opened its network itself. */
static uint8_t buffer[HOST_BATCH_MAX * HOST_SLOT_BYTES];

static void assert_answered(struct host_fixture *host, struct ip_address destination)
{
    bool answered = false;
    host_request(&request, destination, CLAIMED, 1, 8);
    assert_int_equal(host_send(host, &request), SEND_OK);
    while (!answered) { /* without filters, the request is seen, too */
        size_t count = host_receive(host, 5000);
        assert_true(count > 0);
        for (size_t i = 0; i < count; i++) {
            answered |= host_is_reply(host, &host->packets[i], CLAIMED, 1);
        }
    }
}

static struct host_fixture host_of(const struct host_open_call *call)
{
    struct host_fixture host = {.network = call->network, .buffer = buffer};
    assert_true(call->network != 0);
    assert_true(host_claim(&host, CLAIMED));
    host.receiver = host_receiver_open(&host);
    return host;
}

static void test_one_family_may_be_raw_and_the_other_not(void **state)
{
    (void)state;
    host_needs_namespace();
    forbid_sockets(AF_INET6, SOCK_RAW, EPERM);
    struct host_open_call call = host_open();
    struct host_fixture host = host_of(&call);
    assert_int_equal(call.ipv4.mode, HOST_MODE_RAW);
    assert_int_equal(call.ipv6.mode, HOST_MODE_PING);
    assert_answered(&host, LOOPBACK);
    assert_answered(&host, host_ipv6_loopback());
    host_close(call.network);
}

static void test_system_without_ipv6_is_used_without_it(void **state)
{
    (void)state;
    host_needs_namespace();
    forbid_sockets(AF_INET6, 0, EAFNOSUPPORT);
    struct host_open_call call = host_open();
    struct host_fixture host = host_of(&call);
    assert_int_equal(call.ipv4.mode, HOST_MODE_RAW);
    assert_int_equal(call.ipv6.mode, HOST_MODE_NONE);
    assert_non_null(strstr(call.ipv6.reason, "Address family not supported"));
    assert_answered(&host, LOOPBACK);
    host_request(&request, host_ipv6_loopback(), CLAIMED, 1, 8);
    assert_int_equal(host_send(&host, &request), SEND_NOT_SUPPORTED);
    host_close(call.network);
}

static void test_sandbox_without_what_receiving_needs_is_told_at_once(void **state)
{
    (void)state;
    host_needs_namespace();
    size_t before = host_handles();
    forbid(SYS_recvmmsg, ENOSYS);
    struct host_open_call call = host_open();
    assert_true(call.network == 0);
    assert_non_null(strstr(call.ipv4.reason, "Function not implemented"));
    assert_int_equal(host_handles(), before);
}

static void test_sandbox_without_filters_and_time_stamps_works(void **state)
{
    (void)state;
    host_needs_namespace();
    forbid(SYS_setsockopt, EPERM);
    for (int privileged = 1; privileged >= 0; privileged--) {
        host_privileged(privileged);
        struct host_open_call call = host_open();
        struct host_fixture host = host_of(&call);
        assert_answered(&host, LOOPBACK);
        assert_answered(&host, host_ipv6_loopback());
        host_close(call.network);
    }
}

static void body_no_more_handles(struct host_fixture *host)
{
    int receiver_needs = host->raw ? 3 : 1;
    int claim_needs = host->raw ? 0 : 2;
    for (int more = 0; more <= 3; more++) {
        size_t before = host_handles();
        rlim_t usual = host_limit_handles(more);
        bool claimed = host_claim(host, (uint16_t)(0x3000 + more));
        uint64_t receiver = host_try_receiver_open(host, 0);
        host_set_handle_limit(usual);

        int left = more;
        assert_int_equal(claimed, left >= claim_needs);
        left -= claimed ? claim_needs : 0;
        assert_int_equal(receiver != 0, left >= receiver_needs);
        left -= receiver != 0 ? receiver_needs : 0;
        assert_int_equal(host_handles() - before, more - left);
    }
}

static void test_no_more_handles_is_told_and_nothing_leaks(void **state)
{
    (void)state;
    host_in_each_mode(body_no_more_handles);
}

/* ---- Identifiers of ping sockets ---- */

static bool take_identifier(int family, uint16_t identifier, int *handle)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(identifier)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(identifier)};
    if (family == AF_INET) {
        *handle = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
        return bind(*handle, (struct sockaddr *)&ipv4, sizeof(ipv4)) == 0;
    }
    *handle = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMPV6);
    return bind(*handle, (struct sockaddr *)&ipv6, sizeof(ipv6)) == 0;
}

static void body_taken_by_others(struct host_fixture *host)
{
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < 2; i++) {
        int handle;
        assert_true(take_identifier(families[i], FOREIGN, &handle));
        assert_false(host_claim(host, FOREIGN));
        close(handle);
    }
    assert_true(host_claim(host, FOREIGN));
    assert_true(host_claim(host, FOREIGN));
    for (size_t i = 0; i < 2; i++) {
        int handle;
        assert_false(take_identifier(families[i], FOREIGN, &handle));
        close(handle);
    }
}

static void test_identifier_of_another_program_is_refused_and_ours_is_ours(void **state)
{
    (void)state;
    host_with(false, body_taken_by_others);
}

static void body_second_network(struct host_fixture *host)
{
    struct host_open_call call = host_open();
    struct host_fixture other = {.network = call.network, .buffer = buffer};
    assert_false(host_claim(&other, CLAIMED));
    assert_true(host_claim(&other, FOREIGN));
    assert_false(host_claim(host, FOREIGN));
    host_close(call.network);
    assert_true(host_claim(host, FOREIGN));
}

static void test_two_programs_never_have_the_same_identifier(void **state)
{
    (void)state;
    host_with(false, body_second_network);
}

static void body_not_claimed(struct host_fixture *host)
{
    host_request(&request, LOOPBACK, FOREIGN, 1, 0);
    assert_int_equal(host_send(host, &request), SEND_FAILED);
}

static void test_ping_sockets_send_under_claimed_identifiers_only(void **state)
{
    (void)state;
    host_with(false, body_not_claimed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_tells_the_protocol),
        cmocka_unit_test(test_privileged_program_gets_raw_sockets_and_no_reason),
        cmocka_unit_test(test_program_without_privilege_gets_ping_sockets_and_the_reason),
        cmocka_unit_test(test_program_without_any_right_gets_nothing_but_the_reason),
        cmocka_unit_test(test_every_handle_is_closed_by_close_and_by_exec),
        cmocka_unit_test(test_one_family_may_be_raw_and_the_other_not),
        cmocka_unit_test(test_system_without_ipv6_is_used_without_it),
        cmocka_unit_test(test_sandbox_without_what_receiving_needs_is_told_at_once),
        cmocka_unit_test(test_sandbox_without_filters_and_time_stamps_works),
        cmocka_unit_test(test_no_more_handles_is_told_and_nothing_leaks),
        cmocka_unit_test(test_identifier_of_another_program_is_refused_and_ours_is_ours),
        cmocka_unit_test(test_two_programs_never_have_the_same_identifier),
        cmocka_unit_test(test_ping_sockets_send_under_claimed_identifiers_only),
    };
    return cmocka_run(argc, argv, tests, host_namespace_enter, NULL);
}
