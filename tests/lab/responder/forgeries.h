/*
 * Packets that must not complete a request although they look as if they would, and then the echo reply that
 * must.
 *
 * The echo replies among them carry the request's data with every bit turned round, so that it shows when one
 * was taken for the true one. That comes `delay` (20 ms) later; settings->by says which way the forgeries go.
 */
#ifndef OPENICMP_LAB_RESPONDER_FORGERIES_H
#define OPENICMP_LAB_RESPONDER_FORGERIES_H

#include "packet.h"
#include "settings.h"

/* Echo replies and errors with wrong checksums, or with one bit changed. */
void forge_wrong_checksums(const struct echo_request *request, const struct settings *settings);

/* Echo replies cut off at every length. */
void forge_truncated(const struct echo_request *request, const struct settings *settings);

/* IPv4 headers, and quoted ones, with every header length and version but the right one. */
void forge_header_lengths(const struct echo_request *request, const struct settings *settings);

/* Headers whose length of the packet lies, and packets that end at every length before they should. */
void forge_total_lengths(const struct echo_request *request, const struct settings *settings);

/* Echo replies with the right key from other hosts. */
void forge_wrong_hosts(const struct echo_request *request, const struct settings *settings);

/* Echo replies from the right host with other identifiers and sequences. */
void forge_wrong_keys(const struct echo_request *request, const struct settings *settings);

/* Messages of every other type with what an echo reply would carry. */
void forge_other_types(const struct echo_request *request, const struct settings *settings);

/* Replies to the requests before this one, which are over. */
void forge_old_replies(const struct echo_request *request, const struct settings *settings);

/* Errors of all four types that quote somebody else's packet, which is like ours but for one field. */
void forge_foreign_quotes(const struct echo_request *request, const struct settings *settings);

/* Errors that quote too little of ours: every length. */
void forge_quote_lengths(const struct echo_request *request, const struct settings *settings);

/* One error (host unreachable) that quotes ours with the bits settings->mask of the byte at
 * settings->offset changed. */
void forge_changed_quote(const struct echo_request *request, const struct settings *settings);

#endif
