/*
 * What something that came in says of an echo request, in whichever form the transport has brought it.
 */
#ifndef OPENICMP_ECHO_CANDIDATE_H
#define OPENICMP_ECHO_CANDIDATE_H

#include "echo/reply.h"
#include "transport/transport.h"

/* A candidate for the answer to a request. Its pointers lead into the packet. */
struct candidate {
    uint16_t identifier, sequence; /* of the request, in host order */
    struct echo_answer answer;     /* all but the round-trip time */
    bool is_error;                 /* about a request that was going to `destination`: */
    struct ip_address destination;
    bool source_route; /* which may be a hop on the way */
};

/* False when the packet is nothing that could answer an echo request. */
bool candidate_read(const struct transport_packet *packet, struct candidate *candidate);

#endif
