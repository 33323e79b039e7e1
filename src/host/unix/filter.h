/*
 * Programs in classic BPF that let through to a raw socket what may be an answer to one of our echo requests, and
 * nothing else: other people's ICMP then neither wakes us nor fills the socket's buffer.
 *
 * Pure: no system call.
 */
#ifndef OPENICMP_HOST_UNIX_FILTER_H
#define OPENICMP_HOST_UNIX_FILTER_H

#include "wire/ip_address.h"

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

/* With more identifiers than these, all are let through. */
#define FILTER_IDENTIFIERS_MAX 64

struct filter {
    struct sock_filter steps[32 + 2 * FILTER_IDENTIFIERS_MAX];
    uint16_t count;
};

/* A filter for a raw socket of this family (which sees IPv4 packets with their header, ICMPv6 messages without). It
 * passes echo replies with one of the identifiers, and ICMP errors about echo requests with one of them. */
void filter_build(struct filter *filter, enum ip_family family, const uint16_t *identifiers, size_t count);

#endif
