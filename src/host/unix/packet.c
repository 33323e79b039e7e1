/*
 * Reads the control messages of received packets. Does not look into the packets.
 */
#include "host/unix/packet.h"

#include "transport/transport.h"

#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#ifndef SO_TIMESTAMPNS_NEW
    #define SO_TIMESTAMPNS_NEW 64
#endif

/* What SO_TIMESTAMPNS_NEW brings, on every machine. */
struct time_stamp {
    int64_t seconds;
    int64_t nanoseconds;
};

static struct ip_address address_of(const void *name)
{
    struct sockaddr_in6 ipv6;
    struct sockaddr_in ipv4;
    struct ip_address address = {0};
    memcpy(&ipv4, name, sizeof(ipv4));
    switch (ipv4.sin_family) {
    case AF_INET:
        address.family = IP_FAMILY_V4;
        memcpy(address.bytes, &ipv4.sin_addr, sizeof(ipv4.sin_addr));
        break;
    case AF_INET6:
        memcpy(&ipv6, name, sizeof(ipv6));
        address.family = IP_FAMILY_V6;
        memcpy(address.bytes, &ipv6.sin6_addr, sizeof(ipv6.sin6_addr));
        address.scope_id = ipv6.sin6_scope_id;
        break;
    default:
        break;
    }
    return address;
}

static void read_time_stamp(struct host_packet *packet, const struct cmsghdr *control, int64_t now_ns)
{
    struct time_stamp stamp;
    memcpy(&stamp, CMSG_DATA(control), sizeof(stamp));
    int64_t age_ns = now_ns - (stamp.seconds * 1000000000 + stamp.nanoseconds);
    packet->age_ns = age_ns > 0 ? (uint64_t)age_ns : 0;
}

static uint8_t read_byte(const struct cmsghdr *control)
{
    int value;
    memcpy(&value, CMSG_DATA(control), sizeof(value));
    return (uint8_t)value;
}

static void read_options(struct host_packet *packet, const struct cmsghdr *control)
{
    size_t length = control->cmsg_len - CMSG_LEN(0);
    packet->options_bytes = (uint8_t)(length < sizeof(packet->options) ? length : sizeof(packet->options));
    memcpy(packet->options, CMSG_DATA(control), packet->options_bytes);
}

/* False when no ICMP message is behind the error. */
static bool read_error(struct host_packet *packet, const struct cmsghdr *control)
{
    struct {
        struct sock_extended_err error;
        struct sockaddr_in6 offender; /* or the shorter one of IPv4 */
    } data = {0};
    size_t length = control->cmsg_len - CMSG_LEN(0);
    memcpy(&data, CMSG_DATA(control), length < sizeof(data) ? length : sizeof(data));
    if (data.error.ee_origin != SO_EE_ORIGIN_ICMP && data.error.ee_origin != SO_EE_ORIGIN_ICMP6) {
        return false;
    }
    packet->icmp_type = data.error.ee_type;
    packet->icmp_code = data.error.ee_code;
    packet->peer = address_of(&data.offender);
    return true;
}

static void read_ipv4_control(struct host_packet *packet, const struct cmsghdr *control)
{
    switch (control->cmsg_type) {
    case IP_TTL:
        packet->ttl = read_byte(control);
        break;
    case IP_TOS:
        packet->tos = *CMSG_DATA(control);
        break;
    case IP_RECVOPTS:
        read_options(packet, control);
        break;
    default:
        break;
    }
}

static void read_ipv6_control(struct host_packet *packet, const struct cmsghdr *control)
{
    switch (control->cmsg_type) {
    case IPV6_HOPLIMIT:
        packet->ttl = read_byte(control);
        break;
    case IPV6_TCLASS:
        packet->tos = read_byte(control);
        break;
    default:
        break;
    }
}

static bool is_error(const struct cmsghdr *control)
{
    return (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVERR) ||
           (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_RECVERR);
}

bool packet_describe(struct host_packet *packet, uint8_t form, const struct mmsghdr *received, int64_t now_ns)
{
    struct msghdr *header = (struct msghdr *)&received->msg_hdr;
    bool error_is_told = false;

    memset(packet, 0, sizeof(*packet));
    packet->form = form;
    packet->length_bytes = received->msg_len;
    struct ip_address name = header->msg_namelen > 0 ? address_of(header->msg_name) : (struct ip_address){0};
    if (form == TRANSPORT_MESSAGE) {
        packet->peer = name;
    } else if (form == TRANSPORT_ERROR) {
        packet->destination = name;
    }
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPNS_NEW) {
            read_time_stamp(packet, control, now_ns);
        } else if (is_error(control)) {
            error_is_told = read_error(packet, control);
        } else if (control->cmsg_level == IPPROTO_IP) {
            read_ipv4_control(packet, control);
        } else if (control->cmsg_level == IPPROTO_IPV6) {
            read_ipv6_control(packet, control);
        }
    }
    return form != TRANSPORT_ERROR || error_is_told;
}
