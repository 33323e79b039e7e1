/*
 * Internet addresses of either family, with scope, as sockets have them, and as text.
 * Portable C upon the socket functions that Windows and POSIX share; asks no resolver. On Windows it needs
 * WSAStartup.
 */
#ifndef SAMPLES_ADDRESS_H
#define SAMPLES_ADDRESS_H

#include "family.h"

#ifdef _WIN32
    #include <winsock2.h>
    #include <ws2tcpip.h>
#else
    #include <netdb.h>
    #include <netinet/in.h>
    #include <sys/socket.h>
#endif

#include <stdbool.h>
#include <stdint.h>

/* "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295" and its end. */
#define ADDRESS_TEXT_BYTES 51

/* any.sa_family says which. All zero: none. */
union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Reads an address of the family, or of any, in any of the forms that getaddrinfo takes for one. */
bool address_parse(union address *address, const char *text, enum family family);

/* "?" if it is none. */
void address_to_text(const union address *address, char text[ADDRESS_TEXT_BYTES]);

/* IPv4 from the form of IPAddr and struct in_addr, IPv6 from 16 bytes in network order. */
union address address_of_v4(uint32_t address_be);
union address address_of_v6(const void *bytes, uint32_t scope_id);

bool address_is_ipv6(const union address *address);

/* Whether both are the same address. Scopes count only where both have one. */
bool address_equal(const union address *one, const union address *other);

/* Of the structure for its family. */
socklen_t address_bytes(const union address *address);

/* AF_INET, AF_INET6 or AF_UNSPEC. */
int address_family_number(enum family family);

#endif
