/*
 * Remembers the exact round-trip times of replies that were written to programs' reply buffers, which have room for
 * milliseconds only.
 *
 * It knows reply buffers by their address and by how they begin, and must not know requests or engines. Thread-safe; each
 * address belongs to one of many small tables with a lock of its own, which is held for a few instructions.
 */
#ifndef OPENICMP_ECHO_ROUND_TRIP_H
#define OPENICMP_ECHO_ROUND_TRIP_H

#include "wire/ip_address.h"

#include <stddef.h>
#include <stdint.h>

/* Replies of that family, `count` of them and at least 1, have just been written to the buffer, with the times
 * `times_ns[count]`. For one reply that is read; for several it is memory of os_alloc, and becomes the property of this
 * module. What was known of that address is forgotten. */
void round_trip_remember(const void *reply, enum ip_family family, uint64_t *times_ns, size_t count);

/* The smallest `reply_bytes` that round_trip_recall takes. */
size_t round_trip_reply_bytes_min(void);

/* How many times are remembered of the replies in a buffer, of which `reply_bytes` may be read; 0 if none are, or if the
 * buffer does not begin any more as it did (whatever its Reserved member). Copies up to `capacity` of them, from number
 * `first` on. */
size_t round_trip_recall(const void *reply, size_t reply_bytes, size_t first, uint64_t *times_ns,
                         size_t capacity);

/* The DLL is being unloaded: forgets all. */
void round_trip_abandon(void);

#endif
