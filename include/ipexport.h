/*
 * The data of Windows' ICMP echo API: replies, options and status values. Drop-in for the Windows SDK's
 * header of this name, and complete: what <iphlpapi.h> expects of it is here too.
 *
 * - Needs nothing before it. Alone, it brings <winsock2.h>, so that the order trap of <winsock.h> (which a
 *   plain <windows.h> brings) cannot spring; after <windows.h> or <windef.h> it brings no sockets.
 * - It takes the SDK's include guard: after it, another <ipexport.h> is skipped.
 * - If another one came first (mingw-w64's: up to version 12 at least, it declares IPV6_ADDRESS_EX unpacked
 *   and the *32 structures with 8-byte pointers), this header keeps what is right there, and from here on
 *   lets the names of those structures and of ICMPV6_ECHO_REPLY mean its own, as macros for types with a
 *   prefix. Code that has used the other types before does not mix with them; the compiler says so.
 * - Not on Windows (native tests of the portable code) it defines the few Windows types it uses, and leaves
 *   out what has no meaning there.
 *
 * "Measured" below means: observed on Windows by the conformance tests of other projects that run there;
 * "documented" means Microsoft's page on the structure of that name. Everything here is plain data and
 * belongs to the caller.
 */
#ifndef OPENICMP_IPEXPORT_H
#define OPENICMP_IPEXPORT_H

#ifdef _WIN32
    #ifndef _WINDEF_
        #include <winsock2.h>
    #endif
    #include <in6addr.h>
    #include <inaddr.h>
#else
    #include <stdint.h>

/* Windows' widths: an ULONG has 32 bits there on every architecture. */
typedef uint8_t UCHAR, *PUCHAR;
typedef uint16_t USHORT;
typedef uint32_t ULONG;
typedef void *PVOID;
#endif

#ifdef IP_EXPORT_INCLUDED
    #define OPENICMP_AFTER_OTHER_IPEXPORT 1
    #define ip_option_information32       openicmp_ip_option_information32
    #define IP_OPTION_INFORMATION32       OPENICMP_IP_OPTION_INFORMATION32
    #define PIP_OPTION_INFORMATION32      OPENICMP_PIP_OPTION_INFORMATION32
    #define icmp_echo_reply32             openicmp_icmp_echo_reply32
    #define ICMP_ECHO_REPLY32             OPENICMP_ICMP_ECHO_REPLY32
    #define PICMP_ECHO_REPLY32            OPENICMP_PICMP_ECHO_REPLY32
    #define _IPV6_ADDRESS_EX              openicmp_ipv6_address_ex
    #define IPV6_ADDRESS_EX               OPENICMP_IPV6_ADDRESS_EX
    #define PIPV6_ADDRESS_EX              OPENICMP_PIPV6_ADDRESS_EX
    #ifndef OPENICMP_NO_ICMPV6_ECHO_REPLY
        #define icmpv6_echo_reply_lh  openicmp_icmpv6_echo_reply_lh
        #define ICMPV6_ECHO_REPLY_LH  OPENICMP_ICMPV6_ECHO_REPLY_LH
        #define PICMPV6_ECHO_REPLY_LH OPENICMP_PICMPV6_ECHO_REPLY_LH
        #define ICMPV6_ECHO_REPLY     OPENICMP_ICMPV6_ECHO_REPLY
        #define PICMPV6_ECHO_REPLY    OPENICMP_PICMPV6_ECHO_REPLY
    #endif
#else
    #define IP_EXPORT_INCLUDED 1
#endif

#ifndef OPENICMP_AFTER_OTHER_IPEXPORT

/* ---- Addresses and status values ---- */

/* An IPv4 address or mask, in network byte order (the S_addr of an in_addr). */
typedef ULONG IPAddr;
typedef ULONG IPMask;

/* The outcome of an echo request, one of the IP_* values below. */
typedef ULONG IP_STATUS;

    #ifdef _WIN32
/* An IPv6 address, 16 bytes in network byte order. */
typedef struct in6_addr IPv6Addr;
    #endif

    /*
     * IP_STATUS. Values: measured and documented (ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY_LH). Apart from
     * IP_SUCCESS they are also what GetLastError gives after a call that failed with a status. IPv6 has names
     * of its own for some of them.
     */
    #define IP_STATUS_BASE           11000

    #define IP_SUCCESS               0     /* the destination answered */
    #define IP_BUF_TOO_SMALL         11001 /* the reply buffer cannot hold the reply */
    #define IP_DEST_NET_UNREACHABLE  11002 /* no route to the destination's network */
    #define IP_DEST_HOST_UNREACHABLE 11003 /* the network was reached, the host was not */
    #define IP_DEST_PROT_UNREACHABLE 11004 /* the host does not speak the protocol */
    #define IP_DEST_PORT_UNREACHABLE 11005 /* nothing listens on the port (both families) */
    #define IP_NO_RESOURCES          11006 /* memory or other resources ran out */
    #define IP_BAD_OPTION            11007 /* an IP option in the request is malformed */
    #define IP_HW_ERROR              11008 /* the network hardware failed */
    #define IP_PACKET_TOO_BIG        11009 /* larger than a link on the way takes, and not to be fragmented */
    #define IP_REQ_TIMED_OUT         11010 /* nothing came in time */
    #define IP_BAD_REQ               11011 /* the request makes no sense */
    #define IP_BAD_ROUTE             11012 /* a source route cannot be followed */
    #define IP_TTL_EXPIRED_TRANSIT   11013 /* a router saw the TTL run out; how traceroute works */
    #define IP_TTL_EXPIRED_REASSEM   11014 /* not all fragments arrived in time */
    #define IP_PARAM_PROBLEM         11015 /* a router or host could not read the IP header */
    #define IP_SOURCE_QUENCH         11016 /* asked to send more slowly (obsolete, RFC 6633) */
    #define IP_OPTION_TOO_BIG        11017 /* more than MAX_OPT_SIZE bytes of options */
    #define IP_BAD_DESTINATION       11018 /* no packet can be sent to that address */

    /* The same by their ICMPv6 names (RFC 4443). */
    #define IP_DEST_NO_ROUTE            11002 /* type 1, code 0 */
    #define IP_DEST_PROHIBITED          11004 /* type 1, code 1 */
    #define IP_DEST_ADDR_UNREACHABLE    11003 /* type 1, code 3 */
    #define IP_HOP_LIMIT_EXCEEDED       11013 /* type 3, code 0 */
    #define IP_REASSEMBLY_TIME_EXCEEDED 11014 /* type 3, code 1 */
    #define IP_PARAMETER_PROBLEM        11015 /* type 4 */

    /* News between the parts of an IP stack; never the outcome of an echo request. */
    #define IP_ADDR_DELETED                    11019
    #define IP_SPEC_MTU_CHANGE                 11020
    #define IP_MTU_CHANGE                      11021
    #define IP_UNLOAD                          11022
    #define IP_ADDR_ADDED                      11023
    #define IP_MEDIA_CONNECT                   11024
    #define IP_MEDIA_DISCONNECT                11025
    #define IP_BIND_ADAPTER                    11026
    #define IP_UNBIND_ADAPTER                  11027
    #define IP_DEVICE_DOES_NOT_EXIST           11028
    #define IP_DUPLICATE_ADDRESS               11029
    #define IP_INTERFACE_METRIC_CHANGE         11030
    #define IP_RECONFIG_SECFLTR                11031
    #define IP_NEGOTIATING_IPSEC               11032
    #define IP_INTERFACE_WOL_CAPABILITY_CHANGE 11033
    #define IP_DUPLICATE_IPADD                 11034
    #define IP_NO_FURTHER_SENDS                11035

    /* Only from IPv6 requests. */
    #define IP_DEST_UNREACHABLE         11040 /* unreachable, for a reason without a value of its own */
    #define IP_TIME_EXCEEDED            11041 /* time exceeded, likewise */
    #define IP_BAD_HEADER               11042 /* a header field is wrong */
    #define IP_UNRECOGNIZED_NEXT_HEADER 11043 /* a next-header value is unknown to a node */
    #define IP_ICMP_ERROR               11044 /* some other ICMPv6 error */
    #define IP_DEST_SCOPE_MISMATCH      11045 /* the source address is not valid where the destination is */

    #define IP_GENERAL_FAILURE          11050              /* failed in some other way */
    #define MAX_IP_STATUS               IP_GENERAL_FAILURE /* the last value that is an outcome */
    #define IP_PENDING                  11255              /* not done yet; internal to Windows */

    /* ---- Options ---- */

    /* IP_OPTION_INFORMATION.Flags: the flag bits of an IPv4 header (documented: IP_OPTION_INFORMATION). */
    #define IP_FLAG_DF 0x2 /* do not fragment */

    /* IPv4 option types, the first byte of each option in OptionsData (RFC 791 section 3.1, RFC 2113). */
    #define IP_OPT_EOL          0x00 /* end of option list */
    #define IP_OPT_NOP          0x01 /* no operation, for padding */
    #define IP_OPT_RR           0x07 /* record route */
    #define IP_OPT_TS           0x44 /* internet timestamp */
    #define IP_OPT_SECURITY     0x82 /* security */
    #define IP_OPT_LSRR         0x83 /* loose source and record route */
    #define IP_OPT_SID          0x88 /* stream identifier */
    #define IP_OPT_SSRR         0x89 /* strict source and record route */
    #define IP_OPT_ROUTER_ALERT 0x94 /* router alert */

    /* The most option bytes that an IPv4 header can carry. */
    #define MAX_OPT_SIZE 40

/*
 * What to set in the IP header of a request, or what was in that of the reply. 8 bytes on x86, 16 on x64.
 * Source: documented. In a request the pointer is only read, during the call.
 */
typedef struct ip_option_information {
    UCHAR Ttl;          /* time to live, hop limit; in an IPv4 request 0 means the default (measured) */
    UCHAR Tos;          /* type of service, or traffic class */
    UCHAR Flags;        /* IP_FLAG_* */
    UCHAR OptionsSize;  /* bytes at OptionsData, at most MAX_OPT_SIZE */
    PUCHAR OptionsData; /* IPv4 options as on the wire, but in a request a source route lists the whole way */
} IP_OPTION_INFORMATION, *PIP_OPTION_INFORMATION;

/*
 * An answer to an IPv4 echo request, at the start of the caller's reply buffer. 28 bytes on x86, 40 on x64;
 * the buffer may lie at any address. Received options and then the echoed data follow it in the buffer, and
 * the two pointers point there: they are as long-lived as the buffer. Source: documented; details measured.
 */
typedef struct icmp_echo_reply {
    IPAddr Address;      /* who sent it: the destination, or the router that reports an error */
    ULONG Status;        /* IP_STATUS */
    ULONG RoundTripTime; /* milliseconds, rounded down */
    USHORT DataSize;     /* bytes at Data; 0 unless Status is IP_SUCCESS */
    USHORT Reserved;     /* how many replies there are, until IcmpParseReplies takes the number */
    PVOID Data;          /* the echoed data; may be NULL if DataSize is 0 */
    struct ip_option_information Options; /* of the header received */
} ICMP_ECHO_REPLY, *PICMP_ECHO_REPLY;

#endif

#ifndef IP_FLAG_REVERSE
    /* IP_OPTION_INFORMATION.Flags: add a routing header that names the source (documented; Vista and later). */
    #define IP_FLAG_REVERSE 0x1
#endif

#ifdef _WIN64
    /*
     * The pointers of the next two structures have 4 bytes. Microsoft's compiler has such a type, POINTER_32;
     * GCC and clang for mingw-w64 do not (mingw-w64's macro of that name is empty, which gives 8 bytes), so
     * there the members are the address as a number.
     */
    #ifdef _MSC_VER
        #define OPENICMP_POINTER_32(type) type *POINTER_32
    #else
        #define OPENICMP_POINTER_32(type) ULONG
    #endif

/*
 * IP_OPTION_INFORMATION as 32-bit programs have it (8 bytes), for 64-bit code that handles their memory. No
 * function takes or fills it: a 64-bit caller gets the structure above whatever the documentation of this one
 * says (measured).
 */
typedef struct ip_option_information32 {
    UCHAR Ttl;                              /* as IP_OPTION_INFORMATION has it */
    UCHAR Tos;                              /* likewise */
    UCHAR Flags;                            /* likewise */
    UCHAR OptionsSize;                      /* likewise */
    OPENICMP_POINTER_32(UCHAR) OptionsData; /* in the memory of the 32-bit program */
} IP_OPTION_INFORMATION32, *PIP_OPTION_INFORMATION32;

/* ICMP_ECHO_REPLY as 32-bit programs have it (28 bytes), for the same. */
typedef struct icmp_echo_reply32 {
    IPAddr Address;                         /* as ICMP_ECHO_REPLY has it */
    ULONG Status;                           /* likewise */
    ULONG RoundTripTime;                    /* likewise */
    USHORT DataSize;                        /* likewise */
    USHORT Reserved;                        /* likewise */
    OPENICMP_POINTER_32(void) Data;         /* in the memory of the 32-bit program */
    struct ip_option_information32 Options; /* likewise */
} ICMP_ECHO_REPLY32, *PICMP_ECHO_REPLY32;

    #undef OPENICMP_POINTER_32
#endif

/*
 * A sockaddr_in6 without its family. 26 bytes, no padding, no alignment: a pointer to a member may be
 * unaligned. Source: documented; packing measured.
 */
#pragma pack(push, 1)
typedef struct _IPV6_ADDRESS_EX {
    USHORT sin6_port;    /* 0 in replies */
    ULONG sin6_flowinfo; /* 0 in replies */
    USHORT sin6_addr[8]; /* the address, 16 bytes in network byte order */
    ULONG sin6_scope_id; /* the interface of a link-local address, else 0 */
} IPV6_ADDRESS_EX, *PIPV6_ADDRESS_EX;
#pragma pack(pop)

#if !defined(OPENICMP_NO_ICMPV6_ECHO_REPLY) && (!defined(_WIN32_WINNT) || _WIN32_WINNT >= 0x0501)
/*
 * An answer to an IPv6 echo request, at the start of the caller's reply buffer. 36 bytes on every
 * architecture (Status at 28, RoundTripTime at 32). The echoed data follows directly; nothing says how much
 * there is: after IP_SUCCESS as much as was sent, else none. Source: documented; offsets measured.
 *
 * As in the SDK, absent when the program targets Windows 2000 or older. A program that brings its own
 * definition because its tool chain had none compiles with OPENICMP_NO_ICMPV6_ECHO_REPLY defined.
 */
typedef struct icmpv6_echo_reply_lh {
    IPV6_ADDRESS_EX Address;    /* who sent it: the destination, or the router that reports an error */
    ULONG Status;               /* IP_STATUS */
    unsigned int RoundTripTime; /* milliseconds, rounded down */
} ICMPV6_ECHO_REPLY_LH, *PICMPV6_ECHO_REPLY_LH;

/* The name by which programs know it. */
typedef ICMPV6_ECHO_REPLY_LH ICMPV6_ECHO_REPLY;
typedef ICMPV6_ECHO_REPLY_LH *PICMPV6_ECHO_REPLY;
#endif

#if defined(_WIN32) && !defined(OPENICMP_AFTER_OTHER_IPEXPORT)

/* ---- Not ICMP: what other functions of <iphlpapi.h> take and give; documented under these names. ---- */

/* The two addresses of an ARP exchange. */
typedef struct arp_send_reply {
    IPAddr DestAddress; /* where the reply goes */
    IPAddr SrcAddress;  /* where it comes from */
} ARP_SEND_REPLY, *PARP_SEND_REPLY;

/* TCP ports to keep free, both ends included. */
typedef struct tcp_reserve_port_range {
    USHORT UpperRange; /* the last port */
    USHORT LowerRange; /* the first port */
} TCP_RESERVE_PORT_RANGE, *PTCP_RESERVE_PORT_RANGE;

    /* The characters of an adapter's name, with the terminating zero. */
    #define MAX_ADAPTER_NAME 128

/* An adapter's interface index and device name. The index may change when the adapter is re-enabled. */
typedef struct _IP_ADAPTER_INDEX_MAP {
    ULONG Index;                  /* of the interface */
    WCHAR Name[MAX_ADAPTER_NAME]; /* of the device */
} IP_ADAPTER_INDEX_MAP, *PIP_ADAPTER_INDEX_MAP;

/* The adapters with IPv4 (GetInterfaceInfo): NumAdapters of them, not 1. */
typedef struct _IP_INTERFACE_INFO {
    LONG NumAdapters;                /* how many there are */
    IP_ADAPTER_INDEX_MAP Adapter[1]; /* so many */
} IP_INTERFACE_INFO, *PIP_INTERFACE_INFO;

/* The addresses of receive-only adapters (GetUniDirectionalAdapterInfo): NumAdapters of them, not 1. */
typedef struct _IP_UNIDIRECTIONAL_ADAPTER_ADDRESS {
    ULONG NumAdapters; /* how many there are */
    IPAddr Address[1]; /* so many */
} IP_UNIDIRECTIONAL_ADAPTER_ADDRESS, *PIP_UNIDIRECTIONAL_ADAPTER_ADDRESS;

/* Interface indexes in the order of preference (GetAdapterOrderMap): NumAdapters of them, not 1. */
typedef struct _IP_ADAPTER_ORDER_MAP {
    ULONG NumAdapters;     /* how many there are */
    ULONG AdapterOrder[1]; /* so many */
} IP_ADAPTER_ORDER_MAP, *PIP_ADAPTER_ORDER_MAP;

/* Multicast traffic in bytes (octets) and packets. */
typedef struct _IP_MCAST_COUNTER_INFO {
    ULONG64 InMcastOctets;  /* bytes received */
    ULONG64 OutMcastOctets; /* bytes sent */
    ULONG64 InMcastPkts;    /* packets received */
    ULONG64 OutMcastPkts;   /* packets sent */
} IP_MCAST_COUNTER_INFO, *PIP_MCAST_COUNTER_INFO;

    /* Control codes of Windows 95 and 98, for the programs that still build for them. */
    #ifdef CHICAGO
        #define IOCTL_IP_RTCHANGE_NOTIFY_REQUEST        101
        #define IOCTL_IP_ADDCHANGE_NOTIFY_REQUEST       102
        #define IOCTL_ARP_SEND_REQUEST                  103
        #define IOCTL_IP_INTERFACE_INFO                 104
        #define IOCTL_IP_GET_BEST_INTERFACE             105
        #define IOCTL_IP_UNIDIRECTIONAL_ADAPTER_ADDRESS 106
    #endif

#endif

#endif
