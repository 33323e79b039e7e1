/*
 * Runs a command as in a sandbox that has no ICMP sockets, or that lacks a system call:
 *
 *     sandbox raw|icmp|recvmmsg EPERM|ENOSYS COMMAND...
 *
 * raw: raw sockets are refused, with that error; icmp: ping sockets, too; recvmmsg: that system call is. All else is
 * allowed. A filter cannot see what an i386 program asks for through socketcall, which keeps it in memory; so the filter
 * asks a second process, which looks there.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

/* Of i386; those of x86-64 are this program's own. */
#define I386_SOCKETCALL      102
#define I386_RECVMMSG        337
#define I386_SOCKET          359
#define I386_RECVMMSG_TIME64 417

/* socketcall's numbers. */
#define SOCKETCALL_SOCKET   1
#define SOCKETCALL_RECVMMSG 19

#define TYPE_MASK           0xf

static bool refuse_ping_sockets, refuse_recvmmsg;
static int error;

static void die(const char *what)
{
    fprintf(stderr, "sandbox: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* ---- The second process ---- */

static bool refuses_socket(uint64_t family, uint64_t type, uint64_t protocol)
{
    bool icmp =
        (family == AF_INET && protocol == IPPROTO_ICMP) || (family == AF_INET6 && protocol == IPPROTO_ICMPV6);
    return !refuse_recvmmsg && icmp && ((type & TYPE_MASK) == SOCK_RAW || refuse_ping_sockets);
}

static bool refuses_socketcall(const struct seccomp_notif *request)
{
    char path[64];
    uint32_t arguments[3];
    if (request->data.args[0] == SOCKETCALL_RECVMMSG) {
        return refuse_recvmmsg;
    }
    if (request->data.args[0] != SOCKETCALL_SOCKET) {
        return false;
    }
    snprintf(path, sizeof(path), "/proc/%u/mem", request->pid);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    if (memory < 0 || pread(memory, arguments, sizeof(arguments), (off_t)request->data.args[1]) !=
                          (ssize_t)sizeof(arguments)) {
        die("the arguments of socketcall cannot be read");
    }
    close(memory);
    return refuses_socket(arguments[0], arguments[1], arguments[2]);
}

static bool refuses(const struct seccomp_notif *request)
{
    const uint64_t *arguments = (const uint64_t *)request->data.args;
    bool i386 = request->data.arch == AUDIT_ARCH_I386;
    int number = request->data.nr;
    if (i386 && number == I386_SOCKETCALL) {
        return refuses_socketcall(request);
    }
    if (number == (i386 ? I386_SOCKET : SYS_socket)) {
        return refuses_socket(arguments[0], arguments[1], arguments[2]);
    }
    return refuse_recvmmsg; /* the filter passes nothing else on */
}

/* Until all who are asked for have ended. */
static void answer(int listener)
{
    for (;;) {
        struct pollfd ready = {.fd = listener, .events = POLLIN};
        struct seccomp_notif request = {0};
        if (poll(&ready, 1, -1) < 0 || (ready.revents & POLLHUP) != 0) {
            return;
        }
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) {
            continue; /* it has ended meanwhile */
        }
        struct seccomp_notif_resp response = {.id = request.id};
        if (refuses(&request)) {
            response.error = -error;
        } else {
            response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        }
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
}

/* ---- The first one ---- */

#define ASK_IF(number)                                                                                       \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)

static int install_filter(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 6, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ASK_IF(SYS_socket),
        ASK_IF(SYS_recvmmsg),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ASK_IF(I386_SOCKETCALL),
        ASK_IF(I386_SOCKET),
        ASK_IF(I386_RECVMMSG),
        ASK_IF(I386_RECVMMSG_TIME64),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(steps) / sizeof(steps[0]), steps};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        die("no_new_privs");
    }
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* In the second process: takes the first one's listener, whose number comes out of the pipe, and says so by closing the
 * other one. */
static void supervise(pid_t who, int number_from, int taken_to)
{
    int number;
    int process = (int)syscall(SYS_pidfd_open, who, 0);
    if (process < 0 || read(number_from, &number, sizeof(number)) != (ssize_t)sizeof(number)) {
        return; /* it has said why */
    }
    int listener = (int)syscall(SYS_pidfd_getfd, process, number, 0);
    if (listener < 0) {
        die("the listener cannot be had");
    }
    close(process);
    close(taken_to);
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDIN_FILENO); /* whoever waits for the end of the command's output is not to wait for us */
    dup2(nowhere, STDOUT_FILENO);
    answer(listener);
}

int main(int argc, char **argv)
{
    int number_pipe[2], taken_pipe[2];
    char none;
    if (argc < 4) {
        fprintf(stderr, "usage: sandbox raw|icmp|recvmmsg EPERM|ENOSYS COMMAND...\n");
        return 125;
    }
    refuse_ping_sockets = strcmp(argv[1], "icmp") == 0;
    refuse_recvmmsg = strcmp(argv[1], "recvmmsg") == 0;
    error = strcmp(argv[2], "EPERM") == 0 ? EPERM : ENOSYS;
    if (pipe2(number_pipe, O_CLOEXEC) != 0 || pipe2(taken_pipe, O_CLOEXEC) != 0) {
        die("pipe");
    }
    pid_t first = getpid();
    if (fork() == 0) {
        close(number_pipe[1]);
        supervise(first, number_pipe[0], taken_pipe[1]);
        return 0;
    }
    close(taken_pipe[1]);
    int listener = install_filter();
    if (listener < 0) {
        die("the filter cannot be installed");
    }
    if (write(number_pipe[1], &listener, sizeof(listener)) != (ssize_t)sizeof(listener) ||
        read(taken_pipe[0], &none, 1) != 0) {
        die("the second process is gone");
    }
    execvp(argv[3], argv + 3); /* closes the listener, too */
    die(argv[3]);
}
