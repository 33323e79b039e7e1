/*
 * What follows the name of a behaviour in a command: words of the form NAME=VALUE.
 */
#ifndef OPENICMP_LAB_RESPONDER_SETTINGS_H
#define OPENICMP_LAB_RESPONDER_SETTINGS_H

#include "network.h"
#include "wire/ip_address.h"

struct range {
    unsigned int min;
    unsigned int max;
};

struct settings {
    /* Of echo. Percentages are of the requests (loss, duplicate) or of the replies. */
    unsigned int loss;
    unsigned int duplicate;
    unsigned int reorder;
    unsigned int corrupt;
    struct range delay_ms; /* delay=20 or delay=20..80 */

    /* Of error. */
    unsigned int type;
    unsigned int code;
    struct ip_address from; /* who sends it; none: the host that was asked */
    unsigned int
        quote; /* this many bytes of the request; 0: its header and 8 bytes, which is what RFC 792 wants */

    /* Of forgeries. */
    enum way by;
    unsigned int offset; /* of the byte to be changed */
    unsigned int mask;   /* the bits to be turned round in it */

    /* Of a flood. */
    unsigned int count;
    unsigned int pace;     /* packets in a second; 0: as many as can be */
    struct ip_address to;  /* the client */
    unsigned int requests; /* how many of 100 are echo requests, */
    unsigned int errors;   /* and how many are errors about other hosts' requests; the rest are replies */
};

/* Reads an address of either family. */
bool address_read(const char *text, struct ip_address *address);

/* Reads words up to the end of a line that strtok_r is going through; `*rest` is its state. Returns NULL,
 * or the word that it does not understand. */
const char *settings_read(struct settings *settings, char **rest);

#endif
