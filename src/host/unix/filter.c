/*
 * Writes the filters. Each begins with a fixed part, which gives the packet up or loads the identifier that it is about,
 * and ends with the identifiers to compare that with.
 *
 * A load from behind the packet's end gives it up, too. Jumps count the steps to leave out.
 */
#include "host/unix/filter.h"

#include <string.h>

/* No packet is longer: what is passed is passed whole. */
#define PASS 0x20000
#define DROP 0

/* Protocol numbers. */
#define ICMP     1
#define FRAGMENT 44
#define ICMPV6   58

/* A quoted packet begins behind the 8 bytes of the error's own header; identifiers are 4 bytes into an echo header. RFC
 * 791, RFC 792. */
static const struct sock_filter begin_ipv4[] = {
    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* X: where the ICMP header begins */
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),  /* its type */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 15, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 11, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 12, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, DROP),
    /* An error: its quoted packet's protocol. */
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 8 + 9),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, DROP),
    BPF_STMT(BPF_LD | BPF_B | BPF_IND, 8), /* the length of that packet's IPv4 header: add it to X */
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x0f),
    BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),
    BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
    BPF_STMT(BPF_MISC | BPF_TAX, 0),
    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 8 + 4),
    BPF_STMT(BPF_JMP | BPF_JA, 1),
    /* An echo reply. */
    BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
};

/* Our requests have no extension header but that of a fragment. RFC 4443, RFC 8200. */
static const struct sock_filter begin_ipv6[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), /* the message's type */
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 129, 19, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 4, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, DROP),
    /* An error: what follows its quoted packet's header, which has 40 bytes. */
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8 + 6),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMPV6, 10, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FRAGMENT, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, DROP),
    /* A fragment: it must be the first one, of an ICMPv6 message. */
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8 + 40),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMPV6, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, DROP),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 8 + 40 + 2),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0xfff8, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, DROP),
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 8 + 40 + 8 + 4),
    BPF_STMT(BPF_JMP | BPF_JA, 3),
    /* No fragment. */
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 8 + 40 + 4),
    BPF_STMT(BPF_JMP | BPF_JA, 1),
    /* An echo reply. */
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
};

static void append(struct filter *filter, const struct sock_filter *steps, size_t count)
{
    memcpy(&filter->steps[filter->count], steps, count * sizeof(*steps));
    filter->count = (uint16_t)(filter->count + count);
}

static void append_verdict(struct filter *filter, uint32_t verdict)
{
    append(filter, &(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict), 1);
}

void filter_build(struct filter *filter, enum ip_family family, const uint16_t *identifiers, size_t count)
{
    filter->count = 0;
    if (family == IP_FAMILY_V4) {
        append(filter, begin_ipv4, sizeof(begin_ipv4) / sizeof(begin_ipv4[0]));
    } else {
        append(filter, begin_ipv6, sizeof(begin_ipv6) / sizeof(begin_ipv6[0]));
    }
    if (count > FILTER_IDENTIFIERS_MAX) {
        append_verdict(filter, PASS);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        append(filter, &(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, identifiers[i], 0, 1), 1);
        append_verdict(filter, PASS);
    }
    append_verdict(filter, DROP);
}
