/*
 * The option bytes of an IPv4 header (RFC 791 section 3.1, "Options").
 *
 * For the engine, which must refuse options that no stack would send, and for icmpv4, which must know
 * whether a quoted packet was source-routed. It must not know the rest of the header nor how options get
 * into a packet.
 *
 * There is no function that strips the padding of received options. A reply hands over the header's option
 * bytes as they are, a multiple of 4 bytes long, as Wine's does; readers find the end by End of Option List.
 */
#ifndef OPENICMP_WIRE_IPV4_OPTIONS_H
#define OPENICMP_WIRE_IPV4_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is wrong with options that somebody wants sent. */
enum ipv4_options_fault {
    IPV4_OPTIONS_OK,       /* nothing */
    IPV4_OPTIONS_TOO_BIG,  /* more than IPV4_OPTIONS_MAX_BYTES; IP_OPTION_TOO_BIG to the caller */
    IPV4_OPTIONS_MALFORMED /* they break RFC 791 or RFC 1122; IP_BAD_OPTION to the caller */
};

/*
 * Checks `length_bytes` bytes of options in wire format, as a caller wants them sent. They are only read,
 * may have any alignment, and `options` may be NULL if `length_bytes` is 0, which is fine.
 *
 * Every option but End of Option List and No Operation must have a length octet that covers at least itself
 * and ends inside. What follows an End of Option List is padding and may be anything. The length needs no
 * padding to a multiple of 4: whoever sends the options pads them with zeros. Beyond that (RFC 791 section
 * 3.1):
 * - record route, loose and strict source route: at least 3 octets; a pointer of at least 4 that leads to
 *   room for a whole address or just past the end, when there is no room left. A source route must hold
 *   whole addresses;
 * - internet timestamp: at least 4 octets; a pointer of at least 5 that leads to room for a whole entry (4
 *   octets for flag 0, 8 for flags 1 and 3) or just past the end; no other flag;
 * - none of these four more than once, nor both kinds of source route (RFC 1122 section 3.2.1.8 (c)).
 *
 * Other types are passed on unread. No state: safe on any thread.
 */
enum ipv4_options_fault ipv4_options_check(const uint8_t *options, size_t length_bytes);

/*
 * Whether there is a loose or strict source route among the options: then the header's destination may be a
 * hop on the way and not the place where the packet is to end up.
 *
 * Safe on anything that came from the network. Options are read up to the first whose length lies, and a
 * source route that is itself cut off or too short for its own pointer (3 octets) does not count. `options`
 * may be NULL if `length_bytes` is 0. No state: safe on any thread.
 */
bool ipv4_options_have_source_route(const uint8_t *options, size_t length_bytes);

#endif
